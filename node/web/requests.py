"""Requests for information: what one has asked, who asks us, and the thread of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.insight import FindingView, RelationView, StatementView
from node.domain.requests import (
    DECLINE_LABELS,
    FIELD_LABELS,
    ROLE_LABELS,
    Request,
    RequestEvent,
    RequestId,
    RequestState,
    RequestStatus,
    asking_role,
)
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.insight.views import view
from node.publishing import request_rules, requests
from node.publishing.letters import Desk
from node.publishing.request_proof import digests_of
from node.storage import bylines, circles, statements
from node.storage import requests as storage
from node.storage.database import Transaction
from node.web.formats import counted
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.needs import MAX_ITEMS, Item, Need
from node.web.visits import Requires, Visit, go
from protocol.canonical import JsonValue
from protocol.errors import ProtocolError
from protocol.identifiers import parse_key_id, parse_statement_id
from protocol.messages import requests as wire
from protocol.messages.requests import DeclineReason, Field
from protocol.statements import Target

ROUTER = APIRouter()
_LIST: Final = "/requests"
MAX_LISTED: Final = 100
"""Requests in one list; older ones are found from their statements."""
STATUS_WORDS: Final = {
    RequestStatus.ASKED: "waits for an answer",
    RequestStatus.SENT: "sent, not there yet",
    RequestStatus.DELIVERED: "waits for an answer",
    RequestStatus.PARTLY: "partly answered",
    RequestStatus.OVERDUE: "overdue",
    RequestStatus.UNREACHABLE: "the other node cannot be reached",
    RequestStatus.REFUSED: "refused by the other node",
    RequestStatus.ANSWERED: "answered",
    RequestStatus.DECLINED: "declined",
    RequestStatus.WITHDRAWN: "withdrawn",
    RequestStatus.GONE: "the statement is gone",
}
_REFUSALS: Final = frozenset({Code.INVALID, Code.CONFLICT, Code.PRIVACY_GATE, Code.QUOTA_EXCEEDED, Code.NO_SUCH_MEMBER})
_Asker = Annotated[Visit, Depends(Requires(Permission.REQUESTS_ASK))]
_Reader = Annotated[Visit, Depends(Requires(Permission.REQUESTS_READ))]
_Answerer = Annotated[Visit, Depends(Requires(Permission.REQUESTS_ANSWER))]
_Request = Annotated[RequestId, address_part(LOCAL_ID)]


@dataclass(frozen=True, slots=True)
class Line:
    """One request in a list."""

    request: Request
    title: str = field(repr=False)
    """Whom the statement is about, or that it is gone."""
    who: str
    """The pseudonym that was asked, or the institution that asks."""
    status: RequestStatus
    circle: str

    @property
    def words(self) -> str:
        """How it stands."""
        return STATUS_WORDS[self.status]


def desk(visit: Visit) -> Desk:
    """What letters take, at the moment of the visit."""
    runtime = visit.runtime
    return Desk(runtime.settings, runtime.vault, runtime.keyring, runtime.vocabulary, visit.now)


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """Requests that wait for an answer of ours, and answers to one's own."""
    found: list[Need] = []
    vault = visit.runtime.vault
    if visit.may(Permission.REQUESTS_ANSWER):
        waiting = storage.listed(tx, vault, "in", limit=MAX_LISTED, only_open=True)
        if waiting:
            verb = "waits" if len(waiting) == 1 else "wait"
            words = f"{sentence(counted(len(waiting), 'request'))} of other institutions {verb} for an answer"
            found.append(_need(visit, tx, words, sorted(waiting, key=lambda each: each.until)))
    if visit.may(Permission.REQUESTS_READ):
        answered = storage.news(tx, vault, visit.principal.account, limit=MAX_LISTED)
        if answered:
            verb = "has" if len(answered) == 1 else "have"
            words = f"{sentence(counted(len(answered), 'request'))} of yours {verb} something new"
            found.append(_need(visit, tx, words, answered))
    return found


