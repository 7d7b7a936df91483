"""Engagements: what this institution does with whom, planned, running or over. Private casework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.accounts.manage import display_names
from node.casework import engagements
from node.casework.assessments import create_assessment
from node.casework.checks import FieldError
from node.casework.tiers import next_open
from node.domain.accounts import AccountId, Permission
from node.domain.casework import Edit
from node.domain.engagements import (
    MAX_COUNTERPARTS,
    STATUS_LABELS,
    Engagement,
    EngagementData,
    EngagementId,
    EngagementStatus,
)
from node.domain.money import CURRENCIES, Money, parse_money, spelled, typed_amount
from node.domain.subjects import MAX_SEARCH_CHARACTERS, parse_identifier
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.subjects.find import get, resolve_exact
from node.web.assessments.changes import Historian
from node.web.assessments.lists import item_of, step_path
from node.web.forms import LOCAL_ID, FormView, address_part, sentence, whole_number
from node.web.partners import Partner, partner_of, understand
from node.web.visits import Requires, Visit, go
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject

ROUTER = APIRouter()
PER_PAGE: Final = 50
MAX_VERSION: Final = 1_000_000
"""Changes of one engagement: a bound for a number that a form sends back."""
_Id = Annotated[EngagementId, address_part(LOCAL_ID)]
_Reader = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_OPEN: Final = frozenset(status for status in EngagementStatus if not status.over)
_OVER: Final = frozenset(EngagementStatus) - _OPEN


@dataclass(frozen=True, slots=True)
class Entry:
    """One engagement, as a list shows it."""

    id: str
    title: str = field(repr=False)
    partners: tuple[str, ...] = field(repr=False)
    kind: str
    status: str
    begins: date | None
    ends: date | None
    amount: str = field(repr=False)
    owner: str = field(repr=False)

    @property
    def path(self) -> str:
        """Where it is read."""
        return path_of(self.id)


@ROUTER.get("/engagements")
def show_list(
    visit: _Reader,
    whose: Annotated[str, Query(pattern="^(mine|all)$")] = "all",
    status: Annotated[str, Query(pattern="^(open|over|any)$")] = "open",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Engagements, last changed first."""
    visit.record("engagements-listed")
    wanted = {"open": _OPEN, "over": _OVER}.get(status)
    with visit.read() as tx:
        found = engagements.list_engagements(
            tx,
            visit.runtime.vault,
            owner=visit.principal.account if whose == "mine" else None,
            statuses=wanted,
            limit=PER_PAGE + 1,
            offset=(page - 1) * PER_PAGE,
        )
        names = display_names(tx, visit.runtime.vault)
    return visit.render(
        "engagements.html",
        items=[_entry(visit, names, each) for each in found[:PER_PAGE]],
        whose=whose,
        shown_status=status,
        page_number=page,
        more=len(found) > PER_PAGE,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE),
    )


@ROUTER.get("/engagements/new")
def show_new(visit: _Writer, subject: Annotated[str, Query(max_length=100)] = "") -> Response:
    """An empty entry, with the partner filled in when one comes from its dossier."""
    return _form(visit, FormView.of(partner=subject.strip(), currency="EUR"), Partner())


@ROUTER.post("/engagements/new")
def do_new(visit: _Writer) -> Response:
    """Record it."""
    form, runtime = visit.form, visit.runtime
    match = understand(runtime, form)
    with visit.write() as tx:
        partner = partner_of(tx, form, match)
        data = _data(tx, form, partner)
        if isinstance(data, FormView):
            return _form(visit, data, partner)
        try:
            made = engagements.create_engagement(
                tx, runtime.vault, runtime.vocabulary, visit.principal.account, data, visit.now
            )
        except FieldError as error:
            return _form(visit, _at_field(form, error), partner)
        visit.note(tx, "engagement-created", made.id)
    return go(path_of(made.id), "engagement-created")


