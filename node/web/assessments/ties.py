"""Private ties: what an officer notes of who is tied to whom. Other pages get from here what they may show."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.casework.assessments import get_assessment
from node.casework.ties import TieData, all_ties, forget_tie, note_tie, ties_of
from node.domain.accounts import Permission
from node.domain.casework import AssessmentId, AssessmentStatus
from node.domain.graph import MAX_NOTE_CHARACTERS, OwnTie
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.web.forms import LOCAL_ID, FormView, address_part
from node.web.partners import Partner, partner_of, understand
from node.web.visits import Requires, Visit, go
from protocol.statements import Grade, Period, Reliability, Subject
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
_INVERSE = "~"
"""Before a code that is meant the other way round: the other organisation does it to this one."""
_Id = Annotated[AssessmentId, address_part(LOCAL_ID)]
_TieId = Annotated[str, address_part(LOCAL_ID)]
_Visit = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]


def own_ties(visit: Visit, tx: Transaction) -> Sequence[OwnTie]:
    """Our private ties, for a visitor who may read casework; none for anybody else."""
    return all_ties(tx, visit.runtime.vault) if visit.may(Permission.ASSESSMENTS_READ) else ()


@ROUTER.get("/assessments/{assessment}/ties")
def show_ties(visit: _Visit, assessment: _Id) -> Response:
    """What is noted, and the form for a further one."""
    return _page(visit, assessment, FormView(), Partner())


@ROUTER.post("/assessments/{assessment}/ties")
def do_tie(visit: _Writer, assessment: _Id) -> Response:
    """Note one."""
    form, runtime = visit.form, visit.runtime
    match = understand(runtime, form)
    with visit.read() as tx:
        partner = partner_of(tx, form, match)
        here = get_assessment(tx, runtime.vault, assessment).data.subject
    data = _data(form, here, partner, runtime.vocabulary)
    if isinstance(data, FormView):
        return _page(visit, assessment, data, partner)
    try:
        with visit.write() as tx:
            made = note_tie(tx, runtime.vault, runtime.vocabulary, visit.principal.account, assessment, data, visit.now)
            visit.note(tx, "private-tie-noted", made.id)
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.TOO_LARGE, Code.CONFLICT}:
            raise
        return _page(visit, assessment, form.refused(error), partner)
    return go(f"/assessments/{assessment}/ties", "tie-noted")


@ROUTER.post("/assessments/{assessment}/ties/{tie}/remove")
def do_remove(visit: _Writer, assessment: _Id, tie: _TieId) -> Response:
    """Forget one."""
    with visit.write() as tx:
        forget_tie(tx, visit.runtime.vault, assessment, tie)
        visit.note(tx, "private-tie-removed", tie)
    return go(f"/assessments/{assessment}/ties", "tie-removed")


def _data(form: FormView, here: Subject | None, partner: Partner, vocabulary: Vocabulary) -> TieData | FormView:
    """What the form says, or the form with what is wrong at each field."""
    observed, grade = _period(form), _grade(form, vocabulary)
    code, inverse = form.one("relation").removeprefix(_INVERSE), form.one("relation").startswith(_INVERSE)
    relation = next((each for each in vocabulary.relations if each == code), None)
    other = partner.subject
    wrong: dict[str, str] = {}
    if here is None:
        wrong[""] = "First say in the head of the assessment which organisation it is about."
    if relation is None:
        wrong["relation"] = "Choose how the two are tied."
    if other is None or partner.wrong:
        wrong["partner"] = partner.wrong or "Name the other organisation."
    if observed is None:
        wrong["observed_from"] = "Give two days as year-month-day, the first not after the last."
    if grade is None:
        wrong["reliability"] = "Grade the source and the information."
    if wrong or here is None or other is None or relation is None or observed is None or grade is None:
        return form.wrong(wrong)
    subject, tied = (other, here) if inverse else (here, other)
    return TieData(
        subject=subject, relation=relation, object=tied, observed=observed, grade=grade, note=form.one("note")
    )


def _period(form: FormView) -> Period | None:
    try:
        start, end = (date.fromisoformat(form.text(name)) for name in ("observed_from", "observed_until"))
    except ValueError:
        return None
    return Period(start=start, end=end) if start <= end else None


def _grade(form: FormView, vocabulary: Vocabulary) -> Grade | None:
    reliability: Reliability | None = next((v for v in vocabulary.reliabilities if v == form.one("reliability")), None)
    credibility = next((v for v in vocabulary.credibilities if str(v) == form.one("credibility")), None)
    if reliability is None or credibility is None:
        return None
    return Grade(reliability=reliability, credibility=credibility)


def _relations(vocabulary: Vocabulary, here: str) -> list[tuple[str, str]]:
    """Both directions of every relation, as a sentence that begins with this organisation."""
    found: list[tuple[str, str]] = []
    for each in vocabulary.relations.values():
        found.append((each.id, f"{here} {each.label} \u2026"))
        if not each.symmetric:
            found.append((_INVERSE + each.id, f"{here} {each.inverse_label} \u2026"))
    return found


def _page(visit: Visit, assessment: AssessmentId, form: FormView, partner: Partner) -> Response:
    visit.record("private-ties-read", assessment)
    vocabulary = visit.runtime.vocabulary
    with visit.read() as tx:
        found = get_assessment(tx, visit.runtime.vault, assessment)
        noted = ties_of(tx, visit.runtime.vault, assessment)
    here = found.data.subject
    return visit.render(
        "private_ties.html",
        form=form,
        assessment=found,
        here=here,
        noted=noted,
        offered=partner.offered,
        relations=_relations(vocabulary, here.label if here else "It"),
        reliabilities=[(value, f"{value} \u2013 {label}") for value, label in vocabulary.reliabilities.items()],
        credibilities=[(value, f"{value} \u2013 {label}") for value, label in vocabulary.credibilities.items()],
        most=MAX_NOTE_CHARACTERS,
        vocabulary=vocabulary,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE) and found.status is AssessmentStatus.OPEN,
        status=422 if form.errors else 200,
    )
