"""The analysts' API: answers, tokens, permissions, the access log, and what it never says."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from node import circles
from node.accounts.access_log import read_access_log, verify_access_log
from node.accounts.tokens import MAX_DAYS
from node.api import v1
from node.api.authentication import Needs
from node.api.problems import HttpCode
from node.api.v1.filters import Filters
from node.domain.accounts import Permission, Role
from node.domain.subjects import MAX_SEARCH_CHARACTERS
from node.insight.query import MAX_PAGE
from node.subjects.find import MAX_HITS
from protocol import envelope
from protocol.statements import DAY_SECONDS
from tests.node import statements as make
from tests.node.api.support import TOKEN_DAYS, Api, token_of
from tests.node.subjects.registry import load_records, record, ror_id, subject
from tests.support import ROOT

METHODS = ("| `GET ", "| `POST ", "| `PUT ", "| `DELETE ")
PUBLIC = {"/api/v1/health"}
FILTERS = {each.name for each in fields(Filters)}
PATHS = (
    "/subjects?q=aldermoor",
    f"/subjects/{subject(1)}",
    f"/subjects/{subject(1)}/dossier",
    "/findings",
    f"/signals?subject={subject(1)}",
    "/circles",
    "/vocabulary",
)


def actions(api: Api) -> list[tuple[str, str]]:
    with api.pool.database.read() as tx:
        assert verify_access_log(tx, api.pool.node.runtime.vault).intact
        return [(entry.action, entry.record) for entry in reversed(read_access_log(tx))]


def test_every_question_has_its_answer_and_its_line_in_the_access_log(api: Api, tmp_path: Path) -> None:
    load_records(api.pool.database, tmp_path, [record(1, "Aldermoor University")])
    finding = make.finding(api.pool.circle, make.finding_body(subject(1)))
    api.pool.say(1, finding)
    api.pool.say(2, make.response(api.pool.circle, api.pool.contributor(1), finding.id, "disputes"))

    assert [hit["id"] for hit in api.get("/subjects", q="aldermoor")["items"]] == [subject(1)]
    assert api.get(f"/subjects/{subject(1)}")["label"] == "Aldermoor University"
    dossier = api.get(f"/subjects/{subject(1)}/dossier")
    (concern,) = [view for group in dossier["circles"][0]["groups"] for view in group["concerns"]]
    (shown,) = concern["findings"]
    assert [answer["stance"] for answer in shown["responses"]] == ["disputes"]
    (signal,) = api.get("/signals", subject=subject(1))["items"]
    assert (signal["words"], signal["belief_ppm"]) == (concern["words"], concern["belief_ppm"])
    page = api.get("/findings", limit="1")
    assert [item["kind"] for item in page["items"]] == ["finding"]
    (answer,) = api.get("/findings", after=page["next"])["items"]
    assert (answer["kind"], answer["target"]) == ("response", finding.id)
    detail = api.get(f"/statements/{api.pool.contributor(1)}/{finding.id}")
    assert envelope.parse(detail["jws"].encode()).key_id == api.pool.contributor(1)
    (circle,) = api.get("/circles")["items"]
    assert [member["statements"] for member in circle["contributors"]].count(1) == 2
    assert api.get("/vocabulary")["version"] == 1

    assert actions(api) == [
        ("subjects-searched", ""),
        ("subject-read", subject(1)),
        ("dossier-read", subject(1)),
        ("signals-read", subject(1)),
        ("findings-read", ""),
        ("findings-read", ""),
        ("statement-read", f"{api.pool.contributor(1)}/{finding.id}"),
        ("circles-read", ""),
        ("vocabulary-read", ""),
    ]


def test_filters_of_the_feed_can_be_combined(quick_api: Api) -> None:
    finding = make.finding(quick_api.pool.circle)
    quick_api.pool.say(1, finding, make.relation(quick_api.pool.circle))
    response = quick_api.client.get(
        "/api/v1/findings",
        params={
            "kind": ["finding", "retraction"],
            "subject": make.SUBJECT,
            "indicator": make.INDICATOR,
            "circle": quick_api.pool.circle,
        },
        headers={"Authorization": f"Bearer {quick_api.token}"},
    )
    assert [item["provenance"]["id"] for item in response.json()["items"]] == [finding.id]


def test_no_text_that_a_database_cannot_hold_reaches_it(api: Api) -> None:
    """PostgreSQL stores no U+0000; SQLite does."""
    for answer in (
        api.get("/subjects", 422, q="tid\x00al"),
        api.get("/findings", 422, indicator="\x00"),
        api.get("/findings", 422, subject=f"{subject(1)}\x00"),
    ):
        assert "U+0000" in answer["detail"]
    for path in ("/subjects/%00", "/subjects/%00/dossier", "/statements/%00/%00"):
        api.get(path, status=400)


def test_without_a_valid_token_nothing_is_answered(quick_api: Api) -> None:
    for header in (None, "", "Bearer ", "Bearer wrong", "Basic eDp5", f"Bearer {'x' * 500}"):
        for path in PATHS:
            headers = {} if header is None else {"Authorization": header}
            response = quick_api.client.get(f"/api/v1{path}", headers=headers)
            assert response.status_code == 401, (header, path)
            assert response.headers["www-authenticate"] == 'Bearer realm="hanse"'
            assert response.json()["code"] == "not-signed-in"
    assert actions(quick_api) == []


def test_a_token_past_its_day_is_refused(quick_api: Api) -> None:
    quick_api.pool.node.clock.advance((TOKEN_DAYS + 1) * DAY_SECONDS)
    quick_api.get("/circles", 401)


def test_a_token_permits_no_more_than_it_was_made_for(quick_api: Api) -> None:
    runtime = quick_api.pool.node.runtime
    narrow = token_of(runtime, "narrow", Role.ANALYST, frozenset({Permission.SUBJECTS_READ}))
    operator = token_of(runtime, "operator", Role.OPERATOR)
    for token in (narrow, operator):
        quick_api.get("/subjects", token=token, q="x")
        quick_api.get("/findings", 403, token=token)
        quick_api.get(f"/subjects/{subject(1)}/dossier", 403, token=token)
    quick_api.get("/circles", 403, token=narrow)


def test_health_says_only_that_the_node_answers(quick_api: Api) -> None:
    assert quick_api.client.get("/api/v1/health").json() == {"status": "ok"}
    assert actions(quick_api) == []


REFUSALS = (
    ("/subjects", 422, "invalid"),
    ("/subjects?q=" + "x" * 201, 422, "invalid"),
    ("/subjects?q=x&limit=101", 422, "invalid"),
    ("/subjects/Aldermoor", 400, "bad-identifier"),
    (f"/subjects/{subject(9)}", 404, "not-found"),
    ("/subjects/ror:0hans0999", 400, "bad-identifier"),
    ("/findings?after=nonsense", 422, "invalid"),
    ("/findings?limit=501", 422, "invalid"),
    ("/findings?kind=rumour", 422, "invalid"),
    ("/findings?subjct=x", 422, "invalid"),
    ("/findings?circle=x", 400, "bad-identifier"),
    (f"/statements/{'A' * 43}/{'A' * 22}", 404, "not-found"),
    ("/statements/a/b", 400, "bad-identifier"),
    ("/nothing", 404, "not-found"),
)


def test_what_cannot_be_answered_is_a_problem_document(quick_api: Api) -> None:
    for path, status, code in REFUSALS:
        response = quick_api.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {quick_api.token}"})
        body = response.json()
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), path
        assert (body["code"], body["status"], body["type"]) == (code, status, f"urn:hanse:problem:{code}")
        assert set(body) == {"type", "title", "status", "detail", "code", "remedy", "instance"}


def test_no_answer_names_a_member(quick_api: Api, tmp_path: Path) -> None:
    load_records(quick_api.pool.database, tmp_path, [record(1, "Aldermoor University")])
    finding = make.finding(quick_api.pool.circle, make.finding_body(subject(1)))
    quick_api.pool.say(1, finding)
    with quick_api.pool.database.read() as tx:
        roster = circles.roster(tx, quick_api.pool.circle)
    for path in (*PATHS, f"/statements/{quick_api.pool.contributor(1)}/{finding.id}"):
        text = str(
            quick_api.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {quick_api.token}"}).json()
        )
        assert not [member for member in roster.members.values() if member.name in text or member.url in text]


def test_every_route_has_one_permission_and_declares_its_problems(quick_api: Api) -> None:
    document = quick_api.app.openapi()["paths"]
    checked = 0
    for route in iter_route_contexts(quick_api.app.routes):
        if not isinstance(route.original_route, APIRoute):
            assert route.path == "/api/v1/openapi.json"  # the document says nothing of what is stored
            continue
        if not route.original_route.include_in_schema:
            assert route.path == "/api/reference"  # the same as a page
            continue
        needs = [each for each in _calls(route.original_route.dependant) if isinstance(each, Needs)]
        assert len(needs) == (0 if route.path in PUBLIC else 1), route.path
        for method in route.methods or ():
            declared = document[route.path][method.lower()]["responses"]
            assert "application/problem+json" in declared["default"]["content"], route.path
            assert route.path in PUBLIC or {"401", "403"} <= set(declared), route.path
            checked += 1
    assert checked >= len(PATHS) + len(PUBLIC)


def test_the_document_is_openapi_3_1_and_complete(quick_api: Api) -> None:
    document = quick_api.client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "ProblemDocument" in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        assert path.startswith(v1.PREFIX)
        for operation in operations.values():
            assert operation["summary"]
            (done,) = operation["responses"].keys() & {"200", "201"}
            content = operation["responses"][done]["content"]
            if "application/json" not in content:  # a file or a stream
                continue
            schema = content["application/json"]["schema"]
            assert schema["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def test_the_guide_lists_every_operation_with_its_permission_and_parameters(quick_api: Api) -> None:
    guide = (ROOT / "docs" / "api.md").read_text("utf-8")
    document = quick_api.app.openapi()["paths"]
    listed = set()
    for route in iter_route_contexts(quick_api.app.routes):
        if isinstance(route.original_route, APIRoute) and route.original_route.include_in_schema and route.path:
            needs = [each for each in _calls(route.original_route.dependant) if isinstance(each, Needs)]
            method = "".join(route.original_route.methods or ())
            parameters = document[route.path][method.lower()].get("parameters", [])
            names = [each["name"] for each in parameters if each["in"] == "query"]
            if set(names) >= FILTERS:  # the guide has a table of them
                names = [each for each in names if each not in FILTERS]
                query = "&".join([*(f"{each}=" for each in names), "…filters"])
            else:
                query = "&".join(f"{each}=" for each in names)
            call = route.path.removeprefix(v1.PREFIX) + (f"?{query}" if query else "")
            permission = f"`{needs[0].permission.value}`" if needs else "none"
            listed.add(f"| `{method} {call}` | {permission} |")
    assert listed == {line for line in guide.splitlines() if line.startswith(METHODS)}
    for limit in (MAX_SEARCH_CHARACTERS, MAX_HITS, MAX_PAGE, MAX_DAYS):
        assert f"| {limit}" in guide
    assert all(f"`{code}`" in guide for code in HttpCode)
    table = [line for line in guide.splitlines() if line.startswith("| `")]
    assert all(any(f"`{name}`" in line for line in table) for name in FILTERS)


def test_examples_are_of_nobody() -> None:
    assert ror_id(0).startswith("0hans")
    assert v1.models.EXAMPLE_SUBJECT.startswith("ror:0hans")


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)
