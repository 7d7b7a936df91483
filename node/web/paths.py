"""What is tied to an organisation, drawn and as a table; and the paths from it to organisations with a concern."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.domain.accounts import Permission
from node.domain.graph import ORIGINS, Hop, Neighbourhood, Path, PathReading, Place, Tie
from node.errors import Code, HanseError
from node.insight.graph import MAX_PASSED, MAX_TIES, neighbourhood
from node.insight.paths import MAX_HOPS, MAX_TARGETS, paths
from node.web.assessments import own_ties
from node.web.dossier import subject_of
from node.web.drawing import draw
from node.web.forms import FormView
from node.web.ties import BORDER_WORDS, KNOWLEDGE_WORDS, ORIGIN_WORDS, evidence, phrase
from node.web.visits import Requires, Visit
from protocol.identifiers import SubjectId
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
MAX_DEPTH: Final = 2
"""Steps of a drawing: a third would be most of the graph."""
_DEPTHS: Final = (("1", "what is tied to it"), ("2", "and what is tied to that"))
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]


@dataclass(frozen=True, slots=True)
class TieLine:
    """One row of the table: a tie as seen from one of its ends."""

    tie: Tie
    phrase: str
    other: Place
    evidence: str


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a path, in words."""

    hop: Hop
    end: Place
    said: tuple[tuple[str, Tie, str], ...]
    weakest: bool


@dataclass(frozen=True, slots=True)
class PathPart:
    """One path, arranged for the page."""

    path: Path
    start: Place
    steps: tuple[PathStep, ...]
    knowledge: str
    border: str


@ROUTER.get("/subjects/{subject}/ties")
def show_ties(
    visit: _Visit,
    subject: str,
    depth: Annotated[int, Query(ge=1, le=MAX_DEPTH)] = 1,
    origin: Annotated[list[str] | None, Query(max_length=len(ORIGINS))] = None,
) -> Response:
    """The neighbourhood of one organisation; what we noted ourselves only for those who may read casework."""
    parsed, vocabulary = subject_of(subject), visit.runtime.vocabulary
    offered = [each for each in ORIGINS if each != "private" or visit.may(Permission.ASSESSMENTS_READ)]
    chosen = [each for each in offered if origin is None or each in origin] or offered
    visit.record("ties-read", parsed)
    with visit.read() as tx:
        own = own_ties(visit, tx) if "private" in chosen else ()
        found = neighbourhood(tx, vocabulary, parsed, visit.now, depth=depth, origins=chosen, private=own)
    here = found.places[found.subject]
    if not found.ties and here.label == here.id:
        raise _unknown()
    return visit.render(
        "ties.html",
        here=here,
        found=found,
        form=FormView.of(depth=str(depth), origin=tuple(chosen)),
        depths=_DEPTHS,
        origins=[(each, ORIGIN_WORDS[each].capitalize(), "") for each in offered],
        origin_words=ORIGIN_WORDS,
        drawings=[(width, draw(found, vocabulary, width)) for width in ("wide", "narrow")],
        near=_lines(found, here.id, vocabulary),
        beyond=_beyond(found, vocabulary),
        bound=MAX_TIES,
        may_see_case=visit.may(Permission.ASSESSMENTS_READ),
    )


@ROUTER.get("/subjects/{subject}/paths")
def show_paths(visit: _Visit, subject: str) -> Response:
    """The shortest paths from one organisation to those that a live concern was stated about."""
    parsed, vocabulary = subject_of(subject), visit.runtime.vocabulary
    visit.record("paths-read", parsed)
    with visit.read() as tx:
        found = paths(tx, vocabulary, parsed, visit.now, private=own_ties(visit, tx))
    here = found.places[found.subject]
    if not found.reached and here.label == here.id:
        raise _unknown()
    return visit.render(
        "paths.html",
        here=here,
        found=found,
        parts=_targets(found, vocabulary),
        origin_words=ORIGIN_WORDS,
        hops=MAX_HOPS,
        passed=MAX_PASSED,
        shown=MAX_TARGETS,
    )


def _unknown() -> HanseError:
    return HanseError(
        Code.NOT_FOUND,
        "no organisation with this identifier is in the registry, and no statement names it.",
        remedy="Search for it by name.",
    )


def _lines(found: Neighbourhood, here: SubjectId, vocabulary: Vocabulary) -> list[TieLine]:
    return sorted(
        (
            TieLine(tie, phrase(tie, here, vocabulary), found.places[tie.other(here)], evidence(tie))
            for tie in found.of(here)
        ),
        key=lambda line: (line.phrase, line.other.label.casefold(), ORIGINS.index(line.tie.origin)),
    )


def _beyond(found: Neighbourhood, vocabulary: Vocabulary) -> list[tuple[Place, list[TieLine]]]:
    """What each neighbour is tied to, but for the organisation itself."""
    if found.depth == 1:
        return []
    near = dict.fromkeys(tie.other(found.subject) for tie in found.of(found.subject))
    parts = []
    for neighbour in sorted(near, key=lambda each: (found.places[each].label.casefold(), each)):
        lines = [line for line in _lines(found, neighbour, vocabulary) if line.other.id != found.subject]
        if lines:
            parts.append((found.places[neighbour], lines))
    return parts


def _targets(found: PathReading, vocabulary: Vocabulary) -> list[tuple[Place, list[PathPart]]]:
    """Paths by where they lead, in the order of the reading."""
    return [
        (found.places[target], [_part(path, found.places, vocabulary) for path in group])
        for target, group in groupby(_by_target(found.paths), key=lambda path: path.nodes[-1])
    ]


def _by_target(found: Sequence[Path]) -> list[Path]:
    order = {target: place for place, target in reversed(list(enumerate(path.nodes[-1] for path in found)))}
    return sorted(found, key=lambda path: order[path.nodes[-1]])


def _part(path: Path, places: Mapping[SubjectId, Place], vocabulary: Vocabulary) -> PathPart:
    strengths = {hop.strength_ppm for hop in path.hops}
    steps = tuple(
        PathStep(
            hop=hop,
            end=places[hop.end],
            said=tuple((phrase(tie, hop.start, vocabulary), tie, evidence(tie)) for tie in hop.ties),
            weakest=number == path.weakest and len(strengths) > 1,
        )
        for number, hop in enumerate(path.hops)
    )
    return PathPart(path, places[path.nodes[0]], steps, KNOWLEDGE_WORDS[path.knowledge], BORDER_WORDS[path.border])
