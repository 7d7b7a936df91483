"""The counting of a sounding: right for every number of yeses, and nothing but the answer for who is curious."""

import secrets
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId, SubjectId, encode_bytes
from protocol.messages.soundings import (
    MODULUS,
    PERIOD_DAYS,
    Outcome,
    entry,
    least_counted,
    open_entry,
    outcome_of,
    split,
    table,
    tally_members,
)
from protocol.statements import DAY_SECONDS, Timestamp

CIRCLE = CircleId("A" * 43)
SUBJECT = SubjectId("ror:03yrm5c26")
MEMBERS = [KeyId(encode_bytes(bytes([number] * 32))) for number in range(9)]
SEED = bytes(range(32))


def count(bits: list[int], k: int, seed: bytes = SEED) -> Outcome:
    """A whole sounding."""
    pairs = [split(bit, secrets.randbelow(MODULUS)) for bit in bits]
    place, key = entry([second for _, second in pairs], seed)
    return open_entry(table([first for first, _ in pairs], k, seed), place, key)


@given(st.lists(st.integers(0, 1), min_size=4, max_size=40), st.integers(2, 10), st.binary(min_size=32, max_size=32))
def test_the_answer_is_that_of_the_number_of_yeses(bits: list[int], k: int, seed: bytes) -> None:
    assert count(bits, k, seed) is outcome_of(sum(bits), k)


def test_one_yes_looks_like_none_and_k_like_all() -> None:
    answers = [count([1] * yes + [0] * (9 - yes), 3) for yes in range(10)]
    assert answers == [Outcome.NO_ANSWER_YET] * 2 + [Outcome.SOME] + [Outcome.AT_LEAST_K] * 7
    assert outcome_of(1, 2) is Outcome.NO_ANSWER_YET
    assert outcome_of(2, 2) is Outcome.AT_LEAST_K


def test_what_one_tally_member_has_is_as_likely_whatever_the_bits_are() -> None:
    """Exactly, not by sampling: each number a share can be comes from exactly one random number, for either bit."""
    for side in (0, 1):
        for bit in (0, 1):
            assert Counter(split(bit, random)[side] for random in range(MODULUS)) == Counter(range(MODULUS))


def test_the_asker_opens_one_entry_and_no_other() -> None:
    bits = [1, 1, 1, 0, 0]
    pairs = [split(bit, secrets.randbelow(MODULUS)) for bit in bits]
    entries = table([first for first, _ in pairs], 3, SEED)
    place, key = entry([second for _, second in pairs], SEED)
    opened = []
    for other in range(MODULUS):
        try:
            open_entry(entries, other, key)
        except ProtocolError as error:
            assert error.code is Code.INCONSISTENT  # noqa: PT017 - the point is which of 1,024 do not raise
        else:
            opened.append(other)
    assert opened == [place]


def test_the_place_that_is_opened_is_turned_by_the_seed() -> None:
    """Over seeds each place is as likely as another, so that it says nothing of the sum behind it."""
    places = Counter(entry([7], secrets.token_bytes(32))[0] // 128 for _ in range(4_000))
    assert len(places) == 8
    assert max(places.values()) < 2 * min(places.values())


def test_tally_members_are_drawn_for_an_asker_a_subject_and_a_period() -> None:
    asker, start = MEMBERS[0], Timestamp(20_700 * DAY_SECONDS)
    drawn = tally_members(CIRCLE, asker, SUBJECT, start, MEMBERS)
    assert asker not in drawn
    assert drawn == tally_members(CIRCLE, asker, SUBJECT, Timestamp(start + 3_600), MEMBERS[::-1])
    later = {
        tally_members(CIRCLE, asker, SUBJECT, Timestamp(start + n * PERIOD_DAYS * DAY_SECONDS), MEMBERS)
        for n in range(20)
    }
    assert len(later) > 5
    with pytest.raises(ProtocolError, match="two members"):
        tally_members(CIRCLE, asker, SUBJECT, start, MEMBERS[:2])


@pytest.mark.parametrize(("k", "others", "needed"), [(3, 4, 4), (3, 5, 4), (3, 9, 7), (2, 3, 3), (10, 12, 11)])
def test_more_than_k_and_two_thirds_must_be_counted(k: int, others: int, needed: int) -> None:
    assert least_counted(k, others) == needed


@given(st.lists(st.text(max_size=30), max_size=3), st.integers(0, 5), st.text(max_size=30))
def test_garbage_for_an_entry_is_refused(entries: list[str], place: int, key: str) -> None:
    padded = [*entries, *["A" * 22] * 6]
    with pytest.raises(ProtocolError):
        open_entry(padded, place, key)
