"""Recording a decision: a form with no outcome ticked and no figure near it, under what is known, in words."""

from typing import Final

from fastapi import APIRouter, Response

from node.casework.checks import FieldError
from node.casework.decisions import Act, checked_measure, record_decision
from node.casework.record import MARK, question_entry, state_of
from node.clock import day_of
from node.domain.decisions import DecisionData, MeasureData
from node.errors import Code, HanseError
from node.web.decisions.desk import (
    CaseId,
    Decider,
    Desk,
    Kind,
    desk_of,
    edit_of,
    open_desk,
    path_of,
    ref_of,
    typed_day,
    wrong_days,
)
from node.web.decisions.pool import Known, known_of
from node.web.forms import FormView, sentence, whole_number
from node.web.visits import Visit, go
from protocol.identifiers import VocabularyCode
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
FIRST_ROWS: Final = 2
MORE_ROWS: Final = 3
MAX_ROWS: Final = 20
"""Measures in one form; further ones are added to the decision one by one."""
_ROW: Final = ("measure", "owner", "due", "words")
_CHANGED: Final = (
    "Something in this case or in the pool has changed since you opened this page. It is shown here as it stands now. "
    "Nothing was recorded: read it again, and record the decision if it is still the same."
)
_ORDER: Final = ("outcome", "office", "decided", "reasons", "follow_up", "measures", "review")


