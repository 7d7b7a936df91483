"""Finding subjects by names, words, identifiers and domains, in ranges of indexes that are read up to a bound.

Texts are normalised by the caller with :func:`node.domain.subjects.normalise` or
:func:`~node.domain.subjects.identifier_key`. Both databases answer the same, because texts are compared byte by byte
and everything that is cut off is cut off in a written order.

Why it is fast on any text: each word is looked up by itself, the rarest one drives, and for every subject that has it
one look-up by (subject, word) tells whether it has the others. Neither a common word nor a short beginning reads more
than :data:`MAX_DRIVEN` rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.subjects import DOMAIN
from node.storage.tables.subjects import KNOWN_WORDS, SUBJECT_IDENTIFIERS, SUBJECT_NAMES, SUBJECT_WORDS
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


@dataclass(frozen=True, slots=True)
class NameRow:
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
    return [NameRow(SubjectId(row.subject), row.normalised, row.rank) for row in tx.connection.execute(query)]


def beginning(tx: Transaction, prefix: str, limit: int) -> list[NameRow]:
    """The ``limit`` best subjects with a name that begins so, among the first :data:`MAX_DRIVEN` of the alphabet.

    Best is: the better kind of name and status, then the shorter name, then the alphabet, then the identifier.
    """
    names = SUBJECT_NAMES.c
    first = (
        sa.select(names.normalised, names.rank, names.subject)
        .where(_begins(names.normalised, prefix))
        .order_by(names.normalised)
        .limit(MAX_DRIVEN)
        .subquery()
    )
    # One organisation has several names; enough rows that ``limit`` different ones are among them.
    best = sa.select(first).order_by(
        first.c.rank, sa.func.length(first.c.normalised), first.c.normalised, first.c.subject
    )
    found: dict[SubjectId, NameRow] = {}
    for row in tx.connection.execute(best.limit(limit * 4)):
        found.setdefault(SubjectId(row.subject), NameRow(SubjectId(row.subject), row.normalised, row.rank))
    return list(found.values())[:limit]


def having(tx: Transaction, words: Sequence[Wanted]) -> list[SubjectId]:
    """Subjects whose names have all these words, in any order; at most :data:`MAX_CANDIDATES`, best rank first."""
    counts = _rows_of(tx, words)
    if not all(counts):
        return []
    driver = words[counts.index(min(counts))]
    driven = sa.union_all(*(_driven(form, driver, len(driver.forms)) for form in driver.forms)).subquery()
    query = sa.select(driven.c.subject, sa.func.min(driven.c.rank).label("best"))
    for number, word in enumerate(words):
        if word is not driver:
            other = SUBJECT_WORDS.alias(f"other_{number}")
            query = query.where(sa.exists().where(other.c.subject == driven.c.subject, _is(other.c.word, word)))
    query = query.group_by(driven.c.subject).order_by("best", driven.c.subject).limit(MAX_CANDIDATES)
    return [SubjectId(row.subject) for row in tx.connection.execute(query)]


def names_of(tx: Transaction, subjects: Sequence[SubjectId]) -> dict[SubjectId, list[NameRow]]:
    """Every indexed name of these subjects."""
    found: dict[SubjectId, list[NameRow]] = {}
    names = SUBJECT_NAMES.c
    for some in chunks(subjects):
        query = sa.select(names.subject, names.normalised, names.rank).where(names.subject.in_(some))
        for row in tx.connection.execute(query):
            found.setdefault(SubjectId(row.subject), []).append(
                NameRow(SubjectId(row.subject), row.normalised, row.rank)
            )
    return found


def is_known(tx: Transaction, word: Wanted) -> bool:
    """Whether any name has this word."""
    query = sa.select(SUBJECT_WORDS.c.word).where(_is(SUBJECT_WORDS.c.word, word)).limit(1)
    return tx.connection.execute(query).first() is not None


def near(tx: Transaction, word: str, edits: int, *, begun: bool) -> set[str]:
    """Known words among which are those at most ``edits`` away from ``word``; the caller measures.

    Looked at are words of nearly the same length (longer ones too, where ``word`` is only ``begun``) that share its
    beginning or its end: the half of it for one mistake, which one mistake cannot both damage, a quarter for two. Two
    neighbours swapped in the middle do damage both, so the words that one swap makes are looked up as well. What is
    missed: two mistakes of which one lies in the first quarter and one in the last, and words beyond
    :data:`MAX_NEAR` with the same piece.
    """
    piece = max(1, len(word) // (2 * edits))
    words = KNOWN_WORDS.c
    near_length = sa.func.length(words.word).between(len(word) - edits, len(word) + edits)
    at_beginning = sa.select(words.word).where(_begins(words.word, word[:piece]))
    at_end = sa.select(words.word).where(_begins(words.reversed, word[::-1][:piece]), near_length)
    swapped = [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]
    found = set(tx.connection.execute(sa.select(words.word).where(words.word.in_(swapped))).scalars())
    for query in (at_beginning if begun else at_beginning.where(near_length), at_end):
        found.update(tx.connection.execute(query.limit(MAX_NEAR)).scalars())
    return found


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
        .where(_begins(rows.key, beginning_of), rows.scheme == DOMAIN)
        .order_by(rows.key)
        .limit(MAX_CANDIDATES)
        .subquery()
    )
    query = sa.select(first).order_by(sa.func.length(first.c.value), first.c.value, first.c.subject).limit(limit)
    return [IdentifierRow(SubjectId(row.subject), row.scheme, row.value) for row in tx.connection.execute(query)]


def _driven(form: str, word: Wanted, of: int) -> sa.Select[tuple[str, int]]:
    """The rows of one form in the order of the index, its share of :data:`MAX_DRIVEN`."""
    rows = SUBJECT_WORDS.c
    order = (rows.word, rows.rank, rows.subject)
    fits = _is(rows.word, Wanted((form,), begun=word.begun))
    some = sa.select(rows.subject, rows.rank).where(fits).order_by(*order).limit(MAX_DRIVEN // of).subquery()
    return sa.select(some.c.subject, some.c.rank)


def _rows_of(tx: Transaction, words: Sequence[Wanted]) -> list[int]:
    """How many rows each word drives, counted up to the bound; not counted where one word stands alone."""
    if len(words) == 1:
        return [1]
    counts = []
    for word in words:
        some = sa.select(SUBJECT_WORDS.c.rank).where(_is(SUBJECT_WORDS.c.word, word)).limit(MAX_DRIVEN).subquery()
        counts.append(sa.select(sa.func.count()).select_from(some).scalar_subquery())
    return list(tx.connection.execute(sa.select(*counts)).one())


def _is(column: sa.Column[str], word: Wanted) -> sa.ColumnElement[bool]:
    if word.begun:
        return _begins(column, word.forms[0])
    return column == word.forms[0] if len(word.forms) == 1 else column.in_(word.forms)


def _begins(column: sa.Column[str], prefix: str) -> sa.ColumnElement[bool]:
    return sa.and_(column >= prefix, column < prefix + _AFTER_ANY)
