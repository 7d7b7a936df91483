"""A registry record, as its source writes it, made into an :class:`Organisation`.

Two shapes are read: records of the ROR schema version 2 (the official dump, one file of ``ror-records``), and
lines of the smaller extract that the project's data files use. Unknown members are ignored, because the registry adds
some with every release; what is read is checked.
"""

from hashlib import blake2b
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from node.domain.subjects import Name, NameKind, Organisation, RegistryTie, Status, parse_identifier
from node.errors import Code, HanseError
from node.storage.subjects import Record
from protocol.identifiers import SubjectId
from protocol.statements import as_label

MAX_NAME_CHARACTERS: Final = 500
"""Code points of one name; the longest in ROR has 183."""
MAX_ITEMS: Final = 2_000
"""Names, relations or links in one record; the largest parent in ROR has about 900 children."""

_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARACTERS)]
_Long: TypeAlias = Annotated[str, msgspec.Meta(max_length=4_000)]
_Short: TypeAlias = Annotated[str, msgspec.Meta(max_length=100)]
_RegistryStatus: TypeAlias = Literal["active", "inactive", "withdrawn"]


class _Relationship(msgspec.Struct):
    id: _Short
    type: _Short
    label: _Long = ""


class _Name(msgspec.Struct):
    value: _Text
    types: list[_Short] = []
    lang: _Short | None = None


class _GeonamesDetails(msgspec.Struct):
    name: _Long | None = None
    country_code: _Short | None = None
    country_subdivision_name: _Long | None = None


class _Location(msgspec.Struct):
    geonames_details: _GeonamesDetails


class _Link(msgspec.Struct):
    value: _Long


class _ExternalId(msgspec.Struct):
    type: _Short
    all: list[_Short] = []
    preferred: _Short | None = None


class _Change(msgspec.Struct):
    date: _Short


class _Admin(msgspec.Struct):
    last_modified: _Change


class _Ror(msgspec.Struct):
    """ROR schema version 2."""

    id: _Short
    names: Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    status: _RegistryStatus
    types: Annotated[list[_Short], msgspec.Meta(max_length=MAX_ITEMS)]
    admin: _Admin
    relationships: Annotated[list[_Relationship], msgspec.Meta(max_length=MAX_ITEMS)] = []
    locations: Annotated[list[_Location], msgspec.Meta(max_length=MAX_ITEMS)] = []
    links: Annotated[list[_Link], msgspec.Meta(max_length=MAX_ITEMS)] = []
    domains: Annotated[list[_Long], msgspec.Meta(max_length=MAX_ITEMS)] = []
    external_ids: Annotated[list[_ExternalId], msgspec.Meta(max_length=MAX_ITEMS)] = []
    established: int | None = None


class _Extract(msgspec.Struct):
    """One line of ``organisations.jsonl.gz``."""

    id: _Short
    name: _Text
    detail: Literal["v2", "v1", "names"]
    names: Annotated[list[tuple[_Short | None, _Text]], msgspec.Meta(max_length=MAX_ITEMS)] = []
    acronyms: Annotated[list[_Text], msgspec.Meta(max_length=MAX_ITEMS)] = []
    country: _Short | None = None
    types: Annotated[list[_Short], msgspec.Meta(max_length=MAX_ITEMS)] = []
    status: _RegistryStatus | None = None
    relationships: Annotated[list[_Relationship], msgspec.Meta(max_length=MAX_ITEMS)] = []
    links: Annotated[list[_Long], msgspec.Meta(max_length=MAX_ITEMS)] = []
    domains: Annotated[list[_Long], msgspec.Meta(max_length=MAX_ITEMS)] = []


class _Shape(msgspec.Struct):
    """The one member that tells the two apart: only the extract names its level of detail."""

    detail: str | None = None


_SHAPES: Final = msgspec.json.Decoder(_Shape)
_ROR: Final = msgspec.json.Decoder(_Ror)
_EXTRACT: Final = msgspec.json.Decoder(_Extract)
_KINDS: Final[tuple[tuple[str, NameKind], ...]] = (
    ("ror_display", "display"),
    ("label", "label"),
    ("alias", "alias"),
    ("acronym", "acronym"),
)
FULL_DETAIL: Final = 2
_READING: Final = b"hanse-1"
"""Part of every digest: to be raised when another record is made of the same text, or it is found by other words."""
_DIGEST_BYTES: Final = 16


def digest(text: str | bytes) -> bytes:
    """What tells one text of a record, as it is read today, from every other one."""
    data = text.encode() if isinstance(text, str) else text
    return blake2b(data, digest_size=_DIGEST_BYTES, person=_READING).digest()


def read(text: str | bytes) -> Record:
    """One record. Raises ``BAD_FILE`` saying what was wrong with it, without quoting it."""
    try:
        if _SHAPES.decode(text).detail is None:
            return _of_ror(_ROR.decode(text))
        return _of_extract(_EXTRACT.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HanseError(Code.BAD_FILE, str(error)) from error


def _of_ror(record: _Ror) -> Record:
    names = tuple(Name(_plain(name.value), _kind(name.types), name.lang or "") for name in record.names)
    display = [name.value for name in names if name.kind == "display"]
    if len(display) != 1:
        raise HanseError(Code.BAD_FILE, f"{len(display)} names are marked ror_display, not one")
    place = record.locations[0].geonames_details if record.locations else _GeonamesDetails()
    organisation = Organisation(
        id=_subject(record.id),
        label=as_label(display[0]),
        status=record.status,
        names=names,
        types=tuple(record.types),
        place=", ".join(dict.fromkeys(part for part in (place.name, place.country_subdivision_name) if part)),
        country=place.country_code or "",
        established=record.established,
        links=tuple(link.value for link in record.links),
        domains=tuple(record.domains),
        identifiers=tuple((other.type, other.preferred or other.all[0]) for other in record.external_ids if other.all),
        relations=_relations(record.relationships),
    )
    return Record(_named(organisation), FULL_DETAIL, record.admin.last_modified.date)


def _of_extract(record: _Extract) -> Record:
    status: Status = record.status or "unknown"
    label = as_label(record.name)
    others = [Name(_plain(value), "label", language or "") for language, value in record.names]
    organisation = Organisation(
        id=_subject(record.id),
        label=label,
        status=status,
        names=(
            Name(label, "display"),
            *(name for name in others if name.value != label),
            *(Name(_plain(value), "acronym") for value in record.acronyms),
        ),
        types=tuple(record.types),
        country=record.country or "",
        links=tuple(record.links),
        domains=tuple(record.domains),
        relations=_relations(record.relationships),
    )
    return Record(_named(organisation), 0 if record.detail == "names" else 1, "")


def _named(organisation: Organisation) -> Organisation:
    if not organisation.label:
        raise HanseError(Code.BAD_FILE, "a display name without a visible character")
    return organisation


def _relations(ties: list[_Relationship]) -> tuple[RegistryTie, ...]:
    return tuple(RegistryTie(tie.type, _subject(tie.id), _plain(tie.label)) for tie in ties)


def _kind(types: list[str]) -> NameKind:
    for word, kind in _KINDS:
        if word in types:
            return kind
    return "alias"


def _subject(address: str) -> SubjectId:
    subject = parse_identifier(address)
    if subject is None or not subject.startswith("ror:"):
        raise HanseError(Code.BAD_FILE, "an id that is not a ROR id, or whose check digits are wrong")
    return subject


def _plain(text: str) -> str:
    """One line, single-spaced; PostgreSQL cannot store a NUL, and nobody can read one."""
    return " ".join(text.replace("\0", " ").split())
