"""The access log: what breaks it is found, and writers at once do not."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from node.accounts.access_log import read_access_log, record_access, verify_access_log
from node.domain.accounts import AccountId
from node.errors import HanseError
from node.storage.database import Database
from node.storage.tables.accounts import ACCESS_LOG
from node.storage.vault import Vault
from protocol.statements import DAY_SECONDS, Timestamp

NOW = Timestamp(20_700 * DAY_SECONDS)
WHO = AccountId("A" * 22)


def fill(database: Database, vault: Vault, count: int = 5) -> None:
    with database.write() as tx:
        for number in range(count):
            record_access(tx, vault, WHO, "assessment-read", f"a{number}", NOW)


def check(database: Database, vault: Vault) -> tuple[int, int | None, bool]:
    with database.read() as tx:
        found = verify_access_log(tx, vault)
    return found.entries, found.broken_at, found.intact


def test_a_whole_log_verifies(database: Database, vault: Vault) -> None:
    assert check(database, vault) == (0, None, True)
    fill(database, vault)
    assert check(database, vault) == (5, None, True)
    with database.read() as tx:
        assert [entry.record for entry in read_access_log(tx, before=5, limit=2)] == ["a3", "a2"]


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        (sa.update(ACCESS_LOG).where(ACCESS_LOG.c.seq == 3).values(account_id="B" * 22), 3),
        (sa.update(ACCESS_LOG).where(ACCESS_LOG.c.seq == 3).values(at=1), 3),
        (sa.delete(ACCESS_LOG).where(ACCESS_LOG.c.seq == 3), 3),
        (sa.delete(ACCESS_LOG).where(ACCESS_LOG.c.seq == 5), None),
        (sa.delete(ACCESS_LOG), None),
    ],
)
def test_changing_removing_and_cutting_are_found(
    database: Database, vault: Vault, change: sa.Update | sa.Delete, broken_at: int | None
) -> None:
    fill(database, vault)
    with database.write() as tx:
        tx.connection.execute(change)
    _, found_at, intact = check(database, vault)
    assert not intact
    assert found_at == broken_at


def test_writers_at_once_make_one_chain(database: Database, vault: Vault) -> None:
    def write(number: int) -> None:
        with database.write() as tx:
            record_access(tx, vault, WHO, "assessment-read", f"w{number}", NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert check(database, vault) == (40, None, True)


@pytest.mark.parametrize(
    ("action", "record"), [("Assessment Read", ""), ("read", "Joint laboratory, tides"), ("", "x")]
)
def test_it_holds_words_and_identifiers_only(database: Database, vault: Vault, action: str, record: str) -> None:
    with database.write() as tx, pytest.raises(HanseError):
        record_access(tx, vault, WHO, action, record, NOW)
