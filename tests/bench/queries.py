"""How long the most likely queries take among 10,000, 100,000 and 1,000,000 findings, beside the bare fetch.

``python -m tests.bench.queries [sizes] [--database sqlite|postgresql|both] [--directory D]`` prints one JSON object of
figures named ``query / size database / figure``.
The pools are those of :mod:`tests.bench.pool`, made where they are not there: 10k in a minute, 100k in five, 1m in an
hour on two cores, both databases together.

Each query is asked with many different values, each time in a transaction of its own, as a request does. The baseline
of the same run is the bare fetch of as many signed entries by their primary key as the answer rests on; over HTTP it is
a request that reads nothing. Processor time counts ours and the database server's. Subjects are drawn alike or, where a
figure says *spoken of*, as often as findings are about them: then one of those with thousands is met often.
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, TypeAlias

import msgspec
import sqlalchemy as sa

from node import insight
from node.domain.dashboard import BoardFilter
from node.domain.insight import SignalFilter, SignalOrder
from node.domain.queries import NO_FILTER, StatementFilter
from node.insight import dashboard
from node.insight.query import cursor
from node.insight.signals import listed
from node.storage import statements
from node.storage.database import Transaction
from node.storage.tables.ledger import ENTRIES, STATEMENTS
from node.subjects import search
from protocol.identifiers import CircleId
from protocol.vocabulary import Vocabulary
from tests.bench import queries_http
from tests.bench.meter import Meter, p95
from tests.bench.pool import Pool, arguments, opened
from tests.bench.pool_statements import subject_named, word
from tests.node.statements import IAT

ROUNDS: Final = 100
"""Times that each query is asked, after a few that are not counted."""
_WARMING: Final = 5
_PAGE: Final = 50
_SEED: Final = 20_260_904

_FIELDS: Final = {1: "one field", 3: "three fields and state"}

Query: TypeAlias = Callable[[Transaction, random.Random], int]
"""Asks once; how many statements the answer rests on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The queries of one pool, by name."""

    pool: Pool

    def queries(self) -> Iterator[tuple[str, Query]]:
        """Those that are asked, in the order in which they are told."""
        yield "dossier of a subject", lambda tx, choose: self._dossier(tx, choose.randrange(self.pool.author.subjects))
        yield "dossier of a subject spoken of", lambda tx, choose: self._dossier(tx, self._spoken_of(choose))
        yield "signals, what moved most", self._signals(SignalFilter())
        yield "signals of one indicator", self._signals_of_indicator
        yield "signals with five contributors, newest first", self._signals(SignalFilter(min_contributors=5), "newest")
        yield "findings, first page", lambda tx, _: self._findings(tx, 0)
        yield "findings, deep page", lambda tx, choose: self._findings(tx, self._deep(tx, choose))
        for number in (1, 3):
            yield f"findings by {_FIELDS[number]}, first page", self._filtered(number, deep=False)
            yield f"findings by {_FIELDS[number]}, deep page", self._filtered(number, deep=True)
        yield "findings with two words", self._with_words
        yield "findings as they stood, by one field", self._as_of
        yield "findings on one subject", self._of_subject
        yield "dashboard of a circle", self._dashboard
        yield "search of a name", lambda tx, choose: len(search(tx, subject_named(self._spoken_of(choose)).label))
        yield "news of the home page", self._news
        yield "circles in numbers", lambda tx, _: len(insight.circle_summaries(tx))

    def _spoken_of(self, choose: random.Random) -> int:
        return self.pool.author.draw_subject(choose)

    def _dossier(self, tx: Transaction, rank: int) -> int:
        found = insight.dossier(tx, self._vocabulary, self.pool.author.subject(rank), IAT)
        return sum(
            len(view.findings)
            for circle in found.circles
            for group in circle.groups
            for view in (*group.concerns, *group.assurances, *group.context)
        )

    @property
    def _circle(self) -> CircleId:
        return self.pool.author.logs[0].circle

    @property
    def _vocabulary(self) -> Vocabulary:
        return self.pool.node.runtime.vocabulary

    def _signals(self, filters: SignalFilter, order: SignalOrder = "moved-30") -> Query:
        return lambda tx, _: len(
            listed(tx, self._vocabulary, filters, circle=self._circle, order=order, limit=_PAGE, now=IAT).items
        )

    def _signals_of_indicator(self, tx: Transaction, choose: random.Random) -> int:
        indicator = choose.choice(list(self._vocabulary.indicators))
        return self._signals(SignalFilter(indicators=frozenset({indicator})))(tx, choose)

    def _findings(self, tx: Transaction, after: int, filters: StatementFilter = NO_FILTER, as_of: str = "") -> int:
        return len(insight.findings(tx, cursor(after), _PAGE, filters, now=IAT, as_of=as_of).items)

    def _deep(self, tx: Transaction, choose: random.Random) -> int:
        """A place in the second half of the feed, with enough behind it."""
        return choose.randrange(statements.last_seq(tx) // 2, statements.last_seq(tx) * 9 // 10)

    def _filtered(self, number: int, *, deep: bool) -> Query:
        def query(tx: Transaction, choose: random.Random) -> int:
            known = self._vocabulary
            filters = StatementFilter(indicators=(choose.choice(list(known.indicators)),))
            if number > 1:
                filters = replace(
                    filters,
                    technology_domains=(choose.choice(list(known.technology_domains)[:5]),),
                    reliabilities=("A", "B"),
                    states=("live", "corrected"),
                )
            return self._findings(tx, self._deep(tx, choose) if deep else 0, filters)

        return query

    def _with_words(self, tx: Transaction, choose: random.Random) -> int:
        words = (word(choose.randrange(30)), word(choose.randrange(30, 2_000)))
        return self._findings(tx, 0, StatementFilter(words=words))

    def _as_of(self, tx: Transaction, choose: random.Random) -> int:
        indicator = choose.choice(list(self._vocabulary.indicators))
        middle = statements.last_seq(tx) // 2
        return self._findings(tx, middle // 2, StatementFilter(indicators=(indicator,)), as_of=cursor(middle))

    def _of_subject(self, tx: Transaction, choose: random.Random) -> int:
        subject = self.pool.author.subject(self._spoken_of(choose))
        return self._findings(tx, 0, StatementFilter(subjects=(subject,)))

    def _dashboard(self, tx: Transaction, choose: random.Random) -> int:
        group = choose.choice([None, *self._vocabulary.groups])
        dashboard.board(tx, self._vocabulary, self._circle, BoardFilter(group=group), IAT)
        return _PAGE

    def _news(self, tx: Transaction, _: random.Random) -> int:
        last = statements.last_seq(tx)
        return len(statements.feed(tx, after=max(0, last - 6), limit=6, now=IAT))


def measure(pool: Pool) -> dict[str, dict[str, float]]:
    """Each query's figures, by name; one that fails is left out and said on the error stream."""
    figures: dict[str, dict[str, float]] = {}
    for name, query in Asked(pool).queries():
        _said(f"  {name} …", end="")
        figures[name] = _measured(pool, query)
        _said(f" {figures[name]}")
    for name, asked, bare in queries_http.measured(pool, ROUNDS):
        figures[name] = _figures(asked, bare)
        _said(f"  {name} … {figures[name]}")
    return figures


