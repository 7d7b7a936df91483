"""Public lists: organisations alone, tied by an identifier or a person, whose word outlives an edition."""

import gzip
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from node.accounts.manage import create_account
from node.domain.accounts import AccountId, Role
from node.domain.lists import Columns, ListAbout, ListEntry, Listing, ListReport
from node.errors import Code, HanseError
from node.storage import lists as storage
from node.storage.database import Database
from node.storage.tables.base import METADATA
from node.storage.vault import Vault
from node.subjects.list_files import Item, Refused, read_entities, read_table
from node.subjects.lists import candidates, decide, import_list
from node.subjects.matching import Match
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp
from tests.node.statements import IAT
from tests.node.subjects.registry import load_records, record, ror_id, subject

NOBODY = Match((), ())
CANARY = "Wrenreed"
"""The name of every invented person."""
ABOUT = ListAbout("Export list", "Invented Trade Office", "A licence is needed.")


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Database:
    """Four organisations, of which two bear one name."""
    load_records(
        database,
        tmp_path,
        [
            record(1, "Tidal Works"),
            record(2, "Grey Institute"),
            record(3, "Grey Institute"),
            record(4, "Marsh College"),
        ],
    )
    return database


def entity(schema: str, key: str, **properties: object) -> dict[str, Any]:
    values = {name: value if isinstance(value, list) else [value] for name, value in properties.items()}
    return {"id": key, "schema": schema, "caption": str(properties.get("name", "")), "properties": values}


def ndjson(path: Path, lines: Iterable[Mapping[str, Any] | bytes], *, packed: bool = False) -> Path:
    data = b"\n".join(each if isinstance(each, bytes) else msgspec.json.encode(each) for each in lines)
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def load(database: Database, items: Iterable[Item], about: ListAbout = ABOUT, now: int = IAT) -> ListReport:
    with database.write() as tx:
        return import_list(tx, about, items, Timestamp(now))


def waiting(database: Database) -> list[Listing]:
    with database.read() as tx:
        return storage.pending(tx, limit=100)


def shown(database: Database, number: int) -> list[Listing]:
    with database.read() as tx:
        return storage.of_subjects(tx, [subject(number)])


def officer(database: Database, vault: Vault) -> AccountId:
    with database.write() as tx:
        account, _ = create_account(
            tx, vault, login="tamsin", display_name="R. Tamsin", roles=frozenset({Role.OFFICER}), now=IAT
        )
    return account.id


FTM = [
    entity("Sanction", "s1", entity=["o1"], program="Dual use", listingDate="2024-03-02", provisions="Licence"),
    entity("Organization", "o1", name="Tidal Works", rorId=ror_id(1), wikidataId="Q1"),
    entity("Company", "o2", name="Grey Institute", registrationNumber="77"),
    entity("Person", "p1", name=CANARY, birthDate="1970-01-01", nationality="nn"),
    entity("LegalEntity", "l1", name=f"{CANARY} and sons"),
    entity("Vessel", "v1", name="Grey Heron"),
    entity("Directorship", "d1", director=["p1"], organization=["o1"]),
]


@pytest.mark.parametrize("packed", [False, True])
def test_entities_are_organisations_or_dropped_and_counted(registry: Database, tmp_path: Path, *, packed: bool) -> None:
    report = load(registry, read_entities(ndjson(tmp_path / "list", FTM, packed=packed)))
    assert (report.read, report.persons, report.unclear, report.other) == (7, 1, 1, 3)
    assert (report.added, report.identified, report.pending, report.refusals) == (2, 1, 1, 0)
    (listing,) = shown(registry, 1)
    assert (listing.entry, listing.listed, listing.effect) == ("o1", date(2024, 3, 2), "Dual use; Licence")
    assert (listing.state, listing.list_name, listing.publisher) == ("identified", ABOUT.name, ABOUT.publisher)
    (open_one,) = waiting(registry)
    assert (open_one.name, open_one.effect) == ("Grey Institute", "A licence is needed.")


def test_no_person_of_a_list_is_stored_or_said(registry: Database, tmp_path: Path) -> None:
    broken: list[Mapping[str, Any] | bytes] = [
        b'{"id": "x", "schema": "Person", "properties": {"name": ["' + CANARY.encode() + b'"',
        entity("Person", "y"),
    ]
    report = load(registry, read_entities(ndjson(tmp_path / "list", [*FTM, *broken])))
    assert CANARY not in str(report)
    with registry.read() as tx:
        for table in METADATA.sorted_tables:
            for row in tx.connection.execute(sa.select(table)):
                assert CANARY not in str(tuple(row))


def test_listings_inside_an_entity_are_read_too(registry: Database, tmp_path: Path) -> None:
    inside = entity("Organization", "o9", name="Marsh College", rorId=f"https://ror.org/{ror_id(4)}")
    inside["properties"]["sanctions"] = [entity("Sanction", "s9", startDate="2025-01-31", authority="The Office")]
    load(registry, read_entities(ndjson(tmp_path / "list", [inside])))
    (listing,) = shown(registry, 4)
    assert (listing.listed, listing.effect) == (date(2025, 1, 31), "The Office")


