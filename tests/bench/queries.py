"""How long the most likely queries take among 10,000, 100,000 and 1,000,000 findings, beside the bare fetch.

``python -m tests.bench.queries [sizes] [--database sqlite|postgresql|both] [--directory D]`` prints one JSON object of
figures named ``query / size database / figure``.
The pools are those of :mod:`tests.bench.pool`, made where they are not there: 10k in a minute, 100k in five, 1m in an
hour on two cores, both databases together.

Each query is asked with many different values, each time in a transaction of its own, as a request does. The bare fetch
of the same run reads as many signed entries by their primary key as the answer rests on. Processor time counts ours and
the database server's. Subjects are drawn alike or, where a figure says *spoken of*, as often as findings are about
them: then one of those with thousands of findings is met often.
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeAlias

import msgspec
import sqlalchemy as sa

from node import insight
from node.domain.insight import FindingFilter, SignalFilter, SignalOrder
from node.insight.query import cursor
from node.storage import insight as storage
from node.storage import statements
from node.storage.database import Transaction
from node.storage.tables.ledger import ENTRIES, STATEMENTS
from node.subjects import search
from tests.bench.meter import Meter, p95
from tests.bench.pool import Pool, arguments, opened
from tests.bench.pool_statements import subject_named
from tests.node.statements import IAT

ROUNDS: Final = 100
"""Times that each query is asked, after a few that are not counted."""
_WARMING: Final = 5
_PAGE: Final = 50
_SEED: Final = 20_260_904

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
        yield "signals of a circle, what moved first", self._signals("moved-30", SignalFilter())
        yield "signals of one indicator", self._signals_of_indicator
        yield "signals with five contributors", self._signals("newest", SignalFilter(min_contributors=5))
        yield "findings, first page", lambda tx, _: self._findings(tx, 0, FindingFilter())
        yield "findings, deep page", lambda tx, choose: self._findings(tx, self._deep(tx, choose), FindingFilter())
        yield "findings of one indicator, deep page", self._of_indicator
        yield "findings of one subject", self._of_subject
        yield "search of a name", lambda tx, choose: len(search(tx, subject_named(self._spoken_of(choose)).label))
        yield "home page's news", self._news
        yield "circles in numbers", lambda tx, _: len(insight.circle_summaries(tx))

    def _spoken_of(self, choose: random.Random) -> int:
        return self.pool.author.draw_subject(choose)

    def _dossier(self, tx: Transaction, rank: int) -> int:
        vocabulary = self.pool.node.runtime.vocabulary
        found = insight.dossier(tx, vocabulary, self.pool.author.subject(rank), IAT)
        return sum(
            len(view.findings)
            for circle in found.circles
            for group in circle.groups
            for view in (*group.concerns, *group.assurances, *group.context)
        )

    def _signals(self, order: SignalOrder, filters: SignalFilter) -> Query:
        circle = self.pool.author.logs[0].circle
        return lambda tx, _: len(storage.list_signals(tx, circle, filters, order, limit=_PAGE))

    def _signals_of_indicator(self, tx: Transaction, choose: random.Random) -> int:
        filters = SignalFilter(
            indicators=frozenset({choose.choice(list(self.pool.node.runtime.vocabulary.indicators))})
        )
        return self._signals("moved-30", filters)(tx, choose)

    def _findings(self, tx: Transaction, after: int, filters: FindingFilter) -> int:
        return len(insight.findings(tx, cursor(after), _PAGE, filters, now=IAT).items)

    def _deep(self, tx: Transaction, choose: random.Random) -> int:
        return choose.randrange(statements.last_seq(tx))

    def _of_indicator(self, tx: Transaction, choose: random.Random) -> int:
        indicator = choose.choice(list(self.pool.node.runtime.vocabulary.indicators))
        return self._findings(tx, self._deep(tx, choose), FindingFilter(indicator=indicator))

    def _of_subject(self, tx: Transaction, choose: random.Random) -> int:
        return self._findings(tx, 0, FindingFilter(subject=self.pool.author.subject(self._spoken_of(choose))))

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
    both = [ours + server for ours, server in zip(asked.ours, asked.server, strict=True)]
    return {
        "rows": median(rows),
        "median ms": _milliseconds(median(asked.wall)),
        "p95 ms": _milliseconds(p95(asked.wall)),
        "processor median ms": _milliseconds(median(both)),
        "processor p95 ms": _milliseconds(p95(both)),
        "bare fetch median ms": _milliseconds(median(bare.wall)),
        "bare fetch p95 ms": _milliseconds(p95(bare.wall)),
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
