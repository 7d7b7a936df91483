"""No statement is lost to a reader of the API while several processes publish."""

from pathlib import Path

from tests.bench.lost_rows import measure

STATEMENTS = 240
"""``python -m tests.bench.lost_rows`` takes 20,000."""


def test_four_processes_publish_and_a_poller_misses_nothing(database_url: str, tmp_path: Path) -> None:
    figures = measure(tmp_path, STATEMENTS, database_url)
    assert figures["published"] == STATEMENTS
    assert {name: figures[name] for name in figures if name.startswith(("feed_", "filter_"))} == {
        "feed_missed": 0,
        "feed_seen_twice": 0,
        "filter_missed": 0,
        "filter_seen_twice": 0,
    }

    if database_url.startswith("postgresql"):  # otherwise the above would prove nothing
        assert figures["time_missed"] > 0
