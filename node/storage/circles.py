"""The circles that this node has joined, and their rosters."""

from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from node.domain.circles import CircleView, Member, Roster
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.storage.tables.circles import CIRCLES
from protocol.circles import (
    SignedCharter,
    circle_id,
    decode_signed_charter,
    encode_charter,
    encode_signed_charter,
    members,
)
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.pseudonyms import pseudonym
from protocol.statements import Timestamp

_CACHED_ROSTERS: Final = 64
"""Rosters kept in memory: a charter is never changed, and reading one of a thousand members takes 0.1 s."""


def insert(tx: Transaction, circle: CircleId, signed: SignedCharter, own: KeyId, now: Timestamp) -> None:
    """Remember a circle; the caller has verified the charter and that neither circle nor key is known."""
    values = {"id": circle, "charter": encode_signed_charter(signed), "contributor": own, "joined": now}
    tx.connection.execute(sa.insert(CIRCLES).values(values))


def find_roster(tx: Transaction, circle: CircleId) -> Roster | None:
    """The roster of a circle that we are in; ``None`` for any other."""
    row = tx.connection.execute(sa.select(CIRCLES).where(CIRCLES.c.id == circle)).one_or_none()
    return None if row is None else _roster(row.charter, row.contributor)


def get_roster(tx: Transaction, circle: CircleId) -> Roster:
    """As :func:`find_roster`; raises ``NO_SUCH_MEMBER`` where we are not in the circle."""
    roster = find_roster(tx, circle)
    if roster is None:
        raise HanseError(
            Code.NO_SUCH_MEMBER,
            f"this node is not a member of circle {circle}.",
            remedy="Join it first with `hanse circle join`, giving the charter that every founder has signed.",
        )
    return roster


def list_rosters(tx: Transaction) -> list[Roster]:
    """The rosters of all our circles."""
    return [_roster(row.charter, row.contributor) for row in _rows(tx)]


def list_circles(tx: Transaction) -> list[CircleView]:
    """All our circles, the one joined first at the top."""
    return [_view(_roster(row.charter, row.contributor), Timestamp(row.joined)) for row in _rows(tx)]


def signed_charter(tx: Transaction, circle: CircleId) -> SignedCharter | None:
    """The charter with its signatures, as it was accepted."""
    charter = tx.connection.execute(sa.select(CIRCLES.c.charter).where(CIRCLES.c.id == circle)).scalar_one_or_none()
    return None if charter is None else decode_signed_charter(charter)


def _rows(tx: Transaction) -> list[sa.Row[Any]]:
    return list(tx.connection.execute(sa.select(CIRCLES).order_by(CIRCLES.c.joined, CIRCLES.c.id)))


@lru_cache(maxsize=_CACHED_ROSTERS)
def _roster(charter: bytes, own: KeyId) -> Roster:
    """A pure function of its arguments, so nodes in one process may share what it remembers."""
    signed = decode_signed_charter(charter)
    circle = circle_id(encode_charter(signed.charter))
    lines = {
        contributor: Member(
            contributor=contributor,
            pseudonym=pseudonym(circle, contributor),
            name=founder.name,
            url=founder.url,
            key=PublicKey.decode(founder.contributor_key),
            request_key=PublicKey.decode(founder.request_key),
        )
        for contributor, founder in members(signed.charter).items()
    }
    return Roster(circle=circle, charter=signed.charter, members=MappingProxyType(lines), own=own)


def _view(roster: Roster, joined: Timestamp) -> CircleView:
    return CircleView(
        id=roster.circle,
        name=roster.charter.name,
        purpose=roster.charter.purpose,
        members=len(roster.members),
        own=roster.own,
        own_pseudonym=pseudonym(roster.circle, roster.own),
        small_number_threshold=roster.charter.small_number_threshold,
        joined=joined,
    )
