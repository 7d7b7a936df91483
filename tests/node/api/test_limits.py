"""What a token may ask, how its use is noted, and which versions of the API are spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.accounts import tokens
from node.accounts.rate import (
    ACCOUNT_STREAMS,
    REQUESTS_PER_WINDOW,
    STREAMS,
    TRACKED_TOKENS,
    WINDOW_SECONDS,
    Allowance,
    Rates,
)
from node.domain.accounts import AccountId, ApiToken
from node.errors import Code, HanseError
from protocol.statements import DAY_SECONDS, Timestamp
from tests.node.api.support import Api


def test_a_window_is_used_up_and_begins_anew() -> None:
    rates, now = Rates(3), Timestamp(1_000)
    assert [rates.count("one", now).remaining for _ in range(3)] == [2, 1, 0]
    assert rates.count("one", Timestamp(now + 20)) == Allowance(0, WINDOW_SECONDS - 20, refused=True)
    assert not rates.count("other", now).refused
    assert rates.count("one", Timestamp(now + WINDOW_SECONDS)) == Allowance(2, WINDOW_SECONDS)
    assert rates.count("one", Timestamp(5)) == Allowance(2, WINDOW_SECONDS)  # a clock that was set back


@given(st.lists(st.integers(0, 300), max_size=200))
def test_no_window_lets_more_through_than_it_says(steps: list[int]) -> None:
    rates, now, passed = Rates(5), 0, list[int]()
    for step in steps:
        now += step // 100
        if not rates.count("one", Timestamp(now)).refused:
            passed.append(now)
    assert all(sum(start <= each < start + WINDOW_SECONDS for each in passed) <= 2 * 5 for start in passed)


def test_what_is_remembered_is_bounded() -> None:
    rates = Rates()
    for number in range(TRACKED_TOKENS + 10):
        rates.count(str(number), Timestamp(0))
    assert len(rates) == TRACKED_TOKENS


def test_streams_are_bounded_by_account_and_altogether() -> None:
    rates, one = Rates(), AccountId("one")
    held = [rates.held("stream", one) for _ in range(ACCOUNT_STREAMS)]
    for each in held:
        each.__enter__()
    with pytest.raises(HanseError) as refusal:
        rates.require("stream", one)
    assert refusal.value.code is Code.TOO_MANY_REQUESTS
    rates.require("export", one)
    held.pop().__exit__(None, None, None)
    rates.require("stream", one)
    more = [rates.held("stream", AccountId(str(number))) for number in range(STREAMS - ACCOUNT_STREAMS + 1)]
    for each in more:
        each.__enter__()
    with pytest.raises(HanseError):
        rates.require("stream", AccountId("another"))


def test_every_answer_says_what_is_left(quick_api: Api) -> None:
    headers = {"Authorization": f"Bearer {quick_api.token}"}
    client = quick_api.client
    assert client.get("/api/v1/circles", headers=headers).headers["ratelimit"] == (
        f'"token";r={REQUESTS_PER_WINDOW - 1};t={WINDOW_SECONDS}'
    )
    wrong = client.get("/api/v1/findings?after=nonsense", headers=headers)
    assert wrong.status_code == 422
    assert wrong.headers["ratelimit-policy"] == f'"token";q={REQUESTS_PER_WINDOW};w={WINDOW_SECONDS}'
    runtime = quick_api.pool.node.runtime
    (token,) = _tokens(quick_api)
    for _ in range(REQUESTS_PER_WINDOW):
        runtime.rates.count(token.id, runtime.clock.now())
    refused = client.get("/api/v1/circles", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert refused.headers["retry-after"] == str(WINDOW_SECONDS)
    quick_api.pool.node.clock.advance(WINDOW_SECONDS)
    assert client.get("/api/v1/circles", headers=headers).status_code == 200


def test_the_day_of_the_last_use_is_noted_once(api: Api) -> None:
    clock = api.pool.node.clock
    assert _tokens(api)[0].last_use is None
    clock.advance(3_600)
    api.get("/circles")
    assert _tokens(api)[0].last_use == clock.now() - 3_600
    clock.advance(DAY_SECONDS)
    api.get("/circles")
    assert _tokens(api)[0].last_use == clock.now() - 3_600


def _tokens(api: Api) -> list[ApiToken]:
    runtime = api.pool.node.runtime
    with runtime.database.read() as tx:
        holder = tokens.authenticate_token(tx, runtime.vault, api.token, runtime.clock.now())
        assert holder is not None
        return tokens.list_tokens(tx, runtime.vault, holder.principal.account)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json;version=1", 200),
        ('application/json; version="1", application/json;version=2', 200),
        ("application/json;version=2", 406),
        ("application/json; Version=1.1, text/html;version=7;q=0.1", 406),
        ("application/json;version=2, */*;q=0.1", 200),
        ("", 200),
    ],
)
def test_only_versions_that_are_spoken_are_answered(quick_api: Api, accept: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {quick_api.token}", "Accept": accept}
    answer = quick_api.client.get("/api/v1/vocabulary", headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["code"] == "not-acceptable"