@ROUTER.get("/engagements/{engagement}")
def show_engagement(visit: _Reader, engagement: _Id) -> Response:
    """One engagement with its assessments."""
    runtime = visit.runtime
    visit.record("engagement-read", engagement)
    with visit.read() as tx:
        found = engagements.get_engagement(tx, runtime.vault, engagement)
        assessments = engagements.assessments_of(tx, runtime.vault, engagement)
        names = display_names(tx, runtime.vault)
    return visit.render(
        "engagement.html",
        engagement=found,
        entry=_entry(visit, names, found),
        assessments=[item_of(each, runtime.vocabulary, names) for each in assessments],
        statuses=[(status.value, label) for status, label in STATUS_LABELS.items()],
        vocabulary=runtime.vocabulary,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE),
    )


@ROUTER.get("/engagements/{engagement}/edit")
def show_edit(visit: _Writer, engagement: _Id) -> Response:
    """What is written about it, to be changed."""
    visit.record("engagement-read", engagement)
    with visit.read() as tx:
        found = engagements.get_engagement(tx, visit.runtime.vault, engagement)
    return _form(visit, _filled(found), Partner(), found.id)


@ROUTER.post("/engagements/{engagement}/edit")
def do_edit(visit: _Writer, engagement: _Id) -> Response:
    """Change it, unless somebody else has meanwhile."""
    form, runtime = visit.form, visit.runtime
    match = understand(runtime, form)
    with visit.write() as tx:
        partner = partner_of(tx, form, match)
        data = _data(tx, form, partner)
        if isinstance(data, FormView):
            return _form(visit, data, partner, engagement)
        try:
            engagements.change_engagement(tx, runtime.vault, runtime.vocabulary, engagement, data, _edit_of(visit))
        except FieldError as error:
            return _form(visit, _at_field(form, error), partner, engagement)
        visit.note(tx, "engagement-changed", engagement)
    return go(path_of(engagement), "engagement-saved")


@ROUTER.post("/engagements/{engagement}/status")
def do_status(visit: _Writer, engagement: _Id) -> Response:
    """Say how far it has come."""
    chosen = next((status for status in EngagementStatus if status == visit.form.one("status")), None)
    if chosen is None:
        raise HanseError(Code.INVALID, "choose one of the statuses.")
    with visit.write() as tx:
        engagements.set_status(tx, visit.runtime.vault, engagement, chosen, _edit_of(visit))
        visit.note(tx, "engagement-status", engagement)
    return go(path_of(engagement), "engagement-status")


@ROUTER.post("/engagements/{engagement}/assess")
def do_assess(visit: _Writer, engagement: _Id) -> Response:
    """Begin an assessment of it with what is known already, and go to the first question."""
    runtime = visit.runtime
    with visit.write() as tx:
        head = engagements.head_from(engagements.get_engagement(tx, runtime.vault, engagement))
        made = create_assessment(tx, runtime.vault, runtime.vocabulary, visit.principal.account, head, visit.now)
        visit.note(tx, "assessment-created", made.id)
    first = next_open(made, runtime.vocabulary)
    path = f"/assessments/{made.id}" if first is None else step_path(made.id, first.id)
    return go(path, "assessment-created")


@ROUTER.get("/engagements/{engagement}/history")
def show_history(visit: _Reader, engagement: _Id) -> Response:
    """Every change of one engagement, newest first."""
    runtime = visit.runtime
    visit.record("engagement-history-read", engagement)
    with visit.read() as tx:
        found = engagements.get_engagement(tx, runtime.vault, engagement)
        events = engagements.history(tx, runtime.vault, engagement)
        historian = Historian(tx, runtime.vault, runtime.vocabulary, display_names(tx, runtime.vault), events)
    return visit.render(
        "changes.html",
        title=found.data.title,
        back=path_of(engagement),
        section=("/engagements", "Engagements"),
        lines=historian.lines(),
    )


def path_of(engagement: str) -> str:
    """Where an engagement is read."""
    return f"/engagements/{engagement}"


def _edit_of(visit: Visit) -> Edit:
    version = whole_number(visit.form.one("version"), low=1, high=MAX_VERSION)
    return Edit(account=visit.principal.account, version=version, at=visit.now)


def _entry(visit: Visit, names: Mapping[AccountId, str], engagement: Engagement) -> Entry:
    data = engagement.data
    return Entry(
        id=engagement.id,
        title=data.title,
        partners=tuple(each.label for each in data.counterparts),
        kind=visit.runtime.vocabulary.engagement_kinds[data.kind].label,
        status=STATUS_LABELS[engagement.status],
        begins=data.begins,
        ends=data.ends,
        amount="" if data.amount is None else spelled(data.amount),
        owner=names.get(engagement.owner, ""),
    )


