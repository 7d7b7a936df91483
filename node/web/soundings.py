"""Soundings: those we put to a circle, those that are put to us, and how this institution answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.domain.accounts import Permission
from node.domain.circles import Roster
from node.domain.soundings import (
    POLICY_LABELS,
    Decision,
    Experience,
    Policy,
    PolicyMode,
    Sounding,
    SoundingDirection,
    SoundingId,
    SoundingState,
)
from node.errors import Code, HanseError
from node.publishing import soundings
from node.storage import circles
from node.storage import soundings as storage
from node.storage.database import Transaction
from node.web.formats import counted
from node.web.forms import LOCAL_ID, FormView, address_part, sentence, whole_number
from node.web.needs import MAX_ITEMS, Item, Need
from node.web.partners import Partner, partner_of, understand
from node.web.requests import desk
from node.web.visits import Requires, Visit, go
from protocol.identifiers import PATTERN_256_BITS, CircleId, KeyId
from protocol.messages import soundings as wire
from protocol.messages.soundings import Outcome
from protocol.statements import DAY_SECONDS, Subject, Timestamp, as_label

ROUTER = APIRouter()
_LIST: Final = "/soundings"
MAX_LISTED: Final = 100
"""Soundings in one list."""
MAX_OPEN_DAYS: Final = 30
_MAX_IDENTIFIER: Final = 64
_REFUSALS: Final = frozenset({Code.INVALID, Code.CONFLICT, Code.PRIVACY_GATE, Code.QUOTA_EXCEEDED, Code.NO_SUCH_MEMBER})
OUTCOME_WORDS: Final = {
    Outcome.AT_LEAST_K: "experience exists",
    Outcome.SOME: "some experience exists",
    Outcome.NO_ANSWER_YET: "no answer yet",
}
_Asker = Annotated[Visit, Depends(Requires(Permission.REQUESTS_ASK))]
_Reader = Annotated[Visit, Depends(Requires(Permission.REQUESTS_READ))]
_Answerer = Annotated[Visit, Depends(Requires(Permission.REQUESTS_ANSWER))]
_Approver = Annotated[Visit, Depends(Requires(Permission.DRAFTS_APPROVE))]
_Sounding = Annotated[SoundingId, address_part(LOCAL_ID)]
_Circle = Annotated[CircleId, address_part(f"^{PATTERN_256_BITS}$")]
_Subject = Annotated[str, Query(max_length=_MAX_IDENTIFIER)]


@dataclass(frozen=True, slots=True)
class Line:
    """One sounding in a list."""

    sounding: Sounding
    circle: str
    k: int
    who: str
    """Who asks; empty where we do."""
    words: str
    waits: bool
    """Whether somebody here may still say something."""


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """How soundings of one circle are answered."""

    circle: CircleId
    name: str
    policy: Policy
    words: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the page of a sounding that is put to us knows beside it."""

    experience: Experience
    policy: Policy
    words: str = field(default="")


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """Soundings that wait for a person's word, and answers to our own."""
    found: list[Need] = []
    if visit.may(Permission.REQUESTS_ANSWER):
        waiting = [line for line in _lines(visit, tx, "in") if line.waits]
        if waiting:
            verb = "waits" if len(waiting) == 1 else "wait"
            words = f"{sentence(counted(len(waiting), 'sounding'))} of circles {verb} for your word"
            found.append(_need(words, waiting))
    if visit.may(Permission.REQUESTS_ASK):
        news = [line for line in _lines(visit, tx, "out") if line.sounding.unseen]
        mine = [line for line in news if line.sounding.account == visit.principal.account]
        if mine:
            words = (
                f"{sentence(counted(len(mine), 'sounding'))} of yours {'has' if len(mine) == 1 else 'have'} an answer"
            )
            found.append(_need(words, mine))
    return found


def _need(words: str, lines: Sequence[Line]) -> Need:
    items = tuple(
        Item(line.sounding.subject.label, f"{_LIST}/{line.sounding.id}", f"{line.circle}, {line.words}")
        for line in lines[:MAX_ITEMS]
    )
    return Need(words, _LIST, len(lines), items)


