"""Claims that were settled later, and what they teach about who had said what: suggestions of trust, never trust.

A claim is settled, with the probability in brackets that the answer is right,

- by somebody at this node who says so on the page of the signal (certain);
- by our own statement on it: a finding of ours, or our answer to one, was approved by two people here (0.9);
- by its author's retraction for a factual error or a wrong subject, where nobody else supports it any more (0.8).

The first of these that applies counts. What other members answer settles nothing: it is what they are judged by.
Then :mod:`node.insight.reliability` learns how often each voice was right, from settled claims alone: open ones would
teach who agrees with whom, and members who have agreed to lie agree well. Nobody's weight changes by any of this; an
operator may accept a suggestion, which writes an ordinary line of trust with its reason.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.settling import Settled, Settlement, Suggestion
from node.domain.statements import Claim, StoredStatement
from node.errors import Code, HanseError
from node.insight.opinions import ClaimStatements
from node.insight.refresh import statements_of
from node.insight.reliability import UNKNOWN, learn, weight
from node.storage import circles, history, settlements
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId
from protocol.pseudonyms import pseudonym
from protocol.statements import FindingBody, ResponseBody, Timestamp

MAX_CLAIMS: Final = 2_000
"""Settled claims that are learnt from, the newest: about a second of reading."""
MIN_SETTLED: Final = 5
"""Settled claims below which nothing is suggested: the interval would span nearly everything."""
MAX_REASON_CHARACTERS: Final = 2_000
_OWN: Final = 0.9
_TAKEN_BACK: Final = 0.8
_ERRORS: Final = frozenset({"factual-error", "wrong-subject"})
"""Reasons of a retraction that say that it was not so; the others say that it is not said any more."""
_SO: Final = "so"
_NOT: Final = "not-so"


def settle(
    tx: Transaction,
    vault: Vault,
    claim: Claim,
    settled: Settled,
    reason: str,
    by: AccountId | None,
    now: Timestamp,
) -> None:
    """Note that a claim has turned out so or not so, or that this is taken back. Raises ``INVALID``."""
    if not reason or len(reason) > MAX_REASON_CHARACTERS:
        raise HanseError(Code.INVALID, f"a reason of 1 to {MAX_REASON_CHARACTERS} characters is needed.")
    settlements.add(tx, vault, Settlement(claim, settled, reason, by, now))


def suggestions(tx: Transaction, circle: CircleId, now: Timestamp) -> tuple[Suggestion, ...]:
    """For every current voice of a circle but our own, in the order of pseudonyms."""
    roster = next(each for each in circles.list_rosters(tx) if each.circle == circle)
    shares = learn(*_lessons(tx, roster, now))
    ours = {roster.voice(key) for key in roster.own_keys}
    newest = {member.identity: key for key, member in roster.members.items() if member.identity not in ours}
    found = []
    for voice, key in newest.items():
        share = shares.get(voice, UNKNOWN)
        low, high = share.interval
        found.append(
            Suggestion(
                circle=circle,
                voice=voice,
                pseudonym=pseudonym(circle, key),
                settled=share.settled,
                mean=share.mean,
                low=low,
                high=high,
                hundredths=round(100 * weight(share)),
                enough=share.settled >= MIN_SETTLED,
            )
        )
    return tuple(sorted(found, key=lambda each: each.pseudonym))


def _lessons(
    tx: Transaction, roster: Roster, now: Timestamp
) -> tuple[dict[str, Mapping[str, str]], dict[str, Mapping[str, float]]]:
    """Who had said what of each settled claim, and how each was settled; our own voice is not judged."""
    marks = settlements.latest(tx, roster.circle)
    claims = sorted({*marks, *settlements.touched(tx, roster.circle, roster.own_keys, limit=MAX_CLAIMS)})
    ours = {roster.voice(key) for key in roster.own_keys}
    answers: dict[str, Mapping[str, str]] = {}
    settled: dict[str, Mapping[str, float]] = {}
    held = statements_of(tx, claims, now)
    erred = _erred(tx, roster.circle, held)
    for each in held:
        said = _said(each, roster, erred)
        known = _settled(marks.get(each.claim), said, ours, each, erred)
        given: dict[str, str] = {voice: answer for voice, answer in said.items() if voice not in ours}
        if known is not None and given:
            question = f"{each.claim.subject} {each.claim.indicator} {each.claim.scope}"
            answers[question], settled[question] = given, known
    return answers, settled


def _settled(
    mark: str | None,
    said: Mapping[KeyId, str],
    ours: set[KeyId],
    held: ClaimStatements,
    erred: set[int],
) -> Mapping[str, float] | None:
    if mark in {_SO, _NOT}:
        return {mark: 1.0}
    own = next((answer for voice, answer in said.items() if voice in ours), None)
    if own is not None:
        return {own: _OWN, _NOT if own == _SO else _SO: 1 - _OWN}
    supported = any(each.counts for each in held.findings)
    if not supported and any(each.seq in erred for each in held.findings):
        return {_NOT: _TAKEN_BACK, _SO: 1 - _TAKEN_BACK}
    return None


def _said(held: ClaimStatements, roster: Roster, erred: set[int]) -> dict[KeyId, str]:
    """The latest word of each voice on the claim, those included that have ended or were taken back as an error."""
    latest: dict[KeyId, tuple[tuple[int, int], str]] = {}
    for each in (*held.findings, *held.responses):
        answer = _answer(each)
        counts = each.state in {"live", "corrected", "expired"} or each.seq in erred
        if answer is None or not counts:
            continue
        voice, place = roster.voice(each.contributor), (roster.order(each.contributor), each.index)
        if voice not in latest or latest[voice][0] < place:
            latest[voice] = (place, answer)
    return {voice: answer for voice, (_, answer) in latest.items()}


def _answer(stored: StoredStatement) -> str | None:
    if isinstance(stored.body, FindingBody):
        return _SO
    if isinstance(stored.body, ResponseBody) and stored.body.stance != "adds-context":
        return _SO if stored.body.stance == "corroborates" else _NOT
    return None


def _erred(tx: Transaction, circle: CircleId, held: Iterable[ClaimStatements]) -> set[int]:
    """The places in the feed of statements that their authors took back because they were not so."""
    retracted = [each for some in held for each in (*some.findings, *some.responses) if each.state == "retracted"]
    reasons = history.retractions_of(tx, circle, [each.name for each in retracted])
    return {each.seq for each in retracted if reasons.get(each.name) in _ERRORS}
