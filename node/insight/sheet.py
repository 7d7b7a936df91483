"""A briefing in words: the same for the page, the PDF and the command line, so that none says more than another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.briefing import Apart, Briefing, CircleFigures, CircleReadings, GroupFigures, Reading, SubjectFigures
from node.domain.dashboard import first_day
from node.insight.briefing import parse_month
from node.insight.handling import left_out_words
from node.insight.words import percent
from protocol.identifiers import CircleId, SubjectId
from protocol.vocabulary import WHOLE, Polarity, Vocabulary

MOST_READINGS: Final = 8
"""Of one polarity on a page about a subject; the dossier has all."""
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MOST_REPLIES: Final = 3
"""Replies on a page about a subject, the newest first; the dossier has all."""
MAX_REPLY: Final = 600
"""Characters of a reply on the page: as many as a summary may have."""
_REPLIED: Final = " The organisation has replied."
_TITLES: Final[Mapping[Polarity, str]] = {"assurance": "Assurances", "concern": "Concerns", "context": "Context"}
_LIMITS: Final = (
    "It rests on what members chose to share, under pseudonyms. What nobody stated is unknown, neither good nor bad.",
    "Concerns and assurances stand side by side and are never summed. A reading is evidence with its limits.",
    "Decisions stay with each institution. No country is an input of any figure.",
    "How much each contributor counts is this node's own policy, and another node may have another.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line about a subject."""

    name: str
    """What it is called: text of strangers."""
    identifier: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A heading and its lines; ``empty`` where there are none."""

    heading: str
    rows: tuple[Row, ...]
    empty: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is on the page, from top to bottom."""

    kind: str
    title: str
    subtitle: str
    mark: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    table: tuple[tuple[str, ...], ...]
    """Its head first; empty where there is none."""
    limits: tuple[str, ...]
    origin: tuple[tuple[str, str], ...]
    """What it takes to compute the figures again."""


def sheet(briefing: Briefing, vocabulary: Vocabulary) -> Sheet:
    """The words of a briefing."""
    match briefing.figures:
        case CircleFigures() as figures:
            return _circle(briefing, figures, vocabulary)
        case SubjectFigures() as figures:
            return _subject(briefing, figures, vocabulary)


def _circle(briefing: Briefing, figures: CircleFigures, vocabulary: Vocabulary) -> Sheet:
    month = first_day(parse_month(figures.month))
    in_words = f"{_MONTHS[month.month - 1]} {month.year}"
    anybody, concerns, assurances, context = figures.subjects
    (source,) = briefing.sources
    new = f"{figures.month_stated:,} by {figures.month_contributors:,} contributors: "
    new += f"{figures.month_assurances:,} assurances, {figures.month_concerns:,} concerns"
    facts = (
        (
            "Partners with live findings",
            f"{anybody:,}: {assurances:,} with an assurance, {concerns:,} with a concern, {context:,} with context",
        ),
        (
            "Findings that count today",
            f"{figures.live:,} of {figures.stated:,} stated, by {figures.contributors:,} of {source.members:,} members",
        ),
        (f"Stated in {in_words}", new),
    )
    still = "Nothing moved by two hundredths or more."
    blocks = (
        Block("Assurances that moved most in 30 days", _moved(figures.assurances, briefing, vocabulary), still),
        Block("Concerns that moved most in 30 days", _moved(figures.concerns, briefing, vocabulary), still),
        Block(
            "One partner, opposite experience",
            tuple(_apart(each, briefing, vocabulary) for each in figures.apart),
            "Nowhere do a concern and an assurance of the same group both read likely about one partner.",
        ),
    )
    return Sheet(
        kind="Briefing",
        title=briefing.title,
        subtitle=f"{in_words}, as it stood on {_day(briefing)}",
        mark=briefing.mark,
        facts=facts,
        blocks=blocks,
        table=(
            ("Group of indicators", "Assurances", "Concerns", "Context", "Seen in the last year"),
            *(_group(each, vocabulary) for each in figures.groups),
        ),
        limits=_limits(briefing),
        origin=_origin(briefing, f"hanse briefing {source.circle} --month {figures.month} --as-of {briefing.as_of}"),
    )


def _subject(briefing: Briefing, figures: SubjectFigures, vocabulary: Vocabulary) -> Sheet:
    names = {source.circle: source.name for source in briefing.sources}
    blocks = [
        _side(side, circle, names[circle.circle], vocabulary, briefing)
        for circle in figures.circles
        for side in _TITLES
    ]
    shown = [block for block in blocks if block.rows or not block.heading.startswith("Context")]
    facts = tuple(
        (
            names[circle.circle],
            f"{circle.findings:,} findings count today; {circle.withdrawn:,} were retracted or have ended"
            if circle.findings or circle.withdrawn
            else "unknown: no member has stated anything",
        )
        for circle in figures.circles
    )
    return Sheet(
        kind="Briefing on a partner",
        title=briefing.title,
        subtitle=f"{figures.subject}, as it stood on {_day(briefing)}",
        mark=briefing.mark,
        facts=facts,
        blocks=(*([_replies(briefing, names)] if briefing.replies else []), *shown),
        table=(),
        limits=_limits(briefing),
        origin=_origin(briefing, f"hanse briefing {figures.subject} --as-of {briefing.as_of}"),
    )


