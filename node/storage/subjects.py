"""The registry's rows: subjects, what they are found by, and the relations that the registry states.

Finding them is in :mod:`node.storage.subject_search`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.subjects import (
    KIND_ORDER,
    MAX_KEY_CHARACTERS,
    STATUS_ORDER,
    Name,
    NameKind,
    Organisation,
    RegistryRelation,
    Status,
    domain_of,
    identifier_key,
    is_unspaced,
    normalise,
    words_of,
)
from node.storage.database import Transaction
from node.storage.tables.subjects import (
    KNOWN_WORDS,
    REGISTRY_RELATIONS,
    SUBJECT_IDENTIFIERS,
    SUBJECT_NAMES,
    SUBJECT_WORDS,
    SUBJECTS,
)
from node.storage.upsert import bulk_insert, in_values, insert_new
from protocol.identifiers import SubjectId

MAX_PARTS: Final = 24
"""Places inside an unspaced word from which it is found: the longest Chinese name in ROR has 22 characters."""
MIN_CORRECTED: Final = 4
"""Characters of the shortest word that another one is corrected to: any two words of three are nearly alike."""
DOMAIN: Final = "domain"
"""The scheme of hosts among identifiers."""
_MAX_PARAMETERS: Final = 900
"""SQLite's oldest limit of bound parameters in one statement is 999."""

