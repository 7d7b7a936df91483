"""The development data for name resolution, and an index of a registry file: shared by measuring and training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from node.subjects.matching.files import read_registry
from node.subjects.matching.index import Index, gather
from node.subjects.matching.places import load as load_places
from node.subjects.matching.resolve import Matcher, matcher
from protocol.identifiers import SubjectId
from tests.support import SHARED_DATA

REGISTRY: Final = SHARED_DATA / "ror" / "organisations.jsonl.gz"
NAMES: Final = SHARED_DATA / "names"
CROSSREF: Final = "crossref_2024"
ROR_NAMES: Final = "ror_names_1000"
S2AFF: Final = "s2aff"
SETS: Final = (CROSSREF, ROR_NAMES, S2AFF)


class _Line(msgspec.Struct):
    id: str
    affiliation: str
    ror_ids: list[str]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text and the organisations that people found in it."""

    text: str
    meant: frozenset[SubjectId]


def read_set(directory: Path, name: str) -> list[Labelled]:
    """One set; a file whose name begins so."""
    (path,) = sorted(directory.glob(f"{name}*.jsonl"))[:1]
    return list(_labelled(path))


def _labelled(path: Path) -> Iterator[Labelled]:
    for line in path.read_bytes().splitlines():
        row = msgspec.json.decode(line, type=_Line)
        yield Labelled(row.affiliation, frozenset(SubjectId("ror:" + each.rsplit("/", 1)[-1]) for each in row.ror_ids))


def matcher_of(registries: Sequence[Path]) -> Matcher:
    """A matcher on registry files."""
    return matcher(Index(gather(read_registry(registries), load_places().names)))
