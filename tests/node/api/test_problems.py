"""Problem documents: every code has a status, every error has a body, and nothing private is in one."""

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Body, FastAPI, Query, Request, Response
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from node.api import problems
from node.api.body_limit import MAX_BODY_BYTES
from node.api.problems import HttpCode, Problem
from node.errors import Code as NodeCode
from node.errors import HanseError
from protocol.errors import Code as ProtocolCode
from protocol.errors import ProtocolError

SECRET = "canary-7f3a"  # noqa: S105


def application(render: problems.Renderer | None = None) -> FastAPI:
    app = FastAPI(openapi_url=None)
    problems.install(app, render)

    @app.get("/hanse/{code}")
    def hanse(code: NodeCode) -> None:
        raise HanseError(code, f"detail of {code}", remedy="Do this.")

    @app.get("/protocol/{code}")
    def protocol(code: ProtocolCode) -> None:
        raise ProtocolError(code, f"detail of {code}")

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError(SECRET)

    @app.get("/number")
    def number(value: Annotated[int, Query(le=5)]) -> int:
        return value

    @app.post("/text")
    def text(content: Annotated[bytes, Body()]) -> int:
        return len(content)

    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(application(), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    "path", [f"/hanse/{code}" for code in NodeCode] + [f"/protocol/{code}" for code in ProtocolCode]
)
def test_every_code_is_answered_as_the_table_says(client: TestClient, path: str) -> None:
    code = path.rpartition("/")[2]
    status, title = problems.TABLE[code]
    response = client.get(path)
    body = response.json()
    assert (response.status_code, body["title"], body["code"], body["instance"]) == (status, title, code, path)
    assert response.headers["content-type"] == problems.MEDIA_TYPE
    hidden = status >= 500 and status not in {502, 507}  # these two are not the program's own
    assert (body["detail"] == f"detail of {code}") is not hidden


def test_every_code_of_both_families_is_in_the_table_and_no_other() -> None:
    assert set(problems.TABLE) == {*NodeCode, *ProtocolCode, *HttpCode}


def test_a_failure_of_our_own_is_answered_with_an_identifier_that_is_in_the_log(client: TestClient) -> None:
    with capture_logs() as logs:
        body = client.get("/broken").json()
    (line,) = logs
    assert (body["status"], body["code"]) == (500, "internal")
    assert line["incident"] in body["detail"]
    assert any("test_problems.py" in frame for frame in line["where"])
    assert SECRET not in str(body) + str(line)


def test_details_of_damage_are_in_the_log_and_not_in_the_answer(client: TestClient) -> None:
    with capture_logs() as logs:
        body = client.get(f"/hanse/{NodeCode.CORRUPTED}").json()
    assert logs[0]["detail"] == "detail of corrupted"
    assert logs[0]["incident"] in body["detail"]
    assert "detail of corrupted" not in body["detail"]


def test_a_wrong_value_is_named_by_its_place_and_never_quoted(client: TestClient) -> None:
    body = client.get("/number", params={"value": SECRET}).json()
    assert (body["code"], body["status"]) == ("invalid", 422)
    assert "query.value" in body["detail"]
    assert SECRET not in str(body)


def test_a_wrong_method_says_which_are_offered(client: TestClient) -> None:
    response = client.post("/number")
    assert (response.status_code, response.json()["code"]) == (405, "method-not-allowed")
    assert response.headers["allow"] == "GET"


def test_a_request_that_is_too_large_is_refused_declared_or_not(client: TestClient) -> None:
    content = b"x" * (MAX_BODY_BYTES + 1)
    for sent in (content, iter([content[:-1], content[-1:]])):
        response = client.post("/text", content=sent)
        assert (response.status_code, response.json()["code"]) == (413, "too-large")
        assert response.headers["content-type"] == problems.MEDIA_TYPE
    assert client.post("/text", content=b"1", headers={"content-length": "one"}).status_code == 413


def test_pages_may_take_another_form_and_the_rest_stays_json() -> None:
    def render(request: Request, problem: Problem) -> Response | None:
        return Response(problem.title, problem.status) if request.url.path == "/nowhere" else None

    with TestClient(application(render)) as client:
        assert client.get("/nowhere").text == "There is no such thing here"
        assert client.get("/elsewhere").json()["code"] == "not-found"
