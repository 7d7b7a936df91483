"""Questions with a name, and answers that say whether anything has changed."""

from typing import Any

from node.domain.accounts import Role
from node.storage.statement_index import pool_state
from node.storage.tables.ledger import LOGS
from node.storage.tables.saved import SAVED_QUERIES
from tests.node import statements as make
from tests.node.api.support import Api, token_of


def call(api: Api, method: str, path: str, *, token: str = "", **more: Any) -> Any:  # noqa: ANN401 - the client's own
    headers = {"Authorization": f"Bearer {token or api.token}"} | more.pop("headers", {})
    return api.client.request(method, f"/api/v1{path}", headers=headers, **more)


def test_a_question_is_kept_asked_and_forgotten(api: Api) -> None:
    pool = api.pool
    pool.find(1)
    found = pool.find(2, make.finding_body(make.OTHER_SUBJECT))
    asked = {"question": {"subject": [make.OTHER_SUBJECT], "state": ["live"]}}
    kept = call(api, "PUT", "/queries/other-subject", json=asked)
    assert (kept.status_code, kept.json()) == (200, {"name": "other-subject", **asked})
    again = {"question": {"state": ["live"], "subject": [make.OTHER_SUBJECT, make.SUBJECT]}}
    assert call(api, "PUT", "/queries/another", json=again).status_code == 200
    assert call(api, "PUT", "/queries/another", json=asked).status_code == 200
    assert [each["name"] for each in api.get("/queries")["items"]] == ["another", "other-subject"]
    page = api.get("/queries/other-subject/findings")
    assert [item["provenance"]["id"] for item in page["items"]] == [found]
    assert [each["name"] for each in call(api, "DELETE", "/queries/another").json()["items"]] == ["other-subject"]
    assert api.get("/queries/another", 404)["code"] == "not-found"


def test_a_question_is_its_owners_and_sealed(api: Api) -> None:
    call(api, "PUT", "/queries/private", json={"question": {"text": ["aldermoor tides"]}})
    other = token_of(api.pool.node.runtime, "other", Role.ANALYST)
    assert api.get("/queries", token=other)["items"] == []
    assert api.get("/queries/private", 404, token=other)["code"] == "not-found"
    assert call(api, "DELETE", "/queries/private", token=other).status_code == 404
    with api.pool.database.read() as tx:
        (row,) = tx.connection.execute(SAVED_QUERIES.select()).all()
    assert b"aldermoor" not in row.sealed
    assert b"private" not in row.sealed


def test_what_is_no_question_is_not_kept(quick_api: Api) -> None:
    for name, question in (
        ("Capital", {"state": ["live"]}),
        ("none", {}),
        ("wrong", {"nationality": ["any"]}),
        ("wrong", {"state": ["alive"]}),
    ):
        assert call(quick_api, "PUT", f"/queries/{name}", json={"question": question}).status_code == 422
    for number in range(50):
        kept = call(quick_api, "PUT", f"/queries/q{number}", json={"question": {"state": ["live"]}})
        assert kept.status_code == 200
    assert call(quick_api, "PUT", "/queries/q50", json={"question": {"state": ["live"]}}).status_code == 409
    assert call(quick_api, "PUT", "/queries/q1", json={"question": {"state": ["void"]}}).status_code == 200


def test_a_page_that_has_not_changed_is_not_sent_again(api: Api) -> None:
    pool = api.pool
    pool.find(1)
    first = call(api, "GET", "/findings")
    known = {"If-None-Match": first.headers["etag"]}
    same = call(api, "GET", "/findings", headers=known)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    assert call(api, "GET", "/findings?limit=1", headers=known).status_code == 200
    assert call(api, "GET", "/findings", headers={"If-None-Match": 'W/"x", *'}).status_code == 304
    pool.find(2)
    assert call(api, "GET", "/findings", headers=known).status_code == 200
    pool.node.clock.advance(86_400)
    assert call(api, "GET", "/findings", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_a_page_is_sent_again_when_a_fork_turns_out_to_lie_earlier(quick_api: Api) -> None:
    pool = quick_api.pool
    pool.find(1)
    with pool.database.read() as tx:
        state = pool_state(tx)
    seen = {state}
    for index in (9, 5, None):
        with pool.database.write() as tx:
            tx.connection.execute(LOGS.update().values(fork_index=index, forked_at=make.IAT))
        with pool.database.read() as tx:
            seen.add(pool_state(tx))
    assert len(seen) == 4


def test_a_head_has_the_headers_and_no_body(quick_api: Api) -> None:
    answer = call(quick_api, "HEAD", "/findings")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == call(quick_api, "GET", "/findings").headers["etag"]
    assert call(quick_api, "HEAD", "/exports/findings.csv").status_code == 405
