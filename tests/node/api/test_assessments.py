"""Casework by API: recorded, read, imported, and closed to whoever has no business with it."""

from typing import Any

import msgspec
import pytest

from node.api import v1
from node.domain.accounts import Role
from tests.node.api.support import Api, token_of

HEAD = {"title": "Joint work on tides", "engagement_kind": "project", "purpose": "Measuring tides."}
ANSWER = {
    "version": 1,
    "question": "q02",
    "indicator": "gov-opaque-control",
    "observation": "Two registers name different owners.",
    "observed_from": "2025-03-01",
    "observed_until": "2025-03-31",
    "strength": 2,
    "reliability": "B",
    "credibility": 2,
    "evidence_kinds": ["public-register"],
}


@pytest.fixture
def officer(api: Api) -> str:
    return token_of(api.pool.node.runtime, "officer", Role.OFFICER)


def post(api: Api, path: str, token: str, body: object, status: int) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    response = api.client.post(f"{v1.PREFIX}{path}", content=content, headers=headers | {"Content-Type": kind})
    assert response.status_code == status, response.text
    decoded: dict[str, Any] = msgspec.json.decode(response.content, type=dict)
    return decoded


def test_an_assessment_is_recorded_answered_and_read(api: Api, officer: str) -> None:
    made = post(api, "/assessments", officer, HEAD, 201)
    answered = post(api, f"/assessments/{made['id']}/answers", officer, ANSWER, 201)
    assert answered["version"] == 2
    assert api.get(f"/assessments/{made['id']}", token=officer) == answered
    assert [each["id"] for each in api.get("/assessments", token=officer)["items"]] == [made["id"]]
    conflict = post(api, f"/assessments/{made['id']}/answers", officer, ANSWER, 409)
    assert conflict["code"] == "conflict"


def test_what_is_wrong_is_named_by_its_field(api: Api, officer: str) -> None:
    for change in ({"engagement_kind": "lunch"}, {"title": ""}, {"subject": "ror:0hanse125"}):
        problem = post(api, "/assessments", officer, HEAD | change, 422)
        assert next(iter(change)) in problem["detail"]
    assert api.get(f"/assessments/{'A' * 22}", 404, token=officer)["code"] == "not-found"


def test_a_file_is_imported_with_a_report(api: Api, officer: str) -> None:
    report = post(api, "/assessments/import", officer, b"title,subject,engagement_kind\nA,,project\nB,,lunch\n", 200)
    assert (report["rows"], len(report["created"])) == (2, 1)
    assert (report["refused"][0]["row"], report["refused"][0]["column"]) == (3, "engagement_kind")
    assert post(api, "/assessments/import", officer, b"\xff\xfe", 422)["code"] == "bad-file"


@pytest.mark.parametrize("role", [Role.ANALYST, Role.COORDINATOR, Role.OPERATOR, Role.AUDITOR])
def test_others_may_not_know_that_there_is_casework(api: Api, officer: str, role: Role) -> None:
    made = post(api, "/assessments", officer, HEAD, 201)
    other = token_of(api.pool.node.runtime, "other", role)
    assert api.get("/assessments", 403, token=other)["code"] == "forbidden"
    assert api.get(f"/assessments/{made['id']}", 403, token=other)["code"] == "forbidden"
    assert post(api, "/assessments", other, HEAD, 403)["code"] == "forbidden"


def test_an_approver_reads_and_does_not_write(api: Api) -> None:
    approver = token_of(api.pool.node.runtime, "approver", Role.APPROVER)
    assert api.get("/assessments", token=approver)["items"] == []
    assert post(api, "/assessments", approver, HEAD, 403)["code"] == "forbidden"
