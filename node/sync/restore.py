"""Before the first signature after a start: whether our own log is what members hold of it.

A node that is restored from a backup has forgotten what it published since, and would sign other entries at the same
places: a fork of its own log, for ever. Nothing on the machine can tell, since all of it may come from the backup. So
a process signs on a log only after members have said how much of it they hold, and takes back from them what it lacks;
entries are signed, so anybody may hand them over.

One answer is enough, as long as no answer shows more than we hold. A member that has not yet seen our latest entries
cannot know better, so all members are asked and the answers of those that come in time are all heeded. What a member
holds that did not answer is not known: where entries were published that reached one member only, and this member is
away, or says nothing of them, a fork is still possible. The more members answer, the less so.
"""

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import structlog

from node.domain.circles import Member, Roster
from node.domain.settings import Settings
from node.domain.sync import PullReport
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage import circles, peers
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.sync import forks
from node.sync.accept import accept
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.transport import Patience
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.messages.stream import EntriesRequest, Section, read_stream
from protocol.statements import Timestamp

MAX_ASKED: Final = 16
"""Members asked about our own log, all at once: those that answered last, first. One answer is needed."""
PATIENCE: Final = Patience(connect_seconds=3, idle_seconds=5, total_seconds=20)
"""Somebody waits for this before they can publish; a member that is slower than this does not count as answering."""
MAX_ANSWERS: Final = 1_000
"""Requests to one member while our log is taken back, of up to 8 MiB each."""
ALONE_SECONDS: Final = 3_600
"""How long the operator's word that nobody can answer is good for: one restart, not the next one by accident."""
_FOLDER: Final = "run"


class NobodyAnsweredError(HanseError):
    """No member could say how much of our log it holds."""

    def __init__(self, circle: CircleId, asked: int) -> None:
        super().__init__(
            NodeCode.CONFLICT,
            f"none of {asked} members answered, so nobody could say whether our own log in circle {circle} is "
            "complete; a node that signs on a log from a backup forks it for ever.",
            remedy="Try again when a member can be reached. If this node was certainly not restored from a backup, "
            f"run `hanse ledger confirm --circle {circle} --nobody-else-answers` and publish within the hour.",
        )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a comparison of our own log with members went."""

    asked: int
    answered: int
    recovered: int
    """Entries of our own log that members held and we did not."""
    size: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one member said about one of our logs."""

    announced: int
    recovered: int


def confirm_own_log(
    node: Parts,
    circle: CircleId,
    *,
    transport: httpx2.BaseTransport | None = None,
    patience: Patience = PATIENCE,
) -> Confirmation:
    """Make sure that this process may sign on our log of a circle; call it with no transaction open.

    Returns at once where it has been confirmed in this process already, and for a circle in which nobody else is;
    otherwise asks members and takes back what they hold. Raises :class:`NobodyAnsweredError`, and ``CONFLICT`` where a
    member holds more than we could take back, or our log turns out to be forked.
    """
    with node.database.read() as tx:
        roster = circles.get_roster(tx, circle)
        sizes = {key: _size(tx, circle, key) for key in roster.own_keys if key in roster.lines}
        failures = {state.contributor: state.failures for state in peers.list_peers(tx) if state.circle == circle}
    size = sizes.get(roster.own, 0)
    if all(node.keyring.is_confirmed(key, held) for key, held in sizes.items()) or roster.status != "member":
        return Confirmation(0, 0, 0, size)  # who is no member may not append, which `append` says
    if not roster.others:
        _confirm(node, sizes)
        return Confirmation(0, 0, 0, size)
    asked = sorted(roster.others, key=lambda each: (failures.get(each.contributor, 0), random.random()))[:MAX_ASKED]  # noqa: S311
    answers = _ask_all(node, roster, asked, tuple(sizes), transport, patience)
    recovered = sum(each.recovered for given in answers for each in given.values())
    if recovered:
        structlog.get_logger().warning("own-log-recovered", circle=circle, entries=recovered)
    if not answers:
        allowed = [_consume_override(node, key, held) for key, held in sizes.items()]
        if all(allowed):
            _confirm(node, sizes)
            return Confirmation(len(asked), 0, 0, size)
        raise NobodyAnsweredError(circle, len(asked))
    with node.database.read() as tx:
        for key in sizes:
            sizes[key] = _require_current(tx, circle, key, (given[key].announced for given in answers if key in given))
    _confirm(node, sizes)
    return Confirmation(len(asked), len(answers), recovered, sizes[roster.own])


def confirm_after_pulls(node: Parts, reports: Iterable[PullReport]) -> None:
    """Confirm our own logs in those circles of which every other member was just asked about every log.

    As good as :func:`confirm_own_log`: at least one has answered, and nothing that any has said stands against it.
    Where some were not asked, one of them may hold more than those that were, and nothing is confirmed. Raises nothing.
    """
    by_circle: dict[CircleId, list[PullReport]] = {}
    for report in reports:
        by_circle.setdefault(report.circle, []).append(report)
    with node.database.read() as tx:
        for circle, given in by_circle.items():
            roster = circles.get_roster(tx, circle)
            if not _settles(roster, given):
                continue
            for key in roster.own_keys:
                log = logs.find_log(tx, circle, key)
                if log is None or (log.status == "good" and log.covered == log.head):
                    node.keyring.confirm_log(key, 0 if log is None else log.size)


