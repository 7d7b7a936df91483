"""Invented institutions ``a``, ``b``, … with as many keys as they need, for tests and vectors of membership.

``a`` is the first contributor key of institution a, ``a2`` its second; ``a2!thief`` would be nobody: a key that has
been stolen is the same key, and says what the thief wants.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from protocol.circles import Charter, Founder
from protocol.identifiers import KeyId
from protocol.keys import SigningKey
from protocol.membership import Endorses, Leaves, Removes, Rotates
from protocol.messages.card import NodeCard, sign_card
from tests.protocol import fed_samples, samples

FOUNDERS: Final = ("a", "b", "c", "d", "e")


@cache
def secret(role: str, name: str) -> SigningKey:
    """One key of an institution, from a fixed seed."""
    return SigningKey(sha256(f"{role} {name}".encode()).digest())


def institution(key: str) -> str:
    """Whose key it is."""
    return key.rstrip("0123456789")


@cache
def key_id(key: str) -> KeyId:
    """The name of the log of this contributor key."""
    return secret("contributor", key).public.key_id


@cache
def identity(key: str) -> KeyId:
    """The voice that this key speaks with."""
    return secret("identity", institution(key)).public.key_id


@cache
def node_card(key: str, owner: str = "") -> NodeCard:
    """What the institution says of itself with this contributor key; ``owner`` where it is another one's."""
    name = owner or institution(key)
    return NodeCard(
        v=1,
        circle=samples.CIRCLE,
        name=f"University of {name.upper()}",
        url=f"https://{name}.example",
        identity_key=secret("identity", name).public.encode(),
        request_key=secret("request", name).public.encode(),
        contributor_key=secret("contributor", key).public.encode(),
    )


@cache
def card(key: str, owner: str = "") -> bytes:
    """The same, signed by all three keys."""
    name = owner or institution(key)
    return sign_card(
        node_card(key, owner),
        identity=secret("identity", name),
        request=secret("request", name),
        contributor=secret("contributor", key),
    )


def founder(key: str) -> Founder:
    """A line of the charter."""
    return node_card(key).founder()


def charter(*, endorsement_quorum: int = 2, removal_quorum: int = 3, founders: Sequence[str] = FOUNDERS) -> Charter:
    """A circle of these founders."""
    lines = tuple(sorted((founder(key) for key in founders), key=lambda each: each.contributor_key))
    quorums = {"endorsement_quorum": endorsement_quorum, "removal_quorum": removal_quorum}
    return replace(fed_samples.charter(), founders=lines, **quorums)


def endorses(by: str, key: str, index: int = 0, owner: str = "") -> Endorses:
    """In the log of ``by``: an endorsement of the card of ``key``."""
    return Endorses(key_id(by), index, card(key, owner))


def removes(by: str, target: str, from_index: int = 0, index: int = 0) -> Removes:
    """In the log of ``by``: a vote to remove ``target``."""
    return Removes(key_id(by), index, key_id(target), from_index)


def leaves(by: str, index: int = 0) -> Leaves:
    """In the log of ``by``: a departure."""
    return Leaves(key_id(by), index)


def rotates(by: str, key: str, index: int = 0, owner: str = "") -> Rotates:
    """In the log of ``by``: a change to ``key``."""
    return Rotates(key_id(by), index, card(key, owner))
