"""Recording and changing engagements. Every change names the version it saw and leaves a line of history.

Nothing changes by itself here: that an end date has passed or that a decision was recorded does not move the status.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import msgspec

from node.casework.assessments import grow_with_engagement
from node.casework.checks import checked_engagement
from node.domain.accounts import AccountId
from node.domain.casework import Assessment, AssessmentData, CaseEvent, Edit
from node.domain.engagements import Engagement, EngagementData, EngagementId, EngagementStatus
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import casework
from node.storage import engagements as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_PAGE: Final = 200
"""Engagements listed at once: each is opened with the data key."""


def create_engagement(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    account: AccountId,
    data: EngagementData,
    now: Timestamp,
    status: EngagementStatus = EngagementStatus.PLANNED,
) -> Engagement:
    """Record a new engagement. Raises ``INVALID`` naming the field that is wrong."""
    engagement = Engagement(
        id=EngagementId(new_id()),
        version=1,
        owner=account,
        status=status,
        created=now,
        updated=now,
        data=checked_engagement(data, vocabulary),
    )
    storage.add(tx, vault, engagement)
    event = CaseEvent(seq=1, at=now, account=account, kind="created", before="", after=_json(engagement))
    storage.add_event(tx, vault, engagement.id, event)
    return engagement


def get_engagement(tx: Transaction, vault: Vault, engagement: EngagementId) -> Engagement:
    """One engagement; raises ``NOT_FOUND``."""
    found = storage.get(tx, vault, engagement)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "there is no such engagement.")
    return found


def list_engagements(
    tx: Transaction,
    vault: Vault,
    *,
    owner: AccountId | None = None,
    statuses: frozenset[EngagementStatus] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Engagement]:
    """Engagements, last changed first."""
    return storage.page(tx, vault, owner=owner, statuses=statuses, limit=min(limit, MAX_PAGE), offset=max(offset, 0))


def all_engagements(tx: Transaction, vault: Vault) -> Iterator[Engagement]:
    """Every engagement, oldest first: for registers and for taking everything out."""
    return storage.every(tx, vault)


def titles_of(tx: Transaction, vault: Vault, ids: Iterable[EngagementId]) -> dict[EngagementId, str]:
    """The titles of these engagements; those that are gone are missing."""
    found = (storage.get(tx, vault, each) for each in ids)
    return {each.id: each.data.title for each in found if each is not None}


def assessments_of(tx: Transaction, vault: Vault, engagement: EngagementId) -> list[Assessment]:
    """The assessments of an engagement with their answers, oldest first."""
    return casework.of_engagement(tx, vault, engagement)


def change_engagement(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    engagement: EngagementId,
    data: EngagementData,
    edit: Edit,
) -> Engagement:
    """Replace what is written about an engagement.

    Its assessments keep their own heads; an open one grows to the full tier where the amount or a field calls for it.
    """
    found = _seen(tx, vault, engagement, edit.version)
    changed = _store(tx, vault, found, replace(found, data=checked_engagement(data, vocabulary)), edit, "changed")
    for assessment in assessments_of(tx, vault, engagement):
        grow_with_engagement(tx, vault, vocabulary, assessment, changed, edit)
    return changed


def set_status(
    tx: Transaction, vault: Vault, engagement: EngagementId, status: EngagementStatus, edit: Edit
) -> Engagement:
    """Say how far it has come. Any status may follow any other: people correct what they entered."""
    found = _seen(tx, vault, engagement, edit.version)
    return _store(tx, vault, found, replace(found, status=status), edit, "status")


def hand_over(tx: Transaction, vault: Vault, engagement: EngagementId, owner: AccountId, edit: Edit) -> Engagement:
    """Have another officer answer for it. The caller has looked whether that account is an officer's."""
    found = _seen(tx, vault, engagement, edit.version)
    return _store(tx, vault, found, replace(found, owner=owner), edit, "handed-over")


def history(tx: Transaction, vault: Vault, engagement: EngagementId) -> list[CaseEvent]:
    """Every change of an engagement, oldest first."""
    get_engagement(tx, vault, engagement)
    return storage.history(tx, vault, engagement)


def head_from(engagement: Engagement) -> AssessmentData:
    """The head of a new assessment of an engagement: what is known of it already is not typed again."""
    data = engagement.data
    return AssessmentData(
        title=data.title,
        subject=engagement.subject,
        unit=data.partner_unit,
        engagement_kind=data.kind,
        technology_domains=data.technology_domains,
        purpose=data.purpose,
        benefit=data.benefit,
        engagement=engagement.id,
    )


def _seen(tx: Transaction, vault: Vault, engagement: EngagementId, version: int) -> Engagement:
    found = get_engagement(tx, vault, engagement)
    if found.version != version:
        raise _changed_meanwhile()
    return found


def _store(tx: Transaction, vault: Vault, old: Engagement, new: Engagement, edit: Edit, kind: str) -> Engagement:
    stored = replace(new, version=old.version + 1, updated=edit.at)
    if not storage.replace(tx, vault, stored, expected=old.version):
        raise _changed_meanwhile()
    event = CaseEvent(
        seq=stored.version, at=edit.at, account=edit.account, kind=kind, before=_json(old), after=_json(stored)
    )
    storage.add_event(tx, vault, old.id, event)
    return stored


def _json(engagement: Engagement) -> str:
    """What people wrote of it, with status and owner: the rest is counted and not written."""
    return msgspec.json.encode(
        {"status": engagement.status, "owner": engagement.owner, **msgspec.to_builtins(engagement.data)}
    ).decode()


def _changed_meanwhile() -> HanseError:
    return HanseError(
        Code.CONFLICT,
        "somebody has changed this engagement since it was opened.",
        remedy="Open it again and repeat the change.",
    )
