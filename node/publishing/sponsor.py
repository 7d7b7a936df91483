"""A finding for which another member lends its name: asked for, published or declined, and taken back.

The author's finding goes the way of every draft here (gate, preview, second person). It is signed with a key made for
it alone and goes, with what it holds back, in a letter to the one member that is asked, and to nobody else. There an
officer reads exactly the bytes that were signed and who asks, and a second person publishes them, inside a statement
of the sponsor's own, or the sponsor declines. It can alter nothing: the signature is the author's.

One voice, one opinion (clause 10.10): what is sponsored is read as the sponsor's. So neither end may hold an opinion
of its own on the same claim: the sponsor's would be replaced, and the author's would make two voices of one.

Every step writes down which letter it owes and :func:`dispatch` writes it, so a crash between the two loses nothing.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from node.clock import day_of, midnight
from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.identifiers import new_id
from node.domain.letters import Incoming, LetterKind
from node.domain.publishing import Draft, FindingContent, Preview, Published, SponsorAskContent, SponsoredContent
from node.domain.sponsors import DECLINE_REASONS, MAX_LISTED, MAX_OPEN, Sponsoring, SponsoringId, SponsoringState
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft
from node.publishing.letters import Desk, Handler, current_line, new_thread, offer
from node.storage import circles, statements
from node.storage import sponsors as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol import envelope, sd_jwt
from protocol.errors import Fault
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode, encode_bytes
from protocol.keys import PublicKey, SigningKey
from protocol.limits import MAX_SPONSORED_BYTES
from protocol.messages.letter import ThreadId
from protocol.messages.sponsoring import ANSWER, ASK, SponsorAnswer, SponsorAsk, SponsorTakeBack
from protocol.sponsored import known_finding, open_sponsored
from protocol.statements import Finding, FindingBody, Sponsored, SponsoredBody, Timestamp, decode

_SEED_BYTES: Final = 32
_ANY_ID: Final = StatementId("A" * 22)


# At the author.


def draft_ask(tx: Transaction, vault: Vault, author: AccountId, draft: Draft, sponsor: KeyId, now: Timestamp) -> Draft:
    """From a draft of a finding, one that another member is asked to publish. ``sponsor`` is its identity.

    Raises ``CONFLICT`` where we hold an opinion of our own on the claim, ``INVALID`` for a contact, which names us.
    """
    content = draft.content
    if not isinstance(content, FindingContent):
        raise HanseError(Code.INVALID, "only a draft of a finding can be given to a sponsor.")
    roster = circles.get_roster(tx, draft.circle)
    line = current_line(roster, sponsor)
    if line is None or line.contributor in roster.own_keys:
        raise HanseError(Code.INVALID, "sponsor: choose another current member of the circle.")
    require_no_opinion(tx, roster, content.body, now)
    asked = SponsorAskContent(sponsor=sponsor, body=content.body, held_back=content.held_back)
    require_no_contact(asked)
    case = (draft.assessment, draft.answer) if draft.assessment and draft.answer else None
    return create_draft(tx, vault, author, draft.circle, asked, expires=draft.expires, case=case, now=now)


def require_no_contact(content: SponsorAskContent) -> None:
    """The sponsor may give what is held back to whoever asks: a mailbox would say whose finding it is."""
    if content.held_back.contact:
        raise HanseError(
            Code.INVALID,
            "contact: leave it empty. Whoever asks the sponsor for it would learn who has written the finding.",
        )


def require_no_opinion(tx: Transaction, roster: Roster, body: FindingBody, now: Timestamp) -> None:
    """Raise ``CONFLICT`` where a finding of ours on the claim counts."""
    claim = Claim(roster.circle, body.subject.id, body.indicator, body.scope)
    found = statements.of_claim(tx, claim, now=now)
    if any(each.contributor in roster.own_keys and each.counts for each in found):
        raise HanseError(
            Code.CONFLICT,
            "this institution holds an opinion of its own on the same claim: one institution has one voice.",
            remedy="Correct what was published, or retract it first.",
        )


def require_not_sponsored(tx: Transaction, vault: Vault, circle: CircleId, body: FindingBody, now: Timestamp) -> None:
    """Raise ``CONFLICT`` where another member publishes, or is asked to publish, for us on the claim already."""
    for state in (SponsoringState.ASKED, SponsoringState.PUBLISHED):
        for each in storage.waiting(tx, vault, "author", state, MAX_LISTED):
            other = finding_of(each).body
            same = (other.subject.id, other.indicator, other.scope) == (body.subject.id, body.indicator, body.scope)
            if each.circle == circle and same and day_of(now) < day_of(finding_of(each).exp):
                raise HanseError(
                    Code.CONFLICT,
                    "another member publishes a finding of ours on the same claim: one institution has one voice.",
                    remedy="Ask it to take that back first.",
                )


def sponsor_name(roster: Roster, content: SponsorAskContent) -> str:
    """Who receives it, by name."""
    line = current_line(roster, content.sponsor)
    if line is None:
        raise HanseError(Code.CONFLICT, "the member that was to be asked is none any more.")
    return line.name


def hand_over(tx: Transaction, vault: Vault, draft: Draft, made: Preview, now: Timestamp) -> Published:
    """Sign exactly the previewed bytes with a new key, and owe the letter. For :func:`node.publishing.publish`."""
    content = draft.content
    if not isinstance(content, SponsorAskContent):
        raise HanseError(Code.INVALID, "this draft is for no sponsor.")
    roster = circles.get_roster(tx, draft.circle)
    require_no_contact(content)
    require_no_opinion(tx, roster, content.body, now)
    sponsor_name(roster, content)
    seed = os.urandom(_SEED_BYTES)
    key = SigningKey(seed)
    sponsoring = Sponsoring(
        id=SponsoringId(new_id()),
        side="author",
        circle=draft.circle,
        peer=content.sponsor,
        thread=new_thread(),
        state=SponsoringState.ASKED,
        due="ask",
        created=now,
        changed=now,
        draft=draft.id,
        key=key.public.encode(),
        jws=envelope.sign(made.payload, key).decode("ascii"),
        disclosures=made.disclosures,
        seed=encode_bytes(seed),
    )
    storage.add(tx, vault, sponsoring)
    return Published(draft.id, draft.circle, key.public.key_id, made.statement, -1)


def ask_back(
    tx: Transaction, vault: Vault, sponsoring: SponsoringId, *, erase: bool, reason: VocabularyCode, now: Timestamp
) -> Sponsoring:
    """Owe the sponsor a letter that asks it to retract, or to have erased, what it has published for us."""
    found = get(tx, vault, sponsoring)
    if found.side != "author" or found.state is not SponsoringState.PUBLISHED:
        raise HanseError(Code.CONFLICT, "only what a sponsor has published for us can be taken back.")
    how: Literal["retraction", "erasure"] = "erasure" if erase else "retraction"
    changed = replace(found, state=SponsoringState.TAKE_BACK, due="take-back", how=how, reason=reason, changed=now)
    return _store(tx, vault, found, changed)


# At the sponsor.


def finding_of(sponsoring: Sponsoring) -> Finding:
    """What the author has signed; it was verified when it came."""
    return known_finding(SponsoredBody(key=sponsoring.key, statement=sponsoring.jws))


def take_on(tx: Transaction, vault: Vault, officer: AccountId, sponsoring: SponsoringId, now: Timestamp) -> Draft:
    """A draft that holds the finding as it was signed; it goes the way of every draft.

    Raises ``CONFLICT`` where we hold an opinion of our own on the claim: what we sponsor would take its place.
    """
    found = get(tx, vault, sponsoring)
    if found.side != "sponsor" or found.state is not SponsoringState.ASKED:
        raise HanseError(Code.CONFLICT, "this finding does not wait for a decision of ours.")
    finding = finding_of(found)
    require_no_opinion(tx, circles.get_roster(tx, found.circle), finding.body, now)
    content = SponsoredContent(sponsoring=found.id, key=found.key, statement=found.jws, disclosures=found.disclosures)
    draft = create_draft(tx, vault, officer, found.circle, content, expires=day_of(finding.exp), now=now)
    _store(tx, vault, found, replace(found, draft=draft.id, changed=now))
    return draft


def decline(tx: Transaction, vault: Vault, sponsoring: SponsoringId, reason: str, now: Timestamp) -> Sponsoring:
    """Owe the author a letter that says no, with a code. What it had signed is deleted here."""
    found = get(tx, vault, sponsoring)
    known = next((code for code in DECLINE_REASONS if code == reason), None)
    if known is None:
        raise HanseError(Code.INVALID, "reason: choose one.")
    if found.side != "sponsor" or found.state is not SponsoringState.ASKED:
        raise HanseError(Code.CONFLICT, "this finding does not wait for a decision of ours.")
    declined = SponsoringState.DECLINED
    return _store(
        tx,
        vault,
        found,
        replace(found, state=declined, due="answer", reason=known, jws="", disclosures=(), changed=now),
    )


def published(tx: Transaction, vault: Vault, content: SponsoredContent, done: Published, now: Timestamp) -> None:
    """Owe the author a letter that it is done. For :func:`node.publishing.publish`."""
    found = get(tx, vault, SponsoringId(content.sponsoring))
    if found.state is not SponsoringState.ASKED:
        raise HanseError(Code.CONFLICT, "this finding was declined or published before.")
    state = SponsoringState.PUBLISHED
    named = replace(found, contributor=done.contributor, statement=done.statement)
    _store(tx, vault, found, replace(named, state=state, due="answer", changed=now))


# At both.


def get(tx: Transaction, vault: Vault, sponsoring: SponsoringId) -> Sponsoring:
    """One exchange; raises ``NOT_FOUND``."""
    found = storage.get(tx, vault, sponsoring)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "there is no such exchange with a sponsor.")
    return found


def dispatch(tx: Transaction, desk: Desk) -> int:
    """Write the letters that are owed; how many. In the transaction of a step, and again in every round."""
    _notice_taken_back(tx, desk)
    written = 0
    for each in storage.due(tx, desk.vault, MAX_LISTED):
        roster = circles.find_roster(tx, each.circle)
        line = None if roster is None else current_line(roster, each.peer)
        if roster is None or line is None or roster.own not in roster.members:
            continue  # it is written when both are members again
        match each.due:
            case "ask":
                body: SponsorAsk | SponsorTakeBack | SponsorAnswer = SponsorAsk(
                    key=each.key, statement=each.jws, disclosures=each.disclosures
                )
                kind = LetterKind.SPONSOR_ASK
            case "take-back":
                body = SponsorTakeBack(how=each.how, reason=VocabularyCode(each.reason))
                kind = LetterKind.SPONSOR_ASK
            case "answer":
                body, kind = _answer(each), LetterKind.SPONSOR_ANSWER
            case "":
                continue
        if not offer(tx, desk, roster, line, kind, each.thread, body):
            continue  # it is written when the letters that wait for it have been taken, or have run out
        _store(tx, desk.vault, each, replace(each, due=""))
        written += 1
    return written


def _answer(each: Sponsoring) -> SponsorAnswer:
    match each.state:
        case SponsoringState.DECLINED:
            return SponsorAnswer(
                outcome="declined", contributor=None, statement=None, reason=VocabularyCode(each.reason)
            )
        case SponsoringState.TAKEN_BACK:
            return SponsorAnswer(
                outcome="taken-back", contributor=each.contributor, statement=each.statement, reason=None
            )
        case SponsoringState.PUBLISHED | SponsoringState.ASKED | SponsoringState.TAKE_BACK:
            return SponsorAnswer(
                outcome="published", contributor=each.contributor, statement=each.statement, reason=None
            )


def _notice_taken_back(tx: Transaction, desk: Desk) -> None:
    """What the author wanted back and no longer counts is taken back, whoever here has done it."""
    for each in storage.waiting(tx, desk.vault, "sponsor", SponsoringState.TAKE_BACK, MAX_LISTED):
        if each.contributor is None or each.statement is None:
            continue
        stored = statements.get(tx, each.contributor, each.statement, now=desk.now)
        if stored is None or not stored.counts:
            done = replace(each, state=SponsoringState.TAKEN_BACK, due="answer", changed=desk.now)
            _store(tx, desk.vault, each, done)


def _take_ask(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """A member asks us to publish its finding, or to take back what we have published."""
    asked = ASK.decode(bytes(incoming.letter.body))
    circle, peer, thread = incoming.roster.circle, incoming.sender.identity, incoming.letter.thread
    known = storage.of_thread(tx, desk.vault, "sponsor", circle, thread)
    match asked:
        case SponsorAsk():
            if known is not None:
                raise HanseError(Code.CONFLICT, "this thread was begun before.", fault=Fault.PEER)
            _take_new(tx, desk, incoming, asked)
        case SponsorTakeBack():
            if known is None or known.peer != peer or known.state is not SponsoringState.PUBLISHED:
                raise HanseError(Code.NOT_FOUND, "nothing was published in this thread.", fault=Fault.PEER)
            changed = replace(
                known, state=SponsoringState.TAKE_BACK, how=asked.how, reason=asked.reason, changed=desk.now
            )
            _store(tx, desk.vault, known, changed)


def _take_new(tx: Transaction, desk: Desk, incoming: Incoming, asked: SponsorAsk) -> None:
    circle, peer = incoming.roster.circle, incoming.sender.identity
    waiting = storage.waiting(tx, desk.vault, "sponsor", SponsoringState.ASKED, MAX_LISTED)
    if len(waiting) >= MAX_LISTED or sum(each.peer == peer for each in waiting) >= MAX_OPEN:
        raise HanseError(Code.QUOTA_EXCEEDED, "too many findings wait for a decision here.", fault=Fault.PEER)
    finding = verified(circle, asked.key, asked.statement, desk.now)
    if asked.disclosures:
        sd_jwt.verify(finding.sd, asked.disclosures)
    storage.add(
        tx,
        desk.vault,
        Sponsoring(
            id=SponsoringId(new_id()),
            side="sponsor",
            circle=circle,
            peer=peer,
            thread=ThreadId(incoming.letter.thread),
            state=SponsoringState.ASKED,
            due="",
            created=desk.now,
            changed=desk.now,
            key=asked.key,
            jws=asked.statement,
            disclosures=asked.disclosures,
        ),
    )


def _take_answer(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The sponsor says what became of our finding."""
    answer = ANSWER.decode(bytes(incoming.letter.body))
    found = storage.of_thread(tx, desk.vault, "author", incoming.roster.circle, incoming.letter.thread)
    if found is None or found.peer != incoming.sender.identity:
        raise HanseError(Code.NOT_FOUND, "nothing was asked in this thread.", fault=Fault.PEER)
    waits = found.state is SponsoringState.ASKED
    match answer.outcome:
        case "published" if waits:
            changed = replace(
                found,
                state=SponsoringState.PUBLISHED,
                contributor=answer.contributor,
                statement=answer.statement,
                changed=desk.now,
            )
        case "declined" if waits:
            changed = replace(found, state=SponsoringState.DECLINED, reason=answer.reason or "", changed=desk.now)
        case "taken-back" if found.state in {SponsoringState.TAKE_BACK, SponsoringState.PUBLISHED}:
            changed = replace(found, state=SponsoringState.TAKEN_BACK, changed=desk.now)
        case "published" | "declined" | "taken-back":
            raise HanseError(Code.CONFLICT, "this was answered before.", fault=Fault.PEER)
    _store(tx, desk.vault, found, changed)


