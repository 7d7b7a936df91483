"""Replies of organisations: the letters that came, how they were verified, and the drafts that they become."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.circles import list_circles, roster
from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.publishing import DEFAULT_HANDLING, ReplyContent
from node.domain.replies import Intake, IntakeId, IntakeState
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.insight.views import finding_view, relation_view, shown_summary
from node.publishing import reply_intake
from node.publishing.replies import MAX_REPLY_TARGETS, answerable, draft_reply, reply_expiry, targets_of
from node.storage.database import Transaction
from node.subjects.find import label_of
from node.web.dossier import subject_of
from node.web.drafts.review import make_preview
from node.web.drafts.writing import handling_choices, refused, verification_choices
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.needs import Item, Need
from node.web.partners import Partner, partner_of, understand
from node.web.visits import Requires, Visit, go
from protocol.errors import ProtocolError
from protocol.identifiers import PATTERN_256_BITS, CircleId, SubjectId, VocabularyCode
from protocol.statements import FindingBody, Handling, RelationBody, ReplyBody, Subject, as_label

ROUTER = APIRouter()
_Writer = Annotated[Visit, Depends(Requires(Permission.REPLIES_WRITE))]
_Circle = Annotated[CircleId, address_part(f"^{PATTERN_256_BITS}$")]
_Intake = Annotated[IntakeId, address_part(LOCAL_ID)]
_Letter = Annotated[str, Query(max_length=22)]
_LIST: Final = "/replies"
STATE_WORDS: Final = {
    IntakeState.WAITING: "not verified",
    IntakeState.VERIFIED: "verified",
    IntakeState.TAKEN_UP: "taken up",
}


@ROUTER.get(_LIST)
def show_replies(visit: _Writer) -> Response:
    """Letters in hand, and a way to write down a reply that came otherwise."""
    return _list(visit, FormView(), Partner())


@ROUTER.post(_LIST)
def choose_organisation(visit: _Writer) -> Response:
    """Which organisation replies, and in which circle; from here the reply is written."""
    form = visit.form
    letter = form.one("letter")
    match = understand(visit.runtime, form)
    with visit.read() as tx:
        partner = partner_of(tx, form, match)
        circle = next((each.id for each in list_circles(tx) if each.id == form.one("circle")), None)
    wrong = {} if circle else {"circle": "Choose the circle in which it replies."}
    if partner.subject is None:
        wrong["partner"] = partner.wrong or "Name the organisation."
    if wrong or circle is None or partner.subject is None:
        form = form.wrong(wrong)
        return _letter(visit, IntakeId(letter), form, partner) if letter else _list(visit, form, partner)
    return go(f"/replies/new/{circle}/{partner.subject.id}" + (f"?letter={letter}" if letter else ""))


@ROUTER.get("/replies/letter/{intake}")
def show_letter(visit: _Writer, intake: _Intake) -> Response:
    """One letter, as it was sent."""
    return _letter(visit, intake, FormView(), Partner())


@ROUTER.post("/replies/letter/{intake}/verify")
def do_verify(visit: _Writer, intake: _Intake) -> Response:
    """Record how it was made sure that the organisation wrote."""
    runtime, form = visit.runtime, visit.form
    try:
        with visit.write() as tx:
            reply_intake.verify(
                tx,
                runtime.vault,
                runtime.vocabulary,
                visit.principal.account,
                intake,
                form.one("verified"),
                form.text("note"),
                visit.now,
            )
            visit.note(tx, "reply-verified", intake)
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.CONFLICT}:
            raise
        name = {"method": "verified", "note": "note"}.get(error.detail.partition(":")[0], "")
        words = sentence(error.detail.partition(": ")[2] if name else error.detail)
        return _letter(visit, intake, form.wrong({name: words}), Partner())
    return go(f"/replies/letter/{intake}", "reply-verified")


@ROUTER.post("/replies/letter/{intake}/set-aside")
def do_set_aside(visit: _Writer, intake: _Intake) -> Response:
    """Delete a letter that becomes no reply."""
    with visit.write() as tx:
        reply_intake.set_aside(tx, intake)
        visit.note(tx, "reply-set-aside", intake)
    return go(_LIST, "reply-set-aside")


@ROUTER.get("/replies/new/{circle}/{subject}")
def show_new(visit: _Writer, circle: _Circle, subject: str, letter: _Letter = "") -> Response:
    """The reply, beside everything of this organisation in the circle that it can answer."""
    one = subject_of(subject)
    visit.record("reply-begun", one)
    with visit.read() as tx:
        found = answerable(tx, circle, one, visit.now)
        expires = reply_expiry(tx, circle, found, visit.now)
        intake = reply_intake.get(tx, visit.runtime.vault, IntakeId(letter)) if letter else None
    values: dict[str, str | tuple[str, ...]] = {
        "expires": expires.isoformat(),
        "handling": DEFAULT_HANDLING,
        "targets": tuple(_value(each) for each in found) if len(found) == 1 else (),
    }
    if intake is not None and intake.verification is not None:
        values |= {
            "text": intake.letter.text,
            "replied": day_of(intake.received).isoformat(),
            "verified": intake.verification.method,
            "note": intake.verification.note,
        }
    return _form(visit, _Place(circle, one, letter), FormView.of(**values))


@ROUTER.post("/replies/new/{circle}/{subject}")
def do_new(visit: _Writer, circle: _Circle, subject: str, letter: _Letter = "") -> Response:
    """Keep it as a draft, with its first preview."""
    place = _Place(circle, subject_of(subject), letter)
    form, runtime = visit.form, visit.runtime
    with visit.read() as tx:
        found = {_value(each): each for each in answerable(tx, circle, place.subject, visit.now)}
        label = as_label(label_of(tx, place.subject)) or place.subject
    chosen = [found[value] for value in form.many("targets") if value in found]
    read = _read(form, runtime.vocabulary.reply_verifications, runtime.vocabulary.handlings)
    wrong = dict(read.wrong)
    if not 0 < len(chosen) <= MAX_REPLY_TARGETS:
        wrong["targets"] = f"Choose what it answers: one to {MAX_REPLY_TARGETS} statements."
    if wrong or read.replied is None or read.expires is None or read.verified is None or read.handling is None:
        return _form(visit, place, form.wrong(wrong))
    try:
        body = ReplyBody(
            subject=Subject(id=place.subject, label=label),
            targets=targets_of(chosen),
            text=form.text("text"),
            replied=read.replied,
            verified=read.verified,
            handling=read.handling,
        )
        with visit.write() as tx:
            draft = draft_reply(
                tx,
                runtime.vault,
                visit.principal.account,
                circle,
                ReplyContent(body=body, note=form.text("note")),
                expires=read.expires,
                intake=IntakeId(letter) if letter else None,
                now=visit.now,
            )
            visit.note(tx, "draft-created", draft.id)
    except ProtocolError as error:
        return _form(visit, place, form.wrong({"": sentence(error.detail) + "."}))
    except HanseError as error:
        return _form(visit, place, refused(form, error))
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


def needs(visit: Visit, tx: Transaction) -> tuple[Need, ...]:
    """Letters that nobody has dealt with."""
    if not visit.may(Permission.REPLIES_WRITE):
        return ()
    waiting = reply_intake.in_hand(tx, visit.runtime.vault)
    if not waiting:
        return ()
    one = len(waiting) == 1
    words = "A letter of an organisation waits" if one else f"{len(waiting)} letters of organisations wait"
    items = tuple(
        Item(each.letter.organisation, f"/replies/letter/{each.id}", STATE_WORDS[each.state]) for each in waiting[:3]
    )
    return (Need(words=words, path=_LIST, count=len(waiting), items=items),)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reply is written: for which circle and organisation, from which letter."""

    circle: CircleId
    subject: SubjectId
    letter: str

    @property
    def path(self) -> str:
        return f"/replies/new/{self.circle}/{self.subject}" + (f"?letter={self.letter}" if self.letter else "")


