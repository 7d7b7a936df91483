"""Whom a node asks and tells: rules over random circles, hosts and moments."""

from random import Random, SystemRandom

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.sync import HostState
from node.sync.choose import (
    HINTED_PAUSE_SECONDS,
    JITTER_PERCENT,
    MAX_PAUSE_SECONDS,
    PING_FANOUT,
    PULL_FANOUT,
    Candidate,
    after_failure,
    after_ping,
    due,
    host_of,
    jittered,
    next_in_line,
    pause_after,
    whom_to_pull,
    whom_to_pull_at_once,
    whom_to_tell,
)
from protocol.identifiers import KeyId
from protocol.statements import Timestamp

NOW = Timestamp(1_000_000)
RANDOMS = st.randoms(use_true_random=False)
CIRCLES = st.integers(0, 12).flatmap(
    lambda size: st.tuples(
        *(
            st.builds(
                Candidate,
                contributor=st.just(KeyId(f"{number:043}")),
                host=st.sampled_from(["a.example", "b.example", f"{number}.example"]),
                last_attempt=st.none() | st.integers(NOW - 10_000, NOW).map(Timestamp),
                hinted=st.booleans(),
                behind=st.booleans(),
            )
            for number in range(size)
        )
    )
)


def candidate(number: int, *, last: int | None = NOW, hinted: bool = False, behind: bool = False) -> Candidate:
    return Candidate(
        contributor=KeyId(f"{number:043}"),
        host=f"{number}.example",
        last_attempt=None if last is None else Timestamp(last),
        hinted=hinted,
        behind=behind,
    )


@settings(max_examples=40)
@given(CIRCLES, RANDOMS)
def test_a_round_asks_a_few_different_members_and_all_where_they_are_few(
    circle: tuple[Candidate, ...], random: Random
) -> None:
    chosen = whom_to_pull(circle, random)
    assert len(chosen) == min(PULL_FANOUT, len(circle))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(circle)


@settings(max_examples=40)
@given(CIRCLES, RANDOMS)
def test_news_comes_first_then_what_is_missing_then_the_longest_unasked(
    circle: tuple[Candidate, ...], random: Random
) -> None:
    chosen = whom_to_pull(circle, random)
    left = [each for each in circle if each not in chosen]
    for kind in ("hinted", "behind"):
        better = [each for each in left if getattr(each, kind)]
        if kind == "behind":
            better = [each for each in better if not each.hinted]
        worse = [each for each in chosen if not (each.hinted or (kind == "behind" and each.behind))]
        assert not (better and worse)
    room = PULL_FANOUT - sum(each.hinted or each.behind for each in circle)
    if circle and room > 0:
        longest = min(-1 if each.last_attempt is None else each.last_attempt for each in circle)
        assert any((-1 if each.last_attempt is None else each.last_attempt) == longest for each in chosen)


@settings(max_examples=20)
@given(RANDOMS)
def test_everybody_is_asked_within_as_many_rounds_as_there_are_members(random: Random) -> None:
    last: dict[int, int | None] = dict.fromkeys(range(30))
    for round_number in range(30):
        circle = [candidate(number, last=last[number]) for number in last]
        for chosen in whom_to_pull(circle, random):
            last[int(chosen.contributor)] = NOW + round_number
    assert None not in last.values()


def test_the_rest_is_drawn_by_lot() -> None:
    circle = [candidate(number) for number in range(20)]
    asked = {each.contributor for _ in range(60) for each in whom_to_pull(circle, SystemRandom())}
    assert len(asked) == 20


@settings(max_examples=40)
@given(CIRCLES, RANDOMS)
def test_a_few_are_told_and_nobody_twice(circle: tuple[Candidate, ...], random: Random) -> None:
    told = whom_to_tell(circle, random)
    assert len(told) == len(set(told)) == min(PING_FANOUT, len(circle))


@settings(max_examples=40)
@given(CIRCLES)
def test_pings_are_followed_at_once_and_not_without_end(circle: tuple[Candidate, ...]) -> None:
    followed = whom_to_pull_at_once(circle, NOW)
    for each in circle:
        ready = each.last_attempt is None or each.last_attempt + HINTED_PAUSE_SECONDS <= NOW
        assert (each in followed) is (each.hinted and ready)


