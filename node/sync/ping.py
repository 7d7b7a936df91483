"""Telling members that there is something new, and hearing it from them.

A ping is a hint and never data: what comes of one is at most a question to the member that sent it, at a time of our
own choosing. Nothing is lost with a ping that is lost, since rounds go on as if there were none.
"""

from collections.abc import Mapping

import structlog

from node.domain.circles import Member, Roster
from node.domain.sync import Hint
from node.errors import HanseError
from node.storage import peers
from node.storage.database import Transaction
from node.sync.have import have
from node.sync.outbound import Outbound
from protocol.identifiers import CircleId, KeyId
from protocol.limits import MAX_PING_LOGS
from protocol.messages.gossip import Ping
from protocol.statements import Timestamp


def tell(outbound: Outbound, roster: Roster, member: Member, grown: Mapping[KeyId, int]) -> None:
    """Tell one member which logs have grown. Raises nothing: whoever misses it hears of it in its next round."""
    named = dict(list(grown.items())[:MAX_PING_LOGS])
    try:
        outbound.ping(member, roster.circle, Ping(v=1, sizes=named))
    except HanseError as error:
        structlog.get_logger().debug(
            "ping-failed", circle=roster.circle, contributor=member.contributor, code=error.code.value
        )


def heed(tx: Transaction, roster: Roster, sender: Member, ping: Ping, now: Timestamp) -> bool:
    """Remember what a ping announces, as far as it is news and wanted; whether any of it is.

    Logs of nobody are ignored, so a member can leave no more behind here than there are logs in the circle.
    """
    held = have(tx, roster, now)
    news = {log: size for log, size in ping.sizes.items() if log in roster.lines and size > held.get(log, 0)}
    peers.note_hints(tx, roster.circle, sender.contributor, news)
    return bool(news)


def to_follow(
    tx: Transaction, rosters: Mapping[CircleId, Roster]
) -> tuple[dict[tuple[CircleId, KeyId], list[Hint]], list[Hint]]:
    """The hints that are news still, by circle and member, and those that are not: followed, or nobody's."""
    held = {circle: peers.held_sizes(tx, roster.circle) for circle, roster in rosters.items()}
    live: dict[tuple[CircleId, KeyId], list[Hint]] = {}
    stale: list[Hint] = []
    for hint in peers.list_hints(tx):
        roster = rosters.get(hint.circle)
        member = None if roster is None else roster.members.get(hint.contributor)
        if member is None or hint.size <= held[hint.circle].get(hint.log, 0):
            stale.append(hint)
        else:
            live.setdefault((hint.circle, hint.contributor), []).append(hint)
    return live, stale
