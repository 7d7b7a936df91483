"""Assessments, answers and their history. Texts go through the vault on their way in and out."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.casework import (
    Answer,
    AnswerData,
    AnswerId,
    Assessment,
    AssessmentData,
    AssessmentId,
    AssessmentStatus,
    CaseEvent,
    Growth,
    PlainAnswer,
    PlainData,
)
from node.domain.engagements import EngagementId
from node.storage.database import Transaction
from node.storage.tables.casework import ANSWERS, ASSESSMENTS, CASE_EVENTS
from node.storage.vault import Vault
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp


class _Head(msgspec.Struct, frozen=True):
    """What is sealed of an assessment itself."""

    data: AssessmentData
    growth: tuple[Growth, ...]


_HEAD: Final = msgspec.json.Decoder(_Head)
_ANSWER_DATA: Final = msgspec.json.Decoder(AnswerData)
_PLAIN_DATA: Final = msgspec.json.Decoder(PlainData)


class _Change(msgspec.Struct, frozen=True):
    """What is sealed of one line of a history."""

    before: str
    after: str
    grown: tuple[Growth, ...]


_CHANGE: Final = msgspec.json.Decoder(_Change)
_OBSERVED: Final = "observed"
_PLAIN: Final = "plain"
_IMPORT_LOCK: Final = 0x48414E5345_02
"""Key of the PostgreSQL advisory lock: "HANSE" and a number of its own."""
_BATCH: Final = 500
"""Identifiers in one IN list."""

Row = sa.Row[tuple[object, ...]]


def lock_import(tx: Transaction) -> None:
    """Until this transaction ends, nobody else imports; two imports of one file must not both find nothing.

    On SQLite a write transaction holds the write lock from its beginning.
    """
    if tx.is_postgresql:
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_IMPORT_LOCK)))


def add_assessment(tx: Transaction, vault: Vault, assessment: Assessment) -> None:
    """Store a new assessment, without answers."""
    values = {
        "id": assessment.id,
        "version": assessment.version,
        "owner": assessment.owner,
        "engagement_id": assessment.data.engagement,
        "status": assessment.status.value,
        "created": assessment.created,
        "updated": assessment.updated,
        "sealed": _sealed_head(vault, assessment),
    }
    tx.connection.execute(sa.insert(ASSESSMENTS).values(values))


def get_assessment(tx: Transaction, vault: Vault, assessment: AssessmentId) -> Assessment | None:
    """One assessment with its answers."""
    row = tx.connection.execute(sa.select(ASSESSMENTS).where(ASSESSMENTS.c.id == assessment)).first()
    return None if row is None else _with_answers(tx, vault, [row])[0]


def list_assessments(
    tx: Transaction,
    vault: Vault,
    *,
    owner: AccountId | None,
    status: AssessmentStatus | None,
    limit: int,
    offset: int,
) -> list[Assessment]:
    """Assessments with their answers, last changed first."""
    query = sa.select(ASSESSMENTS).order_by(ASSESSMENTS.c.updated.desc(), ASSESSMENTS.c.id)
    if owner is not None:
        query = query.where(ASSESSMENTS.c.owner == owner)
    if status is not None:
        query = query.where(ASSESSMENTS.c.status == status.value)
    return _with_answers(tx, vault, tx.connection.execute(query.limit(limit).offset(offset)).all())


def references(tx: Transaction, vault: Vault) -> dict[str, AssessmentId]:
    """Every reference in use. Found by opening every row: a reference is as private as the case it names."""
    rows = tx.connection.execute(sa.select(ASSESSMENTS.c.id, ASSESSMENTS.c.sealed)).all()
    opened = ((AssessmentId(row.id), _head(vault, row.id, row.sealed).data) for row in rows)
    return {data.reference: assessment for assessment, data in opened if data.reference}


def count_about(tx: Transaction, vault: Vault, subjects: Collection[SubjectId]) -> int:
    """How many assessments are about one of these. Found by opening every row: whom one is about is private."""
    rows = tx.connection.execute(sa.select(ASSESSMENTS.c.id, ASSESSMENTS.c.sealed)).all()
    opened = (_head(vault, row.id, row.sealed).data.subject for row in rows)
    return sum(subject is not None and subject.id in subjects for subject in opened)


def of_engagement(tx: Transaction, vault: Vault, engagement: EngagementId) -> list[Assessment]:
    """The assessments of one engagement, oldest first."""
    query = sa.select(ASSESSMENTS).where(ASSESSMENTS.c.engagement_id == engagement)
    rows = tx.connection.execute(query.order_by(ASSESSMENTS.c.created, ASSESSMENTS.c.id)).all()
    return _with_answers(tx, vault, rows)


def replace_assessment(tx: Transaction, vault: Vault, assessment: Assessment, *, expected: int) -> bool:
    """Store a changed head if the stored version is still ``expected``; whether it was."""
    result = tx.connection.execute(
        sa.update(ASSESSMENTS)
        .where(ASSESSMENTS.c.id == assessment.id, ASSESSMENTS.c.version == expected)
        .values(
            version=assessment.version,
            engagement_id=assessment.data.engagement,
            status=assessment.status.value,
            updated=assessment.updated,
            sealed=_sealed_head(vault, assessment),
        )
    )
    return result.rowcount == 1


def put_answer(tx: Transaction, vault: Vault, answer: Answer | PlainAnswer, *, position: int) -> None:
    """Store a new answer at its place in the order."""
    values = {
        "id": answer.id,
        "assessment_id": answer.assessment,
        "position": position,
        "form": _PLAIN if isinstance(answer, PlainAnswer) else _OBSERVED,
        "version": answer.version,
        "created": answer.created,
        "updated": answer.updated,
        "sealed": vault.seal(msgspec.json.encode(answer.data), place=_answer_place(answer.id)),
    }
    tx.connection.execute(sa.insert(ANSWERS).values(values))


def replace_answer(tx: Transaction, vault: Vault, answer: Answer | PlainAnswer) -> None:
    """Store a changed answer; its assessment's version guards against two at once."""
    tx.connection.execute(
        sa.update(ANSWERS)
        .where(ANSWERS.c.id == answer.id)
        .values(
            version=answer.version,
            updated=answer.updated,
            sealed=vault.seal(msgspec.json.encode(answer.data), place=_answer_place(answer.id)),
        )
    )


