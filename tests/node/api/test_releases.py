"""Releases through the API: the same for everybody, nothing to select by, and nothing that waits."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain.accounts import Role
from node.domain.disclosure import Period
from node.errors import Code, HanseError
from node.insight.release_format import decode
from node.storage import releases as storage
from protocol.vocabulary import Vocabulary
from tests.node.api.support import Api, api_of, token_of
from tests.node.insight.disclosure.attacks.stage import APPROVER, JULY, MEMBERS, NOW, Stage
from tests.node.insight.support import pools_of


@pytest.fixture
def staged(database_url: str, tmp_path: Path, vocabulary: Vocabulary) -> Iterator[tuple[Api, Stage]]:
    """An API on each database, in a circle of six that stated much in July."""
    (pool,) = pools_of(tmp_path, database_url, members=MEMBERS)
    stage = Stage(pool, vocabulary)
    stage.crowd(JULY)
    with api_of(pool) as api:
        yield api, stage
    pool.database.close()


def test_an_observer_reads_what_was_issued_and_nothing_else(staged: tuple[Api, Stage]) -> None:
    api, stage = staged
    observer = token_of(api.pool.node.runtime, "ministry", Role.OBSERVER)
    prepared = stage.prepare(JULY)
    assert api.get("/releases", token=observer) == {"items": []}
    api.get(f"/releases/{prepared.id}", 404, token=observer)

    issued = stage.approve(prepared)
    (line,) = api.get("/releases", token=observer)["items"]
    release = api.get(f"/releases/{issued.id}", token=observer)
    assert line.items() <= release.items()
    assert (line["period"], line["audience"], line["digest"]) == ("2026-07", "partners", issued.digest)
    blocks = decode(issued.data).blocks
    assert [block["claims"] for block in release["blocks"]] == [block.claims for block in blocks]
    assert release == api.get(f"/releases/{issued.id}")
    answer = api.client.get(f"/api/v1/releases/{issued.id}/table.csv", headers={"Authorization": f"Bearer {observer}"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert sum(int(row["claims"]) for row in rows) == 54
    for path in ("/circles", "/findings", "/vocabulary", "/signals?subject=ror:0hanse125", "/subjects?q=x"):
        api.get(path, 403, token=observer)


def test_there_is_nothing_to_select_by(staged: tuple[Api, Stage]) -> None:
    """Paging or filtering a release is not offered: two answers that differ by one cell cannot be had."""
    api, stage = staged
    release = stage.approve(stage.prepare(JULY))
    for query in ("group", "limit", "after", "domain", "circle"):
        api.get(f"/releases/{release.id}", 422, **{query: "1"})
        api.get("/releases", 422, **{query: "1"})


def test_a_month_is_issued_once_and_a_refusal_leaves_nothing(staged: tuple[Api, Stage]) -> None:
    api, stage = staged
    month, again, quarter = stage.prepare(JULY), stage.prepare(JULY), stage.prepare(Period.parse("2026-Q2"))
    stage.approve(month)
    with pytest.raises(HanseError) as refusal:
        stage.approve(again)
    assert refusal.value.code is Code.CONFLICT
    with stage.pool.database.write() as tx:
        assert not storage.issue(tx, again, APPROVER, NOW)
        assert not storage.discard(tx, month.id)
        assert storage.discard(tx, again.id)
    stage.approve(quarter)
    assert [item["period"] for item in api.get("/releases")["items"]] == ["2026-07", "2026-Q2"]
