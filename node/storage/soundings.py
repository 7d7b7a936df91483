"""Rows of soundings, shares and tallies; what is private in them goes through the vault."""

import hmac
from collections.abc import Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.soundings import (
    Decision,
    Forward,
    Policy,
    PolicyMode,
    Sounding,
    SoundingDirection,
    SoundingId,
    SoundingState,
    Tally,
)
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.soundings import (
    SOUNDING_FORWARDS,
    SOUNDING_POLICIES,
    SOUNDING_SHARES,
    SOUNDING_TALLIES,
    SOUNDINGS,
)
from node.storage.upsert import insert_new, upsert
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, SubjectId, encode_bytes
from protocol.messages.letter import ThreadId
from protocol.messages.soundings import Entry, Outcome, Table
from protocol.statements import DAY_SECONDS, Subject, Timestamp

KEPT_SECONDS: Final = 180 * DAY_SECONDS
"""How long a sounding is kept, in seconds: two of the periods in which it may not be asked again."""


class _Asked(msgspec.Struct, frozen=True):
    """What the vault keeps of a sounding."""

    subject: Subject
    purpose: str
    wants_contact: bool
    tally: tuple[KeyId, KeyId]
    decision: Decision


class _Said(msgspec.Struct, frozen=True):
    """What the vault keeps of somebody who has come forward."""

    text: str
    contact: str


class Lot(msgspec.Struct, frozen=True):
    """What the asker has of the two parts of its answer."""

    table: Table | None = None
    entry: Entry | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)
_TALLY: Final = msgspec.json.Decoder(Tally)
_SAID: Final = msgspec.json.Decoder(_Said)
_LOT: Final = msgspec.json.Decoder(Lot)
_C: Final = SOUNDINGS.c


def add(tx: Transaction, vault: Vault, sounding: Sounding) -> None:
    """Store a new sounding."""
    row = {
        "id": sounding.id,
        "direction": sounding.direction,
        "circle": sounding.circle,
        "asker": sounding.asker,
        "thread": sounding.thread,
        "about": _about(vault, sounding.subject.id),
        "asked": sounding.asked,
        "closes": sounding.closes,
        "lot": None,
        **_changing(vault, sounding),
    }
    tx.connection.execute(sa.insert(SOUNDINGS).values(row))


def replace(tx: Transaction, vault: Vault, sounding: Sounding) -> None:
    """Store what has become of a sounding."""
    tx.connection.execute(sa.update(SOUNDINGS).where(_C.id == sounding.id).values(_changing(vault, sounding)))


def mark_seen(tx: Transaction, sounding: SoundingId) -> None:
    """Somebody here has looked at it."""
    tx.connection.execute(sa.update(SOUNDINGS).where(_C.id == sounding).values(unseen=False))


def get(tx: Transaction, vault: Vault, sounding: SoundingId, *, lock: bool = False) -> Sounding | None:
    """One sounding; locked, nobody else changes it until the commit."""
    query = sa.select(SOUNDINGS).where(_C.id == sounding)
    return _first(tx, vault, query.with_for_update() if lock else query)


def of_thread(
    tx: Transaction, vault: Vault, direction: SoundingDirection, circle: CircleId, asker: KeyId, thread: ThreadId
) -> Sounding | None:
    """The sounding of an asker with this thread; locked until the commit."""
    named = (_C.direction == direction, _C.circle == circle, _C.asker == asker, _C.thread == thread)
    return _first(tx, vault, sa.select(SOUNDINGS).where(*named).with_for_update())


def listed(tx: Transaction, vault: Vault, direction: SoundingDirection, *, limit: int) -> list[Sounding]:
    """Soundings in one direction, latest first."""
    query = sa.select(SOUNDINGS).where(_C.direction == direction).order_by(_C.asked.desc(), _C.id).limit(limit)
    return [_sounding(vault, row) for row in tx.connection.execute(query)]


def in_state(tx: Transaction, vault: Vault, direction: SoundingDirection, state: SoundingState) -> list[Sounding]:
    """Soundings that are there now, those that close first at the front."""
    query = sa.select(SOUNDINGS).where(_C.direction == direction, _C.state == state.value)
    return [_sounding(vault, row) for row in tx.connection.execute(query.order_by(_C.closes, _C.id))]


def count_of_asker(tx: Transaction, asker: KeyId, after: Timestamp) -> int:
    """How many soundings an asker has put since a moment, in any circle."""
    query = sa.select(sa.func.count()).where(_C.asker == asker, _C.asked > after)
    return int(tx.connection.execute(query).scalar_one())


def asked_before(tx: Transaction, vault: Vault, asker: KeyId, subject: SubjectId, after: Timestamp) -> bool:
    """Whether an asker has put a sounding about a subject since a moment, in any circle."""
    named = (_C.asker == asker, _C.about == _about(vault, subject), _C.asked > after)
    return tx.connection.execute(sa.select(_C.id).where(*named).limit(1)).first() is not None