def remove_answer(tx: Transaction, answer: AnswerId) -> None:
    """Remove an answer; what it said stays in the history."""
    tx.connection.execute(sa.delete(ANSWERS).where(ANSWERS.c.id == answer))


def add_event(tx: Transaction, vault: Vault, assessment: AssessmentId, event: CaseEvent) -> None:
    """Append to the history."""
    values = {
        "assessment_id": assessment,
        "seq": event.seq,
        "at": event.at,
        "account_id": event.account,
        "kind": event.kind,
        "sealed": vault.seal(encode_event(event), place=_event_place(assessment, event.seq)),
    }
    tx.connection.execute(sa.insert(CASE_EVENTS).values(values))


def history(tx: Transaction, vault: Vault, assessment: AssessmentId) -> list[CaseEvent]:
    """The history, oldest first."""
    rows = tx.connection.execute(
        sa.select(CASE_EVENTS).where(CASE_EVENTS.c.assessment_id == assessment).order_by(CASE_EVENTS.c.seq)
    ).all()
    return [read_event(row, vault.open(row.sealed, place=_event_place(assessment, row.seq))) for row in rows]


def encode_event(event: CaseEvent) -> bytes:
    """What is sealed of one line of a history."""
    return msgspec.json.encode(_Change(event.before, event.after, event.grown))


def read_event(row: Row, opened: bytes) -> CaseEvent:
    """One line of a history, from its row and what was sealed of it."""
    change = _CHANGE.decode(opened)
    return CaseEvent(
        seq=row.seq,
        at=Timestamp(row.at),
        account=AccountId(row.account_id),
        kind=row.kind,
        before=change.before,
        after=change.after,
        grown=change.grown,
    )


def _with_answers(tx: Transaction, vault: Vault, rows: Sequence[Row]) -> list[Assessment]:
    answers: dict[str, list[Answer]] = defaultdict(list)
    plain: dict[str, list[PlainAnswer]] = defaultdict(list)
    for start in range(0, len(rows), _BATCH):
        ids = [row.id for row in rows[start : start + _BATCH]]
        query = sa.select(ANSWERS).where(ANSWERS.c.assessment_id.in_(ids)).order_by(ANSWERS.c.position)
        for row in tx.connection.execute(query):
            if row.form == _PLAIN:
                plain[row.assessment_id].append(_plain(vault, row))
            else:
                answers[row.assessment_id].append(_answer(vault, row))
    return [_assessment(vault, row, answers[row.id], plain[row.id]) for row in rows]


def _assessment(vault: Vault, row: Row, answers: list[Answer], plain: list[PlainAnswer]) -> Assessment:
    head = _head(vault, row.id, row.sealed)
    return Assessment(
        id=AssessmentId(row.id),
        version=row.version,
        owner=AccountId(row.owner),
        status=AssessmentStatus(row.status),
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        data=head.data,
        answers=tuple(answers),
        plain=tuple(plain),
        growth=head.growth,
    )


def _sealed_head(vault: Vault, assessment: Assessment) -> bytes:
    head = _Head(assessment.data, assessment.growth)
    return vault.seal(msgspec.json.encode(head), place=_assessment_place(assessment.id))


def _head(vault: Vault, assessment: str, sealed: bytes) -> _Head:
    return _HEAD.decode(vault.open(sealed, place=_assessment_place(assessment)))


def _answer(vault: Vault, row: Row) -> Answer:
    return Answer(
        id=AnswerId(row.id),
        assessment=AssessmentId(row.assessment_id),
        version=row.version,
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        data=_ANSWER_DATA.decode(vault.open(row.sealed, place=_answer_place(row.id))),
    )


def _plain(vault: Vault, row: Row) -> PlainAnswer:
    return PlainAnswer(
        id=AnswerId(row.id),
        assessment=AssessmentId(row.assessment_id),
        version=row.version,
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        data=_PLAIN_DATA.decode(vault.open(row.sealed, place=_answer_place(row.id))),
    )


def _assessment_place(assessment: str) -> str:
    return f"assessments.sealed:{assessment}"


def _answer_place(answer: str) -> str:
    return f"answers.sealed:{answer}"


def _event_place(assessment: str, seq: int) -> str:
    return f"case_events.sealed:{assessment}/{seq}"
