"""What would leave, to the byte.

A preview draws the statement's random id and the salts of its held-back fields, takes today's date, and encodes
the payload. It is stored, sealed, with the draft: publication signs these bytes and no others.

``iat`` of a statement is the day of signing, so a preview is good for its UTC day. On the next day anybody who
may see the draft makes a new one (nothing but date, id and salts differs), looks at it and approves that.

The digest names payload *and* recipients. A circle whose roster has changed since makes it differ.
"""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Final

from node.clock import day_of, midnight
from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.identifiers import new_id
from node.domain.publishing import (
    Draft,
    DraftAction,
    DraftContent,
    DraftId,
    DraftState,
    GateHit,
    Preview,
    SponsorAskContent,
    advance,
)
from node.errors import Code, HanseError
from node.publishing import gate, sponsor
from node.publishing.assemble import disclosures_of, statement_of
from node.publishing.drafts import get_draft, store
from node.publishing.known import known
from node.publishing.transfers import require_basis
from node.storage import circles
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol import statements
from protocol.canonical import encode
from protocol.errors import ProtocolError
from protocol.identifiers import Digest, StatementId, encode_bytes
from protocol.statements import (
    DAY_SECONDS,
    HELD_BACK,
    Timestamp,
)
from protocol.vocabulary import Vocabulary

_DIGEST_CONTEXT: Final = b"hanse/v1/preview\n"
_EPOCH: Final = date(1970, 1, 1)


def gate_hits(tx: Transaction, vault: Vault, vocabulary: Vocabulary, draft: Draft) -> list[GateHit]:
    """Everything the privacy gate finds in a draft, overridden or not."""
    roster = circles.get_roster(tx, draft.circle)
    own = roster.lines.get(roster.own)
    # Who asks a sponsor does not want its name in the circle, whatever the charter says of others.
    hidden = roster.charter.attribution == "pseudonymous" or isinstance(draft.content, SponsorAskContent)
    return gate.check(
        draft.content,
        vocabulary,
        known=known(tx, vault, draft, institution=own.name if own is not None and hidden else ""),
    )


def open_hits(draft: Draft, hits: list[GateHit]) -> list[GateHit]:
    """The hits that no override covers."""
    return [hit for hit in hits if not any(override.covers(hit) for override in draft.overrides)]


def require_clean(tx: Transaction, vault: Vault, vocabulary: Vocabulary, draft: Draft) -> None:
    """Raise ``PRIVACY_GATE`` naming rule and field of every open hit, never the text."""
    remaining = open_hits(draft, gate_hits(tx, vault, vocabulary, draft))
    if remaining:
        listed = "; ".join(dict.fromkeys(f"{hit.rule} in {hit.field}" for hit in remaining))
        raise HanseError(
            Code.PRIVACY_GATE,
            f"the privacy gate stopped this draft: {listed}.",
            remedy="Change the text, or give a reason where the rule allows a person to decide.",
        )


def preview(tx: Transaction, vault: Vault, actor: AccountId, draft: DraftId, now: Timestamp) -> Preview:
    """Fix what would leave today, and store it with the draft in place of an older preview.

    The author may do so at any time before publication, others once it is submitted. Needs a write transaction.
    """
    found = get_draft(tx, vault, draft, lock=True)
    if found.state in {DraftState.PUBLISHED, DraftState.WITHDRAWN, DraftState.APPROVED}:
        raise HanseError(Code.CONFLICT, f"a draft that is {found.state.value} has no preview.")
    if found.state is not DraftState.SUBMITTED and actor != found.author:
        raise HanseError(Code.FORBIDDEN, "this draft is still with its author.")
    roster = circles.get_roster(tx, found.circle)
    roster.own_member()
    made = _make(found, roster, now)
    # A preview is no change of the draft: neither its version nor the moment of its last change moves.
    store(tx, vault, found, replace(found, preview=made), actor, "preview", now)
    return made


def current_preview(draft: Draft, now: Timestamp) -> Preview | None:
    """The stored preview if it still holds today, else None: make a new one."""
    made = draft.preview
    fits = made is not None and made.draft_version == draft.version and made.day == day_of(now)
    return made if fits else None


def submit(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, actor: AccountId, draft: DraftId, digest: str, now: Timestamp
) -> Draft:
    """Hand a previewed draft over to an approver. Raises ``PRIVACY_GATE``, ``CONFLICT`` or ``FORBIDDEN``.

    ``digest`` is that of the preview that the author has seen.
    """
    found = get_draft(tx, vault, draft, lock=True)
    state = advance(found.state, DraftAction.SUBMIT, author=found.author, actor=actor)
    made = current_preview(found, now)
    if made is None or made.digest != digest:
        raise HanseError(
            Code.CONFLICT,
            "what would leave is not what was previewed.",
            remedy="Look at the preview again, then submit.",
        )
    require_clean(tx, vault, vocabulary, found)
    require_basis(tx, circles.get_roster(tx, found.circle), found.kind)
    changed = replace(found, state=state, updated=now, note="")
    return store(tx, vault, found, changed, actor, DraftAction.SUBMIT.value, now)


def recipients(roster: Roster, content: DraftContent | None = None) -> tuple[str, ...]:
    """Who receives what is published to a circle: every member but us, as the roster that delivery uses has it.

    What a sponsor is asked to publish goes to that member alone.
    """
    if isinstance(content, SponsorAskContent):
        return (sponsor.sponsor_name(roster, content),)
    return tuple(member.name for member in roster.others)


def preview_digest(payload: bytes, to: tuple[str, ...]) -> Digest:
    """The name of what an approver saw."""
    return Digest(encode_bytes(sha256(_DIGEST_CONTEXT + encode([encode_bytes(payload), list(to)])).digest()))


def _make(draft: Draft, roster: Roster, now: Timestamp) -> Preview:
    disclosures = disclosures_of(draft.content)
    statement = StatementId(new_id())
    exp = Timestamp((draft.expires - _EPOCH).days * DAY_SECONDS)
    try:
        payload = statements.encode(
            statement_of(draft.content, disclosures, statement, roster.circle, midnight(now), exp)
        )
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this draft cannot become a statement: {error.detail}.") from error
    to = recipients(roster, draft.content)
    return Preview(
        draft=draft.id,
        draft_version=draft.version,
        kind=draft.kind,
        digest=preview_digest(payload, to),
        statement=statement,
        payload=payload,
        disclosures=tuple(disclosure.encoded for disclosure in disclosures),
        recipients=to,
        day=day_of(now),
        until=draft.expires,
        held_back=HELD_BACK if disclosures else (),
    )
