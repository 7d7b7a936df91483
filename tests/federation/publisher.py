"""A process that publishes on a node's log beside its server, until it is killed.

What it acknowledges it writes to a file, one line for each statement, after the transaction has committed and not
before: whatever stands there was promised to somebody. It asks members about its own log before it signs, as the pages
and the command line do, and does so again after every start.
"""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import structlog

from node import config
from node.app import build
from node.circles import roster
from node.clock import midnight
from node.errors import Code, HanseError
from node.ledger.append import append
from node.runtime import Runtime
from node.storage import statements as reading
from node.storage.database import TRANSIENT_ERRORS, Transaction
from node.sync import confirm_own_log
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode, encode_bytes
from protocol.statements import Finding, Statement, Timestamp
from tests.node import statements as make

ACKNOWLEDGED: Final = "acknowledged.txt"
REFUSED: Final = "refused.txt"
MAX_BATCH: Final = 4
"""Statements in one transaction: a kill in the middle must leave all of them or none."""
_SUBJECTS: Final = tuple(SubjectId(f"circle:{encode_bytes(bytes([number]) * 16)}") for number in range(1, 6))
"""Few, so that the findings of all nodes meet in a handful of claims."""
_INDICATORS: Final = (make.INDICATOR, VocabularyCode("fund-transparent"), VocabularyCode("recip-honoured"))
_RECENT: Final = 40
"""Of the feed: statements that may be answered or retracted."""
_CLONE_NEWNET: Final = 0x4000_0000
"""Of ``sched.h``."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a publisher is to do."""

    data: Path
    circle: CircleId
    seed: int
    pause_seconds: float
    """Between two batches, on average."""
    namespace: str = ""
    """A network namespace by name, or none."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A statement that an author was told is published, and where."""

    contributor: KeyId
    index: int
    id: StatementId


def publish_for_ever(order: Order) -> None:
    """The whole life of the process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if order.namespace:
        _enter(order.namespace)
    runtime = build(config.load(order.data))
    random = Random(order.seed)  # noqa: S311  # a load, not a secret
    while True:
        try:
            confirm_own_log(runtime, order.circle)
            _publish(runtime, order, random)
        except (HanseError, ProtocolError) as error:
            _note(order.data / REFUSED, f"{error.code}: {error.detail}\n")
        except TRANSIENT_ERRORS as error:
            _note(order.data / REFUSED, f"{type(error).__name__}\n")
        time.sleep(random.uniform(0.2, 1.8) * order.pause_seconds)


def acknowledged(data: Path) -> list[Acknowledgement]:
    """What the publishers of a node have acknowledged so far. A line that a kill has cut short was told to nobody."""
    path = data / ACKNOWLEDGED
    text = path.read_text("ascii") if path.exists() else ""
    rows = (line.split() for line in text.splitlines(keepends=True) if line.endswith("\n"))
    return [Acknowledgement(KeyId(row[0]), int(row[1]), StatementId(row[2])) for row in rows]


def refusals(data: Path) -> list[str]:
    """Why publishing was refused, once for each time."""
    path = data / REFUSED
    return path.read_text("ascii").splitlines() if path.exists() else []


def unexpected(data: Path) -> list[str]:
    """Refusals that have no good reason: a log that cannot be compared yet, because nobody answers, is one."""
    return [words for words in refusals(data) if not words.startswith(f"{Code.CONFLICT}:")]


def _publish(runtime: Runtime, order: Order, random: Random) -> None:
    now = runtime.clock.now()
    today = midnight(now)
    with runtime.database.write() as tx:
        new: list[Statement] = [_finding(order.circle, today, random) for _ in range(random.randint(0, MAX_BATCH - 1))]
        new.append(_statement(tx, order.circle, today, random))
        dated = [msgspec.structs.replace(each, iat=today) for each in new]
        done = append(tx, runtime.keyring, order.circle, dated, now)
    _note(order.data / ACKNOWLEDGED, "".join(f"{each.contributor} {each.index} {each.id}\n" for each in done))


def _statement(tx: Transaction, circle: CircleId, today: Timestamp, random: Random) -> Statement:
    """A finding, or an answer to somebody's finding, or the end of one of our own."""
    kind, own = random.random(), roster(tx, circle).own
    if kind < 0.3:
        found = _recent(tx, circle, today, lambda contributor: contributor != own)
        if found:
            contributor, target = random.choice(found)
            return make.response(circle, contributor, target, random.choice(("corroborates", "disputes")))
    if kind < 0.5:
        found = _recent(tx, circle, today, lambda contributor: contributor == own)
        if found:
            return make.retraction(circle, random.choice(found)[1])
    return _finding(circle, today, random)


def _finding(circle: CircleId, today: Timestamp, random: Random) -> Finding:
    body = make.finding_body(random.choice(_SUBJECTS), random.choice(_INDICATORS), strength=random.randint(1, 4))
    return make.finding(circle, body, iat=today)


def _recent(
    tx: Transaction, circle: CircleId, today: Timestamp, wanted: Callable[[KeyId], bool]
) -> list[tuple[KeyId, StatementId]]:
    after = max(0, reading.last_seq(tx) - _RECENT)
    page = reading.feed(tx, after=after, limit=_RECENT, now=today, circle=circle)
    return [each.name for each in page if isinstance(each.statement, Finding) and each.counts and wanted(each.name[0])]


def _note(path: Path, text: str) -> None:
    """One write, so that it is there or is not; what the kernel has taken outlives the process."""
    with path.open("ab", buffering=0) as file:
        file.write(text.encode("ascii"))


def _enter(namespace: str) -> None:
    """Move this process, which has one thread as yet, into a network namespace."""
    library = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{namespace}").open("rb") as file:
        if library.setns(file.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}", os.strerror(ctypes.get_errno()))
