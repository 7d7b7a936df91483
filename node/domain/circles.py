"""Circles as a node reads them: who is and was in one, which of them we are, and whom this node believes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from node.domain.accounts import AccountId
from node.errors import Code, HanseError
from protocol.circles import Charter
from protocol.decay import PPM
from protocol.identifiers import CircleId, KeyId, Pseudonym, StatementId, VocabularyCode
from protocol.keys import PublicKey
from protocol.statements import Statement, Timestamp

Basis: TypeAlias = Literal["founder", "endorsed", "rotated"]
"""Why a key epoch was admitted: it signed the charter, enough members endorsed it, or an admitted key named it."""

LineStatus: TypeAlias = Literal["current", "former", "left", "removed"]
"""``former``: its contributor goes on under a later key."""

OwnStatus: TypeAlias = Literal["candidate", "member", "left", "removed"]
"""What we are in a circle. A ``candidate`` knows the charter and is not endorsed by enough members yet."""

TrustState: TypeAlias = Literal["normal", "muted", "quarantined"]
"""``muted``: replicated and shown, without weight; ``quarantined``: also nothing new is taken from its logs."""

FULL_TRUST: Final = PPM


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a roster: one key epoch. Only member nodes hold it; analysts see ``pseudonym`` in its place."""

    contributor: KeyId
    pseudonym: Pseudonym
    name: str
    url: str
    key: PublicKey
    """The contributor key: signs statements and checkpoints."""
    request_key: PublicKey
    """Signs requests and responses."""
    identity_key: PublicKey
    identity: KeyId
    """Names the institution across key epochs: one identity, one voice."""
    basis: Basis = "founder"
    endorsers: tuple[KeyId, ...] = ()
    """Identities, where ``basis`` is ``endorsed``."""
    rotated_from: KeyId | None = None
    """The earlier key epoch, where ``basis`` is ``rotated``."""
    status: LineStatus = "current"
    void_from: int | None = None
    """Entries of its log from this index on are void."""
    superseded_by: KeyId | None = None
    removed_by: tuple[KeyId, ...] = ()
    """Identities whose votes removed it."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who is or was admitted to one circle, by key epoch, as this node computes it from what it holds."""

    circle: CircleId
    charter: Charter
    lines: Mapping[KeyId, Member]
    """Every admitted key epoch: founders first, then by depth of admission. All their logs are replicated."""
    members: Mapping[KeyId, Member]
    """The current ones: whom we contact and answer, and who receives what we publish."""
    voices: Mapping[KeyId, int]
    """The key epochs again, each with its place among those of its identity: a higher place speaks last."""
    own: KeyId
    """Our newest key here. It is in neither mapping while we are a candidate."""
    own_keys: frozenset[KeyId]

    @property
    def others(self) -> tuple[Member, ...]:
        """Every current member but us: who receives what we publish, and whom we pull from."""
        return tuple(member for member in self.members.values() if member.contributor not in self.own_keys)

    @property
    def status(self) -> OwnStatus:
        """What we are here."""
        line = self.lines.get(self.own)
        if line is None:
            return "candidate"
        match line.status:
            case "current" | "former":
                return "member"
            case "left" | "removed":
                return line.status

    def own_member(self) -> Member:
        """Our own line; raises ``NO_SUCH_MEMBER`` unless we are a member: nothing is published by anybody else."""
        member = self.members.get(self.own)
        if member is not None:
            return member
        words, remedy = _NOT_A_MEMBER[self.status]
        raise HanseError(Code.NO_SUCH_MEMBER, f"this node {words} of {self.charter.name}.", remedy=remedy)

    def by_request_key(self, key_id: KeyId) -> Member | None:
        """The current member that signs its requests with this key."""
        return next((m for m in self.members.values() if m.request_key.key_id == key_id), None)

    def voice(self, contributor: KeyId) -> KeyId:
        """The identity behind a key epoch: several epochs of one institution are one voice."""
        line = self.lines.get(contributor)
        return contributor if line is None else line.identity

    def order(self, contributor: KeyId) -> int:
        """The place of a key epoch among those of its identity."""
        return self.voices.get(contributor, 0)


_NOT_A_MEMBER: Final[Mapping[OwnStatus, tuple[str, str]]] = MappingProxyType(
    {
        "candidate": (
            "is a candidate and not yet a member",
            "Hand your card to members: when enough of them have endorsed it, the next sync brings the news.",
        ),
        "member": (
            "has gone on under a later key and does not hold it as a member",
            "Restore that key from its backup, or ask for endorsement under a fresh card.",
        ),
        "left": (
            "has left and is no longer a member",
            "To come back, make a fresh card and ask members to endorse it.",
        ),
        "removed": (
            "was removed and is no longer a member",
            "To come back, make a fresh card and ask members to endorse it.",
        ),
    }
)


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
    status: OwnStatus = "member"


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """What somebody here decides about a voice, and why."""

    state: TrustState
    reason: str = field(repr=False)
    weight_ppm: int = FULL_TRUST


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """How far this node believes one voice of a circle. Its own decision, shared with nobody."""

    circle: CircleId
    voice: KeyId
    state: TrustState
    weight_ppm: int
    """Millionths of full weight, where ``state`` is ``normal``."""
    reason: str
    by: AccountId | None
    at: Timestamp

    @property
    def effective_ppm(self) -> int:
        """What an opinion of this voice counts."""
        return self.weight_ppm if self.state == "normal" else 0


@dataclass(frozen=True, slots=True)
class RemovalVote:
    """One identity's word that a key epoch is no longer to be believed, and from where on in its log."""

    by: str
    by_identity: KeyId
    from_index: int
    reason: VocabularyCode


@dataclass(frozen=True, slots=True)
class LineView:
    """One key epoch, and why this node counts it as it does."""

    member: Member
    is_own: bool
    entries: int
    """Of its log, held here."""
    endorsements: tuple[str, ...]
    """Names of all admitted members that have endorsed its card, whether or not it needed them."""
    removal_votes: tuple[RemovalVote, ...]
    trust: TrustPolicy | None
    why: tuple[str, ...]
    """The same in sentences."""
    cut: tuple[str, ...]
    """From where on its statements are void, in a sentence: it tells whoever reads them whose log is whose."""


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A card that members have endorsed, not yet enough of them."""

    name: str
    url: str
    identity: KeyId
    contributor: KeyId
    card: bytes = field(repr=False)
    """What is to be endorsed: the same bytes as those who have."""
    endorsers: tuple[str, ...]
    needed: int
    """How many more endorsements would admit it."""


@dataclass(frozen=True, slots=True)
class MembersView:
    """The roster of one circle with its reasons."""

    circle: CircleId
    name: str
    status: OwnStatus
    endorsement_quorum: int
    removal_quorum: int
    lines: tuple[LineView, ...]
    """Current members first, each by name."""
    candidates: tuple[CandidateView, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A membership statement as it will be signed: shown byte for byte, then confirmed."""

    statement: Statement
    payload: bytes
    words: tuple[str, ...]
    """What it does, in sentences."""

    @property
    def id(self) -> StatementId:
        """Drawn when it was prepared, so that what is confirmed is what was shown."""
        return self.statement.id