def _data(tx: Transaction, form: FormView, partner: Partner) -> EngagementData | FormView:
    """What the form says, or the form with what is wrong at each field."""
    wrong = {"partner": partner.wrong} if partner.wrong else {}
    others, problem = _others(tx, form)
    if problem:
        wrong["others"] = problem
    begins, ends = _day(form.text("begins")), _day(form.text("ends"))
    for name, day in (("begins", begins), ("ends", ends)):
        if day is None and form.text(name):
            wrong[name] = "Give the day as year-month-day, for example 2026-10-01."
    amount = _amount(form)
    if isinstance(amount, str):
        wrong["amount"] = amount
    if wrong or isinstance(amount, str):
        return form.wrong(wrong)
    main = () if partner.subject is None else (partner.subject,)
    return EngagementData(
        title=form.one("title"),
        counterparts=main + others,
        partner_unit=form.one("partner_unit"),
        our_unit=form.one("our_unit"),
        kind=VocabularyCode(form.one("kind")),
        begins=begins,
        ends=ends,
        amount=amount,
        funder=form.one("funder"),
        technology_domains=tuple(VocabularyCode(code) for code in form.many("technology_domains")),
        governing_law=form.one("governing_law"),
        purpose=form.one("purpose"),
        benefit=form.one("benefit"),
        reference=form.one("reference"),
    )


def _others(tx: Transaction, form: FormView) -> tuple[tuple[Subject, ...], str]:
    """Further organisations, one on each line; each line must mean one of them without doubt."""
    found = []
    lines = [line.strip() for line in form.one("others").splitlines()]
    if len(lines) > MAX_COUNTERPARTS:
        return (), f"At most {MAX_COUNTERPARTS} organisations."
    for number, line in enumerate(lines, start=1):
        if line:
            organisation = resolve_exact(tx, line) if len(line) <= MAX_SEARCH_CHARACTERS else None
            if organisation is None:
                return (), f"Line {number} names no single organisation of the registry. Give its identifier."
            found.append(Subject(id=organisation.id, label=organisation.label))
    return tuple(found), ""


def _amount(form: FormView) -> Money | str | None:
    """What was typed; the words of what is wrong with it; None where no amount was given."""
    if not form.text("amount"):
        return None
    try:
        return parse_money(form.text("amount"), form.text("currency"))
    except HanseError as error:
        return sentence(error.detail)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _at_field(form: FormView, error: FieldError) -> FormView:
    field_of = {"counterparts": "others", "currency": "amount"}
    return form.wrong({field_of.get(error.field, error.field): sentence(error.words)})


def _filled(engagement: Engagement) -> FormView:
    data = engagement.data
    return FormView.of(
        title=data.title,
        partner=data.counterparts[0].id if data.counterparts else "",
        others="\n".join(each.id for each in data.counterparts[1:]),
        partner_unit=data.partner_unit,
        our_unit=data.our_unit,
        kind=data.kind,
        begins=data.begins.isoformat() if data.begins else "",
        ends=data.ends.isoformat() if data.ends else "",
        amount=typed_amount(data.amount) if data.amount else "",
        currency=data.amount.currency if data.amount else "EUR",
        funder=data.funder,
        technology_domains=tuple(data.technology_domains),
        governing_law=data.governing_law,
        purpose=data.purpose,
        benefit=data.benefit,
        reference=data.reference,
        version=str(engagement.version),
    )


def _form(visit: Visit, form: FormView, partner: Partner, engagement: str = "") -> Response:
    vocabulary = visit.runtime.vocabulary
    named = parse_identifier(form.one("partner"))
    with visit.read() as tx:
        found = get(tx, named) if named is not None else None
    return visit.render(
        "engagement_form.html",
        form=form,
        engagement=engagement,
        organisation=found,
        offered=partner.offered,
        kinds=[(term.id, term.label) for term in vocabulary.engagement_kinds.values()],
        domains=[(term.id, term.label, "") for term in vocabulary.technology_domains.values()],
        currencies=[(code, code) for code in sorted(CURRENCIES)],
        status=422 if form.errors else 200,
    )
