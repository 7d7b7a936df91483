"""Reading public lists: a table with any columns, or FollowTheMoney entities, one JSON object a line.

Persons never get further than this module: of a row or entity that is no organisation nothing but its kind is looked
at, and only a count of it goes on. Where a list does not say whether somebody is a person, it is dropped as well.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from node.domain.lists import (
    MAX_EFFECT_CHARACTERS,
    MAX_ENTRY_CHARACTERS,
    MAX_LISTED_NAME_CHARACTERS,
    Columns,
    ListEntry,
)
from node.domain.subjects import SkippedRecord
from node.errors import Code, HanseError
from node.subjects.source import open_source

MAX_LIST_BYTES: Final = 64 * 1024 * 1024
"""A table is read whole; the largest public lists of organisations have some ten megabytes."""
MAX_LINK_CHARACTERS: Final = 2_000
MAX_IDENTIFIERS: Final = 40
"""Identifiers of one entry."""
_ORGANISATIONS: Final = frozenset({"Organization", "Company", "PublicBody"})
_PERSON: Final = "Person"
_UNCLEAR: Final = "LegalEntity"
"""FollowTheMoney's word for somebody of whom the source does not say whether it is a person or an organisation."""
_FTM_SCHEMES: Final[Mapping[str, str]] = {
    "leiCode": "lei",
    "wikidataId": "wikidata",
    "registrationNumber": "registration",
    "uscCode": "uscc",
    "ogrnCode": "ogrn",
    "dunsCode": "duns",
    "uniqueEntityId": "uei",
    "rorId": "ror",
}
"""Which properties are identifiers of an organisation, and the scheme under which ours are compared with them."""

Dropped: TypeAlias = Literal["person", "unclear", "other"]
_Values = Annotated[list[str], msgspec.Meta(max_length=500)]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row or line that could not be read; ``position`` counts as its format does, a table's header being row 1."""

    position: int
    reason: str


Item: TypeAlias = ListEntry | Dropped | Refused


class _Head(msgspec.Struct):
    """All that is looked at before it is known to be an organisation."""

    id: str
    schema: str


class _SanctionProperties(msgspec.Struct):
    """What follows from a listing, and since when."""

    entity: list[str | msgspec.Raw] = []
    program: list[str] = []
    authority: list[str] = []
    provisions: list[str] = []
    startDate: list[str] = []  # noqa: N815 - the name on the wire
    listingDate: list[str] = []  # noqa: N815 - the name on the wire
    programUrl: list[str] = []  # noqa: N815 - the name on the wire


class _Sanction(msgspec.Struct):
    """A listing, as an entity of its own."""

    properties: _SanctionProperties


class _Organisation(msgspec.Struct):
    """An organisation; properties are decoded one by one, because other ones may hold anything."""

    id: str
    properties: dict[str, msgspec.Raw]
    caption: str = ""


_HEAD: Final = msgspec.json.Decoder(_Head)
_SANCTION: Final = msgspec.json.Decoder(_Sanction)
_ORGANISATION: Final = msgspec.json.Decoder(_Organisation)
_TEXTS: Final = msgspec.json.Decoder(_Values)
_NESTED: Final = msgspec.json.Decoder(list[_Sanction | str])


