"""Beginning an assessment, changing its head, closing it and opening it again."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.casework.assessments import change_assessment, create_assessment, get_assessment, grow, set_status
from node.casework.checks import FieldError
from node.casework.engagements import get_engagement, head_from
from node.casework.tiers import next_open
from node.domain.accounts import Permission
from node.domain.casework import (
    MAX_TITLE_CHARACTERS,
    Assessment,
    AssessmentData,
    AssessmentId,
    AssessmentStatus,
    Edit,
)
from node.domain.engagements import EngagementId
from node.domain.subjects import parse_identifier
from node.subjects.find import get
from node.web.assessments.lists import path_of, step_path
from node.web.forms import LOCAL_ID, FormView, address_part, sentence, whole_number
from node.web.partners import Partner, partner_of, understand
from node.web.visits import Requires, Visit, go
from protocol.identifiers import VocabularyCode
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
MAX_VERSION: Final = 1_000_000
"""Changes of one assessment: a bound for a number that a form sends back."""
_Id = Annotated[AssessmentId, address_part(LOCAL_ID)]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]


@ROUTER.get("/assessments/new")
def show_new(
    visit: _Writer,
    subject: Annotated[str, Query(max_length=100)] = "",
    engagement: Annotated[str, Query(max_length=22)] = "",
) -> Response:
    """An empty head, with the partner filled in when one comes from its dossier, or all that an engagement says."""
    if engagement:
        with visit.read() as tx:
            head = head_from(get_engagement(tx, visit.runtime.vault, EngagementId(engagement)))
        return _form(visit, _of(head), Partner())
    return _form(visit, FormView.of(partner=subject.strip()), Partner())


@ROUTER.post("/assessments/new")
def do_new(visit: _Writer) -> Response:
    """Begin it, and go to the first question where that was asked for."""
    form, runtime = visit.form, visit.runtime
    match = understand(runtime, form)
    with visit.write() as tx:
        partner = partner_of(tx, form, match)
        if partner.wrong:
            return _form(visit, form.wrong({"partner": partner.wrong}), partner)
        data = _titled(_data(form, partner), runtime.vocabulary)
        try:
            made = create_assessment(tx, runtime.vault, runtime.vocabulary, visit.principal.account, data, visit.now)
        except FieldError as error:
            return _form(visit, form.wrong({error.field: sentence(error.words)}), partner)
        visit.note(tx, "assessment-created", made.id)
    first = next_open(made, runtime.vocabulary)
    if form.one("then") == "next" and first is not None:
        return go(step_path(made.id, first.id), "assessment-created")
    return go(path_of(made.id), "assessment-created")


@ROUTER.get("/assessments/{assessment}/edit")
def show_edit(visit: _Writer, assessment: _Id) -> Response:
    """The head, to be changed."""
    visit.record("assessment-read", assessment)
    with visit.read() as tx:
        found = get_assessment(tx, visit.runtime.vault, assessment)
    return _form(visit, _filled(found), Partner(), found.id)


@ROUTER.post("/assessments/{assessment}/edit")
def do_edit(visit: _Writer, assessment: _Id) -> Response:
    """Change it, unless somebody else has meanwhile."""
    form, runtime = visit.form, visit.runtime
    match = understand(runtime, form)
    with visit.write() as tx:
        partner = partner_of(tx, form, match)
        if partner.wrong:
            return _form(visit, form.wrong({"partner": partner.wrong}), partner, assessment)
        try:
            change_assessment(tx, runtime.vault, runtime.vocabulary, assessment, _data(form, partner), edit_of(visit))
        except FieldError as error:
            return _form(visit, form.wrong({error.field: sentence(error.words)}), partner, assessment)
        visit.note(tx, "assessment-changed", assessment)
    return go(path_of(assessment), "assessment-saved")


@ROUTER.post("/assessments/{assessment}/status")
def do_status(visit: _Writer, assessment: _Id) -> Response:
    """Close it against changes, or open it again."""
    closing = visit.form.one("status") == AssessmentStatus.CLOSED
    status = AssessmentStatus.CLOSED if closing else AssessmentStatus.OPEN
    with visit.write() as tx:
        set_status(tx, visit.runtime.vault, assessment, status, edit_of(visit))
        visit.note(tx, "assessment-closed" if closing else "assessment-reopened", assessment)
    return go(path_of(assessment), "assessment-closed" if closing else "assessment-reopened")


@ROUTER.post("/assessments/{assessment}/grow")
def do_grow(visit: _Writer, assessment: _Id) -> Response:
    """Ask the full tier because an officer says so."""
    with visit.write() as tx:
        grow(tx, visit.runtime.vault, assessment, edit_of(visit))
        visit.note(tx, "assessment-grown", assessment)
    return go(path_of(assessment), "assessment-grown")


def edit_of(visit: Visit) -> Edit:
    """Who changes, and which version of the assessment the form was made from."""
    version = whole_number(visit.form.one("version"), low=1, high=MAX_VERSION)
    return Edit(account=visit.principal.account, version=version, at=visit.now)


def _data(form: FormView, partner: Partner) -> AssessmentData:
    return AssessmentData(
        title=form.one("title"),
        subject=partner.subject,
        unit=form.one("unit"),
        engagement_kind=VocabularyCode(form.one("engagement_kind")),
        technology_domains=tuple(VocabularyCode(code) for code in form.many("technology_domains")),
        purpose=form.one("purpose"),
        benefit=form.one("benefit"),
        reference=form.one("reference"),
        engagement=EngagementId(form.one("engagement")) if form.one("engagement") else None,
    )


def _titled(data: AssessmentData, vocabulary: Vocabulary) -> AssessmentData:
    """With a working title where nobody typed one and partner and kind say enough."""
    kind = vocabulary.engagement_kinds.get(data.engagement_kind)
    if data.title.strip() or data.subject is None or kind is None:
        return data
    return replace(data, title=f"{kind.label}: {data.subject.label}"[:MAX_TITLE_CHARACTERS])


def _filled(assessment: Assessment) -> FormView:
    form = _of(assessment.data)
    return FormView({**form.values, "version": (str(assessment.version),)})


def _of(data: AssessmentData) -> FormView:
    return FormView.of(
        title=data.title,
        partner=data.subject.id if data.subject else "",
        unit=data.unit,
        engagement_kind=data.engagement_kind,
        technology_domains=tuple(data.technology_domains),
        purpose=data.purpose,
        benefit=data.benefit,
        reference=data.reference,
        engagement=data.engagement or "",
    )


def _form(visit: Visit, form: FormView, partner: Partner, assessment: str = "") -> Response:
    vocabulary = visit.runtime.vocabulary
    named = parse_identifier(form.one("partner"))
    with visit.read() as tx:
        organisation = get(tx, named) if named is not None else None
    return visit.render(
        "assessment_form.html",
        form=form,
        assessment=assessment,
        organisation=organisation,
        offered=partner.offered,
        kinds=[(term.id, term.label) for term in vocabulary.engagement_kinds.values()],
        domains=[(term.id, term.label, "") for term in vocabulary.technology_domains.values()],
        status=422 if form.errors else 200,
    )
