"""The file of a case: what it is about, and the one way in which it changes.

A case is an engagement with all its assessments, or an assessment that belongs to none. Its file begins with the first
thing that is recorded. Every change names the version it saw and leaves a line of history with what it replaced.
"""

from datetime import date, timedelta
from typing import Final

import msgspec

from node.casework.assessments import get_assessment
from node.casework.checks import FieldError
from node.casework.engagements import get_engagement
from node.domain.accounts import AccountId
from node.domain.casework import AssessmentId, Edit
from node.domain.decisions import (
    MAX_YEARS_AHEAD,
    CaseFile,
    CaseFileId,
    CaseKind,
    CaseRef,
    Decision,
    FileEvent,
)
from node.domain.engagements import EngagementId
from node.errors import Code, HanseError
from node.storage import decisions as storage
from node.storage.database import Transaction
from node.storage.vault import Vault

_LONGEST_YEAR: Final = 366


def case_of(tx: Transaction, vault: Vault, kind: CaseKind, identifier: str) -> CaseRef:
    """The case that an engagement or an assessment is; raises ``NOT_FOUND``.

    An assessment that belongs to an engagement is part of the engagement's case, and one that a review began is part of
    the case that was looked at again.
    """
    match kind:
        case CaseKind.ENGAGEMENT:
            return CaseRef(kind, get_engagement(tx, vault, EngagementId(identifier)).id)
        case CaseKind.ASSESSMENT:
            found = get_assessment(tx, vault, AssessmentId(identifier))
            if found.data.engagement is not None:
                return CaseRef(CaseKind.ENGAGEMENT, found.data.engagement)
            return storage.begun_by(tx, found.id) or CaseRef(kind, found.id)


def case_file(tx: Transaction, vault: Vault, ref: CaseRef) -> CaseFile:
    """The file of a case that exists; an empty one at version 0 while nothing has been recorded."""
    found = storage.find(tx, vault, ref)
    return CaseFile(id=CaseFileId(""), ref=ref, version=0, keeper=None, review=None) if found is None else found


def opened(tx: Transaction, vault: Vault, ref: CaseRef, edit: Edit) -> CaseFile:
    """The file, to be changed by somebody who saw this version of it; raises ``CONFLICT`` if it has changed since."""
    storage.open_file(tx, ref, edit.account)
    found = case_file(tx, vault, ref)
    if found.version != edit.version:
        raise changed_meanwhile()
    return found


def changed(
    tx: Transaction,
    vault: Vault,
    case: CaseFile,
    edit: Edit,
    kind: str,
    change: tuple[object, object],
    *,
    review: date | None,
    keeper: AccountId | None = None,
) -> None:
    """Finish a change: raise the version, and keep what was replaced by what. Nobody else's change is lost by it.

    ``review`` is the day of the next review from now on; ``keeper`` who is reminded, by default who is already.
    """
    # Of two transactions that read the same version, the second finds it gone and rolls everything back.
    if not storage.advance(tx, case, keeper=keeper or case.keeper or edit.account, review=review):
        raise changed_meanwhile()
    before, after = ("" if each is None else msgspec.json.encode(each).decode() for each in change)
    storage.add_event(
        tx, vault, case.id, FileEvent(case.version + 1, edit.at, edit.account, kind, before=before, after=after)
    )


def take_over(tx: Transaction, vault: Vault, ref: CaseRef, edit: Edit) -> None:
    """From now on this person is reminded of the case."""
    case = opened(tx, vault, ref, edit)
    if case.keeper != edit.account:
        change = (case.keeper, edit.account)
        changed(tx, vault, case, edit, "taken-over", change, review=case.review, keeper=edit.account)


def history(tx: Transaction, vault: Vault, ref: CaseRef) -> list[FileEvent]:
    """Every change of a file, oldest first."""
    case = storage.find(tx, vault, ref)
    return [] if case is None else storage.history(tx, vault, case.id)


def decision_of(case: CaseFile, number: int) -> Decision:
    """One of the decisions of a case; raises ``NOT_FOUND``."""
    for decision in case.decisions:
        if decision.number == number:
            return decision
    raise HanseError(Code.NOT_FOUND, "this case has no such decision.")


def coming(field: str, day: date, today: date) -> date:
    """The same day, or ``INVALID`` where it is too far ahead to be meant."""
    if day > today + timedelta(days=MAX_YEARS_AHEAD * _LONGEST_YEAR):
        raise FieldError(field, f"a day within the next {MAX_YEARS_AHEAD} years.")
    return day


def changed_meanwhile() -> HanseError:
    """Two people at once: the second is told."""
    return HanseError(
        Code.CONFLICT,
        "somebody has changed this case since it was opened.",
        remedy="Open it again and repeat the change.",
    )
