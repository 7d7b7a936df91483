"""The registry's rows: subjects, and the normalised names under which they are found.

A prefix is one range of an index; nothing here scans a table. Texts given to the search are normalised by the
caller with :func:`node.domain.subjects.normalise`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.subjects import (
    KIND_ORDER,
    STATUS_ORDER,
    Name,
    NameKind,
    Organisation,
    RegistryRelation,
    Status,
    normalise,
)
from node.storage.database import Transaction
from node.storage.tables.subjects import REGISTRY_RELATIONS, SUBJECT_NAMES, SUBJECT_WORDS, SUBJECTS
from node.storage.upsert import insert_new, upsert
from protocol.identifiers import SubjectId

MAX_WORD_STARTS: Final = 6
"""Later words of one name from which it is found. Names of more words are rare, and the index grows with it."""
_AFTER_ANY: Final = "\U0010ffff"
"""The highest code point: sorts after every continuation of a prefix."""
_MAX_PARAMETERS: Final = 900
"""SQLite's oldest limit of bound parameters in one statement is 999."""

_CONTENT: Final = ("label", "origin", "circle", "detail", "modified", "record")
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Organisation)


@dataclass(frozen=True, slots=True)
class Record:
    """An organisation as one source tells it, and how that source compares with others."""

    organisation: Organisation
    detail: int
    """How full the record is: 0 only names, 1 an extract, 2 the full record."""
    modified: str
    """The registry's own date of the record (ISO 8601), empty where the source does not say."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """What is there already, for deciding whether a record replaces it."""

    detail: int
    modified: str
    encoded: bytes


@dataclass(frozen=True, slots=True)
class NameRow:
    """One name that answered a search."""

    subject: SubjectId
    normalised: str
    rank: int


def encode(organisation: Organisation) -> bytes:
    """The stored form; equal organisations have equal bytes."""
    return _ENCODER.encode(organisation)


def get_many(tx: Transaction, ids: Sequence[SubjectId]) -> dict[SubjectId, Organisation]:
    """Those of the subjects that are known, by identifier."""
    found: dict[SubjectId, Organisation] = {}
    for chunk in _chunks(ids):
        query = sa.select(SUBJECTS.c.id, SUBJECTS.c.record).where(SUBJECTS.c.id.in_(chunk))
        found.update({SubjectId(row.id): _DECODER.decode(row.record) for row in tx.connection.execute(query)})
    return found


def stored(tx: Transaction, ids: Sequence[SubjectId]) -> dict[SubjectId, StoredRecord]:
    """What is there of these subjects, undecoded."""
    found: dict[SubjectId, StoredRecord] = {}
    columns = (SUBJECTS.c.id, SUBJECTS.c.detail, SUBJECTS.c.modified, SUBJECTS.c.record)
    for chunk in _chunks(ids):
        for row in tx.connection.execute(sa.select(*columns).where(SUBJECTS.c.id.in_(chunk))):
            found[SubjectId(row.id)] = StoredRecord(row.detail, row.modified, bytes(row.record))
    return found


def put(tx: Transaction, records: Mapping[SubjectId, Record], *, replaced: Sequence[SubjectId] = ()) -> None:
    """Store new records and the new form of ``replaced`` ones, with their names.

    A subject that another transaction stored meanwhile is written over: whoever calls this knows more.
    """
    for chunk in _chunks(replaced):
        tx.connection.execute(sa.delete(SUBJECTS).where(SUBJECTS.c.id.in_(chunk)))
    upsert(tx, SUBJECTS, [_row(record) for record in records.values()], replace=_CONTENT)
    _insert_names(tx, records)
    edges = {
        (subject, tie.relation, tie.subject)
        for subject, record in records.items()
        for tie in record.organisation.relations
    }
    rows = [{"subject": subject, "kind": kind, "object": other} for subject, kind, other in sorted(edges)]
    upsert(tx, REGISTRY_RELATIONS, rows, replace=("kind",))


def notice(tx: Transaction, organisations: Iterable[Organisation]) -> None:
    """Remember names that pooled statements use for subjects that nobody here knows; never replaces anything.

    The last thing in a transaction: two that notice the same subject wait for each other here.
    """
    named = {organisation.id: organisation for organisation in organisations}
    known = labels(tx, list(named))
    absent = {key: Record(named[key], -1, "") for key in sorted(named) if key not in known}
    _insert_names(tx, {key: record for key, record in absent.items() if insert_new(tx, SUBJECTS, _row(record))})


def labels(tx: Transaction, ids: Sequence[SubjectId]) -> dict[SubjectId, str]:
    """The names to show for those of the subjects that are known."""
    found: dict[SubjectId, str] = {}
    for chunk in _chunks(ids):
        query = sa.select(SUBJECTS.c.id, SUBJECTS.c.label).where(SUBJECTS.c.id.in_(chunk))
        found.update({SubjectId(row.id): row.label for row in tx.connection.execute(query)})
    return found


def registry_relations_of(tx: Transaction, ids: Sequence[SubjectId]) -> list[RegistryRelation]:
    """Every edge that the registry states from or to one of these subjects, once, in the order of its parts.

    A subject that many records name (a large funder, a national academy) has as many edges: the caller bounds.
    """
    edges = REGISTRY_RELATIONS.c
    found: set[tuple[str, str, str]] = set()
    for chunk in _chunks(ids):
        for side in (edges.subject, edges.object):
            query = sa.select(edges.subject, edges.kind, edges.object).where(side.in_(chunk))
            found.update((row.subject, row.kind, row.object) for row in tx.connection.execute(query))
    return [RegistryRelation(SubjectId(subject), kind, SubjectId(other)) for subject, kind, other in sorted(found)]


def named(tx: Transaction, normalised: str) -> list[NameRow]:
    """Everything that bears exactly this normalised name."""
    names = SUBJECT_NAMES.c
    query = sa.select(names.subject, names.normalised, names.rank).where(names.normalised == normalised)
    return [NameRow(SubjectId(row.subject), row.normalised, row.rank) for row in tx.connection.execute(query)]


def beginning(tx: Transaction, prefix: str, limit: int, *, word: bool = False) -> list[NameRow]:
    """The ``limit`` best subjects with a name (or, with ``word``, a later word of a name) that begins so.

    Best is: the better kind of name and status, then the shorter name, then the alphabet, then the identifier.
    """
    table = (SUBJECT_WORDS if word else SUBJECT_NAMES).c
    best = (table.rank, sa.func.length(table.normalised), table.normalised, table.subject)
    query = (
        sa.select(table.subject, table.normalised, table.rank)
        .where(table.normalised >= prefix, table.normalised < prefix + _AFTER_ANY)
        .order_by(*best)
        # One organisation has several names; enough rows that ``limit`` different ones are among them.
        .limit(limit * 4)
    )
    found: dict[SubjectId, NameRow] = {}
    for row in tx.connection.execute(query):
        found.setdefault(SubjectId(row.subject), NameRow(SubjectId(row.subject), row.normalised, row.rank))
    return list(found.values())[:limit]


def count(tx: Transaction) -> int:
    """How many subjects are known."""
    return tx.connection.execute(sa.select(sa.func.count()).select_from(SUBJECTS)).scalar_one()


def name_rank(kind: NameKind, status: Status) -> int:
    """Display name before alias, then active before withdrawn."""
    return KIND_ORDER.index(kind) * len(STATUS_ORDER) + STATUS_ORDER.index(status)


def of_rank(rank: int) -> tuple[NameKind, Status]:
    """Undo :func:`name_rank`."""
    kind, status = divmod(rank, len(STATUS_ORDER))
    return KIND_ORDER[kind], STATUS_ORDER[status]


def _insert_names(tx: Transaction, records: Mapping[SubjectId, Record]) -> None:
    names: list[dict[str, object]] = []
    words: list[dict[str, object]] = []
    for subject, record in records.items():
        whole, later = _index(record.organisation)
        names += [{"normalised": text, "rank": rank, "subject": subject} for text, rank in whole]
        words += [{"normalised": text, "rank": rank, "subject": subject} for text, rank in later]
    # Every column is part of the key: a row that is there is the same row.
    upsert(tx, SUBJECT_NAMES, names, replace=("rank",))
    upsert(tx, SUBJECT_WORDS, words, replace=("rank",))


def _row(record: Record) -> dict[str, object]:
    organisation = record.organisation
    return {
        "id": organisation.id,
        "label": organisation.label,
        "origin": organisation.origin,
        "circle": organisation.circle,
        "detail": record.detail,
        "modified": record.modified,
        "record": encode(organisation),
    }


def _index(organisation: Organisation) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Normalised whole names and later word starts, each with the best rank it has here."""
    whole: dict[str, int] = {}
    later: dict[str, int] = {}
    for name in (Name(organisation.label, "display"), *organisation.names):
        text = normalise(name.value)
        rank = name_rank(name.kind, organisation.status)
        whole[text] = min(rank, whole.get(text, rank))
        start = text.find(" ") + 1
        for _ in range(MAX_WORD_STARTS):
            if not start:
                break
            tail = text[start:]
            later[tail] = min(rank, later.get(tail, rank))
            start = text.find(" ", start) + 1
    return list(whole.items()), list(later.items())


def _chunks(ids: Sequence[SubjectId]) -> Iterable[Sequence[SubjectId]]:
    for start in range(0, len(ids), _MAX_PARAMETERS):
        yield ids[start : start + _MAX_PARAMETERS]
