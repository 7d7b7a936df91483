"""Case files: decisions, measures, questions to the partner, reviews and their history. Words go through the vault."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.decisions import (
    CaseFile,
    CaseFileId,
    CaseKind,
    CaseRef,
    Decision,
    DecisionData,
    DecisionId,
    DueMeasure,
    DueReview,
    FileEvent,
    Measure,
    MeasureData,
    MeasureId,
    PartnerQuestion,
    PartnerQuestionId,
    QuestionData,
    Review,
    ReviewData,
)
from node.domain.documents import Document
from node.domain.identifiers import new_id
from node.storage.database import Transaction
from node.storage.tables.decisions import (
    CASE_FILE_EVENTS,
    CASE_FILES,
    CASE_REVIEWS,
    DECISIONS,
    MEASURES,
    PARTNER_QUESTIONS,
)
from node.storage.upsert import insert_new
from node.storage.vault import Vault
from protocol.statements import Timestamp

_Row: TypeAlias = sa.Row[Any]
_MEASURE: Final = msgspec.json.Decoder(MeasureData)
_QUESTION: Final = msgspec.json.Decoder(QuestionData)
_REVIEW: Final = msgspec.json.Decoder(ReviewData)
_DOCUMENT: Final = msgspec.json.Decoder(Document)
_CHANGE: Final = msgspec.json.Decoder(tuple[str, str])


class _Sealed(msgspec.Struct, frozen=True):
    """What the vault keeps of a decision beside its record."""

    data: DecisionData
    digest: str


_DECISION: Final = msgspec.json.Decoder(_Sealed)


def find(tx: Transaction, vault: Vault, ref: CaseRef) -> CaseFile | None:
    """The file of a case with everything in it; None while nothing has been recorded."""
    row = tx.connection.execute(sa.select(CASE_FILES).where(_column(ref.kind) == ref.id)).first()
    return None if row is None else _case_file(tx, vault, row)


def open_file(tx: Transaction, ref: CaseRef, keeper: AccountId) -> None:
    """Have a file of this case, at version 0 where there was none; of two at once, one makes it."""
    values = {
        "id": new_id(),
        "engagement_id": ref.id if ref.kind is CaseKind.ENGAGEMENT else None,
        "assessment_id": ref.id if ref.kind is CaseKind.ASSESSMENT else None,
        "version": 0,
        "keeper": keeper,
        "review": None,
    }
    insert_new(tx, CASE_FILES, values)


def advance(tx: Transaction, case: CaseFile, *, keeper: AccountId, review: date | None) -> bool:
    """Raise the version of a file if it is still the one that was read; whether it was."""
    result = tx.connection.execute(
        sa.update(CASE_FILES)
        .where(CASE_FILES.c.id == case.id, CASE_FILES.c.version == case.version)
        .values(version=case.version + 1, keeper=keeper, review=None if review is None else review.isoformat())
    )
    return result.rowcount == 1


def add_decision(tx: Transaction, vault: Vault, case: CaseFileId, decision: Decision, record: bytes) -> None:
    """Keep a decision with the case as it stood: the bytes of :func:`encode_record`."""
    values = {
        "id": decision.id,
        "case_file_id": case,
        "number": decision.number,
        "recorded": decision.recorded,
        "account_id": decision.account,
        "sealed": _seal(vault, "decisions.sealed", decision.id, _Sealed(decision.data, decision.digest)),
        "record": vault.seal(record, place=f"decisions.record:{decision.id}"),
    }
    tx.connection.execute(sa.insert(DECISIONS).values(values))


def record_bytes(tx: Transaction, vault: Vault, decision: DecisionId) -> bytes:
    """The bytes that were sealed with a decision that exists."""
    sealed = tx.connection.execute(sa.select(DECISIONS.c.record).where(DECISIONS.c.id == decision)).scalar_one()
    return vault.open(bytes(sealed), place=f"decisions.record:{decision}")


def encode_record(record: Document) -> bytes:
    """A record in bytes: what is sealed, and what its digest is over."""
    return msgspec.json.encode(record)


def decode_record(data: bytes) -> Document:
    """What :func:`encode_record` was given."""
    return _DOCUMENT.decode(data)


def put_measure(tx: Transaction, vault: Vault, case: CaseFileId, measure: Measure, *, position: int) -> None:
    """Store a new measure at its place in the order."""
    values = {
        "id": measure.id,
        "case_file_id": case,
        "position": position,
        "decision": measure.decision,
        "state": measure.data.state.value,
        "due": measure.data.due.isoformat(),
        "sealed": _seal(vault, "measures.sealed", measure.id, measure.data),
    }
    tx.connection.execute(sa.insert(MEASURES).values(values))


def replace_measure(tx: Transaction, vault: Vault, measure: Measure) -> None:
    """Store a changed measure; the version of its file guards against two at once."""
    tx.connection.execute(
        sa.update(MEASURES)
        .where(MEASURES.c.id == measure.id)
        .values(
            state=measure.data.state.value,
            due=measure.data.due.isoformat(),
            sealed=_seal(vault, "measures.sealed", measure.id, measure.data),
        )
    )


def put_question(tx: Transaction, vault: Vault, case: CaseFileId, question: PartnerQuestion, *, position: int) -> None:
    """Store a new question at its place in the order."""
    values = {
        "id": question.id,
        "case_file_id": case,
        "position": position,
        "sealed": _seal(vault, "partner_questions.sealed", question.id, question.data),
    }
    tx.connection.execute(sa.insert(PARTNER_QUESTIONS).values(values))


def replace_question(tx: Transaction, vault: Vault, question: PartnerQuestion) -> None:
    """Store a changed question."""
    sealed = _seal(vault, "partner_questions.sealed", question.id, question.data)
    where = PARTNER_QUESTIONS.c.id == question.id
    tx.connection.execute(sa.update(PARTNER_QUESTIONS).where(where).values(sealed=sealed))


def get_question(tx: Transaction, vault: Vault, question: PartnerQuestionId) -> tuple[CaseRef, PartnerQuestion] | None:
    """One question and the case that it belongs to."""
    query = (
        sa.select(PARTNER_QUESTIONS, CASE_FILES.c.engagement_id, CASE_FILES.c.assessment_id)
        .join(CASE_FILES, CASE_FILES.c.id == PARTNER_QUESTIONS.c.case_file_id)
        .where(PARTNER_QUESTIONS.c.id == question)
    )
    row = tx.connection.execute(query).first()
    return None if row is None else (_ref(row), _question(vault, row))


def add_review(tx: Transaction, vault: Vault, case: CaseFileId, review: Review) -> None:
    """Keep a review."""
    values = {
        "case_file_id": case,
        "number": review.number,
        "at": review.at,
        "account_id": review.account,
        "round": review.data.round or None,
        "sealed": _seal(vault, "case_reviews.sealed", f"{case}/{review.number}", review.data),
    }
    tx.connection.execute(sa.insert(CASE_REVIEWS).values(values))


def rounds_of(tx: Transaction, ref: CaseRef) -> list[str]:
    """The assessments that reviews of a case began, in their order."""
    query = (
        sa.select(CASE_REVIEWS.c.round)
        .join(CASE_FILES, CASE_FILES.c.id == CASE_REVIEWS.c.case_file_id)
        .where(_column(ref.kind) == ref.id, CASE_REVIEWS.c.round.is_not(None))
        .order_by(CASE_REVIEWS.c.number)
    )
    return list(tx.connection.execute(query).scalars())


def begun_by(tx: Transaction, assessment: str) -> CaseRef | None:
    """The case whose review began an assessment; None for one that somebody began otherwise."""
    query: sa.Select[Any] = (
        sa.select(CASE_FILES.c.engagement_id, CASE_FILES.c.assessment_id)
        .join(CASE_REVIEWS, CASE_REVIEWS.c.case_file_id == CASE_FILES.c.id)
        .where(CASE_REVIEWS.c.round == assessment)
    )
    row = tx.connection.execute(query).first()
    return None if row is None else _ref(row)


def add_event(tx: Transaction, vault: Vault, case: CaseFileId, event: FileEvent) -> None:
    """Append to the history."""
    values = {
        "case_file_id": case,
        "seq": event.seq,
        "at": event.at,
        "account_id": event.account,
        "kind": event.kind,
        "sealed": _seal(vault, "case_file_events.sealed", f"{case}/{event.seq}", (event.before, event.after)),
    }
    tx.connection.execute(sa.insert(CASE_FILE_EVENTS).values(values))


def history(tx: Transaction, vault: Vault, case: CaseFileId) -> list[FileEvent]:
    """The history of a file, oldest first."""
    events = CASE_FILE_EVENTS.c
    rows = tx.connection.execute(
        sa.select(CASE_FILE_EVENTS).where(events.case_file_id == case).order_by(events.seq)
    ).all()
    found = []
    for row in rows:
        before, after = _CHANGE.decode(vault.open(row.sealed, place=f"case_file_events.sealed:{case}/{row.seq}"))
        found.append(FileEvent(row.seq, Timestamp(row.at), AccountId(row.account_id), row.kind, before, after))
    return found


def reviews_until(tx: Transaction, day: date, *, keeper: AccountId | None, limit: int) -> list[DueReview]:
    """Cases to be looked at again on or before a day, the longest overdue first; of one keeper or of all."""
    files = CASE_FILES.c
    query = sa.select(CASE_FILES).where(files.review <= day.isoformat()).order_by(files.review, files.id)
    if keeper is not None:
        query = query.where(files.keeper == keeper)
    rows = tx.connection.execute(query.limit(limit)).all()
    return [DueReview(_ref(row), AccountId(row.keeper), date.fromisoformat(row.review)) for row in rows]


def measures_until(
    tx: Transaction, vault: Vault, day: date, *, keeper: AccountId | None, limit: int
) -> list[DueMeasure]:
    """Open measures that are due on or before a day, the longest overdue first; of one keeper's cases or of all."""
    query = (
        sa.select(MEASURES, CASE_FILES.c.engagement_id, CASE_FILES.c.assessment_id, CASE_FILES.c.keeper)
        .join(CASE_FILES, CASE_FILES.c.id == MEASURES.c.case_file_id)
        .where(MEASURES.c.state == "open", MEASURES.c.due <= day.isoformat())
        .order_by(MEASURES.c.due, MEASURES.c.id)
    )
    if keeper is not None:
        query = query.where(CASE_FILES.c.keeper == keeper)
    rows = tx.connection.execute(query.limit(limit)).all()
    return [DueMeasure(_ref(row), AccountId(row.keeper), _measure(vault, row)) for row in rows]


