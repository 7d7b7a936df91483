"""Closed casework past the institution's limit: listed with its title, and deleted by a person, one list at a time.

What was shared stays where it was shared: a finding ends by its own day, or is retracted or erased. Its draft stays
too, without the case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from node.casework.assessments import get_assessment
from node.casework.engagements import assessments_of, get_engagement
from node.domain.casework import AssessmentId
from node.domain.engagements import EngagementId
from node.domain.retention import CaseworkKind
from node.errors import Code, HanseError
from node.storage import retention as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class DueView:
    """One case for those who may read casework."""

    kind: CaseworkKind
    id: str
    title: str = field(repr=False)
    closed: date
    kept_by: int
    """Assessments that still belong to an engagement: it goes after them."""


def due_cases(tx: Transaction, vault: Vault, now: Timestamp, months: int, *, most: int) -> list[DueView]:
    """Oldest first; none where the institution has set no limit."""
    views = []
    for each in storage.due(tx, now, months, most=most):
        if each.kind == "assessment":
            title, kept_by = get_assessment(tx, vault, AssessmentId(each.id)).data.title, 0
        else:
            engagement = EngagementId(each.id)
            title = get_engagement(tx, vault, engagement).data.title
            kept_by = len(assessments_of(tx, vault, engagement))
        views.append(DueView(each.kind, each.id, title, each.closed, kept_by))
    return views


def delete_cases(tx: Transaction, vault: Vault, ids: Sequence[str], now: Timestamp, months: int, *, most: int) -> int:
    """Delete these cases with their answers, decisions and uses of evidence; how many there were.

    Raises ``CONFLICT``, and deletes none, where one of them is not on the list any more or an engagement still has
    assessments. The files of evidence that nothing uses any more go with the next tidying.
    """
    listed = {each.id: each for each in due_cases(tx, vault, now, months, most=most)}
    chosen = [listed[each] for each in dict.fromkeys(ids) if each in listed]
    with_cases = {each.id for each in chosen}
    for each in chosen:
        if each.kind == "engagement" and any(
            belonging.id not in with_cases for belonging in assessments_of(tx, vault, EngagementId(each.id))
        ):
            raise HanseError(Code.CONFLICT, "an engagement still has assessments.", remedy="Delete those first.")
    if len(chosen) != len(set(ids)):
        raise HanseError(Code.CONFLICT, "somebody has changed one of these cases, or it is not due.")
    for each in sorted(chosen, key=lambda one: one.kind):  # assessments before what they belong to
        storage.remove(tx, each.kind, each.id)
    return len(chosen)