def _settles(roster: Roster, reports: Sequence[PullReport]) -> bool:
    """Whether everybody was asked, somebody has answered, and nobody has shown more of our logs than was taken back."""
    if not {each.contributor for each in roster.others} <= {report.contributor for report in reports}:
        return False
    if not any(report.requests and all(each.log is not None for each in report.problems) for report in reports):
        return False
    ours = [each for report in reports for each in report.problems if each.log in roster.own_keys]
    return all(each.code is NodeCode.CONFLICT for each in ours)


def allow_alone(settings: Settings, roster: Roster, tx: Transaction, now: Timestamp) -> list[Path]:
    """The operator's word that nobody can answer and that this is no restored backup: good once, for one hour.

    Written to files, since it is another process that will publish. Each names the size of a log of ours, and holds
    for no other size.
    """
    folder = settings.data / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = []
    for key in sorted(roster.own_keys):
        path = _override(settings, key)
        path.write_text(f"{now} {_size(tx, roster.circle, key)}\n", "ascii")
        written.append(path)
    structlog.get_logger().warning("own-log-override-written", circle=roster.circle)
    return written


def _ask_all(
    node: Parts,
    roster: Roster,
    asked: Sequence[Member],
    keys: tuple[KeyId, ...],
    transport: httpx2.BaseTransport | None,
    patience: Patience,
) -> list[dict[KeyId, _Answer]]:
    """What those members said that answered, by log of ours."""
    with (
        Outbound(node, transport=transport, patience=patience) as outbound,
        ThreadPoolExecutor(len(asked), thread_name_prefix="confirm") as executor,
    ):
        given = executor.map(lambda member: _ask(node, outbound, roster, member, keys), asked)
        return [each for each in given if each is not None]


def _ask(
    node: Parts, outbound: Outbound, roster: Roster, member: Member, keys: tuple[KeyId, ...]
) -> dict[KeyId, _Answer] | None:
    """Take from one member what it holds of our logs; none if it did not answer, or not as members do."""
    answers = dict.fromkeys(keys, _Answer(0, 0))
    try:
        for _ in range(MAX_ANSWERS):
            with node.database.read() as tx:
                have = {key: _size(tx, roster.circle, key) for key in keys}
            request = EntriesRequest(holes={}, have=have, only=tuple(sorted(keys)), max_bytes=outbound.max_bytes)
            answer = outbound.entries(member, roster.circle, request)
            if answer.cut_short is not None:
                raise answer.cut_short
            sections = [item for item in read_stream(answer.data) if isinstance(item, Section)]
            taken = _take(node, outbound, roster, member, sections, answers)
            if not taken:
                break
    except (HanseError, ProtocolError) as error:
        structlog.get_logger().warning("own-log-not-compared", contributor=member.contributor, code=error.code.value)
        return None
    return answers


def _take(
    node: Parts,
    outbound: Outbound,
    roster: Roster,
    member: Member,
    sections: Iterable[Section],
    answers: dict[KeyId, _Answer],
) -> int:
    """Accept sections of our own logs; how many entries were new. A fork of one of them is kept, and found later."""
    taken = 0
    for section in sections:
        log = section.contributor
        if log not in answers:
            continue
        now = node.clock.now()
        try:
            accepted = accept(node.database, roster, section, now, keyring=node.keyring)
        except ProtocolError as error:
            fetch = forks.tiles_of(outbound, member, roster.circle, log)
            found = forks.examine(node.database, roster, section, error, now, fetch)
            if found is not None and found.code is not Code.FORK:
                raise
            continue
        before = answers[log]
        answers[log] = _Answer(max(before.announced, accepted.announced), before.recovered + accepted.entries)
        taken += accepted.entries
    return taken


def _require_current(tx: Transaction, circle: CircleId, key: KeyId, announced: Iterable[int]) -> int:
    log = logs.find_log(tx, circle, key)
    size = 0 if log is None else log.size
    if log is not None and log.status == "forked":
        raise HanseError(NodeCode.CONFLICT, f"our own log in circle {circle} was forked: {log.problem}.")
    if size < max(announced, default=0) or (log is not None and log.covered != log.head):
        raise HanseError(
            NodeCode.CONFLICT,
            f"members hold more of our own log in circle {circle} than could be taken back so far.",
            remedy="Run `hanse sync --once` until it reports nothing new, then try again.",
        )
    return size


def _size(tx: Transaction, circle: CircleId, key: KeyId) -> int:
    log = logs.find_log(tx, circle, key)
    return 0 if log is None else log.size


def _confirm(node: Parts, sizes: dict[KeyId, int]) -> None:
    for key, size in sizes.items():
        node.keyring.confirm_log(key, size)


def _override(settings: Settings, key: KeyId) -> Path:
    return settings.data / _FOLDER / f"alone-{key}"


def _consume_override(node: Parts, key: KeyId, size: int) -> bool:
    """Whether the operator allowed this log to go on alone; the word is gone afterwards, whatever it said."""
    path = _override(node.settings, key)
    try:
        at, noted = path.read_text("ascii").split()
        path.unlink()
        age = node.clock.now() - int(at)
        allowed = 0 <= age <= ALONE_SECONDS and int(noted) == size
    except (OSError, ValueError):
        return False
    structlog.get_logger().warning("own-log-goes-on-alone", contributor=key, size=size, allowed=allowed)
    return allowed
