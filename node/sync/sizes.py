"""What two members say of each other's logs before entries move: how many there are of each.

One digest stands for all of them, so that members that hold the same, which is most of the time, exchange a few
hundred bytes however many logs their circle has.
"""

from node.domain.circles import Roster
from node.storage import peers
from node.storage.database import Transaction
from node.sync.have import have
from protocol.identifiers import KeyId
from protocol.messages.gossip import SizesAnswer, SizesRequest, sizes_state
from protocol.statements import Timestamp


def covered_sizes(tx: Transaction, roster: Roster) -> dict[KeyId, int]:
    """The entries of each log of the roster that a checkpoint covers: what two members compare by a digest."""
    sizes = peers.covered_sizes(tx, roster.circle)
    return {log: size for log, size in sizes.items() if log in roster.lines}


def own_sizes(tx: Transaction, roster: Roster, asked: SizesRequest, now: Timestamp) -> SizesAnswer:
    """The answer to a member that compares sizes; a log that is not wanted now is said to be here in full.

    The sizes are those of a request for entries: of a log that is still being caught up with, what is held of it.
    """
    if asked.state == sizes_state(covered_sizes(tx, roster)):
        return SizesAnswer(v=1, same=True, sizes={})
    return SizesAnswer(v=1, same=False, sizes={log: size for log, size in have(tx, roster, now).items() if size})
