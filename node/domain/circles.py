"""Circles as a node reads them: who is in one, and which of them we are."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.circles import Charter
from protocol.identifiers import CircleId, KeyId, Pseudonym
from protocol.keys import PublicKey
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a roster. Only member nodes hold it; analysts see ``pseudonym`` in its place."""

    contributor: KeyId
    pseudonym: Pseudonym
    name: str
    url: str
    key: PublicKey
    """The contributor key: signs statements and checkpoints."""
    request_key: PublicKey
    """Signs requests and responses."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The members of one circle by contributor, from its charter, in the charter's order."""

    circle: CircleId
    charter: Charter
    members: Mapping[KeyId, Member]
    own: KeyId

    @property
    def others(self) -> tuple[Member, ...]:
        """Everybody but us: who receives what we publish, and whom we pull from."""
        return tuple(member for member in self.members.values() if member.contributor != self.own)

    def by_request_key(self, key_id: KeyId) -> Member | None:
        """The member that signs its requests with this key."""
        return next((m for m in self.members.values() if m.request_key.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class CircleView:
    """One line of the list of circles."""

    id: CircleId
    name: str
    purpose: str
    members: int
    own: KeyId
    own_pseudonym: Pseudonym
    small_number_threshold: int
    joined: Timestamp
