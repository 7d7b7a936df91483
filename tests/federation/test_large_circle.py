"""In a large circle sizes are compared first: a poll that finds nothing new costs the same however many there are.

Two of the members are nodes; of the others there are keys, and logs that one of the two holds already.
"""

import os
from pathlib import Path

import httpx2
import pytest

from node import circles
from node.domain.settings import Settings
from node.domain.sync import PullReport
from node.ledger.keyring import Keyring
from node.storage import ledger as logs
from node.storage.circles import get_roster
from node.sync.accept import accept
from node.sync.outbound import Outbound
from node.sync.pull import SIZES_FIRST_ABOVE, pull, verifiers
from protocol.circles import add_signatures
from protocol.identifiers import CircleId
from protocol.keys import SigningKey
from tests.federation.conftest import MakeNode
from tests.federation.hostile import section_of
from tests.federation.support import InMemory, Node, publish
from tests.federation.test_gossip import Counting
from tests.node import statements as make

MEMBERS = SIZES_FIRST_ABOVE + 10


def found(folder: Path, nodes: list[Node]) -> tuple[CircleId, list[SigningKey]]:
    """A circle of the nodes and of many institutions of which there are only keys."""
    absent: dict[str, Keyring] = {}
    cards = [circles.card(node.runtime.keyring, node.runtime.settings) for node in nodes]
    for number in range(MEMBERS - len(nodes)):
        data = folder / f"absent-{number}"
        keyring = Keyring(data / "keys")
        keyring.create()
        url = f"http://absent-{number}.example"
        settings = Settings(name=f"Absent {number}", base_url=url, data=data, database_url="")
        cards.append(circles.card(keyring, settings))
        absent[settings.name] = keyring
    terms = circles.Terms(name="Large circle", purpose="Trying things out.", legal_basis="None is needed.")
    signed = draft = circles.create(nodes[0].runtime.keyring, terms, cards)
    for keyring in [*absent.values(), *(node.runtime.keyring for node in nodes)]:
        signed = add_signatures(signed, circles.sign(keyring, draft))
    for node in nodes:
        with node.runtime.database.write() as tx:
            circle = circles.join(tx, node.runtime.keyring, signed, node.clock.now()).circle
    with nodes[0].runtime.database.read() as tx:
        roster = get_roster(tx, circle)
    by_name = {line.name: key for key, line in roster.lines.items()}
    return circle, [keyring.contributor(by_name[name]) for name, keyring in absent.items()]


def poll(reader: Node, relay: Node, circle: CircleId, network: httpx2.BaseTransport) -> PullReport:
    """One pull, as a round makes it."""
    with reader.runtime.database.read() as tx:
        roster = get_roster(tx, circle)
    with Outbound(reader.runtime, transport=network) as outbound, verifiers() as executor:
        return pull(reader.runtime, outbound, roster, roster.members[relay.own(circle)], executor)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_poll_that_finds_nothing_costs_no_more_in_a_large_circle(node_of: MakeNode, tmp_path: Path) -> None:
    relay, reader = node_of("relay"), node_of("reader")
    circle, keys = found(tmp_path, [relay, reader])
    with relay.runtime.database.read() as tx:
        roster = get_roster(tx, circle)
    for key in keys:
        section = section_of(key, circle, [os.urandom(20).hex().encode()])
        accept(relay.runtime.database, roster, section, relay.clock.now())
    publish(relay, circle, make.finding(circle))
    network = Counting([relay, reader])
    network.inner = InMemory([relay, reader])

    first = poll(reader, relay, circle, network)
    network.seen.clear()
    idle = poll(reader, relay, circle, network)
    publish(relay, circle, make.finding(circle))
    news = poll(reader, relay, circle, network)

    assert (first.entries, first.problems) == (len(keys) + 1, ())
    assert (idle.entries, idle.problems) == (0, ())
    assert idle.bytes < 6 * 1_000  # a few checkpoints; those of all logs would be 50 kB
    assert (news.entries, news.problems) == (1, ())
    with reader.runtime.database.read() as tx:
        assert sum(log.size for log in logs.list_logs(tx, circle)) == len(keys) + 2
    assert ("relay.example", "sizes") in network.seen
