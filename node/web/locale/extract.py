"""What can be translated: the marked texts of templates and pages, and the short tables of words that pages print.

Marked is in a template what stands in ``{% trans %}``, ``_()``, ``ngettext()``, ``framed()`` or
``…|count("noun")``, in a module what is given to ``say``, ``framed``, ``say_one_or_many`` or ``counted``.
"""

import ast
import importlib
import importlib.resources
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes
from jinja2.ext import babel_extract

from node.domain.accounts import Role
from node.web import visits
from node.web.translation import CATALOGUE, LANGUAGES, Language
from protocol.vocabulary import Vocabulary

HERE: Final = Path(__file__).parent
WEB: Final = HERE.parent
_IN_TEMPLATES: Final = ("_", "gettext", "ngettext", "framed")
_IN_MODULES: Final = frozenset({"say", "framed", "say_one_or_many", "counted"})
TEMPLATES: Final = (
    "base.html",
    "error.html",
    "marks.html",
    "sign_in.html",
    "sign_in_code.html",
    "setup.html",
    "own_account.html",
    "search.html",
    "dossier.html",
    "reading.html",
    "outside.html",
)
"""Templates whose sentences are all marked; a new one is added here and its address to ``TRANSLATED``."""
MODULES: Final = ("dossier.py", "formats.py", "sessions.py", "subjects.py", "words.py")
"""Modules below ``node/web`` that make texts for them."""
NOTICES: Final = ("password-set", "second-factor-off", "second-factor-on", "signed-out", "watch-begun")
"""What these pages may say after a redirect."""
TABLES: Final = (
    "node.web.sections:GROUPS",
    "node.web.errors:_TITLES",
    "node.web.words:_LIKELIHOODS",
    "node.web.words:_RANGES",
    "node.web.words:_STANCES",
    "node.web.words:_STATES",
    "node.web.ties:ORIGIN_WORDS",
    "node.web.ties:REGISTRY_WORDS",
    "node.web.dossier:_KIN_WORDS",
    "node.web.dossier:PUBLICATION_WORDS",
    "node.web.subjects:_KINDS",
    "node.web.subjects:STATUS_WORDS",
    "node.domain.accounts:ROLE_LABELS",
)
"""Tables of texts that pages print from, as ``module:name``; every text in their values is one message."""
WIDTH: Final = 110
"""Characters of a line in a catalogue."""


Text: TypeAlias = str | tuple[str, str]
"""A text; or a singular with its plural."""


def messages() -> dict[Text, str]:
    """Every text, and the first place where it stands."""
    found: dict[Text, str] = {}
    for place, message in _all():
        if message:
            found.setdefault(message, place)
    return found


def _all() -> Iterator[tuple[str, Text]]:
    for name in TEMPLATES:
        for message in _of_template(WEB / "templates" / name):
            yield f"templates/{name}", message
    for name in MODULES:
        for message in _of_module(WEB / name):
            yield name, message
    for key in NOTICES:
        yield "visits.py", visits.NOTICES[key]
    for name in TABLES:
        module, _, attribute = name.partition(":")
        for text in _texts(getattr(importlib.import_module(module), attribute)):
            yield name, text
    for role in Role:
        yield "node.domain.accounts:Role", role.value
        yield "node.domain.accounts:Role", role.value.capitalize()
    for text in _vocabulary_texts():
        yield "schemas/vocabularies/v1.json", text


def _of_template(path: Path) -> Iterator[Text]:
    with path.open("rb") as file:
        for _, _, message, _ in babel_extract(file, _IN_TEMPLATES, (), {"trimmed": "true"}):
            yield from _text([message] if isinstance(message, str) else list(message or ()))
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text("utf-8"))
    for each in tree.find_all(nodes.Filter):
        if each.name == "count":
            yield from _noun([word.value for word in each.args if isinstance(word, nodes.Const)])


def _of_module(path: Path) -> Iterator[Text]:
    for call in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _IN_MODULES:
            values = [each.value for each in call.args if isinstance(each, ast.Constant)]
            said = [value for value in values if isinstance(value, str)]
            yield from _noun(said) if call.func.id == "counted" else _text(said)


def _text(found: Sequence[str | None]) -> Iterator[Text]:
    said = [each for each in found if each]
    if said:
        yield said[0] if len(said) == 1 else (said[0], said[1])


def _noun(found: Sequence[str]) -> Iterator[Text]:
    """A noun, with its plural where that is not the singular with an ``s``."""
    if found:
        yield found[0], found[1] if len(found) > 1 else f"{found[0]}s"


def _texts(table: object) -> Iterator[str]:
    """Every text in the values of a table; paths and codes are not texts."""
    if isinstance(table, str):
        if not table.startswith("/"):
            yield str(table)
    elif isinstance(table, Mapping):
        for value in table.values():
            yield from _texts(value)
    elif isinstance(table, Iterable):
        for value in table:
            if not isinstance(value, str) or type(value) is str:  # an enumeration's member is a code
                yield from _texts(value)


def _vocabulary_texts() -> Iterator[str]:
    """The short labels that a dossier prints; definitions and questions stay English for now."""
    data = importlib.resources.files("schemas").joinpath("vocabularies", "v1.json").read_bytes()
    vocabulary = Vocabulary.parse(data)
    yield from sorted({each.polarity for each in vocabulary.indicators.values()})
    yield from (each.label for each in vocabulary.groups.values())
    yield from (each.label for each in vocabulary.indicators.values())
    for relation in vocabulary.relations.values():
        yield from (relation.label, relation.inverse_label)
    yield from vocabulary.strengths.values()
    yield from (each.label for each in vocabulary.reply_verifications.values())
    yield from (each.label for each in vocabulary.evidence_sources.values())


def path_of(spoken: Language) -> Path:
    """Where the catalogue of a language is."""
    return HERE / spoken.value / CATALOGUE


def read(spoken: Language) -> Catalog:
    """A catalogue as it is; an empty one where there is none yet."""
    path = path_of(spoken)
    if not path.exists():
        return Catalog(locale=spoken.value)
    return read_po(io.BytesIO(path.read_bytes()), locale=spoken.value)


def in_step(spoken: Language) -> bytes:
    """The catalogue with exactly today's messages: what is gone is dropped, what is new is empty."""
    old = read(spoken)
    new = Catalog(locale=spoken.value, project="hanse", fuzzy=False, header_comment="# The pages of Hanse.")
    for message, _ in sorted(messages().items(), key=lambda item: str(item[0])):
        known = old.get(message)
        new.add(message, known.string if known else "")
    written = io.BytesIO()
    write_po(written, new, width=WIDTH, omit_header=False, include_lineno=False, sort_output=False)
    # The day on which a file was written says nothing about it, and would make every run differ.
    lines = [line for line in written.getvalue().splitlines(keepends=True) if not line.startswith(_DATED)]
    return b"".join(lines)


_DATED: Final = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Last-Translator', b'"Report-Msgid', b'"Generated-By')


def missing(spoken: Language) -> list[str]:
    """The texts that a catalogue has no words for, or only guessed ones."""
    lacking = []
    for entry in read(spoken):
        said = entry.string if isinstance(entry.string, str) else "".join(entry.string or ())
        if entry.id and (not said or entry.fuzzy):
            lacking.append(str(entry.id))
    return lacking


def translated_languages() -> tuple[Language, ...]:
    """Every language that has a catalogue."""
    return tuple(each for each in LANGUAGES if each is not Language.EN)
