"""Drafts of statements: made, changed, submitted, sent back, withdrawn. Who may do what: :mod:`node.domain.publishing`.

A draft may be made about a case or without one. Its content is complete by its form at any time (a wire type
holds it); whether it may leave is asked at submission and again at publication.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import msgspec

from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.identifiers import new_id
from node.domain.publishing import (
    MAX_CONTACT_CHARACTERS,
    MAX_EVIDENCE_ITEMS,
    MAX_HELD_BACK_LINE_CHARACTERS,
    MAX_NARRATIVE_CHARACTERS,
    MAX_REASON_CHARACTERS,
    AttributionContent,
    CorrectionContent,
    Draft,
    DraftAction,
    DraftContent,
    DraftEvent,
    DraftId,
    DraftState,
    FindingContent,
    HeldBack,
    Override,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
    advance,
)
from node.domain.retention import usual_days
from node.errors import Code, HanseError
from node.storage import circles
from node.storage import publishing as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId
from protocol.statements import Timestamp

MAX_PAGE: Final = 200
"""Drafts listed at once: each is opened with the data key."""
_CONTENT: Final[msgspec.json.Decoder[DraftContent]] = msgspec.json.Decoder(DraftContent)


def create_draft(
    tx: Transaction,
    vault: Vault,
    author: AccountId,
    circle: CircleId,
    content: DraftContent,
    *,
    expires: date,
    case: tuple[str, str] | None = None,
    now: Timestamp,
) -> Draft:
    """A new draft for one circle. ``case`` names the assessment and answer that it comes from."""
    draft = Draft(
        id=DraftId(new_id()),
        version=1,
        circle=circle,
        author=author,
        state=DraftState.DRAFT,
        created=now,
        updated=now,
        assessment=None if case is None else case[0],
        answer=None if case is None else case[1],
        expires=checked_expiry(expires, circles.get_roster(tx, circle), now),
        content=checked_content(content),
    )
    storage.add_draft(tx, vault, draft)
    _record(tx, vault, draft.id, author, "create", "", now)
    return draft


def edit_draft(
    tx: Transaction,
    vault: Vault,
    actor: AccountId,
    draft: DraftId,
    content: DraftContent,
    *,
    expires: date,
    version: int,
    now: Timestamp,
) -> Draft:
    """Replace what a draft says. Its preview is gone; overrides stay for the hits that they were about."""
    found = get_draft(tx, vault, draft, lock=True)
    state = advance(found.state, DraftAction.EDIT, author=found.author, actor=actor)
    if found.version != version:
        raise _changed_meanwhile()
    changed = replace(
        found,
        version=found.version + 1,
        state=state,
        updated=now,
        expires=checked_expiry(expires, circles.get_roster(tx, found.circle), now),
        content=checked_content(content),
        preview=None,
    )
    return store(tx, vault, found, changed, actor, DraftAction.EDIT.value, now)


def add_override(tx: Transaction, vault: Vault, draft: DraftId, override: Override, now: Timestamp) -> Draft:
    """The author's word that one hit of the gate is a false alarm; the approver reads the reason."""
    found = get_draft(tx, vault, draft, lock=True)
    state = advance(found.state, DraftAction.EDIT, author=found.author, actor=override.account)
    if not 0 < len(override.reason.strip()) <= MAX_REASON_CHARACTERS:
        raise HanseError(Code.INVALID, f"reason: give one of at most {MAX_REASON_CHARACTERS} characters.")
    changed = replace(
        found, version=found.version + 1, state=state, updated=now, overrides=(*found.overrides, override), preview=None
    )
    return store(tx, vault, found, changed, override.account, "override", now)


def send_back(tx: Transaction, vault: Vault, actor: AccountId, draft: DraftId, note: str, now: Timestamp) -> Draft:
    """Return a submitted draft to its author, with a reason."""
    found = get_draft(tx, vault, draft, lock=True)
    state = advance(found.state, DraftAction.SEND_BACK, author=found.author, actor=actor)
    if not 0 < len(note.strip()) <= MAX_REASON_CHARACTERS:
        raise HanseError(Code.INVALID, f"note: say why in at most {MAX_REASON_CHARACTERS} characters.")
    changed = replace(found, state=state, updated=now, note=note.strip())
    return store(tx, vault, found, changed, actor, DraftAction.SEND_BACK.value, now, note.strip())


def withdraw(tx: Transaction, vault: Vault, actor: AccountId, draft: DraftId, now: Timestamp) -> Draft:
    """Give a draft up. It stays in the list and cannot be taken up again."""
    found = get_draft(tx, vault, draft, lock=True)
    state = advance(found.state, DraftAction.WITHDRAW, author=found.author, actor=actor)
    changed = replace(found, state=state, updated=now, preview=None)
    return store(tx, vault, found, changed, actor, DraftAction.WITHDRAW.value, now)


