"""Which set of claims may be counted in a published number.

Each claim is shared out equally among its contributors, so that the parts of all contributors sum to the number that
is published. The rules on shares are about these parts. All of them hold for a union of two sets that do not overlap
and for which they hold: so a total of shown numbers needs no check of its own.

* contributors, roots, subjects: a union has at least as many;
* the largest share: the share in a union lies between the two shares;
* the second largest: with a and b the two largest of the union, what a set leaves without them is at least what it
  leaves without its own two largest, which is at least the percentage of its own largest, and so of a's part in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from node.domain.disclosure import Reason, Rules, Unit
from protocol.identifiers import Digest

LEAST_CONTRIBUTORS: Final = 3
"""A charter may say two: then each contributor subtracts itself and reads the other."""
LEAST_ROOTS: Final = 2
LEAST_SUBJECTS: Final = 3
"""As many as DataSHIELD's least cell count: a number about one or two organisations is a statement about them."""
LARGEST_PERCENT: Final = 50
SECOND_PERCENT: Final = 20
"""Statistical offices use ten to twenty for the p% rule; the wider one, for there are few contributors."""
_WHOLE: Final = 720_720
"""Parts of one claim: divides evenly among up to sixteen contributors; beyond that the loss is below 1/40,000."""
_HUNDRED: Final = 100


def rules_of(small_number_threshold: int) -> Rules:
    """The rules of a circle with this threshold in its charter."""
    k = max(small_number_threshold, LEAST_CONTRIBUTORS)
    return Rules(
        k=k,
        roots=LEAST_ROOTS,
        subjects=LEAST_SUBJECTS,
        largest_percent=LARGEST_PERCENT,
        second_percent=SECOND_PERCENT,
        margin=k,
    )


def reasons(units: Sequence[Unit], rules: Rules) -> tuple[Reason, ...]:
    """Why these claims may not be counted in a number of their own; empty: they may.

    Says nothing of cells inside the set, which :mod:`node.insight.disclosure.divide` looks after.
    """
    parts: Counter[str] = Counter()
    subjects: Counter[str] = Counter()
    for unit in units:
        subjects[unit.subject] += 1
        for contributor in unit.contributors:
            parts[contributor] += _WHOLE // len(unit.contributors)
    whole = sum(parts.values())
    first, second = ([count for _, count in parts.most_common(2)] + [0, 0])[:2]
    found: list[Reason] = []
    if len(parts) < rules.k:
        found.append("contributors")
    if first * _HUNDRED > whole * rules.largest_percent:
        found.append("one-contributor")
    if (whole - first - second) * _HUNDRED < first * rules.second_percent:
        found.append("two-contributors")
    if len(subjects) < rules.subjects:
        found.append("subjects")
    if max(subjects.values(), default=0) * _HUNDRED > len(units) * rules.largest_percent:
        found.append("one-subject")
    if roots(unit.evidence for unit in units) < rules.roots:
        found.append("roots")
    return tuple(found)


def roots(evidence: Iterable[Sequence[frozenset[Digest]]]) -> int:
    """How many independent roots: opinions that share a source, directly or through others, are one."""
    parents: dict[Digest, Digest] = {}
    alone = 0

    def top(source: Digest) -> Digest:
        while parents.setdefault(source, source) != source:
            parents[source] = source = parents[parents[source]]
        return source

    for opinions in evidence:
        for sources in opinions:
            if not sources:
                alone += 1
            first: Digest | None = None
            for source in sources:
                if first is None:
                    first = top(source)
                else:
                    parents[top(source)] = first
    return alone + sum(1 for source in parents if parents[source] == source)
