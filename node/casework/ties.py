"""Private ties: what an officer saw of who is tied to whom, kept for this institution alone.

A private tie never becomes a statement by itself and no interface gives it to anybody but those who may read casework;
whoever wants a circle to know of it drafts a relation, which passes the gate and a second person like everything else.
"""

from dataclasses import dataclass, field
from typing import Final

from node.casework.assessments import get_assessment
from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.casework import AssessmentId, AssessmentStatus
from node.domain.graph import MAX_NOTE_CHARACTERS, OwnTie
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import private_ties as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.statements import Grade, Period, Subject, Timestamp
from protocol.vocabulary import Vocabulary

MAX_OWN_TIES: Final = 5_000
"""Ties noted in all: every search opens all of them, at some ten microseconds each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TieData:
    """What an officer writes of one tie."""

    subject: Subject = field(repr=False)
    relation: str = field(repr=False)
    object: Subject = field(repr=False)
    observed: Period = field(repr=False)
    grade: Grade = field(repr=False)
    note: str = field(default="", repr=False)


def note_tie(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    account: AccountId,
    assessment: AssessmentId,
    data: TieData,
    now: Timestamp,
) -> OwnTie:
    """Keep one tie with an open assessment; raises ``INVALID`` with what is wrong, without repeating what was typed."""
    _require_open(tx, vault, assessment)
    _require_valid(data, vocabulary, now)
    if storage.count(tx) >= MAX_OWN_TIES:
        raise HanseError(
            Code.TOO_LARGE,
            f"at most {MAX_OWN_TIES:,} private ties are kept.",
            remedy="Remove some that no assessment needs any more.",
        )
    tie = OwnTie(
        id=new_id(),
        subject=data.subject,
        relation=data.relation,
        object=data.object,
        observed=data.observed,
        grade=data.grade,
        noted=now,
        note=data.note.strip(),
    )
    storage.add(tx, vault, assessment, account, tie)
    return tie


def forget_tie(tx: Transaction, vault: Vault, assessment: AssessmentId, tie: str) -> None:
    """Remove one; raises ``NOT_FOUND``."""
    _require_open(tx, vault, assessment)
    if not storage.remove(tx, assessment, tie):
        raise HanseError(Code.NOT_FOUND, "this assessment has no such private tie.")


def ties_of(tx: Transaction, vault: Vault, assessment: AssessmentId) -> list[OwnTie]:
    """Those noted in one assessment, oldest first; raises ``NOT_FOUND``."""
    get_assessment(tx, vault, assessment)
    return storage.of_assessment(tx, vault, assessment)


def all_ties(tx: Transaction, vault: Vault) -> list[OwnTie]:
    """Every private tie of this institution, for those who may read its casework."""
    return storage.newest(tx, vault, MAX_OWN_TIES)


def _require_open(tx: Transaction, vault: Vault, assessment: AssessmentId) -> None:
    if get_assessment(tx, vault, assessment).status is AssessmentStatus.CLOSED:
        raise HanseError(Code.CONFLICT, "this assessment is closed.", remedy="Reopen it to change it.")


def _require_valid(data: TieData, vocabulary: Vocabulary, now: Timestamp) -> None:
    if data.relation not in vocabulary.relations:
        raise HanseError(Code.INVALID, "choose how the two are tied.")
    if data.subject.id == data.object.id:
        raise HanseError(Code.INVALID, "a tie joins two different organisations.")
    if data.observed.end > day_of(now):
        raise HanseError(Code.INVALID, "nothing was observed after today.")
    if len(data.note) > MAX_NOTE_CHARACTERS:
        raise HanseError(Code.INVALID, f"a note has at most {MAX_NOTE_CHARACTERS:,} characters.")
