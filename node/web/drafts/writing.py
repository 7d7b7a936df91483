"""Writing a draft: begun from an answer with what can be taken over, then changed until it says what it should."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.casework.assessments import answer_of, get_assessment
from node.casework.drafts import Prefill, prefill_finding
from node.circles import list_circles, roster
from node.domain.accounts import Permission
from node.domain.casework import Answer, AnswerId, Assessment, AssessmentId
from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    Draft,
    DraftContent,
    DraftId,
    DraftState,
    FindingContent,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
)
from node.domain.retention import usual_words
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft, edit_draft, get_draft
from node.storage.database import Transaction
from node.web.drafts.content import filled, filled_from, read
from node.web.drafts.lists import title_of
from node.web.drafts.review import make_preview
from node.web.forms import LOCAL_ID, FormView, address_part, whole_number
from node.web.visits import Requires, Visit, go
from protocol.identifiers import CircleId
from protocol.statements import MIN_ROOTS_FOR_CONFIRMED
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
_MAX_VERSION = 1_000_000
_TEMPLATES = {
    "reply": "reply_change.html",
    "attribution": "draft_until.html",
    "sponsored": "draft_until.html",
    "token": "draft_until.html",
}
_KINDS: Final[Mapping[type[DraftContent], str]] = {
    FindingContent: "finding",
    CorrectionContent: "correction",
    RelationContent: "relation",
    ResponseContent: "response",
    RetractionContent: "retraction",
    ReplyContent: "reply",
    AttributionContent: "attribution",
    TokenContent: "token",
    SponsorAskContent: "finding",
    SponsoredContent: "sponsored",
}
_Id = Annotated[DraftId, address_part(LOCAL_ID)]
_Writer = Annotated[Visit, Depends(Requires(Permission.DRAFTS_WRITE))]
_Case = Annotated[str, Query(), address_part(LOCAL_ID)]
_Circle = Annotated[str, Query(max_length=43)]


@ROUTER.get("/drafts/new")
def show_new(visit: _Writer, assessment: _Case, answer: _Case, circle: _Circle = "") -> Response:
    """A finding to be: first for which circle, then with everything that the answer gives."""
    case = AssessmentId(assessment), AnswerId(answer)
    visit.record("assessment-read", assessment)
    with visit.read() as tx:
        found, given = _case(visit, tx, case)
        circles = list_circles(tx)
        chosen = next((each.id for each in circles if each.id == circle), None)
        if chosen is None and len(circles) == 1:
            chosen = circles[0].id
        prefill = None if chosen is None else _prefill(visit, tx, found, given, chosen)
    if chosen is None or prefill is None:
        return visit.render("draft_circle.html", assessment=found, answer=given, circles=circles)
    form = filled_from(prefill.content, prefill.expires)
    return _new_form(visit, form, prefill, case, chosen)


@ROUTER.post("/drafts/new")
def do_new(visit: _Writer) -> Response:
    """Keep it as a draft, with its first preview."""
    form, runtime = visit.form, visit.runtime
    case = AssessmentId(form.one("assessment")), AnswerId(form.one("answer"))
    circle = CircleId(form.one("circle"))
    with visit.read() as tx:
        found, given = _case(visit, tx, case)
        prefill = _prefill(visit, tx, found, given, circle)
    changed = read(form, prefill.content, runtime.vocabulary)
    if isinstance(changed, FormView):
        return _new_form(visit, changed, prefill, case, circle)
    content, expires = changed
    try:
        with visit.write() as tx:
            draft = create_draft(
                tx,
                runtime.vault,
                visit.principal.account,
                circle,
                content,
                expires=expires,
                case=case,
                now=visit.now,
            )
            visit.note(tx, "draft-created", draft.id)
    except HanseError as error:
        return _new_form(visit, refused(form, error), prefill, case, circle)
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


@ROUTER.get("/drafts/{draft}/edit")
def show_edit(visit: _Writer, draft: _Id) -> Response:
    """The draft, to be changed by its author."""
    visit.record("draft-read", draft)
    with visit.read() as tx:
        found = get_draft(tx, visit.runtime.vault, draft)
    if found.author != visit.principal.account or found.state not in {DraftState.DRAFT, DraftState.SENT_BACK}:
        raise HanseError(
            Code.CONFLICT,
            "only its author can change a draft, and only before it is handed over.",
            remedy="Send it back with a note, or withdraw it and begin again.",
        )
    return _edit_form(visit, filled(found), found)


@ROUTER.post("/drafts/{draft}/edit")
def do_edit(visit: _Writer, draft: _Id) -> Response:
    """Change it, and make a new preview of what would leave."""
    form, runtime = visit.form, visit.runtime
    with visit.read() as tx:
        found = get_draft(tx, runtime.vault, draft)
    changed = read(form, found.content, runtime.vocabulary)
    if isinstance(changed, FormView):
        return _edit_form(visit, changed, found)
    content, expires = changed
    try:
        with visit.write() as tx:
            edit_draft(
                tx,
                runtime.vault,
                visit.principal.account,
                draft,
                content,
                expires=expires,
                version=whole_number(form.one("version"), low=1, high=_MAX_VERSION),
                now=visit.now,
            )
            visit.note(tx, "draft-changed", draft)
    except HanseError as error:
        return _edit_form(visit, refused(form, error), found)
    make_preview(visit, draft)
    return go(f"/drafts/{draft}", "draft-saved")


def refused(form: FormView, error: HanseError) -> FormView:
    """The form with a refusal at the field that it names, where it names one; anything else is raised again."""
    if error.code != Code.INVALID:
        raise error
    field, _, words = error.detail.partition(": ")
    name = field.removeprefix("held_back.").split("[")[0]
    if words and name in {"expires", "narrative", "evidence", "engagement", "contact", "note", "replied"}:
        return form.wrong({name: words[:1].upper() + words[1:]})
    return form.refused(error)


def form_choices(vocabulary: Vocabulary, content: DraftContent) -> dict[str, object]:
    """What the fields of a draft's form offer."""
    reasons = vocabulary.correction_reasons if isinstance(content, CorrectionContent) else vocabulary.retraction_reasons
    scopes = [(term.id, term.label) for term in vocabulary.technology_domains.values()]
    exchanged = (source for source in vocabulary.evidence_sources.values() if source.exchanged)
    sources = _sources(content)
    lowest = 1 if sources >= MIN_ROOTS_FOR_CONFIRMED else 2
    return {
        "content": content,
        "life": _life(vocabulary, content),
        "kind": _kind(content),
        "sources": sources,
        "scopes": [("whole", "The whole organisation"), *scopes],
        "strengths": [(value, label, "") for value, label in vocabulary.strengths.items()],
        "reliabilities": [(value, f"{value} \u2013 {label}") for value, label in vocabulary.reliabilities.items()],
        "credibilities": [
            (value, f"{value} \u2013 {label}") for value, label in vocabulary.credibilities.items() if value >= lowest
        ],
        "evidence_kinds": [(source.id, source.label, "") for source in exchanged],
        "domains": [(term.id, term.label, "") for term in vocabulary.technology_domains.values()],
        "engagement_kinds": [(term.id, term.label) for term in vocabulary.engagement_kinds.values()],
        "mitigations": [(term.id, term.label, "") for term in vocabulary.mitigations.values()],
        "handlings": handling_choices(vocabulary),
        "stances": [(term.id, term.label, term.definition) for term in vocabulary.stances.values()],
        "relations": [(term.id, term.label) for term in vocabulary.relations.values()],
        "verifications": verification_choices(vocabulary),
        "reasons": [(term.id, term.label, term.definition) for term in reasons.values()],
    }


