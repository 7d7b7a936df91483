"""Releases, prepared and issued, and the statements that one is made of."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.disclosure import Period, Release, ReleaseAudience, ReleaseId, ReleaseState
from node.storage.database import Transaction
from node.storage.tables.releases import PUBLIC_CIRCLES, RELEASE_MONTHS, RELEASES
from node.storage.upsert import insert_new
from protocol.identifiers import CircleId, SubjectId
from protocol.statements import Timestamp


def add(tx: Transaction, release: Release) -> None:
    """Store a prepared release."""
    tx.connection.execute(
        sa.insert(RELEASES).values(
            id=release.id,
            circle=release.circle,
            period=str(release.period),
            audience=release.audience,
            state=release.state,
            data=release.data,
            digest=release.digest,
            named=" ".join(release.named),
            prepared_by=release.prepared_by,
            prepared=release.prepared,
        )
    )


def get(tx: Transaction, release: ReleaseId, *, lock: bool = False) -> Release | None:
    """One release. With ``lock``, nobody else changes it before this transaction ends."""
    query = sa.select(RELEASES).where(RELEASES.c.id == release)
    row = tx.connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _release(row)


def list_releases(
    tx: Transaction,
    state: ReleaseState,
    *,
    audience: ReleaseAudience | None = None,
    circles: Collection[CircleId] | None = None,
) -> list[Release]:
    """Releases in this state, the latest period first, then by circle."""
    query = sa.select(RELEASES).where(RELEASES.c.state == state)
    if audience is not None:
        query = query.where(RELEASES.c.audience == audience)
    if circles is not None:
        query = query.where(RELEASES.c.circle.in_(tuple(circles)))
    found = [_release(row) for row in tx.connection.execute(query.order_by(RELEASES.c.circle, RELEASES.c.id))]
    return sorted(found, key=lambda release: release.period.last, reverse=True)


def issued_in(tx: Transaction, circle: CircleId, period: Period) -> ReleaseId | None:
    """An issued release that holds a month of this period."""
    query = sa.select(RELEASE_MONTHS.c.release_id).where(
        RELEASE_MONTHS.c.circle == circle, RELEASE_MONTHS.c.month.in_(tuple(period.each_month()))
    )
    found = tx.connection.execute(query.limit(1)).scalar_one_or_none()
    return None if found is None else ReleaseId(found)


def issue(tx: Transaction, release: Release, by: AccountId, now: Timestamp) -> bool:
    """Take up its months and mark it as issued; False, and nothing has changed, where one of them is taken."""
    if issued_in(tx, release.circle, release.period) is not None:
        return False
    for month in release.period.each_month():
        row = {"circle": release.circle, "month": month, "release_id": release.id}
        if not insert_new(tx, RELEASE_MONTHS, row):
            return False
    change = sa.update(RELEASES).where(RELEASES.c.id == release.id, RELEASES.c.state == "prepared")
    tx.connection.execute(change.values(state="issued", issued_by=by, issued=now))
    return True


def discard(tx: Transaction, release: ReleaseId) -> bool:
    """Forget a prepared release; whether there was one. What is issued stays."""
    statement = sa.delete(RELEASES).where(RELEASES.c.id == release, RELEASES.c.state == "prepared")
    return bool(tx.connection.execute(statement).rowcount)


def public_circles(tx: Transaction) -> frozenset[CircleId]:
    """Circles whose public releases anybody may read."""
    return frozenset(tx.connection.execute(sa.select(PUBLIC_CIRCLES.c.circle)).scalars())


def set_public(tx: Transaction, circle: CircleId, now: Timestamp, *, public: bool) -> None:
    """Switch the public page of a circle on or off."""
    if public:
        insert_new(tx, PUBLIC_CIRCLES, {"circle": circle, "since": now})
    else:
        tx.connection.execute(sa.delete(PUBLIC_CIRCLES).where(PUBLIC_CIRCLES.c.circle == circle))


def _release(row: sa.Row[Any]) -> Release:
    return Release(
        id=row.id,
        circle=row.circle,
        period=Period.parse(row.period),
        audience=row.audience,
        state=row.state,
        data=bytes(row.data),
        digest=row.digest,
        named=tuple(SubjectId(each) for each in row.named.split()),
        prepared_by=row.prepared_by,
        prepared=row.prepared,
        issued_by=row.issued_by,
        issued=row.issued,
    )
