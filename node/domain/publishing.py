"""Drafts of statements and the way from one pair of hands to the next, until a statement leaves or does not.

The state machine is a table. Its rules:

- the author edits, submits and withdraws; somebody else sends back or approves (``FOUR_EYES``);
- what is approved is one preview: the exact payload and its recipients, named by a digest that the approver
  saw. Whatever changed since (text, recipients, the day) makes the digest differ, and approval is refused with
  ``CONFLICT``;
- approval and publication are one step in one transaction: nothing waits approved, so nothing approved can grow
  old. ``APPROVED`` exists in the history, between the two lines that the step writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date
from enum import StrEnum, unique
from typing import Final, NewType, TypeAlias

import msgspec

from node.domain.accounts import AccountId
from node.errors import Code, HanseError
from protocol.identifiers import CircleId, Digest, KeyId, StatementId, VocabularyCode
from protocol.projection import State
from protocol.statements import (
    FindingBody,
    Handling,
    Kind,
    RelationBody,
    ReplyBody,
    ResponseBody,
    Subject,
    Timestamp,
)

DraftId = NewType("DraftId", str)
"""128 random bits, 22 characters. Never leaves the node, and no statement id is derived from it."""

DEFAULT_HANDLING: Final[Handling] = "TLP:AMBER+STRICT"
MAX_NARRATIVE_CHARACTERS: Final = 8_000
"""With three bytes a character and base64url, well inside one disclosure of 64 KiB."""
MAX_EVIDENCE_ITEMS: Final = 16
MAX_HELD_BACK_LINE_CHARACTERS: Final = 2_000
"""One item of evidence, or the engagement detail."""
MAX_CONTACT_CHARACTERS: Final = 254
"""A mailbox: RFC 5321 section 4.5.3.1.3 leaves that many characters for an address."""
MAX_REASON_CHARACTERS: Final = 500


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """What is given on request only; it leaves as four digests. The names are those of ``HELD_BACK``."""

    narrative: str = ""
    evidence: tuple[str, ...] = ()
    engagement: str = ""
    contact: str = ""
    """The mailbox of an office, never of a person."""


class FindingContent(msgspec.Struct, frozen=True, kw_only=True, tag="finding"):
    """A finding to be."""

    body: FindingBody
    held_back: HeldBack


class RelationContent(msgspec.Struct, frozen=True, kw_only=True, tag="relation"):
    """A relation to be."""

    body: RelationBody
    held_back: HeldBack


class ResponseContent(msgspec.Struct, frozen=True, kw_only=True, tag="response"):
    """A response to be."""

    body: ResponseBody
    held_back: HeldBack


class CorrectionContent(msgspec.Struct, frozen=True, kw_only=True, tag="correction"):
    """A new body for a finding of ours, and new held-back fields with it."""

    target: StatementId
    reason: VocabularyCode
    body: FindingBody
    held_back: HeldBack


class RetractionContent(msgspec.Struct, frozen=True, kw_only=True, tag="retraction"):
    """The withdrawal of a statement of ours."""

    target: StatementId
    reason: VocabularyCode


class ReplyContent(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    """A reply of an organisation, to be carried by us."""

    body: ReplyBody
    note: str = ""
    """How it was verified, in words: private, sealed with the draft, and never part of what leaves."""


class AttributionContent(msgspec.Struct, frozen=True, kw_only=True, tag="attribution"):
    """Our name under a statement of ours."""

    target: StatementId


class TokenContent(msgspec.Struct, frozen=True, kw_only=True, tag="token"):
    """A pseudonym of a person beside a finding or relation of ours. Whom it stands for is not in it."""

    target: StatementId
    role: VocabularyCode
    epoch: int
    token: Digest


class SponsorAskContent(msgspec.Struct, frozen=True, kw_only=True, tag="sponsor-ask"):
    """A finding that another member is asked to publish: it goes to that member alone, under a key made for it."""

    sponsor: KeyId
    body: FindingBody
    held_back: HeldBack


class SponsoredContent(msgspec.Struct, frozen=True, kw_only=True, tag="sponsored"):
    """Another member's finding, to be published by us as it was signed."""

    sponsoring: str
    """Our record of who asked: private."""
    key: str
    statement: str
    """The author's compact JWS."""
    disclosures: tuple[str, ...] = ()
    """What the author gave us to give on request."""