def count_about(tx: Transaction, vault: Vault, circle: CircleId, subject: SubjectId, after: Timestamp) -> int:
    """How many soundings about a subject have come in one circle since a moment, of any asker."""
    named = (_C.circle == circle, _C.about == _about(vault, subject), _C.asked > after)
    return int(tx.connection.execute(sa.select(sa.func.count()).where(*named)).scalar_one())


def lot(tx: Transaction, vault: Vault, sounding: SoundingId) -> Lot:
    """What has come of the answer."""
    sealed = tx.connection.execute(sa.select(_C.lot).where(_C.id == sounding)).scalar_one()
    return Lot() if sealed is None else _LOT.decode(vault.open(sealed, place=_lot_place(sounding)))


def keep_lot(tx: Transaction, vault: Vault, sounding: SoundingId, kept: Lot | None) -> None:
    """Keep what has come of the answer, or let it go."""
    sealed = None if kept is None else vault.seal(msgspec.json.encode(kept), place=_lot_place(sounding))
    tx.connection.execute(sa.update(SOUNDINGS).where(_C.id == sounding).values(lot=sealed))


def add_share(
    tx: Transaction, circle: CircleId, asker: KeyId, thread: ThreadId, member: KeyId, share: int, now: Timestamp
) -> bool:
    """Keep a member's share; whether it is the first of this member for this sounding."""
    row = {"circle": circle, "asker": asker, "thread": thread, "member": member, "share": share, "at": now}
    return insert_new(tx, SOUNDING_SHARES, row)


def count_shares_of(tx: Transaction, circle: CircleId, member: KeyId) -> int:
    """How many shares of a member wait to be counted."""
    named = (SOUNDING_SHARES.c.circle == circle, SOUNDING_SHARES.c.member == member)
    return int(tx.connection.execute(sa.select(sa.func.count()).where(*named)).scalar_one())


def shares(tx: Transaction, circle: CircleId, asker: KeyId, thread: ThreadId) -> dict[KeyId, int]:
    """The shares of a sounding by member."""
    query = sa.select(SOUNDING_SHARES.c.member, SOUNDING_SHARES.c.share).where(*_shared(circle, asker, thread))
    return {KeyId(member): share for member, share in tx.connection.execute(query)}


def tally(
    tx: Transaction, vault: Vault, circle: CircleId, asker: KeyId, thread: ThreadId, *, seed: str, now: Timestamp
) -> Tally:
    """What we have of a sounding that we count, begun with ``seed`` if nothing is there; locked until the commit."""
    begun = Tally(seed=seed, told=(), heard=None, heard_seed="", done=False)
    row = {
        "circle": circle,
        "asker": asker,
        "thread": thread,
        "at": now,
        "done": False,
        "sealed": _sealed_tally(vault, circle, asker, thread, begun),
    }
    insert_new(tx, SOUNDING_TALLIES, row)
    query = sa.select(SOUNDING_TALLIES.c.sealed).where(*_tallied(circle, asker, thread)).with_for_update()
    sealed = tx.connection.execute(query).scalar_one()
    return _TALLY.decode(vault.open(sealed, place=_tally_place(circle, asker, thread)))


def put_tally(tx: Transaction, vault: Vault, circle: CircleId, asker: KeyId, thread: ThreadId, changed: Tally) -> None:
    """Store what has become of a tally; the shares go when it is done."""
    row = {"done": changed.done, "sealed": _sealed_tally(vault, circle, asker, thread, changed)}
    tx.connection.execute(sa.update(SOUNDING_TALLIES).where(*_tallied(circle, asker, thread)).values(row))
    if changed.done:
        tx.connection.execute(sa.delete(SOUNDING_SHARES).where(*_shared(circle, asker, thread)))


def add_forward(tx: Transaction, vault: Vault, sounding: SoundingId, forward: Forward) -> bool:
    """Keep that a member has come forward; whether it is the first time."""
    place = _forward_place(sounding, forward.member)
    sealed = vault.seal(msgspec.json.encode(_Said(forward.text, forward.contact)), place=place)
    row = {"sounding_id": sounding, "member": forward.member, "at": forward.at, "sealed": sealed}
    return insert_new(tx, SOUNDING_FORWARDS, row)


def forwards(tx: Transaction, vault: Vault, sounding: SoundingId) -> list[Forward]:
    """Who has come forward, in the order in which they came."""
    query = sa.select(SOUNDING_FORWARDS).where(SOUNDING_FORWARDS.c.sounding_id == sounding)
    rows = tx.connection.execute(query.order_by(SOUNDING_FORWARDS.c.at, SOUNDING_FORWARDS.c.member))
    found = []
    for row in rows:
        said = _SAID.decode(vault.open(row.sealed, place=_forward_place(sounding, row.member)))
        found.append(Forward(KeyId(row.member), Timestamp(row.at), said.text, said.contact))
    return found


