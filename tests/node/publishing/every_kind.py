"""One draft of every kind, submitted: for the doors at which a second person is asked for."""

from dataclasses import replace
from datetime import date
from typing import Final

from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    Draft,
    DraftContent,
    DraftState,
    FindingContent,
    HeldBack,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
)
from node.publishing.drafts import create_draft, default_expiry
from node.storage import circles, publishing
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol import envelope, statements
from protocol.identifiers import CircleId, Digest, KeyId, VocabularyCode
from protocol.keys import SigningKey
from protocol.statements import ReplyBody, Target, Timestamp
from tests.node import statements as make

_KEY: Final = SigningKey(b"s" * 32)
_DAY: Final = date(2026, 3, 1)


def contents(circle: CircleId, member: KeyId) -> dict[str, DraftContent]:
    """By a word for each kind; ``member`` is who is asked to sponsor."""
    finding = make.finding(circle)
    target = make.new_id()
    signed = envelope.sign(statements.encode(finding), _KEY).decode("ascii")
    reply = ReplyBody(
        subject=finding.body.subject,
        targets=(Target(contributor=member, id=target),),
        text="It is not so.",
        replied=_DAY,
        verified=VocabularyCode("official-letter"),
        handling="TLP:AMBER",
    )
    body, held = finding.body, HeldBack()
    return {
        "finding": FindingContent(body=body, held_back=held),
        "relation": RelationContent(body=make.relation(circle).body, held_back=held),
        "response": ResponseContent(body=make.response(circle, member, target).body, held_back=held),
        "correction": CorrectionContent(target=target, reason=VocabularyCode("wording"), body=body, held_back=held),
        "retraction": RetractionContent(target=target, reason=VocabularyCode("factual-error")),
        "reply": ReplyContent(body=reply, note="By post."),
        "attribution": AttributionContent(target=target),
        "token": TokenContent(
            target=target, role=VocabularyCode("recruitment-intermediary"), epoch=1, token=Digest("A" * 43)
        ),
        "sponsor-ask": SponsorAskContent(sponsor=member, body=body, held_back=HeldBack(narrative="The herons agreed.")),
        "sponsored": SponsoredContent(sponsoring="A" * 22, key=_KEY.public.encode(), statement=signed),
    }


def submitted(
    tx: Transaction, vault: Vault, author: AccountId, circle: CircleId, content: DraftContent, now: Timestamp
) -> Draft:
    """A draft that says this, waiting for a second person."""
    expires = default_expiry(circles.get_roster(tx, circle), None, now)
    assert expires > day_of(now)
    draft = create_draft(tx, vault, author, circle, content, expires=expires, now=now)
    waiting = replace(draft, state=DraftState.SUBMITTED)
    assert publishing.replace_draft(tx, vault, waiting, version=draft.version, state=draft.state)
    return waiting
