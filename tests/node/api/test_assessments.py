"""Casework by API: recorded, read, imported, and closed to whoever has no business with it."""

from typing import Any

import msgspec
import pytest

from node.api import v1
from node.domain.accounts import Role
from tests.node.api.support import Api, token_of
from tests.node.casework.files import PDF

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


def test_an_engagement_is_recorded_changed_and_assessed(api: Api, officer: str) -> None:
    entry = {
        "title": "Tidal test stand",
        "kind": "joint-laboratory",
        "amount": {"minor": 20_000_000, "currency": "EUR"},
        "begins": "2026-10-01",
        "benefit": "Two doctoral posts.",
    }
    made = post(api, "/engagements", officer, entry, 201)
    assert (made["status"], made["version"], made["amount"]) == ("planned", 1, entry["amount"])
    assert [each["id"] for each in api.get("/engagements", token=officer)["items"]] == [made["id"]]
    path = f"/engagements/{made['id']}"
    changed = put(api, path, officer, entry | {"version": 1, "funder": "A foundation"}, 200)
    assert changed["funder"] == "A foundation"
    assert put(api, path, officer, entry | {"version": 1}, 409)["code"] == "conflict"
    assert put(api, f"{path}/status", officer, {"version": 2, "status": "running"}, 200)["status"] == "running"
    assert put(api, f"{path}/status", officer, {"version": 3, "status": "cursed"}, 422)["code"] == "invalid"
    assert api.get(path, token=officer)["version"] == 3

    begun = post(api, "/assessments", officer, HEAD | {"engagement": made["id"]}, 201)
    assert (begun["tier"], begun["growth"][0]["cause"], len(begun["asked"])) == ("full", "amount", 28)
    stray = post(api, "/assessments", officer, HEAD | {"engagement": "A" * 22}, 422)
    assert stray["detail"].startswith("engagement")
    for change, field in (
        ({"counterparts": ["ror:0hanse125"]}, "counterparts"),
        ({"amount": {"minor": 1, "currency": "XXX"}}, "currency"),
    ):
        assert post(api, "/engagements", officer, entry | change, 422)["detail"].startswith(field)


def test_questions_are_answered_without_an_observation(api: Api, officer: str) -> None:
    made = post(api, "/assessments", officer, HEAD, 201)
    assert (made["tier"], made["asked"]) == ("light", ["q01", "q04", "q07", "q09", "q10", "q11"])
    path = f"/assessments/{made['id']}/questions/q04"
    plain = {"version": 1, "kind": "nothing-found", "words": "The consolidated list.", "day": "2026-01-01"}
    found = put(api, path, officer, plain, 200)
    assert [(each["question"], each["kind"]) for each in found["plain_answers"]] == [("q04", "nothing-found")]
    unknown = put(api, path, officer, plain | {"version": 2, "kind": "not-known"}, 200)
    assert unknown["growth"] == [
        {"cause": "unanswered", "about": "q04", "words": unknown["growth"][0]["words"]},
    ]
    assert put(api, path, officer, plain | {"version": 3, "words": ""}, 422)["detail"].startswith("words")
    assert put(api, path, officer, plain | {"version": 3, "kind": "maybe"}, 422)["code"] == "invalid"


def test_a_file_is_added_named_and_read_with_its_own_permission(api: Api, officer: str) -> None:
    made = post(api, "/evidence?name=accounts.pdf", officer, PDF, 201)
    assert (made["kind"], made["size"], made["name"]) == ("pdf", len(PDF), "accounts.pdf")
    begun = post(api, "/assessments", officer, HEAD, 201)
    answered = post(api, f"/assessments/{begun['id']}/answers", officer, ANSWER | {"files": [made["id"]]}, 201)
    assert answered["answers"][0]["files"] == [made["id"]]
    headers = {"Authorization": f"Bearer {officer}"}
    response = api.client.get(f"{v1.PREFIX}/evidence/{made['id']}", headers=headers)
    assert response.content == PDF
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert post(api, "/evidence", officer, b"<html>", 422)["code"] == "bad-file"
    analyst = token_of(api.pool.node.runtime, "reader", Role.ANALYST)
    assert api.get(f"/evidence/{made['id']}", 403, token=analyst)["code"] == "forbidden"
    assert api.get("/engagements", 403, token=analyst)["code"] == "forbidden"
    missing = ANSWER | {"version": 2, "files": ["A" * 22]}
    assert post(api, f"/assessments/{begun['id']}/answers", officer, missing, 422)["code"] == "invalid"


def put(api: Api, path: str, token: str, body: object, status: int) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    response = api.client.put(f"{v1.PREFIX}{path}", content=msgspec.json.encode(body), headers=headers)
    assert response.status_code == status, response.text
    decoded: dict[str, Any] = msgspec.json.decode(response.content, type=dict)
    return decoded