DraftContent: TypeAlias = (
    FindingContent
    | RelationContent
    | ResponseContent
    | CorrectionContent
    | RetractionContent
    | ReplyContent
    | AttributionContent
    | TokenContent
    | SponsorAskContent
    | SponsoredContent
)


_KINDS: Final[Mapping[type[DraftContent], Kind]] = {
    FindingContent: "finding",
    RelationContent: "relation",
    ResponseContent: "response",
    CorrectionContent: "correction",
    RetractionContent: "retraction",
    ReplyContent: "reply",
    AttributionContent: "attribution",
    TokenContent: "token",
    SponsorAskContent: "finding",
    SponsoredContent: "sponsored",
}


@unique
class DraftState(StrEnum):
    """Where a draft is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    SENT_BACK = "sent-back"
    WITHDRAWN = "withdrawn"


@unique
class DraftAction(StrEnum):
    """What somebody does with a draft."""

    EDIT = "edit"
    SUBMIT = "submit"
    SEND_BACK = "send-back"
    APPROVE = "approve"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[Mapping[tuple[DraftState, DraftAction], DraftState]] = {
    (DraftState.DRAFT, DraftAction.EDIT): DraftState.DRAFT,
    (DraftState.SENT_BACK, DraftAction.EDIT): DraftState.DRAFT,
    (DraftState.DRAFT, DraftAction.SUBMIT): DraftState.SUBMITTED,
    (DraftState.SENT_BACK, DraftAction.SUBMIT): DraftState.SUBMITTED,
    (DraftState.SUBMITTED, DraftAction.SEND_BACK): DraftState.SENT_BACK,
    (DraftState.SUBMITTED, DraftAction.APPROVE): DraftState.APPROVED,
    (DraftState.APPROVED, DraftAction.PUBLISH): DraftState.PUBLISHED,
    (DraftState.DRAFT, DraftAction.WITHDRAW): DraftState.WITHDRAWN,
    (DraftState.SENT_BACK, DraftAction.WITHDRAW): DraftState.WITHDRAWN,
    (DraftState.SUBMITTED, DraftAction.WITHDRAW): DraftState.WITHDRAWN,
}
"""What is not here is refused. Nothing leads out of published or withdrawn."""

_AUTHORS: Final = frozenset({DraftAction.EDIT, DraftAction.SUBMIT, DraftAction.WITHDRAW})
"""What the author alone does. The rest is done by somebody else."""


def advance(state: DraftState, action: DraftAction, *, author: AccountId, actor: AccountId) -> DraftState:
    """The state after ``actor`` has done this; raises ``CONFLICT``, ``FOUR_EYES`` or ``FORBIDDEN``."""
    following = TRANSITIONS.get((state, action))
    if following is None:
        raise HanseError(Code.CONFLICT, f"a draft that is {state.value} allows no {action.value}.")
    if action in _AUTHORS and actor != author:
        raise HanseError(Code.FORBIDDEN, f"only its author can {action.value} a draft.")
    if action not in _AUTHORS and actor == author:
        raise HanseError(
            Code.FOUR_EYES,
            f"nobody can {action.value} a draft of their own.",
            remedy="Ask a colleague who has the role approver.",
        )
    return following


@dataclass(frozen=True, slots=True)
class GateHit:
    """One thing that should not leave, where it is, and why."""

    rule: str
    """A stable word; ``docs/privacy-gate.md`` has the list."""
    field: str
    """Path of the field, such as ``summary`` or ``held_back.evidence[2]``."""
    start: int
    """First character of the hit in the field, and the one after its last; both 0 where the field as a whole is it."""
    end: int
    matched: str = attribute(repr=False)
    """The characters themselves, for the page that shows them; never for a log or an error."""
    explanation: str
    overridable: bool
    """Whether a person may let it pass with a reason that the approver sees."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word that one hit is a false alarm. It holds for these characters in this field alone."""

    rule: str
    field: str
    matched: str
    reason: str
    account: AccountId

    def covers(self, hit: GateHit) -> bool:
        """Whether this is about that hit."""
        same = (self.rule, self.field, self.matched) == (hit.rule, hit.field, hit.matched)
        return hit.overridable and same


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Exactly what will leave, to whom, and until when."""

    draft: DraftId
    draft_version: int
    kind: Kind
    digest: Digest
    """Names payload and recipients. Approval carries it back."""
    statement: StatementId
    payload: bytes = attribute(repr=False)
    """The bytes that will be signed, canonical JSON."""
    disclosures: tuple[str, ...] = attribute(repr=False)
    """The held-back fields as they will be stored here; only their digests are in the payload."""
    recipients: tuple[str, ...]
    """The institutions of the circle without us, by name, in the order of the charter."""
    day: date
    """The day of signing. On another day a new preview is needed."""
    until: date
    """The day on which the statement ends."""
    held_back: tuple[str, ...]
    """Names of the fields of which only digests leave; empty for a retraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One draft and where it is."""

    id: DraftId
    version: int
    """Raised by every edit; a preview names the version it was made from."""
    circle: CircleId
    author: AccountId
    state: DraftState
    created: Timestamp
    updated: Timestamp
    assessment: str | None
    """The case it comes from, if any: a private link."""
    answer: str | None
    expires: date
    content: DraftContent = attribute(repr=False)
    overrides: tuple[Override, ...] = attribute(default=(), repr=False)
    note: str = attribute(default="", repr=False)
    """What the approver wrote when sending it back."""
    preview: Preview | None = None
    approver: AccountId | None = None
    statement: StatementId | None = None
    """Once published: its name in our log."""

    @property
    def kind(self) -> Kind:
        """The kind of statement that it becomes: of ours, or for another member to publish."""
        return _KINDS[type(self.content)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEvent:
    """One line of a draft's history. Append-only."""

    seq: int
    at: Timestamp
    account: AccountId
    action: str
    note: str = attribute(repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """What has left, and where it stands in our log."""

    draft: DraftId
    circle: CircleId
    contributor: KeyId
    statement: StatementId
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedView:
    """One statement of ours, as an officer sees what this institution has shared."""

    circle: CircleId
    contributor: KeyId
    statement: StatementId
    kind: Kind
    state: State
    subject: Subject | None
    """None for responses and retractions, which name a statement instead."""
    indicator: VocabularyCode | None
    target: StatementId | None
    """What a response, correction or retraction is about."""
    summary: str
    handling: Handling | None
    shared: Timestamp
    until: date
    draft: DraftId
    assessment: str | None


def require_approvable(draft: Draft, *, actor: AccountId, digest: str, today: date) -> Preview:
    """The preview that may now be published; raises ``FOUR_EYES`` or ``CONFLICT``.

    Does not check the recipients: whoever delivers compares them with the preview's.
    """
    advance(draft.state, DraftAction.APPROVE, author=draft.author, actor=actor)
    preview = draft.preview
    if preview is None or preview.draft_version != draft.version or preview.digest != digest:
        raise HanseError(
            Code.CONFLICT,
            "what would leave is not what was previewed.",
            remedy="Look at the preview again, then approve.",
        )
    if preview.day != today:
        raise HanseError(
            Code.CONFLICT,
            f"this preview is of {preview.day.isoformat()}, and the statement would carry that date.",
            remedy="Make a new preview, look at it, then approve.",
        )
    return preview
