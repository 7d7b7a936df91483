"""Rows of requests. Everything that says what was asked, said or released goes through the vault."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.requests import Direction, ReleasedField, Request, RequestEvent, RequestId, RequestState
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.letters import LETTERS_OUT
from node.storage.tables.requests import REQUEST_EVENTS, REQUEST_VALUES, REQUESTS
from node.storage.vault import Vault
from protocol.canonical import decode_value, encode
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.limits import MAX_DISCLOSURE_BYTES
from protocol.messages.letter import ThreadId
from protocol.messages.requests import DeclineReason, Field, Role
from protocol.statements import Timestamp


class _Asked(msgspec.Struct, frozen=True):
    """What the vault keeps of a request."""

    fields: tuple[Field, ...]
    purpose: str
    legal_basis: str
    role: Role


class _Said(msgspec.Struct, frozen=True):
    """What the vault keeps of an event."""

    text: str
    field: Field | None
    reason: DeclineReason | None


_ASKED: Final = msgspec.json.Decoder(_Asked)
_SAID: Final = msgspec.json.Decoder(_Said)
_C: Final = REQUESTS.c


def add(tx: Transaction, vault: Vault, request: Request) -> None:
    """Store a new request."""
    asked = _Asked(request.fields, request.purpose, request.legal_basis, request.role)
    row = {
        "id": request.id,
        "direction": request.direction,
        "circle": request.circle,
        "peer": request.peer,
        "thread": request.thread,
        "contributor": request.contributor,
        "statement_id": request.statement,
        "state": request.state.value,
        "created": request.created,
        "updated": request.updated,
        "until": request.until,
        "account_id": request.account,
        "unseen": request.unseen,
        "sealed": vault.seal(msgspec.json.encode(asked), place=_place(request.id)),
    }
    tx.connection.execute(sa.insert(REQUESTS).values(row))


def change(tx: Transaction, request: RequestId, state: RequestState, now: Timestamp, *, unseen: bool) -> None:
    """Store what has become of a request."""
    values = {"state": state.value, "updated": now, "unseen": unseen}
    tx.connection.execute(sa.update(REQUESTS).where(_C.id == request).values(values))


def mark_seen(tx: Transaction, request: RequestId) -> None:
    """Somebody here has looked at what the other side did."""
    tx.connection.execute(sa.update(REQUESTS).where(_C.id == request).values(unseen=False))


def get(tx: Transaction, vault: Vault, request: RequestId, *, lock: bool = False) -> Request | None:
    """One request; locked, nobody else changes it until the commit."""
    query = sa.select(REQUESTS).where(_C.id == request)
    return _first(tx, vault, query.with_for_update() if lock else query)


def of_thread(
    tx: Transaction, vault: Vault, direction: Direction, circle: CircleId, peer: KeyId, thread: ThreadId
) -> Request | None:
    """The request that letters of this thread, with this member, are about; locked until the commit."""
    named = (_C.direction == direction, _C.circle == circle, _C.peer == peer, _C.thread == thread)
    return _first(tx, vault, sa.select(REQUESTS).where(*named).with_for_update())


def listed(
    tx: Transaction, vault: Vault, direction: Direction, *, limit: int, offset: int = 0, only_open: bool = False
) -> list[Request]:
    """Requests in one direction, those that changed last first."""
    query = sa.select(REQUESTS).where(_C.direction == direction)
    if only_open:
        query = query.where(_C.state == RequestState.OPEN.value)
    rows = tx.connection.execute(query.order_by(_C.updated.desc(), _C.id).limit(limit).offset(offset)).all()
    return _all(tx, vault, rows)


def news(tx: Transaction, vault: Vault, account: AccountId, *, limit: int) -> list[Request]:
    """Somebody's own requests to which the other side has said something that nobody has looked at, latest first."""
    query = sa.select(REQUESTS).where(_C.direction == "out", _C.account_id == account, _C.unseen)
    return _all(tx, vault, tx.connection.execute(query.order_by(_C.updated.desc(), _C.id).limit(limit)).all())


