"""Publications: counts of organisations on a topic over five years, and no trace of an author."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from node.domain.lists import PublicationReport, PublicationTie
from node.errors import Code, HanseError
from node.storage import lists as storage
from node.storage.database import Database
from node.storage.tables.base import METADATA
from node.subjects.publications import import_publications
from tests.node.subjects.registry import ror_id, subject

NONE: Mapping[str, object] = MappingProxyType({})
CANARY = "Wrenreed"
"""The name of every author; stands wherever OpenAlex writes one."""
UNIT, PARTNER, FUNDER = (
    (f"https://ror.org/{ror_id(number)}", name) for number, name in ((1, "Unit"), (2, "Partner"), (3, "Fund"))
)


def institution(named: tuple[str, str]) -> dict[str, Any]:
    return {"id": "https://openalex.example/I1", "display_name": named[1], "ror": named[0], "country_code": "NN"}


def author(*institutions: tuple[str, str]) -> dict[str, Any]:
    return {
        "author": {"id": "A1", "display_name": CANARY, "orcid": f"0000-{CANARY}"},
        "raw_author_name": CANARY,
        "raw_affiliation_strings": [f"{CANARY}, Unit, {CANARY.lower()}@unit.example"],
        "institutions": [institution(each) for each in institutions],
    }


def work(
    *authors: dict[str, Any],
    year: int = 2025,
    topic: str = "Tidal Turbines",
    more: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, Any]:
    field = {"display_name": "Ocean Engineering"}
    return {
        "id": "W1",
        "title": f"In memory of {CANARY}",
        "publication_year": year,
        "authorships": list(authors),
        "topics": [{"display_name": topic, "subfield": field, "field": {"display_name": "Engineering"}}],
        **more,
    }


def load(
    database: Database, path: Path, works: list[dict[str, Any] | bytes], topic: str = ""
) -> tuple[PublicationReport, list[PublicationTie]]:
    path.write_bytes(b"\n".join(each if isinstance(each, bytes) else msgspec.json.encode(each) for each in works))
    with database.write() as tx:
        report = import_publications(tx, path, subject(1), topic, last_year=2026)
        return report, storage.publications_of(tx, [subject(1)], 100)


def test_partners_and_funders_are_counted(database: Database, tmp_path: Path) -> None:
    funded = {
        "funders": [{"display_name": FUNDER[1], "ror": FUNDER[0]}],
        "grants": [{"funder_display_name": "Old Fund"}],
    }
    report, ties = load(
        database,
        tmp_path / "works",
        [
            work(author(UNIT), author(PARTNER), more=funded),
            work(author(UNIT, PARTNER), year=2023),
            work(author(PARTNER)),
        ],
    )
    assert (report.read, report.used, report.partners, report.funders) == (3, 2, 1, 2)
    told = {(tie.kind, tie.name): (tie.works, tie.other, tie.first_year, tie.last_year) for tie in ties}
    assert told == {
        ("joint", "Partner"): (2, subject(2), 2023, 2025),
        ("shared", "Partner"): (1, subject(2), 2023, 2023),
        ("funder", "Fund"): (1, subject(3), 2025, 2025),
        ("funder", "Old Fund"): (1, None, 2025, 2025),
    }


def test_no_author_is_stored_or_said(database: Database, tmp_path: Path) -> None:
    bad = b'{"publication_year": "' + CANARY.encode() + b'"}'
    report, _ = load(database, tmp_path / "works", [work(author(UNIT, PARTNER)), bad, CANARY.encode()])
    assert (report.used, report.refused) == (1, 2)
    assert CANARY not in str(report)
    with database.read() as tx:
        for table in METADATA.sorted_tables:
            for row in tx.connection.execute(sa.select(table)):
                assert CANARY.lower() not in str(tuple(row)).lower()


def test_only_five_years_and_the_topic_or_its_field_are_looked_at(database: Database, tmp_path: Path) -> None:
    works: list[dict[str, Any] | bytes] = [
        work(author(UNIT, PARTNER), year=2021),
        work(author(UNIT, PARTNER), year=2022),
        work(author(UNIT, PARTNER), year=2027),
        work(author(UNIT, PARTNER), topic="Grey Herons"),
    ]
    for topic, used in (("", 2), ("tidal turbines", 1), ("OCEAN engineering", 2), ("Engineering", 2), ("Chess", 0)):
        report, _ = load(database, tmp_path / "works", works, topic)
        assert report.used == used, topic


def test_an_import_takes_the_place_of_an_earlier_one_on_its_topic(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path / "works", [work(author(UNIT), author(PARTNER))], "Engineering")
    load(database, tmp_path / "works", [work(author(UNIT), author(PARTNER))], "Tidal Turbines")
    _, ties = load(database, tmp_path / "works", [work(author(UNIT), author(FUNDER))], "Engineering")
    assert [(tie.topic, tie.name) for tie in ties] == [("Engineering", "Fund"), ("Tidal Turbines", "Partner")]


def test_a_topic_has_a_bound(database: Database, tmp_path: Path) -> None:
    with pytest.raises(HanseError) as refused:
        load(database, tmp_path / "works", [], "x" * 200)
    assert refused.value.code == Code.INVALID