@ROUTER.get("/decisions/{kind}/{case}/new")
def show_new(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """The form, with what is known of the case and of its partners above it."""
    desk = open_desk(visit, kind, case)
    form = FormView.of(decided=day_of(visit.now).isoformat(), rows=str(FIRST_ROWS))
    return _page(visit, desk, form)


@ROUTER.post("/decisions/{kind}/{case}/new")
def do_new(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """Record it; or, where room for more measures was asked for, the same form with more of it."""
    runtime, form = visit.runtime, visit.form
    if form.has("more", "yes"):
        return _page(visit, open_desk(visit, kind, case), _with_rows(form, _rows(form) + MORE_ROWS))
    with visit.read() as tx:
        ref = ref_of(visit, tx, kind, case)
        known = known_of(visit, tx, desk_of(visit, tx, ref).material.subjects)
    data = _data(visit, form)
    measures = _measures(visit, form)
    wrong = _wrong(form) | (data if isinstance(data, dict) else {}) | (measures if isinstance(measures, dict) else {})
    if wrong or isinstance(data, dict) or isinstance(measures, dict):
        return _page(visit, open_desk(visit, kind, case), form.wrong(_in_order(wrong)))
    act = Act(data, measures, known.pool, form.one("seen"))
    try:
        with visit.write() as tx:
            made = record_decision(tx, runtime.vault, runtime.vocabulary, ref, act, edit_of(visit))
            visit.note(tx, "decision-recorded", made.id)
    except FieldError as error:
        return _page(visit, open_desk(visit, kind, case), form.wrong({error.field: sentence(error.words)}))
    except HanseError as error:
        if error.code is not Code.CONFLICT:
            raise
        return _page(visit, open_desk(visit, kind, case), form.wrong({"": _CHANGED}))
    return go(path_of(ref), "decision-recorded")


def _data(visit: Visit, form: FormView) -> DecisionData | dict[str, str]:
    """What the form says, or what is missing by field."""
    decided = typed_day(form, "decided")
    wrong: dict[str, str] = {}
    if form.one("outcome") not in visit.runtime.vocabulary.decisions:
        wrong["outcome"] = "Choose what was decided."
    if decided is None:
        wrong["decided"] = "Give the day on which it was decided."
    if not form.text("office"):
        wrong["office"] = "Say which office decided."
    if not form.text("reasons"):
        wrong["reasons"] = "Give the reasons."
    if wrong or decided is None:
        return wrong
    return DecisionData(
        outcome=VocabularyCode(form.one("outcome")),
        office=form.one("office"),
        decided=decided,
        reasons=form.one("reasons"),
        follow_up=form.one("follow_up"),
        review=typed_day(form, "review"),
    )


def _measures(visit: Visit, form: FormView) -> tuple[MeasureData, ...] | dict[str, str]:
    """The measures that were filled in, or what is wrong with them by field."""
    found: list[MeasureData] = []
    wrong: dict[str, str] = {}
    for row in range(1, _rows(form) + 1):
        given = {name: form.text(f"{name}-{row}") for name in _ROW}
        if not any(given.values()):
            continue
        due = typed_day(form, f"due-{row}")
        if due is None:
            wrong[f"due-{row}"] = "Say until when."
            continue
        data = MeasureData(
            measure=VocabularyCode(given["measure"]), words=given["words"], owner=given["owner"], due=due
        )
        try:
            found.append(checked_measure(data, visit.runtime.vocabulary, day_of(visit.now)))
        except FieldError as error:
            words = "Choose the measure." if error.field == "measure" else sentence(error.words)
            wrong[f"{error.field}-{row}"] = words
    return wrong or tuple(found)


def _wrong(form: FormView) -> dict[str, str]:
    return wrong_days(form, ("review", "decided"))


def _in_order(wrong: dict[str, str]) -> dict[str, str]:
    """As the fields stand on the page."""
    places = {name: place for place, name in enumerate(_ORDER)}
    return dict(sorted(wrong.items(), key=lambda item: places.get(item[0], places["measures"])))


def _rows(form: FormView) -> int:
    return whole_number(form.one("rows"), low=1, high=MAX_ROWS)


def _with_rows(form: FormView, rows: int) -> FormView:
    return FormView({**form.values, "rows": (str(min(rows, MAX_ROWS)),)})


def _page(visit: Visit, desk: Desk, form: FormView) -> Response:
    vocabulary = visit.runtime.vocabulary
    with visit.read() as tx:
        known: Known = known_of(visit, tx, desk.material.subjects)
    fresh = not form.one("seen") or form.errors.get("") == _CHANGED
    engagement = desk.material.engagement
    benefit = engagement.data.benefit if engagement else desk.material.assessments[-1].data.benefit
    return visit.render(
        "decision_form.html",
        desk=desk,
        form=form,
        # A page that is shown again keeps what its reader saw first, unless it says that this has changed.
        seen=state_of(desk.material, desk.case, known.pool) if fresh else form.one("seen"),
        version=desk.case.version if fresh else form.one("version"),
        beside=known.beside,
        benefit=benefit,
        found=_found(desk, vocabulary),
        asked=[question_entry(each, desk.material.files, vocabulary) for each in desk.case.questions],
        outcomes=[(term.id, term.label, term.definition) for term in vocabulary.decisions.values()],
        measures=[(term.id, term.label) for term in vocabulary.mitigations.values()],
        open_measures=desk.case.open_measures,
        rows=range(1, _rows(form) + 1),
        may_have_more=_rows(form) < MAX_ROWS,
        standing=desk.case.standing,
        vocabulary=vocabulary,
        mark=MARK,
        status=_status(form),
    )


def _status(form: FormView) -> int:
    if not form.errors:
        return 200
    return 409 if form.errors.get("") == _CHANGED else 422


def _found(desk: Desk, vocabulary: Vocabulary) -> list[tuple[str, list[str]]]:
    """What our own assessments observed, by polarity, in words; assurances first."""
    groups: dict[str, list[str]] = {"assurance": [], "concern": [], "context": []}
    for assessment in desk.material.assessments:
        for answer in assessment.answers:
            indicator = vocabulary.indicators[answer.data.indicator]
            strength = vocabulary.strengths[answer.data.strength].lower()
            groups[indicator.polarity].append(f"{indicator.label} ({strength})")
    return [(polarity, lines) for polarity, lines in groups.items() if lines]