def _measured(pool: Pool, query: Query) -> dict[str, float]:
    """The query and the bare fetch of as many entries, asked in turns."""
    database, choose = pool.node.runtime.database, random.Random(_SEED)  # noqa: S311
    with database.read() as tx:
        last = statements.last_seq(tx)
        for _ in range(_WARMING):
            query(tx, choose)
    asked, bare, rows = Meter(database), Meter(database), []
    for _ in range(ROUNDS):
        with asked.timed(), database.read() as tx:
            rows.append(query(tx, choose))
        wanted = [choose.randrange(1, last + 1) for _ in range(rows[-1])]
        with bare.timed(), database.read() as tx:
            _fetch(tx, wanted)
    return {"rows": median(rows), **_figures(asked, bare)}


def _figures(asked: Meter, bare: Meter) -> dict[str, float]:
    both = [ours + server for ours, server in zip(asked.ours, asked.server, strict=True)]
    return {
        "median ms": _milliseconds(median(asked.wall)),
        "p95 ms": _milliseconds(p95(asked.wall)),
        "processor median ms": _milliseconds(median(both)),
        "processor p95 ms": _milliseconds(p95(both)),
        "baseline median ms": _milliseconds(median(bare.wall)),
        "baseline p95 ms": _milliseconds(p95(bare.wall)),
    }


def _fetch(tx: Transaction, numbers: Sequence[int]) -> None:
    """The signed bytes at these places of the feed, and nothing more."""
    same = sa.and_(ENTRIES.c.log_id == STATEMENTS.c.log_id, ENTRIES.c.idx == STATEMENTS.c.idx)
    query = sa.select(ENTRIES.c.jws).select_from(STATEMENTS.join(ENTRIES, same))
    for some in statements.chunks(numbers):
        tx.connection.execute(query.where(STATEMENTS.c.seq.in_(some))).all()


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1_000, 1)


def _said(words: str, end: str = "\n") -> None:
    sys.stderr.write(words + end)
    sys.stderr.flush()


def main() -> None:
    """Measure and print."""
    wanted = arguments(__doc__)
    figures: dict[str, float] = {}
    for size in wanted.sizes:
        for kind in wanted.kinds:
            _said(f"{size} on {kind}")
            with opened(size, kind, wanted.directory) as pool:
                for query, found in measure(pool).items():
                    figures |= {f"{query} / {size} {kind} / {name}": value for name, value in found.items()}
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main()