def verified(circle: CircleId, key: str, statement: str, now: Timestamp) -> Finding:
    """The finding, verified as it would be in a statement of ours of this day; raises ``ProtocolError``."""
    jws = statement.encode("ascii", "replace")
    signed = decode(envelope.verify(envelope.parse(jws, max_bytes=MAX_SPONSORED_BYTES), PublicKey.decode(key)).payload)
    body = SponsoredBody(key=key, statement=statement)
    trial = Sponsored(v=1, id=_ANY_ID, circle=circle, iat=midnight(now), exp=signed.exp, body=body)
    return open_sponsored(trial)


def _store(tx: Transaction, vault: Vault, old: Sponsoring, new: Sponsoring) -> Sponsoring:
    if not storage.replace(tx, vault, new, state=old.state):
        raise HanseError(Code.CONFLICT, "somebody has decided on this meanwhile.", remedy="Open it again.")
    return new


HANDLERS: Final[Mapping[LetterKind, Handler]] = {
    LetterKind.SPONSOR_ASK: _take_ask,
    LetterKind.SPONSOR_ANSWER: _take_answer,
}
"""What is done with these letters."""

__all__ = [
    "HANDLERS",
    "ask_back",
    "decline",
    "dispatch",
    "draft_ask",
    "finding_of",
    "get",
    "hand_over",
    "published",
    "require_no_contact",
    "require_no_opinion",
    "require_not_sponsored",
    "sponsor_name",
    "take_on",
    "verified",
]
