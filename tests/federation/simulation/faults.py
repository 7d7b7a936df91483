"""Ways in which a node could be wrong, so that the oracle can show that it would notice."""

from enum import Enum, auto

from node import circles
from node.errors import HanseError
from node.ledger.projection import project
from node.storage import ledger as logs
from node.storage import membership
from node.sync.outbound import Outbound
from protocol import replica
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId
from protocol.merkle import tiles
from protocol.merkle.hashing import leaf_hash
from protocol.messages.stream import EntriesRequest, Section, read_stream
from protocol.projection import Cut
from protocol.replica import AcceptedEntry
from tests.federation.support import Node


class Fault(Enum):
    """What a faulty node does."""

    NEVER_COMPARES = auto()
    """It signs after a restore without asking members what they hold of its log."""
    LOSES_WRITES = auto()
    """It acknowledges what is not on its disk yet."""
    STORES_UNCHECKED = auto()
    """It takes entries without comparing them with the root that their author has signed."""
    CUTS_WRONGLY = auto()
    """It voids the log of a removed member from one entry too late."""


def take_unchecked(node: Node, circle: CircleId, outbound: Outbound) -> None:
    """Ask every member, and store what comes as it comes."""
    runtime = node.runtime
    with runtime.database.read() as tx:
        roster = circles.roster(tx, circle)
    for member in roster.others:
        with runtime.database.read() as tx:
            have = {log.contributor: log.size for log in logs.list_logs(tx, circle)}
        request = EntriesRequest(holes={}, have=have, only=(), max_bytes=outbound.max_bytes)
        try:
            items = list(read_stream(outbound.entries(member, circle, request).data))
        except (HanseError, ProtocolError):
            continue
        for item in items:
            if isinstance(item, Section) and item.entries and item.contributor in roster.lines:
                _store(node, circle, item)


def _store(node: Node, circle: CircleId, section: Section) -> None:
    now = node.clock.now()
    with node.runtime.database.write() as tx:
        key = circles.roster(tx, circle).lines[section.contributor].key
        log = logs.lock_log(tx, circle, section.contributor)
        sent = [entry for entry in section.entries if isinstance(entry, bytes)]
        hashes = [leaf_hash(entry) for entry in sent]
        entries = [
            AcceptedEntry(log.size + offset, jws, hashes[offset], replica.reread(jws, key, circle, now))
            for offset, jws in enumerate(sent)
        ]
        frontier = log.frontier.extend(hashes)
        logs.extend(tx, log, frontier, sent, tiles.grow(log.size, hashes, logs.tile_fetch(tx, log)))
        note = section.checkpoint
        logs.save_checkpoints(tx, log, covered=note, covered_size=frontier.size, head=note)
        project(tx, circle, section.contributor, entries, now)


def move_cuts(node: Node, circle: CircleId) -> None:
    """Void one entry too few of every log that has a cut."""
    with node.runtime.database.write() as tx:
        cuts = membership.cuts(tx, circle)
        late = {key: Cut(cut.void_from + 1, cut.closed_from) for key, cut in cuts.items() if cut.void_from is not None}
        membership.put_cuts(tx, circle, late)
