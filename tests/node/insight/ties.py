"""Invented ties for tests: who is tied to whom, by whom, and how well it is known."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from msgspec import structs

from node.domain.graph import OwnTie, PathReading
from node.domain.identifiers import new_id
from node.domain.subjects import Organisation
from node.insight.paths import paths
from node.storage import subjects as registry
from node.storage.tables.subjects import REGISTRY_RELATIONS
from protocol.identifiers import Digest, StatementId, SubjectId, VocabularyCode
from protocol.statements import Grade, Period, Relation, RelationBody, Subject, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool
from tests.node.subjects.registry import subject


def name_of(number: int) -> str:
    """The name of an invented subject."""
    return f"Invented Institute {number}"


def tied(
    pool: Pool,
    first: int,
    second: int,
    code: str = "controls",
    *,
    grade: tuple[str, int] = ("B", 2),
    sources: Sequence[Digest] = (),
) -> Relation:
    """A relation between two invented subjects."""
    made = make.relation(pool.circle, subject(first), subject(second))
    reliability, credibility = grade
    body: RelationBody = structs.replace(
        made.body,
        subject=Subject(id=subject(first), label=name_of(first)),
        object=Subject(id=subject(second), label=name_of(second)),
        relation=VocabularyCode(code),
        grade=Grade(reliability=reliability, credibility=credibility),  # type: ignore[arg-type] # a letter of the scale
        sources=tuple(sorted(sources)),
    )
    return structs.replace(made, body=body)


def state(pool: Pool, author: int, first: int, second: int, code: str = "controls") -> StatementId:
    """Have a member state a tie; its identifier."""
    made = tied(pool, first, second, code)
    pool.say(author, made)
    return made.id


def worry(pool: Pool, author: int, about: int) -> StatementId:
    """Have a member state a concern."""
    return pool.find(author, make.finding_body(subject(about)))


def own_tie(first: int, second: int, note: str = "", code: str = "controls") -> OwnTie:
    """A tie that we noted ourselves."""
    return OwnTie(
        id=new_id(),
        subject=Subject(id=subject(first), label=name_of(first)),
        relation=code,
        object=Subject(id=subject(second), label=name_of(second)),
        observed=Period(start=date(2026, 1, 1), end=date(2026, 2, 1)),
        grade=Grade(reliability="B", credibility=2),
        noted=make.IAT,
        note=note,
    )


def register(pool: Pool, *edges: tuple[int, str, int], countries: dict[int, str] | None = None) -> None:
    """Put subjects and the registry's own ties into the registry."""
    numbers = {number for first, _, second in edges for number in (first, second)} | set(countries or {})
    records = {
        subject(number): registry.Record(
            Organisation(subject(number), name_of(number), country=(countries or {}).get(number, "")), 2, ""
        )
        for number in sorted(numbers)
    }
    rows = [{"subject": subject(first), "kind": kind, "object": subject(second)} for first, kind, second in edges]
    with pool.database.write() as tx:
        registry.put(tx, records)
        if rows:
            tx.connection.execute(sa.insert(REGISTRY_RELATIONS), rows)


def found(
    pool: Pool,
    vocabulary: Vocabulary,
    start: int,
    private: Sequence[OwnTie] = (),
    now: Timestamp = make.IAT,
) -> PathReading:
    """The paths from one subject."""
    with pool.database.read() as tx:
        return paths(tx, vocabulary, subject(start), now, private=private)


def routes(reading: PathReading) -> list[tuple[SubjectId, ...]]:
    """Only where the paths lead."""
    return [path.nodes for path in reading.paths]
