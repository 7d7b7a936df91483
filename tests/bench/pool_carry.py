"""Keeping a pool while tables change, and copying one from SQLite to PostgreSQL: rows as they are, in bulk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from node.storage.database import Database, Transaction
from node.storage.tables.base import METADATA
from node.storage.upsert import Row, bulk_insert
from tests.tables import create_tables

_ROWS: Final = 5_000
_OLD: Final = "before_"
_COMPUTED: Final = ("signals", "claim_tallies")
"""Tables whose rows cannot be carried over where columns were added: they are computed again."""


def refit(database: Database) -> set[str]:
    """Bring tables and indexes to what the code says now; which tables were made anew, new ones included.

    Of a table whose columns have changed, those that it had before keep what they held.
    """
    with database.read() as tx:
        there = set(sa.inspect(tx.connection).get_table_names())
    create_tables(database)  # those that are missing; and it loads the tables of every room
    changed = METADATA.tables.keys() - there
    with _loosely(database), database.write() as tx:
        for table in METADATA.sorted_tables:
            found = {column["name"] for column in sa.inspect(tx.connection).get_columns(table.name)}
            if found != set(table.c.keys()):
                _make_anew(tx, table, found)
                changed.add(table.name)
            else:
                _fit_indexes(tx, table)
    return changed


@contextmanager
def _loosely(database: Database) -> Iterator[None]:
    """SQLite meanwhile lets tables be exchanged that others refer to, and does not follow their names."""
    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", _unbind)
        database.close()
        yield
        event.remove(database.engine, "connect", _unbind)
        database.close()
    else:
        yield


def _unbind(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA legacy_alter_table = ON")


def carry(source: Database, target: Database) -> None:
    """Copy every table from one database into the same tables of another, which lose what they held."""
    with target.write() as tx:
        for table in reversed(METADATA.sorted_tables):
            tx.connection.execute(sa.delete(table))
    for table in METADATA.sorted_tables:
        with source.read() as read, target.write() as tx:
            for rows in _rows(read, table):
                bulk_insert(tx, table, table.c.keys(), rows, fresh=True)
            _continue_numbers(tx, table)
    with target.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def _rows(tx: Transaction, table: sa.Table) -> Iterator[list[Row]]:
    found = tx.connection.execution_options(yield_per=_ROWS).execute(sa.select(table))
    for partition in found.partitions():
        yield [tuple(row) for row in partition]


def _continue_numbers(tx: Transaction, table: sa.Table) -> None:
    """A sequence of PostgreSQL does not know of numbers that were given."""
    for column in table.primary_key if tx.is_postgresql else ():
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        if tx.connection.execute(sa.select(sequence)).scalar_one() is not None:
            last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            tx.connection.execute(sa.select(sa.func.setval(sequence, last, sa.false())))


def _make_anew(tx: Transaction, table: sa.Table, found: set[str]) -> None:
    constraints = {each["name"] for each in sa.inspect(tx.connection).get_unique_constraints(table.name)}
    for index in sa.inspect(tx.connection).get_indexes(table.name):
        if index["name"] not in constraints:
            tx.connection.exec_driver_sql(f'DROP INDEX "{index["name"]}"')
    if table.name in _COMPUTED:
        tx.connection.exec_driver_sql(f'DROP TABLE "{table.name}"')
        table.create(tx.connection)
        return
    if tx.is_postgresql:  # where a renamed table keeps the names of its keys
        tx.connection.exec_driver_sql(f'CREATE TABLE "{_OLD}{table.name}" AS SELECT * FROM "{table.name}"')  # noqa: S608
        tx.connection.exec_driver_sql(f'DROP TABLE "{table.name}" CASCADE')
    else:
        tx.connection.exec_driver_sql(f'ALTER TABLE "{table.name}" RENAME TO "{_OLD}{table.name}"')
    table.create(tx.connection)
    into = ", ".join(f'"{column.name}"' for column in table.c)
    values = ", ".join(f'"{column.name}"' if column.name in found else _empty(column) for column in table.c)
    tx.connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({into}) SELECT {values} FROM "{_OLD}{table.name}"')  # noqa: S608
    tx.connection.exec_driver_sql(f'DROP TABLE "{_OLD}{table.name}"')


def _empty(column: sa.Column[Any]) -> str:
    """What a new column holds in old rows."""
    if column.nullable:
        return "NULL"
    match column.type:
        case sa.Boolean():
            return "FALSE"
        case sa.Integer():
            return "0"
        case _:
            return "''"


def _fit_indexes(tx: Transaction, table: sa.Table) -> None:
    there = {index["name"]: index["column_names"] for index in sa.inspect(tx.connection).get_indexes(table.name)}
    constraints = {each["name"] for each in sa.inspect(tx.connection).get_unique_constraints(table.name)}
    wanted = {str(index.name): index for index in table.indexes}
    same = {name for name, index in wanted.items() if there.get(name) == [column.name for column in index.columns]}
    for name in there.keys() - same - constraints:
        tx.connection.exec_driver_sql(f'DROP INDEX "{name}"')
    for name in wanted.keys() - same:
        wanted[name].create(tx.connection)