@ROUTER.get(_LIST)
def show_soundings(visit: _Reader) -> Response:
    """All soundings, and the policies."""
    visit.record("soundings-read")
    with visit.read() as tx:
        asked = _lines(visit, tx, "out")
        incoming = _lines(visit, tx, "in") if visit.may(Permission.REQUESTS_ANSWER) else []
        policies = [_policy_line(tx, roster) for roster in circles.list_rosters(tx)]
    return visit.render(
        "soundings.html",
        asked=asked,
        incoming=incoming,
        policies=policies,
        modes=[(mode.value, label, "") for mode, label in POLICY_LABELS.items()],
        may_ask=visit.may(Permission.REQUESTS_ASK),
        may_answer=visit.may(Permission.REQUESTS_ANSWER),
        may_decide=visit.may(Permission.DRAFTS_APPROVE),
    )


@ROUTER.get("/soundings/new")
def show_new(visit: _Asker, subject: _Subject = "") -> Response:
    """Which circle, about whom, and what for."""
    return _new_page(visit, FormView.of(partner=subject, days=str(soundings.DEFAULT_OPEN_DAYS)), Partner())


@ROUTER.post("/soundings/new")
def do_new(visit: _Asker) -> Response:
    """Put the sounding."""
    form, now = visit.form, visit.now
    match = understand(visit.runtime, form)
    with visit.read() as tx:
        partner = partner_of(tx, form, match)
        roster = next((each for each in circles.list_rosters(tx) if each.circle == form.one("circle")), None)
    wrong = _missing(form, partner, roster)
    if wrong or partner.subject is None or roster is None:
        return _new_page(visit, form.wrong(wrong), partner)
    days = whole_number(form.text("days"), low=1, high=MAX_OPEN_DAYS)
    subject = Subject(id=partner.subject.id, label=as_label(partner.subject.label))
    try:
        asked = soundings.compose(
            roster,
            subject,
            purpose=form.text("purpose"),
            wants_contact=form.has("contact", "yes"),
            now=now,
            closes=Timestamp(now + days * DAY_SECONDS),
        )
        with visit.write() as tx:
            checked = form.has("checked", "yes")
            made = soundings.sound(tx, desk(visit), roster.circle, asked, visit.principal.account, checked=checked)
            visit.note(tx, "sounding-put", made)
    except HanseError as error:
        return _new_page(visit, _refused(form, error), partner)
    visit.runtime.wake.set()
    return go(f"{_LIST}/{made}", "sounding-put")


@ROUTER.get("/soundings/{sounding}")
def show_sounding(visit: _Reader, sounding: _Sounding) -> Response:
    """One sounding."""
    return _page(visit, sounding, FormView())


@ROUTER.post("/soundings/{sounding}/decide")
def do_decide(visit: _Answerer, sounding: _Sounding) -> Response:
    """Say whether this institution has experience."""
    decision: Decision = "yes" if visit.form.has("decision", "yes") else "no"
    try:
        with visit.write() as tx:
            soundings.decide(tx, desk(visit), visit.principal.account, sounding, decision)
            visit.note(tx, "sounding-decided", sounding)
    except HanseError as error:
        return _page(visit, sounding, _refused(visit.form, error))
    return go(f"{_LIST}/{sounding}", "sounding-decided")


@ROUTER.post("/soundings/{sounding}/forward")
def do_forward(visit: _Answerer, sounding: _Sounding) -> Response:
    """Come forward to the asker, by name."""
    form = visit.form
    if not form.text("text"):
        return _page(visit, sounding, form.wrong({"text": "Write something."}))
    try:
        with visit.write() as tx:
            said = wire.Contact(text=form.text("text"), contact=form.text("mailbox"))
            soundings.come_forward(tx, desk(visit), sounding, said, checked=form.has("checked", "yes"))
            visit.note(tx, "sounding-came-forward", sounding)
    except HanseError as error:
        return _page(visit, sounding, _refused(form, error))
    visit.runtime.wake.set()
    return go(f"{_LIST}/{sounding}", "sounding-forward")


@ROUTER.post("/soundings/policy/{circle}")
def do_policy(visit: _Approver, circle: _Circle) -> Response:
    """Decide how soundings of a circle are answered from now on."""
    mode = next((each for each in PolicyMode if visit.form.has("mode", each.value)), None)
    if mode is None:
        raise HanseError(Code.INVALID, "choose how soundings are answered.")
    with visit.write() as tx:
        casework = visit.form.has("casework", "yes")
        soundings.set_policy(tx, Policy(circle, mode, casework, visit.principal.account, visit.now))
        visit.note(tx, "sounding-policy-set", circle)
    return go(_LIST, "sounding-policy")


