"""Rows of settlements, and the claims on which something has settled."""

from collections.abc import Collection

import sqlalchemy as sa

from node.domain.settling import Settlement
from node.domain.statements import Claim
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.settlements import SETTLEMENTS
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp

_CLAIM = (SETTLEMENTS.c.circle, SETTLEMENTS.c.subject, SETTLEMENTS.c.indicator, SETTLEMENTS.c.scope)


def add(tx: Transaction, vault: Vault, settlement: Settlement) -> None:
    """From now on this holds; what was said before stays as history."""
    claim = settlement.claim
    query = sa.select(sa.func.coalesce(sa.func.max(SETTLEMENTS.c.number), 0)).where(*_of(claim))
    number = int(tx.connection.execute(query).scalar_one()) + 1
    row = {
        "circle": claim.circle,
        "subject": claim.subject,
        "indicator": claim.indicator,
        "scope": claim.scope,
        "number": number,
        "settled": settlement.settled,
        "reason": vault.seal(settlement.reason.encode(), place=_place(claim, number)),
        "by": settlement.by,
        "at": settlement.at,
    }
    tx.connection.execute(sa.insert(SETTLEMENTS).values(row))


def history(tx: Transaction, vault: Vault, claim: Claim) -> tuple[Settlement, ...]:
    """All that was said of one claim here, newest first."""
    query = sa.select(SETTLEMENTS).where(*_of(claim)).order_by(SETTLEMENTS.c.number.desc())
    return tuple(
        Settlement(
            claim,
            row.settled,
            vault.open(row.reason, place=_place(claim, row.number)).decode(),
            row.by,
            Timestamp(row.at),
        )
        for row in tx.connection.execute(query)
    )


def latest(tx: Transaction, circle: CircleId) -> dict[Claim, str]:
    """What holds of each claim of a circle that anything was said of; the reasons stay sealed."""
    query = sa.select(*_CLAIM, SETTLEMENTS.c.settled).where(SETTLEMENTS.c.circle == circle)
    rows = tx.connection.execute(query.order_by(SETTLEMENTS.c.number))
    return {Claim(row.circle, row.subject, row.indicator, row.scope): row.settled for row in rows}


def touched(tx: Transaction, circle: CircleId, own: Collection[KeyId], *, limit: int) -> list[Claim]:
    """Claims on which we have stated or answered something, or an author took a finding back: the newest first."""
    findings = STATEMENTS.alias()
    named = sa.and_(findings.c.id == STATEMENTS.c.target_id, findings.c.kind == "finding")
    columns = (findings.c.subject, findings.c.indicator, findings.c.scope)
    ours = sa.and_(LOGS.c.contributor.in_(sorted(own)), STATEMENTS.c.kind == "response")
    answered = (
        sa.select(LOGS.c.circle, *columns, STATEMENTS.c.seq)
        .select_from(STATEMENTS.join(LOGS).join(findings, named))
        .where(LOGS.c.circle == circle, sa.or_(ours, STATEMENTS.c.kind == "retraction"))
    )
    stated = (
        sa.select(LOGS.c.circle, STATEMENTS.c.subject, STATEMENTS.c.indicator, STATEMENTS.c.scope, STATEMENTS.c.seq)
        .select_from(STATEMENTS.join(LOGS))
        .where(LOGS.c.circle == circle, LOGS.c.contributor.in_(sorted(own)), STATEMENTS.c.kind == "finding")
    )
    both = sa.union_all(answered, stated).subquery()
    newest = sa.func.max(both.c.seq)
    claim = (both.c.circle, both.c.subject, both.c.indicator, both.c.scope)
    query = sa.select(*claim).group_by(*claim).order_by(newest.desc()).limit(limit)
    return [Claim(*row) for row in tx.connection.execute(query)]


def _of(claim: Claim) -> list[sa.ColumnElement[bool]]:
    values = (claim.circle, claim.subject, claim.indicator, claim.scope)
    return [column == value for column, value in zip(_CLAIM, values, strict=True)]


def _place(claim: Claim, number: int) -> str:
    return f"settlements.reason:{claim.circle}/{claim.subject}/{claim.indicator}/{claim.scope}/{number}"
