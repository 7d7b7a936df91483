"""Correcting and retracting what we have shared, and answering what another member has: drafts like any other."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.circles import roster
from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.publishing import (
    DEFAULT_HANDLING,
    CorrectionContent,
    HeldBack,
    ResponseContent,
    RetractionContent,
)
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft, default_expiry
from node.publishing.publish import draft_correction, draft_retraction, own_statement, prefill_correction
from node.storage import statements
from node.storage.database import Transaction
from node.web.drafts.content import filled_from, read
from node.web.drafts.review import make_preview
from node.web.drafts.writing import form_choices, refused
from node.web.formats import statement_path
from node.web.forms import FormView, address_part
from node.web.visits import Requires, Visit, go
from protocol.identifiers import PATTERN_128_BITS, PATTERN_256_BITS, CircleId, KeyId, StatementId, VocabularyCode
from protocol.sources import source_digests
from protocol.statements import (
    FindingBody,
    Grade,
    Period,
    RelationBody,
    ResponseBody,
    Target,
)

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(f"^{PATTERN_256_BITS}$")]
_Contributor = Annotated[KeyId, address_part(f"^{PATTERN_256_BITS}$")]
_Statement = Annotated[StatementId, address_part(f"^{PATTERN_128_BITS}$")]
_Writer = Annotated[Visit, Depends(Requires(Permission.DRAFTS_WRITE))]
_SOME_REASON = VocabularyCode("wording")


@ROUTER.get("/drafts/correct/{circle}/{statement}")
def show_correct(visit: _Writer, circle: _Circle, statement: _Statement) -> Response:
    """The finding as it stands, to be corrected."""
    with visit.read() as tx:
        content = prefill_correction(tx, visit.runtime.vault, circle, statement, _SOME_REASON, visit.now)
        found = own_statement(tx, circle, statement, visit.now)
        expires = day_of(found.statement.exp)
    form = filled_from(content, expires)
    return _correction(visit, FormView({**form.values, "reason": ()}), content, circle)


@ROUTER.post("/drafts/correct/{circle}/{statement}")
def do_correct(visit: _Writer, circle: _Circle, statement: _Statement) -> Response:
    """Begin the correction."""
    runtime = visit.runtime
    with visit.read() as tx:
        before = prefill_correction(tx, runtime.vault, circle, statement, _SOME_REASON, visit.now)
    changed = read(visit.form, before, runtime.vocabulary)
    if isinstance(changed, FormView):
        return _correction(visit, changed, before, circle)
    content, expires = changed
    if not isinstance(content, CorrectionContent):
        raise HanseError(Code.INVALID, "a correction was expected.")
    try:
        with visit.write() as tx:
            draft = draft_correction(
                tx, runtime.vault, visit.principal.account, circle, content, expires=expires, now=visit.now
            )
            visit.note(tx, "draft-created", draft.id)
    except HanseError as error:
        return _correction(visit, refused(visit.form, error), before, circle)
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


@ROUTER.get("/drafts/retract/{circle}/{statement}")
def show_retract(visit: _Writer, circle: _Circle, statement: _Statement) -> Response:
    """Ask why."""
    return _retraction(visit, FormView(), circle, statement)


@ROUTER.post("/drafts/retract/{circle}/{statement}")
def do_retract(visit: _Writer, circle: _Circle, statement: _Statement) -> Response:
    """Begin the retraction. It too is seen by a second person."""
    runtime = visit.runtime
    reason = next((code for code in runtime.vocabulary.retraction_reasons if code == visit.form.one("reason")), None)
    if reason is None:
        return _retraction(visit, visit.form.wrong({"reason": "Choose a reason."}), circle, statement)
    with visit.write() as tx:
        content = RetractionContent(target=statement, reason=reason)
        draft = draft_retraction(tx, runtime.vault, visit.principal.account, circle, content, visit.now)
        visit.note(tx, "draft-created", draft.id)
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


@ROUTER.get("/drafts/respond/{contributor}/{statement}")
def show_respond(visit: _Writer, contributor: _Contributor, statement: _Statement) -> Response:
    """An answer to another member's finding or observed tie, from our own evidence."""
    with visit.read() as tx:
        target = _target(visit, tx, contributor, statement)
        expires = default_expiry(roster(tx, target.circle), _half_life(visit, target), visit.now)
    form = filled_from(_response(visit, target, ()), expires)
    empty = dict.fromkeys(("stance", "reliability", "credibility", "evidence_kinds"), ())
    return _responding(visit, FormView({**form.values, **empty}), target)


