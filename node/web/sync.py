"""The node's status: its circles, their members, and how the exchange with each of them goes, in words."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.circles import list_circles, roster
from node.domain.accounts import Permission
from node.domain.circles import CircleView, Member, Roster
from node.domain.ledger import Log
from node.domain.sync import Heartbeat, PeerState
from node.storage import statements
from node.storage.database import Transaction
from node.storage.ledger import list_logs
from node.storage.peers import list_heartbeats, list_peers
from node.web.formats import ago, counted, number
from node.web.forms import sentence
from node.web.visits import Requires, Visit
from protocol.identifiers import CircleId, KeyId, Pseudonym
from protocol.statements import Timestamp

ROUTER = APIRouter()
_STALE_ROUNDS: Final = 5
"""Rounds without success after which a peer is called silent: one or two may be a restart."""
_Visit = Annotated[Visit, Depends(Requires(Permission.CIRCLES_READ))]


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member as the status page shows it."""

    pseudonym: Pseudonym
    name: str
    """Empty for those who see pseudonyms only."""
    url: str
    ours: bool
    entries: int
    state: str
    """How the exchange with it goes, in words; empty for ourselves."""
    trouble: bool


@dataclass(frozen=True, slots=True)
class CircleStatus:
    """One circle with its members."""

    circle: CircleView
    legal_basis: str
    retention_days: int
    attribution: str
    quorums: tuple[int, int]
    members: tuple[MemberLine, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """The node in one line."""

    words: str
    trouble: bool


@ROUTER.get("/node")
def show_node(visit: _Visit) -> Response:
    """Circles, members, exchange, and the parts that run beside the requests."""
    names = sees_names(visit)
    visit.record("roster-read" if names else "circles-read")
    with visit.read() as tx:
        peers = {(peer.circle, peer.contributor): peer for peer in list_peers(tx)}
        circles = [_circle(visit, tx, view, peers, names=names) for view in list_circles(tx)]
        beats = list_heartbeats(tx)
        line = health(visit, tx)
    return visit.render(
        "node.html",
        circles=circles,
        names=names,
        health=line,
        beats=[_beat(beat, visit.now) for beat in beats],
        may_operate=visit.may(Permission.OPERATIONS_READ),
        base_url=visit.runtime.settings.base_url,
        sync_seconds=visit.runtime.settings.sync_seconds,
        identity=visit.runtime.keyring.identity_public().key_id,
    )


def sees_names(visit: Visit) -> bool:
    """Whether this person acts for the institution as a member, and so may read its rosters.

    Analysts and coordinators see pseudonyms only, unless a charter names its contributors.
    """
    return visit.may(Permission.DRAFTS_READ) or visit.may(Permission.OPERATIONS_READ)


def health(visit: Visit, tx: Transaction) -> Health:
    """One line for the overview."""
    circles = list_circles(tx)
    if not circles:
        return Health("This node is in no circle yet. What is recorded here stays here.", trouble=False)
    held = statements.count(tx)
    peers = list_peers(tx)
    expected = sum(circle.members - 1 for circle in circles)
    limit = visit.now - _STALE_ROUNDS * visit.runtime.settings.sync_seconds
    current = [peer for peer in peers if peer.last_success is not None and peer.last_success >= limit]
    head = f"{counted(len(circles), 'circle').capitalize()}, {counted(held, 'statement')} held."
    if len(current) == expected:
        times = [peer.last_success for peer in current if peer.last_success is not None]
        when = f" The last exchange was {ago(visit.now - max(times))} ago." if times else ""
        return Health(f"{head} All members answer.{when}", trouble=False)
    silent = expected - len(current)
    return Health(
        f"{head} {counted(silent, 'member').capitalize()} of {number(expected)} did not answer lately.", trouble=True
    )


def _circle(
    visit: Visit, tx: Transaction, view: CircleView, peers: dict[tuple[CircleId, KeyId], PeerState], *, names: bool
) -> CircleStatus:
    found: Roster = roster(tx, view.id)
    logs = {log.contributor: log for log in list_logs(tx, view.id)}
    shown = names or found.charter.attribution == "named"
    lines = tuple(
        _member(visit, member, found, logs.get(member.contributor), peers, named=shown)
        for member in found.members.values()
    )
    return CircleStatus(
        circle=view,
        legal_basis=found.charter.legal_basis,
        retention_days=found.charter.retention_days,
        attribution=found.charter.attribution,
        quorums=(found.charter.endorsement_quorum, found.charter.removal_quorum),
        members=lines,
    )


def _member(
    visit: Visit,
    member: Member,
    found: Roster,
    log: Log | None,
    peers: dict[tuple[CircleId, KeyId], PeerState],
    *,
    named: bool,
) -> MemberLine:
    ours = member.contributor == found.own
    peer = peers.get((found.circle, member.contributor))
    state, trouble = ("", False) if ours else _exchange(peer, visit.now, named=named)
    if log is not None and log.status == "forked":
        state, trouble = "Its log was forked: two signed checkpoints contradict each other. It is no longer used.", True
    return MemberLine(
        pseudonym=member.pseudonym,
        name=member.name if named else "",
        url=member.url if named else "",
        ours=ours,
        entries=log.size if log is not None else 0,
        state=state,
        trouble=trouble,
    )


def _exchange(peer: PeerState | None, now: Timestamp, *, named: bool) -> tuple[str, bool]:
    """How it goes, and whether that is trouble. A problem's detail may name a host, so it goes with the names."""
    if peer is None:
        return "Not asked yet.", False
    behind = (
        f" {counted(peer.lag, 'entry', 'entries').capitalize()} announced that we do not hold yet." if peer.lag else ""
    )
    if not peer.failures and peer.last_success is not None:
        return f"Answered {ago(now - peer.last_success)} ago.{behind}", False
    since = "never answered" if peer.last_success is None else f"last answered {ago(now - peer.last_success)} ago"
    detail = sentence(peer.error_detail) if named else f"Problem: {peer.error_code}."
    return f"{detail} It {since}; tried {counted(peer.failures, 'time')} since.{behind}", True


def _beat(beat: Heartbeat, now: Timestamp) -> tuple[str, str, str]:
    return beat.name, f"{ago(now - beat.at)} ago", beat.note
