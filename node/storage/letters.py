"""Rows of letters: an outbox that empties itself, and the names of what came, so that nothing is taken twice."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa

from node.domain.letters import LetterKind, LetterState, Outgoing, Posted
from node.storage.database import Transaction
from node.storage.tables.letters import LETTERS_IN, LETTERS_OUT
from node.storage.upsert import insert_new
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, VocabularyCode
from protocol.messages.letter import LetterId, ThreadId
from protocol.statements import DAY_SECONDS, Timestamp

KEPT_SECONDS: Final = 365 * DAY_SECONDS
"""How long it is remembered what became of a letter of ours, in seconds; what it said is forgotten at once."""
_OUT: Final = LETTERS_OUT.c


def add(
    tx: Transaction,
    vault: Vault,
    letter: Outgoing,
    posted: Posted,
    *,
    expires: Timestamp,
) -> None:
    """Put a letter into the outbox."""
    row = {
        "id": letter.id,
        "circle": posted.circle,
        "receiver": posted.receiver,
        "author": letter.author,
        "kind": posted.kind.value,
        "thread": posted.thread,
        "size": len(letter.payload),
        "created": posted.created,
        "expires": expires,
        "state": posted.state,
        "code": posted.code,
        "attempts": 0,
        "not_before": 0,
        "settled": None,
        "sealed": vault.seal(letter.payload, place=_place(letter.id)),
    }
    tx.connection.execute(sa.insert(LETTERS_OUT).values(row))


def load(tx: Transaction, circle: CircleId, receiver: KeyId, now: Timestamp) -> tuple[int, int]:
    """How many letters wait for a member and have not run out, and their bytes."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_OUT.size), 0)).where(
        *_waiting(circle, receiver), _OUT.expires > now
    )
    count, size = tx.connection.execute(query).one()
    return int(count), int(size)


def waiting(
    tx: Transaction, vault: Vault, circle: CircleId, receiver: KeyId, now: Timestamp, *, limit: int
) -> list[Outgoing]:
    """Letters that wait for a member and have not run out, oldest first."""
    query = (
        sa.select(_OUT.id, _OUT.author, _OUT.sealed)
        .where(*_waiting(circle, receiver), _OUT.expires > now)
        .order_by(_OUT.created, _OUT.id)
        .limit(limit)
    )
    return [
        Outgoing(LetterId(row.id), KeyId(row.author), vault.open(row.sealed, place=_place(row.id)))
        for row in tx.connection.execute(query)
    ]


def receivers(tx: Transaction, now: Timestamp) -> list[tuple[CircleId, KeyId]]:
    """Members for whom a letter waits that may be brought now."""
    query = (
        sa.select(_OUT.circle, _OUT.receiver)
        .where(_OUT.state == "waiting", _OUT.expires > now, _OUT.not_before <= now)
        .distinct()
        .order_by(_OUT.circle, _OUT.receiver)
    )
    return [(CircleId(row.circle), KeyId(row.receiver)) for row in tx.connection.execute(query)]


def settle(
    tx: Transaction,
    circle: CircleId,
    receiver: KeyId,
    outcomes: Mapping[LetterId, VocabularyCode | None],
    now: Timestamp,
) -> int:
    """Remember what the receiver made of letters, and forget what they said; how many of them were waiting for it."""
    settled = 0
    for letter, code in outcomes.items():
        state: LetterState = "taken" if code is None else "refused"
        change = sa.update(LETTERS_OUT).where(*_waiting(circle, receiver), _OUT.id == letter)
        values = {"state": state, "code": code or "", "settled": now, "sealed": None}
        settled += tx.connection.execute(change.values(values)).rowcount
    return settled


def attempts(tx: Transaction, circle: CircleId, receiver: KeyId) -> int:
    """How often in a row it was tried in vain to bring a member its letters."""
    query = sa.select(sa.func.max(_OUT.attempts)).where(*_waiting(circle, receiver))
    return int(tx.connection.execute(query).scalar_one() or 0)


def put_off(tx: Transaction, circle: CircleId, receiver: KeyId, code: str, not_before: Timestamp) -> None:
    """Remember that letters could not be brought, why, and when to try again."""
    change = sa.update(LETTERS_OUT).where(*_waiting(circle, receiver))
    values = {"code": code, "not_before": not_before, "attempts": _OUT.attempts + 1}
    tx.connection.execute(change.values(values))


