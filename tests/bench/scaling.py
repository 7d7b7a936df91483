"""How one circle of 100, 1,000 and 5,000 members would do, without so many machines.

``python -m tests.bench.scaling [--quick] [--write]`` runs the model of :mod:`tests.bench.scaling_model` and prints the
table of ``docs/scaling.md``; ``--write`` puts table and plot there. ``--quick`` leaves out 5,000 members and runs one
finding of each kind. Catching up is not a model: the logs of so many members are accepted by the protocol's own
replica, for a sample of the logs, and the rest is multiplied.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import inf
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Final

from protocol import envelope, statements
from protocol.replica import Replica
from tests.bench.scaling_costs import CHECKPOINT_BYTES, ENTRY_BYTES, Costs, costs_of
from tests.bench.scaling_model import REACHED, Assumptions, Model, Spread
from tests.bench.scaling_plot import Curve, plot
from tests.protocol.samples import CIRCLE, KEY, NOW, every_kind
from tests.protocol.signed_log import SignedLog
from tests.support import ROOT

MEMBERS: Final = (100, 1_000, 5_000)
FINDINGS: Final = 5
MOST_SECONDS: Final = 1_200
"""A finding that has not gone round by then is reported as not gone round."""
PER_MEMBER_AND_DAY: Final = 1
LOG_ENTRIES: Final = 200
"""Entries in each log that a new member finds: a year of an institution that publishes four findings a week."""
SAMPLE_LOGS: Final = 50
DOCUMENT: Final = ROOT / "docs" / "scaling.md"
PLOT: Final = ROOT / "docs" / "scaling.svg"
_START: Final = "<!-- figures -->\n"
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Result:
    """One size of circle, with pings or without."""

    members: int
    pings: bool
    up: int
    median_seconds: float
    most_seconds: float
    rounds: float
    hops: int
    requests: float
    """Per member and finding, beyond what polling costs anyway."""
    bytes: float
    rest_requests: float
    """Per member and minute, when nothing happens."""
    rest_bytes: float
    curve: tuple[float, ...]


def simulate(members: int, *, pings: bool, findings: int, seed: int = 1) -> Result:
    """Findings one after the other, each until nearly all members that are up have it."""
    costs = costs_of(members)
    assume = Assumptions(pings=pings)
    model = Model(members, costs, assume, Random(seed))  # noqa: S311 - a repeatable run, not a secret
    model.run(lambda: False, assume.sync_seconds / 4)
    spreads: list[Spread] = []
    requests = size = 0.0
    for _ in range(findings):
        before, began = _spent(model), model.now
        spread = model.publish()
        model.run(lambda spread=spread: model.reached(spread), MOST_SECONDS)  # type: ignore[misc]
        after = _spent(model)
        idle = _at_rest(costs, assume, model.now - began)
        requests += (after[0] - before[0]) / len(model.up) - idle[0]
        size += (after[1] - before[1]) / len(model.up) - idle[1]
        spreads.append(spread)
    up = len(model.up)
    most = median(spread.until(REACHED, up) for spread in spreads)
    rest = _at_rest(costs, assume, 60)
    return Result(
        members=members,
        pings=pings,
        up=up,
        median_seconds=median(spread.until(0.5, up) for spread in spreads),
        most_seconds=most,
        rounds=most / assume.sync_seconds,
        hops=max((spread.hops_until(REACHED, up) for spread in spreads if spread.until(REACHED, up) < inf), default=0),
        requests=max(0.0, requests / findings),
        bytes=max(0.0, size / findings),
        rest_requests=rest[0],
        rest_bytes=rest[1],
        curve=tuple(spreads[0].seconds),
    )


def catch_up(members: int) -> tuple[float, float]:
    """Seconds and bytes for a new member: every log from its first entry, accepted by the protocol's own code."""
    payload = statements.encode(every_kind()["finding"])
    identifier = every_kind()["finding"].id.encode()
    entries = [envelope.sign(payload.replace(identifier, b"%021dA" % n), KEY) for n in range(LOG_ENTRIES)]
    log = SignedLog(entries, key=KEY, circle=CIRCLE)
    note = log.note()
    began = perf_counter()
    for _ in range(SAMPLE_LOGS):
        Replica(log.circle, log.key.public).accept(note, entries, NOW, start=0)
    seconds = (perf_counter() - began) / SAMPLE_LOGS
    return seconds * members, members * (LOG_ENTRIES * (ENTRY_BYTES + 1) + CHECKPOINT_BYTES)


def main(arguments: Sequence[str]) -> None:
    """Print the report, and write it where that is asked for."""
    quick = "--quick" in arguments
    sizes = MEMBERS[:2] if quick else MEMBERS
    jobs = [(members, pings) for members in sizes for pings in (True, False)]
    with ProcessPoolExecutor(2) as executor:
        found = [executor.submit(simulate, m, pings=p, findings=1 if quick else FINDINGS) for m, p in jobs]
        results = [each.result() for each in found]
    report = _report(results, [(members, *catch_up(members), costs_of(members)) for members in sizes])
    sys.stdout.write(report)
    if "--write" in arguments:
        _write(DOCUMENT, report)
        PLOT.write_text(plot([_curve(each) for each in results]), "utf-8")


def _spent(model: Model) -> tuple[int, int]:
    return sum(each.requests for each in model.members), sum(each.bytes for each in model.members)


def _at_rest(costs: Costs, assume: Assumptions, seconds: float) -> tuple[float, float]:
    """What polling alone costs a member that is up, computed: requests, and bytes on both sides together."""
    polls = seconds / assume.sync_seconds * 4
    exchanges = polls * (1 if costs.poll_with_news == 1 else 2)
    return exchanges, 2 * polls * costs.same


def _curve(result: Result) -> Curve:
    how = "pings" if result.pings else "polling only"
    return Curve(f"{result.members:,} members, {how}", result.curve, result.up, dashed=not result.pings)


def _report(results: Sequence[Result], catching: Sequence[tuple[int, float, float, Costs]]) -> str:
    lines = [
        "| members | told by | 50 %, s | 99 %, s | rounds | hops | requests | kB | requests at rest | kB at rest |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r.members:,} | {'pings' if r.pings else 'polling only'} | {r.median_seconds:.1f} | {r.most_seconds:.1f} |"
        f" {r.rounds:.1f} | {r.hops} | {r.requests:.1f} | {r.bytes / 1e3:.0f} | {r.rest_requests:.1f} |"
        f" {r.rest_bytes / 1e3:.0f} |"
        for r in results
    ]
    lines += [
        "",
        "| members | entries to take | s to verify | MB | map of sizes, kB | findings a day | MB a day for them |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    told = {r.members: r.bytes for r in results if r.pings}
    lines += [
        f"| {members:,} | {members * LOG_ENTRIES:,} | {seconds:,.0f} | {size / 1e6:,.0f} |"
        f" {costs.sizes_map / 1e3:.0f} | {members * PER_MEMBER_AND_DAY:,} |"
        f" {told[members] * members * PER_MEMBER_AND_DAY / 1e6:,.1f} |"
        for members, seconds, size, costs in catching
    ]
    return "\n".join(lines) + "\n"


def _write(document: Path, report: str) -> None:
    head, mark, _ = document.read_text("utf-8").partition(_START)
    document.write_text(head + mark + "\n" + report, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
