"""The documents as Markdown. Names and charters come from others: nothing in them is markup here."""

import re
from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from node.cli.legal.facts import Facts

_SPACE: Final = re.compile(r"\s+")
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>|])")


@unique
class Document(StrEnum):
    """What can be made; the value is the name of the template."""

    RECORD = "record-of-processing"
    DPIA = "dpia"
    ARRANGEMENT = "joint-controllers"
    NOTICE = "notice"


def document(which: Document, facts: Facts) -> str:
    """One document, with a line feed at its end."""
    environment = Environment(
        loader=PackageLoader("node.cli.legal", "templates"),
        autoescape=False,  # noqa: S701 - Markdown; ``finalize`` takes what is markup there out of every value
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["figure"] = lambda number: f"{number:,}"
    environment.filters["listed"] = _listed
    return environment.get_template(f"{which.value}.md").render(facts=facts)


def _plain(value: object) -> object:
    """A text on one line whose characters are only themselves."""
    return _MARKUP.sub(r"\\\1", _SPACE.sub(" ", value)) if isinstance(value, str) else value


def _listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    found = list(names)
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else "".join(found)