def count_due(tx: Transaction, day: date, keeper: AccountId) -> tuple[int, int]:
    """How many reviews are due on a day and how many open measures were due before it, of one keeper's cases."""
    reviews = sa.select(sa.func.count()).where(CASE_FILES.c.review <= day.isoformat(), CASE_FILES.c.keeper == keeper)
    measures = (
        sa.select(sa.func.count())
        .select_from(MEASURES.join(CASE_FILES, CASE_FILES.c.id == MEASURES.c.case_file_id))
        .where(MEASURES.c.state == "open", MEASURES.c.due < day.isoformat(), CASE_FILES.c.keeper == keeper)
    )
    row = tx.connection.execute(sa.select(reviews.scalar_subquery(), measures.scalar_subquery())).one()
    return int(row[0]), int(row[1])


def standing(
    tx: Transaction, vault: Vault, kind: CaseKind, cases: Collection[str]
) -> dict[str, tuple[Decision | None, date | None]]:
    """The decision that holds and the day of the next review, of each of these cases that has a file."""
    if not cases:
        return {}
    last = sa.select(DECISIONS.c.case_file_id, sa.func.max(DECISIONS.c.number).label("number")).group_by(
        DECISIONS.c.case_file_id
    )
    latest = last.subquery()
    own = _column(kind)
    query = (
        sa.select(own.label("case"), CASE_FILES.c.review, DECISIONS)
        .select_from(
            CASE_FILES.outerjoin(latest, latest.c.case_file_id == CASE_FILES.c.id).outerjoin(
                DECISIONS,
                sa.and_(DECISIONS.c.case_file_id == latest.c.case_file_id, DECISIONS.c.number == latest.c.number),
            )
        )
        .where(own.in_(sorted(cases)))
    )
    return {
        row.case: (
            None if row.id is None else _decision(vault, row),
            None if row.review is None else date.fromisoformat(row.review),
        )
        for row in tx.connection.execute(query)
    }


