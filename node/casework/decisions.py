"""Deciding, keeping measures, looking again.

A decision is recorded with the case as it stood, in words, and with what the pool said on that day: the record of it
reads the same for ever. It is never changed; a later decision takes its place and the earlier one stays. No function
here computes a decision or proposes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Final

from node.casework import checks
from node.casework.case_files import changed, changed_meanwhile, coming, opened
from node.casework.checks import FieldError
from node.casework.record import Pool, build, gather, state_of
from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.casework import Edit
from node.domain.decisions import (
    MAX_DECISIONS,
    MAX_MEASURES,
    MAX_OFFICE_CHARACTERS,
    MAX_REVIEWS,
    MAX_WORDS_CHARACTERS,
    PAUSE,
    PROCEED,
    TERMINATE,
    WITH_MITIGATIONS,
    CaseFile,
    CaseRef,
    Decision,
    DecisionData,
    DecisionId,
    DueMeasure,
    DueReview,
    Measure,
    MeasureData,
    MeasureId,
    MeasureState,
    Review,
    ReviewData,
    ReviewKind,
)
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import decisions as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.vocabulary import Vocabulary

MAX_LISTED: Final = 100
"""Due reviews and measures in one list: the longest overdue come first."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody records when they decide."""

    data: DecisionData
    measures: tuple[MeasureData, ...]
    """New ones; those of earlier decisions that are still open stay."""
    pool: Pool
    """What the pool says now."""
    seen: str
    """:func:`node.casework.record.state_of` of what they had before them."""


def record_decision(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    ref: CaseRef,
    act: Act,
    edit: Edit,
) -> Decision:
    """Keep a decision, its measures, and the case with the pool as they stand.

    Raises ``CONFLICT`` when anything that the recorder had before them has changed since, ``INVALID`` naming the field
    for what is missing.
    """
    case = opened(tx, vault, ref, edit)
    material = gather(tx, vault, ref)
    if state_of(material, case, act.pool) != act.seen:
        raise changed_meanwhile()
    if len(case.decisions) >= MAX_DECISIONS:
        raise HanseError(Code.TOO_LARGE, f"a case has at most {MAX_DECISIONS} decisions.")
    today = day_of(edit.at)
    decision = Decision(
        id=DecisionId(new_id()),
        number=len(case.decisions) + 1,
        recorded=edit.at,
        account=edit.account,
        data=checked_decision(act.data, case, act.measures, vocabulary, today),
    )
    added = _new_measures(case, act.measures, decision.number, vocabulary, today)
    record = build(material, replace(case, measures=(*case.measures, *added)), decision, act.pool, vocabulary)
    sealed = storage.encode_record(record)
    decision = replace(decision, digest=sha256(sealed).hexdigest())
    storage.add_decision(tx, vault, case.id, decision, sealed)
    for position, measure in enumerate(added, start=len(case.measures)):
        storage.put_measure(tx, vault, case.id, measure, position=position)
    earlier = case.standing
    change = (None if earlier is None else earlier.data, decision.data)
    changed(tx, vault, case, edit, "decided", change, keeper=edit.account, review=decision.data.review)
    return decision


def checked_decision(
    data: DecisionData, case: CaseFile, measures: Sequence[MeasureData], vocabulary: Vocabulary, today: date
) -> DecisionData:
    """The same data with tidy texts, or ``INVALID``: each outcome asks for what its definition names."""
    checks.known("outcome", data.outcome, vocabulary.decisions)
    if data.decided > today:
        raise FieldError("decided", "nothing was decided after today.")
    follow_up = checks.text("follow_up", data.follow_up, MAX_WORDS_CHARACTERS)
    if data.outcome in {PAUSE, TERMINATE} and not follow_up:
        what = "which question is open" if data.outcome == PAUSE else "how it is wound down"
        raise FieldError("follow_up", f"say {what}.")
    if data.review is None and data.outcome in {PAUSE, WITH_MITIGATIONS}:
        raise FieldError("review", "this decision needs a day on which it is looked at again.")
    if data.review is not None and coming("review", data.review, today) <= data.decided:
        raise FieldError("review", "a day after the decision.")
    _require_measures_fit(data, case, measures)
    return replace(
        data,
        office=checks.line("office", data.office, MAX_OFFICE_CHARACTERS, required=True),
        reasons=_required("reasons", checks.text("reasons", data.reasons)),
        follow_up=follow_up,
    )


def add_measure(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, ref: CaseRef, data: MeasureData, edit: Edit
) -> Measure:
    """A further measure under the decision that stands; raises ``CONFLICT`` where nobody has decided."""
    case = opened(tx, vault, ref, edit)
    decision = case.standing
    if decision is None:
        raise HanseError(Code.CONFLICT, "a measure belongs to a decision, and nobody has decided yet.")
    (measure,) = _new_measures(case, [data], decision.number, vocabulary, day_of(edit.at))
    storage.put_measure(tx, vault, case.id, measure, position=len(case.measures))
    changed(tx, vault, case, edit, "measure-added", (None, measure.data), review=case.review)
    return measure


