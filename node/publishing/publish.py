"""Approval, signature and append in one transaction; corrections and retractions; what we have shared."""

from dataclasses import replace
from datetime import date
from typing import Final

import msgspec

from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    Draft,
    DraftAction,
    DraftId,
    DraftState,
    FindingContent,
    HeldBack,
    Preview,
    Published,
    RetractionContent,
    SharedView,
    SponsorAskContent,
    SponsoredContent,
    advance,
    require_approvable,
)
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.ledger.append import append
from node.ledger.keyring import Keyring
from node.publishing import names, sponsor
from node.publishing.assemble import sponsored_finding
from node.publishing.drafts import create_draft, default_expiry, get_draft, store
from node.publishing.preview import preview_digest, recipients, require_clean
from node.publishing.transfers import require_basis
from node.storage import circles
from node.storage import publishing as storage
from node.storage import statements as stored_statements
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol import sd_jwt, statements
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.sponsored import known_finding
from protocol.statements import (
    Attribution,
    AttributionBody,
    Body,
    Correction,
    CorrectionBody,
    EndorsementBody,
    ErasureBody,
    Finding,
    FindingBody,
    Handling,
    KeyBody,
    LeaveBody,
    Relation,
    RelationBody,
    RemovalBody,
    ReplyBody,
    Response,
    ResponseBody,
    Retraction,
    RetractionBody,
    SponsoredBody,
    Statement,
    Subject,
    Timestamp,
    TokenBody,
    TokenKeyBody,
    kind_of,
)
from protocol.vocabulary import Vocabulary

MAX_PAGE: Final = 200
"""Shared statements listed at once."""


def publish(
    tx: Transaction,
    vault: Vault,
    keyring: Keyring,
    vocabulary: Vocabulary,
    approver: AccountId,
    draft: DraftId,
    digest: str,
    now: Timestamp,
) -> Published:
    """Approve a submitted draft and put exactly its previewed bytes into our log, in the caller's transaction.

    ``digest`` is that of the preview that the approver has seen. Raises ``FOUR_EYES`` for the author,
    ``CONFLICT`` when text, recipients or day differ from the preview, ``PRIVACY_GATE`` when something should not
    leave. Nothing of it has happened unless the transaction commits.
    """
    found = get_draft(tx, vault, draft, lock=True)
    made = require_approvable(found, actor=approver, digest=digest, today=day_of(now))
    roster = circles.get_roster(tx, found.circle)
    if preview_digest(made.payload, recipients(roster, found.content)) != made.digest:
        raise HanseError(
            Code.CONFLICT,
            "the members of the circle have changed since the preview.",
            remedy="Make a new preview, look at who will receive it, then approve.",
        )
    require_clean(tx, vault, vocabulary, found)
    statement = statements.decode(made.payload)
    require_basis(tx, roster, kind_of(statement))
    vocabulary.require_known(statement)
    approved = replace(found, state=DraftState.APPROVED, approver=approver, updated=now)
    store(tx, vault, found, approved, approver, DraftAction.APPROVE.value, now)
    published = _leave(tx, vault, keyring, found, made, statement, roster, now)
    state = advance(approved.state, DraftAction.PUBLISH, author=found.author, actor=approver)
    store(tx, vault, approved, replace(approved, state=state), approver, DraftAction.PUBLISH.value, now)
    return published


def _leave(
    tx: Transaction,
    vault: Vault,
    keyring: Keyring,
    draft: Draft,
    made: Preview,
    statement: Statement,
    roster: Roster,
    now: Timestamp,
) -> Published:
    """Into our log, or into the hands of the one member that is asked to publish it."""
    content = draft.content
    if isinstance(content, SponsorAskContent):
        handed = sponsor.hand_over(tx, vault, draft, made, now)
        storage.add_publication(tx, vault, handed, made.disclosures, now)
        return handed
    if isinstance(content, FindingContent):
        sponsor.require_not_sponsored(tx, vault, draft.circle, content.body, now)
    if isinstance(content, SponsoredContent):
        # Once more: since it was taken on we may have said something of our own, whose place it would take.
        sponsor.require_no_opinion(tx, roster, sponsored_finding(content), now)
    if isinstance(content, AttributionContent):
        names.require_nothing_beside(tx, roster, content.target, now)
    elif isinstance(statement, Finding | Response):
        names.require_no_name_beside(tx, roster, statement, now)
    log = _log_for(tx, statement, roster, now)
    (appended,) = append(tx, keyring, draft.circle, [statement], now, contributor=log)
    published = Published(draft.id, draft.circle, appended.contributor, appended.id, appended.index)
    sponsored = content if isinstance(content, SponsoredContent) else None
    given = made.disclosures if sponsored is None else sponsored.disclosures
    storage.add_publication(tx, vault, published, given, now)
    if sponsored is not None:
        sponsor.published(tx, vault, sponsored, published, now)
    return published


def draft_correction(
    tx: Transaction,
    vault: Vault,
    author: AccountId,
    circle: CircleId,
    content: CorrectionContent,
    *,
    expires: date,
    now: Timestamp,
) -> Draft:
    """Begin to correct a finding of ours. It goes the same way as a finding: preview, submit, publish."""
    target = own_statement(tx, circle, content.target, now)
    if not isinstance(target.statement, Finding):
        raise HanseError(Code.INVALID, "only a finding can be corrected.", remedy="Retract it and publish another.")
    if not target.counts:
        raise HanseError(Code.CONFLICT, f"this finding is {target.state}.")
    return create_draft(tx, vault, author, circle, content, expires=expires, now=now)