def about(
    tx: Transaction, vault: Vault, contributor: KeyId, statement: StatementId, direction: Direction | None = None
) -> list[Request]:
    """Every request about one statement, latest first."""
    query = sa.select(REQUESTS).where(_C.contributor == contributor, _C.statement_id == statement)
    if direction is not None:
        query = query.where(_C.direction == direction)
    return _all(tx, vault, tx.connection.execute(query.order_by(_C.created.desc(), _C.id)).all())


def recent_targets(
    tx: Transaction, direction: Direction, circle: CircleId, peer: KeyId, after: Timestamp
) -> list[tuple[KeyId, StatementId]]:
    """Which statement each request with a member of a circle since a moment is about."""
    named = (_C.direction == direction, _C.circle == circle, _C.peer == peer, _C.created > after)
    query = sa.select(_C.contributor, _C.statement_id).where(*named)
    return [(KeyId(row.contributor), StatementId(row.statement_id)) for row in tx.connection.execute(query)]


def targets(tx: Transaction) -> list[tuple[KeyId, StatementId]]:
    """Which statements requests are about that are not gone."""
    query = sa.select(_C.contributor, _C.statement_id).where(_C.state != RequestState.GONE.value).distinct()
    return [(KeyId(row.contributor), StatementId(row.statement_id)) for row in tx.connection.execute(query)]


def add_event(tx: Transaction, vault: Vault, request: RequestId, event: RequestEvent) -> None:
    """Add what was said or done, after all that was before."""
    last = sa.select(sa.func.coalesce(sa.func.max(REQUEST_EVENTS.c.seq), 0)).where(
        REQUEST_EVENTS.c.request_id == request
    )
    seq = int(tx.connection.execute(last).scalar_one()) + 1
    said = msgspec.json.encode(_Said(event.text, event.field, event.reason))
    row = {
        "request_id": request,
        "seq": seq,
        "at": event.at,
        "ours": event.ours,
        "kind": event.kind,
        "account_id": event.account,
        "sealed": vault.seal(said, place=_event_place(request, seq)),
    }
    tx.connection.execute(sa.insert(REQUEST_EVENTS).values(row))


def events(tx: Transaction, vault: Vault, request: RequestId) -> list[RequestEvent]:
    """All that was said and done, in order."""
    query = sa.select(REQUEST_EVENTS).where(REQUEST_EVENTS.c.request_id == request).order_by(REQUEST_EVENTS.c.seq)
    return [_event(vault, row) for row in tx.connection.execute(query)]


def add_value(tx: Transaction, vault: Vault, request: RequestId, value: ReleasedField) -> None:
    """Keep a field that was released."""
    row = {
        "request_id": request,
        "field": value.name,
        "at": value.at,
        "sealed": vault.seal(encode(value.value), place=_value_place(request, value.name)),
    }
    tx.connection.execute(sa.insert(REQUEST_VALUES).values(row))


def values(tx: Transaction, vault: Vault, request: RequestId) -> list[ReleasedField]:
    """The fields that were released, in the order in which they came."""
    query = sa.select(REQUEST_VALUES).where(REQUEST_VALUES.c.request_id == request)
    rows = tx.connection.execute(query.order_by(REQUEST_VALUES.c.at, REQUEST_VALUES.c.field))
    found = []
    for row in rows:
        data = vault.open(row.sealed, place=_value_place(request, row.field))
        found.append(ReleasedField(row.field, decode_value(data, max_bytes=MAX_DISCLOSURE_BYTES), Timestamp(row.at)))
    return found


