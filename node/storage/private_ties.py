"""Ties that officers noted for this institution alone. Everything that they say goes through the vault."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.casework import AssessmentId
from node.domain.graph import OwnTie
from node.storage.database import Transaction
from node.storage.tables.private_ties import PRIVATE_TIES
from node.storage.vault import Vault
from protocol.statements import Grade, Period, Subject

_COLUMNS: Final = PRIVATE_TIES.c


class _Sealed(msgspec.Struct, frozen=True):
    """What the vault keeps of one tie."""

    subject: Subject
    relation: str
    object: Subject
    observed: Period
    grade: Grade
    note: str


_DECODER: Final = msgspec.json.Decoder(_Sealed)


def add(tx: Transaction, vault: Vault, assessment: AssessmentId, account: AccountId, tie: OwnTie) -> None:
    """Store a new tie."""
    sealed = _Sealed(tie.subject, tie.relation, tie.object, tie.observed, tie.grade, tie.note)
    values = {
        "id": tie.id,
        "assessment_id": assessment,
        "account_id": account,
        "noted": tie.noted,
        "sealed": vault.seal(msgspec.json.encode(sealed), place=_place(tie.id)),
    }
    tx.connection.execute(sa.insert(PRIVATE_TIES).values(values))


def remove(tx: Transaction, assessment: AssessmentId, tie: str) -> bool:
    """Forget a tie of this assessment; whether it was there."""
    query = sa.delete(PRIVATE_TIES).where(_COLUMNS.id == tie, _COLUMNS.assessment_id == assessment)
    return tx.connection.execute(query).rowcount == 1


def of_assessment(tx: Transaction, vault: Vault, assessment: AssessmentId) -> list[OwnTie]:
    """The ties noted in one assessment, oldest first."""
    return _opened(tx, vault, sa.select(PRIVATE_TIES).where(_COLUMNS.assessment_id == assessment))


def newest(tx: Transaction, vault: Vault, limit: int) -> list[OwnTie]:
    """The last ``limit`` ties of all assessments, newest first. All are opened: their ends are sealed as well."""
    query = sa.select(PRIVATE_TIES).order_by(_COLUMNS.noted.desc(), _COLUMNS.id).limit(limit)
    return _rows(tx, vault, query)


def count(tx: Transaction) -> int:
    """How many there are."""
    return int(tx.connection.execute(sa.select(sa.func.count()).select_from(PRIVATE_TIES)).scalar_one())


def _opened(tx: Transaction, vault: Vault, query: sa.Select[Any]) -> list[OwnTie]:
    return _rows(tx, vault, query.order_by(_COLUMNS.noted, _COLUMNS.id))


def _rows(tx: Transaction, vault: Vault, query: sa.Select[Any]) -> list[OwnTie]:
    rows: Sequence[sa.Row[Any]] = tx.connection.execute(query).all()
    found = []
    for row in rows:
        sealed = _DECODER.decode(vault.open(row.sealed, place=_place(row.id)))
        found.append(
            OwnTie(
                id=row.id,
                subject=sealed.subject,
                relation=sealed.relation,
                object=sealed.object,
                observed=sealed.observed,
                grade=sealed.grade,
                noted=row.noted,
                note=sealed.note,
            )
        )
    return found


def _place(tie: str) -> str:
    return f"private_ties.sealed:{tie}"
