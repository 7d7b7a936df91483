"""A release as bytes: canonical JSON that is stored, hashed and handed out, and a table for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec

from node.domain.disclosure import Band, Block, Content, NamedReading, Period, ReleaseAudience, Rules, Side
from node.insight.handling import marks
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import Handling

HANDLING: Final[Mapping[ReleaseAudience, Handling]] = {"partners": "TLP:AMBER", "public": "TLP:CLEAR"}
"""The mark on a release, by its audience alone: the strictest mark of what it counts would tell of single findings."""


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    polarity: Side
    groups: tuple[VocabularyCode, ...]
    domains: tuple[VocabularyCode, ...]
    readings: tuple[Band, ...]
    claims: int


class _Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    subject: SubjectId
    label: str
    indicator: VocabularyCode
    scope: VocabularyCode
    polarity: Side
    reading: Band


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    contributors: int
    roots: int
    subjects: int
    largest_percent: int
    second_percent: int
    margin: int


class _Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: Literal[1]
    circle: CircleId
    circle_name: str
    period: Annotated[str, msgspec.Meta(max_length=7)]
    audience: ReleaseAudience
    handling: Handling
    vocabulary_version: int
    rules: _Rules
    blocks: tuple[_Block, ...]
    named: tuple[_Named, ...]


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(_Release)


def encode(content: Content) -> bytes:
    """The bytes of a release: equal for equal contents."""
    rules = content.rules
    wire = _Release(
        v=1,
        circle=content.circle,
        circle_name=content.circle_name,
        period=str(content.period),
        audience=content.audience,
        handling=HANDLING[content.audience],
        vocabulary_version=content.vocabulary_version,
        rules=_Rules(rules.k, rules.roots, rules.subjects, rules.largest_percent, rules.second_percent, rules.margin),
        blocks=tuple(_Block(b.side, b.groups, b.domains, b.bands, b.claims) for b in content.blocks),
        named=tuple(_Named(n.subject, n.label, n.indicator, n.scope, n.side, n.band) for n in content.named),
    )
    return _ENCODER.encode(wire)


def decode(data: bytes) -> Content:
    """Undo :func:`encode`; for bytes from our own database."""
    wire = _DECODER.decode(data)
    rules = wire.rules
    return Content(
        circle=wire.circle,
        circle_name=wire.circle_name,
        period=Period.parse(wire.period),
        audience=wire.audience,
        vocabulary_version=wire.vocabulary_version,
        rules=Rules(
            rules.contributors, rules.roots, rules.subjects, rules.largest_percent, rules.second_percent, rules.margin
        ),
        blocks=tuple(Block(b.polarity, b.groups, b.domains, b.readings, b.claims) for b in wire.blocks),
        named=tuple(NamedReading(n.subject, n.label, n.indicator, n.scope, n.polarity, n.reading) for n in wire.named),
    )


def table(content: Content) -> str:
    """The blocks and the named readings as CSV (RFC 4180), one row each. Rows never overlap: sums of rows are right.

    Several codes in one field are separated by spaces: the row counts them together. There is nothing but codes,
    identifiers and numbers in it, so no field can be read as a formula.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("circle", "period", "handling", "polarity", "groups", "domains", "readings", "subject", "claims"))
    head = (content.circle, str(content.period), marks(HANDLING[content.audience]))
    writer.writerows((*head, *row) for row in _rows(content))
    return out.getvalue()


def _rows(content: Content) -> Iterator[Sequence[str | int]]:
    for block in content.blocks:
        yield block.side, " ".join(block.groups), " ".join(block.domains), " ".join(block.bands), "", block.claims
    for named in content.named:
        yield named.side, named.indicator, "", named.band, named.subject, ""
