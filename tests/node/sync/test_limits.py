"""Rates, places and a day's bytes, without waiting for any clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Code, HanseError
from node.sync.limits import (
    ADDRESS_BURST,
    CONCURRENT_STREAMS,
    MEMBER_BURST,
    MEMBER_BYTES_PER_DAY,
    MEMBER_CONCURRENT_REQUESTS,
    Buckets,
    Limits,
    Rate,
    network_of,
)
from protocol.errors import Fault
from protocol.identifiers import KeyId
from protocol.statements import DAY_SECONDS, Timestamp

MEMBER, OTHER = KeyId("A" * 43), KeyId("B" * 43)
NOON = Timestamp(20_000 * DAY_SECONDS + DAY_SECONDS // 2)


@given(st.lists(st.floats(0, 5), max_size=200), st.integers(1, 20), st.floats(0.1, 10))
def test_no_more_pass_than_the_rate_and_the_burst_allow(pauses: list[float], burst: int, rate: float) -> None:
    buckets: Buckets[str] = Buckets(Rate(rate, burst))
    now, passed = 0.0, 0
    for pause in pauses:
        now += pause
        passed += not buckets.take("x", now)
        assert passed <= burst + now * rate + 1e-6


@given(st.integers(1, 20), st.floats(0.1, 10))
def test_whoever_waits_as_long_as_is_said_gets_in(burst: int, rate: float) -> None:
    buckets: Buckets[str] = Buckets(Rate(rate, burst))
    assert [buckets.take("x", 0) for _ in range(burst)] == [0.0] * burst
    wait = buckets.take("x", 0)
    assert wait > 0
    assert buckets.take("x", wait / 2) > 0
    assert buckets.take("x", wait * 1.001) == 0
    assert buckets.take("another", 0) == 0


def test_a_clock_that_goes_back_gives_nothing_away_and_breaks_nothing() -> None:
    buckets: Buckets[str] = Buckets(Rate(1, 2))
    assert [buckets.take("x", now) for now in (100, 100)] == [0, 0]
    assert buckets.take("x", 50) > 0
    assert buckets.take("x", 51) == 0


def test_a_flood_of_addresses_takes_bounded_memory() -> None:
    buckets: Buckets[int] = Buckets(Rate(1, 1), tracked=10)
    for number in range(1_000):
        buckets.take(number, 0)
    assert len(buckets) == 10
    assert buckets.take(999, 0) > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "no address", True),
    ],
)
def test_addresses_that_one_sender_commands_are_one(one: str, other: str, *, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_a_rate_that_is_used_up_is_refused_with_the_time_to_wait() -> None:
    limits = Limits()
    for _ in range(ADDRESS_BURST):
        limits.admit_address("192.0.2.1", NOON)
    for _ in range(MEMBER_BURST):
        limits.admit_member(MEMBER, NOON)
    with pytest.raises(HanseError, match=r"more often.*Ask again in 1 seconds") as caught:
        limits.admit_address("192.0.2.1", NOON)
    assert (caught.value.code, caught.value.fault) == (Code.TOO_MANY_REQUESTS, Fault.PEER)
    with pytest.raises(HanseError, match="this member asks more often"):
        limits.admit_member(MEMBER, NOON)
    limits.admit_address("192.0.2.2", NOON)
    limits.admit_member(OTHER, NOON)
    limits.admit_member(MEMBER, Timestamp(NOON + 1))


def test_a_member_has_a_few_places_and_streams_are_bounded_for_all() -> None:
    limits = Limits()
    open_places = [limits.running(MEMBER, stream=False) for _ in range(MEMBER_CONCURRENT_REQUESTS)]
    for place in open_places:
        place.__enter__()
    with pytest.raises(HanseError, match="requests running"), limits.running(MEMBER, stream=False):
        pass
    with limits.running(OTHER, stream=False):
        pass
    for place in open_places:
        place.__exit__(None, None, None)
    streams = [limits.running(KeyId(f"{number:043}"), stream=True) for number in range(CONCURRENT_STREAMS)]
    for stream in streams:
        stream.__enter__()
    with pytest.raises(HanseError, match="as many streams"), limits.running(MEMBER, stream=True):
        pass
    with limits.running(MEMBER, stream=False):
        pass
    streams[0].__exit__(None, None, None)
    with limits.running(MEMBER, stream=True):
        pass


def test_a_place_is_given_back_when_a_request_fails() -> None:
    limits = Limits()
    for _ in range(MEMBER_CONCURRENT_REQUESTS + 1):
        with pytest.raises(LookupError), limits.running(MEMBER, stream=True):
            raise LookupError


def test_a_days_bytes_come_back_the_next_day() -> None:
    limits = Limits()
    limits.count_bytes(MEMBER, MEMBER_BYTES_PER_DAY - 1, NOON)
    limits.require_bytes(MEMBER, NOON)
    limits.count_bytes(MEMBER, 1, NOON)
    with pytest.raises(HanseError, match="43,200 seconds") as caught:
        limits.require_bytes(MEMBER, NOON)
    assert caught.value.code is Code.TOO_MANY_REQUESTS
    limits.require_bytes(OTHER, NOON)
    limits.require_bytes(MEMBER, Timestamp(NOON + DAY_SECONDS))
