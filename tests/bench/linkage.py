"""``python -m tests.bench.linkage``: how often a matching attack finds the institution behind a pseudonym.

Each circle is a real pool of twenty members. An analyst reads it through the API with a token of its own, and matches
what it reads with what the world knows of each institution (:mod:`tests.bench.linkage_attack`). Chance is one in
twenty. Intervals are 95 % over circles. ``--write`` puts the table into ``docs/privacy.md``.
"""

import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Final

import numpy as np

from node.storage import circles
from node.storage import statements as storage
from protocol.identifiers import KeyId
from protocol.statements import DAY_SECONDS, Timestamp
from tests.bench.linkage_attack import FEATURES, Seen, alone, assigned, habits, scores
from tests.bench.linkage_circle import LANGUAGE_OF, MEMBERS, Institution, institutions
from tests.node import statements as make
from tests.node.api.support import Api, api_of
from tests.node.insight.support import Pool, pools_of
from tests.support import ROOT

CIRCLES: Final = 12
FINDINGS: Final = 40
AMOUNTS: Final = (1, 5, 10, 20, 40)
"""Findings of each contributor."""
DOCUMENT: Final = ROOT / "docs" / "privacy.md"
_START: Final = "<!-- linkage figures -->\n"
_END: Final = "<!-- end of linkage figures -->\n"
_EPOCH: Final = date(1970, 1, 1)
_HOUR: Final = 3_600
_PAGE: Final = "500"
SPREADS: Final[Mapping[str, float]] = {
    "Institutions with different partners": 1.2,
    "Institutions with much the same partners": 0.4,
}
GIVEN: Final = ("subjects", "fields", "language", "days", "sources")
"""What the API gives today."""
CAREFUL: Final = ("subjects", "fields", "days")
"""What is left where all write in one language and nobody names a register of its own country alone."""
VARIANTS: Final[Mapping[str, Sequence[str]]] = {
    "with the hour of reception, as the API once gave it": tuple(FEATURES),
    "as the API gives it": GIVEN,
    "one language for all": tuple(each for each in GIVEN if each != "language"),
    "without digests of sources": tuple(each for each in GIVEN if each != "sources"),
    "one language, no national sources": CAREFUL,
    "subjects alone": ("subjects",),
    "technology fields alone": ("fields",),
    "language alone": ("language",),
    "sources alone": ("sources",),
    "hours alone": ("hours",),
    "holidays alone": ("days",),
}


def fill(pool: Pool, members: Sequence[Institution]) -> None:
    """Everybody says what it says, and the node hears of it in the hour in which it was approved."""
    for author, member in enumerate(members):
        for saying in member.sayings:
            day = (saying.day - _EPOCH).days * DAY_SECONDS
            statement = make.finding(pool.circle, saying.body, iat=day)
            pool.say(author, statement, now=Timestamp(day + saying.hour * _HOUR))


def read(api: Api) -> dict[KeyId, list[Seen]]:
    """All that a token of an analyst is given of the findings, by contributor."""
    found: dict[KeyId, list[Seen]] = {}
    after, more = "", True
    while more:
        page = api.get("/findings", after=after, limit=_PAGE, kind="finding")
        after, more = page["next"], page["more"]
        for item in page["items"]:
            found.setdefault(KeyId(item["provenance"]["contributor"]), []).append(_seen(item))
    return found


def _seen(item: Mapping[str, Any]) -> Seen:
    return Seen(
        subject=item["subject"],
        field=item["technology_domains"][0],
        kind=item["engagement_kind"],
        indicator=item["indicator"],
        language=LANGUAGE_OF[item["observation"]["summary"]],
        day=date.fromisoformat(item["provenance"]["issued"]),
        hour=-1,
        sources=frozenset(item["observation"]["sources"]),
    )


