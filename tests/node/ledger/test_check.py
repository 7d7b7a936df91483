"""``hanse ledger check`` says nothing of a sound log, and finds one flipped bit wherever it is."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from node.ledger.check import PROGRESS_ENTRIES, Damage, Progress, check
from node.ledger.sweep import sweep
from node.storage.tables.ledger import DIRTY_CLAIMS, ENTRIES, FEED, LOGS, STATEMENTS, TILES, UNREADABLE_ENTRIES
from protocol.keys import SigningKey
from protocol.statements import DAY_SECONDS, Timestamp
from tests.node import statements as make
from tests.node.ledger.support import Home, receive


def fill(home: Home) -> None:
    """A log of 300 entries with every kind of statement, one entry of them unreadable."""
    first, second = make.finding(home.circle), make.relation(home.circle)
    home.append(
        first,
        second,
        make.correction(home.circle, first.id, make.finding_body(strength=3)),
        make.response(home.circle, home.own, first.id),
        make.retraction(home.circle, second.id),
        *make.findings(home.circle, 295),
    )


def damages(home: Home) -> list[Damage]:
    return [event for event in check(home.database, make.IAT) if isinstance(event, Damage)]


def flip(home: Home, column: sa.Column[bytes], where: sa.ColumnElement[bool], position: int) -> None:
    """One bit of one stored value."""
    with home.database.write() as tx:
        value = bytearray(tx.connection.execute(sa.select(column).where(where)).scalar_one())
        value[position] ^= 1
        tx.connection.execute(sa.update(column.table).where(where).values({column.name: bytes(value)}))


def change(home: Home, statement: sa.Update | sa.Delete) -> None:
    with home.database.write() as tx:
        tx.connection.execute(statement)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that has changed, where the check must place it, and a word that it must say."""

    name: str
    harm: Callable[[Home], None]
    index: int | None
    says: str


CASES = (
    Case("a bit of an entry's payload", lambda h: flip(h, ENTRIES.c.jws, ENTRIES.c.idx == 299, 300), 299, "entry"),
    Case("a bit of an entry's signature", lambda h: flip(h, ENTRIES.c.jws, ENTRIES.c.idx == 7, -1), 7, "entry"),
    Case("a missing entry", lambda h: change(h, sa.delete(ENTRIES).where(ENTRIES.c.idx == 12)), 12, "missing"),
    Case("a missing last entry", lambda h: change(h, sa.delete(ENTRIES).where(ENTRIES.c.idx == 299)), 299, "missing"),
    Case(
        "a bit of a leaf hash",
        lambda h: flip(h, TILES.c.hashes, (TILES.c.level == 0) & (TILES.c.idx == 1), 33),
        257,
        "tile 0/1",
    ),
    Case("a bit of a higher hash", lambda h: flip(h, TILES.c.hashes, TILES.c.level == 1, 5), None, "tile 1/0"),
    Case("a missing tile", lambda h: change(h, sa.delete(TILES).where(TILES.c.level == 1)), None, "tile 1/0"),
    Case("a bit of the checkpoint", lambda h: flip(h, LOGS.c.covered, LOGS.c.id > 0, -9), None, "checkpoint"),
    Case("a bit of the frontier", lambda h: flip(h, LOGS.c.frontier, LOGS.c.id > 0, 20), None, "frontier"),
    Case("a bit of the frontier's size", lambda h: flip(h, LOGS.c.frontier, LOGS.c.id > 0, 7), None, "frontier"),
    Case("another size", lambda h: change(h, sa.update(LOGS).values(size=299)), None, "frontier"),
    Case("another covered size", lambda h: change(h, sa.update(LOGS).values(covered_size=3)), None, "noted as 3"),
    Case(
        "another subject in a row",
        lambda h: change(h, sa.update(STATEMENTS).where(STATEMENTS.c.idx == 9).values(subject=make.OTHER_SUBJECT)),
        9,
        "row",
    ),
    Case(
        "a retraction that is forgotten",
        lambda h: change(h, sa.update(STATEMENTS).where(STATEMENTS.c.idx == 1).values(retracted_by=None)),
        1,
        "row",
    ),
    Case("a missing row", lambda h: change(h, sa.delete(STATEMENTS).where(STATEMENTS.c.idx == 5)), 5, "row"),
    Case("a feed that goes back", lambda h: change(h, sa.update(FEED).values(last=4)), None, "counter"),
)


def test_a_sound_log_gives_signs_of_life_and_nothing_else(home: Home) -> None:
    fill(home)
    home.append(*make.findings(home.circle, PROGRESS_ENTRIES))
    events = list(check(home.database, make.IAT))
    assert events == [Progress(home.circle, home.own, done, 1300) for done in (1000, 1300)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_change_is_found_and_placed(home: Home, case: Case) -> None:
    fill(home)
    assert damages(home) == []

    case.harm(home)

    (damage,) = damages(home)
    assert (damage.index, case.says in damage.what) == (case.index, True), damage
    assert damage.remedy


def test_changes_are_found_on_each_database(home: Home) -> None:
    fill(home)
    flip(home, ENTRIES.c.jws, ENTRIES.c.idx == 42, 500)
    flip(home, TILES.c.hashes, (TILES.c.level == 0) & (TILES.c.idx == 0), 32 * 77)
    assert [damage.index for damage in damages(home)] == [42, 77]


def test_an_entry_that_waits_for_its_day_is_no_damage(home: Home) -> None:
    key = home.keyring.contributor(home.own)
    day = Timestamp(make.IAT + DAY_SECONDS)
    receive(home, key, make.finding(home.circle, iat=day))
    for now in (make.IAT, day):
        assert [event for event in check(home.database, now) if isinstance(event, Damage)] == []
    assert sweep(home.database, day) == 1
    assert [event for event in check(home.database, day) if isinstance(event, Damage)] == []


def test_a_forgotten_reason_for_an_unreadable_entry_is_found(home: Home) -> None:
    key = home.keyring.contributor(home.own)
    receive(home, key, make.retraction(home.circle, make.new_id()), make.finding(home.circle))
    assert damages(home) == []
    change(home, sa.delete(UNREADABLE_ENTRIES))
    (damage,) = damages(home)
    assert damage.index == 0


def test_a_log_of_nobody_is_reported(home: Home) -> None:
    stranger = SigningKey(bytes([9] * 32))
    receive(home, stranger, make.finding(home.circle))
    change(home, sa.delete(DIRTY_CLAIMS))
    (damage,) = damages(home)
    assert damage.contributor == stranger.public.key_id
