"""A briefing as a PDF: equal sheets give equal bytes, and no name can become an instruction (:mod:`node.typesetting`).

A name that the fonts have no letters for is not dropped: in its place stands that it is one, and its identifier.
"""

import importlib.resources
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from typing import Final, TypeAlias

from node.insight.sheet import Block, Row, Sheet, texts
from node.typesetting import Letters, typeset

_Words: TypeAlias = Callable[[str], str]
_TEMPLATE: Final = "briefing.typ"


def pdf(of: Sheet, day: date) -> bytes:
    """The sheet as a tagged PDF, dated on ``day``: equal sheets give equal bytes."""
    source = importlib.resources.files("node.insight").joinpath(_TEMPLATE).read_bytes()
    return typeset(source, asdict(printable(of)), day)


def printable(of: Sheet) -> Sheet:
    """The sheet with every name that cannot be printed replaced by words that say so."""
    letters = Letters(texts(of))
    name, line = letters.name, letters.line
    return replace(
        of,
        title=name(of.title),
        subtitle=line(of.subtitle),
        facts=tuple((line(label), line(text)) for label, text in of.facts),
        blocks=tuple(_block(block, name, line) for block in of.blocks),
        origin=tuple((line(label), line(text)) for label, text in of.origin),
    )


def _block(block: Block, name: _Words, line: _Words) -> Block:
    rows = tuple(Row(name(row.name), row.identifier, line(row.text)) for row in block.rows)
    return replace(block, heading=line(block.heading), rows=rows)
