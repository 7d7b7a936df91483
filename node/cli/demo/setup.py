"""Making three nodes: folders, keys, databases, the registry, accounts, and the circle that they found."""

import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node import circles
from node.accounts.manage import create_account
from node.app import build
from node.circles import Terms
from node.cli.accounts import issue, setup_url
from node.cli.demo.casework import Desk
from node.cli.demo.cast import (
    ACCOUNTS,
    CIRCLE_NAME,
    CIRCLE_SUBJECTS,
    LEGAL_BASIS,
    PLAYERS,
    PUBLIC_SUBJECTS,
    PURPOSE,
    Player,
)
from node.cli.identify import identify
from node.cli.operate import create
from node.cli.subjects import load_with_progress
from node.config import Value
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from node.subjects.mint import mint
from protocol.identifiers import CircleId, SubjectId
from protocol.statements import Subject

FIRST_PORT: Final = 8101
MARKER: Final = ".hanse-demo"
SYNC_SECONDS: Final = 2
"""Between rounds; short, so that what is clicked on one node is soon seen on the others."""
_DATABASE: Final = "hanse.db"


@dataclass(frozen=True, slots=True)
class Stage:
    """Three nodes, ready to work."""

    desks: tuple[Desk, ...]
    links: Mapping[str, Mapping[str, str]]
    """Player, then login, to the one-time sign-in link."""
    tokens: Mapping[str, str]
    """Player to an analyst's API token."""
    organisations: int
    subjects: Mapping[str, SubjectId]
    """Identifiers that the circle gave to organisations without any."""

    def identify(self, tx: Transaction, text: str) -> Subject | None:
        """The registry's answer, else the identifier that the circle uses."""
        found = identify(tx, text)
        label = PUBLIC_SUBJECTS.get(text, text)
        if found is None and label in self.subjects:
            return Subject(id=self.subjects[label], label=label)
        return found


def build_stage(folder: Path, registry: Path) -> Stage:
    """Make everything below ``folder``, which must be new or a former demo's."""
    _clear(folder)
    ports = free_ports(len(PLAYERS))
    first = folder / PLAYERS[0].key
    runtimes: dict[str, Runtime] = {}
    organisations = 0
    for player, port in zip(PLAYERS, ports, strict=True):
        data = folder / player.key
        if data != first:
            # The registry is the same everywhere: loaded once, and the fresh database copied.
            data.mkdir(mode=0o700)
            shutil.copy(first / _DATABASE, data / _DATABASE)
        runtimes[player.key] = _make_node(data, player, port)
        if data == first:
            organisations = load_with_progress(runtimes[player.key].database, registry).added
            runtimes[player.key].database.close()
    circle = _found_circle(list(runtimes.values()))
    desks, links = [], {}
    for player in PLAYERS:
        desk, links[player.key] = _open_desk(player, runtimes[player.key], circle)
        desks.append(desk)
    subjects = _name_subjects(desks[0])
    return Stage(tuple(desks), links, {desk.player.key: _token(desk) for desk in desks}, organisations, subjects)


def free_ports(count: int) -> list[int]:
    """Ports to serve on: the usual ones where they are free, else any."""
    ports = [port for port in range(FIRST_PORT, FIRST_PORT + count) if _is_free(port)]
    return ports if len(ports) == count else [_any_port() for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise HanseError(
                Code.CONFLICT, f"{folder} holds something that is not a demo.", remedy="Name another with --data."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def _make_node(data: Path, player: Player, port: int) -> Runtime:
    values: dict[str, Value] = {
        "name": player.name,
        "base_url": f"http://127.0.0.1:{port}",
        "listen_port": port,
        "allow_private_addresses": True,
        "sync_seconds": SYNC_SECONDS,
    }
    return build(create(data, values))


def _found_circle(runtimes: Sequence[Runtime]) -> CircleId:
    """Cards, a charter, three signatures, three memberships: what founders do with files and a phone call."""
    cards = [circles.card(runtime.keyring, runtime.settings) for runtime in runtimes]
    terms = Terms(name=CIRCLE_NAME, purpose=PURPOSE, legal_basis=LEGAL_BASIS)
    charter = circles.create(runtimes[0].keyring, terms, cards)
    for runtime in runtimes[1:]:
        charter = circles.sign(runtime.keyring, charter)
    joined = []
    for runtime in runtimes:
        with runtime.database.write() as tx:
            joined.append(circles.join(tx, runtime.keyring, charter, runtime.clock.now()).circle)
    return joined[0]


def _open_desk(player: Player, runtime: Runtime, circle: CircleId) -> tuple[Desk, dict[str, str]]:
    accounts, links = {}, {}
    with runtime.database.write() as tx:
        for login, (name, role) in ACCOUNTS.items():
            accounts[login], link = create_account(
                tx, runtime.vault, login=login, display_name=name, roles=frozenset({role}), now=runtime.clock.now()
            )
            links[login] = setup_url(runtime, link)
    return Desk(player, runtime, circle, accounts["officer"].id, accounts["approver"].id), links


def _name_subjects(desk: Desk) -> dict[str, SubjectId]:
    labels = (*CIRCLE_SUBJECTS, *PUBLIC_SUBJECTS.values())
    with desk.runtime.database.write() as tx:
        return {label: mint(tx, desk.circle, label) for label in labels}


def _token(desk: Desk) -> str:
    with desk.runtime.database.write() as tx:
        return issue(tx, desk.runtime, "analyst", name="demo", days=1)
