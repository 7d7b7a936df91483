"""Letters about requests, as they come in: at the contributor what is asked, at the asker what is answered.

Whatever does not fit (a statement that is not ours, a thread that nobody has begun, a field that the statement does not
prove) refuses the letter. Nothing here shows anything to anybody: people read it on the pages of requests.
"""

from datetime import timedelta
from typing import Literal

from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.letters import Incoming
from node.domain.requests import Direction, ReleasedField, Request, RequestEvent, RequestId, RequestState
from node.errors import Code, HanseError
from node.publishing import request_rules
from node.publishing.letters import Desk
from node.publishing.request_proof import prove, statement_for
from node.storage import requests as storage
from node.storage import statements
from node.storage.database import Transaction
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.messages import requests as wire
from protocol.messages.letter import ThreadId
from protocol.statements import Timestamp


def take_ask(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """A member asks for fields of a statement of ours."""
    asked = wire.ASK.decode(bytes(incoming.letter.body))
    roster, peer = incoming.roster, incoming.sender.identity
    stored = statements.get(tx, asked.target.contributor, asked.target.id, now=desk.now)
    if stored is None or stored.circle != roster.circle or stored.contributor not in roster.own_keys:
        raise HanseError(Code.NOT_FOUND, "our log of this circle holds no such statement.", fault=Fault.PEER)
    if not stored.counts or statement_for(tx, stored, stored.statement.id, desk.now) is None:
        raise HanseError(Code.CONFLICT, "this statement is not one that fields can be asked of.", fault=Fault.PEER)
    if asked.until > day_of(desk.now) + timedelta(days=request_rules.MAX_DAYS + 1):
        raise ProtocolError(ProtocolCode.BAD_VALIDITY, "an answer is hoped for later than a request lives")
    if request_rules.asked_enough(tx, "in", peer, stored, desk.now):
        raise HanseError(
            Code.QUOTA_EXCEEDED, "this member has asked as often as it may within a day.", fault=Fault.PEER
        )
    if storage.of_thread(tx, desk.vault, "in", roster.circle, peer, incoming.letter.thread) is not None:
        raise HanseError(Code.CONFLICT, "this thread was begun before.", fault=Fault.PEER)
    request = request_of(asked, "in", roster.circle, peer, incoming.letter.thread, desk.now)
    storage.add(tx, desk.vault, request)
    storage.add_event(tx, desk.vault, request.id, _theirs(desk, "asked"))


def request_of(
    asked: wire.Ask,
    direction: Direction,
    circle: CircleId,
    peer: KeyId,
    thread: ThreadId,
    now: Timestamp,
    account: AccountId | None = None,
) -> Request:
    """A request as it begins, at either side."""
    return Request(
        id=RequestId(new_id()),
        direction=direction,
        circle=circle,
        peer=peer,
        thread=thread,
        contributor=asked.target.contributor,
        statement=asked.target.id,
        state=RequestState.OPEN,
        created=now,
        updated=now,
        until=asked.until,
        account=account,
        unseen=direction == "in",
        released=frozenset(),
        fields=asked.fields,
        purpose=asked.purpose,
        legal_basis=asked.legal_basis,
        role=asked.role,
    )


def take_message(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The other side says something."""
    message = wire.MESSAGE.decode(bytes(incoming.letter.body))
    request = _request(tx, desk, incoming)
    if request.state in {RequestState.WITHDRAWN, RequestState.GONE}:
        raise HanseError(Code.CONFLICT, "this request is over.", fault=Fault.PEER)
    _require_room(tx, desk, request)
    storage.add_event(tx, desk.vault, request.id, _theirs(desk, "message", message.text))
    storage.change(tx, request.id, request.state, desk.now, unseen=True)


def take_reminder(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The asker still waits."""
    wire.REMIND.decode(bytes(incoming.letter.body))
    request = _request(tx, desk, incoming, "in")
    request_rules.require_open(request)
    _require_room(tx, desk, request)
    storage.add_event(tx, desk.vault, request.id, _theirs(desk, "reminder"))
    storage.change(tx, request.id, request.state, desk.now, unseen=True)


def take_release(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The contributor gives a field: believed if the statement that we hold proves it, and we asked for it."""
    given = wire.RELEASE.decode(bytes(incoming.letter.body))
    request = _request(tx, desk, incoming, "out")
    if request.state not in {RequestState.OPEN, RequestState.DECLINED}:
        raise HanseError(Code.CONFLICT, "this request is over.", fault=Fault.PEER)
    stored = statements.get(tx, request.contributor, request.statement, now=desk.now)
    sd = None if stored is None else statement_for(tx, stored, given.statement, desk.now)
    if sd is None:
        raise ProtocolError(ProtocolCode.BAD_DISCLOSURE, "the statement of this disclosure is not held here")
    ((name, value),) = prove(sd, given.disclosure)
    if name not in request.open_fields:
        raise HanseError(Code.CONFLICT, "this field was not asked for, or is here already.", fault=Fault.PEER)
    storage.add_value(tx, desk.vault, request.id, ReleasedField(name, value, desk.now))
    event = RequestEvent(at=desk.now, ours=False, kind="released", account=None, text="", field=name)
    storage.add_event(tx, desk.vault, request.id, event)
    state = RequestState.ANSWERED if request.open_fields == (name,) else request.state
    storage.change(tx, request.id, state, desk.now, unseen=True)


def take_decline(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The contributor will release nothing more."""
    declined = wire.DECLINE.decode(bytes(incoming.letter.body))
    request = _request(tx, desk, incoming, "out")
    request_rules.require_open(request)
    event = RequestEvent(
        at=desk.now, ours=False, kind="declined", account=None, text=declined.text, reason=declined.reason
    )
    storage.add_event(tx, desk.vault, request.id, event)
    storage.change(tx, request.id, RequestState.DECLINED, desk.now, unseen=True)


def take_withdrawal(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The asker asks no longer. Of a request that is over, by an answer or before, nothing is noted again."""
    wire.WITHDRAW.decode(bytes(incoming.letter.body))
    request = _request(tx, desk, incoming, "in")
    if not request.is_open:
        return
    storage.add_event(tx, desk.vault, request.id, _theirs(desk, "withdrawn"))
    storage.change(tx, request.id, RequestState.WITHDRAWN, desk.now, unseen=True)


def _request(tx: Transaction, desk: Desk, incoming: Incoming, direction: Direction | None = None) -> Request:
    """The request that a letter belongs to: one with its writer, and in the direction that its kind has."""
    ways: tuple[Direction, ...] = ("out", "in") if direction is None else (direction,)
    for way in ways:
        found = storage.of_thread(
            tx, desk.vault, way, incoming.roster.circle, incoming.sender.identity, incoming.letter.thread
        )
        if found is not None:
            return found
    raise HanseError(Code.NOT_FOUND, "no request of this thread is here.", fault=Fault.PEER)


def _require_room(tx: Transaction, desk: Desk, request: Request) -> None:
    if len(storage.events(tx, desk.vault, request.id)) >= request_rules.MAX_EVENTS:
        raise HanseError(Code.QUOTA_EXCEEDED, "this thread is as long as one may be.", fault=Fault.PEER)


def _theirs(desk: Desk, kind: Literal["asked", "message", "reminder", "withdrawn"], text: str = "") -> RequestEvent:
    return RequestEvent(at=desk.now, ours=False, kind=kind, account=None, text=text)
