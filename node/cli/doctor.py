"""``hanse doctor``: what is wrong with this node, and what to do about it, in words for three in the morning.

Every check looks and changes nothing. A check that itself fails says so and stops no other.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum, unique
from typing import Annotated, Final

import msgspec
import typer

from node.accounts.access_log import verify_access_log
from node.circles import identity
from node.cli.open import DEFAULT_DATA, EXIT_OPERATOR, OUT, DataOption, node
from node.domain.accounts import Permission, permissions_of
from node.domain.circles import Roster
from node.domain.monitoring import SILENT_ROUNDS
from node.errors import HanseError
from node.runtime import Runtime
from node.storage import accounts, circles, forks, monitoring, peers, subjects
from node.storage.database import TRANSIENT_ERRORS, Transaction
from node.sync.worker import HEARTBEAT
from protocol.errors import ProtocolError
from protocol.statements import DAY_SECONDS

MIN_FREE_BYTES: Final = 2 * 2**30
"""Free space on the disk below which a large catch-up could fill it: a million findings take about five gibibytes."""
EXPIRY_NOTICE_SECONDS: Final = 14 * DAY_SECONDS
"""Two weeks: time enough to fetch an identity key from where it is kept."""


@unique
class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTE = "note"
    """Somebody should know; nothing is broken."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check has found."""

    check: str
    level: Level
    words: str
    remedy: str = ""


def doctor(
    data: DataOption = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, for programs.")] = False,  # noqa: FBT002
) -> None:
    """Look at this node from its database to its peers, and say what is wrong and what to do. Changes nothing.

    Exit code 2 when something is wrong that somebody has to mend.
    """
    with node(data) as runtime:
        found = list(examine(runtime))
    if as_json:
        OUT.print(msgspec.json.encode([asdict(each) for each in found]).decode(), markup=False, soft_wrap=True)
    else:
        for each in found:
            OUT.print(f"{each.level.value:<6} {each.check}: {each.words}", markup=False, soft_wrap=True)
            if each.remedy:
                OUT.print(f"       {each.remedy}", markup=False, soft_wrap=True)
    if any(each.level is Level.WRONG for each in found):
        raise typer.Exit(EXIT_OPERATOR)


def examine(runtime: Runtime) -> Iterator[Diagnosis]:
    """Every check, one after the other."""
    for name, check in _CHECKS:
        try:
            with runtime.database.read() as tx:
                yield from check(runtime, tx)
        except (HanseError, ProtocolError) as error:
            remedy = error.remedy if isinstance(error, HanseError) else ""
            yield Diagnosis(name, Level.WRONG, error.detail, remedy)
        except TRANSIENT_ERRORS as error:
            yield Diagnosis(
                name,
                Level.WRONG,
                f"the database does not answer ({type(error).__name__}).",
                "Look whether its server runs, whether the disk is full, and whether the settings name the right one.",
            )


