"""What organisations say to what is said of them, beside what they answer: everywhere, or the right would be none.

A reply is shown where its target is shown, for as long as it stands itself. It stays when its target is corrected. It
has no part in a signal: it is not evidence of a contributor, and nobody else than the organisation can answer for it.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from node.domain.insight import ReplyView
from node.domain.statements import Claim, StoredStatement
from node.insight.views import reply_view
from node.storage import replies as storage
from node.storage import statements
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.statements import ReplyBody, Timestamp

Name: TypeAlias = tuple[KeyId, StatementId]
Replies: TypeAlias = Mapping[Name, tuple[ReplyView, ...]]
"""By the statement that is answered, under its contributor's own key."""


def stored_replies(
    tx: Transaction, circle: CircleId, targets: Collection[Name], now: Timestamp
) -> dict[Name, tuple[StoredStatement, ...]]:
    """Replies that count, to each of these statements of a circle, in feed order."""
    seqs = storage.seqs_answering(tx, circle, targets)
    numbers = sorted({seq for each in seqs.values() for seq in each})
    held = {each.seq: each for each in statements.by_seq(tx, numbers, now=now) if each.counts} if numbers else {}
    found = {name: tuple(held[seq] for seq in each if seq in held) for name, each in seqs.items()}
    return {name: each for name, each in found.items() if each}


def replies_to(tx: Transaction, circle: CircleId, targets: Collection[Name], now: Timestamp) -> Replies:
    """The same as views."""
    return {
        name: tuple(reply_view(each, each.body) for each in found if isinstance(each.body, ReplyBody))
        for name, found in stored_replies(tx, circle, targets, now).items()
    }


def replies_of(tx: Transaction, found: Iterable[StoredStatement], now: Timestamp) -> Replies:
    """For statements of several circles. A key that stands in two circles answers for neither in the other."""
    by_circle: dict[CircleId, set[Name]] = {}
    for each in found:
        by_circle.setdefault(each.circle, set()).add(each.name)
    return {
        name: views
        for circle, names in sorted(by_circle.items())
        for name, views in replies_to(tx, circle, names, now).items()
    }


def count(answered: Iterable[tuple[ReplyView, ...]]) -> int:
    """How many different replies these are: one may answer several statements of a claim."""
    return len({(each.provenance.contributor, each.provenance.id) for views in answered for each in views})


def counts_on(tx: Transaction, claims: Collection[Claim], now: Timestamp) -> dict[Claim, int]:
    """How many replies stand to the findings on each of these claims, where there are any."""
    found: dict[Claim, int] = {}
    by_circle: dict[CircleId, list[Claim]] = {}
    for claim in claims:
        by_circle.setdefault(claim.circle, []).append(claim)
    for circle, of_circle in sorted(by_circle.items()):
        named = storage.targets_on_claims(tx, circle, {claim.subject for claim in of_circle})
        if not named:
            continue
        standing = replies_to(tx, circle, [name for names in named.values() for name in names], now)
        for claim in of_circle:
            number = count(standing.get(name, ()) for name in named.get(claim.key, ()))
            if number:
                found[claim] = number
    return found
