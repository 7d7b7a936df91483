"""Releases through the API: the same for everybody, nothing to select by, and nothing that waits."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain.accounts import Role
from node.insight.release_format import decode
from protocol.vocabulary import Vocabulary
from tests.node.api.support import Api, api_of, token_of
from tests.node.insight.disclosure.attacks.stage import JULY, MEMBERS, Stage
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


def test_an_observer_reads_what_was_issued(staged: tuple[Api, Stage]) -> None:
    api, stage = staged
    observer = token_of(api.pool.node.runtime, "ministry", Role.OBSERVER)
    prepared = stage.prepare(JULY)
    assert api.get("/releases", token=observer) == {"items": []}
    api.get(f"/releases/{prepared.id}", 404, token=observer)
    api.client.get(f"/api/v1/releases/{prepared.id}/table.csv")

    issued = stage.approve(prepared)
    (line,) = api.get("/releases", token=observer)["items"]
    release = api.get(f"/releases/{issued.id}", token=observer)
    assert line.items() <= release.items()
    assert (line["period"], line["audience"], line["digest"]) == ("2026-07", "partners", issued.digest)
    blocks = decode(issued.data).blocks
    assert [block["claims"] for block in release["blocks"]] == [block.claims for block in blocks]
    assert release == api.get(f"/releases/{issued.id}")


def test_the_table_has_a_row_for_each_number(staged: tuple[Api, Stage]) -> None:
    api, stage = staged
    release = stage.approve(stage.prepare(JULY))
    answer = api.client.get(
        f"/api/v1/releases/{release.id}/table.csv", headers={"Authorization": f"Bearer {api.token}"}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert sum(int(row["claims"]) for row in rows) == 54
    assert {row["handling"].partition(":")[0] for row in rows} == {"TLP"}


@pytest.mark.parametrize("query", ["group", "limit", "after", "domain", "circle"])
def test_there_is_nothing_to_select_by(staged: tuple[Api, Stage], query: str) -> None:
    """Paging or filtering a release is not offered: two answers that differ by one cell cannot be had."""
    api, stage = staged
    release = stage.approve(stage.prepare(JULY))
    api.get(f"/releases/{release.id}", 422, **{query: "1"})
    api.get("/releases", 422, **{query: "1"})


def test_an_observer_reads_nothing_else(staged: tuple[Api, Stage]) -> None:
    api, _ = staged
    observer = token_of(api.pool.node.runtime, "ministry", Role.OBSERVER)
    for path in ("/circles", "/findings", "/vocabulary", "/signals?subject=ror:0hanse125", "/subjects?q=x"):
        api.get(path, 403, token=observer)
