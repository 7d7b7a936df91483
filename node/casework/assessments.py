"""Recording and changing assessments. Every change names the version it saw and leaves a line of history."""

from dataclasses import replace
from typing import Final

import msgspec

from node.casework.checks import checked_answer, checked_assessment
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
)
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import casework as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_PAGE: Final = 200
"""Assessments listed at once: each is opened with the data key."""


def create_assessment(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, account: AccountId, data: AssessmentData, now: Timestamp
) -> Assessment:
    """Record a new assessment. Raises ``INVALID`` naming the field that is too long or not in the vocabulary."""
    assessment = Assessment(
        id=AssessmentId(new_id()),
        version=1,
        owner=account,
        status=AssessmentStatus.OPEN,
        created=now,
        updated=now,
        data=checked_assessment(data, vocabulary),
        answers=(),
    )
    storage.add_assessment(tx, vault, assessment)
    storage.add_event(tx, vault, assessment.id, CaseEvent(seq=1, at=now, account=account, kind="created", before=""))
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
    return _store(tx, vault, found, changed, edit, "changed", _json(found.data))


def add_answer(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    assessment: AssessmentId,
    data: AnswerData,
    edit: Edit,
) -> Answer:
    """Answer a question, or add an observation that no question led to."""
    found = _open(tx, vault, assessment, edit.version)
    if len(found.answers) >= MAX_ANSWERS:
        raise HanseError(Code.TOO_LARGE, f"an assessment has at most {MAX_ANSWERS} answers.")
    answer = Answer(
        id=AnswerId(new_id()),
        assessment=assessment,
        version=1,
        created=edit.at,
        updated=edit.at,
        data=checked_answer(data, vocabulary, edit.at),
    )
    # The version only grows, so it is a position that no other answer of this assessment has had.
    storage.put_answer(tx, vault, answer, position=found.version)
    _store(tx, vault, found, found, edit, "answered", "")
    return answer


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
    _store(tx, vault, found, found, edit, "answer-changed", _json(old.data))
    return new


def remove_answer(
    tx: Transaction,
    vault: Vault,
    assessment: AssessmentId,
    answer: AnswerId,
    edit: Edit,
) -> None:
    """Take an answer out; what it said stays in the history."""
    found = _open(tx, vault, assessment, edit.version)
    old = answer_of(found, answer)
    storage.remove_answer(tx, answer)
    _store(tx, vault, found, found, edit, "answer-removed", _json(old.data))


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
    return _store(tx, vault, found, replace(found, status=status), edit, kind, "")


def history(tx: Transaction, vault: Vault, assessment: AssessmentId) -> list[CaseEvent]:
    """Every change of an assessment, oldest first."""
    get_assessment(tx, vault, assessment)
    return storage.history(tx, vault, assessment)


def answer_of(assessment: Assessment, answer: AnswerId) -> Answer:
    """One of the answers of an assessment; raises ``NOT_FOUND``."""
    for candidate in assessment.answers:
        if candidate.id == answer:
            return candidate
    raise HanseError(Code.NOT_FOUND, "this assessment has no such answer.")


def _open(tx: Transaction, vault: Vault, assessment: AssessmentId, version: int) -> Assessment:
    found = get_assessment(tx, vault, assessment)
    if found.status is AssessmentStatus.CLOSED:
        raise HanseError(Code.CONFLICT, "this assessment is closed.", remedy="Reopen it to change it.")
    _require_version(found, version)
    return found


def _require_version(found: Assessment, version: int) -> None:
    if found.version != version:
        raise _changed_meanwhile()


def _store(
    tx: Transaction,
    vault: Vault,
    old: Assessment,
    new: Assessment,
    edit: Edit,
    kind: str,
    before: str,
) -> Assessment:
    stored = replace(new, version=old.version + 1, updated=edit.at)
    # Of two transactions that read the same version, the second finds it gone and rolls everything back.
    if not storage.replace_assessment(tx, vault, stored, expected=old.version):
        raise _changed_meanwhile()
    event = CaseEvent(seq=stored.version, at=edit.at, account=edit.account, kind=kind, before=before)
    storage.add_event(tx, vault, old.id, event)
    return stored


def _changed_meanwhile() -> HanseError:
    return HanseError(
        Code.CONFLICT,
        "somebody has changed this assessment since it was opened.",
        remedy="Open it again and repeat the change.",
    )


def _json(value: AssessmentData | AnswerData) -> str:
    return msgspec.json.encode(value).decode()