def change_measure(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    ref: CaseRef,
    measure: MeasureId,
    data: MeasureData,
    edit: Edit,
) -> Measure:
    """Postpone it, hand it to another office, say that it is done or dropped, and what came of it."""
    case = opened(tx, vault, ref, edit)
    old = measure_of(case, measure)
    new = replace(old, data=checked_measure(data, vocabulary, day_of(edit.at)))
    storage.replace_measure(tx, vault, new)
    changed(tx, vault, case, edit, "measure-changed", (old.data, new.data), review=case.review)
    return new


def checked_measure(data: MeasureData, vocabulary: Vocabulary, today: date) -> MeasureData:
    """The same data with tidy texts, or ``INVALID``."""
    checks.known("measure", data.measure, vocabulary.mitigations)
    coming("due", data.due, today)
    words = checks.text("result_words", data.result_words, MAX_WORDS_CHARACTERS)
    match data.state:
        case MeasureState.OPEN:
            if data.done is not None or data.result is not None:
                raise FieldError("state", "what is open is not done and has no result yet.")
        case MeasureState.DONE:
            if data.done is None:
                raise FieldError("done", "give the day on which it was done.")
            if data.done > today:
                raise FieldError("done", "nothing was done after today.")
        case MeasureState.DROPPED:
            if not words:
                raise FieldError("result_words", "say why it was dropped.")
            if data.done is not None or data.result is not None:
                raise FieldError("state", "what was dropped was not done.")
    return replace(
        data,
        owner=checks.line("owner", data.owner, MAX_OFFICE_CHARACTERS, required=True),
        words=checks.text("words", data.words, MAX_WORDS_CHARACTERS),
        result_words=words,
    )


def measure_of(case: CaseFile, measure: MeasureId) -> Measure:
    """One of the measures of a case; raises ``NOT_FOUND``."""
    for candidate in case.measures:
        if candidate.id == measure:
            return candidate
    raise HanseError(Code.NOT_FOUND, "this case has no such measure.")


def record_review(tx: Transaction, vault: Vault, ref: CaseRef, data: ReviewData, edit: Edit) -> Review:
    """Somebody has looked again: the decision is still right, for a reason, or a new round has begun.

    Raises ``CONFLICT`` where there is no decision to be looked at.
    """
    case = opened(tx, vault, ref, edit)
    if case.standing is None:
        raise HanseError(Code.CONFLICT, "a review looks at a decision, and nobody has decided yet.")
    if len(case.reviews) >= MAX_REVIEWS:
        raise HanseError(Code.TOO_LARGE, f"a case has at most {MAX_REVIEWS} reviews.")
    today = day_of(edit.at)
    if data.next is not None and coming("next", data.next, today) <= today:
        raise FieldError("next", "a day after today.")
    if (
        data.next is None
        and data.kind is ReviewKind.STILL_RIGHT
        and case.standing.data.outcome
        in {
            PAUSE,
            WITH_MITIGATIONS,
        }
    ):
        raise FieldError("next", "this decision needs a day on which it is looked at again.")
    tidy = replace(data, reason=_required("reason", checks.text("reason", data.reason, MAX_WORDS_CHARACTERS)))
    review = Review(number=len(case.reviews) + 1, at=edit.at, account=edit.account, data=tidy)
    storage.add_review(tx, vault, case.id, review)
    changed(tx, vault, case, edit, "reviewed", (case.review, tidy), review=tidy.next)
    return review


def due_reviews(tx: Transaction, until: date, *, keeper: AccountId | None = None) -> list[DueReview]:
    """Cases to be looked at again until a day, the longest overdue first."""
    return storage.reviews_until(tx, until, keeper=keeper, limit=MAX_LISTED)


def due_measures(tx: Transaction, vault: Vault, until: date, *, keeper: AccountId | None = None) -> list[DueMeasure]:
    """Open measures due until a day, the longest overdue first."""
    return storage.measures_until(tx, vault, until, keeper=keeper, limit=MAX_LISTED)


def _require_measures_fit(data: DecisionData, case: CaseFile, measures: Sequence[MeasureData]) -> None:
    kept = len(case.open_measures)
    if data.outcome == PROCEED and (measures or kept):
        raise FieldError(
            "measures",
            "to proceed without more means that nothing is left to be done: choose to proceed with mitigations, "
            "or say of each open measure what became of it.",
        )
    if data.outcome == WITH_MITIGATIONS and not (measures or kept):
        raise FieldError("measures", "name at least one measure, who sees to it, and until when.")


def _new_measures(
    case: CaseFile, measures: Sequence[MeasureData], decision: int, vocabulary: Vocabulary, today: date
) -> tuple[Measure, ...]:
    if len(case.measures) + len(measures) > MAX_MEASURES:
        raise HanseError(Code.TOO_LARGE, f"a case has at most {MAX_MEASURES} measures.")
    return tuple(
        Measure(
            id=MeasureId(new_id()),
            decision=decision,
            data=checked_measure(
                replace(each, state=MeasureState.OPEN, done=None, result=None, result_words=""), vocabulary, today
            ),
        )
        for each in measures
    )


def _required(field: str, text: str) -> str:
    if not text:
        raise FieldError(field, "this is required.")
    return text
