"""Signals: the vectors, and the properties that hold for all opinions."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_any
from hypothesis import strategies as st

from protocol.decay import PPM, STEPS, TABLE, decayed
from protocol.identifiers import parse_digest, parse_key_id
from protocol.signals import PRIOR_WEIGHT, Contribution, Opinion, Signal, cap, fuse
from tests.protocol import vectors_signals
from tests.protocol.generate import SCHEMAS
from tests.protocol.opinions import TODAY, opinion
from tests.protocol.samples import fixed_digest, fixed_id
from tests.protocol.vector_cases import Given, cases, refusal, validator

HALF_LIVES: Final = st.one_of(st.none(), st.integers(1, 60))
UNHURRIED: Final = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no reason to fail."""
KS: Final = st.integers(2, 6)


@st.composite
def opinions(draw: st.DrawFn, *, sources: bool = True, tiers: bool = True) -> list[Opinion]:
    """Up to nine contributors on one claim, who may share sources."""
    return [
        opinion(
            str(number),
            stance=draw(st.sampled_from(("supports", "contests"))),
            reliability=draw(st.sampled_from("AABCDEF")),
            credibility=draw(st.integers(1, 6)),
            strength=draw(st.integers(1, 4)),
            age=draw(st.one_of(st.integers(-2, 800), st.integers(0, 40_000))),
            tier=draw(st.sampled_from((1, 1, 2, 0))) if tiers else 1,
            sources=" ".join(draw(st.sets(st.sampled_from("pqrs"), max_size=3))) if sources else "",
            trust_ppm=draw(st.one_of(st.just(PPM), st.integers(0, PPM), st.integers(0, 5))),
        )
        for number in range(draw(st.integers(0, 9)))
    ]


@pytest.mark.parametrize("name", sorted(vectors_signals.FILES))
def test_the_files_are_as_generated(name: str) -> None:
    assert (SCHEMAS / name).read_bytes() == vectors_signals.FILES[name]()


@pytest.mark.parametrize("case", cases("signals"), ids=lambda case: case.name)
def test_signal_vectors(case: Given) -> None:
    held = msgspec.convert(case.members["opinions"], list[Opinion])
    half_life_months = msgspec.convert(case.members["half_life_months"], int | None)
    today = date.fromisoformat(case.text("today"))

    def attempt() -> Signal:
        return fuse(held, half_life_months=half_life_months, k=case.number("k"), today=today)

    assert refusal(attempt) == case.error
    if case.error is None:
        signal = msgspec.json.decode(msgspec.json.encode(attempt()))
        assert signal == case.members["signal"]
        assert validator("signal").is_valid(signal)


def test_the_table_is_what_it_says() -> None:
    for step, value in enumerate(TABLE):
        assert value**STEPS << step <= PPM**STEPS < (value + 1) ** STEPS << step


@UNHURRIED
@given_any(mass=st.integers(0, 8 * PPM), age=st.integers(0, 20_000), months=st.integers(1, 60))
def test_decay_follows_the_half_life(mass: int, age: int, months: int) -> None:
    left = decayed(mass, age_days=age, half_life_months=months)
    exact = mass * 2 ** (-age / (months * 30.4375))
    assert left <= mass
    assert exact - 2 <= left + 1e-9
    assert left <= exact * 2 ** (1 / STEPS) + 1e-9
    assert decayed(mass, age_days=age + 1, half_life_months=months) <= left
    assert decayed(mass, age_days=age, half_life_months=months + 1) >= left


@UNHURRIED
@given_any(held=opinions(), half_life=HALF_LIVES, k=KS, data=st.data())
def test_the_order_of_arrival_changes_nothing(
    held: list[Opinion], half_life: int | None, k: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(held))
    assert fuse(shuffled, half_life_months=half_life, k=k, today=TODAY) == fuse(
        held, half_life_months=half_life, k=k, today=TODAY
    )


@UNHURRIED
@given_any(held=opinions(), half_life=HALF_LIVES, k=KS, days=st.integers(1, 2_000))
def test_uncertainty_never_falls_with_time(held: list[Opinion], half_life: int | None, k: int, days: int) -> None:
    now = fuse(held, half_life_months=half_life, k=k, today=TODAY)
    later = fuse(held, half_life_months=half_life, k=k, today=TODAY + timedelta(days=days))
    assert later.uncertainty_ppm >= now.uncertainty_ppm


@UNHURRIED
@given_any(held=opinions(), half_life=HALF_LIVES, k=KS)
def test_the_parts_of_a_signal_fit_together(held: list[Opinion], half_life: int | None, k: int) -> None:
    signal = fuse(held, half_life_months=half_life, k=k, today=TODAY)
    evidence = signal.supporting_mass + signal.contesting_mass
    whole = evidence + PRIOR_WEIGHT
    squares = signal.supporting_mass**2 + signal.contesting_mass**2
    assert signal.belief_ppm + signal.disbelief_ppm + signal.uncertainty_ppm == PPM
    assert min(signal.belief_ppm, signal.disbelief_ppm) >= 0
    assert abs(signal.uncertainty_ppm - Fraction(PRIOR_WEIGHT * PPM, whole)) < 1
    if evidence:
        belief = Fraction(signal.supporting_mass**2 * evidence * PPM, squares * whole)
        assert abs(signal.belief_ppm - belief) < 4
        assert (signal.supporting_mass > 0) >= (signal.belief_ppm > 0)
        assert (signal.contesting_mass > 0) >= (signal.disbelief_ppm > 0)
    assert (signal.likelihood == "unknown") == (evidence == 0)
    assert 0 <= signal.conflict_ppm <= PPM
    assert len(signal.contributions) == len(held)
    for each in signal.contributions:
        assert each.grade_mass >= each.weighed_mass >= each.averaged_mass >= each.mass >= 0
        assert each.mass * k <= whole
        assert (each.mass == 0) <= (each.reason not in {None, "improbable"})
        assert (each.mass > 0) <= (each.reason in {None, "improbable"})
    counted = [each for each in signal.contributions if each.mass]
    assert signal.contributors == len(counted)
    assert signal.roots == len({each.root for each in counted}) <= signal.contributors