def _case_file(tx: Transaction, vault: Vault, row: _Row) -> CaseFile:
    def rows(table: sa.Table, *order: sa.Column[Any]) -> list[_Row]:
        query = sa.select(table).where(table.c.case_file_id == row.id).order_by(*order)
        return list(tx.connection.execute(query))

    return CaseFile(
        id=CaseFileId(row.id),
        ref=_ref(row),
        version=row.version,
        keeper=AccountId(row.keeper),
        review=None if row.review is None else date.fromisoformat(row.review),
        decisions=tuple(_decision(vault, each) for each in rows(DECISIONS, DECISIONS.c.number)),
        measures=tuple(_measure(vault, each) for each in rows(MEASURES, MEASURES.c.position, MEASURES.c.id)),
        questions=tuple(
            _question(vault, each)
            for each in rows(PARTNER_QUESTIONS, PARTNER_QUESTIONS.c.position, PARTNER_QUESTIONS.c.id)
        ),
        reviews=tuple(_review(vault, each) for each in rows(CASE_REVIEWS, CASE_REVIEWS.c.number)),
    )


def _decision(vault: Vault, row: _Row) -> Decision:
    sealed = _DECISION.decode(vault.open(row.sealed, place=f"decisions.sealed:{row.id}"))
    return Decision(
        id=DecisionId(row.id),
        number=row.number,
        recorded=Timestamp(row.recorded),
        account=AccountId(row.account_id),
        data=sealed.data,
        digest=sealed.digest,
    )


