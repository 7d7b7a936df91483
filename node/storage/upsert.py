"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy spells per dialect."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from node.storage.database import Transaction


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


def _insert(tx: Transaction, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if tx.is_postgresql else sqlite.insert(table)