_CONTENT: Final = ("label", "origin", "circle", "detail", "modified", "record", "source_digest")
_RANKS: Final = {
    (kind, status): KIND_ORDER.index(kind) * len(STATUS_ORDER) + STATUS_ORDER.index(status)
    for kind in KIND_ORDER
    for status in STATUS_ORDER
}
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
    source_digest: bytes | None = None
    """Of the text that the record was read from."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """What is there already, for deciding whether a record replaces it."""

    detail: int
    modified: str
    encoded: bytes

    @property
    def withdrawn(self) -> bool:
        """Whether the registry had withdrawn it."""
        return _DECODER.decode(self.encoded).status == "withdrawn"


def encode(organisation: Organisation) -> bytes:
    """The stored form; equal organisations have equal bytes."""
    return _ENCODER.encode(organisation)


def get_many(tx: Transaction, ids: Sequence[SubjectId]) -> dict[SubjectId, Organisation]:
    """Those of the subjects that are known, by identifier; with the identifiers that were added here."""
    found: dict[SubjectId, Organisation] = {}
    added = SUBJECT_IDENTIFIERS.c
    source = SUBJECTS.outerjoin(SUBJECT_IDENTIFIERS, sa.and_(added.subject == SUBJECTS.c.id, added.added_here))
    columns = sa.select(SUBJECTS.c.id, SUBJECTS.c.record, added.scheme, added.value).select_from(source)
    for chunk in _chunks(list(dict.fromkeys(ids))):
        query = columns.where(in_values(tx, SUBJECTS.c.id, chunk)).order_by(SUBJECTS.c.id, added.scheme, added.value)
        for row in tx.connection.execute(query):
            subject = SubjectId(row.id)
            organisation = found[subject] if subject in found else _DECODER.decode(row.record)
            if row.scheme is not None:
                identifiers = (*organisation.identifiers, (row.scheme, row.value))
                organisation = replace(organisation, identifiers=identifiers)
            found[subject] = organisation
    return found


def stored(tx: Transaction, ids: Sequence[SubjectId]) -> dict[SubjectId, StoredRecord]:
    """What is there of these subjects, undecoded."""
    found: dict[SubjectId, StoredRecord] = {}
    columns = (SUBJECTS.c.id, SUBJECTS.c.detail, SUBJECTS.c.modified, SUBJECTS.c.record)
    for chunk in _chunks(ids):
        for row in tx.connection.execute(sa.select(*columns).where(in_values(tx, SUBJECTS.c.id, chunk))):
            found[SubjectId(row.id)] = StoredRecord(row.detail, row.modified, bytes(row.record))
    return found


def source_digests(tx: Transaction) -> dict[bytes, SubjectId]:
    """Whose record was read from which text, for all at once: some 30 MB for the registry of today."""
    query = sa.select(SUBJECTS.c.source_digest, SUBJECTS.c.id).where(SUBJECTS.c.source_digest.is_not(None))
    return {bytes(digest): SubjectId(subject) for digest, subject in tx.connection.execute(query)}


def put(tx: Transaction, records: Mapping[SubjectId, Record]) -> None:
    """Store these records and what their subjects are found by, in place of what was there.

    A subject that another transaction stored meanwhile is written over: whoever calls this knows more.
    """
    rows = [tuple(_row(records[subject]).values()) for subject in sorted(records)]
    bulk_insert(tx, SUBJECTS, ("id", *_CONTENT), rows, replace=_CONTENT)
    _replace_index(tx, records)


def notice(tx: Transaction, organisations: Iterable[Organisation]) -> None:
    """Remember names that pooled statements use for subjects that nobody here knows; never replaces anything.

    The last thing in a transaction: two that notice the same subject wait for each other here.
    """
    named = {organisation.id: organisation for organisation in organisations}
    known = labels(tx, list(named))
    absent = {key: Record(named[key], -1, "") for key in sorted(named) if key not in known}
    _replace_index(tx, {key: record for key, record in absent.items() if insert_new(tx, SUBJECTS, _row(record))})


def labels(tx: Transaction, ids: Sequence[SubjectId]) -> dict[SubjectId, str]:
    """The names to show for those of the subjects that are known."""
    found: dict[SubjectId, str] = {}
    for chunk in _chunks(ids):
        query = sa.select(SUBJECTS.c.id, SUBJECTS.c.label).where(in_values(tx, SUBJECTS.c.id, chunk))
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
            query = sa.select(edges.subject, edges.kind, edges.object).where(in_values(tx, side, chunk))
            found.update((row.subject, row.kind, row.object) for row in tx.connection.execute(query))
    return [RegistryRelation(SubjectId(subject), kind, SubjectId(other)) for subject, kind, other in sorted(found)]


def settle(tx: Transaction) -> None:
    """After many rows have changed: have PostgreSQL count them now, so that its next plans fit."""
    if tx.is_postgresql:
        for table in (SUBJECTS, SUBJECT_NAMES, SUBJECT_WORDS, KNOWN_WORDS, SUBJECT_IDENTIFIERS, REGISTRY_RELATIONS):
            tx.connection.exec_driver_sql(f"ANALYZE {table.name}")


def add_identifier(tx: Transaction, subject: SubjectId, scheme: str, value: str) -> bool:
    """Note what another register calls a subject; whether that was new. Stays when its record is replaced."""
    row = {
        "key": identifier_key(value),
        "scheme": scheme,
        "subject": subject,
        "value": value,
        "added_here": True,
    }
    return insert_new(tx, SUBJECT_IDENTIFIERS, row)


def count(tx: Transaction) -> int:
    """How many subjects are known."""
    return tx.connection.execute(sa.select(sa.func.count()).select_from(SUBJECTS)).scalar_one()


def name_rank(kind: NameKind, status: Status) -> int:
    """Display name before alias, then active before withdrawn."""
    return _RANKS[kind, status]


def of_rank(rank: int) -> tuple[NameKind, Status]:
    """Undo :func:`name_rank`."""
    kind, status = divmod(rank, len(STATUS_ORDER))
    return KIND_ORDER[kind], STATUS_ORDER[status]


def _replace_index(tx: Transaction, records: Mapping[SubjectId, Record]) -> None:
    """What these subjects are found by. Their rows are locked by this transaction, so nobody else writes the same."""
    for chunk in _chunks(list(records)):
        for table in (SUBJECT_NAMES, SUBJECT_WORDS, REGISTRY_RELATIONS):
            tx.connection.execute(sa.delete(table).where(in_values(tx, table.c.subject, chunk)))
        here = SUBJECT_IDENTIFIERS.c
        of_record = sa.and_(in_values(tx, here.subject, chunk), here.added_here.is_(False))
        tx.connection.execute(sa.delete(SUBJECT_IDENTIFIERS).where(of_record))
    names: list[tuple[str, int, str]] = []
    words: list[tuple[str, int, str]] = []
    identifiers: list[tuple[str, str, str, str, bool]] = []
    edges: set[tuple[str, str, str]] = set()
    known: set[str] = set()
    for subject, record in records.items():
        organisation = record.organisation
        whole, single, new = _index(organisation)
        names += [(text, rank, subject) for text, rank in whole.items()]
        words += [(word, rank, subject) for word, rank in single.items()]
        known |= new
        identifiers += [(*each, subject, value, False) for each, value in _identifiers(organisation).items()]
        edges |= {(subject, tie.relation, tie.subject) for tie in organisation.relations}
    bulk_insert(tx, SUBJECT_NAMES, ("normalised", "rank", "subject"), sorted(names), fresh=True)
    bulk_insert(tx, SUBJECT_WORDS, ("word", "rank", "subject"), sorted(words), fresh=True)
    bulk_insert(tx, KNOWN_WORDS, ("word", "reversed"), [(word, word[::-1]) for word in sorted(known)])
    columns = ("key", "scheme", "subject", "value", "added_here")
    bulk_insert(tx, SUBJECT_IDENTIFIERS, columns, sorted(identifiers))
    bulk_insert(tx, REGISTRY_RELATIONS, ("subject", "kind", "object"), sorted(edges), fresh=True)


def _row(record: Record) -> dict[str, str | int | bytes | None]:
    organisation = record.organisation
    return {
        "id": organisation.id,
        "label": organisation.label,
        "origin": organisation.origin,
        "circle": organisation.circle,
        "detail": record.detail,
        "modified": record.modified,
        "record": encode(organisation),
        "source_digest": record.source_digest,
    }


def _index(organisation: Organisation) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Normalised names and their words, each with the best rank it has here, and the words to correct others by."""
    whole: dict[str, int] = {}
    single: dict[str, int] = {}
    known: set[str] = set()
    written: dict[str, str] = {}
    for name in (Name(organisation.label, "display"), *organisation.names):
        if (text := written.get(name.value)) is None:
            text = written[name.value] = normalise(name.value)
        rank = name_rank(name.kind, organisation.status)
        if rank >= whole.get(text, rank + 1):
            continue
        whole[text] = rank
        for word in words_of(text):
            known.add(word)
            single[word] = min(rank, single.get(word, rank))
            if is_unspaced(word):
                for start in range(1, min(len(word) - 1, MAX_PARTS)):
                    part = word[start:]
                    single[part] = min(rank, single.get(part, rank))
    return whole, single, {word for word in known if len(word) >= MIN_CORRECTED}


def _identifiers(organisation: Organisation) -> dict[tuple[str, str], str]:
    """Values by key and scheme; the hosts of the links are domains too."""
    found: dict[tuple[str, str], str] = {}
    for scheme, value in organisation.identifiers:
        if key := identifier_key(value):
            found.setdefault((key, scheme), value)
    for link in (*organisation.domains, *organisation.links):
        if host := domain_of(link)[:MAX_KEY_CHARACTERS]:
            found.setdefault((host, DOMAIN), host)
    return found


def _chunks(ids: Sequence[SubjectId]) -> Iterable[Sequence[SubjectId]]:
    for start in range(0, len(ids), _MAX_PARAMETERS):
        yield ids[start : start + _MAX_PARAMETERS]
