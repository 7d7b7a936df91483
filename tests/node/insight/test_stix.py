"""STIX 2.1: what statements become, read by the library of OASIS and found valid by its validator."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import stix2  # type: ignore[import-untyped]
import stix2validator  # type: ignore[import-untyped]
from stix2validator import ValidationOptions, validate_instance

from node.insight import taxii
from node.insight.stix.definitions import EXTENSION, MARKINGS, StixObject
from node.insight.stix.identifiers import Milliseconds, contributor_id, statement_id, stix_time, subject_id
from node.storage import statements
from node.storage import taxii as storage
from protocol.identifiers import CircleId, KeyId, SubjectId, encode_bytes
from protocol.statements import DAY_SECONDS
from tests.node import statements as make
from tests.node.insight.collections import fill, read_all, read_page
from tests.node.insight.support import Pool, pools_of
from tests.node.subjects.registry import load_records, record, subject

KNOWN_WARNINGS: Final = {
    "103": "identifiers are of version 5, so that every node gives a statement the same one",
    "202": "a relation keeps its own type, which STIX leaves open",
}


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    """A pool on SQLite; the mapping depends on no database."""
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}")
    load_records(pool.database, tmp_path, [record(1, "Aldermoor University"), record(2, "Northport College")])
    yield pool
    pool.database.close()


def written(content: StixObject) -> dict[str, Any]:
    """As a client reads it."""
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content), type=dict)
    return decoded


def by_id(pool: Pool) -> Mapping[str, dict[str, Any]]:
    return {each.indexed.id: written(each.content) for each in read_all(pool)}


def test_statements_become_notes_relationships_and_opinions(pool: Pool) -> None:
    ids = fill(pool)
    found = by_id(pool)
    one, two, three = (pool.contributor(author) for author in (1, 2, 3))

    note = found[statement_id("note", pool.circle, one, ids["kept"])]
    assert note["object_refs"] == [subject_id(pool.circle, subject(1))]
    assert note["created_by_ref"] == contributor_id(pool.circle, one)
    assert note["object_marking_refs"] == [MARKINGS["TLP:AMBER+STRICT"]]
    assert note["confidence"] == 70
    assert "Owners differ between registers." in note["content"]
    extension = note["extensions"][EXTENSION]
    assert (extension["indicator"], extension["polarity"], extension["strength"]) == (make.INDICATOR, "concern", 2)
    assert extension["observed_until"] == "2026-06-30"

    tie = found[statement_id("relationship", pool.circle, two, ids["tie"])]
    assert (tie["source_ref"], tie["target_ref"]) == tuple(subject_id(pool.circle, subject(n)) for n in (1, 2))
    assert tie["relationship_type"] == "joint-laboratory-of"

    stances = {
        found[statement_id("opinion", pool.circle, author, ids[name])]["opinion"]: found[
            statement_id("opinion", pool.circle, author, ids[name])
        ]["object_refs"]
        for author, name in ((two, "agrees"), (three, "disputes"), (three, "context"))
    }
    assert stances == {"agree": [note["id"]], "disagree": [note["id"]], "neutral": [tie["id"]]}
    assert found[subject_id(pool.circle, subject(1))]["name"] == "Aldermoor University"


def test_a_correction_is_the_next_version_and_a_retraction_takes_the_words_away(pool: Pool) -> None:
    ids = fill(pool)
    found = by_id(pool)
    one = pool.contributor(1)
    moved = found[statement_id("note", pool.circle, one, ids["moved"])]
    assert moved["modified"] > moved["created"]
    assert moved["object_refs"] == [subject_id(pool.circle, subject(2))]
    assert "Fewer than first thought." in moved["content"]
    gone = found[statement_id("note", pool.circle, one, ids["gone"])]
    assert gone["revoked"] is True
    assert gone["modified"] > gone["created"]
    assert "Unwanted words." not in str(found)


def test_what_has_expired_is_not_given(pool: Pool) -> None:
    ids = fill(pool)
    pool.node.clock.advance(make.LIFE + DAY_SECONDS)
    left = by_id(pool)
    assert not [each for each in left.values() if each["type"] in {"note", "relationship", "opinion"}]
    assert ids


def test_a_long_feed_is_read_as_far_as_a_page_needs(pool: Pool) -> None:
    """In several chunks, with responses that stand far before what they answer."""
    answered = [make.finding(pool.circle) for _ in range(3)]
    pool.say(2, *(make.response(pool.circle, pool.contributor(1), each.id) for each in answered))
    pool.say(1, *make.findings(pool.circle, taxii.CHUNK), *answered)
    assert read_page(pool, limit=10).more
    with pool.database.read() as tx:
        assert storage.position(tx, pool.circle).indexed_to < statements.last_seq(tx)
    found = [each.indexed for each in read_all(pool)]
    assert len({each.id for each in found}) == len(found)
    assert sum(each.type == "note" for each in found) == taxii.CHUNK + len(answered)
    assert sum(each.type == "opinion" for each in found) == len(answered)
    assert [each.added for each in found] == sorted(each.added for each in found)


def test_every_reference_leads_to_an_object_of_the_collection(pool: Pool) -> None:
    fill(pool)
    found = by_id(pool)
    for each in found.values():
        refs = [*each.get("object_refs", []), *each.get("object_marking_refs", [])]
        refs += [each[name] for name in ("created_by_ref", "source_ref", "target_ref") if name in each]
        refs += [name for name in each.get("extensions", {}) if name == EXTENSION]
        assert set(refs) <= found.keys(), each["id"]


def test_no_member_is_named_and_no_place_is_inferred(pool: Pool) -> None:
    fill(pool)
    text = str(by_id(pool))
    assert "member-" not in text
    assert "location" not in text
    assert "country" not in text


def test_the_library_of_oasis_reads_every_object(pool: Pool) -> None:
    fill(pool)
    for each in by_id(pool).values():
        parsed = stix2.parse(each)
        assert parsed.id == each["id"]
        assert written(msgspec.json.decode(parsed.serialize())).keys() == each.keys()


def test_the_validator_of_oasis_finds_no_error(pool: Pool) -> None:
    schemas = Path(stix2validator.__file__).parent / "schemas-2.1"
    if not schemas.is_dir():
        pytest.skip("needs the schemas of stix2-validator: version 3.3.1 was packed without them, 3.2.0 has them")
    fill(pool)
    options = ValidationOptions(version="2.1")
    for each in by_id(pool).values():
        result = validate_instance(each, options)
        assert result.is_valid, (each["id"], [str(error) for error in result.errors])
        for warning in result.warnings:
            assert any(f"{{{code}}}" in str(warning) for code in KNOWN_WARNINGS), str(warning)


def test_a_member_cannot_take_another_ones_identifier() -> None:
    """Statement identifiers are unique inside one log alone."""
    circle, other = (CircleId(encode_bytes(bytes([n]) * 32)) for n in (1, 2))
    keys = [KeyId(encode_bytes(bytes([n]) * 32)) for n in (3, 4)]
    name = make.new_id()
    made = {statement_id("note", each, key, name) for each in (circle, other) for key in keys}
    assert len(made) == 4
    scoped = SubjectId("circle:" + "A" * 22)
    assert subject_id(circle, scoped) != subject_id(other, scoped)
    assert subject_id(circle, subject(1)) == subject_id(other, subject(1))
    assert contributor_id(circle, keys[0]) != contributor_id(other, keys[0])


def test_times_are_written_with_three_digits() -> None:
    assert stix_time(Milliseconds(1_767_225_600_007)) == "2026-01-01T00:00:00.007Z"
