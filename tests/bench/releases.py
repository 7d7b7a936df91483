"""What disclosure control costs: how much of a circle's quarter a release shows, and what noise would do instead.

``python -m tests.bench.releases`` makes invented circles of several sizes, divides their claims as a release does,
audits the result, and prints one JSON object: shares of claims by how finely they are shown, and seconds. Beside it
the error that a discrete Laplace mechanism would put on the same cells (``docs/decisions/0008-noise.md``).
"""

import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from node.domain.disclosure import BANDS, Block, Place, Side, Unit
from node.insight.disclosure import Axes, audit, divide, rules_of
from node.insight.disclosure.audit import is_safe
from node.insight.disclosure.divide import by
from protocol.identifiers import Digest, VocabularyCode
from protocol.vocabulary import Vocabulary
from tests.node.insight.disclosure.tables import key, subject
from tests.support import VOCABULARY_FILE

CIRCLES: Final = ((5, 20), (10, 40), (30, 40), (100, 100))
"""Members, and claims that a member of middle size states in a quarter."""
EPSILONS: Final = (0.5, 1.0, 2.0)
_DOMAIN_WEIGHTS: Final = (6, 22, 10, 9, 7, 3, 3, 5, 5, 6, 24, 8, 4)
"""How often each column occurs: two in five claims touch the four domains named first, one in four none."""
_SIGMA: Final = 0.8
"""Spread of the members' sizes (log-normal): the largest of thirty states some seven times the middle."""
_SHARED: Final = 0.25
"""Share of claims that a second member holds as well; a third joins with the same chance again."""
_RULES: Final = rules_of(3)


def circle(members: int, each: int, axes: Axes, vocabulary: Vocabulary, chance: random.Random) -> list[Unit]:
    """The claims of one invented quarter."""
    indicators = [one for one in vocabulary.indicators.values() if one.polarity != "context"]
    weights = [chance.lognormvariate(0, 1) for _ in indicators]
    units = []
    for member in range(members):
        for _ in range(max(1, round(each * chance.lognormvariate(0, _SIGMA)))):
            indicator = chance.choices(indicators, weights)[0]
            side: Side = "concern" if indicator.polarity == "concern" else "assurance"
            holders = {member}
            while len(holders) < members and chance.random() < _SHARED:
                holders.add(chance.randrange(members))
            about = subject(int(members * each / 4 * chance.random() ** 2))
            domain = chance.choices(axes.domains, _DOMAIN_WEIGHTS)[0]
            band = chance.choices(BANDS, (70, 10, 5, 15))[0]
            place = Place(side, indicator.group, domain, band)
            evidence = tuple(frozenset[Digest]() for _ in holders)
            units.append(Unit(place, about, frozenset(key(f"member {holder}") for holder in holders), evidence))
    return units


def finely(units: Sequence[Unit], blocks: Sequence[Block], axes: Axes) -> dict[str, float]:
    """Shares of the claims: shown in a cell of their own, in a group, in a side, not at all."""
    shares: Counter[str] = Counter()
    for block in blocks:
        if len(block.domains) == 1:
            shares["in_a_cell"] += block.claims
        elif len(block.groups) == 1:
            shares["in_a_group_alone"] += block.claims
        else:
            shares["in_a_side_alone"] += block.claims
    shares["not_shown"] = len(units) - sum(block.claims for block in blocks)
    cells = by(units, _cell)
    shown = {(block.side, block.groups, block.domains) for block in blocks if len(block.domains) == 1}
    safe = sum(is_safe(inside, _RULES) for inside in cells.values())
    found = {name: shares[name] / len(units) for name in ("in_a_cell", "in_a_group_alone", "in_a_side_alone")}
    return found | {
        "not_shown": shares["not_shown"] / len(units),
        "cells_with_claims": len(cells),
        "cells_that_may_stand": safe,
        "cells_shown": len(shown),
        "cells_in_all": sum(len(groups) for groups in axes.groups.values()) * len(axes.domains),
    }


def noise(units: Sequence[Unit], axes: Axes, chance: random.Random) -> Iterator[tuple[str, float]]:
    """The error of a discrete Laplace mechanism on the same cells, protecting a whole contributor or one claim.

    For a contributor the claims that count are bounded to what the middle one states, the best bound known without
    looking; what lies above it is lost, and the scale is that bound over epsilon. Empty cells get noise as well.
    """
    sizes = sorted(Counter(voice for unit in units for voice in unit.contributors).values())
    bound = sizes[len(sizes) // 2]
    counts = {place: len(inside) for place, inside in by(units, _cell).items()}
    kept = sum(min(size, bound) for size in sizes) / sum(sizes)
    yield "contributor_bound", bound
    yield "contributor_kept", kept
    everything = [counts.get((side, group, domain), 0) for side, groups in axes.groups.items()
                  for group in groups for domain in axes.domains]  # fmt: skip
    for epsilon in EPSILONS:
        for name, scale in (("contributor", bound / epsilon), ("claim", 1 / epsilon)):
            errors = [abs(_discrete_laplace(scale, chance)) for _ in everything]
            wrong = sum(error > count / 2 for error, count in zip(errors, everything, strict=True) if count)
            yield f"{name}_eps_{epsilon}_mean_error", sum(errors) / len(errors)
            yield f"{name}_eps_{epsilon}_cells_wrong_by_half", wrong / len(counts)


def _discrete_laplace(scale: float, chance: random.Random) -> int:
    """The difference of two geometric variables: what OpenDP's integer Laplace measurement adds."""
    base = math.exp(-1 / scale)
    return int(math.log(1 - chance.random()) / math.log(base)) - int(math.log(1 - chance.random()) / math.log(base))


def _cell(place: Place) -> tuple[str, VocabularyCode, VocabularyCode]:
    return place.side, place.group, place.domain


def main() -> None:
    """Print the figures of every circle."""
    vocabulary = Vocabulary.parse(VOCABULARY_FILE.read_bytes())
    axes = Axes.of(vocabulary)
    figures: dict[str, float] = {}
    for members, each in CIRCLES:
        chance = random.Random(members)  # noqa: S311 - figures that come out again, no secret
        units = circle(members, each, axes, vocabulary, chance)
        start = time.process_time()
        blocks = divide(units, axes, _RULES)
        seconds = time.process_time() - start
        leaks = audit(blocks, units, axes, _RULES)
        assert leaks == ()
        name = f"{members}_members"
        figures |= {f"{name}_claims": len(units), f"{name}_seconds": round(seconds, 3)}
        figures |= {f"{name}_{what}": round(value, 3) for what, value in finely(units, blocks, axes).items()}
        figures |= {f"{name}_{what}": round(value, 3) for what, value in noise(units, axes, chance)}
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main()
