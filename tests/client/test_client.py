"""Questions, pages, faults and refusals, against a real node over HTTP."""

import threading
from collections.abc import Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hanse_client
from hanse_client import (
    Client,
    ForbiddenError,
    HanseClientError,
    InvalidError,
    NodeFailedError,
    NodeUnreachableError,
    NotFoundError,
    NotSignedInError,
    TooManyRequestsError,
    UnexpectedAnswerError,
    models,
)
from hanse_client.client import PAGE
from hanse_client.stream import events
from hanse_client.transport import MAX_WAIT_SECONDS, pause_before, retry_after
from node.domain.accounts import Role
from tests.client.conftest import Desk
from tests.node import statements as make
from tests.node.api.support import token_of
from tests.node.subjects.registry import subject

pytestmark = pytest.mark.enable_socket


def test_every_question_has_its_answer(desk: Desk) -> None:
    client = desk.client
    (hit, *_) = client.search("aldermoor")
    assert (hit.id, hit.label) == (subject(1), "Aldermoor University")
    assert client.subject(hit.id).label == hit.label
    (match,) = client.match({"mine": "Aldermoor University"})
    assert match.id == "mine"
    dossier = client.dossier(subject(1))
    concerns = [each for group in dossier.circles[0].groups for each in group.concerns]
    assert concerns[0].findings[0].subject == subject(1)
    assert concerns[0].words in {each.words for each in client.signals(subject=subject(1))}
    (circle,) = client.circles()
    assert circle.circle == desk.pool.circle
    assert make.INDICATOR in {each.id for each in client.vocabulary().indicators}
    detail = client.statement(desk.pool.contributor(1), desk.ids["kept"])
    assert isinstance(detail.statement, models.Finding)
    assert detail.jws


def test_statements_come_in_order_and_by_filter(desk: Desk) -> None:
    feed = desk.client.findings()
    everything = list(feed)
    assert [each.provenance.seq for each in everything] == sorted(each.provenance.seq for each in everything)
    assert {type(each) for each in everything} == {
        models.Finding,
        models.Relation,
        models.Response,
        models.Correction,
        models.Retraction,
    }
    assert list(desk.client.findings(feed.cursor)) == []
    disputes = list(desk.client.findings(kind="response", stance=["disputes"]))
    assert [each.provenance.id for each in disputes] == [desk.ids["disputes"]]


