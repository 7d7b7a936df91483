"""Introductions and confirmed identity keys."""

from typing import Any

import sqlalchemy as sa

from node.domain.peering import Introduction, Pin
from node.storage.database import Transaction
from node.storage.tables.pins import INTRODUCTIONS, PINS
from node.storage.upsert import insert_new, upsert
from protocol.identifiers import KeyId
from protocol.keys import PublicKey
from protocol.statements import Timestamp


def is_confirmed(tx: Transaction, identity: KeyId) -> bool:
    """Whether somebody here has confirmed whose identity key this is."""
    return find_pin(tx, identity) is not None


def find_pin(tx: Transaction, identity: KeyId) -> Pin | None:
    """The confirmation of an identity key, by its thumbprint."""
    row = tx.connection.execute(sa.select(PINS).where(PINS.c.identity == identity)).one_or_none()
    return None if row is None else _pin(row)


def list_pins(tx: Transaction) -> list[Pin]:
    """Every confirmed key, by name."""
    return [_pin(row) for row in tx.connection.execute(sa.select(PINS).order_by(PINS.c.name, PINS.c.identity))]


def confirm(tx: Transaction, pin: Pin) -> None:
    """Remember a confirmation; an earlier one of the same key is replaced."""
    row = _row(pin)
    upsert(tx, PINS, [row], replace=[name for name in row if name != "identity"])


def confirm_if_new(tx: Transaction, pin: Pin) -> bool:
    """Remember a confirmation unless the key has one already; whether it was new."""
    return insert_new(tx, PINS, _row(pin))


def forget_pin(tx: Transaction, identity: KeyId) -> bool:
    """Take a confirmation back; whether there was one."""
    return bool(tx.connection.execute(sa.delete(PINS).where(PINS.c.identity == identity)).rowcount)


def record_their_side(tx: Transaction, identity: KeyId, *, confirmed: bool, now: Timestamp) -> None:
    """Remember what a confirmed peer said of its own confirmation of us."""
    values = {"theirs": confirmed, "theirs_at": now}
    tx.connection.execute(sa.update(PINS).where(PINS.c.identity == identity).values(values))


def introduce(tx: Transaction, introduction: Introduction) -> None:
    """Remember what an address says of itself, in the place of what it said before."""
    row = {
        "url": introduction.url,
        "identity_key": introduction.identity_key.encode(),
        "request_key": introduction.request_key.encode(),
        "name": introduction.name,
        "until": introduction.until,
        "at": introduction.at,
        "issued": introduction.issued,
    }
    upsert(tx, INTRODUCTIONS, [row], replace=[name for name in row if name != "url"])


def find_introduction(tx: Transaction, url: str) -> Introduction | None:
    """What an address said of itself when it was last asked."""
    row = tx.connection.execute(sa.select(INTRODUCTIONS).where(INTRODUCTIONS.c.url == url)).one_or_none()
    return None if row is None else _introduction(row)


def list_introductions(tx: Transaction) -> list[Introduction]:
    """Every address that was asked, by name."""
    query = sa.select(INTRODUCTIONS).order_by(INTRODUCTIONS.c.name, INTRODUCTIONS.c.url)
    return [_introduction(row) for row in tx.connection.execute(query)]


def forget_introduction(tx: Transaction, url: str) -> bool:
    """Forget what an address said of itself; whether there was anything."""
    return bool(tx.connection.execute(sa.delete(INTRODUCTIONS).where(INTRODUCTIONS.c.url == url)).rowcount)


def _row(pin: Pin) -> dict[str, object]:
    return {
        "identity": pin.identity,
        "identity_key": pin.identity_key.encode(),
        "request_key": pin.request_key.encode(),
        "name": pin.name,
        "url": pin.url,
        "how": pin.how,
        "by": pin.by,
        "at": pin.at,
        "theirs": pin.theirs,
        "theirs_at": pin.theirs_at,
        "issued": pin.issued,
    }


def _pin(row: sa.Row[Any]) -> Pin:
    return Pin(
        identity_key=PublicKey.decode(row.identity_key),
        request_key=PublicKey.decode(row.request_key),
        name=row.name,
        url=row.url,
        how=row.how,
        by=row.by,
        at=Timestamp(row.at),
        theirs=row.theirs,
        theirs_at=None if row.theirs_at is None else Timestamp(row.theirs_at),
        issued=Timestamp(row.issued),
    )


def _introduction(row: sa.Row[Any]) -> Introduction:
    return Introduction(
        url=row.url,
        name=row.name,
        identity_key=PublicKey.decode(row.identity_key),
        request_key=PublicKey.decode(row.request_key),
        until=Timestamp(row.until),
        at=Timestamp(row.at),
        issued=Timestamp(row.issued),
    )
