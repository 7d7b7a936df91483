"""``hanse init``, ``migrate``, ``serve`` and ``sync``: making a node and keeping it running."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from socket import socket
from typing import Annotated, Protocol

import structlog
import typer
import uvicorn

from node import config, logs
from node.api.connections import KEEP_ALIVE_SECONDS, MAX_HEADER_BYTES, BoundedProtocol
from node.app import application
from node.cli.assessments import tidy_evidence
from node.cli.open import DEFAULT_DATA, EXIT_OURS, EXIT_PEER, OUT, DataOption, node
from node.domain.settings import Settings
from node.domain.sync import SyncReport
from node.insight import notices, watch
from node.insight.index import catch_up as index_statements
from node.insight.refresh import catch_up as refresh_signals
from node.ledger.keyring import Keyring, write_secret
from node.runtime import Runtime
from node.storage.database import Database
from node.storage.migrations import migrate
from node.storage.vault import KEY_BYTES
from node.sync.fetch import Fetcher
from node.sync.worker import run_worker, sync_once

JOIN_SECONDS = 30
"""How long a stopping server waits for its worker: longer than one section takes to store."""


def init(
    name: Annotated[str, typer.Option(help="The institution, as members of its circles will read it.")],
    url: Annotated[str, typer.Option(help="Where peers will reach this node, such as https://hanse.example.")],
    database_url: Annotated[str, typer.Option(help="PostgreSQL or another SQLite file than the default.")] = "",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port on which the server listens.")] = 8000,
    allow_private_addresses: Annotated[  # noqa: FBT002  # an option of the command line
        bool, typer.Option("--allow-private-addresses", help="Permit peers on closed networks, and plain HTTP.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make a node: its folder with settings, key files and database."""
    values: dict[str, config.Value] = {"name": name, "base_url": url, "listen_port": port}
    if database_url:
        values["database_url"] = database_url
    if allow_private_addresses:
        values["allow_private_addresses"] = True
    settings = create(data, values)
    OUT.print(f"A node for {name} is in {data}. Its identity key is {Keyring(settings.keys).identity_public().key_id}.")
    OUT.print("Back up the folder keys/ apart from the database. Next: hanse accounts add LOGIN --role operator")


def create(data: Path, values: dict[str, config.Value]) -> Settings:
    """Make the folder, the keys and the database of a new node; refuses to touch one that is there."""
    config.write(data, values)
    settings = config.load(data)
    Keyring(settings.keys).create()
    write_secret(settings.data_key, os.urandom(KEY_BYTES))
    with closing(Database(settings.database_url)) as database:
        migrate(database)
    return settings


def migrate_database(data: DataOption = DEFAULT_DATA) -> None:
    """Bring the database to the tables of this version."""
    with closing(Database(config.load(data).database_url)) as database:
        migrate(database)
    OUT.print("The database is up to date.")


def serve(data: DataOption = DEFAULT_DATA) -> None:
    """Serve pages, API and federation, and pull from peers, until interrupted.

    Exit code 1 when pulling has ended by itself, which is a fault of ours: whoever supervises this starts it again.
    """
    logs.configure()
    # The server raises its signal again when it has stopped; what that does by default would end the process before
    # the worker has, and with an exit code that looks like a failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with node(data) as runtime:
        settings = runtime.settings
        server = _Server(
            uvicorn.Config(
                application(runtime),
                http=BoundedProtocol,
                h11_max_incomplete_event_size=MAX_HEADER_BYTES,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                ws="none",
                host=settings.listen_host,
                port=settings.listen_port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=JOIN_SECONDS,
            ),
            runtime.stopping,
        )
        structlog.get_logger().info("serving", address=f"{settings.listen_host}:{settings.listen_port}")
        lasted = run_beside(server, lambda stop: run_worker(runtime, stop, after_round=lambda: look_after(runtime)))
    if not lasted:
        raise typer.Exit(EXIT_OURS)


class _Server(uvicorn.Server):
    """Says when it is about to stop: a live stream would else be waited for until its patience ends."""

    def __init__(self, settings: uvicorn.Config, stopping: threading.Event) -> None:
        super().__init__(settings)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End the streams, then as always."""
        self._stopping.set()
        await super().shutdown(sockets)


class Server(Protocol):
    """What is needed of a server (``uvicorn.Server`` is one)."""

    should_exit: bool

    def run(self) -> None:
        """Serve until interrupted, or until ``should_exit`` is true."""


def run_beside(server: Server, work: Callable[[threading.Event], None]) -> bool:
    """Serve with ``work`` in a thread beside it; whether it lasted as long as the server did.

    Neither goes on alone. Work that ends before its event is set has failed, however it ended, and stops the server:
    a node that answers and never pulls would look healthy and grow old.
    """
    stop, ended = threading.Event(), threading.Event()

    def beside() -> None:
        try:
            work(stop)
        finally:
            if not stop.is_set():
                ended.set()
                structlog.get_logger().critical("sync-ended")
                server.should_exit = True

    worker = threading.Thread(target=beside, name="sync")
    worker.start()
    try:
        server.run()
    finally:
        stop.set()
        worker.join(JOIN_SECONDS)
    return not ended.is_set()


def sync(
    once: Annotated[  # noqa: FBT002  # an option of the command line
        bool, typer.Option("--once", help="One round, then stop; otherwise rounds until interrupted.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Pull from every member of every circle. Exit code 3 when a peer could not be reached or misbehaved."""
    logs.configure()
    with node(data) as runtime:
        if not once:
            run_worker(runtime, threading.Event(), after_round=lambda: look_after(runtime))
            return
        report = sync_once(runtime)
        catch_up(runtime)
    show(report)
    if report.problems:
        raise typer.Exit(EXIT_PEER)


def look_after(runtime: Runtime) -> None:
    """What the worker does after each round."""
    catch_up(runtime)
    tidy_evidence(runtime)


def catch_up(runtime: Runtime) -> None:
    """Recompute the signals that new entries touch, have the entries found, and tell who watches."""
    index_statements(runtime.database, runtime.clock.now())
    refresh_signals(runtime.database, runtime.vocabulary, runtime.clock.now())
    watch.look(runtime.database, runtime.vault, runtime.clock.now())
    notify(runtime)


def notify(runtime: Runtime) -> None:
    """Send the notices that are due. One that does not arrive is logged, and sent again after the next round."""
    settings = runtime.settings
    with ExitStack() as stack:
        carriers = []
        if settings.mail is not None:
            carriers.append(notices.by_mail(settings.mail, settings.name))
        if settings.webhook is not None:
            fetcher = stack.enter_context(Fetcher(settings))
            carriers.append(notices.by_webhook(settings.webhook, fetcher.post))
        sent = list(notices.deliver(runtime.database, runtime.vault, settings.base_url, carriers, runtime.clock.now()))
    if not all(sent):
        structlog.get_logger().warning("notices-failed", failed=sent.count(False), sent=sent.count(True))


def show(report: SyncReport) -> None:
    """Print a round, a line for each peer and each problem."""
    for pull in report.pulls:
        OUT.print(
            f"{pull.name}: {pull.entries:,} entries, {pull.unreadable} unreadable, {pull.bytes:,} bytes,"
            f" {pull.seconds:.1f} s, {pull.lag:,} still to come",
            markup=False,
        )
        for problem in pull.problems:
            OUT.print(f"  {problem.code}: {problem.detail}", markup=False)
    if not report.pulls:
        OUT.print("There is nobody to pull from: this node is in no circle with others.")