def draft_retraction(
    tx: Transaction, vault: Vault, author: AccountId, circle: CircleId, content: RetractionContent, now: Timestamp
) -> Draft:
    """Begin to retract a statement of ours. It goes the same way as a finding: preview, submit, publish.

    The retraction lives as long as the charter allows, so that it outlives its target.
    """
    target = own_statement(tx, circle, content.target, now)
    if isinstance(target.body, CorrectionBody | RetractionBody | ErasureBody | AttributionBody):
        raise HanseError(Code.INVALID, "what acts on another statement is not itself retracted.")
    if target.state == "retracted":
        raise HanseError(Code.CONFLICT, "this statement is retracted.")
    expires = default_expiry(circles.get_roster(tx, circle), None, now)
    return create_draft(tx, vault, author, circle, content, expires=expires, now=now)


def prefill_correction(
    tx: Transaction, vault: Vault, circle: CircleId, target: StatementId, reason: VocabularyCode, now: Timestamp
) -> CorrectionContent:
    """A correction that says what the finding says now, held-back fields included, for the author to change."""
    found = own_statement(tx, circle, target, now)
    if not isinstance(found.body, FindingBody):
        raise HanseError(Code.INVALID, "only a finding can be corrected.", remedy="Retract it and publish another.")
    return CorrectionContent(target=target, reason=reason, body=found.body, held_back=_held_back(tx, vault, found))


def own_statement(tx: Transaction, circle: CircleId, statement: StatementId, now: Timestamp) -> StoredStatement:
    """A statement in a log of ours of this circle, under whichever of our keys; raises ``NOT_FOUND``."""
    found = find_own_statement(tx, circles.get_roster(tx, circle), statement, now)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "our log of this circle holds no such statement.")
    return found


def find_own_statement(
    tx: Transaction, roster: Roster, statement: StatementId, now: Timestamp
) -> StoredStatement | None:
    """As :func:`own_statement`, ``None`` where there is no such statement."""
    for key in (roster.own, *sorted(roster.own_keys - {roster.own})):
        found = stored_statements.get(tx, key, statement, now=now)
        if found is not None:
            return found
    return None


def _log_for(tx: Transaction, statement: Statement, roster: Roster, now: Timestamp) -> KeyId:
    """Our newest log, except for what acts on a statement of a former key: that only the former log can do."""
    if not isinstance(statement, Correction | Retraction | Attribution):
        return roster.own
    target = find_own_statement(tx, roster, statement.body.target, now)
    return roster.own if target is None else target.contributor


def disclosures(tx: Transaction, vault: Vault, contributor: KeyId, statement: StatementId) -> tuple[str, ...]:
    """The encoded held-back fields of a statement that we published; raises ``NOT_FOUND``. Private until given."""
    found = storage.get_disclosures(tx, vault, contributor, statement)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "this node did not publish that statement.")
    return found


def _held_back(tx: Transaction, vault: Vault, found: StoredStatement) -> HeldBack:
    """What was held back when the statement was published; empty where this node no longer has it."""
    kept = storage.get_disclosures(tx, vault, found.contributor, found.statement.id)
    if kept is None or not isinstance(found.statement, Finding | Relation | Response | Correction):
        return HeldBack()
    return msgspec.convert(sd_jwt.verify(found.statement.sd, kept), HeldBack)


def shared(
    tx: Transaction, now: Timestamp, *, circle: CircleId | None = None, limit: int = 50, offset: int = 0
) -> list[SharedView]:
    """What this institution has shared, newest first, each with what has become of it."""
    views = []
    for published, at, assessment in storage.list_publications(
        tx, circle=circle, limit=min(limit, MAX_PAGE), offset=max(offset, 0)
    ):
        found = stored_statements.get(tx, published.contributor, published.statement, now=now)
        if found is not None:
            views.append(_view(published, at, assessment, found))
    return views


def _view(published: Published, at: Timestamp, assessment: str | None, found: StoredStatement) -> SharedView:
    facts = _facts(found.body)
    return SharedView(
        circle=published.circle,
        contributor=published.contributor,
        statement=published.statement,
        kind=kind_of(found.statement),
        state=found.state,
        subject=facts[0],
        indicator=facts[1],
        target=facts[2],
        summary=facts[3],
        handling=facts[4],
        shared=at,
        until=day_of(found.statement.exp),
        draft=published.draft,
        assessment=assessment,
    )


_Facts = tuple[Subject | None, VocabularyCode | None, StatementId | None, str, Handling | None]


def _facts(body: Body) -> _Facts:
    """Subject, indicator, target, summary and handling of a body, as far as its kind has them."""
    facts: _Facts = (None, None, None, "", None)
    match body:
        case FindingBody():
            facts = body.subject, body.indicator, None, body.summary, body.handling
        case RelationBody():
            facts = body.subject, None, None, body.summary, body.handling
        case ResponseBody():
            facts = None, None, body.target.id, body.summary, body.handling
        case CorrectionBody(finding=FindingBody() as finding):
            facts = finding.subject, finding.indicator, body.target, finding.summary, finding.handling
        case CorrectionBody(relation=RelationBody() as relation):
            facts = relation.subject, None, body.target, relation.summary, relation.handling
        case CorrectionBody() | RetractionBody() | ErasureBody() | AttributionBody() | TokenBody():
            facts = None, None, body.target, "", None
        case ReplyBody():
            facts = body.subject, None, None, body.text, body.handling
        case SponsoredBody():
            facts = _facts(known_finding(body).body)
        case EndorsementBody() | RemovalBody() | LeaveBody() | KeyBody() | TokenKeyBody():
            pass  # never a draft, and so never among what was shared
    return facts
