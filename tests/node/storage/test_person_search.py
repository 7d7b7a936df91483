"""A person's name is found wherever it stands, also where it is sealed or signed; and nothing is forgotten."""

from collections.abc import Iterator
from typing import Final

import pytest
import sqlalchemy as sa

from node.accounts.manage import create_account
from node.domain.accounts import AccountId, Role
from node.domain.persons import Trace
from node.domain.watch import Pace
from node.errors import Code, HanseError
from node.insight import watch
from node.storage import person_search, tables
from node.storage.database import Transaction
from node.storage.tables.base import METADATA
from protocol.identifiers import SubjectId
from tests.node import statements as make
from tests.node.insight.support import Pool, pools_of
from tests.node.web.house import make_house

NAME: Final = "Zénobie Quarrelwick"


@pytest.fixture
def pool(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    (made,) = pools_of(tmp_path_factory.mktemp("pool"), database_url)
    yield made
    made.database.close()


def _find(pool: Pool, name: str) -> list[Trace]:
    with pool.database.read() as tx:
        return list(person_search.find(tx, pool.node.runtime.vault, name))


def _columns(pool: Pool, name: str) -> set[str]:
    return {f"{trace.table}.{trace.column}" for trace in _find(pool, name)}


def test_every_binary_column_says_how_it_is_read() -> None:
    tables.load()
    binary = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }
    classes = (person_search.SEALED, person_search.ENTRIES, person_search.AS_TEXT, person_search.WITHOUT_TEXT)
    assert binary == frozenset().union(*classes)
    assert sum(len(each) for each in classes) == len(binary)


def _plant(tx: Transaction, pool: Pool) -> AccountId:
    vault = pool.node.runtime.vault
    roles = frozenset({Role.OFFICER})
    account, _ = create_account(tx, vault, login="zq", display_name=NAME, roles=roles, now=make.IAT)
    subject = SubjectId("circle:AAAAAAAAAAAAAAAAAAAAAA")
    watch.add(tx, vault, account.id, subject, f"Laboratory of {NAME}", relatives=False, now=make.IAT)
    watch.set_delivery(tx, vault, account.id, "zenobie.quarrelwick@example.org", Pace.DAILY)
    return account.id


def test_a_name_is_found_in_clear_sealed_and_signed_text(pool: Pool) -> None:
    pool.find(1, make.finding_body(summary="Asked by Dr Quarrelwick, ZENOBIE, of the laboratory."))
    pool.find(1, make.finding_body(summary="Nobody is named here."))
    with pool.database.write() as tx:
        _plant(tx, pool)
    expected = {"accounts.display_name", "watches.sealed", "entries.jws", "alert_deliveries.address"}
    assert _columns(pool, "zenobie QUARRELWICK") == expected
    assert _columns(pool, "Quarrelwick, (Z\u00e9nobie)") == expected
    (entry,) = [trace for trace in _find(pool, NAME) if trace.table == "entries"]
    assert "Asked by Dr Quarrelwick, ZENOBIE, of the laboratory" in entry.excerpt
    assert _find(pool, "Quarrelwick Nobody") == []


def test_every_sealed_column_of_a_busy_node_opens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What cannot be opened would be missed: reading all of it must raise nothing."""
    house = make_house(tmp_path_factory.mktemp("house"))
    house.account("officer", Role.OFFICER)
    with house.node.runtime.database.read() as tx:
        found = list(person_search.find(tx, house.node.runtime.vault, "institute"))
    assert {trace.table for trace in found} >= {"entries", "subjects"}
    for node in (house.node, *house.others):
        node.runtime.database.close()


@pytest.mark.parametrize("name", ["", "Ab", "  ", "\u0301\u0301\u0301", "x" * 201])
def test_a_name_that_would_find_everything_is_refused(pool: Pool, name: str) -> None:
    with pytest.raises(HanseError) as caught:
        _find(pool, name)
    assert caught.value.code is Code.INVALID


def test_what_cannot_be_read_is_searched_as_it_came(pool: Pool) -> None:
    pool.find(1)
    with pool.database.write() as tx:
        tx.connection.execute(sa.text("UPDATE entries SET jws = :jws"), {"jws": b"no statement of Z. Quarrelwick"})
    assert _columns(pool, "quarrelwick") == {"entries.jws"}