@UNHURRIED
@given_any(masses=st.lists(st.integers(0, 8 * PPM), max_size=12), k=KS)
def test_the_cap_is_the_largest_fair_one(masses: list[int], k: int) -> None:
    found = cap(masses, k=k)

    def is_fair(limit: int) -> bool:
        return k * limit <= sum(min(mass, limit) for mass in masses) + PRIOR_WEIGHT

    assert is_fair(found)
    assert not is_fair(found + 1)


@UNHURRIED
@given_any(held=opinions(sources=False, tiers=False), half_life=HALF_LIVES, k=KS)
def test_no_contributor_moves_a_signal_by_much_more_than_its_share(
    held: list[Opinion], half_life: int | None, k: int
) -> None:
    whole = fuse(held, half_life_months=half_life, k=k, today=TODAY)
    for left_out in held:
        rest = [each for each in held if each is not left_out]
        without = fuse(rest, half_life_months=half_life, k=k, today=TODAY)
        for before, after in (
            (whole.belief_ppm, without.belief_ppm),
            (whole.disbelief_ppm, without.disbelief_ppm),
            (whole.uncertainty_ppm, without.uncertainty_ppm),
        ):
            # Of the evidence it gives 1/k at most; belief follows it with a slope of 1.4 at the steepest.
            assert abs(before - after) * k * 10 <= 14 * PPM + 30 * k


@UNHURRIED
@given_any(copies=st.integers(1, 30), others=st.integers(0, 9))
def test_copies_of_one_source_count_once(copies: int, others: int) -> None:
    rest = [opinion(f"other {number}") for number in range(others)]
    copied = [opinion(f"copy {number}", stance="contests", sources="paper") for number in range(copies)]
    signal = fuse([*rest, *copied], half_life_months=24, k=3, today=TODAY)
    alone = fuse([*rest, opinion("copy 0", stance="contests")], half_life_months=24, k=3, today=TODAY)
    in_root = sum(each.averaged_mass for each in signal.contributions if each.counts_as == "contests")
    once = sum(each.averaged_mass for each in alone.contributions if each.counts_as == "contests")
    assert once - copies < in_root <= once
    assert signal.roots == alone.roots


def _renamed(held: list[Opinion]) -> list[Opinion]:
    return [
        replace(
            each,
            contributor=parse_key_id(fixed_digest(f"renamed {each.contributor}")),
            statement=(parse_key_id(fixed_digest(f"renamed {each.contributor}")), fixed_id(f"new {each.statement[1]}")),
            sources=frozenset(parse_digest(fixed_digest(f"renamed {source}")) for source in each.sources),
        )
        for each in held
    ]


def _nameless(signal: Signal) -> tuple[Signal, list[str]]:
    def line(each: Contribution) -> str:
        together = sum(other.root == each.root for other in signal.contributions if each.root is not None)
        blank = replace(each, contributor=parse_key_id(fixed_digest("")), statement=opinion("").statement, root=None)
        return f"{together} {blank}"

    return replace(signal, contributions=()), sorted(line(each) for each in signal.contributions)


@UNHURRIED
@given_any(held=opinions(), half_life=HALF_LIVES, k=KS)
def test_names_change_nothing_but_names(held: list[Opinion], half_life: int | None, k: int) -> None:
    signal = fuse(held, half_life_months=half_life, k=k, today=TODAY)
    renamed = fuse(_renamed(held), half_life_months=half_life, k=k, today=TODAY)
    assert _nameless(signal) == _nameless(renamed)


@UNHURRIED
@given_any(held=opinions(), half_life=HALF_LIVES, k=KS)
def test_concern_and_denial_weigh_alike(held: list[Opinion], half_life: int | None, k: int) -> None:
    signal = fuse(held, half_life_months=half_life, k=k, today=TODAY)
    turned = [replace(each, stance="contests" if each.stance == "supports" else "supports") for each in held]
    mirror = fuse(turned, half_life_months=half_life, k=k, today=TODAY)
    assert (mirror.supporting_mass, mirror.contesting_mass) == (signal.contesting_mass, signal.supporting_mass)
    assert abs(mirror.belief_ppm - signal.disbelief_ppm) <= 1
    assert mirror.uncertainty_ppm == signal.uncertainty_ppm


@UNHURRIED
@given_any(held=opinions(), ballast=st.sampled_from(["trust", "tier", "reliability"]))
def test_an_opinion_without_weight_changes_nothing(held: list[Opinion], ballast: str) -> None:
    idle = {
        "trust": opinion("idle", trust_ppm=0, sources="p q r s"),
        "tier": opinion("idle", tier=0, sources="p q r s"),
        "reliability": opinion("idle", reliability="E", sources="p q r s"),
    }[ballast]
    without = fuse(held, half_life_months=24, k=3, today=TODAY)
    signal = fuse([*held, idle], half_life_months=24, k=3, today=TODAY)
    kept = tuple(each for each in signal.contributions if each.contributor != idle.contributor)
    assert replace(signal, contributions=kept, newest=without.newest, oldest=without.oldest) == without
