"""Person tokens as a node works with them: what is being evaluated, how far it is, and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NewType

import msgspec

from node.domain.accounts import AccountId
from node.domain.circles import Member
from node.domain.publishing import DraftId
from protocol.identifiers import CircleId, Digest, KeyId, StatementId, VocabularyCode
from protocol.person_tokens import KeySet
from protocol.statements import DAY_SECONDS, Timestamp

EvaluationId = NewType("EvaluationId", str)
"""128 random bits, 22 characters; also the thread of the letters that it needs."""

WAITING_SECONDS: Final = 14 * DAY_SECONDS
"""How long an operator that cannot be reached has time to fetch a question, and how long an input is kept for it."""
SHOWN_SECONDS: Final = 30 * DAY_SECONDS
"""How long the outcome of a look-up is shown, without its input; then it is forgotten."""
MAX_EPOCHS: Final = 3
"""Epochs in which one look-up is evaluated: the current one, and those before it that still have live tokens. Each
costs one evaluation of the budget at every operator."""


@unique
class Purpose(StrEnum):
    """What a token is made for."""

    LOOK_UP = "look-up"
    ATTACH = "attach"
    RENEW = "renew"


@unique
class EvaluationState(StrEnum):
    """How far it is. ``STOPPED`` says why, in words."""

    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation in one epoch. ``element`` is what the next operator is to be shown, or has been shown."""

    epoch: int
    element: str
    hop: int = 0
    """How many operators have had their turn."""
    asked: bool = False
    """Whether a letter to the operator of this hop is under way."""
    token: Digest | None = None


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed while operators are being asked, and forgotten when the last one has answered."""

    person: str
    """The input (clause 11.2), as text, so that whoever looks for a person's name in this node finds it here too."""
    blinding: bytes
    legs: tuple[Leg, ...]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """To which of our statements a token is to be attached, and as what."""

    target: StatementId
    role: VocabularyCode
    keep: bool
    """Whether the input is kept, sealed, so that the token can be made anew under the next keys."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A live token of the circle that equals the one looked up: which finding it stands at, and in what role."""

    contributor: KeyId
    target: StatementId
    role: VocabularyCode
    own: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Names nobody."""

    hits: tuple[Hit, ...] = ()
    draft: DraftId | None = None
    """Of an attachment: the draft that was made."""
    words: str = ""
    """Why it stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One person, as they are being turned into a token."""

    id: EvaluationId
    circle: CircleId
    account: AccountId
    purpose: Purpose
    state: EvaluationState
    created: Timestamp
    expires: Timestamp
    attachment: Attachment | None = None
    secrets: Secrets | None = field(default=None, repr=False)
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True, slots=True)
class LoggedKey:
    """A ``token-key`` statement of any log."""

    contributor: KeyId
    index: int
    epoch: int
    key: str


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a circle's charter."""

    name: KeyId
    """By which the charter names it."""
    member: Member | None
    """Its current line; None where it has left or was removed, and no token can be made any more."""
    own: bool
    published: tuple[int, ...]
    """The epochs for which it has published a key, ascending."""


@dataclass(frozen=True, slots=True)
class TokenCircle:
    """Person tokens in one circle, as the logs have it now."""

    operators: tuple[Operator, ...]
    sets: tuple[KeySet, ...]
    """The epochs that can be used, ascending."""

    @property
    def current(self) -> KeySet | None:
        """The keys under which new tokens are made; None while an operator's key is missing."""
        return self.sets[-1] if self.sets else None

    @property
    def complete(self) -> bool:
        """Whether every operator is a member now."""
        return all(operator.member is not None for operator in self.operators)

    def find(self, epoch: int) -> KeySet | None:
        """The keys of one epoch."""
        return next((each for each in self.sets if each.epoch == epoch), None)

    @property
    def own(self) -> Operator | None:
        """Ourselves, if we are an operator."""
        return next((operator for operator in self.operators if operator.own), None)


@dataclass(frozen=True, slots=True)
class Served:
    """One question that this node has answered as an operator. Of the elements nothing is kept."""

    seq: int
    at: Timestamp
    circle: CircleId
    voice: KeyId
    epoch: int
    elements: int


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """What one member has used of today's budget at this node."""

    voice: KeyId
    used: int
    budget: int