def forget(tx: Transaction, vault: Vault, contributor: KeyId, statement: StatementId, now: Timestamp) -> list[Request]:
    """Forget all that was said and released about a statement; the requests that it was, without their words."""
    found = [each for each in about(tx, vault, contributor, statement) if each.state is not RequestState.GONE]
    for request in found:
        tx.connection.execute(sa.delete(REQUEST_VALUES).where(REQUEST_VALUES.c.request_id == request.id))
        tx.connection.execute(sa.delete(REQUEST_EVENTS).where(REQUEST_EVENTS.c.request_id == request.id))
        nothing = msgspec.json.encode(_Asked(request.fields, "", "", request.role))
        change = sa.update(REQUESTS).where(_C.id == request.id)
        row = {
            "state": RequestState.GONE.value,
            "updated": now,
            "unseen": False,
            "sealed": vault.seal(nothing, place=_place(request.id)),
        }
        tx.connection.execute(change.values(row))
    return found


def forget_released(tx: Transaction, contributor: KeyId, names: Collection[StatementId]) -> None:
    """Delete what was released and said about statements that are going, and what was still to be sent of it.

    The requests themselves follow by reconciliation, which finds their statements gone.
    """
    for some in chunks(names):
        about_them = sa.select(_C.id).where(_C.contributor == contributor, _C.statement_id.in_(some))
        tx.connection.execute(sa.delete(REQUEST_VALUES).where(REQUEST_VALUES.c.request_id.in_(about_them)))
        tx.connection.execute(sa.delete(REQUEST_EVENTS).where(REQUEST_EVENTS.c.request_id.in_(about_them)))
        threads = sa.select(_C.thread).where(_C.contributor == contributor, _C.statement_id.in_(some))
        unsent = (LETTERS_OUT.c.state == "waiting") & LETTERS_OUT.c.thread.in_(threads)
        tx.connection.execute(sa.delete(LETTERS_OUT).where(unsent))


def _first(tx: Transaction, vault: Vault, query: sa.Select[Any]) -> Request | None:
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else _all(tx, vault, [row])[0]


def _all(tx: Transaction, vault: Vault, rows: Sequence[sa.Row[Any]]) -> list[Request]:
    ids = [row.id for row in rows]
    query = sa.select(REQUEST_VALUES.c.request_id, REQUEST_VALUES.c.field).where(REQUEST_VALUES.c.request_id.in_(ids))
    released: dict[str, set[Field]] = {each: set() for each in ids}
    for request_id, name in tx.connection.execute(query) if ids else ():
        released[request_id].add(name)
    return [_request(vault, row, frozenset(released[row.id])) for row in rows]


def _request(vault: Vault, row: sa.Row[Any], released: frozenset[Field]) -> Request:
    asked = _ASKED.decode(vault.open(row.sealed, place=_place(row.id)))
    until: date = row.until
    return Request(
        id=RequestId(row.id),
        direction=row.direction,
        circle=CircleId(row.circle),
        peer=KeyId(row.peer),
        thread=ThreadId(row.thread),
        contributor=KeyId(row.contributor),
        statement=StatementId(row.statement_id),
        state=RequestState(row.state),
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        until=until,
        account=None if row.account_id is None else AccountId(row.account_id),
        unseen=bool(row.unseen),
        released=released,
        fields=asked.fields,
        purpose=asked.purpose,
        legal_basis=asked.legal_basis,
        role=asked.role,
    )


def _event(vault: Vault, row: sa.Row[Any]) -> RequestEvent:
    said = _SAID.decode(vault.open(row.sealed, place=_event_place(row.request_id, row.seq)))
    return RequestEvent(
        at=Timestamp(row.at),
        ours=bool(row.ours),
        kind=row.kind,
        account=None if row.account_id is None else AccountId(row.account_id),
        text=said.text,
        field=said.field,
        reason=said.reason,
    )


def _place(request: str) -> str:
    return f"requests.sealed:{request}"


def _event_place(request: str, seq: int) -> str:
    return f"request_events.sealed:{request}/{seq}"


def _value_place(request: str, name: str) -> str:
    return f"request_values.sealed:{request}/{name}"
