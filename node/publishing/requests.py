"""Requests for information: fields that a statement holds back, asked of its contributor and released one by one.

The asker's node knows which member a contributor is, and writes to that one alone; people at the asker read the
pseudonym. The contributor's people read which institution asks, in which function, what for and on which basis. What
they release is the disclosure that was made, checked and approved when the statement was published; the asker's node
believes it because the statement's digests prove it, and keeps it sealed until the statement is gone.

What is said between the two goes through the privacy gate. Who reads and does what is in both access logs: the caller
notes it in the same transaction.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.letters import LetterKind
from node.domain.requests import ReleasedField, Request, RequestEvent, RequestId, RequestState
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.publishing import request_letters, request_rules
from node.publishing.letters import Desk, Handler, current_line, new_thread, put
from node.publishing.request_letters import request_of
from node.publishing.request_proof import prove, statement_for
from node.storage import circles, history, letters, statements
from node.storage import publishing as published
from node.storage import requests as storage
from node.storage.database import Transaction
from protocol.canonical import JsonValue
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId, StatementId
from protocol.messages import requests as wire
from protocol.messages.requests import DeclineReason, Field
from protocol.statements import Correction, Target

HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType(
    {
        LetterKind.RFI_ASK: request_letters.take_ask,
        LetterKind.RFI_MESSAGE: request_letters.take_message,
        LetterKind.RFI_REMIND: request_letters.take_reminder,
        LetterKind.RFI_RELEASE: request_letters.take_release,
        LetterKind.RFI_DECLINE: request_letters.take_decline,
        LetterKind.RFI_WITHDRAW: request_letters.take_withdrawal,
    }
)


def ask(
    tx: Transaction, desk: Desk, stored: StoredStatement, asked: wire.Ask, account: AccountId, *, checked: bool = False
) -> RequestId:
    """Ask the contributor of a statement for fields that it holds back.

    Raises ``INVALID`` for what a form should not have sent, ``CONFLICT`` where we have an open request about the
    statement, ``PRIVACY_GATE``, ``QUOTA_EXCEEDED``, and ``NO_SUCH_MEMBER`` where the contributor is gone.
    """
    roster = circles.get_roster(tx, stored.circle)
    _require_askable(tx, desk, roster, stored, asked)
    texts = {"purpose": asked.purpose, "legal basis": asked.legal_basis}
    request_rules.require_clean(tx, desk, roster, texts, ours_is_known=True, checked=checked)
    identity = roster.voice(stored.contributor)
    if request_rules.asked_enough(tx, "out", identity, stored, desk.now):
        raise HanseError(Code.QUOTA_EXCEEDED, "this contributor was asked as often as it may be within a day.")
    request = request_of(asked, "out", stored.circle, identity, new_thread(), desk.now, account)
    _put(tx, desk, roster, request, LetterKind.RFI_ASK, asked)
    storage.add(tx, desk.vault, request)
    _note(tx, desk, request, RequestEvent(at=desk.now, ours=True, kind="asked", account=account, text=""))
    return request.id


def _require_askable(tx: Transaction, desk: Desk, roster: Roster, stored: StoredStatement, asked: wire.Ask) -> None:
    if stored.contributor in roster.own_keys:
        raise HanseError(Code.INVALID, "this statement is our own.", remedy="What it holds back stands in its draft.")
    if not stored.counts or statement_for(tx, stored, stored.statement.id, desk.now) is None:
        raise HanseError(Code.INVALID, "this statement is not one that fields can be asked of now.")
    if asked.target != Target(contributor=stored.contributor, id=stored.statement.id):
        raise HanseError(Code.INVALID, "a request is about the statement that it names.")
    latest = day_of(desk.now) + timedelta(days=request_rules.MAX_DAYS)
    if not request_rules.first_day(desk.now) <= asked.until <= latest:
        raise HanseError(Code.INVALID, f"choose a day from tomorrow until {latest.isoformat()}.")
    if any(each.is_open for each in storage.about(tx, desk.vault, stored.contributor, stored.statement.id, "out")):
        raise HanseError(Code.CONFLICT, "there is an open request about this statement already.")


def say(
    tx: Transaction, desk: Desk, account: AccountId, request: RequestId, text: str, *, checked: bool = False
) -> None:
    """Say something to the other side. Raises ``PRIVACY_GATE``, ``CONFLICT`` for a request that is over."""
    found = _locked(tx, desk, request)
    if found.state in {RequestState.WITHDRAWN, RequestState.GONE}:
        raise HanseError(Code.CONFLICT, f"this request is {found.state.value}.")
    if len(storage.events(tx, desk.vault, request)) >= request_rules.MAX_EVENTS:
        raise HanseError(Code.QUOTA_EXCEEDED, "this thread is as long as one may be.", remedy="Speak to each other.")
    roster, _ = request_rules.peer_of(tx, found)
    _require_words(tx, desk, roster, found, text, checked=checked)
    _put(tx, desk, roster, found, LetterKind.RFI_MESSAGE, wire.Message(text=text))
    _note(tx, desk, found, RequestEvent(at=desk.now, ours=True, kind="message", account=account, text=text))
    storage.change(tx, found.id, found.state, desk.now, unseen=False)


def remind(tx: Transaction, desk: Desk, account: AccountId, request: RequestId) -> None:
    """Remind the contributor, at most once a day. Raises ``CONFLICT``."""
    found = _locked(tx, desk, request, direction="out")
    request_rules.require_open(found)
    since = desk.now - request_rules.REMINDER_PAUSE_SECONDS
    events = storage.events(tx, desk.vault, request)
    if any(event.kind in {"asked", "reminder"} and event.at > since for event in events):
        raise HanseError(Code.CONFLICT, "the last reminder, or the request itself, is less than a day old.")
    roster, _ = request_rules.peer_of(tx, found)
    _put(tx, desk, roster, found, LetterKind.RFI_REMIND, wire.Remind())
    _note(tx, desk, found, RequestEvent(at=desk.now, ours=True, kind="reminder", account=account, text=""))


def withdraw(tx: Transaction, desk: Desk, account: AccountId, request: RequestId) -> None:
    """Ask no longer. A letter that nobody has had yet is not sent; what was released stays."""
    found = _locked(tx, desk, request, direction="out")
    request_rules.require_open(found)
    letters.drop(tx, found.circle, [found.thread])
    roster = circles.get_roster(tx, found.circle)
    if current_line(roster, found.peer) is not None and letters.posted(tx, found.circle, found.thread):
        _put(tx, desk, roster, found, LetterKind.RFI_WITHDRAW, wire.Withdraw())
    _note(tx, desk, found, RequestEvent(at=desk.now, ours=True, kind="withdrawn", account=account, text=""))
    storage.change(tx, found.id, RequestState.WITHDRAWN, desk.now, unseen=False)


def ours(tx: Transaction, desk: Desk, request: Request) -> Mapping[Field, JsonValue]:
    """What the statement holds back, as we have it: for whoever decides what to release. Empty where it is gone."""
    found = _held(tx, desk, request)
    return {} if found is None else {name: value for name, (_, value) in found[1].items()}


def release(tx: Transaction, desk: Desk, account: AccountId, request: RequestId, name: Field) -> None:
    """Give the asker one field, as it was approved when the statement was published. Raises ``CONFLICT``."""
    found = _locked(tx, desk, request, direction="in")
    request_rules.require_open(found)
    held = _held(tx, desk, found)
    if held is None or name not in held[1] or name not in found.open_fields:
        raise HanseError(Code.CONFLICT, "this field was not asked for, is released already, or is no longer held here.")
    statement, disclosures = held
    encoded, _ = disclosures[name]
    roster, _ = request_rules.peer_of(tx, found)
    body = wire.Release(statement=statement, disclosure=encoded)
    _put(tx, desk, roster, found, LetterKind.RFI_RELEASE, body)
    storage.add_value(tx, desk.vault, found.id, ReleasedField(name, None, desk.now))
    event = RequestEvent(at=desk.now, ours=True, kind="released", account=account, text="", field=name)
    _note(tx, desk, found, event)
    state = RequestState.OPEN if len(found.open_fields) > 1 else RequestState.ANSWERED
    storage.change(tx, found.id, state, desk.now, unseen=False)


def decline(
    tx: Transaction,
    desk: Desk,
    account: AccountId,
    request: RequestId,
    reason: DeclineReason,
    text: str,
    *,
    checked: bool = False,
) -> None:
    """Say that what is not released will not be, and why. Raises ``PRIVACY_GATE`` and ``CONFLICT``."""
    found = _locked(tx, desk, request, direction="in")
    request_rules.require_open(found)
    roster, _ = request_rules.peer_of(tx, found)
    _require_words(tx, desk, roster, found, text, checked=checked)
    _put(tx, desk, roster, found, LetterKind.RFI_DECLINE, wire.Decline(reason=reason, text=text))
    event = RequestEvent(at=desk.now, ours=True, kind="declined", account=account, text=text, reason=reason)
    _note(tx, desk, found, event)
    storage.change(tx, found.id, RequestState.DECLINED, desk.now, unseen=False)


def forget(tx: Transaction, desk: Desk, contributor: KeyId, statement: StatementId) -> None:
    """Forget what was said and released about a statement that is gone, and what was still to be sent of it."""
    for request in storage.forget(tx, desk.vault, contributor, statement, desk.now):
        letters.drop(tx, request.circle, [request.thread])


def sweep(tx: Transaction, desk: Desk) -> None:
    """Forget what was about statements that no longer count. Run in every round, whatever made them end."""
    for contributor, statement in storage.targets(tx):
        found = statements.get(tx, contributor, statement, now=desk.now)
        if found is None or found.state in {"retracted", "expired", "void"}:
            forget(tx, desk, contributor, statement)


def _held(
    tx: Transaction, desk: Desk, request: Request
) -> tuple[StatementId, Mapping[Field, tuple[str, JsonValue]]] | None:
    """The statement that now has the target's content, and the disclosure and value of each of its fields."""
    stored = statements.get(tx, request.contributor, request.statement, now=desk.now)
    if stored is None or not stored.counts:
        return None
    name = (stored.contributor, stored.statement.id)
    acts = history.acts_on(tx, stored.circle, [name]).get(name, ())
    corrections: list[Correction] = [act.correction for act in acts if act.correction is not None]
    latest = corrections[-1].id if corrections else stored.statement.id
    encoded = published.get_disclosures(tx, desk.vault, stored.contributor, latest)
    signed = statement_for(tx, stored, latest, desk.now)
    if encoded is None or signed is None:
        return None
    return latest, {name: (each, value) for each in encoded for name, value in prove(signed, each)}


def _locked(tx: Transaction, desk: Desk, request: RequestId, *, direction: str = "") -> Request:
    found = storage.get(tx, desk.vault, request, lock=True)
    if found is None or (direction and found.direction != direction):
        raise HanseError(Code.NOT_FOUND, "there is no such request.")
    return found


def _require_words(tx: Transaction, desk: Desk, roster: Roster, request: Request, text: str, *, checked: bool) -> None:
    known = request.direction == "out"
    request_rules.require_clean(tx, desk, roster, {"text": text}, ours_is_known=known, checked=checked)


def _put(
    tx: Transaction,
    desk: Desk,
    roster: Roster,
    request: Request,
    kind: LetterKind,
    body: wire.Ask | wire.Message | wire.Remind | wire.Release | wire.Decline | wire.Withdraw,
) -> None:
    receiver = current_line(roster, request.peer)
    if receiver is None:
        raise HanseError(Code.NO_SUCH_MEMBER, "the other side is no member of the circle any more.")
    try:
        put(tx, desk, roster, receiver, kind, request.thread, body)
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this cannot be sent: {error.detail}.") from error


def _note(tx: Transaction, desk: Desk, request: Request, event: RequestEvent) -> None:
    storage.add_event(tx, desk.vault, request.id, event)
