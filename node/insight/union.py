"""Several identifiers that a person here reads as one organisation, read as one: at reading time, and only then.

The findings on an alias and on its canonical identifier are one body of evidence: what a contributor said of either
is one opinion, its latest (clause 10.10), and sources that both rest on count once. That is not the same as adding
two signals, so the signal is computed again from the union of the statements. Nothing is stored under the canonical
identifier: statements, claims and stored signals stay as they were said, so undoing a link undoes all of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from node.domain.statements import Claim, StoredStatement
from node.insight.opinions import ClaimStatements, by_claim
from node.storage import statements, subject_links
from node.storage.database import Transaction
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class Union:
    """One organisation under the identifiers that this node reads as one; most have no alias."""

    canonical: SubjectId
    aliases: tuple[SubjectId, ...]

    @property
    def ids(self) -> tuple[SubjectId, ...]:
        """The canonical identifier, then the others."""
        return (self.canonical, *self.aliases)


def union_of(tx: Transaction, subject: SubjectId) -> Union:
    """What ``subject`` is read as, whichever of its identifiers that is."""
    canonical = subject_links.canonical_of(tx, subject)
    return Union(canonical, subject_links.aliases_of(tx, canonical))


def statements_on(
    tx: Transaction, union: Union, circle: CircleId, now: Timestamp, *, relations: int
) -> list[StoredStatement]:
    """Findings about any of the identifiers and relations with one at an end, each once, in feed order.

    At most ``relations`` of these for each identifier, as :func:`node.storage.statements.of_subject` chooses them.
    """
    held = (statements.of_subject(tx, circle, id_, now=now, relations=relations) for id_ in union.ids)
    found = {each.seq: each for some in held for each in some}
    return [found[seq] for seq in sorted(found)]


def by_united_claim(
    circle: CircleId, union: Union, found: Iterable[StoredStatement], responses: Iterable[StoredStatement]
) -> list[ClaimStatements]:
    """As :func:`node.insight.opinions.by_claim`, with the claims on all identifiers as claims on the canonical one."""
    apart = by_claim(circle, found, responses)
    if not union.aliases:
        return apart
    merged: dict[tuple[VocabularyCode, VocabularyCode], list[ClaimStatements]] = {}
    for held in apart:
        merged.setdefault((held.claim.indicator, held.claim.scope), []).append(held)
    return [
        ClaimStatements(
            _in_order(each for held in parts for each in held.findings),
            _in_order(each for held in parts for each in held.responses),
            Claim(circle, union.canonical, indicator, scope),
        )
        for (indicator, scope), parts in sorted(merged.items())
    ]


def _in_order(stored: Iterable[StoredStatement]) -> tuple[StoredStatement, ...]:
    return tuple(sorted(stored, key=lambda each: each.seq))
