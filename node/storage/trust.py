"""Trust policies: whom this node believes in a circle, and how it came to that."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from node.domain.circles import Roster, TrustPolicy
from node.storage.database import Transaction
from node.storage.tables.trust import TRUST_POLICIES
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp


def add(tx: Transaction, vault: Vault, policy: TrustPolicy) -> None:
    """From now on this policy holds; those before it stay as history."""
    number = _numbers(tx, policy.circle).get(policy.voice, 0) + 1
    row = {
        "circle": policy.circle,
        "voice": policy.voice,
        "number": number,
        "state": policy.state,
        "weight_ppm": policy.weight_ppm,
        "reason": vault.seal(policy.reason.encode(), place=_place(policy.circle, policy.voice, number)),
        "by": policy.by,
        "at": policy.at,
    }
    tx.connection.execute(sa.insert(TRUST_POLICIES).values(row))


def weights(tx: Transaction, circle: CircleId) -> Mapping[KeyId, int]:
    """What the voices count that this node has decided on, in millionths; all others count in full."""
    return {row.voice: row.weight_ppm if row.state == "normal" else 0 for row in _latest(tx, circle)}


def policies(tx: Transaction, vault: Vault, circle: CircleId) -> dict[KeyId, TrustPolicy]:
    """The policies that hold, by voice."""
    return {row.voice: _policy(vault, row) for row in _latest(tx, circle)}


def history(tx: Transaction, vault: Vault, circle: CircleId, voice: KeyId) -> tuple[TrustPolicy, ...]:
    """Every decision on one voice, newest first."""
    query = (
        sa.select(TRUST_POLICIES)
        .where(TRUST_POLICIES.c.circle == circle, TRUST_POLICIES.c.voice == voice)
        .order_by(TRUST_POLICIES.c.number.desc())
    )
    return tuple(_policy(vault, row) for row in tx.connection.execute(query))


def quarantined_logs(tx: Transaction, roster: Roster) -> frozenset[KeyId]:
    """The logs of which nothing new is taken, by decision of this node; never our own."""
    shut = {row.voice for row in _latest(tx, roster.circle) if row.state == "quarantined"}
    return frozenset(key for key, line in roster.lines.items() if line.identity in shut) - roster.own_keys


def _latest(tx: Transaction, circle: CircleId) -> list[sa.Row[Any]]:
    rows = tx.connection.execute(
        sa.select(TRUST_POLICIES).where(TRUST_POLICIES.c.circle == circle).order_by(TRUST_POLICIES.c.number)
    )
    return list({row.voice: row for row in rows}.values())


def _numbers(tx: Transaction, circle: CircleId) -> dict[KeyId, int]:
    return {row.voice: row.number for row in _latest(tx, circle)}


def _policy(vault: Vault, row: sa.Row[Any]) -> TrustPolicy:
    return TrustPolicy(
        circle=row.circle,
        voice=row.voice,
        state=row.state,
        weight_ppm=row.weight_ppm,
        reason=vault.open(row.reason, place=_place(row.circle, row.voice, row.number)).decode(),
        by=row.by,
        at=Timestamp(row.at),
    )


def _place(circle: CircleId, voice: KeyId, number: int) -> str:
    return f"trust_policies.reason:{circle}/{voice}/{number}"