def get_draft(tx: Transaction, vault: Vault, draft: DraftId, *, lock: bool = False) -> Draft:
    """One draft; raises ``NOT_FOUND``. ``lock`` needs a write transaction."""
    found = storage.get_draft(tx, vault, draft, lock=lock)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "there is no such draft.")
    return found


def list_drafts(
    tx: Transaction,
    vault: Vault,
    *,
    author: AccountId | None = None,
    states: Iterable[DraftState] | None = None,
    assessment: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Draft]:
    """Drafts, last changed first."""
    return storage.list_drafts(
        tx,
        vault,
        author=author,
        states=None if states is None else frozenset(states),
        assessment=assessment,
        limit=min(limit, MAX_PAGE),
        offset=max(offset, 0),
    )


def history(tx: Transaction, vault: Vault, draft: DraftId) -> list[DraftEvent]:
    """What was done with a draft, by whom, oldest first."""
    get_draft(tx, vault, draft)
    return storage.history(tx, vault, draft)


def default_expiry(roster: Roster, half_life_months: int | None, now: Timestamp) -> date:
    """The day until which a statement is useful: two half-lives, never beyond what the charter keeps.

    After two half-lives a quarter of the weight is left. What does not age lives as long as the charter allows.
    """
    return day_of(now) + timedelta(days=usual_days(half_life_months, roster.charter.retention_days))


def checked_expiry(expires: date, roster: Roster, now: Timestamp) -> date:
    """The same day, or ``INVALID`` where it is past or beyond the charter."""
    today = day_of(now)
    if not today < expires <= today + timedelta(days=roster.charter.retention_days):
        raise HanseError(
            Code.INVALID,
            f"expires: a day after today, at most {roster.charter.retention_days} days ahead (the circle's charter).",
        )
    return expires


def checked_content(content: DraftContent) -> DraftContent:
    """The same content if the wire types accept it, else ``INVALID`` with the path of the field at fault."""
    match content:
        case FindingContent() | RelationContent() | ResponseContent() | CorrectionContent() | SponsorAskContent():
            _check_held_back(content.held_back)
        case RetractionContent() | ReplyContent() | AttributionContent() | TokenContent() | SponsoredContent():
            pass
    try:
        return _CONTENT.decode(msgspec.json.encode(content))
    except msgspec.ValidationError as error:
        # msgspec names the path and the rule, never the value.
        raise HanseError(Code.INVALID, f"the draft: {error}.") from error
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"the draft: {error.detail}.") from error
    except UnicodeEncodeError as error:
        raise HanseError(Code.INVALID, "the draft: a text holds characters that Unicode does not allow.") from error


def store(
    tx: Transaction,
    vault: Vault,
    old: Draft,
    new: Draft,
    actor: AccountId,
    action: str,
    now: Timestamp,
    note: str = "",
) -> Draft:
    """Replace a draft that nobody else has changed, with a line of history. For this package."""
    if not storage.replace_draft(tx, vault, new, version=old.version, state=old.state):
        raise _changed_meanwhile()
    _record(tx, vault, old.id, actor, action, note, now)
    return new


def _record(
    tx: Transaction, vault: Vault, draft: DraftId, actor: AccountId, action: str, note: str, now: Timestamp
) -> None:
    seq = storage.count_events(tx, draft) + 1
    storage.add_event(tx, vault, draft, DraftEvent(seq=seq, at=now, account=actor, action=action, note=note))


def _check_held_back(held_back: HeldBack) -> None:
    limits = (
        ("narrative", len(held_back.narrative), MAX_NARRATIVE_CHARACTERS),
        ("engagement", len(held_back.engagement), MAX_HELD_BACK_LINE_CHARACTERS),
        ("contact", len(held_back.contact), MAX_CONTACT_CHARACTERS),
        *((f"evidence[{i}]", len(item), MAX_HELD_BACK_LINE_CHARACTERS) for i, item in enumerate(held_back.evidence)),
    )
    for field, length, limit in limits:
        if length > limit:
            raise HanseError(Code.INVALID, f"held_back.{field}: at most {limit} characters.")
    if len(held_back.evidence) > MAX_EVIDENCE_ITEMS:
        raise HanseError(Code.INVALID, f"held_back.evidence: at most {MAX_EVIDENCE_ITEMS} items.")


def _changed_meanwhile() -> HanseError:
    return HanseError(
        Code.CONFLICT,
        "somebody has changed this draft since it was opened.",
        remedy="Open it again and repeat what you did.",
    )
