"""The circles that this node has joined, and their rosters."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.circles import Basis, CircleView, LineStatus, Member, Roster
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.storage.tables.circles import CIRCLES, OWN_KEYS
from node.storage.upsert import insert_new
from protocol.circles import Founder, SignedCharter, circle_id, decode_signed_charter, encode_charter
from protocol.circles import encode_signed_charter as encode_charter_with_signatures
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.pseudonyms import pseudonym
from protocol.statements import Timestamp

_CACHED_ROSTERS: Final = 64
"""Rosters kept in memory: reading one of a thousand members takes 0.1 s, and every request from a peer needs one."""
_CACHED_LINES: Final = 16_384
"""Lines kept apart from their rosters: when one of a thousand changes, the others are not decoded again."""


class StoredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a roster in the row of its circle."""

    founder: Founder
    basis: Basis
    status: LineStatus
    place: int
    """Among the key epochs of its identity: a higher one speaks last."""
    endorsers: tuple[KeyId, ...] = ()
    rotated_from: KeyId | None = None
    void_from: int | None = None
    superseded_by: KeyId | None = None
    removed_by: tuple[KeyId, ...] = ()


_LINES: Final = msgspec.json.Encoder()
_LINE: Final = msgspec.json.Decoder(StoredLine)


def insert(
    tx: Transaction, circle: CircleId, signed: SignedCharter, own: KeyId, now: Timestamp, *, card: bytes | None = None
) -> None:
    """Remember a circle; the caller has verified the charter, and computes the roster in the same transaction."""
    values = {
        "id": circle,
        "charter": encode_charter_with_signatures(signed),
        "contributor": own,
        "joined": now,
        "roster": b"",
    }
    tx.connection.execute(sa.insert(CIRCLES).values(values))
    add_own_key(tx, circle, own, now, card=card)


def add_own_key(tx: Transaction, circle: CircleId, own: KeyId, now: Timestamp, *, card: bytes | None = None) -> None:
    """From now on this is our key in the circle; the ones before stay ours."""
    insert_new(tx, OWN_KEYS, {"contributor": own, "circle": circle, "since": now, "card": card})
    tx.connection.execute(sa.update(CIRCLES).where(CIRCLES.c.id == circle).values(contributor=own))


def lock(tx: Transaction, circle: CircleId) -> SignedCharter:
    """The charter, and nobody else computes the roster until the transaction ends.

    Taken after the lock of a log and after the feed's, before any claim is marked.
    """
    query = sa.select(CIRCLES.c.charter).where(CIRCLES.c.id == circle).with_for_update()
    return decode_signed_charter(tx.connection.execute(query).scalar_one())


def put_roster(tx: Transaction, circle: CircleId, lines: Iterable[StoredLine]) -> None:
    """Store the lines of a roster, in the order of admission; the caller holds the circle's lock."""
    encoded = b"\n".join(_LINES.encode(line) for line in lines)
    tx.connection.execute(sa.update(CIRCLES).where(CIRCLES.c.id == circle).values(roster=encoded))


def stored_lines(tx: Transaction, circle: CircleId) -> dict[KeyId, StoredLine]:
    """The lines as they were last stored, in their order."""
    encoded = tx.connection.execute(sa.select(CIRCLES.c.roster).where(CIRCLES.c.id == circle)).scalar_one()
    return {line.founder.key_id: line for line in map(_LINE.decode, encoded.splitlines())}


def newest_own_key(tx: Transaction, circle: CircleId) -> KeyId:
    """The key under which we now speak in a circle."""
    key: KeyId = tx.connection.execute(sa.select(CIRCLES.c.contributor).where(CIRCLES.c.id == circle)).scalar_one()
    return key


def find_roster(tx: Transaction, circle: CircleId) -> Roster | None:
    """The roster of a circle that we are in, if only as a candidate; ``None`` for any other."""
    row = tx.connection.execute(sa.select(CIRCLES).where(CIRCLES.c.id == circle)).one_or_none()
    return None if row is None else _of_row(row, _own_keys(tx))


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
    own = _own_keys(tx)
    return [_of_row(row, own) for row in _rows(tx)]


