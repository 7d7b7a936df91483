"""A release as its pages show it: one table for concerns and one for assurances, made from its blocks alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.disclosure import (
    BANDS,
    NOT_STATED,
    SEVERAL,
    SIDES,
    Band,
    Block,
    Content,
    HiddenCell,
    Reason,
    Rules,
    Side,
)
from node.web.formats import counted, listed
from protocol.identifiers import VocabularyCode
from protocol.vocabulary import Vocabulary

SIDE_LABELS: Final[Mapping[Side, str]] = {"concern": "Concerns", "assurance": "Assurances"}
BAND_LABELS: Final[Mapping[Band, str]] = {
    "likely": "likely or more",
    "even": "about even",
    "unlikely": "unlikely or less",
    "open": "open",
}
AUDIENCE_LABELS: Final = {"partners": "For partners", "public": "Public"}
_DOMAINS: Final[Mapping[VocabularyCode, str]] = {
    SEVERAL: "More than one domain",
    NOT_STATED: "No domain stated",
}
_FEW: Final = 3
"""Codes that are listed by name where they are counted together; more are said as a number."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number of a group."""

    label: str
    claims: int
    readings: str


@dataclass(frozen=True, slots=True)
class GroupLines:
    """One group, or those that are counted together. ``claims`` is the sum of the lines."""

    label: str
    claims: int
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class SideTable:
    """One side of a release. Nothing is shown of a side without groups."""

    side: Side
    label: str
    claims: int
    groups: Sequence[GroupLines]

    @property
    def tells_readings(self) -> bool:
        """Whether any number is told apart by how its claims read."""
        return any(line.readings for group in self.groups for line in group.lines)


@dataclass(frozen=True, slots=True)
class HiddenLines:
    """Cells of one group that are hidden for one reason, for coordinators."""

    side: Side
    group: str
    cells: str
    """The domains, each with its number of claims."""
    why: str
    counted: bool


def tables(content: Content, vocabulary: Vocabulary) -> Sequence[SideTable]:
    """Both sides, concerns and assurances, which are never summed."""
    return [_table(side, [b for b in content.blocks if b.side == side], vocabulary) for side in SIDES]


def domain_label(code: VocabularyCode, vocabulary: Vocabulary) -> str:
    """A column in words; a code that this node's vocabulary does not know stays one."""
    known = vocabulary.technology_domains.get(code)
    return known.label if known else _DOMAINS.get(code, code)


def group_label(code: VocabularyCode, vocabulary: Vocabulary) -> str:
    """A row in words."""
    known = vocabulary.groups.get(code)
    return known.label if known else code


def hidden(cells: Sequence[HiddenCell], rules: Rules, vocabulary: Vocabulary) -> Sequence[HiddenLines]:
    """For coordinators: what is not shown by itself and the first reason why, side by side and group by group."""
    together: dict[tuple[Side, VocabularyCode, str, bool], list[str]] = {}
    for cell in cells:
        words = f"{domain_label(cell.domain, vocabulary)}\u00a0{cell.claims}"
        together.setdefault((cell.side, cell.group, why(cell.reasons, rules), cell.counted), []).append(words)
    order = {group: number for number, group in enumerate(vocabulary.groups)}
    return [
        HiddenLines(side, group_label(group, vocabulary), ", ".join(words), reason, is_counted)
        for (side, group, reason, is_counted), words in sorted(
            together.items(), key=lambda item: (SIDES.index(item[0][0]), order.get(item[0][1], len(order)), item[0])
        )
    ]


def why(reasons: Sequence[Reason], rules: Rules) -> str:
    """Why a cell is not shown by itself: the first reason is enough."""
    words: Mapping[Reason, str] = {
        "contributors": f"fewer than {counted(rules.k, 'contributor')}",
        "roots": f"fewer than {counted(rules.roots, 'root')} of evidence",
        "subjects": f"fewer than {counted(rules.subjects, 'subject')}",
        "one-contributor": f"one contributor has more than {rules.largest_percent} %",
        "two-contributors": "the second largest contributor could tell what the largest has",
        "one-subject": f"one subject has more than {rules.largest_percent} %",
    }
    return words[reasons[0]] if reasons else "could be shown; hidden so that no other cell can be had by subtraction"


def _table(side: Side, blocks: Sequence[Block], vocabulary: Vocabulary) -> SideTable:
    by_groups: dict[tuple[VocabularyCode, ...], list[Block]] = {}
    for block in blocks:
        by_groups.setdefault(block.groups, []).append(block)
    groups = [
        GroupLines(
            _together([group_label(code, vocabulary) for code in codes], "groups", alone=len(by_groups) == 1),
            sum(block.claims for block in inside),
            _lines(inside, vocabulary),
        )
        for codes, inside in by_groups.items()
    ]
    return SideTable(side, SIDE_LABELS[side], sum(block.claims for block in blocks), groups)


def _lines(blocks: Sequence[Block], vocabulary: Vocabulary) -> Sequence[Line]:
    by_domains: dict[tuple[VocabularyCode, ...], list[Block]] = {}
    for block in blocks:
        by_domains.setdefault(block.domains, []).append(block)
    return [
        Line(
            _together([domain_label(code, vocabulary) for code in codes], "domains", alone=len(by_domains) == 1),
            sum(block.claims for block in inside),
            _readings(inside),
        )
        for codes, inside in by_domains.items()
    ]


def _readings(blocks: Sequence[Block]) -> str:
    if len(blocks) == 1 and blocks[0].bands == BANDS:
        return ""
    return ", ".join(f"{' or '.join(BAND_LABELS[band] for band in block.bands)}: {block.claims}" for block in blocks)


def _together(labels: Sequence[str], what: str, *, alone: bool) -> str:
    if len(labels) == 1:
        return labels[0]
    if alone:
        return f"All {what} together"
    if len(labels) <= _FEW:
        return f"{listed(labels)}, together"
    return f"{counted(len(labels), what.removesuffix('s')).capitalize()} together"