def _database(_: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    state = monitoring.state(tx)
    if broken := monitoring.damage(tx):
        yield Diagnosis(
            "database", Level.WRONG, f"the file is damaged: {broken}", "Stop the node and restore the last backup."
        )
    else:
        held = sum(each.entries for each in state.circles)
        yield Diagnosis("database", Level.GOOD, f"{state.database_bytes / 1e6:,.0f} MB, {held:,} entries of all logs.")
    if waiting := state.feed - state.indexed:
        yield Diagnosis("search", Level.NOTE, f"{waiting:,} statements cannot be found yet; the worker adds them.")
    if state.dirty:
        yield Diagnosis("readings", Level.NOTE, f"{state.dirty:,} wait to be computed again; the worker does it.")


def _disk(runtime: Runtime, _: Transaction) -> Iterator[Diagnosis]:
    free = shutil.disk_usage(runtime.settings.data).free
    level = Level.WRONG if free < MIN_FREE_BYTES else Level.GOOD
    remedy = "Make room: a full disk stops every write, and nothing is lost by that." if level is Level.WRONG else ""
    yield Diagnosis("disk", level, f"{free / 1e9:,.1f} GB are free where the node keeps its data.", remedy)


def _access_log(runtime: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    log = verify_access_log(tx, runtime.vault)
    if log.intact:
        yield Diagnosis("access log", Level.GOOD, f"{log.entries:,} lines, none changed or missing.")
    else:
        yield Diagnosis(
            "access log",
            Level.WRONG,
            "lines were changed or removed after they were written.",
            "Keep this database as it is, tell the auditor, and compare with a backup.",
        )


def _identity(runtime: Runtime, _: Transaction) -> Iterator[Diagnosis]:
    standing = identity.standing(runtime.keyring, runtime.settings, runtime.clock.now())
    publish = "Bring the identity key and run `hanse identity publish`."
    if standing.until is None:
        level = Level.WRONG if standing.waits else Level.NOTE
        yield Diagnosis("identity", level, "there is no entity configuration that holds.", publish)
        return
    left = standing.until - runtime.clock.now()
    near = left < EXPIRY_NOTICE_SECONDS and not standing.holds_key
    where = "on this machine" if standing.holds_key else "kept elsewhere"
    words = f"the entity configuration ends in {left // DAY_SECONDS} days; the identity key is {where}."
    yield Diagnosis("identity", Level.WRONG if near else Level.GOOD, words, publish if near else "")


def _people(runtime: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    able = {
        permission: {
            account.id
            for account in accounts.list_accounts(tx, runtime.vault)
            if not account.disabled and permission in permissions_of(account.roles)
        }
        for permission in (Permission.DRAFTS_WRITE, Permission.DRAFTS_APPROVE)
    }
    writers, approvers = able[Permission.DRAFTS_WRITE], able[Permission.DRAFTS_APPROVE]
    if not writers or not approvers or len(writers | approvers) == 1:
        yield Diagnosis(
            "people",
            Level.NOTE,
            "nothing can be shared: it needs an officer, and somebody else who approves.",
            "Run `hanse accounts add NAME --role officer`, and for another person `--role approver`.",
        )
    else:
        words = f"{len(writers)} may write drafts, {len(approvers)} may approve those of others."
        yield Diagnosis("people", Level.GOOD, words)


def _registry(_: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    number = subjects.count(tx)
    if number:
        yield Diagnosis("registry", Level.GOOD, f"{number:,} organisations can be found.")
    else:
        yield Diagnosis(
            "registry",
            Level.NOTE,
            "no organisation can be found yet.",
            "Load the ROR dump with `hanse subjects load FILE`.",
        )


def _worker(runtime: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    if not any(roster.others for roster in circles.list_rosters(tx)):
        yield Diagnosis("exchange", Level.NOTE, "this node is in no circle with others; nothing is exchanged.")
        return
    beat = peers.last_beat(tx, HEARTBEAT)
    silent = None if beat is None else runtime.clock.now() - beat
    if silent is None or silent > SILENT_ROUNDS * runtime.settings.sync_seconds:
        since = "ever" if silent is None else f"for {silent:,} seconds"
        yield Diagnosis(
            "exchange",
            Level.WRONG,
            f"the worker has given no sign of life {since}.",
            "Start `hanse serve`, or `hanse sync` beside it. Nothing is lost; the next round catches up.",
        )
    else:
        yield Diagnosis("exchange", Level.GOOD, f"the worker's last sign of life was {silent:,} seconds ago.")


def _members(runtime: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    known = {(peer.circle, peer.contributor): peer for peer in peers.list_peers(tx)}
    for roster in circles.list_rosters(tx):
        answering = 0
        for member in roster.others:
            peer = known.get((roster.circle, member.contributor))
            if peer is None or not peer.failures:
                answering += 1
                continue
            since = "never" if peer.last_success is None else _ago(runtime.clock.now() - peer.last_success)
            yield Diagnosis(
                f"member {member.name}",
                Level.NOTE,
                f"has not answered {peer.failures} times; last success: {since}. {peer.error_detail}".strip(),
                "Its statements still come through others. Ask its operator if it lasts.",
            )
        words = f"{answering} of {len(roster.others)} members answer."
        yield Diagnosis(f"circle {roster.charter.name}", Level.GOOD, words)


def _ago(seconds: int) -> str:
    return f"{seconds // DAY_SECONDS} days ago" if seconds >= DAY_SECONDS else f"{seconds:,} seconds ago"


def _logs(_: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    for roster in circles.list_rosters(tx):
        yield from _forked(tx, roster)
    for state in monitoring.state(tx).circles:
        if state.unreadable:
            yield Diagnosis(
                "unreadable",
                Level.NOTE,
                f"{state.unreadable:,} entries in circle {state.circle} cannot be read here.",
                "The members' pages say why; an older version of this program is the usual reason.",
            )


def _forked(tx: Transaction, roster: Roster) -> Iterator[Diagnosis]:
    for log in forks.list_forks(tx, roster.circle):
        line = roster.lines.get(log.contributor)
        yield Diagnosis(
            "fork",
            Level.WRONG,
            f"{line.name if line else log.contributor} has signed two histories of its log.",
            "Nothing after that point is used. Read the proof on the member's page, and talk to the member.",
        )


def _letters(_: Runtime, tx: Transaction) -> Iterator[Diagnosis]:
    waiting = monitoring.state(tx).letters
    if waiting:
        yield Diagnosis("letters", Level.NOTE, f"{waiting:,} letters to members wait to be delivered.")


_Check = Callable[[Runtime, Transaction], Iterator[Diagnosis]]
_CHECKS: Final[tuple[tuple[str, _Check], ...]] = (
    ("database", _database),
    ("disk", _disk),
    ("access log", _access_log),
    ("identity", _identity),
    ("people", _people),
    ("registry", _registry),
    ("exchange", _worker),
    ("members", _members),
    ("logs", _logs),
    ("letters", _letters),
)
