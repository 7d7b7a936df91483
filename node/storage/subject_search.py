"""Finding subjects by names, words, identifiers and domains, in ranges of indexes that are read up to a bound.

Texts are normalised by the caller with :func:`node.domain.subjects.normalise` or
:func:`~node.domain.subjects.identifier_key`. Both databases answer the same, because texts are compared byte by byte
and everything that is cut off is cut off in a written order.

Why it is fast on any text: each word is looked up by itself, the rarest one drives, and for every subject that has it
one look-up by (subject, word) tells whether it has the others. Neither a common word nor a short beginning reads more
than :data:`MAX_DRIVEN` rows.

Statements are made once for each shape of a search and then only bound: making one took longer than its answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import sqlalchemy as sa

from node.domain.subjects import Name, Origin, Status
from node.storage.database import Transaction
from node.storage.subjects import DOMAIN
from node.storage.tables.subject_links import SUBJECT_LINKS
from node.storage.tables.subjects import KNOWN_WORDS, SUBJECT_IDENTIFIERS, SUBJECT_NAMES, SUBJECT_WORDS, SUBJECTS
from node.storage.upsert import many, one_of
from protocol.identifiers import SubjectId

MAX_DRIVEN: Final = 2_000
"""Rows of one range that a search looks at, in the order of the index. Beyond it more letters are needed to tell
anything apart: 36,000 names begin with ``un``."""
MAX_CANDIDATES: Final = 250
"""Subjects whose names are read to rank them."""
MAX_NEAR: Final = 4_000
"""Known words that are compared with a mistyped one."""
_AFTER_ANY: Final = "\U0010ffff"
"""The highest code point: sorts after every continuation of a prefix."""


_SHAPES: Final = 256
"""Statements kept ready, of each function: a shape is how many words, and how each is asked for."""

_Shape: TypeAlias = tuple[tuple[int, bool], ...]
"""For each word of a search, how many forms it has and whether it is only begun."""


class NameRow(NamedTuple):
    """One name that answered a search."""

    subject: SubjectId
    normalised: str
    rank: int


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """One identifier of another registry that answered a search."""

    subject: SubjectId
    scheme: str
    value: str


class Shown(msgspec.Struct, frozen=True):
    """Of a stored organisation, what a search shows: the relations of a large one take longer to read than to find."""

    id: SubjectId
    label: str
    origin: Origin = "registry"
    status: Status = "unknown"
    names: tuple[Name, ...] = ()
    types: tuple[str, ...] = ()
    place: str = ""
    country: str = ""


_SHOWN: Final = msgspec.json.Decoder(Shown)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One word of a search: any of ``forms`` will do; ``begun`` where longer words that begin so will do too.

    One that is ``begun`` has a single form.
    """

    forms: tuple[str, ...]
    begun: bool = False


def named(tx: Transaction, normalised: str) -> list[NameRow]:
    """Everything that bears exactly this normalised name."""
    names = SUBJECT_NAMES.c
    query = sa.select(names.subject, names.normalised, names.rank).where(names.normalised == normalised)
    return [_name(*row) for row in tx.connection.execute(query).all()]


def beginning(tx: Transaction, prefix: str, limit: int) -> tuple[list[NameRow], list[NameRow]]:
    """Everything that bears exactly this name, and the ``limit`` best subjects with a name that begins so.

    Best is: the better kind of name and status, then the shorter name, then the alphabet, then the identifier; among
    the first :data:`MAX_DRIVEN` names of the alphabet that begin so.
    """
    # One organisation has several names; enough rows that ``limit`` different ones are among them.
    bound = {"exact": prefix, "begin": prefix, "end": prefix + _AFTER_ANY, "rows": limit * 4}
    rows = [_name(*row) for row in tx.connection.execute(_named_or_begun(), bound).all()]
    begun: dict[SubjectId, NameRow] = {}
    for row in sorted(rows, key=lambda row: (row.rank, len(row.normalised), row.normalised, row.subject)):
        begun.setdefault(row.subject, row)
    return [row for row in rows if row.normalised == prefix], list(begun.values())[:limit]


def count_rows(tx: Transaction, words: Sequence[Wanted]) -> list[int]:
    """How many rows each word finds, counted up to :data:`MAX_DRIVEN`; 0 of one that no name has."""
    return list(tx.connection.execute(_counts(_shape(words)), _bound(words)).one())