def _refused(form: FormView, error: HanseError) -> FormView:
    if error.code not in _REFUSALS:
        raise error
    return form.refused(error)


def _missing(form: FormView, partner: Partner, roster: Roster | None) -> dict[str, str]:
    wrong = {}
    if roster is None:
        wrong["circle"] = "Choose a circle."
    if partner.subject is None:
        wrong["partner"] = partner.wrong or "Name the organisation."
    if not form.text("purpose"):
        wrong["purpose"] = "Say what the answer is needed for."
    if not form.text("days").isdigit():
        wrong["days"] = "Give a number of days."
    return wrong


def _new_page(visit: Visit, form: FormView, partner: Partner) -> Response:
    with visit.read() as tx:
        rosters = [roster for roster in circles.list_rosters(tx) if soundings.large_enough(roster)]
    return visit.render(
        "sounding_new.html",
        form=form,
        offered=partner.offered,
        circles=[(roster.circle, roster.charter.name) for roster in rosters],
        max_days=MAX_OPEN_DAYS,
        period=wire.PERIOD_DAYS,
        status=422 if form.errors else 200,
    )


def _page(visit: Visit, sounding: SoundingId, form: FormView) -> Response:
    with visit.read() as tx:
        found = storage.get(tx, visit.runtime.vault, sounding)
        # What is put to us, and what we say to it, is for those who answer.
        if found is None or (found.direction == "in" and not visit.may(Permission.REQUESTS_ANSWER)):
            raise HanseError(Code.NOT_FOUND, "there is no such sounding.")
        roster = circles.get_roster(tx, found.circle)
        forwards = storage.forwards(tx, visit.runtime.vault, sounding)
        known = None
        if found.direction == "in":
            place, policy = desk(visit), storage.policy(tx, found.circle)
            words = "yes" if soundings.bit_of(tx, place, found) else "not yes"
            known = Known(soundings.experience(tx, place, found.subject.id), policy, words)
        line = _line(tx, roster, found, visit.now)
    with visit.write() as tx:
        if found.unseen:
            storage.mark_seen(tx, sounding)
        visit.note(tx, "sounding-read", sounding)
    return visit.render(
        "sounding.html",
        line=line,
        sounding=found,
        known=known,
        forwards=[(_name(roster, each.member), each) for each in forwards],
        form=form,
        others=len(roster.others),
        status=422 if form.errors else 200,
    )


def _lines(visit: Visit, tx: Transaction, direction: SoundingDirection) -> list[Line]:
    found = storage.listed(tx, visit.runtime.vault, direction, limit=MAX_LISTED)
    rosters = {roster.circle: roster for roster in circles.list_rosters(tx)}
    return [_line(tx, rosters[each.circle], each, visit.now) for each in found]


def _line(tx: Transaction, roster: Roster, sounding: Sounding, now: Timestamp) -> Line:
    waits = False
    if sounding.direction == "out":
        words = _asker_words(sounding, now)
    else:
        waits = (
            sounding.state is SoundingState.OPEN
            and sounding.closes > now
            and sounding.decision == "undecided"
            and storage.policy(tx, sounding.circle).mode is PolicyMode.ASK
        )
        words = "open" if sounding.closes > now else "closed"
    who = "" if sounding.direction == "out" else _name(roster, sounding.asker)
    return Line(sounding, roster.charter.name, roster.charter.small_number_threshold, who, words, waits)


def _asker_words(sounding: Sounding, now: Timestamp) -> str:
    match sounding.state:
        case SoundingState.ANSWERED:
            return OUTCOME_WORDS[sounding.outcome] if sounding.outcome else "answered"
        case SoundingState.UNCOUNTED:
            return "not counted"
        case SoundingState.OPEN | SoundingState.CLOSED:
            return "open" if sounding.closes > now else "being counted"


def _name(roster: Roster, identity: KeyId) -> str:
    return next((line.name for line in roster.lines.values() if line.identity == identity), "A former member")


def _policy_line(tx: Transaction, roster: Roster) -> PolicyLine:
    policy = storage.policy(tx, roster.circle)
    return PolicyLine(roster.circle, roster.charter.name, policy, POLICY_LABELS[policy.mode])