@ROUTER.post("/drafts/respond/{contributor}/{statement}")
def do_respond(visit: _Writer, contributor: _Contributor, statement: _Statement) -> Response:
    """Begin it."""
    form, runtime = visit.form, visit.runtime
    with visit.read() as tx:
        target = _target(visit, tx, contributor, statement)
    lines = tuple(line.strip() for line in form.one("sources").splitlines() if line.strip())
    changed = read(form, _response(visit, target, lines), runtime.vocabulary)
    if isinstance(changed, FormView):
        return _responding(visit, changed, target)
    content, expires = changed
    try:
        with visit.write() as tx:
            draft = create_draft(
                tx, runtime.vault, visit.principal.account, target.circle, content, expires=expires, now=visit.now
            )
            visit.note(tx, "draft-created", draft.id)
    except HanseError as error:
        return _responding(visit, refused(form, error), target)
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


def _target(visit: Visit, tx: Transaction, contributor: KeyId, statement: StatementId) -> StoredStatement:
    """A finding or tie of another member that still counts."""
    found = statements.find_shown(tx, contributor, statement, now=visit.now)
    if found is None or not isinstance(found.body, FindingBody | RelationBody):
        raise HanseError(Code.NOT_FOUND, "this node holds no finding or tie of this name.")
    if contributor in roster(tx, found.circle).own_keys:
        raise HanseError(Code.CONFLICT, "this is our own statement.", remedy="Correct or retract it.")
    if not found.counts:
        raise HanseError(Code.CONFLICT, f"this statement is {found.state}.")
    return found


def _response(visit: Visit, target: StoredStatement, sources: tuple[str, ...]) -> ResponseContent:
    today = day_of(visit.now)
    body = ResponseBody(
        target=Target(contributor=target.contributor, id=target.statement.id),
        stance="adds-context",
        observed=Period(start=today, end=today),
        grade=Grade(reliability="F", credibility=6),
        evidence_kinds=(next(iter(visit.runtime.vocabulary.evidence_sources)),),
        sources=source_digests(sources),
        summary="",
        handling=DEFAULT_HANDLING,
    )
    return ResponseContent(body=body, held_back=HeldBack())


def _half_life(visit: Visit, target: StoredStatement) -> int | None:
    body = target.body
    indicator = visit.runtime.vocabulary.indicators.get(body.indicator) if isinstance(body, FindingBody) else None
    return indicator.half_life_months if indicator else None


def _about(target: StoredStatement) -> str:
    return target.body.subject.label if isinstance(target.body, FindingBody | RelationBody) else ""


def _correction(visit: Visit, form: FormView, content: CorrectionContent, circle: CircleId) -> Response:
    label = visit.runtime.vocabulary.indicators[content.body.indicator].label
    target = f"{circle}/{content.target}"
    return _form(
        visit, form, f"Correct: {label}", content.body.subject.label, circle, f"/drafts/correct/{target}", content
    )


def _responding(visit: Visit, form: FormView, target: StoredStatement) -> Response:
    body = target.body
    label = "An observed tie"
    if isinstance(body, FindingBody) and body.indicator in visit.runtime.vocabulary.indicators:
        label = visit.runtime.vocabulary.indicators[body.indicator].label
    return _form(
        visit,
        form,
        f"Answer: {label}",
        _about(target),
        target.circle,
        f"/drafts/respond/{target.shown}/{target.statement.id}",
        _response(visit, target, ()),
        back=statement_path(*target.shown_name),
    )


def _form(
    visit: Visit,
    form: FormView,
    heading: str,
    about: str,
    circle: CircleId,
    action: str,
    content: CorrectionContent | ResponseContent,
    *,
    back: str = "/shared",
) -> Response:
    with visit.read() as tx:
        name = roster(tx, circle).charter.name
    return visit.render(
        "draft_form.html",
        form=form,
        action=action,
        hidden={},
        back=back,
        heading=heading,
        about=about,
        circle=name,
        notes=(),
        status=422 if form.errors else 200,
        **form_choices(visit.runtime.vocabulary, content),
    )


def _retraction(visit: Visit, form: FormView, circle: CircleId, statement: StatementId) -> Response:
    with visit.read() as tx:
        target = own_statement(tx, circle, statement, visit.now)
        name = roster(tx, circle).charter.name
    reasons = visit.runtime.vocabulary.retraction_reasons.values()
    return visit.render(
        "retract.html",
        form=form,
        action=f"/drafts/retract/{circle}/{statement}",
        statement_path=statement_path(*target.shown_name),
        about=_about(target),
        circle=name,
        reasons=[(term.id, term.label, term.definition) for term in reasons],
        status=422 if form.errors else 200,
    )