def having(tx: Transaction, words: Sequence[Wanted], counts: Sequence[int]) -> dict[SubjectId, list[NameRow]]:
    """Subjects whose names have all these words, in any order, and every name that they have.

    At most :data:`MAX_CANDIDATES`, best rank first. ``counts`` as :func:`count_rows` gives them.
    """
    if not all(counts):
        return {}
    query = _having(_shape(words), counts.index(min(counts)))
    found: dict[SubjectId, list[NameRow]] = {}
    for subject, normalised, rank in tx.connection.execute(query, _bound(words)).all():
        found.setdefault(subject, []).append(NameRow(subject, normalised, rank))
    return found


def near(tx: Transaction, word: str, edits: int, *, begun: bool) -> set[str]:
    """Known words among which are those at most ``edits`` away from ``word``; the caller measures.

    Looked at are words of nearly the same length (longer ones too, where ``word`` is only ``begun``) that share its
    beginning or its end: the half of it for one mistake, which one mistake cannot both damage, a quarter for two. Two
    neighbours swapped in the middle do damage both, so the words that one swap makes are looked up as well. What is
    missed: two mistakes of which one lies in the first quarter and one in the last, and words beyond
    :data:`MAX_NEAR` with the same piece.
    """
    size = max(1, len(word) // (2 * edits))
    first, last = word[:size], word[::-1][:size]
    bound = {
        "swapped": many(tx, (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))),
        "shortest": len(word) - edits,
        "longest": len(word) + edits,
        "first": first,
        "first_end": first + _AFTER_ANY,
        "last": last,
        "last_end": last + _AFTER_ANY,
    }
    swapped, at_beginning, at_end = tx.connection.execute(_near(begun, tx.is_postgresql), bound).one()
    found = {*(swapped or "").split(), *(at_beginning or "").split()}
    return found.union(each[::-1] for each in (at_end or "").split())


def shown(tx: Transaction, subjects: Iterable[SubjectId]) -> tuple[dict[SubjectId, Shown], bool]:
    """What a search shows of those of the subjects that are known; and whether any of these is linked to another."""
    known: dict[SubjectId, Shown] = {}
    linked = False
    rows = tx.connection.execute(_shown(tx.is_postgresql), {"subjects": many(tx, subjects)}).all()
    for subject, record, canonical in rows:
        known[subject] = _SHOWN.decode(record)
        linked = linked or canonical is not None
    return known, linked


def identified(tx: Transaction, key: str, scheme: str = "") -> list[IdentifierRow]:
    """Subjects that another registry identifies so; a domain is none."""
    rows = SUBJECT_IDENTIFIERS.c
    query = sa.select(rows.subject, rows.scheme, rows.value).where(rows.key == key, rows.scheme != DOMAIN)
    if scheme:
        query = query.where(sa.func.lower(rows.scheme) == scheme.lower())
    found = tx.connection.execute(query.order_by(rows.scheme, rows.subject).limit(MAX_CANDIDATES))
    return [IdentifierRow(SubjectId(row.subject), row.scheme, row.value) for row in found]


def at_domain(tx: Transaction, beginning_of: str, limit: int) -> list[IdentifierRow]:
    """Subjects with a domain that begins so, the shorter domain first."""
    rows = SUBJECT_IDENTIFIERS.c
    first = (
        sa.select(rows.subject, rows.scheme, rows.value)
        .where(rows.key >= beginning_of, rows.key < beginning_of + _AFTER_ANY, rows.scheme == DOMAIN)
        .order_by(rows.key)
        .limit(MAX_CANDIDATES)
        .subquery()
    )
    query = sa.select(first).order_by(sa.func.length(first.c.value), first.c.value, first.c.subject).limit(limit)
    return [IdentifierRow(SubjectId(row.subject), row.scheme, row.value) for row in tx.connection.execute(query)]


def _name(subject: str, normalised: str, rank: int) -> NameRow:
    return NameRow(SubjectId(subject), normalised, rank)


@lru_cache(maxsize=1)
def _named_or_begun() -> sa.CompoundSelect[Any]:
    names = SUBJECT_NAMES.c
    columns = (names.subject, names.normalised, names.rank)
    begun = sa.and_(names.normalised >= sa.bindparam("begin"), names.normalised < sa.bindparam("end"))
    first = sa.select(*columns).where(begun).order_by(names.normalised).limit(MAX_DRIVEN).subquery()
    order = (first.c.rank, sa.func.length(first.c.normalised), first.c.normalised, first.c.subject)
    best = sa.select(first).order_by(*order).limit(sa.bindparam("rows", type_=sa.Integer)).subquery()
    return sa.union_all(sa.select(*columns).where(names.normalised == sa.bindparam("exact")), sa.select(best))


def _shape(words: Sequence[Wanted]) -> _Shape:
    return tuple((len(word.forms), word.begun) for word in words)