def with_hours(pool: Pool, found: Mapping[KeyId, list[Seen]]) -> dict[KeyId, list[Seen]]:
    """The same with the hour at which the node took each finding, which its database holds."""
    hours: dict[KeyId, list[int]] = {}
    after, rows = 0, True
    with pool.database.read() as tx:
        while rows:
            batch = storage.feed(tx, after=after, limit=1_000, now=make.IAT)
            for each in batch:
                hours.setdefault(each.contributor, []).append(each.received % DAY_SECONDS // _HOUR)
            rows, after = bool(batch), batch[-1].seq if batch else after
    return {
        key: [replace(seen, hour=hour) for seen, hour in zip(said, hours[key], strict=True)]
        for key, said in found.items()
    }


def looked_up(pool: Pool) -> float:
    """How many pseudonyms a look into a member's own database resolves."""
    with pool.database.read() as tx:
        roster = circles.get_roster(tx, pool.circle)
    return mean(bool(roster.lines[key.public.key_id].name) for key in pool.keys)


def measure(trials: int, spread: float) -> tuple[dict[tuple[str, int], list[float]], float]:
    """The share that was guessed right, by line of the table and amount of findings, in each circle."""
    figures: dict[tuple[str, int], list[float]] = {}
    known = 0.0
    for trial in range(trials):
        chance = random.Random(trial)  # noqa: S311 - figures that come out again, no secret
        members = institutions(FINDINGS, spread, chance)
        with tempfile.TemporaryDirectory() as directory:
            (pool,) = pools_of(Path(directory), f"sqlite:///{directory}/hanse.db", members=MEMBERS)
            fill(pool, members)
            with api_of(pool) as api:
                found = read(api)
            found, known = with_hours(pool, found), looked_up(pool)
            pool.database.close()
        said = [found[key.public.key_id] for key in pool.keys]
        for name, amount, value in _attacks(said, members, chance):
            figures.setdefault((name, amount), []).append(value)
    return figures, known


def _attacks(
    said: Sequence[list[Seen]], members: Sequence[Institution], chance: random.Random
) -> Iterator[tuple[str, int, float]]:
    shuffled = [chance.sample(each, len(each)) for each in said]
    profiles = [member.profile for member in members]
    for amount in AMOUNTS:
        part = [each[:amount] for each in shuffled]
        for name, features in VARIANTS.items():
            yield name, amount, assigned(scores(part, profiles, features), chance)
        if amount == 1:
            yield (
                "a finding under a key of its own, as a sponsor gives it",
                1,
                alone(scores(part, profiles, GIVEN), chance),
            )
        half = amount // 2
        if half:
            fit = np.array([[habits(one[:half], other[half:]) for one in part] for other in part])
            yield "two pseudonyms of one contributor matched, half the findings each", amount, assigned(fit, chance)


def table(title: str, figures: Mapping[tuple[str, int], Sequence[float]]) -> str:
    """What is printed, and stands in the document."""
    lines = [
        f"**{title}**",
        "",
        "| what the attacker uses | "
        + " | ".join(f"{each} finding{'s' if each > 1 else ''}" for each in AMOUNTS)
        + " |",
        "| --- |" + " ---: |" * len(AMOUNTS),
    ]
    for name in dict.fromkeys(name for name, _ in figures):
        cells = [_cell(figures.get((name, amount), ())) for amount in AMOUNTS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", ""])


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    around = 1.96 * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{100 * mean(values):.0f} ± {100 * around:.0f}"


def main(arguments: list[str]) -> None:
    """Measure and print."""
    text = (
        f"Share of contributors found, in per cent, with its 95 % interval over {CIRCLES} circles of {MEMBERS}.\n"
        f"Chance is {100 // MEMBERS}. `python -m tests.bench.linkage`.\n\n"
    )
    known = 0.0
    for title, spread in SPREADS.items():
        figures, known = measure(CIRCLES, spread)
        text += table(title, figures)
    text += f"A look into a member node's own database finds {100 * known:.0f} per cent: it holds the roster.\n"
    sys.stdout.write(text)
    if "--write" in arguments:
        page = DOCUMENT.read_text("utf-8")
        before, rest = page.split(_START)
        DOCUMENT.write_text(before + _START + text + _END + rest.split(_END)[1], "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
