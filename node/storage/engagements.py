"""Engagements and their history. Texts go through the vault on their way in and out."""

from collections.abc import Iterator
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.casework import CaseEvent
from node.domain.engagements import Engagement, EngagementData, EngagementId, EngagementStatus
from node.storage.casework import encode_event, read_event
from node.storage.database import Transaction
from node.storage.tables.casework import ENGAGEMENT_EVENTS, ENGAGEMENTS
from node.storage.vault import Vault
from protocol.statements import Timestamp

_DATA: Final = msgspec.json.Decoder(EngagementData)
_ROWS: Final = 500
"""Read at a time where all are asked for."""

Row = sa.Row[tuple[object, ...]]


def add(tx: Transaction, vault: Vault, engagement: Engagement) -> None:
    """Store a new engagement."""
    tx.connection.execute(sa.insert(ENGAGEMENTS).values(id=engagement.id, **_values(vault, engagement)))


def get(tx: Transaction, vault: Vault, engagement: EngagementId) -> Engagement | None:
    """One engagement."""
    row = tx.connection.execute(sa.select(ENGAGEMENTS).where(ENGAGEMENTS.c.id == engagement)).first()
    return None if row is None else _engagement(vault, row)


def page(
    tx: Transaction,
    vault: Vault,
    *,
    owner: AccountId | None,
    statuses: frozenset[EngagementStatus] | None,
    limit: int,
    offset: int,
) -> list[Engagement]:
    """Engagements, last changed first."""
    query = sa.select(ENGAGEMENTS).order_by(ENGAGEMENTS.c.updated.desc(), ENGAGEMENTS.c.id)
    if owner is not None:
        query = query.where(ENGAGEMENTS.c.owner == owner)
    if statuses is not None:
        query = query.where(ENGAGEMENTS.c.status.in_(sorted(status.value for status in statuses)))
    return [_engagement(vault, row) for row in tx.connection.execute(query.limit(limit).offset(offset))]


def every(tx: Transaction, vault: Vault) -> Iterator[Engagement]:
    """All of them, oldest first, opened one by one."""
    query = sa.select(ENGAGEMENTS).order_by(ENGAGEMENTS.c.created, ENGAGEMENTS.c.id)
    for row in tx.connection.execute(query.execution_options(yield_per=_ROWS)):
        yield _engagement(vault, row)


def replace(tx: Transaction, vault: Vault, engagement: Engagement, *, expected: int) -> bool:
    """Store a changed engagement if the stored version is still ``expected``; whether it was."""
    result = tx.connection.execute(
        sa.update(ENGAGEMENTS)
        .where(ENGAGEMENTS.c.id == engagement.id, ENGAGEMENTS.c.version == expected)
        .values(_values(vault, engagement))
    )
    return result.rowcount == 1


def add_event(tx: Transaction, vault: Vault, engagement: EngagementId, event: CaseEvent) -> None:
    """Append to the history."""
    values = {
        "engagement_id": engagement,
        "seq": event.seq,
        "at": event.at,
        "account_id": event.account,
        "kind": event.kind,
        "sealed": vault.seal(encode_event(event), place=_event_place(engagement, event.seq)),
    }
    tx.connection.execute(sa.insert(ENGAGEMENT_EVENTS).values(values))


def history(tx: Transaction, vault: Vault, engagement: EngagementId) -> list[CaseEvent]:
    """The history, oldest first."""
    query = sa.select(ENGAGEMENT_EVENTS).where(ENGAGEMENT_EVENTS.c.engagement_id == engagement)
    rows = tx.connection.execute(query.order_by(ENGAGEMENT_EVENTS.c.seq)).all()
    return [read_event(row, vault.open(row.sealed, place=_event_place(engagement, row.seq))) for row in rows]


def _values(vault: Vault, engagement: Engagement) -> dict[str, object]:
    return {
        "version": engagement.version,
        "owner": engagement.owner,
        "status": engagement.status.value,
        "created": engagement.created,
        "updated": engagement.updated,
        "sealed": vault.seal(msgspec.json.encode(engagement.data), place=_place(engagement.id)),
    }


def _engagement(vault: Vault, row: Row) -> Engagement:
    return Engagement(
        id=EngagementId(row.id),
        version=row.version,
        owner=AccountId(row.owner),
        status=EngagementStatus(row.status),
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        data=_DATA.decode(vault.open(row.sealed, place=_place(row.id))),
    )


def _place(engagement: str) -> str:
    return f"engagements.sealed:{engagement}"


def _event_place(engagement: str, seq: int) -> str:
    return f"engagement_events.sealed:{engagement}/{seq}"