def _bound(words: Sequence[Wanted]) -> dict[str, str]:
    """The values of a statement of the shape of these words."""
    bound = {f"word_{number}_{form}": text for number, word in enumerate(words) for form, text in enumerate(word.forms)}
    return bound | {f"end_{number}": word.forms[0] + _AFTER_ANY for number, word in enumerate(words) if word.begun}


@lru_cache(maxsize=2)
def _shown(postgresql: bool) -> sa.Select[Any]:  # noqa: FBT001
    links = SUBJECT_LINKS.c
    source = SUBJECTS.outerjoin(SUBJECT_LINKS, sa.and_(links.alias == SUBJECTS.c.id, links.undone_at.is_(None)))
    among = one_of(SUBJECTS.c.id, "subjects", postgresql=postgresql)
    return sa.select(SUBJECTS.c.id, SUBJECTS.c.record, links.canonical).select_from(source).where(among)


@lru_cache(maxsize=_SHAPES)
def _counts(shape: _Shape) -> sa.Select[Any]:
    counts = []
    for number in range(len(shape)):
        rows = sa.select(SUBJECT_WORDS.c.rank).where(_is(SUBJECT_WORDS.c.word, shape, number)).limit(MAX_DRIVEN)
        counts.append(sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery())
    return sa.select(*counts)


@lru_cache(maxsize=_SHAPES)
def _having(shape: _Shape, driver: int) -> sa.Select[Any]:
    """The names of what has every word; ``driver`` is the rarest of them."""
    driven = sa.union_all(*_driven(shape, driver)).subquery()
    best = sa.select(driven.c.subject, sa.func.min(driven.c.rank).label("best"))
    for number in range(len(shape)):
        if number != driver:
            other = SUBJECT_WORDS.alias(f"other_{number}")
            best = best.where(sa.exists().where(other.c.subject == driven.c.subject, _is(other.c.word, shape, number)))
    chosen = best.group_by(driven.c.subject).order_by("best", driven.c.subject).limit(MAX_CANDIDATES).subquery()
    names = SUBJECT_NAMES.c
    source = chosen.join(SUBJECT_NAMES, names.subject == chosen.c.subject)
    return sa.select(names.subject, names.normalised, names.rank).select_from(source)


def _driven(shape: _Shape, number: int) -> list[sa.Select[Any]]:
    """The rows of each form of a word in the order of the index, its share of :data:`MAX_DRIVEN`."""
    rows = SUBJECT_WORDS.c
    order = (rows.word, rows.rank, rows.subject)
    forms, begun = shape[number]
    parts = []
    for form in range(forms):
        fits = _begins(rows.word, number) if begun else rows.word == sa.bindparam(f"word_{number}_{form}")
        some = sa.select(rows.subject, rows.rank).where(fits).order_by(*order).limit(MAX_DRIVEN // forms).subquery()
        parts.append(sa.select(some.c.subject, some.c.rank))
    return parts


@lru_cache(maxsize=4)
def _near(begun: bool, postgresql: bool) -> sa.Select[Any]:  # noqa: FBT001
    """Three lists of words, each as one text: thousands of rows cost more to fetch than to find."""
    words = KNOWN_WORDS.c
    shortest, longest = sa.bindparam("shortest", type_=sa.Integer), sa.bindparam("longest", type_=sa.Integer)
    first = [words.word >= sa.bindparam("first"), words.word < sa.bindparam("first_end")]
    if not begun:
        first.append(sa.func.length(words.word).between(shortest, longest))
    last = [words.reversed >= sa.bindparam("last"), words.reversed < sa.bindparam("last_end")]
    last.append(sa.func.length(words.reversed).between(shortest, longest))
    parts = (
        sa.select(words.word.label("found")).where(one_of(words.word, "swapped", postgresql=postgresql)),
        sa.select(words.word.label("found")).where(*first).limit(MAX_NEAR),
        # Written backwards, as they stand in the index.
        sa.select(words.reversed.label("found")).where(*last).limit(MAX_NEAR),
    )
    joined = (sa.select(sa.func.aggregate_strings(part.subquery().c.found, " ")) for part in parts)
    return sa.select(*(each.scalar_subquery() for each in joined))


def _is(column: sa.ColumnElement[str], shape: _Shape, number: int) -> sa.ColumnElement[bool]:
    forms, begun = shape[number]
    if begun:
        return _begins(column, number)
    bound: list[sa.ColumnElement[Any]] = [sa.bindparam(f"word_{number}_{form}") for form in range(forms)]
    return column == bound[0] if forms == 1 else column.in_(bound)


def _begins(column: sa.ColumnElement[str], number: int) -> sa.ColumnElement[bool]:
    return sa.and_(column >= sa.bindparam(f"word_{number}_0"), column < sa.bindparam(f"end_{number}"))
