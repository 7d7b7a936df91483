"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy spells per dialect."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as postgresql_types
from sqlalchemy.dialects import sqlite

from node.storage.database import Transaction

Row: TypeAlias = Sequence[str | int | bool | bytes | None]
"""The values of one row, in the order of the columns that are named beside it."""


def insert_new(tx: Transaction, table: sa.Table, row: Mapping[str, object]) -> bool:
    """Insert a row whose key is new, or leave the one that has it as it is; whether it was new.

    Where another transaction is inserting the same key, this waits for its end.
    """
    key = next(iter(table.primary_key))
    statement = _insert(tx, table).values(row).on_conflict_do_nothing().returning(key)
    return tx.connection.execute(statement).first() is not None


def upsert(
    tx: Transaction,
    table: sa.Table,
    rows: Sequence[Mapping[str, object]],
    *,
    replace: Sequence[str] = (),
    increment: str | None = None,
) -> None:
    """Insert rows; where the key exists, set the columns ``replace`` to the new values and add 1 to ``increment``.

    Touches the existing row in either case, so it is locked until the commit.
    """
    if not rows:
        return
    statement = _insert(tx, table)
    changes: dict[str, object] = {name: statement.excluded[name] for name in replace}
    if increment is not None:
        changes[increment] = table.c[increment] + 1
    keys = [column.name for column in table.primary_key]
    tx.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))


def bulk_insert(
    tx: Transaction,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    replace: Sequence[str] = (),
    fresh: bool = False,
) -> None:
    """Insert many rows as fast as the database takes them, fastest in the order of the key.

    A row whose key is there gets the new values of ``replace``; without ``replace`` it stays as it is. ``fresh``: the
    caller knows that no key is there, which spares PostgreSQL a copy.
    """
    if not rows:
        return
    if tx.is_postgresql and fresh:
        _copy(tx, table.name, columns, rows)
        return
    statement = _insert(tx, table)
    if tx.is_postgresql:
        statement = statement.from_select(list(columns), _copied(tx, table, columns, rows))
    else:
        statement = statement.values({name: sa.bindparam(name) for name in columns})
    if replace:
        keys = [column.name for column in table.primary_key]
        changes = {name: statement.excluded[name] for name in replace}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        statement = statement.on_conflict_do_nothing()
    if tx.is_postgresql:
        tx.connection.execute(statement)
        return
    # Straight to the driver: of a million rows, making and checking a dictionary for each takes longer than storing.
    bound = statement.compile(dialect=tx.connection.dialect)
    places = [columns.index(name) for name in bound.positiontup or ()]
    if places != list(range(len(columns))):
        rows = [tuple(row[place] for place in places) for row in rows]
    tx.connection.exec_driver_sql(str(bound), list(rows))


def in_values(tx: Transaction, column: sa.ColumnElement[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether the column has one of many values: one parameter, however many they are."""
    return _within(
        column, sa.literal(many(tx, values), _type_of_many(postgresql=tx.is_postgresql)), postgresql=tx.is_postgresql
    )


def one_of(column: sa.ColumnElement[Any], name: str, *, postgresql: bool) -> sa.ColumnElement[bool]:
    """:func:`in_values` for a statement that is made once: the values are bound as ``name``, by way of :func:`many`."""
    return _within(column, sa.bindparam(name, type_=_type_of_many(postgresql=postgresql)), postgresql=postgresql)


def many(tx: Transaction, values: Iterable[str]) -> list[str] | str:
    """Values as :func:`one_of` takes them."""
    return list(values) if tx.is_postgresql else msgspec.json.encode(list(values)).decode()


def _within(
    column: sa.ColumnElement[Any], values: sa.BindParameter[Any], *, postgresql: bool
) -> sa.ColumnElement[bool]:
    if postgresql:
        return column == sa.any_(values)
    return column.in_(sa.select(sa.func.json_each(values).table_valued("value").c.value))


def _type_of_many(*, postgresql: bool) -> sa.types.TypeEngine[Any]:
    return postgresql_types.ARRAY(sa.String) if postgresql else sa.String()


def _copied(tx: Transaction, table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> sa.Select[Any]:
    """The rows in a table of this transaction alone."""
    name = f"copied_{table.name}"
    types = ", ".join(f'"{each}" {table.c[each].type.compile(tx.connection.dialect)}' for each in columns)
    tx.connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({types}) ON COMMIT DROP")
    tx.connection.exec_driver_sql(f"TRUNCATE {name}")
    _copy(tx, name, columns, rows)
    copied = sa.table(name, *(sa.column(each) for each in columns))
    return sa.select(*copied.c)


def _copy(tx: Transaction, name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """COPY takes rows ten times as fast as INSERT."""
    into = ", ".join(f'"{each}"' for each in columns)
    driver: Any = tx.connection.connection.driver_connection
    cursor: psycopg.Cursor[Any] = driver.cursor()
    with cursor, cursor.copy(f"COPY {name} ({into}) FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _insert(tx: Transaction, table: sa.Table) -> postgresql_types.Insert | sqlite.Insert:
    return postgresql_types.insert(table) if tx.is_postgresql else sqlite.insert(table)
