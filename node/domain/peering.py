"""Other nodes before any circle: what an address says of itself, and whose key somebody here has confirmed."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from protocol.identifiers import KeyId
from protocol.keys import PublicKey
from protocol.statements import Timestamp

How: TypeAlias = Literal["fingerprint", "charter", "anchor"]
"""How it became known whose key it is: two people compared the fingerprint; the operator joined a charter that names
it; a trust anchor that the operator configured vouches for it."""

COMMAND_LINE: Final = ""
"""In the place of an account, where a command of this machine was used."""

UNDATED: Final = Timestamp(0)
"""Of what nobody has signed a date for: whatever has one is newer."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What the node at an address says of itself, signed by the identity key that it names. Proves no name."""

    url: str
    name: str
    identity_key: PublicKey
    request_key: PublicKey
    until: Timestamp
    """When its entity configuration ends."""
    at: Timestamp
    """When we asked."""
    issued: Timestamp = UNDATED
    """When it signed that."""

    @property
    def identity(self) -> KeyId:
        """The thumbprint of the identity key."""
        return self.identity_key.key_id


@dataclass(frozen=True, slots=True)
class Pin:
    """An identity key of which somebody here has confirmed whose it is."""

    identity_key: PublicKey
    request_key: PublicKey
    name: str
    url: str
    how: How
    by: str
    """The account, or :data:`COMMAND_LINE`."""
    at: Timestamp
    theirs: bool | None = None
    """Whether they have confirmed us, in their own signed word; ``None`` where they have not said."""
    theirs_at: Timestamp | None = None
    issued: Timestamp = UNDATED
    """When it signed the newest word of itself that we have taken; undated where a charter alone names it."""

    @property
    def identity(self) -> KeyId:
        """The thumbprint of the identity key."""
        return self.identity_key.key_id


@dataclass(frozen=True, slots=True)
class Peer:
    """One line of the list of peers: an address, a confirmed key, or both."""

    introduction: Introduction | None
    pin: Pin | None

    @property
    def url(self) -> str:
        """Where it answers, or answered."""
        return self.introduction.url if self.introduction else self.pin.url if self.pin else ""

    @property
    def name(self) -> str:
        """What it calls itself; the confirmed name first."""
        return self.pin.name if self.pin else self.introduction.name if self.introduction else ""
