"""What one contributor's log may grow by in a day, on the side of those who take it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ledger import Allowance, Log
from node.errors import Code as NodeCode
from node.storage import ledger as logs
from node.sync import quota, sync_once
from protocol.identifiers import CircleId
from protocol.statements import DAY_SECONDS, Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.hostile import twin_of
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.node import statements as make
from tests.protocol.fed_samples import charter as sample_charter

QUOTA = 5


def later(days: int, *nodes: Node) -> None:
    for node in nodes:
        node.clock.advance(days * DAY_SECONDS)


def log_of(author: Node, circle: CircleId, reader: Node) -> Log:
    with reader.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
    assert log is not None
    return log


def test_the_past_of_a_log_that_is_new_to_us_comes_at_once(node_of: MakeNode) -> None:
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes, quota_entries=QUOTA)
    publish(author, circle, *make.findings(circle, 8 * QUOTA))

    report = sync_once(reader.runtime, transport=InMemory(nodes))

    assert (report.entries, report.problems) == (8 * QUOTA, ())
    assert log_of(author, circle, reader).allowance is not None


def test_what_is_too_much_for_a_day_waits_and_delays_nobody_else(node_of: MakeNode) -> None:
    spammer, honest, reader = nodes = [node_of(name) for name in ("spammer", "honest", "reader")]
    circle = circle_of(nodes, quota_entries=QUOTA)
    network = InMemory(nodes)
    publish(spammer, circle, make.finding(circle))
    sync_once(reader.runtime, transport=network)  # caught up once

    publish(spammer, circle, *make.findings(circle, QUOTA + 20))
    publish(honest, circle, *make.findings(circle, QUOTA))
    report = sync_once(reader.runtime, transport=network)

    problems = {(problem.code, problem.log) for problem in report.problems}
    assert problems == {(NodeCode.QUOTA_EXCEEDED, spammer.own(circle))}
    held = log_of(spammer, circle, reader)
    assert (held.size, held.covered_size, held.status) == (1 + QUOTA, 1, "good")
    assert log_of(honest, circle, reader).size == QUOTA

    again = sync_once(reader.runtime, transport=network)
    (pull,) = (each for each in again.pulls if each.contributor == spammer.own(circle))
    assert (pull.entries, pull.problems) == (0, ())
    assert pull.bytes < 3_000  # it is not even sent

    sizes = []
    for _ in range(3):
        later(1, *nodes)
        sync_once(reader.runtime, transport=network)
        sizes.append(log_of(spammer, circle, reader).size)
    assert sizes == [1 + 3 * QUOTA, 1 + 5 * QUOTA, 1 + 5 * QUOTA]  # the day before had ended with nothing left
    assert log_of(spammer, circle, reader).covered_size == 1 + QUOTA + 20


def test_bytes_are_counted_as_well(node_of: MakeNode) -> None:
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes, quota_bytes=24_576)
    network = InMemory(nodes)
    publish(author, circle, make.finding(circle))
    sync_once(reader.runtime, transport=network)
    before = log_of(author, circle, reader)
    publish(author, circle, *make.findings(circle, 60))

    sync_once(reader.runtime, transport=network)

    held = log_of(author, circle, reader)
    with reader.runtime.database.read() as tx:
        taken = [len(entry) for entry in logs.read_entries(tx, held, before.size, held.size)]
    assert before.allowance is not None
    assert before.allowance.bytes - 2_000 < sum(taken) <= before.allowance.bytes


def test_days_on_which_a_log_did_not_grow_count_for_it(node_of: MakeNode) -> None:
    """A node that was away publishes for all of them at once."""
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes, quota_entries=QUOTA)
    network = InMemory(nodes)
    publish(author, circle, make.finding(circle))
    sync_once(reader.runtime, transport=network)
    later(4, *nodes)
    publish(author, circle, *make.findings(circle, 5 * QUOTA))

    report = sync_once(reader.runtime, transport=network)

    assert (report.entries, report.problems) == (5 * QUOTA, ())
    publish(author, circle, *make.findings(circle, QUOTA))  # what was saved up is gone: one day's is the most
    assert sync_once(reader.runtime, transport=network).entries == 0


def test_what_was_taken_of_a_log_can_be_relayed_and_goes_on_elsewhere(node_of: MakeNode) -> None:
    author, relay, reader = nodes = [node_of(name) for name in ("author", "relay", "reader")]
    circle = circle_of(nodes, quota_entries=QUOTA)
    publish(author, circle, make.finding(circle))
    sync_once(relay.runtime, transport=InMemory(nodes))
    publish(author, circle, *make.findings(circle, 3 * QUOTA))
    sync_once(relay.runtime, transport=InMemory(nodes))

    assert sync_once(reader.runtime, transport=InMemory([relay])).problems[-1].code is NodeCode.PEER_UNREACHABLE
    assert log_of(author, circle, reader).size == 1  # what a checkpoint covers at the relay
    later(1, *nodes)
    assert sync_once(reader.runtime, transport=InMemory(nodes)).entries > 0
    assert log_of(author, circle, reader).status == "good"


def test_our_own_log_comes_back_whatever_the_quota(node_of: MakeNode) -> None:
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes, quota_entries=1)
    publish(author, circle, *make.findings(circle, 20))
    network = InMemory(nodes)
    sync_once(reader.runtime, transport=network)
    restored = node_of("restored", url=author.url)
    twin_of(author, circle, restored)

    assert sync_once(restored.runtime, transport=network).entries == 20
    assert log_of(author, circle, restored).size == 20


def test_a_clock_that_was_a_year_ahead_shuts_no_log_out(node_of: MakeNode) -> None:
    """Ours was wrong for an hour, and took the quota of a day that is a year away."""
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes, quota_entries=QUOTA)
    network = InMemory(nodes)
    publish(author, circle, make.finding(circle))
    later(365, *nodes)
    sync_once(reader.runtime, transport=network)
    later(-365, *nodes)
    for _ in range(2):
        publish(author, circle, *make.findings(circle, QUOTA))
        assert sync_once(reader.runtime, transport=network).entries == QUOTA
        later(1, *nodes)


DAYS = st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(1, 3_000), max_size=30)), min_size=1, max_size=20)


@given(DAYS, st.booleans())
def test_never_more_than_the_days_allow(days: list[tuple[int, list[int]]], caught_up: bool) -> None:  # noqa: FBT001
    """Whatever comes when: what is taken stays within the quota of the days that went by, and one day's beside."""
    charter = msgspec.structs.replace(sample_charter(), quota_entries_per_day=QUOTA, quota_bytes_per_day=24_576)
    now = Timestamp(make.IAT)
    start = Allowance(now // DAY_SECONDS, charter.quota_entries_per_day, charter.quota_bytes_per_day)
    known, passed, entries, size = start, 0, 0, 0
    for pause, lengths in days:
        now = Timestamp(now + pause * DAY_SECONDS)
        passed += pause
        known_today = quota.today(charter, known, now)
        taken = lengths[: quota.fitting(known_today, lengths)]
        assert quota.is_exhausted(charter, known, now) <= (not taken)
        if taken:
            known = quota.spend(charter, known_today, taken, caught_up=caught_up)
        entries, size = entries + len(taken), size + sum(taken)
        assert entries <= charter.quota_entries_per_day * (2 * passed + 1)
        assert size <= charter.quota_bytes_per_day * (2 * passed + 1)
        assert known.entries >= 0
        assert known.bytes >= 0