def policy(tx: Transaction, circle: CircleId) -> Policy:
    """What was decided for a circle."""
    row = tx.connection.execute(sa.select(SOUNDING_POLICIES).where(SOUNDING_POLICIES.c.circle == circle)).first()
    if row is None:
        return Policy(circle)
    return Policy(circle, PolicyMode(row.mode), bool(row.casework), AccountId(row.account_id), Timestamp(row.at))


def put_policy(tx: Transaction, decided: Policy) -> None:
    """Store what was decided for a circle."""
    row = {
        "circle": decided.circle,
        "mode": decided.mode.value,
        "casework": decided.casework,
        "account_id": decided.by,
        "at": decided.at,
    }
    upsert(tx, SOUNDING_POLICIES, [row], replace=("mode", "casework", "account_id", "at"))


def count_published(tx: Transaction, keys: Collection[KeyId], subjects: Collection[SubjectId]) -> int:
    """How many findings under these keys are held about these subjects, run out or not; without what was retracted."""
    query = (
        sa.select(sa.func.count())
        .select_from(STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id))
        .where(
            LOGS.c.contributor.in_(tuple(keys)),
            STATEMENTS.c.subject.in_(tuple(subjects)),
            STATEMENTS.c.kind == "finding",
            STATEMENTS.c.retracted_by.is_(None),
        )
    )
    return int(tx.connection.execute(query).scalar_one())


def sweep(tx: Transaction, now: Timestamp) -> None:
    """Let go what is old, and shares that nobody has counted."""
    old = now - KEPT_SECONDS
    tx.connection.execute(sa.delete(SOUNDINGS).where(_C.asked < old, _C.closes < old))
    tx.connection.execute(sa.delete(SOUNDING_TALLIES).where(SOUNDING_TALLIES.c.at < old))
    tx.connection.execute(sa.delete(SOUNDING_SHARES).where(SOUNDING_SHARES.c.at < old))


def _changing(vault: Vault, sounding: Sounding) -> dict[str, object]:
    asked = _Asked(sounding.subject, sounding.purpose, sounding.wants_contact, sounding.tally, sounding.decision)
    return {
        "state": sounding.state.value,
        "account_id": sounding.account,
        "unseen": sounding.unseen,
        "outcome": None if sounding.outcome is None else sounding.outcome.value,
        "counted": sounding.counted,
        "sealed": vault.seal(msgspec.json.encode(asked), place=_place(sounding.id)),
    }


def _first(tx: Transaction, vault: Vault, query: sa.Select[Any]) -> Sounding | None:
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else _sounding(vault, row)


def _sounding(vault: Vault, row: sa.Row[Any]) -> Sounding:
    asked = _ASKED.decode(vault.open(row.sealed, place=_place(row.id)))
    return Sounding(
        id=SoundingId(row.id),
        direction=row.direction,
        circle=CircleId(row.circle),
        asker=KeyId(row.asker),
        thread=ThreadId(row.thread),
        tally=asked.tally,
        asked=Timestamp(row.asked),
        closes=Timestamp(row.closes),
        state=SoundingState(row.state),
        account=None if row.account_id is None else AccountId(row.account_id),
        unseen=bool(row.unseen),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        counted=row.counted,
        subject=asked.subject,
        purpose=asked.purpose,
        wants_contact=asked.wants_contact,
        decision=asked.decision,
    )


def _shared(circle: CircleId, asker: KeyId, thread: ThreadId) -> tuple[sa.ColumnElement[bool], ...]:
    table = SOUNDING_SHARES.c
    return (table.circle == circle, table.asker == asker, table.thread == thread)


def _tallied(circle: CircleId, asker: KeyId, thread: ThreadId) -> tuple[sa.ColumnElement[bool], ...]:
    table = SOUNDING_TALLIES.c
    return (table.circle == circle, table.asker == asker, table.thread == thread)


def _sealed_tally(vault: Vault, circle: CircleId, asker: KeyId, thread: ThreadId, value: Tally) -> bytes:
    return vault.seal(msgspec.json.encode(value), place=_tally_place(circle, asker, thread))


def _about(vault: Vault, subject: SubjectId) -> str:
    return encode_bytes(hmac.digest(vault.subkey("soundings: about whom"), subject.encode(), "sha256"))


def _place(sounding: str) -> str:
    return f"soundings.sealed:{sounding}"


def _lot_place(sounding: str) -> str:
    return f"soundings.lot:{sounding}"


def _tally_place(circle: str, asker: str, thread: str) -> str:
    return f"sounding_tallies.sealed:{circle}/{asker}/{thread}"


def _forward_place(sounding: str, member: str) -> str:
    return f"sounding_forwards.sealed:{sounding}/{member}"
