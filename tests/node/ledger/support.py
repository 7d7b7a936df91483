"""A node's own log in a circle of one."""

from dataclasses import dataclass
from pathlib import Path

from node import circles
from node.domain.ledger import Appended, Log
from node.domain.settings import Settings
from node.domain.statements import StoredStatement
from node.ledger.append import append
from node.ledger.keyring import Keyring
from node.ledger.projection import project
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.database import Database
from protocol import envelope, replica, statements
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.keys import SigningKey
from protocol.merkle import tiles
from protocol.merkle.checkpoint import Checkpoint, origin, sign_checkpoint
from protocol.merkle.hashing import leaf_hash
from protocol.replica import AcceptedEntry
from protocol.statements import Statement, Timestamp
from tests.node.statements import IAT


@dataclass(frozen=True, slots=True)
class Home:
    """What a test of the ledger holds."""

    database: Database
    keyring: Keyring
    circle: CircleId
    own: KeyId
    keys: Path

    def append(self, *statements: Statement, now: Timestamp = IAT) -> list[Appended]:
        """Append in a transaction of its own."""
        with self.database.write() as tx:
            return append(tx, self.keyring, self.circle, statements, now)

    def get(self, statement_id: StatementId, now: Timestamp = IAT) -> StoredStatement:
        """A statement of our own log."""
        with self.database.read() as tx:
            stored = reading.get(tx, self.own, statement_id, now=now)
        assert stored is not None
        return stored

    def log(self) -> Log:
        """Our own log."""
        with self.database.read() as tx:
            log = logs.find_log(tx, self.circle, self.own)
        assert log is not None
        return log


def settle(database: Database, keyring: Keyring, settings: Settings) -> Home:
    """Found a circle of one."""
    terms = circles.Terms(name="Alone", purpose="Trying things out.", legal_basis="None is needed.")
    signed = circles.create(keyring, terms, [circles.card(keyring, settings)])
    with database.write() as tx:
        roster = circles.join(tx, keyring, signed, IAT)
    return Home(database, keyring, roster.circle, roster.own, settings.keys)


def receive(home: Home, key: SigningKey, *said: Statement) -> None:
    """Store entries of a log, signed for, as a replica's acceptance would, whether or not a node would append them."""
    contributor = key.public.key_id
    with home.database.write() as tx:
        log = logs.lock_log(tx, home.circle, contributor)
        jws = [envelope.sign(statements.encode(each), key) for each in said]
        hashes = [leaf_hash(each) for each in jws]
        frontier = log.frontier.extend(hashes)
        logs.extend(tx, log, frontier, jws, tiles.grow(log.size, hashes, logs.tile_fetch(tx, log)))
        signed = Checkpoint(origin(home.circle, contributor), frontier.size, frontier.root())
        note = sign_checkpoint(signed, key)
        logs.save_checkpoints(tx, log, covered=note, covered_size=frontier.size, head=note)
        entries = [
            AcceptedEntry(log.size + n, each, hashes[n], replica.reread(each, key.public, home.circle, IAT))
            for n, each in enumerate(jws)
        ]
        project(tx, home.circle, contributor, entries, IAT)
