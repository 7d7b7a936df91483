"""Exchanges about findings that one member publishes for another. Whoever the other end is, is sealed."""

from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from node.domain.sponsors import Side, Sponsoring, SponsoringId, SponsoringState
from node.storage.database import Transaction
from node.storage.tables.sponsors import SPONSORINGS
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.messages.letter import ThreadId
from protocol.statements import Timestamp


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What the vault keeps of one."""

    peer: KeyId
    key: str
    jws: str
    disclosures: tuple[str, ...]
    seed: str
    reason: str
    how: Literal["retraction", "erasure"]


_SEALED: Final = msgspec.json.Decoder(_Sealed)
_COLUMNS: Final = SPONSORINGS.c


def add(tx: Transaction, vault: Vault, sponsoring: Sponsoring) -> None:
    """Remember an exchange that begins."""
    tx.connection.execute(sa.insert(SPONSORINGS).values(_values(vault, sponsoring)))


def replace(tx: Transaction, vault: Vault, sponsoring: Sponsoring, *, state: SponsoringState) -> bool:
    """Store a changed one if its state is still this; whether it was."""
    query = sa.update(SPONSORINGS).where(_COLUMNS.id == sponsoring.id, _COLUMNS.state == state.value)
    return tx.connection.execute(query.values(_values(vault, sponsoring))).rowcount == 1


def get(tx: Transaction, vault: Vault, sponsoring: SponsoringId) -> Sponsoring | None:
    """One exchange."""
    return _one(tx, vault, _COLUMNS.id == sponsoring)


def of_thread(tx: Transaction, vault: Vault, side: Side, circle: CircleId, thread: ThreadId) -> Sponsoring | None:
    """The exchange that letters of a thread belong to."""
    return _one(tx, vault, sa.and_(_COLUMNS.side == side, _COLUMNS.circle == circle, _COLUMNS.thread == thread))


def of_statement(tx: Transaction, vault: Vault, contributor: KeyId, statement: StatementId) -> Sponsoring | None:
    """The exchange that a published statement came from."""
    here = sa.and_(_COLUMNS.contributor == contributor, _COLUMNS.statement_id == statement)
    return _one(tx, vault, here)


def listed(tx: Transaction, vault: Vault, limit: int) -> list[Sponsoring]:
    """All of them, those that changed last first."""
    query = sa.select(SPONSORINGS).order_by(_COLUMNS.changed.desc(), _COLUMNS.id).limit(limit)
    return [_sponsoring(vault, row) for row in tx.connection.execute(query)]


def waiting(tx: Transaction, vault: Vault, side: Side, state: SponsoringState, limit: int) -> list[Sponsoring]:
    """Those in one state at one end, the oldest first."""
    query = sa.select(SPONSORINGS).where(_COLUMNS.side == side, _COLUMNS.state == state.value)
    rows = tx.connection.execute(query.order_by(_COLUMNS.created, _COLUMNS.id).limit(limit))
    return [_sponsoring(vault, row) for row in rows]


def due(tx: Transaction, vault: Vault, limit: int) -> list[Sponsoring]:
    """Those about which a letter is still to be written."""
    query = sa.select(SPONSORINGS).where(_COLUMNS.due != "").order_by(_COLUMNS.changed, _COLUMNS.id).limit(limit)
    return [_sponsoring(vault, row) for row in tx.connection.execute(query)]


def _one(tx: Transaction, vault: Vault, here: "sa.ColumnElement[bool]") -> Sponsoring | None:
    row = tx.connection.execute(sa.select(SPONSORINGS).where(here)).first()
    return None if row is None else _sponsoring(vault, row)


def _values(vault: Vault, each: Sponsoring) -> dict[str, object]:
    sealed = _Sealed(
        peer=each.peer,
        key=each.key,
        jws=each.jws,
        disclosures=each.disclosures,
        seed=each.seed,
        reason=each.reason,
        how=each.how,
    )
    return {
        "id": each.id,
        "side": each.side,
        "circle": each.circle,
        "thread": each.thread,
        "state": each.state.value,
        "due": each.due,
        "created": each.created,
        "changed": each.changed,
        "contributor": each.contributor,
        "statement_id": each.statement,
        "draft_id": each.draft,
        "sealed": vault.seal(msgspec.json.encode(sealed), place=_place(each.id)),
    }


def _sponsoring(vault: Vault, row: "sa.Row[Any]") -> Sponsoring:
    sealed = _SEALED.decode(vault.open(row.sealed, place=_place(row.id)))
    return Sponsoring(
        id=SponsoringId(row.id),
        side=row.side,
        circle=CircleId(row.circle),
        peer=sealed.peer,
        thread=ThreadId(row.thread),
        state=SponsoringState(row.state),
        due=row.due,
        created=Timestamp(row.created),
        changed=Timestamp(row.changed),
        draft=row.draft_id,
        contributor=None if row.contributor is None else KeyId(row.contributor),
        statement=None if row.statement_id is None else StatementId(row.statement_id),
        key=sealed.key,
        jws=sealed.jws,
        disclosures=sealed.disclosures,
        seed=sealed.seed,
        reason=sealed.reason,
        how=sealed.how,
    )


def _place(sponsoring: str) -> str:
    return f"sponsorings.sealed:{sponsoring}"