def test_a_reader_misses_nothing_while_others_write(desk: Desk) -> None:
    """Two publishers, more than one page, and a wire that fails now and then."""
    before = desk.client.findings()
    list(before)
    new = [make.findings(desk.pool.circle, PAGE // 2 + 60) for _ in range(2)]

    def write(author: int) -> None:
        for start in range(0, len(new[author]), 20):
            desk.pool.say(author, *new[author][start : start + 20])

    writers = [threading.Thread(target=write, args=(author,)) for author in range(2)]
    for each in writers:
        each.start()
    seen: list[str] = []
    feed = desk.client.findings(before.cursor)
    while any(each.is_alive() for each in writers):
        desk.wire.faults = [broken, unavailable]
        seen += [each.provenance.id for each in feed]
    for each in writers:
        each.join()
    seen += [each.provenance.id for each in feed]
    assert len(seen) == len(set(seen))
    assert set(seen) == {finding.id for some in new for finding in some}


def broken(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("cut", request=request)


def unavailable(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(503, request=request)


def busy(seconds: str) -> Callable[[httpx2.Request], httpx2.Response]:
    problem = b'{"code": "too-many-requests", "status": 429, "title": "Too many requests", "detail": "wait."}'

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {"Retry-After": seconds, "Content-Type": "application/problem+json"}
        return httpx2.Response(429, headers=headers, content=problem, request=request)

    return answer


def test_faults_are_outlived_and_waits_are_what_the_node_says(desk: Desk) -> None:
    desk.wire.faults = [broken, busy("7")]
    assert desk.client.circles()
    first, second = desk.waited
    assert (0.25 <= first <= 0.5, second) == (True, 7.0)
    assert len(desk.wire.asked) == 3


def test_what_never_ends_is_given_up(desk: Desk) -> None:
    desk.wire.faults = [broken] * 3
    with pytest.raises(NodeUnreachableError):
        desk.client.circles()
    desk.wire.faults = [busy("1")] * 3
    with pytest.raises(TooManyRequestsError) as refused:
        desk.client.circles()
    assert refused.value.code == "too-many-requests"
    desk.wire.faults = [unavailable] * 3
    with pytest.raises(NodeFailedError):
        desk.client.circles()


def test_refusals_are_typed_and_say_what_to_do(desk: Desk) -> None:
    for ask, kind, code in (
        (lambda: desk.client.subject(subject(99)), NotFoundError, "not-found"),
        (lambda: desk.client.subject("Aldermoor"), InvalidError, "bad-identifier"),
        (lambda: list(desk.client.findings("nonsense")), InvalidError, "invalid"),
        (lambda: desk.client.get("/nothing", models.Items), NotFoundError, "not-found"),
    ):
        with pytest.raises(kind) as refused:
            ask()
        assert isinstance(refused.value, hanse_client.RefusedError)
        assert refused.value.code == code
        assert refused.value.problem.title in str(refused.value)
    operator = token_of(desk.pool.node.runtime, "operator-of-test", Role.OPERATOR)
    with desk.another("wrong") as stranger, pytest.raises(NotSignedInError):
        stranger.circles()
    with desk.another(operator) as narrow, pytest.raises(ForbiddenError):
        list(narrow.findings())
    assert not desk.waited


def test_what_is_no_node_is_told_apart(desk: Desk) -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, html="<p>Welcome to the proxy</p>", request=request)

    def sent_away(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(302, headers={"Location": "http://elsewhere.example/"}, request=request)

    desk.wire.faults = [page]
    with pytest.raises(UnexpectedAnswerError):
        desk.client.circles()
    desk.wire.faults = [sent_away]  # a token never follows a redirection
    with pytest.raises(hanse_client.RefusedError):
        desk.client.circles()
    assert {url.host for url in desk.wire.asked} == {"127.0.0.1"}


def test_a_token_never_travels_unencrypted() -> None:
    for url in ("http://node.example", "ftp://node.example", "node.example"):
        with pytest.raises(HanseClientError):
            Client(url, "hanse_token")


def test_statements_and_signals_become_tables(desk: Desk) -> None:
    statements = list(desk.client.findings(kind="finding", subject=subject(1)))
    frame = hanse_client.to_polars(statements)
    assert frame["indicator"].to_list() == [each.indicator for each in statements if isinstance(each, models.Finding)]
    signals = hanse_client.to_pandas(desk.client.signals(subject=subject(1)))
    assert set(signals["polarity"]) == {"concern"}
    mixed = hanse_client.rows(desk.client.findings())
    assert {row["kind"] for row in mixed} == {"finding", "relation", "response", "correction", "retraction"}
    assert hanse_client.to_polars(desk.client.findings()).height == len(mixed)


def test_retry_after_in_seconds_and_as_a_date() -> None:
    assert retry_after("12") == 12.0
    assert retry_after("999999999999") == MAX_WAIT_SECONDS
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("soon") is None
    assert retry_after(None) is None
    assert all(pause_before(attempt) <= 30 for attempt in range(100))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_events(text: str) -> None:
    for event in events(text.split("\n")):
        assert event.data is not None


def test_events_are_read_as_the_standard_says() -> None:
    lines = [": heartbeat", "", "event: finding", "id: a1", "data: {", "data:  }", "", "data: rest", "", "data: cut"]
    found = [(each.kind, each.data, each.id) for each in events([*lines[:-1], "id: b2", ": heartbeat", "", lines[-1]])]
    assert found == [("finding", "{\n }", "a1"), ("message", "rest", "a1"), ("heartbeat", "", "b2")]