def _life(vocabulary: Vocabulary, content: DraftContent) -> str:
    """For how long a finding is kept unless its author says otherwise."""
    body = content.body if isinstance(content, FindingContent | CorrectionContent) else None
    indicator = None if body is None else vocabulary.indicators.get(body.indicator)
    return "" if indicator is None else usual_words(indicator.half_life_months)


def handling_choices(vocabulary: Vocabulary) -> list[tuple[str, str, str]]:
    """Every marking that may travel."""
    return [(term.value, f"{term.value}: {term.label}", term.definition) for term in vocabulary.handlings.values()]


def verification_choices(vocabulary: Vocabulary) -> list[tuple[str, str, str]]:
    """Every way in which it can be made sure who replies."""
    return [(term.id, term.label, term.definition) for term in vocabulary.reply_verifications.values()]


def _case(visit: Visit, tx: Transaction, case: tuple[AssessmentId, AnswerId]) -> tuple[Assessment, Answer]:
    found = get_assessment(tx, visit.runtime.vault, case[0])
    return found, answer_of(found, case[1])


def _prefill(visit: Visit, tx: Transaction, assessment: Assessment, answer: Answer, circle: CircleId) -> Prefill:
    return prefill_finding(assessment, answer, roster(tx, circle), visit.runtime.vocabulary, contact="", now=visit.now)


def _new_form(
    visit: Visit, form: FormView, prefill: Prefill, case: tuple[AssessmentId, AnswerId], circle: CircleId
) -> Response:
    with visit.read() as tx:
        name = roster(tx, circle).charter.name
    body = prefill.content.body
    return visit.render(
        "draft_form.html",
        form=form,
        action="/drafts/new",
        hidden={"assessment": case[0], "answer": case[1], "circle": circle},
        back=f"/assessments/{case[0]}",
        heading=visit.runtime.vocabulary.indicators[body.indicator].label,
        about=body.subject.label,
        circle=name,
        notes=prefill.notes,
        status=422 if form.errors else 200,
        **form_choices(visit.runtime.vocabulary, prefill.content),
    )


def _edit_form(visit: Visit, form: FormView, draft: Draft) -> Response:
    with visit.read() as tx:
        name = roster(tx, draft.circle).charter.name
    heading, about = title_of(draft, visit.runtime.vocabulary)
    return visit.render(
        _TEMPLATES.get(_kind(draft.content), "draft_form.html"),
        form=form,
        action=f"/drafts/{draft.id}/edit",
        hidden={"version": form.one("version")},
        back=f"/drafts/{draft.id}",
        heading=heading,
        about=about,
        circle=name,
        notes=(),
        status=422 if form.errors else 200,
        **form_choices(visit.runtime.vocabulary, draft.content),
    )


def _kind(content: DraftContent) -> str:
    """What decides on the fields of the form."""
    return _KINDS[type(content)]


def _sources(content: DraftContent) -> int:
    match content:
        case FindingContent(body=body) | CorrectionContent(body=body) | SponsorAskContent(body=body):
            return len(body.sources)
        case RelationContent(body=relation):
            return len(relation.sources)
        case ResponseContent(body=response):
            return len(response.sources)
        case RetractionContent() | ReplyContent() | AttributionContent() | TokenContent() | SponsoredContent():
            return 0
