"""PyMISP loads the feed of a circle, over HTTP and with the token, as MISP does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pymisp import MISPEvent

from node import app
from node.domain.accounts import Role
from node.insight.misp import event_uuid
from protocol.identifiers import StatementId
from tests.federation.support import free_port, serving
from tests.node.api.support import token_of
from tests.node.insight.collections import fill
from tests.node.insight.support import Pool, pools_of
from tests.node.subjects.registry import load_records, record, subject

pytestmark = pytest.mark.enable_socket


class Feed:
    """The feed of a pool's circle, and what is in it."""

    def __init__(self, pool: Pool, url: str, ids: dict[str, StatementId]) -> None:
        self.pool = pool
        self.ids = ids
        self.url = f"{url}/misp/{pool.circle}"
        self.token = token_of(pool.node.runtime, "analyst", Role.ANALYST)

    def get(self, name: str, token: str | None = None) -> httpx2.Response:
        """One file, with the header that MISP is told to send."""
        return httpx2.get(f"{self.url}/{name}", headers={"Authorization": f"Bearer {token or self.token}"})

    def event(self, uuid: str) -> MISPEvent:
        """One event as PyMISP reads it."""
        event = MISPEvent()
        event.load(self.get(f"{uuid}.json").text)
        return event

    def uuid(self, author: int, name: str, kind: Any = "note") -> str:  # noqa: ANN401
        """The event of a statement that :func:`fill` made."""
        return event_uuid(kind, self.pool.circle, self.pool.contributor(author), self.ids[name])


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    """Served on loopback."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}", url=url)
    load_records(pool.database, tmp_path, [record(1, "Aldermoor University"), record(2, "Northport College")])
    ids = fill(pool)
    with serving(app.application(pool.node.runtime), port):
        yield Feed(pool, url, ids)
    pool.database.close()


def test_pymisp_loads_every_event_of_the_manifest(feed: Feed) -> None:
    manifest = feed.get("manifest.json").json()
    assert len(manifest) == 4
    hashes: list[str] = []
    for uuid, short in manifest.items():
        event = feed.event(uuid)
        assert (event.uuid, event.info, str(event.date)) == (uuid, short["info"], short["date"])
        assert event.distribution == 0
        assert not any(each.to_ids for each in event.attributes)
        assert event.Orgc.name == short["Orgc"]["name"]
        assert "member-" not in event.to_json()
        hashes += [f"{each},{uuid}" for each in event.attributes_hashes("md5")]
    assert sorted(feed.get("hashes.csv").text.split("\n")) == sorted(hashes)


def test_an_event_holds_subject_summary_responses_and_tags(feed: Feed) -> None:
    event = feed.event(feed.uuid(1, "kept"))
    values = [each.value for each in event.attributes]
    assert subject(1) in values
    assert "Owners differ between registers." in values
    assert {"Corroborates", "Disputes"} <= set(values)
    tags = {tag.name for tag in event.tags}
    assert {"tlp:amber+strict", 'hanse:indicator="gov-opaque-control"', 'hanse:polarity="concern"'} <= tags
    tie = feed.event(feed.uuid(2, "tie", "relationship"))
    assert {subject(1), subject(2)} <= {each.value for each in tie.attributes}


def test_what_was_withdrawn_is_emptied_under_the_same_identifiers(feed: Feed) -> None:
    event = feed.event(feed.uuid(1, "gone"))
    assert event.info.startswith("Withdrawn")
    assert all(each.deleted and each.value == "withdrawn by its author" for each in event.attributes)


def test_who_may_not_export_gets_nothing(feed: Feed) -> None:
    officer = token_of(feed.pool.node.runtime, "officer", Role.OFFICER)
    for name in ("manifest.json", "hashes.csv", f"{feed.uuid(1, 'kept')}.json"):
        assert feed.get(name, officer).status_code == 403
        assert feed.get(name, "wrong").status_code == 401
    for name in ("00000000-0000-5000-8000-000000000000.json", "nothing.txt"):
        assert feed.get(name).status_code == 404
    assert feed.get("nonsense.json").status_code == 422
