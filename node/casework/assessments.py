"""Recording and changing assessments. Every change names the version it saw and leaves a line of history.

A change that calls for the full tier brings it at once (:mod:`node.casework.tiers`), and its line says why.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from node.casework import evidence
from node.casework.checks import FieldError, checked_answer, checked_assessment, checked_plain
from node.casework.tiers import reasons
from node.domain.accounts import AccountId
from node.domain.casework import (
    MAX_ANSWERS,
    Answer,
    AnswerData,
    AnswerId,
    Assessment,
    AssessmentData,
    AssessmentId,
    AssessmentStatus,
    CaseEvent,
    Edit,
    Growth,
    GrowthCause,
    PlainAnswer,
    PlainData,
)
from node.domain.engagements import Engagement, EngagementData
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import casework as storage
from node.storage import engagements
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_PAGE: Final = 200
"""Assessments listed at once: each is opened with the data key."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What a line of history says beside who and when."""

    kind: str
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


def create_assessment(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, account: AccountId, data: AssessmentData, now: Timestamp
) -> Assessment:
    """Record a new assessment. Raises ``INVALID`` naming the field that is too long or not in the vocabulary."""
    checked = checked_assessment(data, vocabulary)
    engagement = _engagement(tx, vault, checked)
    begun = Assessment(
        id=AssessmentId(new_id()),
        version=1,
        owner=account,
        status=AssessmentStatus.OPEN,
        created=now,
        updated=now,
        data=checked,
        answers=(),
    )
    assessment = replace(begun, growth=reasons(begun, engagement, vocabulary))
    storage.add_assessment(tx, vault, assessment)
    event = CaseEvent(
        seq=1, at=now, account=account, kind="created", before="", after=_json(checked), grown=assessment.growth
    )
    storage.add_event(tx, vault, assessment.id, event)
    return assessment


def get_assessment(tx: Transaction, vault: Vault, assessment: AssessmentId) -> Assessment:
    """One assessment with its answers; raises ``NOT_FOUND``."""
    found = storage.get_assessment(tx, vault, assessment)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "there is no such assessment.")
    return found


def list_assessments(
    tx: Transaction,
    vault: Vault,
    *,
    owner: AccountId | None = None,
    status: AssessmentStatus | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Assessment]:
    """Assessments with their answers, last changed first."""
    return storage.list_assessments(
        tx, vault, owner=owner, status=status, limit=min(limit, MAX_PAGE), offset=max(offset, 0)
    )


def change_assessment(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    assessment: AssessmentId,
    data: AssessmentData,
    edit: Edit,
) -> Assessment:
    """Replace the head of an assessment."""
    found = _open(tx, vault, assessment, edit.version)
    changed = replace(found, data=checked_assessment(data, vocabulary))
    change = _Change("changed", _json(found.data), _json(changed.data))
    return _store(tx, vault, found, _grown(tx, vault, vocabulary, changed), edit, change)


def add_answer(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    assessment: AssessmentId,
    data: AnswerData,
    edit: Edit,
) -> Answer:
    """Answer a question, or add an observation that no question led to.

    An answer without an observation that the question had so far gives way; it stays in the history.
    """
    found = _open(tx, vault, assessment, edit.version)
    _require_room(found)
    checked = checked_answer(data, vocabulary, edit.at)
    given = None if checked.question is None else _plain_to(found, checked.question)
    if given is not None:
        _drop(tx, given.id)
    answer = Answer(
        id=AnswerId(new_id()), assessment=assessment, version=1, created=edit.at, updated=edit.at, data=checked
    )
    # The version only grows, so it is a position that no other answer of this assessment has had.
    storage.put_answer(tx, vault, answer, position=found.version)
    evidence.use(tx, answer.id, checked.files)
    plain = tuple(each for each in found.plain if each is not given)
    changed = replace(found, answers=(*found.answers, answer), plain=plain)
    change = _Change("answered", "" if given is None else _json(given.data), _json(checked))
    _store(tx, vault, found, _grown(tx, vault, vocabulary, changed), edit, change)
    return answer


def answer_plainly(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    assessment: AssessmentId,
    data: PlainData,
    edit: Edit,
) -> PlainAnswer:
    """Say of a question that nothing was found, that it is not known, or that it does not apply.

    Takes the place of the one given before. Raises ``INVALID`` where the question has an observation.
    """
    found = _open(tx, vault, assessment, edit.version)
    checked = checked_plain(data, vocabulary, edit.at)
    if any(answer.data.question == checked.question for answer in found.answers):
        raise FieldError("kind", "something was observed under this question; remove that answer first.")
    old = _plain_to(found, checked.question)
    if old is None:
        _require_room(found)
        new = PlainAnswer(
            id=AnswerId(new_id()), assessment=assessment, version=1, created=edit.at, updated=edit.at, data=checked
        )
        storage.put_answer(tx, vault, new, position=found.version)
    else:
        new = replace(old, version=old.version + 1, updated=edit.at, data=checked)
        storage.replace_answer(tx, vault, new)
    evidence.use(tx, new.id, checked.files)
    changed = replace(found, plain=(*(each for each in found.plain if each is not old), new))
    change = _Change(
        "answered" if old is None else "answer-changed", "" if old is None else _json(old.data), _json(checked)
    )
    _store(tx, vault, found, _grown(tx, vault, vocabulary, changed), edit, change)
    return new


def change_answer(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    assessment: AssessmentId,
    answer: AnswerId,
    data: AnswerData,
    edit: Edit,
) -> Answer:
    """Replace an answer. ``version`` is the assessment's. Drafts made from it keep what they took."""
    found = _open(tx, vault, assessment, edit.version)
    old = answer_of(found, answer)
    new = replace(old, version=old.version + 1, updated=edit.at, data=checked_answer(data, vocabulary, edit.at))
    storage.replace_answer(tx, vault, new)
    evidence.use(tx, new.id, new.data.files)
    changed = replace(found, answers=tuple(new if each is old else each for each in found.answers))
    change = _Change("answer-changed", _json(old.data), _json(new.data))
    _store(tx, vault, found, _grown(tx, vault, vocabulary, changed), edit, change)
    return new