def read_table(path: Path, columns: Columns) -> Iterator[Item]:
    """The rows of a CSV file with a header; raises ``BAD_FILE`` where a column that is named is not there."""
    if path.stat().st_size > MAX_LIST_BYTES:
        raise HanseError(Code.TOO_LARGE, f"a table has at most {MAX_LIST_BYTES // 1_048_576} MB.", remedy="Split it.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HanseError(Code.BAD_FILE, "the table is not UTF-8.", remedy="Save it as CSV UTF-8.") from error
    sample = text[:4_096].splitlines()[0] if text else ""
    delimiter = max((",", ";", "\t"), key=sample.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        _require_columns(reader.fieldnames or (), columns)
        for row in reader:
            yield _row(reader.line_num, row, columns)
    except csv.Error as error:
        raise HanseError(
            Code.BAD_FILE, f"the table is damaged near line {reader.line_num}.", remedy="Save it as CSV again."
        ) from error


def read_entities(path: Path) -> Iterator[Item]:
    """The organisations among FollowTheMoney entities (plain or gzip); read twice, because a listing may stand first.

    Both forms are taken: listings as entities of their own, and listings inside the entity.
    """
    sanctions: dict[str, _SanctionProperties] = {}
    for _, line in _lines(path):
        if isinstance(line, bytes | str) and _kind(line) == "Sanction":
            properties = _SANCTION.decode(line).properties
            for entity in properties.entity:
                if isinstance(entity, str):
                    sanctions.setdefault(entity, properties)
    for position, line in _lines(path):
        yield _entity(position, line, sanctions)


def _require_columns(there: Iterable[str], columns: Columns) -> None:
    named = (columns.name, columns.entry, columns.listed, columns.effect, columns.link, columns.kind)
    missing = sorted({each for each in (*named, *columns.identifiers.values()) if each} - set(there))
    if missing:
        raise HanseError(
            Code.BAD_FILE, f"the table has no column {missing[0]!r}.", remedy=f"It has: {', '.join(list(there)[:40])}."
        )


def _row(position: int, row: Mapping[str, str | None], columns: Columns) -> Item:
    def cell(name: str) -> str:
        return " ".join((row.get(name) or "").replace("\x00", "").split()) if name else ""

    if columns.kind:
        kind = cell(columns.kind)
        if kind not in columns.organisations:
            return "person" if kind else "unclear"
    found = [(scheme, cell(column)) for scheme, column in columns.identifiers.items()]
    name = cell(columns.name)
    if not name:
        return Refused(position, "it has no name")
    listed = cell(columns.listed)
    day = _day(listed)
    if listed and day is None:
        return Refused(position, "the day of its listing is not written year-month-day")
    return _fitted(
        position,
        ListEntry(
            entry=cell(columns.entry) or name[:MAX_ENTRY_CHARACTERS],
            name=name,
            listed=day,
            effect=cell(columns.effect),
            link=cell(columns.link),
            identifiers=tuple((scheme, value) for scheme, value in found if value),
        ),
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes | str | SkippedRecord]]:
    with open_source(path) as source:
        for position, record in enumerate(source.records(), start=1):
            yield position, record if isinstance(record, SkippedRecord) else record.text


def _kind(line: bytes | str) -> str:
    """The schema of an entity; empty where the line is none."""
    try:
        return _HEAD.decode(line).schema
    except msgspec.DecodeError:
        return ""


def _entity(position: int, line: bytes | str | SkippedRecord, sanctions: Mapping[str, _SanctionProperties]) -> Item:
    if isinstance(line, SkippedRecord):
        return Refused(position, line.reason)
    kind = _kind(line)
    if not kind:
        return Refused(position, "it is no entity")
    if kind not in _ORGANISATIONS:
        return "person" if kind == _PERSON else "unclear" if kind == _UNCLEAR else "other"
    try:
        entity = _ORGANISATION.decode(line)
        listing = sanctions.get(entity.id) or _nested(entity)
        identifiers = [
            (scheme, value) for name, scheme in _FTM_SCHEMES.items() for value in _texts(entity, name) if value
        ]
        name = next(iter([*_texts(entity, "name"), entity.caption]), "")
        source = next(iter(_texts(entity, "sourceUrl")), "")
    except msgspec.DecodeError:
        return Refused(position, "a property has another form than the format says")
    if not name.strip():
        return Refused(position, "it has no name")
    effect = "; ".join([*listing.program, *listing.provisions, *listing.authority])
    return _fitted(
        position,
        ListEntry(
            entry=entity.id,
            name=" ".join(name.split()),
            listed=_earliest([*listing.listingDate, *listing.startDate]),
            effect=effect,
            link=next(iter([*listing.programUrl, source]), ""),
            identifiers=tuple(identifiers[:MAX_IDENTIFIERS]),
        ),
    )


def _nested(entity: _Organisation) -> _SanctionProperties:
    raw = entity.properties.get("sanctions")
    found = _NESTED.decode(raw) if raw is not None else []
    return next((each.properties for each in found if isinstance(each, _Sanction)), _SanctionProperties())


def _texts(entity: _Organisation, name: str) -> list[str]:
    raw = entity.properties.get(name)
    return _TEXTS.decode(raw) if raw is not None else []


def _earliest(days: Iterable[str]) -> date | None:
    return min((day for day in map(_day, days) if day is not None), default=None)


def _day(text: str) -> date | None:
    """A day; of a moment its day. A year alone, or a month, is no day."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _fitted(position: int, entry: ListEntry) -> ListEntry | Refused:
    """Within the bounds; what is too long is refused, except for words that may be cut."""
    if len(entry.entry) > MAX_ENTRY_CHARACTERS or len(entry.name) > MAX_LISTED_NAME_CHARACTERS:
        return Refused(position, "its name or reference is longer than any organisation's")
    if any("\x00" in text for text in (entry.entry, entry.name, entry.effect, entry.link)):
        return Refused(position, "it holds the character U+0000")
    link = entry.link if entry.link.startswith(("https://", "http://")) else ""
    return ListEntry(
        entry=entry.entry,
        name=entry.name,
        listed=entry.listed,
        effect=entry.effect[:MAX_EFFECT_CHARACTERS],
        link=link if len(link) <= MAX_LINK_CHARACTERS else "",
        identifiers=tuple(sorted(set(entry.identifiers))),
    )
