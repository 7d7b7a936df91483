"""A node that holds the logs of several contributors, fed in whatever order a test says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node import circles
from node.domain.settings import Settings
from node.domain.statements import Claim
from node.ledger.keyring import Keyring
from node.ledger.projection import project
from node.storage import insight as storage
from node.storage import ledger as logs
from node.storage.database import Database
from protocol import circles as charters
from protocol import envelope, statements
from protocol.circles import add_signatures
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.keys import SigningKey
from protocol.merkle import tiles
from protocol.merkle.hashing import leaf_hash
from protocol.replica import AcceptedEntry
from protocol.statements import FindingBody, Statement, Timestamp
from tests.federation.support import Node, make_node
from tests.node import statements as make

WHOLE: Final = VocabularyCode("whole")


@dataclass(frozen=True, slots=True)
class Pool:
    """One node, and the signing keys of all members of its circle."""

    node: Node
    circle: CircleId
    keys: tuple[SigningKey, ...]

    @property
    def database(self) -> Database:
        """The database of the node under test."""
        return self.node.runtime.database

    def contributor(self, author: int) -> KeyId:
        """The key id of a member."""
        return self.keys[author].public.key_id

    def say(self, author: int, *new: Statement, now: Timestamp = make.IAT) -> None:
        """Put statements into a member's log, as a sync round that accepted them would."""
        with self.database.write() as tx:
            log = logs.lock_log(tx, self.circle, self.contributor(author))
            entries = []
            for offset, statement in enumerate(new):
                jws = envelope.sign(statements.encode(statement), self.keys[author])
                entries.append(AcceptedEntry(log.size + offset, jws, leaf_hash(jws), statement))
            hashes = [entry.leaf_hash for entry in entries]
            grown = tiles.grow(log.size, hashes, logs.tile_fetch(tx, log))
            logs.extend(tx, log, log.frontier.extend(hashes), [entry.jws for entry in entries], grown)
            project(tx, self.circle, self.contributor(author), entries, now)

    def find(self, author: int, body: FindingBody | None = None) -> StatementId:
        """Put one finding into a member's log; its identifier."""
        finding = make.finding(self.circle, body)
        self.say(author, finding)
        return finding.id

    def stored(self) -> list[tuple[Claim, bytes]]:
        """Every stored signal, as bytes."""
        with self.database.read() as tx:
            return storage.signal_bytes(tx)


def pools_of(tmp_path: Path, *database_urls: str, members: int = 4, k: int = 3, url: str = "") -> list[Pool]:
    """A circle of ``members``, of which the first have a node with a database each; the others have keys alone.

    ``url`` is where a node is served, where there is only one.
    """
    nodes = [make_node(tmp_path, f"member-{n}", database_url=each, url=url) for n, each in enumerate(database_urls)]
    settings = [node.runtime.settings for node in nodes]
    for number in range(len(nodes), members):
        name = f"member-{number}"
        settings.append(Settings(name, f"http://{name}.example", tmp_path / name, ""))
        Keyring(settings[-1].keys).create()
    cards = [circles.card(Keyring(each.keys), each) for each in settings]
    terms = circles.Terms(
        name="Invented Circle", purpose="Trying.", legal_basis="None is needed.", small_number_threshold=k
    )
    draft = signed = circles.create(Keyring(settings[0].keys), terms, cards)
    for each in settings:
        signed = add_signatures(signed, circles.sign(Keyring(each.keys), draft))
    for node in nodes:
        with node.runtime.database.write() as tx:
            circle = circles.join(tx, node.runtime.keyring, signed, make.IAT).circle
    by_name = {founder.name: key_id for key_id, founder in charters.members(signed.charter).items()}
    keys = tuple(Keyring(each.keys).contributor(by_name[each.name]) for each in settings)
    return [Pool(node, circle, keys) for node in nodes]
