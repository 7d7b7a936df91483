"""How long a dossier takes among many findings, beside the bare query that fetches the same rows.

``python -m tests.bench.dossier [findings] [database URL]`` prints one JSON object. The findings are really signed,
by ten contributors, and enter through the same steps as a sync round: log, tiles, projection, dirty claims; only
the checkpoints of the other nodes are left out. One in ten is answered by another contributor.
"""

import random
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import structs

from node import insight
from node.insight.query import cursor
from node.storage.tables.ledger import ENTRIES, STATEMENTS
from protocol.identifiers import Digest, StatementId, SubjectId, VocabularyCode, encode_bytes
from protocol.statements import Period, Statement
from tests.node import statements as make
from tests.node.insight.support import Pool, pools_of

_CONTRIBUTORS: Final = 10
_FINDINGS_PER_SUBJECT: Final = 50
_BATCH: Final = 1_000
_DOSSIERS: Final = 300
_SEED: Final = 20_260_904


def measure(directory: Path, count: int, database_url: str) -> dict[str, float]:
    """Figures of one run on an empty database."""
    (pool,) = pools_of(directory, database_url, members=_CONTRIBUTORS)
    choose = random.Random(_SEED)  # noqa: S311
    subjects = [SubjectId(f"circle:{make.new_id()}") for _ in range(max(1, count // _FINDINGS_PER_SUBJECT))]
    vocabulary = pool.node.runtime.vocabulary
    began = perf_counter()
    _fill(pool, choose, count, subjects, list(vocabulary.indicators))
    filled = perf_counter() - began
    began = perf_counter()
    signals = insight.catch_up(pool.database, vocabulary, make.IAT)
    fused = perf_counter() - began
    asked = [choose.choice(subjects) for _ in range(_DOSSIERS)]
    dossiers, bare = _dossiers(pool, asked), _bare(pool, asked)
    began = perf_counter()
    with pool.database.read() as tx:
        insight.findings(tx, cursor(count // 2), 100, now=make.IAT)
    page = (perf_counter() - began) * 1_000
    pool.database.close()
    return {
        "findings": count,
        "subjects": len(subjects),
        "signed_and_projected_per_second": round(count * 1.1 / filled),
        "signals": signals,
        "signals_refreshed_per_second": round(signals / fused),
        "dossier_median_milliseconds": round(median(dossiers), 1),
        "dossier_p95_milliseconds": round(quantiles(dossiers, n=20)[-1], 1),
        "bare_query_median_milliseconds": round(median(bare), 2),
        "bare_query_p95_milliseconds": round(quantiles(bare, n=20)[-1], 2),
        "page_of_100_from_the_middle_milliseconds": round(page, 1),
    }


def _fill(
    pool: Pool, choose: random.Random, count: int, subjects: Sequence[SubjectId], indicators: Sequence[VocabularyCode]
) -> None:
    sources = [Digest(encode_bytes(choose.randbytes(32))) for _ in range(count // 10 + 1)]
    named: list[tuple[int, StatementId]] = []
    for start in range(0, count, _BATCH):
        author = start // _BATCH % _CONTRIBUTORS
        batch: list[Statement] = []
        for _ in range(min(_BATCH, count - start)):
            until = date(2026, 6, 30) - timedelta(days=choose.randrange(1_500))
            body = structs.replace(
                make.finding_body(choose.choice(subjects), choose.choice(indicators)),
                observed=Period(start=until - timedelta(days=90), end=until),
                sources=tuple(sorted(set(choose.choices(sources, k=2)))),
            )
            finding = make.finding(pool.circle, body)
            batch.append(finding)
            named.append((author, finding.id))
        answered = choose.choices(named, k=len(batch) // 10)
        batch += [make.response(pool.circle, pool.contributor(who), target, "disputes") for who, target in answered]
        pool.say(author, *batch)


def _dossiers(pool: Pool, subjects: Sequence[SubjectId]) -> list[float]:
    times = []
    for subject in subjects:
        with pool.database.read() as tx:
            began = perf_counter()
            insight.dossier(tx, pool.node.runtime.vocabulary, subject, make.IAT)
            times.append((perf_counter() - began) * 1_000)
    return times


def _bare(pool: Pool, subjects: Sequence[SubjectId]) -> list[float]:
    """The signed bytes of the same findings, fetched and nothing more."""
    joined = ENTRIES.join(
        STATEMENTS, sa.and_(ENTRIES.c.log_id == STATEMENTS.c.log_id, ENTRIES.c.idx == STATEMENTS.c.idx)
    )
    times = []
    for subject in subjects:
        query = sa.select(ENTRIES.c.jws).select_from(joined).where(STATEMENTS.c.subject == subject)
        with pool.database.read() as tx:
            began = perf_counter()
            tx.connection.execute(query).all()
            times.append((perf_counter() - began) * 1_000)
    return times


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    count = int(arguments[0]) if arguments else 100_000
    with tempfile.TemporaryDirectory() as directory:
        url = arguments[1] if len(arguments) > 1 else f"sqlite:///{directory}/dossier.db"
        sys.stdout.write(msgspec.json.encode(measure(Path(directory), count, url)).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
