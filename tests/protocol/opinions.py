"""Opinions for tests and vectors: every value is a default that a case overrides."""

from datetime import date, timedelta
from typing import Final

from protocol.identifiers import Digest, parse_key_id
from protocol.signals import Opinion, Stance
from protocol.statements import Reliability
from tests.protocol.samples import fixed_digest, fixed_id

TODAY: Final = date(2026, 9, 4)


def opinion(  # noqa: PLR0913 - a table of cases reads best with one argument for each column
    name: str,
    *,
    stance: Stance = "supports",
    reliability: Reliability = "A",
    credibility: int = 2,
    strength: int = 2,
    age: int = 0,
    tier: int = 1,
    sources: str = "",
    trust_ppm: int = 1_000_000,
) -> Opinion:
    """What the contributor of this name holds; ``sources`` are words, ``age`` is in days."""
    contributor = parse_key_id(fixed_digest(f"contributor {name}"))
    return Opinion(
        contributor=contributor,
        statement=(contributor, fixed_id(f"statement {name}")),
        stance=stance,
        reliability=reliability,
        credibility=credibility,
        strength=strength,
        observed_until=TODAY - timedelta(days=age),
        tier=tier,
        sources=frozenset(Digest(fixed_digest(word)) for word in sources.split()),
        trust_ppm=trust_ppm,
    )
