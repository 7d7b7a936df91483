"""The record of a decision as a PDF: equal records give equal bytes, and no text can become an instruction."""

import importlib.resources
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Final

from node.domain.documents import Document, Entry, Section, texts
from node.typesetting import Letters, typeset

_TEMPLATE: Final = "record.typ"


def record_pdf(of: Document, day: date) -> bytes:
    """The document as a tagged PDF, dated on ``day``."""
    source = importlib.resources.files("node.casework").joinpath(_TEMPLATE).read_bytes()
    return typeset(source, asdict(printable(of)), day)


def printable(of: Document) -> Document:
    """The document with what cannot be printed replaced by marks that say so."""
    letters = Letters(texts(of))
    line = letters.line

    def lines(some: Sequence[str]) -> tuple[str, ...]:
        return tuple(line(each) for each in some)

    def entry(each: Entry) -> Entry:
        return Entry(line(each.title), lines(each.meta), lines(each.texts), lines(each.lines))

    def section(each: Section) -> Section:
        return Section(
            heading=line(each.heading),
            facts=tuple((line(label), line(text)) for label, text in each.facts),
            texts=lines(each.texts),
            entries=tuple(entry(one) for one in each.entries),
            empty=line(each.empty),
        )

    return replace(
        of,
        title=letters.name(of.title),
        subtitle=line(of.subtitle),
        sections=tuple(section(each) for each in of.sections),
    )
