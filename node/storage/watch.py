"""Rows of watches, alerts and deliveries. Everything that says whom or what goes through the vault."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import ROLE_PERMISSIONS, AccountId, Permission, Role
from node.domain.watch import Alert, Change, Delivery, Pace, Watch
from node.storage.database import Transaction
from node.storage.tables.accounts import ACCOUNT_ROLES, ACCOUNTS
from node.storage.tables.watch import ALERTS, DELIVERIES, WATCHES
from node.storage.upsert import upsert
from node.storage.vault import Vault
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import Timestamp


class _Watched(msgspec.Struct, frozen=True):
    """What the vault keeps of a watch."""

    subject: str
    label: str
    relatives: bool


class _Alerted(msgspec.Struct, frozen=True):
    """What the vault keeps of an alert."""

    change: Change
    circle: str
    subject: str
    label: str
    indicator: str
    scope: str
    before: str
    after: str


_READERS: Final = tuple(role.value for role in Role if Permission.POOL_READ in ROLE_PERMISSIONS[role])
_WATCHED: Final = msgspec.json.Decoder(_Watched)
_ALERTED: Final = msgspec.json.Decoder(_Alerted)
_TOLD: Final = msgspec.json.Decoder(dict[str, str])


def add(tx: Transaction, vault: Vault, watch: Watch, told: Mapping[str, str]) -> None:
    """Store a watch, and what its owner knows already."""
    sealed = msgspec.json.encode(_Watched(watch.subject, watch.label, watch.relatives))
    values = {
        "id": watch.id,
        "account_id": watch.account,
        "since": watch.since,
        "sealed": vault.seal(sealed, place=f"watches.sealed:{watch.id}"),
        "told": _sealed_told(vault, watch.id, told),
    }
    tx.connection.execute(sa.insert(WATCHES).values(values))


def of_account(tx: Transaction, vault: Vault, account: AccountId) -> list[Watch]:
    """What somebody watches, newest first."""
    query = sa.select(WATCHES).where(WATCHES.c.account_id == account).order_by(WATCHES.c.since.desc(), WATCHES.c.id)
    return [_watch(vault, row) for row in tx.connection.execute(query)]


def every(tx: Transaction, vault: Vault) -> list[tuple[Watch, dict[str, str]]]:
    """All watches of those who may read the pool today, each with what its owner was told."""
    query = sa.select(WATCHES).where(_may_read(WATCHES.c.account_id)).order_by(WATCHES.c.id)
    return [
        (_watch(vault, row), _TOLD.decode(vault.open(row.told, place=f"watches.told:{row.id}")))
        for row in tx.connection.execute(query)
    ]


def locked(tx: Transaction, vault: Vault, watch: str) -> tuple[Watch, dict[str, str]] | None:
    """One watch and what its owner was told; nobody else tells them until the commit."""
    row = tx.connection.execute(sa.select(WATCHES).where(WATCHES.c.id == watch).with_for_update()).first()
    if row is None:
        return None
    return _watch(vault, row), _TOLD.decode(vault.open(row.told, place=f"watches.told:{row.id}"))


def remove(tx: Transaction, account: AccountId, watch: str) -> bool:
    """Forget one's own watch with its alerts; whether there was one."""
    found = sa.delete(WATCHES).where(WATCHES.c.id == watch, WATCHES.c.account_id == account)
    return tx.connection.execute(found).rowcount == 1


def tell(tx: Transaction, vault: Vault, watch: Watch, told: Mapping[str, str], alerts: Sequence[Alert]) -> None:
    """Keep alerts and, with them, what their reader now knows."""
    held = sa.update(WATCHES).where(WATCHES.c.id == watch.id).values(told=_sealed_told(vault, watch.id, told))
    tx.connection.execute(held)
    rows = []
    for alert in alerts:
        sealed = _Alerted(
            alert.change,
            alert.circle,
            alert.subject,
            alert.label,
            alert.indicator,
            alert.scope,
            alert.before,
            alert.after,
        )
        row = {
            "id": alert.id,
            "watch_id": alert.watch,
            "account_id": watch.account,
            "at": alert.at,
            "seen": alert.seen,
            "sealed": vault.seal(msgspec.json.encode(sealed), place=f"alerts.sealed:{alert.id}"),
        }
        rows.append(row)
    if rows:
        tx.connection.execute(sa.insert(ALERTS), rows)


