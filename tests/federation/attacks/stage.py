"""The stage of every attack: a circle in good order, and one member that turns hostile.

Three nodes have exchanged everything before an attack begins. Afterwards the rows of every table of the victim are
compared with what they were, then everybody is honest again, and what the honest ones publish must arrive.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from node import insight
from node.domain.ledger import Log
from node.domain.sync import AnyCode, PullReport
from node.ledger.check import Damage, check
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.tables.base import METADATA
from node.sync import sync_once
from node.sync.transport import Patience
from protocol import envelope, statements
from protocol.identifiers import CircleId, KeyId
from protocol.messages.stream import EntriesRequest, Section, encode_stream
from protocol.statements import Finding
from tests.federation.conftest import MakeNode
from tests.federation.hostile import answering, contributor_key
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.federation.test_access import Asked
from tests.federation.test_bad_peers import Scene
from tests.node import statements as make

BOOKKEEPING: Final = frozenset({"peers", "hosts", "nonces", "heartbeats"})
"""Tables about exchanges as such: who answered when, and which requests were seen. Any exchange may change them."""
QUOTA: Final = 80
"""Entries a day, of each member: few enough to be reached, and more than the honest ones publish on one stage."""

Rows = Mapping[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Stage:
    """A hostile member, an honest one and the victim, which all held the same when the attack began."""

    hostile: Node
    honest: Node
    victim: Node
    circle: CircleId
    network: InMemory
    said: tuple[Finding, ...]
    """What the hostile member has published, and everybody holds."""
    unsaid: tuple[Finding, ...]
    """What it has not published yet."""
    make: MakeNode
    """Another node, by its name."""

    @property
    def scene(self) -> Scene:
        """The hostile member's own log, of which the victim holds the beginning."""
        key = contributor_key(self.hostile, self.circle)
        entries = [envelope.sign(statements.encode(each), key) for each in (*self.said, *self.unsaid)]
        return Scene(self.circle, key, entries)

    def log(self, author: Node, holder: Node | None = None) -> Log:
        """The log of a node as the victim, or another holder, has it."""
        node = holder or self.victim
        with node.runtime.database.read() as tx:
            log = logs.find_log(tx, self.circle, author.own(self.circle))
        assert log is not None
        return log

    def entries(self, author: Node, holder: Node) -> list[bytes]:
        """The entries of a node's log as a holder has them."""
        with holder.runtime.database.read() as tx:
            log = self.log(author, holder)
            return logs.read_entries(tx, log, 0, log.size)

    def respond(self, answer: Callable[[EntriesRequest], bytes]) -> PullReport:
        """Let the hostile member answer so, signed rightly, and the victim ask it."""
        self.network.connect(self.hostile.url, answering(self.hostile, answer))
        return self.pull()

    def respond_with(self, *sections: Section, forks: Iterable[bytes] = (), more: bool = False) -> PullReport:
        """Let the hostile member answer with these sections, whatever it is asked."""
        stream = encode_stream(sections, more=more, forks=tuple(forks))
        return self.respond(lambda _: stream)

    def pull(self, patience: Patience | None = None) -> PullReport:
        """Let the victim ask everybody; how it went with the hostile member."""
        report = sync_once(self.victim.runtime, transport=self.network, patience=patience)
        hostile = self.hostile_key
        return next(pull for pull in report.pulls if pull.contributor == hostile)

    @property
    def hostile_key(self) -> KeyId:
        """The contributor key under which the hostile member is known."""
        return self.scene.key.public.key_id

    def asked(self, by: Node | None = None) -> Asked:
        """A good request for entries to the victim: by the hostile member, or another."""
        return Asked(self.victim, self.circle, (by or self.hostile).runtime.keyring.request())

    def rows(self) -> Rows:
        """Everything that the victim holds, but for :data:`BOOKKEEPING`, in an order of its own."""
        insight.catch_up(self.victim.runtime.database, self.victim.runtime.vocabulary, self.victim.clock.now())
        with self.victim.runtime.database.read() as tx:
            return {
                table.name: sorted((dict(row) for row in tx.connection.execute(sa.select(table)).mappings()), key=repr)
                for table in METADATA.sorted_tables
                if table.name not in BOOKKEEPING
            }

    def make_good(self) -> None:
        """Everybody is honest again, at the addresses and the time where all began."""
        for node in (self.hostile, self.honest, self.victim):
            self.network.connect(node.url, application(node))
            node.clock.moment = make.IAT

    def settle(self) -> None:
        """Let everybody learn everything, the victim last: also who has witnessed it."""
        for node in (self.hostile, self.honest, self.victim):
            sync_once(node.runtime, transport=self.network)

    def require_exchange(self) -> None:
        """An honest exchange works: what the honest two publish arrives at the other, counts, and is in good order."""
        for author, reader in ((self.honest, self.victim), (self.victim, self.honest)):
            said = make.finding(self.circle)
            publish(author, self.circle, said)
            sync_once(reader.runtime, transport=self.network)
            with reader.runtime.database.read() as tx:
                stored = reading.get(tx, author.own(self.circle), said.id, now=make.IAT)
            assert stored is not None
            assert stored.state == "live"
            assert self.log(author, reader).status == "good"
        damage = [each for each in check(self.victim.runtime.database, make.IAT) if isinstance(each, Damage)]
        assert damage == []


@dataclass(frozen=True, slots=True)
class Attack:
    """One row of the table."""

    name: str
    attempt: str
    """What the peer does, in words."""
    outcome: str
    """What comes of it, in words."""
    run: Callable[[Stage], None]
    """Does it, and asserts what came of it."""
    changes: frozenset[str] = frozenset()
    """The tables of the victim that the outcome allows to change; no other may."""
    spoils: bool = False
    """Whether the stage is of no use to another attack afterwards: a log of it has stopped for good, say."""
    sockets: bool = False


def set_stage(make_node: MakeNode) -> Stage:
    """Three nodes, a few findings of each, and everybody holds everything."""
    hostile, honest, victim = nodes = [make_node(name) for name in ("hostile", "honest", "victim")]
    circle = circle_of(nodes, quota_entries=QUOTA)
    said, unsaid = make.findings(circle, 2), make.findings(circle, 2)
    network = InMemory(nodes)
    publish(hostile, circle, *said)
    publish(honest, circle, *make.findings(circle, 2))
    publish(victim, circle, make.finding(circle))
    stage = Stage(hostile, honest, victim, circle, network, tuple(said), tuple(unsaid), make_node)
    for _ in range(2):
        stage.settle()
    return stage


def changed(before: Rows, after: Rows) -> set[str]:
    """The tables whose rows are not what they were."""
    return {name for name in after if before[name] != after[name]}


def codes(report: PullReport) -> list[AnyCode]:
    """The problems of a pull, by their codes."""
    return [problem.code for problem in report.problems]


def signed_differently(section: Section, checkpoint: bytes) -> Section:
    """The same entries under another checkpoint."""
    return replace(section, checkpoint=checkpoint)
