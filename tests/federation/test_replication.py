"""Nodes that replicate each other's logs: who gets what, from whom, and what it costs to find nothing new."""

from node.storage import statements as reading
from node.sync import sync_once
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, circle_of, publish
from tests.node import statements as make


def test_every_member_gets_what_the_others_published(node_of: MakeNode) -> None:
    nodes = [node_of(name) for name in ("aldermoor", "northport", "valdesk")]
    circle = circle_of(nodes)
    network = InMemory(nodes)
    published = {node.own(circle): make.findings(circle, 5 + number) for number, node in enumerate(nodes)}
    for node in nodes:
        publish(node, circle, *published[node.own(circle)])

    reports = [sync_once(node.runtime, transport=network) for node in nodes]

    assert [report.problems for report in reports] == [(), (), ()]
    assert [report.entries for report in reports] == [13, 12, 11]
    for node in nodes:
        with node.runtime.database.read() as tx:
            for contributor, statements in published.items():
                for statement in statements:
                    stored = reading.get(tx, contributor, statement.id, now=make.IAT)
                    assert stored is not None
                    assert stored.statement == statement
                    assert stored.state == "live"
