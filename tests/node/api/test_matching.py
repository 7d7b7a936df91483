"""``POST /subjects/match``."""

from pathlib import Path

from node.api import v1
from node.api.v1.matching import MAX_TEXTS
from tests.node.api.support import Api
from tests.node.subjects.registry import load_records, record, ror_id, subject

ADDRESS = f"https://ror.org/{ror_id(1)}"


def _post(api: Api, body: object, token: str | None = None) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token or api.token}"}
    response = api.client.post(f"{v1.PREFIX}/subjects/match", json=body, headers=headers)
    return response.status_code, response.json()


def test_texts_are_answered_in_their_order(api: Api, tmp_path: Path) -> None:
    load_records(api.pool.database, tmp_path, [record(1, "Aldermoor University")])
    asked = [
        {"id": "b", "affiliation": "nobody"},
        {"id": "a", "affiliation": "Institute of Tides, Aldermoor University"},
    ]
    status, answer = _post(api, {"items": asked})
    assert status == 200
    items = answer["items"]
    assert isinstance(items, list)
    assert [(each["id"], each["ror_ids"]) for each in items] == [("b", []), ("a", [ADDRESS])]
    (only,) = items[1]["suggestions"]
    assert (only["id"], only["subject"], only["why"]) == (ADDRESS, subject(1), "its name stands in the text")


def test_a_batch_is_bounded_and_needs_a_token(quick_api: Api) -> None:
    text = {"id": "a", "affiliation": "x"}
    assert _post(quick_api, {"items": [text] * (MAX_TEXTS + 1)})[0] == 422
    assert _post(quick_api, {"items": []})[0] == 422
    assert _post(quick_api, {"items": [{"id": "a", "affiliation": "x" * 4_001}]})[0] == 422
    assert _post(quick_api, {"items": [text], "mode": "bold"})[0] == 422
    assert _post(quick_api, {"items": [text]}, token="hanse_nobody")[0] == 401  # noqa: S106


def test_what_was_asked_for_is_not_in_the_access_log(quick_api: Api) -> None:
    assert _post(quick_api, {"items": [{"id": "a", "affiliation": "Quernstone Secret"}]})[0] == 200
    database = Path(str(quick_api.pool.database.engine.url.database))
    files = [database, database.with_name(f"{database.name}-wal")]
    assert not any(b"Quernstone" in path.read_bytes() for path in files if path.exists())
