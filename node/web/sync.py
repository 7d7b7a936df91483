"""The node's status: its circles, their members, and how the exchange with each of them goes, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.circles import list_circles, roster
from node.circles.identity import standing
from node.domain.accounts import Permission
from node.domain.circles import CircleView, Member, Roster
from node.domain.sync import Heartbeat
from node.storage import statements
from node.storage.database import Transaction
from node.storage.peers import list_heartbeats, list_peers
from node.web.formats import ago, counted, number
from node.web.rosters import Exchanges, Sight, acts_for_us, exchange, exchanges, sight, witnessed
from node.web.visits import Requires, Visit
from protocol.identifiers import KeyId, Pseudonym
from protocol.statements import Timestamp

ROUTER = APIRouter()
_Visit = Annotated[Visit, Depends(Requires(Permission.CIRCLES_READ))]


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member as the status page shows it."""

    key: KeyId
    pseudonym: Pseudonym
    name: str
    """Empty for those who see pseudonyms only."""
    url: str
    ours: bool
    entries: int
    witnesses: str
    """How many of those who could have signed its checkpoint; empty where there is nothing to sign."""
    state: str
    """How the exchange with it goes, in words; empty for ourselves, and where pseudonyms alone are shown."""
    trouble: bool
    forked: bool


@dataclass(frozen=True, slots=True)
class CircleStatus:
    """One circle with its members."""

    circle: CircleView
    named: bool
    members: tuple[MemberLine, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """The node in one line."""

    words: str
    trouble: bool


@ROUTER.get("/node")
def show_node(visit: _Visit) -> Response:
    """Circles, members, exchange, and the parts that run beside the requests."""
    visit.record("roster-read" if acts_for_us(visit) else "circles-read")
    with visit.read() as tx:
        circles = [_circle(visit, tx, view) for view in list_circles(tx)]
        beats = list_heartbeats(tx)
        line = health(visit, tx)
    runtime = visit.runtime
    return visit.render(
        "node.html",
        circles=circles,
        health=line,
        beats=[_beat(beat, visit.now) for beat in beats],
        may_operate=visit.may(Permission.OPERATIONS_READ),
        base_url=runtime.settings.base_url,
        sync_seconds=runtime.settings.sync_seconds,
        identity=runtime.keyring.identity_public().key_id,
        standing=standing(runtime.keyring, runtime.settings, visit.now),
    )


def health(visit: Visit, tx: Transaction) -> Health:
    """One line for the overview.

    In a large circle not every member is asked in every round, so silence is a failure and not the passing of time.
    """
    circles = list_circles(tx)
    if not circles:
        return Health("This node is in no circle yet. What is recorded here stays here.", trouble=False)
    head = f"{counted(len(circles), 'circle').capitalize()}, {counted(statements.count(tx), 'statement')} held."
    rosters_ = [roster(tx, circle.id) for circle in circles if circle.status == "member"]
    expected = {(found.circle, member.contributor) for found in rosters_ for member in found.others}
    peers = [peer for peer in list_peers(tx) if (peer.circle, peer.contributor) in expected]
    silent = sum(1 for peer in peers if peer.failures)
    if silent:
        words = f"{counted(silent, 'member').capitalize()} of {number(len(expected))} did not answer lately."
        return Health(f"{head} {words}", trouble=True)
    times = [peer.last_success for peer in peers if peer.last_success is not None]
    if not expected:
        return Health(head, trouble=False)
    if not times:
        return Health(f"{head} No exchange has taken place yet.", trouble=False)
    return Health(
        f"{head} All members answer. The last exchange was {ago(max(visit.now - max(times), 0))} ago.", trouble=False
    )


def _circle(visit: Visit, tx: Transaction, view: CircleView) -> CircleStatus:
    found = roster(tx, view.id)
    named = sight(visit, found.charter.attribution) is Sight.FULL
    known = exchanges(tx, found)
    return CircleStatus(
        circle=view,
        named=named,
        members=tuple(
            _member(visit, member, found, known, named=named) for member in _shown(found, known, named=named)
        ),
    )


def _shown(found: Roster, known: Exchanges, *, named: bool) -> Sequence[Member]:
    """Members, in the order of their admission; for those who see pseudonyms alone, every log here by pseudonym.

    Else the order would tell founders from those who came later, and a pseudonym that is missing here and has spoken
    would be that of the institution that is missing in a list of names.
    """
    if named:
        return tuple(found.members.values())
    heard = (line for key, line in found.lines.items() if line.status == "current" or _size(known, key))
    return sorted(heard, key=lambda line: line.pseudonym)


def _size(known: Exchanges, key: KeyId) -> int:
    log = known.logs.get(key)
    return 0 if log is None else log.size


def _member(visit: Visit, member: Member, found: Roster, known: Exchanges, *, named: bool) -> MemberLine:
    ours = member.contributor in found.own_keys
    log = known.logs.get(member.contributor)
    state, trouble = ("", False)
    if named and not ours:
        state, trouble = exchange(known.peers.get(member.contributor), visit.now, found.status)
    if member.contributor in known.forked:
        state, trouble = "Its log was forked: two signed checkpoints contradict each other.", True
    seen, possible = witnessed(found, member, known)
    return MemberLine(
        key=member.contributor,
        pseudonym=member.pseudonym,
        name=member.name if named else "",
        url=member.url if named else "",
        ours=ours,
        entries=log.size if log is not None else 0,
        witnesses=f"{seen} of {possible}" if log is not None and log.size and possible else "",
        state=state,
        trouble=trouble,
        forked=member.contributor in known.forked,
    )


def _beat(beat: Heartbeat, now: Timestamp) -> tuple[str, str, str]:
    return beat.name, f"{ago(now - beat.at)} ago", beat.note
