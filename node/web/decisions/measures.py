"""Measures: adding one to the decision that stands, postponing it, saying what became of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Response

from node.casework.checks import FieldError
from node.casework.decisions import add_measure, change_measure, measure_of
from node.casework.record import RESULTS
from node.domain.decisions import Measure, MeasureData, MeasureId, MeasureResult, MeasureState
from node.errors import Code, HanseError
from node.web.decisions.desk import (
    CaseId,
    Decider,
    Desk,
    Kind,
    edit_of,
    open_desk,
    path_of,
    ref_of,
    typed_day,
    wrong_days,
)
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.visits import Visit, go
from protocol.identifiers import VocabularyCode

ROUTER = APIRouter()
_Measure = Annotated[MeasureId, address_part(LOCAL_ID)]
_STATES: Final = (
    (MeasureState.OPEN.value, "Still to be done", ""),
    (MeasureState.DONE.value, "Done", ""),
    (MeasureState.DROPPED.value, "Dropped", "It is not needed any more, or cannot be had: say why below."),
)


@ROUTER.get("/decisions/{kind}/{case}/measures/new")
def show_new(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """A further measure."""
    desk = open_desk(visit, kind, case)
    return _page(visit, desk, FormView.of(state="open", version=str(desk.case.version)))


@ROUTER.post("/decisions/{kind}/{case}/measures/new")
def do_new(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """Add it."""
    return _store(visit, kind, case, None)


@ROUTER.get("/decisions/{kind}/{case}/measures/{measure}")
def show_measure(visit: Decider, kind: Kind, case: CaseId, measure: _Measure) -> Response:
    """One measure, to be changed."""
    desk = open_desk(visit, kind, case)
    found = measure_of(desk.case, measure)
    return _page(visit, desk, _filled(found, desk.case.version), measure)


@ROUTER.post("/decisions/{kind}/{case}/measures/{measure}")
def do_measure(visit: Decider, kind: Kind, case: CaseId, measure: _Measure) -> Response:
    """Change it."""
    return _store(visit, kind, case, measure)


def _store(visit: Visit, kind: str, case: str, measure: MeasureId | None) -> Response:
    runtime, form = visit.runtime, visit.form
    data = _data(form)
    if isinstance(data, dict):
        return _page(visit, open_desk(visit, kind, case), form.wrong(data), measure or "")
    try:
        with visit.write() as tx:
            ref = ref_of(visit, tx, kind, case)
            if measure is None:
                made = add_measure(tx, runtime.vault, runtime.vocabulary, ref, data, edit_of(visit))
            else:
                made = change_measure(tx, runtime.vault, runtime.vocabulary, ref, measure, data, edit_of(visit))
            visit.note(tx, "measure-changed" if measure else "measure-added", made.id)
    except FieldError as error:
        wrong = form.wrong({error.field: sentence(error.words)})
        return _page(visit, open_desk(visit, kind, case), wrong, measure or "")
    return go(path_of(ref), "measure-saved", "measures")


def _data(form: FormView) -> MeasureData | dict[str, str]:
    due, wrong = typed_day(form, "due"), wrong_days(form, ("due", "done"))
    state = next((each for each in MeasureState if form.has("state", each.value)), None)
    result = next((each for each in MeasureResult if form.has("result", each.value)), None)
    if not form.one("measure"):
        wrong["measure"] = "Choose the measure."
    if not form.text("owner"):
        wrong["owner"] = "Say who sees to it."
    if due is None:
        wrong["due"] = "Say until when."
    if state is None:
        wrong["state"] = "Say whether it is still to be done."
    if wrong or due is None or state is None:
        return wrong
    return MeasureData(
        measure=VocabularyCode(form.one("measure")),
        words=form.one("words"),
        owner=form.one("owner"),
        due=due,
        state=state,
        done=typed_day(form, "done"),
        result=result,
        result_words=form.one("result_words"),
    )


def _filled(measure: Measure, version: int) -> FormView:
    data = measure.data
    return FormView.of(
        measure=data.measure,
        words=data.words,
        owner=data.owner,
        due=data.due.isoformat(),
        state=data.state.value,
        done=data.done.isoformat() if data.done else "",
        result=data.result.value if data.result else "",
        result_words=data.result_words,
        version=str(version),
    )


def _page(visit: Visit, desk: Desk, form: FormView, measure: str = "") -> Response:
    if desk.case.standing is None:
        raise HanseError(
            Code.CONFLICT, "a measure belongs to a decision, and nobody has decided yet.", remedy="Record it with one."
        )
    vocabulary = visit.runtime.vocabulary
    return visit.render(
        "measure.html",
        desk=desk,
        form=form,
        measure=measure,
        measures=[(term.id, term.label) for term in vocabulary.mitigations.values()],
        states=_STATES,
        results=[(result.value, words) for result, words in RESULTS.items()],
        status=422 if form.errors else 200,
    )
