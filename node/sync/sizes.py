"""What two members say of each other's logs before entries move: how many there are of each.

One digest stands for all of them, so that members that hold the same, which is most of the time, exchange a few
hundred bytes however many logs their circle has.
"""

from node.domain.circles import Roster
from node.storage import peers
from node.storage.database import Transaction
from node.sync.have import have
from protocol.identifiers import KeyId
from protocol.limits import MAX_LOG_SIZE
from protocol.messages.gossip import SizesAnswer, SizesRequest, sizes_state
from protocol.statements import Timestamp


def covered_sizes(tx: Transaction, roster: Roster) -> dict[KeyId, int]:
    """The entries of each log of the roster that a checkpoint covers: what two members compare by a digest."""
    sizes = peers.covered_sizes(tx, roster.circle)
    return {log: size for log, size in sizes.items() if log in roster.lines}


def own_sizes(tx: Transaction, roster: Roster, asked: SizesRequest, now: Timestamp) -> SizesAnswer:
    """The answer to a member that compares sizes; a log that is not wanted now is said to be here in full."""
    covered = covered_sizes(tx, roster)
    if asked.state == sizes_state(covered):
        return SizesAnswer(v=1, same=True, sizes={})
    held = have(tx, roster, now)
    unwanted = {log: size for log, size in held.items() if size >= MAX_LOG_SIZE}
    return SizesAnswer(v=1, same=False, sizes=covered | unwanted)
