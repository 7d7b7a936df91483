"""How long a path query takes on a large graph, beside a plain search over the same edges held in memory.

``python -m tests.bench.paths [edges] [database URL]`` prints one JSON object, without a URL of both databases.
130,000 invented subjects; half of the edges are the registry's, half are relations really signed by ten contributors
and stored as a sync round stores them. Ends are drawn unevenly, and ten hubs have a twentieth of all edges, the largest
one in forty. One subject in a hundred has a live concern. The baseline walks the same edges in a dictionary with the
same rule for hubs and opens no statement: what an in-memory graph would cost, had it been read and kept true in every
process.
"""

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.subjects import Organisation
from node.insight.graph import MAX_PASSED
from node.insight.paths import MAX_HOPS, paths
from node.storage import subjects as registry
from node.storage.tables.subjects import REGISTRY_RELATIONS
from protocol.identifiers import SubjectId
from tests.bench.databases import on_each
from tests.bench.meter import Meter, p95
from tests.node import statements as make
from tests.node.insight.support import Pool, pools_of

_SUBJECTS: Final = 130_000
_CONTRIBUTORS: Final = 10
_HUBS: Final = 10
_QUERIES: Final = 200
_WARM: Final = 20
_BATCH: Final = 1_000
_SEED: Final = 20_260_904
_Edge = tuple[SubjectId, SubjectId]


def measure(directory: Path, count: int, database_url: str) -> dict[str, float]:
    """Figures of one run on an empty database."""
    (pool,) = pools_of(directory, database_url, members=_CONTRIBUTORS)
    choose = random.Random(_SEED)  # noqa: S311
    subjects = [SubjectId(f"circle:{make.new_id()}") for _ in range(_SUBJECTS)]
    edges = _edges(choose, subjects, count)
    concerned = choose.sample(subjects, _SUBJECTS // 100)
    _register(pool, subjects, edges[: count // 2])
    _say(pool, choose, edges[count // 2 :], concerned)
    with pool.database.write() as tx:
        tx.connection.execute(sa.text("ANALYZE"))
    began = perf_counter()
    near = _adjacency(edges)
    built = perf_counter() - began
    # Any subject that is tied to anything; and, apart, the ten hubs themselves, each a worst case.
    asked = choose.sample(sorted(near), _QUERIES)
    _paths(pool, asked[:_WARM])
    times, found, reached, cut = _paths(pool, asked)
    hubs, *_ = _paths(pool, sorted(near, key=lambda each: -len(near[each]))[:_HUBS])
    plain = _plain(near, set(concerned), asked)
    pool.database.close()
    return {
        "subjects": _SUBJECTS,
        "edges": len(edges),
        "largest_hub": max(len(each) for each in near.values()),
        "queries": _QUERIES,
        "processes_waiting_for_a_processor": round(os.getloadavg()[0], 1),
        **times.milliseconds("paths"),
        **hubs.milliseconds("from_a_hub"),
        "queries_with_a_path": found,
        "queries_that_met_a_bound": cut,
        "subjects_reached_median": round(median(reached)),
        "baseline_median_milliseconds": round(median(plain), 2),
        "baseline_p95_milliseconds": round(p95(plain), 2),
        "baseline_building_milliseconds": round(built * 1_000),
    }


def _edges(choose: random.Random, subjects: Sequence[SubjectId], count: int) -> list[_Edge]:
    def end() -> SubjectId:
        return subjects[int(len(subjects) * choose.random() ** 2)]

    edges: set[_Edge] = set()
    for hub in range(_HUBS):
        for _ in range(count // 40 // (1 + hub)):
            edges.add((subjects[-1 - hub], choose.choice(subjects)))
    while len(edges) < count:
        edges.add((end(), choose.choice(subjects)))
    found = sorted(edge for edge in edges if edge[0] != edge[1])
    choose.shuffle(found)
    return found


def _register(pool: Pool, subjects: Sequence[SubjectId], edges: Sequence[_Edge]) -> None:
    for start in range(0, len(subjects), _BATCH * 5):
        some = subjects[start : start + _BATCH * 5]
        records = {
            each: registry.Record(Organisation(each, f"Invented Institute {start + number}", country="NN"), 2, "")
            for number, each in enumerate(some)
        }
        with pool.database.write() as tx:
            registry.put(tx, records)
    with pool.database.write() as tx:
        rows = [{"subject": first, "kind": "related", "object": second} for first, second in edges]
        tx.connection.execute(sa.insert(REGISTRY_RELATIONS), rows)


def _say(pool: Pool, choose: random.Random, edges: Sequence[_Edge], concerned: Sequence[SubjectId]) -> None:
    for start in range(0, len(edges), _BATCH):
        author = start // _BATCH % _CONTRIBUTORS
        pool.say(author, *(make.relation(pool.circle, *edge) for edge in edges[start : start + _BATCH]))
    for start in range(0, len(concerned), _BATCH):
        findings = (make.finding(pool.circle, make.finding_body(each)) for each in concerned[start : start + _BATCH])
        pool.say(choose.randrange(_CONTRIBUTORS), *findings)


def _paths(pool: Pool, asked: Sequence[SubjectId]) -> tuple[Meter, int, list[int], int]:
    meter, reached, found, cut = Meter(pool.database), [], 0, 0
    for subject in asked:
        with pool.database.read() as tx, meter.timed():
            reading = paths(tx, pool.node.runtime.vocabulary, subject, make.IAT)
        found += bool(reading.paths)
        cut += reading.left_out.anything
        reached.append(reading.reached)
    return meter, found, reached, cut


def _adjacency(edges: Sequence[_Edge]) -> dict[SubjectId, list[SubjectId]]:
    near: dict[SubjectId, list[SubjectId]] = {}
    for first, second in edges:
        near.setdefault(first, []).append(second)
        near.setdefault(second, []).append(first)
    return near


def _plain(
    near: dict[SubjectId, list[SubjectId]], concerned: set[SubjectId], asked: Sequence[SubjectId]
) -> list[float]:
    times = []
    for subject in asked:
        began = perf_counter()
        seen, frontier, hit = {subject}, [subject], set()
        for _ in range(MAX_HOPS):
            met = {end for each in frontier for end in near.get(each, ())} - seen
            seen |= met
            hit |= met & concerned
            frontier = [each for each in met if len(near[each]) <= MAX_PASSED]
        times.append((perf_counter() - began) * 1_000)
    return times


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    count = int(arguments[0]) if arguments else 200_000
    figures = on_each(lambda directory, url: measure(directory, count, url), *arguments[1:])
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