def _need(visit: Visit, tx: Transaction, words: str, found: Sequence[Request]) -> Need:
    lines = [_line(visit, tx, each) for each in found[:MAX_ITEMS]]
    items = tuple(
        Item(line.title, f"{_LIST}/{line.request.id}", f"{line.who}, until {line.request.until.isoformat()}")
        for line in lines
    )
    return Need(words, _LIST, len(found), items)


@ROUTER.get(_LIST)
def show_requests(visit: _Reader) -> Response:
    """What this institution has asked and, for those who answer, what it is asked."""
    visit.record("requests-read")
    vault = visit.runtime.vault
    with visit.read() as tx:
        asked = [_line(visit, tx, each) for each in storage.listed(tx, vault, "out", limit=MAX_LISTED)]
        incoming: list[Line] = []
        if visit.may(Permission.REQUESTS_ANSWER):
            incoming = [_line(visit, tx, each) for each in storage.listed(tx, vault, "in", limit=MAX_LISTED)]
    return visit.render(
        "requests.html",
        asked=asked,
        incoming=incoming,
        may_answer=visit.may(Permission.REQUESTS_ANSWER),
        may_ask=visit.may(Permission.REQUESTS_ASK),
    )


@ROUTER.get("/requests/ask/{contributor}/{statement}")
def show_ask(visit: _Asker, contributor: str, statement: str) -> Response:
    """The fields that can be asked for, and what has to be said with them."""
    stored = _askable(visit, contributor, statement)
    day = request_rules.default_day(visit.now)
    return _ask_page(visit, stored, FormView.of(until=day.isoformat(), fields=("narrative", "evidence")))


@ROUTER.post("/requests/ask/{contributor}/{statement}")
def do_ask(visit: _Asker, contributor: str, statement: str) -> Response:
    """Ask."""
    form, stored = visit.form, _askable(visit, contributor, statement)
    wrong = _missing(form)
    until = _day(form.text("until"))
    if until is None:
        wrong["until"] = "Give a day, as year, month and day."
    if wrong or until is None:
        return _ask_page(visit, stored, form.wrong(wrong))
    asked = wire.Ask(
        target=Target(contributor=stored.contributor, id=stored.statement.id),
        fields=_fields(form),
        purpose=form.text("purpose"),
        legal_basis=form.text("basis"),
        role=asking_role(visit.principal.roles),
        until=until,
    )
    try:
        with visit.write() as tx:
            made = requests.ask(
                tx, desk(visit), stored, asked, visit.principal.account, checked=form.has("checked", "yes")
            )
            visit.note(tx, "request-sent", made)
    except HanseError as error:
        return _ask_page(visit, stored, _refused(form, error))
    visit.runtime.wake.set()
    return go(f"{_LIST}/{made}", "request-sent")


@ROUTER.get("/requests/{request}")
def show_request(visit: _Reader, request: _Request) -> Response:
    """One request with its thread. Whoever reads it has seen what the other side did."""
    return _page(visit, request, FormView())


@ROUTER.post("/requests/{request}/say")
def do_say(visit: _Reader, request: _Request) -> Response:
    """Say something to the other side."""
    form = visit.form
    _may_change(visit, request)
    if not form.text("text"):
        return _page(visit, request, form.wrong({"text": "Write something."}))
    try:
        with visit.write() as tx:
            requests.say(
                tx,
                desk(visit),
                visit.principal.account,
                request,
                form.text("text"),
                checked=form.has("checked", "yes"),
            )
            visit.note(tx, "request-message-sent", request)
    except HanseError as error:
        return _page(visit, request, _refused(form, error))
    return _done(visit, request, "request-said")


@ROUTER.post("/requests/{request}/remind")
def do_remind(visit: _Asker, request: _Request) -> Response:
    """Remind the contributor."""
    try:
        with visit.write() as tx:
            requests.remind(tx, desk(visit), visit.principal.account, request)
            visit.note(tx, "request-reminder-sent", request)
    except HanseError as error:
        return _page(visit, request, _refused(visit.form, error))
    return _done(visit, request, "request-reminded")