@dataclass(frozen=True, slots=True)
class _Read:
    """What the fields say, as far as they say it."""

    replied: date | None
    expires: date | None
    verified: VocabularyCode | None
    handling: Handling | None
    wrong: dict[str, str]


def _read(form: FormView, verifications: Iterable[VocabularyCode], handlings: Iterable[Handling]) -> _Read:
    replied, expires = _day(form, "replied"), _day(form, "expires")
    verified = next((code for code in verifications if code == form.one("verified")), None)
    handling = next((mark for mark in handlings if mark == form.one("handling")), None)
    asked = (
        ("text", form.text("text"), "Write what the organisation says."),
        ("replied", replied, "Give the day of the letter."),
        ("verified", verified, "Choose how it was verified."),
        ("note", form.text("note"), "Say how exactly it was verified. It stays here."),
        ("handling", handling, "Choose a marking."),
        ("expires", expires, "Give the day on which it ends."),
    )
    wrong = {name: words for name, value, words in asked if not value}
    return _Read(replied, expires, verified, handling, wrong)


def _day(form: FormView, name: str) -> date | None:
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        return None


def _value(stored: StoredStatement) -> str:
    return f"{stored.shown} {stored.statement.id}"


def _choice(visit: Visit, stored: StoredStatement) -> tuple[str, str, str]:
    """One statement that can be answered, in a line and a half."""
    vocabulary = visit.runtime.vocabulary
    match stored.body:
        case FindingBody() as body:
            known = vocabulary.indicators.get(body.indicator)
            provenance, summary = finding_view(stored, body).provenance, shown_summary(stored, body)
            words = known.label if known else body.indicator
        case RelationBody() as relation:
            tie = vocabulary.relations.get(relation.relation)
            provenance, summary = relation_view(stored, relation).provenance, shown_summary(stored, relation)
            words = f"{relation.subject.label} {tie.label if tie else relation.relation} {relation.object.label}"
        case _:
            return _value(stored), "", ""
    return _value(stored), f"{words}, by {provenance.pseudonym}", summary


