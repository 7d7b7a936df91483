"""What the invented members of a pool say: statement n of log l, as a pure function of both and the seed.

So any process can make any part of any log, a pool can be continued where it stopped, and a correction finds what it
corrects without anybody remembering it. Subjects, indicators, words and contributors are used as unevenly as such
things are; everything is invented, and subjects have identifiers of their circle alone.
"""

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import Final, Literal, TypeAlias, TypeVar

from msgspec import structs

from protocol.identifiers import CircleId, Digest, KeyId, StatementId, SubjectId, VocabularyCode, encode_bytes
from protocol.statements import (
    DAY_SECONDS,
    Correction,
    CorrectionBody,
    Finding,
    FindingBody,
    Grade,
    Handling,
    Period,
    Relation,
    RelationBody,
    Reliability,
    Response,
    ResponseBody,
    Retraction,
    RetractionBody,
    Stance,
    Statement,
    Subject,
    Target,
    Timestamp,
)
from protocol.vocabulary import Vocabulary
from tests.node.statements import IAT
from tests.support import VOCABULARY_FILE

SEED: Final = 20_260_904
DAYS: Final = 730
"""Over how long a pool was filled; its last statements are of the day on which tests begin."""
PER_SUBJECT: Final = 12
"""Findings for each subject in the mean. The one that is spoken of most has 3,000 of a million, half have three."""
_FLAT: Final = 45
"""Bends the law of Zipf for the first ranks (Mandelbrot): nobody is spoken of by a tenth of all."""
_TODAY: Final = date(1970, 1, 1) + timedelta(days=IAT // DAY_SECONDS)
_EPOCH: Final = date(1970, 1, 1)
_LIVES: Final = ((365, 15), (730, 55), (1_095, 30))
"""Days that statements live, and how many of a hundred do: some have expired when they are read."""
_RELIABILITIES: Final[Sequence[tuple[Reliability, int]]] = (
    ("A", 8),
    ("B", 34),
    ("C", 30),
    ("D", 14),
    ("E", 4),
    ("F", 10),
)
_CREDIBILITIES: Final = ((1, 10), (2, 34), (3, 28), (4, 12), (5, 4), (6, 12))
_STRENGTHS: Final = ((1, 30), (2, 40), (3, 22), (4, 8))
_HANDLINGS: Final[Sequence[tuple[Handling, int]]] = (
    ("TLP:AMBER+STRICT", 45),
    ("TLP:AMBER", 30),
    ("TLP:GREEN", 20),
    ("TLP:CLEAR", 5),
)
_STANCES: Final[Sequence[tuple[Stance, int]]] = (("corroborates", 55), ("disputes", 30), ("adds-context", 15))
_LETTERS: Final = "badefigolumanepirosutavewizokaleminoparisetu"
_SYLLABLES: Final = [_LETTERS[at : at + 2] for at in range(0, len(_LETTERS), 2)]
_WORDS: Final = (
    "the",
    "of",
    "and",
    "in",
    "a",
    "to",
    "was",
    "by",
    "with",
    "for",
    "contract",
    "register",
    "report",
    "data",
    "staff",
    "laboratory",
    "visit",
    "funding",
    "owner",
    "partner",
    "project",
    "access",
    "agreement",
)
_FIELDS: Final = ("Optics", "Materials", "Hydrology", "Logic", "Cells", "Networks", "Grain", "Energy", "Letters")

Part: TypeAlias = Literal["finding", "response", "relation", "correction", "retraction"]
_PARTS: Final[tuple[Part, ...]] = (
    *("finding",) * 80,
    *("response",) * 10,
    *("relation",) * 5,
    *("correction",) * 3,
    *("retraction",) * 2,
)
_FAVOURITES: Final = 4
FINDINGS_IN_HUNDRED: Final = 80
_STRIDE: Final = 37
"""Without a divisor of 100: a walk through the parts that meets each of the hundred once."""
_FIRST: Final = 100
"""Statements at the beginning of a log that are findings and relations: there is nothing to act on yet."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LogPlan:
    """One log of the pool: who signs it, in which circle, and how long it becomes."""

    circle: CircleId
    contributor: KeyId
    size: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every observation has."""

    observed: Period
    grade: Grade
    evidence_kinds: tuple[VocabularyCode, ...]
    sources: tuple[Digest, ...]
    summary: str
    handling: Handling


@dataclass(slots=True)
class Author:
    """Makes the statements of all logs of one pool."""

    logs: Sequence[LogPlan]
    findings: int
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary.parse(VOCABULARY_FILE.read_bytes()))
    _subjects: list[float] = field(init=False)
    _indicators: list[float] = field(init=False)

    def __post_init__(self) -> None:
        """How often each rank is spoken of."""
        self._subjects = _zipf(max(1, self.findings // PER_SUBJECT), flat=_FLAT)
        self._indicators = _zipf(len(self.vocabulary.indicators), flat=3)

    def statement(self, log: int, number: int) -> Statement:
        """Statement ``number`` of log ``log``."""
        plan, choose = self.logs[log], self._chance(log, number)
        day = IAT // DAY_SECONDS - DAYS + DAYS * number // plan.size
        iat = Timestamp(day * DAY_SECONDS)
        exp = Timestamp(iat + _weighed(choose, _LIVES) * DAY_SECONDS)
        name, circle, sd = statement_id(log, number), plan.circle, tuple(sorted(_digest(choose) for _ in range(4)))
        match part(log, number):
            case "finding":
                body = self._finding(log, number)
                return Finding(v=1, id=name, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=body)
            case "relation":
                tie = self._relation(log, number)
                return Relation(v=1, id=name, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=tie)
            case "response":
                answer = self._response(log, number, choose)
                return Response(v=1, id=name, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=answer)
            case "correction":
                change = self._correction(log, number, choose)
                return Correction(v=1, id=name, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=change)
            case "retraction":
                end = RetractionBody(target=statement_id(log, _earlier(log, choose.randrange(number))), reason=_REASON)
                return Retraction(v=1, id=name, circle=circle, iat=iat, exp=exp, body=end)

    def subject(self, rank: int) -> SubjectId:
        """The subject of which is spoken so often; 0 is the first."""
        return subject_named(rank).id

    @property
    def subjects(self) -> int:
        """How many there are."""
        return len(self._subjects)

    def draw_subject(self, choose: random.Random) -> int:
        """The rank of a subject, as often as findings are about it."""
        return _drawn(choose, self._subjects)

    def _finding(self, log: int, number: int) -> FindingBody:
        choose = self._chance(log, number, "body")
        known = self.vocabulary
        rank = self.draw_subject(choose)
        domains = _some(choose, list(known.technology_domains)[:-1], (45, 35, 15, 5))
        seen = self._observed(choose, log, number, rank)
        return FindingBody(
            subject=subject_named(rank),
            indicator=self._indicator(choose, rank),
            scope=domains[0] if domains and choose.random() < 0.2 else VocabularyCode("whole"),
            strength=_weighed(choose, _STRENGTHS),
            technology_domains=domains,
            engagement_kind=_uneven(choose, list(known.engagement_kinds)),
            mitigations=_some(choose, list(known.mitigations), (50, 25, 15, 10)),
            observed=seen.observed,
            grade=seen.grade,
            evidence_kinds=seen.evidence_kinds,
            sources=seen.sources,
            summary=seen.summary,
            handling=seen.handling,
        )

    def _indicator(self, choose: random.Random, rank: int) -> VocabularyCode:
        """Of most subjects a few things are said again and again; the others as often as anywhere."""
        codes = list(self.vocabulary.indicators)
        if choose.random() < 0.7:
            return codes[(rank * 11 + choose.randrange(_FAVOURITES) * 5) % len(codes)]
        return codes[_drawn(choose, self._indicators)]

    def _relation(self, log: int, number: int) -> RelationBody:
        choose = self._chance(log, number, "body")
        one = self.draw_subject(choose)
        other = (one + 1 + self.draw_subject(choose)) % len(self._subjects)
        relations = [each for each in self.vocabulary.relations if each != "same-as"]
        seen = self._observed(choose, log, number, one)
        return RelationBody(
            subject=subject_named(one),
            relation=_uneven(choose, relations),
            object=subject_named(other if other != one else one + 1),
            observed=seen.observed,
            grade=seen.grade,
            evidence_kinds=seen.evidence_kinds,
            sources=seen.sources,
            summary=seen.summary,
            handling=seen.handling,
        )

    def _response(self, log: int, number: int, choose: random.Random) -> ResponseBody:
        """To a finding of another log of the circle, that is said earlier and may arrive later."""
        plan = self.logs[log]
        others = [n for n, each in enumerate(self.logs) if each.circle == plan.circle and n != log]
        other = choose.choices(others, [self.logs[n].size for n in others])[0]
        until = self.logs[other].size * number // plan.size
        target = _earlier(other, choose.randrange(max(1, until)))
        target = min(target, self.logs[other].size - 1)
        seen = self._observed(choose, log, number, choose.randrange(len(self._subjects)))
        return ResponseBody(
            target=Target(contributor=self.logs[other].contributor, id=statement_id(other, target)),
            stance=_weighed(choose, _STANCES),
            observed=seen.observed,
            grade=seen.grade,
            evidence_kinds=seen.evidence_kinds,
            sources=seen.sources,
            summary=seen.summary,
            handling=seen.handling,
        )

    def _correction(self, log: int, number: int, choose: random.Random) -> CorrectionBody:
        target = _earlier(log, choose.randrange(number))
        body = self._finding(log, target)
        changed = structs.replace(body, strength=_weighed(choose, _STRENGTHS), summary=_summary(choose))
        if choose.random() < 0.15:
            changed = structs.replace(changed, indicator=self._indicator(choose, choose.randrange(_FAVOURITES)))
        return CorrectionBody(target=statement_id(log, target), reason=_REASON, finding=changed, relation=None)

    def _observed(self, choose: random.Random, log: int, number: int, rank: int) -> "_Seen":
        """Sources are drawn from those of the subject, so that some are shared."""
        day = IAT // DAY_SECONDS - DAYS + DAYS * number // self.logs[log].size
        until = min(_TODAY, _EPOCH + timedelta(days=day - int(choose.expovariate(1 / 120))))
        credibility = _weighed(choose, _CREDIBILITIES)
        sources: set[Digest] = set()
        while len(sources) < (2 if credibility == 1 else choose.choice((0, 1, 1, 2))):
            sources.add(Digest(encode_bytes(_bytes("source", rank, choose.randrange(2 + rank % 7 * 5)))))
        return _Seen(
            observed=Period(start=until - timedelta(days=choose.randrange(30, 500)), end=until),
            grade=Grade(reliability=_weighed(choose, _RELIABILITIES), credibility=credibility),
            evidence_kinds=_some(choose, list(self.vocabulary.evidence_sources), (0, 60, 30, 10)),
            sources=tuple(sorted(sources)),
            summary=_summary(choose),
            handling=_weighed(choose, _HANDLINGS),
        )

    def _chance(self, log: int, number: int, use: str = "") -> random.Random:
        return random.Random(_bytes(use, log, number))  # noqa: S311


_REASON: Final = VocabularyCode("factual-error")


def part(log: int, number: int) -> Part:
    """What kind of statement this is."""
    if number < _FIRST:
        return "relation" if number % 20 == 0 else "finding"
    return _PARTS[(number * _STRIDE + log * 13) % 100]


def statement_id(log: int, number: int) -> StatementId:
    """The identifier of statement ``number`` of log ``log``."""
    return StatementId(encode_bytes(_bytes("id", log, number)[:16]))


@lru_cache(maxsize=100_000)
def subject_named(rank: int) -> Subject:
    """An invented organisation."""
    digest = _bytes("subject", rank, 0)
    name = "".join(_SYLLABLES[byte % len(_SYLLABLES)] for byte in digest[:3]).capitalize()
    label = f"{name} Institute of Invented {_FIELDS[rank % len(_FIELDS)]} {rank}"
    return Subject(id=SubjectId(f"circle:{encode_bytes(digest[:16])}"), label=label)


@lru_cache(maxsize=20_000)
def word(rank: int) -> str:
    """A word of summaries: the first are English and frequent, the others invented and ever rarer."""
    if rank < len(_WORDS):
        return _WORDS[rank]
    digest = _bytes("word", rank, 0)
    return "".join(_SYLLABLES[byte % len(_SYLLABLES)] for byte in digest[:3]) + _SYLLABLES[rank % len(_SYLLABLES)]


def _earlier(log: int, number: int) -> int:
    """The finding at ``number`` or the next one before it."""
    while part(log, number) != "finding":
        number -= 1
    return number


def _summary(choose: random.Random) -> str:
    ranks = [_drawn(choose, _LEXICON) for _ in range(choose.choice((6, 12, 18, 24, 40, 70)))]
    return " ".join(word(rank) for rank in ranks)[:590].capitalize() + "."


def _zipf(size: int, *, flat: int) -> list[float]:
    return list(accumulate(1 / (rank + 1 + flat) for rank in range(size)))


_LEXICON: Final = _zipf(20_000, flat=2)


def _drawn(choose: random.Random, sums: Sequence[float]) -> int:
    return min(bisect(sums, choose.random() * sums[-1]), len(sums) - 1)


def _weighed(choose: random.Random, values: Sequence[tuple[_T, int]]) -> _T:
    at = choose.randrange(sum(weight for _, weight in values))
    for value, weight in values:
        at -= weight
        if at < 0:
            return value
    return values[-1][0]


def _uneven(choose: random.Random, values: Sequence[VocabularyCode]) -> VocabularyCode:
    return values[int(len(values) * choose.random() ** 2)]


def _some(
    choose: random.Random, values: Sequence[VocabularyCode], weights: Sequence[int]
) -> tuple[VocabularyCode, ...]:
    """None, one, two or three of them, the first ones more often, in ascending order."""
    number = choose.choices(range(len(weights)), weights)[0]
    return tuple(sorted({_uneven(choose, values) for _ in range(number)}))


def _digest(choose: random.Random) -> Digest:
    return Digest(encode_bytes(choose.randbytes(32)))


def _bytes(use: str, one: int, other: int) -> bytes:
    return blake2b(f"{SEED} {use} {one} {other}".encode(), digest_size=32).digest()