@ROUTER.post("/requests/{request}/withdraw")
def do_withdraw(visit: _Asker, request: _Request) -> Response:
    """Ask no longer."""
    try:
        with visit.write() as tx:
            requests.withdraw(tx, desk(visit), visit.principal.account, request)
            visit.note(tx, "request-withdrawn", request)
    except HanseError as error:
        return _page(visit, request, _refused(visit.form, error))
    return _done(visit, request, "request-withdrawn")


@ROUTER.post("/requests/{request}/release")
def do_release(visit: _Answerer, request: _Request) -> Response:
    """Give one field."""
    name = next((each for each in FIELD_LABELS if visit.form.has("field", each)), None)
    if name is None:
        raise HanseError(Code.INVALID, "choose a field.")
    try:
        with visit.write() as tx:
            requests.release(tx, desk(visit), visit.principal.account, request, name)
            visit.note(tx, f"request-{name}-released", request)
    except HanseError as error:
        return _page(visit, request, _refused(visit.form, error))
    return _done(visit, request, "request-released")


@ROUTER.post("/requests/{request}/decline")
def do_decline(visit: _Answerer, request: _Request) -> Response:
    """Give nothing more."""
    form = visit.form
    reason: DeclineReason | None = next((each for each in DECLINE_LABELS if form.has("reason", each)), None)
    if reason is None:
        return _page(visit, request, form.wrong({"reason": "Choose a reason."}))
    try:
        with visit.write() as tx:
            account, checked = visit.principal.account, form.has("checked", "yes")
            requests.decline(tx, desk(visit), account, request, reason, form.text("words"), checked=checked)
            visit.note(tx, "request-declined", request)
    except HanseError as error:
        return _page(visit, request, _refused(form, error))
    return _done(visit, request, "request-declined")


def _done(visit: Visit, request: RequestId, notice: str) -> Response:
    visit.runtime.wake.set()
    return go(f"{_LIST}/{request}", notice)


def _refused(form: FormView, error: HanseError) -> FormView:
    """The form with the words of a refusal; whatever a form cannot show goes on as it is."""
    if error.code not in _REFUSALS:
        raise error
    return form.refused(error)


def _missing(form: FormView) -> dict[str, str]:
    wrong = {}
    if not _fields(form):
        wrong["fields"] = "Choose at least one field."
    if not form.text("purpose"):
        wrong["purpose"] = "Say what the answer is needed for."
    if not form.text("basis"):
        wrong["basis"] = "Name the legal basis."
    return wrong


def _fields(form: FormView) -> tuple[Field, ...]:
    return tuple(sorted(each for each in FIELD_LABELS if form.has("fields", each)))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _askable(visit: Visit, contributor: str, statement: str) -> StoredStatement:
    """A statement by the address that pages show; its true log may be another, where its author has signed by name."""
    try:
        key, name = parse_key_id(contributor), parse_statement_id(statement)
    except ProtocolError as error:
        raise _unknown() from error
    with visit.read() as tx:
        stored = statements.find_shown(tx, key, name, now=visit.now)
    if stored is None or digests_of(stored.statement) is None:
        raise _unknown()
    return stored


def _unknown() -> HanseError:
    return HanseError(Code.NOT_FOUND, "this node holds no such statement that holds fields back.")


def _ask_page(visit: Visit, stored: StoredStatement, form: FormView) -> Response:
    with visit.read() as tx:
        roster = circles.get_roster(tx, stored.circle)
        own = stored.contributor in roster.own_keys
        open_one = next(
            (
                each
                for each in storage.about(tx, visit.runtime.vault, stored.contributor, stored.statement.id, "out")
                if each.is_open
            ),
            None,
        )
    shown = view(stored)
    return visit.render(
        "request_ask.html",
        form=form,
        shown=shown,
        title=_title(shown),
        circle=roster.charter.name,
        own=own,
        open_one=open_one,
        fields=[(name, label, "") for name, label in FIELD_LABELS.items()],
        institution=visit.runtime.settings.name,
        role=ROLE_LABELS[asking_role(visit.principal.roles)],
        path=visit.path,
        status=422 if form.errors else 200,
    )


