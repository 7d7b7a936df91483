"""Vectors for signals (clause 10), the published decay table, and the schema of a signal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from protocol.decay import STEPS, TABLE, decayed
from protocol.errors import Code
from protocol.signals import Opinion, Signal, fuse
from protocol.statements import Reliability
from tests.protocol.opinions import TODAY, opinion
from tests.protocol.schema_file import schema_file
from tests.protocol.vector_file import Case, json_file, vector_file

_FLAGS: Final = {
    "two-voices": "one contributor would be counted more than once",
    "out-of-scale": "two nodes would compute different signals from the same opinions",
}

_RELIABILITIES: Final[tuple[Reliability, ...]] = ("A", "B", "C", "D", "E", "F")


@dataclass(frozen=True)
class _Claim:
    name: str
    clause: str
    opinions: Sequence[Opinion]
    half_life_months: int | None = 24
    k: int = 3


def _claims() -> Iterable[_Claim]:
    yield _Claim("no opinion", "10.8", ())
    yield _Claim("one contributor", "10.7", (opinion("a"),))
    yield _Claim("two contributors", "10.7", (opinion("a"), opinion("b")))
    yield _Claim("three contributors", "10.7", tuple(opinion(name) for name in "abc"))
    yield _Claim(
        "one strong and four weak", "10.7", (opinion("a"), *(opinion(each, reliability="D") for each in "bcde"))
    )
    yield _Claim("the same with k = 5", "10.7", (opinion("a"), *(opinion(x, reliability="D") for x in "bcde")), k=5)
    yield _Claim("as many contest", "10.8", (opinion("a"), opinion("b", stance="contests")))
    yield _Claim(
        "every grade",
        "10.2",
        tuple(opinion(f"{r}{c}", reliability=r, credibility=c) for r in _RELIABILITIES for c in range(1, 7)),
    )
    yield _Claim("improbable information contests", "10.2", (opinion("a", credibility=5), opinion("b")))
    yield _Claim("improbable contesting supports", "10.2", (opinion("a", credibility=5, stance="contests"),))
    yield _Claim("no basis is not half a belief", "10.2", (opinion("a", reliability="F"), opinion("b", credibility=6)))
    yield _Claim("second-hand evidence", "10.3", (opinion("a", tier=0), opinion("b", tier=0, stance="contests")))
    yield _Claim("press alone", "10.6", (opinion("a", tier=2, sources="paper"), opinion("b", tier=2, sources="paper")))
    yield _Claim("two papers", "10.6", (opinion("a", tier=2, sources="paper"), opinion("b", tier=2, sources="journal")))
    yield _Claim("press beside a register", "10.6", (opinion("a", tier=2, sources="paper"), opinion("b")))
    yield _Claim(
        "a register in the same root", "10.6", (opinion("a", tier=2, sources="paper"), opinion("b", sources="paper"))
    )
    yield _Claim("press beside second-hand evidence", "10.6", (opinion("a", tier=2), opinion("b", tier=0)))
    copies = tuple(opinion(f"copy {number}", sources="paper") for number in range(10))
    yield _Claim(
        "ten copies and three others", "10.6", (*copies, *(opinion(name, stance="contests") for name in "abc"))
    )
    chain = (
        opinion("a", sources="1 2"),
        opinion("b", sources="2 3"),
        opinion("c", sources="3 4"),
        opinion("d", sources="5"),
    )
    yield _Claim("a chain of shared sources", "10.6", chain)
    idle = opinion("idle", sources="1 2", trust_ppm=0)
    yield _Claim(
        "without trust nothing is joined", "10.6", (opinion("a", sources="1"), opinion("b", sources="2"), idle)
    )
    for age in (0, 1, 365, 730, 731, 3_653, 40_000):
        yield _Claim(f"{age} days old", "10.4", (opinion("a", age=age), opinion("b", age=age)))
    yield _Claim("seen tomorrow", "10.4", (opinion("a", age=-1),))
    yield _Claim("without half-life", "10.4", (opinion("a", age=3_653),), half_life_months=None)
    yield _Claim("half trusted", "10.5", tuple(opinion(name, trust_ppm=500_000) for name in "abc"))
    yield _Claim("hardly trusted", "10.5", (opinion("a", trust_ppm=1, sources="1"), opinion("b", sources="1")))
    yield _Claim(
        "strengths", "10.9", (opinion("a", strength=1), opinion("b", strength=4), opinion("c", stance="contests"))
    )


def _given(claim: _Claim) -> dict[str, object]:
    opinions: list[dict[str, object]] = []
    for each in claim.opinions:
        plain: dict[str, object] = msgspec.to_builtins(each)
        opinions.append(plain | {"sources": sorted(each.sources)})
    return {"half_life_months": claim.half_life_months, "k": claim.k, "today": TODAY.isoformat(), "opinions": opinions}


def _accepted(claim: _Claim) -> Case:
    signal = fuse(claim.opinions, half_life_months=claim.half_life_months, k=claim.k, today=TODAY)
    return Case(claim.name, claim.clause, {**_given(claim), "signal": msgspec.to_builtins(signal)})


def _refused() -> Iterable[Case]:
    scale = ("out-of-scale",)
    again = replace(opinion("b"), contributor=opinion("a").contributor)
    twice = _Claim("two opinions of one contributor", "10.1", (opinion("a"), again))
    yield Case(twice.name, twice.clause, _given(twice), Code.INCONSISTENT, ("two-voices",))
    for claim in (
        _Claim("credibility 0", "10.2", (opinion("a", credibility=0),)),
        _Claim("credibility 7", "10.2", (opinion("a", credibility=7),)),
        _Claim("trust below 0", "10.5", (opinion("a", trust_ppm=-1),)),
        _Claim("trust above 1", "10.5", (opinion("a", trust_ppm=1_000_001),)),
        _Claim("k = 1", "10.7", (opinion("a"),), k=1),
        _Claim("half-life 0", "10.4", (opinion("a"),), half_life_months=0),
    ):
        yield Case(claim.name, claim.clause, _given(claim), Code.INCONSISTENT, scale)


def signals() -> bytes:
    """Opinions on one claim, and the signal that every node computes from them."""
    about = "Opinions on one claim, and the signal that every node computes from them, whatever their order."
    return vector_file(about, _FLAGS, [*(_accepted(claim) for claim in _claims()), *_refused()])


def decay_table() -> bytes:
    """The table, and what it makes of some ages."""
    ages = (0, 1, 30, 365, 730, 731, 3_653, 36_525)
    examples = [
        {
            "mass": 6_000_000,
            "half_life_months": months,
            "age_days": age,
            "left": decayed(6_000_000, age_days=age, half_life_months=months),
        }
        for months in (6, 24, 60)
        for age in ages
    ]
    return json_file(
        {
            "about": "table[i] = floor(1000000 * 2**(-i/256)). A mass of age d days under a half-life of m months "
            "takes n = floor(d * 16 * 256 / (m * 487)) steps; with n = 256 * q + i there is left "
            "floor(mass * table[i] / 1000000) shifted right by q bits.",
            "version": 1,
            "steps_per_half_life": STEPS,
            "table": list(TABLE),
            "examples": examples,
        }
    )


def signal_schema() -> bytes:
    """What a node says of one claim."""
    return schema_file(
        "signal", "Signal", "The fused reading of one claim (clause 10). Masses are in micro-units.", Signal
    )


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "signals/decay-v1.json": decay_table,
    "v1/signal.schema.json": signal_schema,
    "vectors/signals.json": signals,
}