def list_circles(tx: Transaction) -> list[CircleView]:
    """All our circles, the one joined first at the top."""
    own = _own_keys(tx)
    return [_view(_of_row(row, own), Timestamp(row.joined)) for row in _rows(tx)]


def signed_charter(tx: Transaction, circle: CircleId) -> SignedCharter | None:
    """The charter with its signatures, as it was accepted."""
    charter = tx.connection.execute(sa.select(CIRCLES.c.charter).where(CIRCLES.c.id == circle)).scalar_one_or_none()
    return None if charter is None else decode_signed_charter(charter)


def own_card(tx: Transaction, own: KeyId) -> bytes | None:
    """The card under which we ask to be endorsed, by its contributor key."""
    card: bytes | None = tx.connection.execute(
        sa.select(OWN_KEYS.c.card).where(OWN_KEYS.c.contributor == own)
    ).scalar_one_or_none()
    return card


def circle_of_own_key(tx: Transaction, own: KeyId) -> CircleId | None:
    """The circle in which one of our keys is in use."""
    query = sa.select(OWN_KEYS.c.circle).where(OWN_KEYS.c.contributor == own)
    circle: CircleId | None = tx.connection.execute(query).scalar_one_or_none()
    return circle


def _rows(tx: Transaction) -> list[sa.Row[Any]]:
    return list(tx.connection.execute(sa.select(CIRCLES).order_by(CIRCLES.c.joined, CIRCLES.c.id)))


def _own_keys(tx: Transaction) -> Mapping[CircleId, frozenset[KeyId]]:
    keys: dict[CircleId, set[KeyId]] = {}
    for row in tx.connection.execute(sa.select(OWN_KEYS.c.circle, OWN_KEYS.c.contributor)):
        keys.setdefault(row.circle, set()).add(row.contributor)
    return {circle: frozenset(found) for circle, found in keys.items()}


def _of_row(row: sa.Row[Any], own: Mapping[CircleId, frozenset[KeyId]]) -> Roster:
    return _roster(row.charter, row.roster, row.contributor, own[row.id])


@lru_cache(maxsize=_CACHED_ROSTERS)
def _roster(charter: bytes, stored: bytes, own: KeyId, own_keys: frozenset[KeyId]) -> Roster:
    """A pure function of its arguments, so nodes in one process may share what it remembers."""
    signed = decode_signed_charter(charter)
    circle = circle_id(encode_charter(signed.charter))
    read = [_line(circle, line) for line in stored.splitlines()]
    lines = {member.contributor: member for member, _ in read}
    return Roster(
        circle=circle,
        charter=signed.charter,
        lines=MappingProxyType(lines),
        members=MappingProxyType({key: member for key, member in lines.items() if member.status == "current"}),
        voices=MappingProxyType({member.contributor: place for member, place in read}),
        own=own,
        own_keys=own_keys,
    )


@lru_cache(maxsize=_CACHED_LINES)
def _line(circle: CircleId, encoded: bytes) -> tuple[Member, int]:
    line = _LINE.decode(encoded)
    founder = line.founder
    identity = PublicKey.decode(founder.identity_key)
    member = Member(
        contributor=founder.key_id,
        pseudonym=pseudonym(circle, founder.key_id),
        name=founder.name,
        url=founder.url,
        key=PublicKey.decode(founder.contributor_key),
        request_key=PublicKey.decode(founder.request_key),
        identity_key=identity,
        identity=identity.key_id,
        basis=line.basis,
        endorsers=line.endorsers,
        rotated_from=line.rotated_from,
        status=line.status,
        void_from=line.void_from,
        superseded_by=line.superseded_by,
        removed_by=line.removed_by,
    )
    return member, line.place


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
        status=roster.status,
    )