def _may_change(visit: Visit, request: RequestId) -> None:
    """Whoever reads incoming requests only answers them with the permission to; one's own are anybody's who asks."""
    found = _get(visit, request)
    visit.principal.require(Permission.REQUESTS_ANSWER if found.direction == "in" else Permission.REQUESTS_ASK)


def _get(visit: Visit, request: RequestId) -> Request:
    with visit.read() as tx:
        found = storage.get(tx, visit.runtime.vault, request)
    # Who asks us is for those to know who answer.
    if found is None or (found.direction == "in" and not visit.may(Permission.REQUESTS_ANSWER)):
        raise HanseError(Code.NOT_FOUND, "there is no such request.")
    return found


def _page(visit: Visit, request: RequestId, form: FormView) -> Response:
    found = _get(visit, request)
    runtime = visit.runtime
    with visit.read() as tx:
        line = _line(visit, tx, found)
        stored = statements.get(tx, found.contributor, found.statement, now=visit.now)
        events = storage.events(tx, runtime.vault, request)
        values = storage.values(tx, runtime.vault, request)
        held = requests.ours(tx, desk(visit), found) if found.direction == "in" else {}
    with visit.write() as tx:
        if found.unseen:
            storage.mark_seen(tx, request)
        visit.note(tx, "request-read", request)
    return visit.render(
        "request.html",
        line=line,
        request=found,
        shown=None if stored is None else view(stored),
        events=[_event_words(event, line.who) for event in events],
        received=[(FIELD_LABELS[each.name], _lines(each.value), each.at) for each in values],
        fields=[(name, FIELD_LABELS[name], _held(held, name), name in found.released) for name in found.fields],
        role=ROLE_LABELS[found.role],
        reasons=[(reason, label, "") for reason, label in DECLINE_LABELS.items()],
        form=form,
        may_ask=visit.may(Permission.REQUESTS_ASK),
        may_answer=visit.may(Permission.REQUESTS_ANSWER),
        talks=found.state not in {RequestState.WITHDRAWN, RequestState.GONE},
        status=422 if form.errors else 200,
    )


def _held(held: Mapping[Field, JsonValue], name: Field) -> list[str] | None:
    """Our own words for a field; none where they are not here any more."""
    return _lines(held[name]) if name in held else None


def _lines(value: JsonValue) -> list[str]:
    """A held-back value as lines: a text by its lines, a list by its items; anything else as it is."""
    match value:
        case str():
            return value.splitlines()
        case list():
            return [each if isinstance(each, str) else str(each) for each in value]
        case None:
            return []
        case int() | dict():
            return [str(value)]


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a thread."""

    event: RequestEvent
    who: str
    what: str
    more: str = field(repr=False, default="")


def _event_words(event: RequestEvent, other: str) -> Said:
    who = "We" if event.ours else other
    match event.kind:
        case "asked":
            what = "asked"
        case "message":
            what = "wrote"
        case "reminder":
            what = "reminded"
        case "released":
            what = f"released: {FIELD_LABELS[event.field].lower()}" if event.field else "released a field"
        case "declined":
            reason = DECLINE_LABELS[event.reason] if event.reason else "no reason was given"
            what = f"declined. {reason}."
        case "withdrawn":
            what = "withdrew the request"
    return Said(event, who, what)


def _line(visit: Visit, tx: Transaction, request: Request) -> Line:
    roster = circles.get_roster(tx, request.circle)
    stored = statements.get(tx, request.contributor, request.statement, now=visit.now)
    if request.direction == "out":
        who = bylines.author_shown(tx, request.circle, request.contributor, request.statement).name
    else:
        who = next((each.name for each in roster.lines.values() if each.identity == request.peer), "A former member")
    title = "A statement that is gone" if stored is None else _title(view(stored))
    return Line(request, title, who, request_rules.status(tx, roster, request, visit.now), roster.charter.name)


def _title(shown: StatementView) -> str:
    """Whom a statement is about."""
    if isinstance(shown, FindingView):
        return shown.label
    if isinstance(shown, RelationView):
        return f"{shown.subject_label} and {shown.object_label}"
    return "A response"