def _list(visit: Visit, form: FormView, partner: Partner) -> Response:
    visit.record("replies-listed")
    with visit.read() as tx:
        waiting = reply_intake.in_hand(tx, visit.runtime.vault)
        circles = [(each.id, each.name) for each in list_circles(tx)]
    return visit.render(
        "replies.html",
        form=form,
        offered=partner.offered,
        letters=[(each, STATE_WORDS[each.state]) for each in waiting],
        circles=circles,
        intake_on=visit.runtime.settings.replies_intake,
        status=422 if form.errors else 200,
    )


def _letter(visit: Visit, intake: IntakeId, form: FormView, partner: Partner) -> Response:
    visit.record("reply-letter-read", intake)
    with visit.read() as tx:
        found: Intake = reply_intake.get(tx, visit.runtime.vault, intake)
        circles = [(each.id, each.name) for each in list_circles(tx)]
    shown = form
    if found.verification is not None and not form.values:
        shown = FormView.of(verified=found.verification.method, note=found.verification.note)
    if not shown.one("partner"):
        shown = FormView(
            {**shown.values, "partner": (found.letter.identifier or found.letter.organisation,)}, shown.errors
        )
    return visit.render(
        "reply_letter.html",
        intake=found,
        state=STATE_WORDS[found.state],
        form=shown,
        offered=partner.offered,
        circles=circles,
        verifications=verification_choices(visit.runtime.vocabulary),
        status=422 if form.errors else 200,
    )


def _form(visit: Visit, place: _Place, form: FormView) -> Response:
    with visit.read() as tx:
        name = roster(tx, place.circle).charter.name
        label = label_of(tx, place.subject)
        found = answerable(tx, place.circle, place.subject, visit.now)
    return visit.render(
        "reply_write.html",
        form=form,
        action=place.path,
        circle=name,
        label=label,
        subject=place.subject,
        targets=[_choice(visit, each) for each in found],
        verifications=verification_choices(visit.runtime.vocabulary),
        handlings=handling_choices(visit.runtime.vocabulary),
        back=f"/replies/letter/{place.letter}" if place.letter else f"/subjects/{place.subject}",
        status=422 if form.errors else 200,
    )