def test_a_table_is_read_by_its_mapping(registry: Database, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(
        "\ufeffWho;What;ROR;Since;Ref\n"
        f"Tidal Works;Entity;{ror_id(1)};2024-05-06;A 1\n"
        f"{CANARY};Individual;;2024-05-06;A 2\n"
        f"{CANARY} the second;;;2024-05-06;A 3\n"
        "Marsh College;Entity;;once;A 4\n"
        "Marsh College;Entity;;;A 5\n"
        ";Entity;;;A 6\n",
        "utf-8",
    )
    columns = Columns(
        "Who", entry="Ref", listed="Since", kind="What", organisations=("Entity",), identifiers={"ror": "ROR"}
    )
    report = load(registry, read_table(table, columns))
    assert (report.persons, report.unclear, report.refusals) == (1, 1, 2)
    assert [position for position, _ in report.refused] == [5, 7]
    assert CANARY not in str(report)
    assert [(each.entry, each.state) for each in shown(registry, 1)] == [("A 1", "identified")]
    assert [each.entry for each in waiting(registry)] == ["A 5"]


def test_a_name_alone_ties_nothing_and_every_bearer_is_offered(registry: Database) -> None:
    load(registry, [ListEntry("1", "Marsh College", None), ListEntry("2", "Grey Institute", None)])
    assert shown(registry, 4) == []
    grey, marsh = waiting(registry)
    with registry.read() as tx:
        assert {hit.id for hit in candidates(tx, grey, NOBODY)} == {subject(2), subject(3)}
        assert [hit.id for hit in candidates(tx, marsh, NOBODY)] == [subject(4)]


def test_identifiers_that_name_two_organisations_tie_neither(registry: Database) -> None:
    both = (("ror", ror_id(1)), ("ror", ror_id(4)))
    wrong = (("ror", ror_id(1)[:-1] + "0"), ("grid", "grid.9.9"), ("lei", ror_id(1)))
    load(
        registry, [ListEntry("1", "Somebody", None, identifiers=both), ListEntry("2", "Else", None, identifiers=wrong)]
    )
    assert [each.entry for each in waiting(registry)] == ["2", "1"]


def test_the_same_edition_again_changes_nothing(registry: Database) -> None:
    items = [ListEntry("1", "Marsh College", date(2024, 1, 2)), ListEntry("2", "Tidal Works", None)]
    assert load(registry, items).added == 2
    again = load(registry, items)
    assert (again.added, again.changed, again.unchanged, again.ended) == (0, 0, 2, 0)


def test_what_a_person_decided_outlives_a_new_edition(registry: Database, vault: Vault) -> None:
    items = [ListEntry("1", "Marsh College", None), ListEntry("2", "Grey Institute", None)]
    load(registry, items)
    account = officer(registry, vault)
    grey, marsh = waiting(registry)
    with registry.write() as tx:
        decide(tx, marsh.id, subject(4), account, Timestamp(IAT + 5))
        decide(tx, grey.id, None, account, Timestamp(IAT + 5))
    newer = [ListEntry("1", "Marsh College", None, effect="Refused as a rule.")]
    report = load(registry, newer, now=IAT + 9)
    assert (report.changed, report.ended, report.pending) == (1, 1, 0)
    (listing,) = shown(registry, 4)
    assert (listing.state, listing.effect, listing.decided_by) == ("confirmed", "Refused as a rule.", account)
    load(registry, [], now=IAT + 20)
    (gone,) = shown(registry, 4)
    assert gone.ended == IAT + 20
    load(registry, items, now=IAT + 30)
    assert shown(registry, 4)[0].ended is None
    assert waiting(registry) == []


def test_what_an_identifier_says_is_no_matter_of_opinion(registry: Database, vault: Vault) -> None:
    load(registry, [ListEntry("1", "Tidal Works", None, identifiers=(("ror", ror_id(1)),))])
    account, (listing,) = officer(registry, vault), shown(registry, 1)
    with registry.write() as tx, pytest.raises(HanseError) as refused:
        decide(tx, listing.id, None, account, IAT)
    assert refused.value.code == Code.CONFLICT
    with registry.write() as tx, pytest.raises(HanseError) as refused:
        decide(tx, listing.id, SubjectId("circle:AAAAAAAAAAAAAAAAAAAAAA"), account, IAT)
    assert refused.value.code == Code.NOT_FOUND


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"Name\n\xff\xfe", Code.BAD_FILE), (b'Name\n"a"b\n', Code.BAD_FILE), (b"Other\nx\n", Code.BAD_FILE)],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, data: bytes, code: Code) -> None:
    (tmp_path / "list.csv").write_bytes(data)
    with pytest.raises(HanseError) as refused:
        list(read_table(tmp_path / "list.csv", Columns("Name")))
    assert refused.value.code == code


def test_bad_lines_are_named_by_position_and_the_rest_is_kept(registry: Database, tmp_path: Path) -> None:
    lines: list[Mapping[str, Any] | bytes] = [
        b"nonsense",
        FTM[1],
        b'{"id": 3}',
        entity("Company", "o3", name=["x"] * 600),
        entity("Company", "o4", name="y" * 900),
    ]
    report = load(registry, read_entities(ndjson(tmp_path / "list", lines)))
    assert (report.added, [position for position, _ in report.refused]) == (1, [1, 3, 4, 5])


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_no_garbage_breaks_a_reader(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("garbage") / "list"
    path.write_bytes(b"\n".join(lines))
    with suppress(HanseError):
        assert all(isinstance(item, Refused | str) for item in read_entities(path))
    with suppress(HanseError):
        list(read_table(path, Columns("Name")))
