"""Invented registry records in the three shapes that a node loads."""

import gzip
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from node.domain.subjects import LoadReport
from node.storage.database import Database
from node.subjects import load
from protocol.identifiers import SubjectId

_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
Json = Mapping[str, Any]


def ror_id(number: int) -> str:
    """An invented ROR id with right check digits: ``0hans`` and a number."""
    stem = "0hans" + _CROCKFORD[number // 32] + _CROCKFORD[number % 32]
    value = 0
    for character in stem:
        value = value * 32 + _CROCKFORD.index(character)
    return f"{stem}{98 - (value * 100) % 97:02d}"


def subject(number: int) -> SubjectId:
    """The subject with that id."""
    return SubjectId(f"ror:{ror_id(number)}")


def record(
    number: int,
    display: str,
    *,
    names: Sequence[tuple[str, str]] = (),
    status: str = "active",
    country: str = "NN",
    place: str = "Aldermoor",
    modified: str = "2026-01-01",
    successor: int | None = None,
) -> dict[str, Any]:
    """A record of ROR schema version 2; ``names`` are pairs of a name and its type."""
    return {
        "id": f"https://ror.org/{ror_id(number)}",
        "names": [
            {"value": display, "types": ["ror_display", "label"], "lang": "en"},
            *({"value": value, "types": [kind], "lang": None} for value, kind in names),
        ],
        "status": status,
        "types": ["education"],
        "admin": {"created": {"date": "2020-01-01"}, "last_modified": {"date": modified, "schema_version": "2.1"}},
        "relationships": []
        if successor is None
        else [{"type": "successor", "id": f"https://ror.org/{ror_id(successor)}", "label": "The successor"}],
        "locations": [
            {"geonames_id": 1, "geonames_details": {"name": place, "country_code": country, "lat": 0.5, "lng": 1.5}}
        ],
        "links": [{"type": "website", "value": "https://example.org"}],
        "domains": [],
        "external_ids": [{"type": "grid", "all": ["grid.1.2"], "preferred": None}],
        "established": 1900,
    }


def extract(number: int, name: str, *, detail: str = "names", **more: object) -> dict[str, object]:
    """A line of the small extract."""
    return {"id": f"https://ror.org/{ror_id(number)}", "name": name, "names": [], "detail": detail, **more}


def write_lines(path: Path, records: Iterable[Json | str]) -> Path:
    """A gzip of JSON lines; a ``str`` is written as it is."""
    lines = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in records]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def write_dump(path: Path, records: Sequence[Json], *, indent: int | None = 4) -> Path:
    """The official layout: a zip with the JSON array and a table beside it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v9.9-2026-01-01-ror-data_schema_v2.csv", "id,name\n")
        archive.writestr("v9.9-2026-01-01-ror-data_schema_v2.json", json.dumps(records, indent=indent))
    return path


def load_records(database: Database, path: Path, records: Iterable[Json]) -> LoadReport:
    """Write and load records in one step."""
    return load(database, write_lines(path / "records.jsonl.gz", records))
