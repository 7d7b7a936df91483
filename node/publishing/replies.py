"""Drafting the reply of an organisation, and signing our own name: both go the way of every draft.

A reply says what the organisation says, in its words; the gate looks for persons in it like in any text. Which
statements it answers is chosen by an officer among those that this node holds about the organisation.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.publishing import Draft, ReplyContent
from node.domain.replies import MAX_NOTE_CHARACTERS, IntakeId
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft, default_expiry
from node.publishing.reply_intake import take_up
from node.storage import circles, statements
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId
from protocol.limits import MAX_REPLY_TARGETS
from protocol.statements import FindingBody, RelationBody, Target, Timestamp

ANSWERABLE: Final = frozenset({"finding", "relation", "sponsored"})


def answerable(tx: Transaction, circle: CircleId, subject: SubjectId, now: Timestamp) -> list[StoredStatement]:
    """What a reply of this organisation can answer in a circle: findings about it, and relations that name it."""
    found = statements.of_subject(tx, circle, subject, now=now)
    return [each for each in found if each.counts]


def targets_of(found: Sequence[StoredStatement]) -> tuple[Target, ...]:
    """The names of these statements, as a reply carries them."""
    return tuple(Target(contributor=key, id=name) for key, name in sorted(each.name for each in found))


def draft_reply(
    tx: Transaction,
    vault: Vault,
    author: AccountId,
    circle: CircleId,
    content: ReplyContent,
    *,
    expires: date,
    intake: IntakeId | None = None,
    now: Timestamp,
) -> Draft:
    """A reply to be previewed, submitted and published. ``intake`` is the verified letter that it was.

    Raises ``INVALID`` where it answers what this node does not hold, or what does not name the organisation.
    """
    if not 0 < len(content.note.strip()) <= MAX_NOTE_CHARACTERS:
        raise HanseError(
            Code.INVALID, f"note: say how the reply was verified, in at most {MAX_NOTE_CHARACTERS} characters."
        )
    if content.body.replied > day_of(now):
        raise HanseError(Code.INVALID, "replied: the letter cannot be of a later day than today.")
    for target in content.body.targets:
        _require_about(tx, circle, target, content.body.subject.id, now)
    draft = create_draft(tx, vault, author, circle, content, expires=expires, now=now)
    if intake is not None:
        take_up(tx, vault, intake, draft.id)
    return draft


def reply_expiry(tx: Transaction, circle: CircleId, targets: Sequence[StoredStatement], now: Timestamp) -> date:
    """A reply lasts as long as what it answers, as far as the charter lets it."""
    longest = default_expiry(circles.get_roster(tx, circle), None, now)
    ends = [day_of(each.statement.exp) for each in targets]
    return min(longest, max([*ends, day_of(now) + timedelta(days=1)]))


def _require_about(tx: Transaction, circle: CircleId, target: Target, subject: SubjectId, now: Timestamp) -> None:
    found = statements.get(tx, KeyId(target.contributor), StatementId(target.id), now=now)
    if found is None or found.circle != circle or not found.counts:
        raise HanseError(Code.INVALID, "targets: a statement that it answers is not held here, or counts no more.")
    body = found.body
    names = {body.subject.id} if isinstance(body, FindingBody | RelationBody) else set()
    names |= {body.object.id} if isinstance(body, RelationBody) else set()
    if subject not in names:
        raise HanseError(
            Code.INVALID,
            "targets: a statement that it answers is not about the organisation that replies.",
            remedy="Choose among the statements about it.",
        )


__all__ = ["ANSWERABLE", "MAX_REPLY_TARGETS", "answerable", "draft_reply", "reply_expiry", "targets_of"]