def remove_answer(
    tx: Transaction,
    vault: Vault,
    assessment: AssessmentId,
    answer: AnswerId,
    edit: Edit,
) -> None:
    """Take an answer of either form out; what it said stays in the history, and the tier stays as it is."""
    found = _open(tx, vault, assessment, edit.version)
    given: tuple[Answer | PlainAnswer, ...] = (*found.answers, *found.plain)
    old = next((each for each in given if each.id == answer), None)
    if old is None:
        raise _no_such_answer()
    _drop(tx, old.id)
    _store(tx, vault, found, found, edit, _Change("answer-removed", _json(old.data)))


def grow(tx: Transaction, vault: Vault, assessment: AssessmentId, edit: Edit) -> Assessment:
    """Ask the full tier because an officer says so. Where it is asked already, this is one reason more."""
    found = _open(tx, vault, assessment, edit.version)
    by_hand = Growth(GrowthCause.BY_HAND)
    if by_hand in found.growth:
        return found
    return _store(tx, vault, found, replace(found, growth=(*found.growth, by_hand)), edit, _Change("grown"))


def grow_with_engagement(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, found: Assessment, engagement: Engagement, edit: Edit
) -> None:
    """Ask the full tier of an open assessment where what was changed about its engagement calls for it."""
    growth = reasons(found, engagement.data, vocabulary)
    if found.status is AssessmentStatus.OPEN and growth != found.growth:
        _store(tx, vault, found, replace(found, growth=growth), edit, _Change("grown"))


def set_status(
    tx: Transaction,
    vault: Vault,
    assessment: AssessmentId,
    status: AssessmentStatus,
    edit: Edit,
) -> Assessment:
    """Close an assessment against changes, or open it again."""
    found = get_assessment(tx, vault, assessment)
    _require_version(found, edit.version)
    kind = "closed" if status is AssessmentStatus.CLOSED else "reopened"
    return _store(tx, vault, found, replace(found, status=status), edit, _Change(kind))


def history(tx: Transaction, vault: Vault, assessment: AssessmentId) -> list[CaseEvent]:
    """Every change of an assessment, oldest first."""
    get_assessment(tx, vault, assessment)
    return storage.history(tx, vault, assessment)


def answer_of(assessment: Assessment, answer: AnswerId) -> Answer:
    """One of the answers of an assessment; raises ``NOT_FOUND``."""
    for candidate in assessment.answers:
        if candidate.id == answer:
            return candidate
    raise _no_such_answer()


def plain_of(assessment: Assessment, answer: AnswerId) -> PlainAnswer:
    """One of the answers without an observation; raises ``NOT_FOUND``."""
    for candidate in assessment.plain:
        if candidate.id == answer:
            return candidate
    raise _no_such_answer()


def _open(tx: Transaction, vault: Vault, assessment: AssessmentId, version: int) -> Assessment:
    found = get_assessment(tx, vault, assessment)
    if found.status is AssessmentStatus.CLOSED:
        raise HanseError(Code.CONFLICT, "this assessment is closed.", remedy="Reopen it to change it.")
    _require_version(found, version)
    return found


def _require_version(found: Assessment, version: int) -> None:
    if found.version != version:
        raise _changed_meanwhile()


def _require_room(found: Assessment) -> None:
    if len(found.answers) + len(found.plain) >= MAX_ANSWERS:
        raise HanseError(Code.TOO_LARGE, f"an assessment has at most {MAX_ANSWERS} answers.")


def _plain_to(found: Assessment, question: VocabularyCode) -> PlainAnswer | None:
    return next((each for each in found.plain if each.data.question == question), None)


def _drop(tx: Transaction, answer: AnswerId) -> None:
    evidence.use(tx, answer, ())
    storage.remove_answer(tx, answer)


def _engagement(tx: Transaction, vault: Vault, data: AssessmentData) -> EngagementData | None:
    if data.engagement is None:
        return None
    found = engagements.get(tx, vault, data.engagement)
    if found is None:
        raise FieldError("engagement", "there is no such engagement.")
    return found.data


def _grown(tx: Transaction, vault: Vault, vocabulary: Vocabulary, changed: Assessment) -> Assessment:
    return replace(changed, growth=reasons(changed, _engagement(tx, vault, changed.data), vocabulary))


def _store(tx: Transaction, vault: Vault, old: Assessment, new: Assessment, edit: Edit, change: _Change) -> Assessment:
    stored = replace(new, version=old.version + 1, updated=edit.at)
    # Of two transactions that read the same version, the second finds it gone and rolls everything back.
    if not storage.replace_assessment(tx, vault, stored, expected=old.version):
        raise _changed_meanwhile()
    event = CaseEvent(
        seq=stored.version,
        at=edit.at,
        account=edit.account,
        kind=change.kind,
        before=change.before,
        after=change.after,
        grown=tuple(each for each in stored.growth if each not in old.growth),
    )
    storage.add_event(tx, vault, old.id, event)
    return stored


def _no_such_answer() -> HanseError:
    return HanseError(Code.NOT_FOUND, "this assessment has no such answer.")


def _changed_meanwhile() -> HanseError:
    return HanseError(
        Code.CONFLICT,
        "somebody has changed this assessment since it was opened.",
        remedy="Open it again and repeat the change.",
    )


def _json(value: AssessmentData | AnswerData | PlainData) -> str:
    return msgspec.json.encode(value).decode()
