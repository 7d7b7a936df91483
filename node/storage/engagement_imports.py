"""Tables on their way into the register of engagements, row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.engagement_imports import EngagementImport, ImportId, ImportRow, ImportState, Reading, RowState
from node.storage.database import Transaction
from node.storage.tables.engagement_imports import ENGAGEMENT_IMPORT_ROWS, ENGAGEMENT_IMPORTS
from node.storage.vault import Vault
from protocol.statements import Timestamp


class _Head(msgspec.Struct, frozen=True):
    name: str
    header: tuple[str, ...]
    reading: Reading


_HEAD: Final = msgspec.json.Decoder(_Head)
_ROW: Final = msgspec.json.Decoder(ImportRow)


def add(tx: Transaction, vault: Vault, one: EngagementImport, rows: Iterable[ImportRow]) -> None:
    """Store a file that has just come."""
    tx.connection.execute(sa.insert(ENGAGEMENT_IMPORTS).values(id=one.id, **_values(vault, one)))
    values = [{"import_id": one.id, "row": row.row, **_row_values(vault, one.id, row)} for row in rows]
    if values:
        tx.connection.execute(sa.insert(ENGAGEMENT_IMPORT_ROWS), values)


def get(tx: Transaction, vault: Vault, wanted: ImportId, *, lock: bool = False) -> EngagementImport | None:
    """One import with the counts of its rows; with ``lock`` nobody else takes it on until this transaction ends."""
    query = sa.select(ENGAGEMENT_IMPORTS).where(ENGAGEMENT_IMPORTS.c.id == wanted)
    row = tx.connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _import(tx, vault, row)


def of_account(tx: Transaction, vault: Vault, account: AccountId) -> list[EngagementImport]:
    """The imports of one account, newest first."""
    query = sa.select(ENGAGEMENT_IMPORTS).where(ENGAGEMENT_IMPORTS.c.account_id == account)
    rows = tx.connection.execute(query.order_by(ENGAGEMENT_IMPORTS.c.created.desc(), ENGAGEMENT_IMPORTS.c.id)).all()
    return [_import(tx, vault, row) for row in rows]


def change(tx: Transaction, vault: Vault, one: EngagementImport, state: ImportState, now: Timestamp) -> None:
    """Store a new state, and how the table is read."""
    changed = replace(one, state=state, updated=now)
    query = sa.update(ENGAGEMENT_IMPORTS).where(ENGAGEMENT_IMPORTS.c.id == one.id)
    tx.connection.execute(query.values(_values(vault, changed)))


def remove(tx: Transaction, wanted: ImportId) -> None:
    """Forget an import and its rows; what it has stored stays."""
    tx.connection.execute(sa.delete(ENGAGEMENT_IMPORT_ROWS).where(ENGAGEMENT_IMPORT_ROWS.c.import_id == wanted))
    tx.connection.execute(sa.delete(ENGAGEMENT_IMPORTS).where(ENGAGEMENT_IMPORTS.c.id == wanted))


def remove_before(tx: Transaction, moment: Timestamp) -> int:
    """Forget imports that nobody has touched since; how many."""
    old = tx.connection.execute(sa.select(ENGAGEMENT_IMPORTS.c.id).where(ENGAGEMENT_IMPORTS.c.updated < moment)).all()
    for row in old:
        remove(tx, ImportId(row.id))
    return len(old)


def rows(
    tx: Transaction, vault: Vault, wanted: ImportId, states: Iterable[RowState], *, limit: int, after: int = 0
) -> list[ImportRow]:
    """Rows in these states, in the order of the file."""
    table = ENGAGEMENT_IMPORT_ROWS
    query = sa.select(table).where(
        table.c.import_id == wanted, table.c.state.in_([each.value for each in states]), table.c.row > after
    )
    found = tx.connection.execute(query.order_by(table.c.row).limit(limit)).all()
    return [_ROW.decode(vault.open(row.sealed, place=_row_place(wanted, row.row))) for row in found]


def put_rows(tx: Transaction, vault: Vault, wanted: ImportId, changed: Sequence[ImportRow]) -> None:
    """Store what became of rows."""
    table = ENGAGEMENT_IMPORT_ROWS
    for row in changed:
        query = sa.update(table).where(table.c.import_id == wanted, table.c.row == row.row)
        tx.connection.execute(query.values(_row_values(vault, wanted, row)))


def begin_again(tx: Transaction, vault: Vault, wanted: ImportId, limit: int) -> None:
    """All rows but those that were refused when the file was read are to be looked at again."""
    states = (RowState.GOOD, RowState.OPEN, RowState.REFUSED, RowState.KNOWN)
    again = [row for row in rows(tx, vault, wanted, states, limit=limit) if row.cells]
    put_rows(tx, vault, wanted, [ImportRow(row=row.row, state=RowState.RAW, cells=row.cells) for row in again])


def _import(tx: Transaction, vault: Vault, row: sa.Row[Any]) -> EngagementImport:
    head = _HEAD.decode(vault.open(row.sealed, place=_place(row.id)))
    table = ENGAGEMENT_IMPORT_ROWS
    counted = (
        sa.select(table.c.state, sa.func.count().label("number"))
        .where(table.c.import_id == row.id)
        .group_by(table.c.state)
    )
    counts = {RowState(each.state): int(each.number) for each in tx.connection.execute(counted)}
    return EngagementImport(
        id=ImportId(row.id),
        account=AccountId(row.account_id),
        state=ImportState(row.state),
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        name=head.name,
        header=head.header,
        reading=head.reading,
        counts=counts,
    )


def _values(vault: Vault, one: EngagementImport) -> dict[str, object]:
    head = _Head(one.name, one.header, one.reading)
    return {
        "account_id": one.account,
        "state": one.state.value,
        "created": one.created,
        "updated": one.updated,
        "sealed": vault.seal(msgspec.json.encode(head), place=_place(one.id)),
    }


def _row_values(vault: Vault, wanted: ImportId, row: ImportRow) -> dict[str, object]:
    sealed = vault.seal(msgspec.json.encode(row), place=_row_place(wanted, row.row))
    return {"state": row.state.value, "sealed": sealed}


def _place(wanted: str) -> str:
    return f"engagement_imports.sealed:{wanted}"


def _row_place(wanted: str, row: int) -> str:
    return f"engagement_import_rows.sealed:{wanted}/{row}"
