"""How a roster is shown: in full to those who act for the institution, else by name or by pseudonym.

A pseudonym is no secret among members, whose nodes hold the roster; it is one toward people who read pooled findings.
So a coordinator learns which institutions are in a circle, and not which of them a pseudonym is: where names are shown
to them, nothing is that could be matched with a log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from node.domain.accounts import Permission
from node.domain.circles import LineView, Member, MembersView, OwnStatus, Roster, TrustPolicy
from node.domain.ledger import Log
from node.domain.sync import PeerState
from node.errors import Code
from node.storage import forks, witnesses
from node.storage.database import Transaction
from node.storage.ledger import list_logs
from node.storage.peers import list_peers
from node.web.formats import ago, counted, number
from node.web.forms import sentence
from node.web.visits import Visit
from node.web.words import percent
from protocol.circles import Attribution
from protocol.identifiers import KeyId
from protocol.statements import Timestamp

_STANDING: Final = {"left": ("It has left the circle.",), "removed": ("It was removed by vote.",)}


class Sight(Enum):
    """How much of a roster somebody sees."""

    FULL = auto()
    NAMES = auto()
    PSEUDONYMS = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """One key epoch on a page; what this reader does not see is empty."""

    key: KeyId | None
    name: str
    url: str
    pseudonym: str
    ours: bool
    status: str
    why: tuple[str, ...]
    log: str
    exchange: str
    trouble: bool
    trust: str
    forked: bool


@dataclass(frozen=True, slots=True)
class Exchanges:
    """What is known of the logs of one circle and of the exchange about them."""

    logs: Mapping[KeyId, Log]
    peers: Mapping[KeyId, PeerState]
    witnesses: Mapping[KeyId, frozenset[KeyId]]
    forked: frozenset[KeyId]


def acts_for_us(visit: Visit) -> bool:
    """Whether this person acts for the institution as a member, and so sees whose log is whose."""
    return visit.may(Permission.DRAFTS_READ) or visit.may(Permission.OPERATIONS_READ)


def sight(visit: Visit, attribution: Attribution) -> Sight:
    """How much of the rosters under this attribution a visitor sees."""
    if attribution == "named" or acts_for_us(visit):
        return Sight.FULL
    return Sight.NAMES if visit.may(Permission.ROSTERS_READ) else Sight.PSEUDONYMS


def exchanges(tx: Transaction, roster: Roster) -> Exchanges:
    """Logs, peers and witnesses of one circle."""
    return Exchanges(
        logs={log.contributor: log for log in list_logs(tx, roster.circle)},
        peers={peer.contributor: peer for peer in list_peers(tx) if peer.circle == roster.circle},
        witnesses=witnesses.witnesses(tx, roster.circle),
        forked=frozenset(log.contributor for log in forks.list_forks(tx, roster.circle)),
    )


def line(visit: Visit, roster: Roster, view: LineView, known: Exchanges, seen: Sight) -> Line:
    """One line for one reader."""
    member = view.member
    full, named = seen is Sight.FULL, seen is not Sight.PSEUDONYMS
    words, trouble = "", False
    if full and not view.is_own and member.status == "current":
        words, trouble = exchange(known.peers.get(member.contributor), visit.now, roster.status)
    return Line(
        key=None if seen is Sight.NAMES else member.contributor,
        name=member.name if named else "",
        url=member.url if named else "",
        pseudonym="" if seen is Sight.NAMES else member.pseudonym,
        ours=view.is_own,
        status=member.status,
        why=_reasons(view, seen),
        log="" if seen is Sight.NAMES else log_words(roster, view, known),
        exchange=words,
        trouble=trouble,
        trust=trust_words(view.trust) if acts_for_us(visit) else "",
        forked=member.contributor in known.forked and seen is not Sight.NAMES,
    )


def _reasons(view: LineView, seen: Sight) -> tuple[str, ...]:
    """Why a line counts as it does.

    Who endorsed, voted or changed keys has an entry more in its log, and logs are counted beside pseudonyms: whoever
    reads names and pseudonyms in two places does not read that.
    """
    match seen:
        case Sight.FULL:
            return (*view.why, *view.cut)
        case Sight.NAMES:
            return _STANDING.get(view.member.status, ())
        case Sight.PSEUDONYMS:
            return ()


def log_words(roster: Roster, view: LineView, known: Exchanges) -> str:
    """How much of a log is here, and who else has seen the same."""
    held = counted(view.entries, "entry", "entries")
    seen, possible = witnessed(roster, view.member, known)
    return f"{held}; witnessed by {number(seen)} of {number(possible)}" if view.entries and possible else held


def witnessed(roster: Roster, author: Member, known: Exchanges) -> tuple[int, int]:
    """How many current members other than its author have signed the checkpoint that we hold, and of how many."""
    others = {key for key, each in roster.members.items() if each.identity != author.identity}
    return len(known.witnesses.get(author.contributor, frozenset()) & others), len(others)


def trust_words(policy: TrustPolicy | None) -> str:
    """What this node has decided about a voice; empty where it has decided nothing."""
    if policy is None:
        return ""
    match policy.state:
        case "muted":
            return "muted: shown, without weight"
        case "quarantined":
            return "quarantined: nothing new is taken"
        case "normal":
            return f"weight {percent(policy.weight_ppm)} of 100"


def listed(view: MembersView, seen: Sight) -> Sequence[LineView]:
    """The lines that a reader sees: for those who read names, not the former keys.

    One change of keys ends one pseudonym on the day on which another begins.
    """
    if seen is Sight.NAMES:
        return [each for each in view.lines if each.member.status != "former"]
    return view.lines


def in_order(lines: Iterable[Line], seen: Sight) -> list[Line]:
    """By name for those who read names; by pseudonym for the others, to whom the order of names would tell them."""
    return sorted(lines, key=lambda line: line.pseudonym if seen is Sight.PSEUDONYMS else line.name.casefold())


def exchange(peer: PeerState | None, now: Timestamp, ours: OwnStatus) -> tuple[str, bool]:
    """How it goes, and whether that is trouble: for those who see names.

    A problem's detail may name a host; and whoever reads beside a pseudonym that its node is down can ask each
    institution's address, which anybody may, and find out whose it is.
    ``ours`` is what we are in the circle: members answer nobody else, and that is as it should be.
    """
    if peer is None:
        return "Not asked yet.", False
    if ours != "member" and peer.error_code == Code.PEER_REFUSED:
        return "Does not count this node as a member.", False
    behind = (
        f" {counted(peer.lag, 'entry', 'entries').capitalize()} announced that we do not hold yet." if peer.lag else ""
    )
    if not peer.failures and peer.last_success is not None:
        return f"Answered {ago(max(now - peer.last_success, 0))} ago.{behind}", False
    since = "never answered" if peer.last_success is None else f"last answered {ago(now - peer.last_success)} ago"
    return f"{sentence(peer.error_detail)} It {since}; tried {counted(peer.failures, 'time')} since.{behind}", True