def drop(tx: Transaction, circle: CircleId, threads: Collection[ThreadId]) -> None:
    """Forget letters of these threads that nobody has had yet."""
    tx.connection.execute(
        sa.delete(LETTERS_OUT).where(_OUT.circle == circle, _OUT.thread.in_(tuple(threads)), _OUT.state == "waiting")
    )


def posted(tx: Transaction, circle: CircleId, thread: ThreadId) -> list[Posted]:
    """What became of the letters of one thread, oldest first."""
    query = sa.select(LETTERS_OUT).where(_OUT.circle == circle, _OUT.thread == thread).order_by(_OUT.created, _OUT.id)
    return [_posted(row) for row in tx.connection.execute(query)]


def remember(
    tx: Transaction, circle: CircleId, sender: KeyId, letter: LetterId, *, received: Timestamp, expires: Timestamp
) -> bool:
    """Note that a letter has come; whether it came for the first time."""
    row = {
        "circle": circle,
        "sender": sender,
        "id": letter,
        "received": received,
        "expires": expires,
        "code": "",
    }
    return insert_new(tx, LETTERS_IN, row)


def note_refusal(tx: Transaction, circle: CircleId, sender: KeyId, letter: LetterId, code: str) -> None:
    """Note why a letter was not taken, so that it is told the same when it comes again."""
    tx.connection.execute(sa.update(LETTERS_IN).where(*_came(circle, sender, letter)).values(code=code))


def outcome(tx: Transaction, circle: CircleId, sender: KeyId, letter: LetterId) -> str | None:
    """What a letter was told when it came: empty where it was taken; none where it has not come."""
    found: str | None = tx.connection.execute(
        sa.select(LETTERS_IN.c.code).where(*_came(circle, sender, letter))
    ).scalar_one_or_none()
    return found


def count_received(tx: Transaction, circle: CircleId, sender: KeyId, after: Timestamp) -> int:
    """How many letters of a member came after a moment."""
    query = sa.select(sa.func.count()).where(
        LETTERS_IN.c.circle == circle, LETTERS_IN.c.sender == sender, LETTERS_IN.c.received > after
    )
    return int(tx.connection.execute(query).scalar_one())


def sweep(tx: Transaction, now: Timestamp) -> None:
    """Let go what has run out: letters that nobody had, old outcomes, names that cannot come again.

    A name is kept for a day at least: :func:`count_received` has to know of letters that were made for a minute.
    """
    lapsed = sa.update(LETTERS_OUT).where(_OUT.state == "waiting", _OUT.expires <= now)
    tx.connection.execute(lapsed.values(state="lapsed", settled=now, sealed=None))
    old = (_OUT.state != "waiting") & (_OUT.settled < now - KEPT_SECONDS)
    tx.connection.execute(sa.delete(LETTERS_OUT).where(old))
    over = (LETTERS_IN.c.expires <= now) & (LETTERS_IN.c.received <= now - DAY_SECONDS)
    tx.connection.execute(sa.delete(LETTERS_IN).where(over))


def _waiting(circle: CircleId, receiver: KeyId) -> tuple[sa.ColumnElement[bool], ...]:
    return (_OUT.state == "waiting", _OUT.circle == circle, _OUT.receiver == receiver)


def _came(circle: CircleId, sender: KeyId, letter: LetterId) -> tuple[sa.ColumnElement[bool], ...]:
    return (LETTERS_IN.c.circle == circle, LETTERS_IN.c.sender == sender, LETTERS_IN.c.id == letter)


def _posted(row: sa.Row[Any]) -> Posted:
    return Posted(
        id=LetterId(row.id),
        circle=CircleId(row.circle),
        receiver=KeyId(row.receiver),
        thread=ThreadId(row.thread),
        kind=LetterKind(row.kind),
        state=row.state,
        code=row.code,
        created=Timestamp(row.created),
        settled=None if row.settled is None else Timestamp(row.settled),
    )


def _place(letter: str) -> str:
    return f"letters_out.sealed:{letter}"
