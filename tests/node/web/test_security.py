"""What every answer carries, and what no page contains."""

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from node import web
from node.api import problems
from node.web.security import CONTENT_SECURITY_POLICY
from tests.node.web.house import PARTNER, House

_FORBIDDEN = re.compile(
    r"<script|<iframe|<object|<embed|<base|\sstyle=|\son\w+=|javascript:|(?:src|href)=\"(?:https?:)?//", re.IGNORECASE
)
_PAGES = (
    "/",
    "/search?q=tidal",
    f"/subjects/{PARTNER}",
    "/assessments",
    "/assessments/new",
    "/drafts",
    "/shared",
    "/node",
)


@pytest.mark.parametrize("path", [*_PAGES, "/nothing/here", "/subjects/circle:zz", "/sign-in", "/static/hanse.css"])
def test_every_answer_carries_the_strict_headers(house: House, path: str) -> None:
    answer = house.browser("officer").client.get(path)

    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "script" not in CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == ("public, max-age=3600" if path.startswith("/static") else "no-store")


@pytest.mark.parametrize("path", _PAGES)
def test_no_page_needs_what_the_policy_forbids(house: House, path: str) -> None:
    assert not _FORBIDDEN.search(house.browser("officer").get(path))


def test_our_files_load_nothing_from_elsewhere(house: House) -> None:
    style = house.browser().client.get("/static/hanse.css")
    icon = house.browser().client.get("/static/favicon.svg")

    assert style.headers["content-type"].startswith("text/css")
    assert icon.headers["content-type"].startswith("image/svg+xml")
    assert "@import" not in style.text
    assert "http" not in style.text
    assert house.browser().client.get("/static/../site.py").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nothing/here", 404, "Nothing is kept under this address"),
        ("/assessments/short", 404, "Nothing is kept under this address"),
        ("/assessments/short/answers/new?question=q01", 404, "Nothing is kept under this address"),
        ("/drafts/short", 404, "Nothing is kept under this address"),
        ("/drafts/new?assessment=short&answer=short", 404, "Nothing is kept under this address"),
        ("/drafts/correct/short/short", 404, "Nothing is kept under this address"),
        ("/assessments/" + "A" * 22, 404, "Nothing is kept under this address"),
        ("/accounts", 403, "This is not open to you"),
        ("/shared?page=0", 422, "This cannot be accepted as it is"),
    ],
)
def test_errors_are_pages_in_the_same_tone(house: House, path: str, status: int, title: str) -> None:
    page = house.browser("officer").get(path, status)

    assert f"<h1>{title}</h1>" in page
    assert "To the overview" in page
    assert "Overview</a>" in page


def test_paths_of_machines_keep_problem_documents(house: House) -> None:
    answer = house.browser().client.get("/api/v1/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_failure_of_the_node_says_nothing_but_an_identifier(house: House) -> None:
    app = FastAPI(openapi_url=None)
    problems.install(app, web.install(app, house.node.runtime))

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("heron-secret")

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")

    assert answer.status_code == 500
    assert "The node failed to answer" in answer.text
    assert "heron-secret" not in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_a_form_that_is_too_large_is_refused(house: House) -> None:
    browser = house.browser("officer")

    whole = browser.submit("/assessments/new", {"title": "x" * 1_100_000})
    fields = browser.client.post("/assessments/new", data={f"field{number}": "x" for number in range(500)})

    assert whole.status_code == 413
    assert fields.status_code == 400
