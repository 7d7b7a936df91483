"""Search by the index against a plain look at every statement, whatever was done in between and however far it is."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node import insight
from node.domain.bitmaps import BLOCK, from_day, pack, pack_days, places, unpack, unpack_days, until_day, with_days
from node.domain.insight import FindingView, RelationView, ResponseView, StatementView
from node.domain.queries import StatementFilter, words_of
from node.errors import Code, HanseError
from node.insight import index
from node.insight.asking import PARAMETERS, Question, read_question
from node.insight.query import cursor
from node.insight.search import search
from node.ledger.sweep import sweep
from node.storage import statement_index as storage
from node.storage import statements
from protocol.errors import ProtocolError
from protocol.identifiers import StatementId, SubjectId, VocabularyCode
from protocol.statements import (
    DAY_SECONDS,
    FindingBody,
    Grade,
    Handling,
    Period,
    RelationBody,
    Reliability,
    Stance,
    Statement,
    Timestamp,
)
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool, pools_of

SUBJECTS = tuple(SubjectId(f"circle:{letter}AAAAAAAAAAAAAAAAAAAAA") for letter in "ABCD")
INDICATORS = tuple(VocabularyCode(code) for code in ("gov-opaque-control", "fund-transparent", "recip-honoured"))
DOMAINS = tuple(VocabularyCode(code) for code in ("quantum", "artificial-intelligence"))
RELIABILITIES: Final[tuple[Reliability, ...]] = ("A", "B", "C")
HANDLINGS: Final[tuple[Handling, ...]] = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER+STRICT")
WORDS = ("owners", "differ", "Überprüfung", "register", "实验室", "laboratório")


@dataclass
class World:
    """A pool that grows at random, and what a plain look must find in it."""

    pool: Pool
    random: random.Random
    now: Timestamp = make.IAT
    own: dict[StatementId, tuple[int, bool]] = field(default_factory=dict)
    """Findings and relations that can still be acted on: whose they are, and whether a finding."""

    def body(self) -> FindingBody:
        pick = self.random
        start = date(2024, pick.randint(1, 12), pick.randint(1, 28))
        return msgspec.structs.replace(
            make.finding_body(pick.choice(SUBJECTS), pick.choice(INDICATORS), strength=pick.randint(1, 4)),
            observed=Period(start=start, end=date(2025, pick.randint(1, 12), 1)),
            grade=Grade(reliability=pick.choice(RELIABILITIES), credibility=pick.randint(2, 6)),
            technology_domains=tuple(sorted(pick.sample(DOMAINS, pick.randint(0, 2)))),
            handling=pick.choice(HANDLINGS),
            summary=" ".join(pick.sample(WORDS, 2)),
        )

    def tie(self) -> RelationBody:
        one, other = self.random.sample(SUBJECTS, 2)
        return make.relation(self.pool.circle, one, other).body

    def act(self) -> None:
        author = self.random.randint(1, 3)
        mine = [(name, finding) for name, (whose, finding) in self.own.items() if whose == author]
        match self.random.randint(0, 9):
            case 0 | 1 if mine:
                name, finding = self.random.choice(mine)
                self.say(author, make.correction(self.pool.circle, name, self.body() if finding else self.tie()))
            case 2 if mine:
                name, _ = self.random.choice(mine)
                del self.own[name]
                self.say(author, make.retraction(self.pool.circle, name))
            case 3 if mine:
                stance: Stance = self.random.choice(("disputes", "corroborates"))
                self.say(author, make.response(self.pool.circle, self.pool.contributor(author), mine[0][0], stance))
            case 4:
                one, other = self.random.sample(SUBJECTS, 2)
                relation = make.relation(self.pool.circle, one, other)
                self.own[relation.id] = (author, False)
                self.say(author, relation)
            case _:
                life = self.random.choice((10, 400)) * DAY_SECONDS
                finding_ = make.finding(self.pool.circle, self.body(), life=life)
                self.own[finding_.id] = (author, True)
                self.say(author, finding_)

    def say(self, author: int, statement: Statement) -> None:
        self.pool.say(author, statement, now=self.now)

    def index(self, limit: int) -> None:
        with self.pool.database.write() as tx:
            index.advance(tx, self.now, limit=limit)

    def read(self, wanted: StatementFilter, as_of: str = "", limit: int = 3) -> list[StatementView]:
        after, more, seen = "", True, list[StatementView]()
        while more:
            with self.pool.database.read() as tx:
                page = insight.findings(tx, after, limit, wanted, now=self.now, as_of=as_of)
            assert len(page.items) <= limit
            seen += page.items
            after, more = page.next, page.more
        return seen


@pytest.fixture
def world(quick_pool: Pool) -> World:
    return World(quick_pool, random.Random(6))  # noqa: S311 - the same pool every time


def question_of(pick: random.Random, pool: Pool) -> dict[str, list[str]]:
    """Some filters at random."""
    offers: Mapping[str, tuple[str, ...]] = {
        "subject": SUBJECTS,
        "object": SUBJECTS,
        "indicator": INDICATORS,
        "polarity": ("concern", "assurance"),
        "technology_domain": DOMAINS,
        "reliability": ("A", "B", "C"),
        "credibility": ("2", "3", "4"),
        "strength": ("1", "2", "3", "4"),
        "handling": ("TLP:CLEAR", "TLP:AMBER+STRICT"),
        "state": ("live", "corrected", "retracted", "expired"),
        "kind": ("finding", "relation", "correction", "retraction"),
        "stance": ("disputes",),
        "contributor": (pool.contributor(1), pool.contributor(2)),
        "circle": (pool.circle,),
        "observed_after": ("2025-06-01",),
        "observed_before": ("2024-06-01",),
        "issued_after": ("2026-09-05",),
        "expires_before": ("2026-10-01",),
        "text": WORDS,
    }
    question: dict[str, list[str]] = {}
    for name in pick.sample(sorted(offers), pick.randint(1, 3)):
        values = offers[name]
        single = name == "text" or name.endswith(("_after", "_before"))
        question[name] = pick.sample(values, 1 if single else pick.randint(1, len(values)))
    return question


def filter_of(world: World, vocabulary: Vocabulary, question: Question) -> StatementFilter:
    with world.pool.database.read() as tx:
        return read_question(tx, vocabulary, question)


@pytest.mark.parametrize("seed", range(2))
def test_the_index_changes_no_answer(tmp_path: Path, vocabulary: Vocabulary, seed: int) -> None:
    """What is not indexed is looked at one by one: so the same pool without an index is the oracle."""
    world = World(_pool(tmp_path), random.Random(seed))  # noqa: S311 - as above
    for step in range(80):
        world.act()
        if world.random.random() < 0.1:
            world.index(world.random.randint(1, 30))
        if step % 30 == 29:
            world.now = Timestamp(world.now + 6 * DAY_SECONDS)
            sweep(world.pool.database, world.now)
    asked = 0
    for _ in range(25):
        wanted = filter_of(world, vocabulary, question_of(world.random, world.pool))
        as_of = world.random.choice(("", "", cursor(world.random.randint(1, 80))))
        indexed = world.read(wanted, as_of)
        with world.pool.database.write() as tx:
            reached = storage.indexed_to(tx)
            storage.advance_to(tx, 0)
        assert world.read(wanted, as_of) == indexed, (wanted, as_of)
        asked += bool(indexed)
        with world.pool.database.write() as tx:
            storage.advance_to(tx, reached)
        world.index(world.random.randint(0, 5))
    assert asked > 4


def _pool(tmp_path: Path) -> Pool:
    (pool,) = pools_of(tmp_path, "sqlite://")
    return pool


def test_both_databases_give_the_same_hits(pool: Pool, vocabulary: Vocabulary) -> None:
    world = World(pool, random.Random(1))  # noqa: S311 - as above
    for _ in range(60):
        world.act()
    index.catch_up(pool.database, world.now)
    with pool.database.read() as tx:
        assert storage.indexed_to(tx) == statements.last_seq(tx)
    observing = (FindingView, RelationView, ResponseView)
    everything = [view for view in world.read(StatementFilter()) if isinstance(view, observing)]
    hits = []
    for text in ("OWNERS", "uberprufung", "室", "laboratorio differ"):
        hits.append([view.provenance.seq for view in world.read(filter_of(world, vocabulary, {"text": [text]}))])
        expected = [
            view.provenance.seq for view in everything if set(words_of(text)) <= set(words_of(view.observation.summary))
        ]
        assert hits[-1] == expected != []
    index.rebuild(pool.database, world.now)
    live = filter_of(world, vocabulary, {"text": ["owners"], "state": ["live", "corrected"]})
    assert [view.provenance.seq for view in world.read(live)] == hits[0]


def test_no_word_of_what_was_taken_back_stays_in_the_index(world: World) -> None:
    pool = world.pool
    told = [pool.find(1, make.finding_body(summary=f"Told: {word}.")) for word in ("alder", "birch", "cedar")]
    short = make.finding(pool.circle, make.finding_body(summary="Told: dogwood."), life=3 * DAY_SECONDS)
    pool.say(1, short)
    index.catch_up(pool.database, world.now)
    assert {"w:alder", "w:birch", "w:cedar", "w:dogwood"} <= _words(world)
    pool.say(1, make.retraction(pool.circle, told[0]))
    pool.say(1, make.correction(pool.circle, told[1], make.finding_body(summary="Told: elm.")))
    world.now = Timestamp(world.now + 4 * DAY_SECONDS)
    sweep(pool.database, world.now)
    index.catch_up(pool.database, world.now)
    assert _words(world) == {"w:told", "w:cedar", "w:elm"}


def _words(world: World) -> set[str]:
    with world.pool.database.read() as tx:
        return {term for term in storage.terms(tx) if term.startswith("w:")}


def test_a_page_ends_where_its_bound_is_and_says_so(world: World, vocabulary: Vocabulary) -> None:
    for _ in range(30):
        world.pool.find(1)
    wanted = filter_of(world, vocabulary, {"expires_before": ["2027-01-01"]})
    with world.pool.database.read() as tx:
        found = search(tx, wanted, after=0, limit=10, now=world.now, examine=4)
        rest = search(tx, wanted, after=found.searched_to, limit=10, now=world.now)
    assert (found.items, found.more, rest.items, rest.more, rest.searched_to) == ((), True, (), False, 30)
    assert 0 < found.searched_to < 30


def _all_pages(world: World, wanted: StatementFilter, **bounds: int) -> list[int]:
    """Where everything stands that fits, page by page, with these bounds on one."""
    found, after, more = list[int](), 0, True
    with world.pool.database.read() as tx:
        while more:
            page = search(tx, wanted, after=after, limit=10, now=world.now, **bounds)
            assert page.searched_to > after
            found += [stored.seq for stored in page.items]
            after, more = page.searched_to, page.more
    return found


def test_a_subject_with_more_than_is_listed_at_once_loses_nothing(world: World) -> None:
    pool = world.pool
    for _ in range(6):
        pool.find(1, make.finding_body(SUBJECTS[0]))
    pool.say(1, make.relation(pool.circle, SUBJECTS[0], SUBJECTS[1]))
    both = StatementFilter(subjects=(SUBJECTS[0],), objects=(SUBJECTS[1],))
    assert _all_pages(world, both, listed=3) == [7]
    assert _all_pages(world, StatementFilter(subjects=(SUBJECTS[0],)), listed=3) == [1, 2, 3, 4, 5, 6, 7]


def test_more_corrections_than_are_looked_at_at_once_lose_nothing_while_the_index_is_behind(world: World) -> None:
    pool = world.pool
    named = [pool.find(1, make.finding_body(SUBJECTS[0], INDICATORS[0])) for _ in range(7)]
    index.catch_up(pool.database, world.now)
    for each in named:
        pool.say(1, make.correction(pool.circle, each, make.finding_body(SUBJECTS[0], INDICATORS[1])))
    moved = StatementFilter(indicators=(INDICATORS[1],), kinds=("finding",))
    assert _all_pages(world, moved, examine=2) == [1, 2, 3, 4, 5, 6, 7]


def test_a_question_names_what_is_wrong_with_it(world: World, vocabulary: Vocabulary) -> None:
    wrong: list[dict[str, list[str]]] = [
        {"nationality": ["any"]},
        {"state": ["alive"]},
        {"group": ["weather"]},
        {"strength": ["5"]},
        {"issued_after": ["2026-1-1"]},
        {"issued_after": ["2026-01-01", "2026-01-02"]},
        {"text": ["…"]},
        {"indicator": ["x"] * 51},
    ]
    for question in wrong:
        with pytest.raises(HanseError) as refusal:
            filter_of(world, vocabulary, question)
        assert refusal.value.code is Code.INVALID


def test_any_question_is_a_filter_or_a_named_error(world: World, vocabulary: Vocabulary) -> None:
    values = st.lists(st.text(max_size=12), min_size=1, max_size=3)

    @settings(max_examples=60)
    @given(st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=4))
    def ask(question: dict[str, list[str]]) -> None:
        try:
            wanted = filter_of(world, vocabulary, question)
        except (HanseError, ProtocolError):
            return
        assert world.read(wanted) == []

    ask()


@given(st.sets(st.integers(0, BLOCK - 1), max_size=600))
def test_a_set_of_places_comes_back(members: set[int]) -> None:
    bits = sum(1 << place for place in members)
    assert list(places(bits)) == sorted(members)
    assert unpack(pack(bits)) == bits
    assert len(pack(bits)) <= BLOCK // 8


@given(
    st.dictionaries(st.integers(0, BLOCK - 1), st.dates(date(1900, 1, 1), date(2079, 1, 1)), max_size=30), st.dates()
)
def test_days_compare_as_days(days: dict[int, date], limit: date) -> None:
    sliced = unpack_days(pack_days(with_days(with_days(0, dict.fromkeys(days, date(2026, 1, 1))), days)))
    for place, day in days.items():
        assert (from_day(sliced, limit) >> place & 1) == (day >= max(limit, date(1900, 1, 1)))
        assert (until_day(sliced, limit) >> place & 1) == (day <= max(limit, date(1900, 1, 1)))


def test_words_are_compared_without_case_and_accents() -> None:
    assert words_of("Überprüfung, the LAB's ﬁle") == ["uberprufung", "the", "lab", "s", "file"]
    assert words_of("量子 lab") == ["量", "子", "lab"]
    assert words_of("प्रयोगशाला") == ["प्रयोगशाला"]
    assert words_of(" — ") == []