def test_a_peer_that_fails_is_asked_less_often_down_to_once_an_hour() -> None:
    assert [pause_after(failures, 60) for failures in range(1, 8)] == [120, 240, 480, 960, 1920, 3600, 3600]
    assert pause_after(1_000_000, 86_400) == MAX_PAUSE_SECONDS


@given(RANDOMS, st.integers(0, 100), st.integers(1, 86_400))
def test_waiting_belongs_to_the_host_and_is_spread(random: Random, failures: int, sync_seconds: int) -> None:
    known = HostState(failures, NOW) if failures else None
    state = after_failure(known, NOW, sync_seconds, random)
    pause = pause_after(failures + 1, sync_seconds)
    assert state.failures == failures + 1
    assert abs(state.not_before - NOW - pause) <= pause * JITTER_PERCENT / 100 + 1
    assert state.not_before > NOW
    one, other = candidate(1), candidate(2)
    hosts = {one.host: state}
    assert due([one, other], hosts, NOW, sync_seconds) == [other]
    assert due([one, other], hosts, state.not_before, sync_seconds) == [one, other]


def attempts(seconds: int, *, pinged: bool) -> int:
    """How often a host that never answers is asked in this time; a member behind it pings each second, or never."""
    random, state, count = SystemRandom(), None, 0
    for moment in range(seconds):
        now = Timestamp(NOW + moment)
        if pinged:
            state = after_ping(state, now, 60) or state
        if state is None or now >= state.not_before:
            state, count = after_failure(state, now, 60, random), count + 1
    return count


def test_pings_without_end_about_double_what_a_host_that_is_down_costs() -> None:
    without, rung = attempts(86_400, pinged=False), attempts(86_400, pinged=True)
    assert 20 < without < rung < 2.5 * without


def test_a_ping_ends_a_wait_once_in_its_time() -> None:
    assert after_ping(None, NOW, 60) is None
    waiting = HostState(3, Timestamp(NOW + 480))
    roused = after_ping(waiting, NOW, 60)
    assert roused == HostState(3, NOW, NOW)
    assert after_ping(roused, NOW, 60) is None  # it may be asked already
    again = after_failure(roused, NOW, 60, SystemRandom())
    assert (again.failures, again.roused_at) == (4, NOW)
    assert after_ping(again, Timestamp(NOW + 300), 60) is None
    late = HostState(4, Timestamp(NOW + 2_000), NOW)
    assert after_ping(late, Timestamp(NOW + 960), 60) == HostState(4, Timestamp(NOW + 960), Timestamp(NOW + 960))


def test_a_refusal_is_waited_for_by_the_member_alone() -> None:
    refusing = Candidate(KeyId("A" * 43), "a.example", NOW, hinted=False, behind=False, refusals=2)
    other = Candidate(KeyId("B" * 43), "a.example", NOW, hinted=False, behind=False)
    assert due([refusing, other], {}, NOW, 60) == [other]
    assert due([refusing, other], {}, Timestamp(NOW + 240), 60) == [refusing, other]


@given(st.floats(0.1, 10_000), RANDOMS)
def test_pauses_differ_a_little(seconds: float, random: Random) -> None:
    pause = jittered(seconds, random)
    assert abs(pause - seconds) <= seconds * JITTER_PERCENT / 100 * 1.001


def test_a_host_is_named_with_its_port_whatever_the_case() -> None:
    assert host_of("https://Hanse.Example:8443") == "hanse.example:8443"
    assert host_of("https://hanse.example") != host_of("https://hanse.example:8443")


def test_a_round_gets_every_other_turn_however_many_hints_there_are() -> None:
    waiting, hint_was_last = [True, True, True], False
    begun: list[bool] = []
    for _ in range(8):
        waiting = [False, *waiting]  # news never ends
        place = next_in_line(waiting, hint_was_last=hint_was_last)
        begun.append(waiting.pop(place))
        hint_was_last = not begun[-1]
    assert begun == [False, True, False, True, False, True, False, False]
    assert next_in_line([True], hint_was_last=False) == 0