def alerts(tx: Transaction, vault: Vault, account: AccountId, limit: int) -> list[Alert]:
    """Somebody's alerts, those not yet seen first, then newest first."""
    query = (
        sa.select(ALERTS)
        .where(ALERTS.c.account_id == account)
        .order_by(ALERTS.c.seen, ALERTS.c.at.desc(), ALERTS.c.id)
        .limit(limit)
    )
    return [_alert(vault, row) for row in tx.connection.execute(query)]


def count_unseen(tx: Transaction, account: AccountId, *, after: Timestamp | None = None) -> int:
    """How many alerts somebody has not seen, of all or of those made after a moment."""
    query = sa.select(sa.func.count()).where(ALERTS.c.account_id == account, ALERTS.c.seen.is_(other=False))
    if after is not None:
        query = query.where(ALERTS.c.at > after)
    return int(tx.connection.execute(query).scalar_one())


def mark_seen(tx: Transaction, account: AccountId) -> None:
    """All of somebody's alerts have been seen."""
    mine = (ALERTS.c.account_id == account) & ALERTS.c.seen.is_(other=False)
    tx.connection.execute(sa.update(ALERTS).where(mine).values(seen=True))


def forget_old(tx: Transaction, before: Timestamp) -> None:
    """Forget alerts of before, seen or not."""
    tx.connection.execute(sa.delete(ALERTS).where(ALERTS.c.at < before))


def delivery(tx: Transaction, vault: Vault, account: AccountId) -> Delivery:
    """How somebody wants to be told; never, where they have not said."""
    row = tx.connection.execute(sa.select(DELIVERIES).where(DELIVERIES.c.account_id == account)).first()
    return Delivery(account, "", Pace.NEVER, Timestamp(0)) if row is None else _delivery(vault, row)


def deliveries(tx: Transaction, vault: Vault) -> list[Delivery]:
    """Everybody who wants to be told and may read the pool today."""
    query = (
        sa.select(DELIVERIES)
        .where(_may_read(DELIVERIES.c.account_id), DELIVERIES.c.pace != Pace.NEVER.value)
        .order_by(DELIVERIES.c.account_id)
    )
    return [_delivery(vault, row) for row in tx.connection.execute(query)]


def put_delivery(tx: Transaction, vault: Vault, wanted: Delivery) -> None:
    """Store how somebody wants to be told."""
    row = {
        "account_id": wanted.account,
        "address": vault.seal(wanted.address.encode(), place=_address_place(wanted.account)),
        "pace": wanted.pace.value,
        "told": wanted.told,
    }
    upsert(tx, DELIVERIES, [row], replace=("address", "pace", "told"))


def mark_told(tx: Transaction, account: AccountId, now: Timestamp) -> None:
    """Somebody was told just now."""
    tx.connection.execute(sa.update(DELIVERIES).where(DELIVERIES.c.account_id == account).values(told=now))


def _may_read(account: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Accounts that are open and have a role that reads the pool: who has lost it hears nothing more of it."""
    return account.in_(
        sa.select(ACCOUNTS.c.id)
        .join(ACCOUNT_ROLES, ACCOUNT_ROLES.c.account_id == ACCOUNTS.c.id)
        .where(ACCOUNTS.c.disabled.is_(other=False), ACCOUNT_ROLES.c.role.in_(_READERS))
    )


def _sealed_told(vault: Vault, watch: str, told: Mapping[str, str]) -> bytes:
    return vault.seal(msgspec.json.encode(dict(told)), place=f"watches.told:{watch}")


def _watch(vault: Vault, row: sa.Row[Any]) -> Watch:
    found = _WATCHED.decode(vault.open(row.sealed, place=f"watches.sealed:{row.id}"))
    subject = SubjectId(found.subject)
    return Watch(row.id, AccountId(row.account_id), subject, found.label, found.relatives, Timestamp(row.since))


def _alert(vault: Vault, row: sa.Row[Any]) -> Alert:
    found = _ALERTED.decode(vault.open(row.sealed, place=f"alerts.sealed:{row.id}"))
    return Alert(
        id=row.id,
        watch=row.watch_id,
        at=Timestamp(row.at),
        change=found.change,
        circle=CircleId(found.circle),
        subject=SubjectId(found.subject),
        label=found.label,
        indicator=VocabularyCode(found.indicator),
        scope=VocabularyCode(found.scope),
        before=found.before,
        after=found.after,
        seen=bool(row.seen),
    )


def _delivery(vault: Vault, row: sa.Row[Any]) -> Delivery:
    account = AccountId(row.account_id)
    address = vault.open(row.address, place=_address_place(account)).decode()
    return Delivery(account, address, Pace(row.pace), Timestamp(row.told))


def _address_place(account: AccountId) -> str:
    return f"alert_deliveries.address:{account}"