def _side(side: Polarity, circle: CircleReadings, name: str, vocabulary: Vocabulary, briefing: Briefing) -> Block:
    some = [each for each in circle.readings if vocabulary.indicators[each.indicator].polarity == side]
    some.sort(key=lambda each: (-each.expected_ppm, each.indicator, each.scope))
    rows = tuple(
        Row(_indicator(each, vocabulary), "", _said(each) + _replied(each, briefing)) for each in some[:MOST_READINGS]
    )
    more = len(some) - len(rows)
    return Block(
        f"{_TITLES[side]} in {name}",
        rows,
        "Unknown: nobody has stated any.",
        f"{more:,} more are in the dossier." if more else "",
    )


def _moved(readings: Sequence[Reading], briefing: Briefing, vocabulary: Vocabulary) -> tuple[Row, ...]:
    rows = []
    for each in readings:
        before = percent(each.expected_ppm - each.moved_30_ppm)
        fresh = f"{each.roots_30:,} new independent {'source' if each.roots_30 == 1 else 'sources'}"
        moved = f"from {before} to {percent(each.expected_ppm)} of 100, {fresh if each.roots_30 else 'no new source'}"
        text = f"{_indicator(each, vocabulary)}: {moved}.{_replied(each, briefing)}"
        rows.append(_row(each.subject, briefing, text))
    return tuple(rows)


def _replied(reading: Reading, briefing: Briefing) -> str:
    """One sentence, where the organisation has replied to a finding behind a reading."""
    claim = (reading.subject, reading.indicator, reading.scope)
    return _REPLIED if any(claim in each.claims for each in briefing.replies) else ""


def _replies(briefing: Briefing, names: Mapping[CircleId, str]) -> Block:
    """What the organisation says, in its own words."""
    rows = []
    for each in briefing.replies[:MOST_REPLIES]:
        whole = len(each.text) <= MAX_REPLY
        text = each.text if whole else f"{each.text[:MAX_REPLY]}\u2026 (the rest is in the dossier)"
        rows.append(Row(f"{each.label}, {each.day.isoformat()}, in {names[each.circle]}", "", " ".join(text.split())))
    more = len(briefing.replies) - len(rows)
    return Block("What the organisation says", tuple(rows), "", f"{more:,} more are in the dossier." if more else "")


def _apart(apart: Apart, briefing: Briefing, vocabulary: Vocabulary) -> Row:
    concern, assurance = vocabulary.indicators[apart.concern].label, vocabulary.indicators[apart.assurance].label
    where = "" if apart.scope == WHOLE else f" (limited to {vocabulary.scope_label(apart.scope).lower()})"
    return _row(
        apart.subject,
        briefing,
        f"“{assurance}” reads {percent(apart.assurance_ppm)}, “{concern}” reads {percent(apart.concern_ppm)} of 100"
        f"{where}.",
    )


def _row(subject: SubjectId, briefing: Briefing, text: str) -> Row:
    return Row(briefing.labels.get(subject, ""), subject, text)


def _group(group: GroupFigures, vocabulary: Vocabulary) -> tuple[str, ...]:
    label = vocabulary.groups[group.group].label
    if not group.stated:
        return (label, "unknown", "unknown", "unknown", "unknown")
    fresh = f"{group.fresh * 100 // group.live} of 100" if group.live else "nothing counts"
    return (label, f"{group.assurances:,}", f"{group.concerns:,}", f"{group.context:,}", fresh)


def _indicator(reading: Reading, vocabulary: Vocabulary) -> str:
    label = vocabulary.indicators[reading.indicator].label
    if reading.scope == WHOLE:
        return label
    return f"{label} (limited to {vocabulary.scope_label(reading.scope).lower()})"


def _said(reading: Reading) -> str:
    if reading.likelihood == "unknown":
        return "Unknown: what is stated carries no weight."
    low, high = percent(reading.belief_ppm), percent(reading.belief_ppm + reading.uncertainty_ppm)
    word = reading.likelihood.replace("-", " ").capitalize()
    roots = f"{reading.roots:,} independent {'source' if reading.roots == 1 else 'sources'}"
    who = f"{reading.contributors:,} {'contributor' if reading.contributors == 1 else 'contributors'}"
    return (
        f"{word}: {percent(reading.expected_ppm)} of 100, open between {low} and {high}. "
        f"{roots}, {who}, conflict {percent(reading.conflict_ppm)} of 100."
    )


def _limits(briefing: Briefing) -> tuple[str, ...]:
    kept_back = left_out_words(briefing.left_out)
    return (*_LIMITS, *([kept_back] if kept_back else []))


def _origin(briefing: Briefing, command: str) -> tuple[tuple[str, str], ...]:
    lines = [("State", f"position {briefing.as_of.position} of this node's feed, on {briefing.as_of.day.isoformat()}")]
    for source in briefing.sources:
        name = "" if len(briefing.sources) == 1 else f" of {source.name}"
        lines.append((f"Logs{name}", source.pool_digest))
        lines.append((f"Policy{name}", source.policy_digest))
    lines.append(("Figures", briefing.digest))
    lines.append(("Again with", command))
    return tuple(lines)


def _day(briefing: Briefing) -> str:
    day = briefing.as_of.day
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def texts(of: Sheet) -> Iterable[str]:
    """Every text on the sheet, for whoever must know which letters it takes."""
    yield from (of.kind, of.title, of.subtitle, of.mark, *of.limits)
    for pair in (*of.facts, *of.origin):
        yield from pair
    for block in of.blocks:
        yield from (block.heading, block.empty, block.more)
        for row in block.rows:
            yield from (row.name, row.identifier, row.text)
    for line in of.table:
        yield from line
