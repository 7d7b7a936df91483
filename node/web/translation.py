"""The language of a page: which one, its words, and how it writes days and numbers.

A visitor's browser says what its owner reads; a choice on the page of one's account outweighs that, in this browser.
English is complete, because the texts in the code are the English ones. Another language is a catalogue
``locale/<language>/hanse.po``; ``python -m node.web.locale`` brings the catalogues in step with the templates.

A page takes part once all its sentences are marked; :data:`TRANSLATED` lists the addresses of those that do. On every
other page only the frame speaks the visitor's language, and the page says of its content that it is English, so that
a screen reader pronounces it so.
"""

import gettext as standard
import importlib.resources
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from enum import StrEnum, unique
from functools import cache
from typing import Final

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@unique
class Language(StrEnum):
    """A language that pages speak, by its code in BCP 47."""

    EN = "en"
    DE = "de"


LANGUAGES: Final = {Language.EN: "English", Language.DE: "Deutsch"}
"""Each by its own name, so that whoever reads it finds it."""
COOKIE: Final = "hanse-language"
"""Holds a choice, and no secret: whoever plants another one changes the language of a page."""
COOKIE_SECONDS: Final = 365 * 86_400
TRANSLATED: Final = re.compile(r"/search|/sign-in(/code)?|/setup/[^/]+|/account|/subjects/(?!new$)[^/]+")
"""Addresses of pages that are translated as a whole. The overview is not: what waits there is said by every room."""
MAX_ACCEPTED_CHARACTERS: Final = 200
"""Of a browser's list of languages; a longer one is no person's."""
CATALOGUE: Final = "hanse.po"
_NUMBERS: Final = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FRAME: ContextVar[Language] = ContextVar("frame", default=Language.EN)
_CONTENT: ContextVar[Language] = ContextVar("content", default=Language.EN)


def frame_language() -> Language:
    """What the masthead, the sections and the footer speak: what the visitor reads."""
    return _FRAME.get()


def language() -> Language:
    """What the content of this page speaks. English outside a request."""
    return _CONTENT.get()


@contextmanager
def speaking(frame: Language, path: str) -> Iterator[None]:
    """Everything that is written below is for the page at ``path``, for a reader of this language."""
    kept = _FRAME.set(frame), _CONTENT.set(frame if TRANSLATED.fullmatch(path) else Language.EN)
    try:
        yield
    finally:
        _FRAME.reset(kept[0])
        _CONTENT.reset(kept[1])


def say(text: str) -> str:
    """A text of ours in the language of the content; as it is where the catalogue has none."""
    return _plain(language(), text)


def framed(text: str) -> str:
    """A text of the frame in the visitor's language."""
    return _plain(frame_language(), text)


def say_one_or_many(one: str, many: str, count: int) -> str:
    """The form that fits a number, by the language's own rule."""
    return catalogue(language()).ngettext(one, many, count)


def _plain(spoken: Language, text: str) -> str:
    return catalogue(spoken).gettext(text) if text else text  # the empty text is the catalogue's head


def chosen(choice: str, accepted: str) -> Language:
    """By the choice; else the first language of RFC 9110, section 12.5.4, that we speak; else English."""
    if choice in LANGUAGES:
        return Language(choice)
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:MAX_ACCEPTED_CHARACTERS].lower().split(",")):
        tag, _, weight = part.strip().partition(";")
        weighed.append((-_weight(weight), place, tag.strip().partition("-")[0]))
    for minus_weight, _, code in sorted(weighed):
        if minus_weight < 0 and code in LANGUAGES:
            return Language(code)
    return Language.EN


def _weight(text: str) -> float:
    found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", text)
    return float(found[1]) if found else 0.0 if text.strip() else 1.0


@cache
def catalogue(spoken: Language) -> standard.NullTranslations:
    """The words of a language, read once. What it does not have stays English."""
    if spoken is Language.EN:
        return standard.NullTranslations()
    source = importlib.resources.files("node.web").joinpath("locale", spoken.value, CATALOGUE)
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=spoken.value))
    compiled.seek(0)
    return standard.GNUTranslations(compiled)


def day(value: date) -> str:
    """``4 Sep 2026``, with spaces that do not break."""
    spoken = language()
    if spoken is Language.EN:
        return f"{value.day}\u00a0{_MONTHS[value.month - 1]}\u00a0{value.year}"
    return format_date(value, "medium", locale=spoken.value).replace(" ", "\u00a0")


def number(value: int) -> str:
    """English: up to twelve in words, then figures with thin spaces. Elsewhere figures, as that language groups them.

    A number in words has a gender in many languages, which nobody knows here.
    """
    spoken = language()
    if spoken is not Language.EN:
        return format_decimal(value, locale=spoken.value)
    return _NUMBERS[value] if 0 <= value < len(_NUMBERS) else f"{value:,}".replace(",", "\u2009")


class LanguageOfRequest:
    """Finds out what a visitor reads, and says in the answer which language it has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; pages get their language, and caches are told what it hangs on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        reader = chosen(connection.cookies.get(COOKIE, ""), connection.headers.get("accept-language", ""))

        async def with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("content-language", reader.value)
                    headers.add_vary_header("Accept-Language")
            await send(message)

        with speaking(reader, scope["path"]):
            await self.app(scope, receive, with_language)