def _measure(vault: Vault, row: _Row) -> Measure:
    data = _MEASURE.decode(vault.open(row.sealed, place=f"measures.sealed:{row.id}"))
    return Measure(id=MeasureId(row.id), decision=row.decision, data=data)


def _question(vault: Vault, row: _Row) -> PartnerQuestion:
    data = _QUESTION.decode(vault.open(row.sealed, place=f"partner_questions.sealed:{row.id}"))
    return PartnerQuestion(id=PartnerQuestionId(row.id), data=data)


def _review(vault: Vault, row: _Row) -> Review:
    data = _REVIEW.decode(vault.open(row.sealed, place=f"case_reviews.sealed:{row.case_file_id}/{row.number}"))
    # Where the round was deleted, the column says so.
    data = replace(data, round=row.round or "")
    return Review(number=row.number, at=Timestamp(row.at), account=AccountId(row.account_id), data=data)


def _ref(row: _Row) -> CaseRef:
    if row.engagement_id is not None:
        return CaseRef(CaseKind.ENGAGEMENT, row.engagement_id)
    return CaseRef(CaseKind.ASSESSMENT, row.assessment_id)


def _column(kind: CaseKind) -> sa.Column[Any]:
    match kind:
        case CaseKind.ENGAGEMENT:
            return CASE_FILES.c.engagement_id
        case CaseKind.ASSESSMENT:
            return CASE_FILES.c.assessment_id


def _seal(vault: Vault, column: str, key: str, value: object) -> bytes:
    return vault.seal(msgspec.json.encode(value), place=f"{column}:{key}")
