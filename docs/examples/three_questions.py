#!/usr/bin/env python3
"""Three questions to a node, from its API alone; ``docs/client.md`` walks through it.

    python docs/examples/three_questions.py URL TOKEN --place place.txt --follow ror:… --follow circle:…

What is new about the partners I follow since I last asked, or in the last week? Where do members disagree about
delivery and reciprocity? Which partners have assurances, and no fresh evidence behind them?
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hanse_client import Client, models

WEEK = timedelta(days=7)
DELIVERY_AND_RECIPROCITY = ("conduct", "recip")
"""The groups of the vocabulary that the second question is about, unless others are given."""
MARKED_CONFLICT_PPM = 250_000
"""From here on, the members' opinions on one claim are far from unanimous."""
FRESH_DAYS = 365
"""Evidence older than this is not fresh: long enough for a yearly report to have come out."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new, and where to go on the next time."""

    statements: tuple[models.Statement, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Opposite experience with one subject: inside one claim, or as a concern beside an assurance of the same group."""

    subject: str
    group: str
    contested: tuple[models.Signal, ...]
    concerns: tuple[models.Signal, ...]
    assurances: tuple[models.Signal, ...]


@dataclass(frozen=True, slots=True)
class Stale:
    """A subject whose assurances all rest on old evidence."""

    subject: str
    assurances: tuple[models.Signal, ...]
    newest: date | None


def what_is_new(client: Client, follow: Sequence[str], since: date, cursor: str = "") -> News:
    """Statements about these subjects that the node received from ``since`` on, or behind the cursor of the last time.

    A statement may be signed on Monday and reach this node on Friday, so what is new is told by reception and by the
    cursor, never by the day on which it was issued.
    """
    feed = client.findings(cursor, subject=follow)
    new = tuple(each for each in feed if cursor or each.provenance.received >= since)
    return News(new, feed.cursor)


def where_members_disagree(client: Client, asked: Sequence[str] = DELIVERY_AND_RECIPROCITY) -> list[Disagreement]:
    """Every subject with conflict in one of the groups, strongest conflict first."""
    groups = {each.id: each.group for each in client.vocabulary().indicators}
    held: dict[tuple[str, str], list[models.Signal]] = {}
    for group in asked:
        for signal in client.signals(group=group, order="subject"):
            held.setdefault((signal.subject, groups[signal.indicator.id]), []).append(signal)
    found = []
    for (subject, group), signals in held.items():
        contested = tuple(each for each in signals if each.conflict_ppm >= MARKED_CONFLICT_PPM)
        concerns, assurances = (
            tuple(each for each in signals if each.indicator.polarity == polarity and _counts(each))
            for polarity in ("concern", "assurance")
        )
        if contested or (concerns and assurances):
            found.append(Disagreement(subject, group, contested, concerns, assurances))
    return sorted(found, key=lambda each: (-max((s.conflict_ppm for s in each.contested), default=0), each.subject))


def assured_without_fresh_evidence(client: Client, today: date, fresh_days: int = FRESH_DAYS) -> list[Stale]:
    """Every subject with an assurance that counts, where the newest evidence of all of them is old; oldest first."""
    held: dict[str, list[models.Signal]] = {}
    for signal in client.signals(polarity="assurance", order="subject"):
        if _counts(signal):
            held.setdefault(signal.subject, []).append(signal)
    found = []
    for subject, signals in held.items():
        newest = max((each.newest for each in signals if each.newest), default=None)
        if newest is None or today - newest > timedelta(days=fresh_days):
            found.append(Stale(subject, tuple(signals), newest))
    return sorted(found, key=lambda each: (each.newest or date.min, each.subject))


def _counts(signal: models.Signal) -> bool:
    """Unknown is an answer of its own: it is neither an assurance nor the lack of one."""
    return signal.likelihood != "unknown"


def tell(
    news: News, follow: Sequence[str], disagreements: Sequence[Disagreement], stale: Sequence[Stale]
) -> Iterator[str]:
    """The three answers, line by line."""
    yield f"New about {len(follow)} followed partners: {len(news.statements)}"
    yield from (f"  {_line(each)}" for each in news.statements)
    yield f"Members disagree: {len(disagreements)}"
    for each in disagreements:
        yield f"  {each.subject} ({each.group})"
        yield from _words("contested", each.contested)
        yield from _words("concern", each.concerns)
        yield from _words("assurance", each.assurances)
    yield f"Assurances without fresh evidence: {len(stale)}"
    for old in stale:
        yield f"  {old.subject}: newest evidence {old.newest or 'undated'}"
        yield from _words("assurance", old.assurances)


def _line(each: models.Statement) -> str:
    of = each.provenance
    match each:
        case models.Finding():
            what = f"{each.label}: {each.indicator}, strength {each.strength}"
        case models.Relation():
            what = f"{each.subject_label} {each.relation} {each.object_label}"
        case models.Response():
            what = f"{each.stance} {each.target}"
        case models.Correction() | models.Retraction():
            what = f"{each.target}: {each.reason}"
    return f"{of.received:%Y-%m-%d} {of.pseudonym} {what} ({of.state})"


def _words(name: str, signals: Iterable[models.Signal]) -> Iterator[str]:
    for each in signals:
        yield f"    {name}: {each.indicator.label}: {each.likelihood}, roots: {each.roots}, newest {each.newest}"


def main() -> None:
    """Ask a node, and keep the place for the next time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("--follow", action="append", default=[], help="an identifier; repeat it")
    parser.add_argument("--place", type=Path, help="where the cursor is kept from one time to the next")
    parser.add_argument("--group", action="append", help="a group of indicators; repeat it")
    parser.add_argument("--fresh-days", type=int, default=FRESH_DAYS)
    given = parser.parse_args()
    now = datetime.now(UTC)  # noqa: TID251  # a program of its own: the node's clock is not here
    place: Path | None = given.place
    cursor = place.read_text("utf-8") if place and place.exists() else ""
    with Client(given.url, given.token) as client:
        news = what_is_new(client, given.follow, (now - WEEK).date(), cursor)
        disagreements = where_members_disagree(client, given.group or DELIVERY_AND_RECIPROCITY)
        stale = assured_without_fresh_evidence(client, now.date(), given.fresh_days)
    print("\n".join(tell(news, given.follow, disagreements, stale)))  # noqa: T201  # what the program is for
    if place:
        place.write_text(news.cursor, "utf-8")


if __name__ == "__main__":
    main()
