"""What a form sent, kept as it was typed, so that a page that says what is wrong can show it again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import BinaryIO, Final, Self

from pydantic import AfterValidator
from starlette.datastructures import FormData, UploadFile

from node.errors import Code, HanseError

LOCAL_ID: Final = r"^[A-Za-z0-9_-]{22}$"
"""The form of the identifiers of local rows, where a path carries one."""
NUL: Final = "\x00"
MAX_FORM_FIELDS: Final = 400
"""Fields in one form, counting every tick: the checklist's 28 questions with all their indicators fit twice."""
MAX_FIELD_BYTES: Final = 65_536
"""One text field, in bytes: a long narrative fits, a file does not."""
MAX_FORM_BYTES: Final = 1_048_576
"""A whole form without a file, in bytes."""


def address_part(pattern: str) -> AfterValidator:
    """For an identifier in an address: where it has not this form, the page of what is not kept here."""
    form = re.compile(pattern)

    def check(text: str) -> str:
        if form.fullmatch(text) is None:
            raise HanseError(
                Code.NOT_FOUND,
                "this address leads to nothing here.",
                remedy="Perhaps a part of it was lost when it was copied.",
            )
        return text

    return AfterValidator(check)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came with a form, for as long as the request lasts."""

    name: str = field(repr=False)
    """As the person's computer calls it; not to be trusted."""
    content: BinaryIO = field(repr=False)


@dataclass(frozen=True, slots=True)
class FormView:
    """A form's values and what is wrong with them, by field; ``""`` is the key for the form as a whole."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    file: SentFile | None = field(default=None, repr=False)
    """Where the page takes one and one was chosen."""

    @classmethod
    def of(cls, **values: str | tuple[str, ...]) -> Self:
        """A form filled beforehand."""
        return cls({name: (value,) if isinstance(value, str) else value for name, value in values.items()})

    @classmethod
    def received(cls, data: FormData, file: SentFile | None = None) -> Self:
        """The text fields that were sent, and the file where the page takes one; line ends as in the rest of the node.

        Raises ``INVALID`` for U+0000, which no keyboard types and not every database stores.
        """
        values: dict[str, tuple[str, ...]] = {}
        for name, value in data.multi_items():
            if isinstance(value, UploadFile):
                continue
            if NUL in value:
                raise HanseError(Code.INVALID, "a field holds the character U+0000, which no text has.")
            values[name] = (*values.get(name, ()), value.replace("\r\n", "\n"))
        return cls(values, file=file)

    def one(self, name: str) -> str:
        """The first value of a field, or the empty text."""
        return next(iter(self.values.get(name, ())), "")

    def text(self, name: str) -> str:
        """The first value without blanks around it."""
        return self.one(name).strip()

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field that is not empty, each once, in order."""
        return tuple(dict.fromkeys(value for value in self.values.get(name, ()) if value))

    def has(self, name: str, value: str) -> bool:
        """Whether this value was chosen."""
        return value in self.values.get(name, ())

    def wrong(self, errors: Mapping[str, str]) -> Self:
        """The same form, with what is wrong."""
        return replace(self, errors=MappingProxyType(dict(errors)))

    def refused(self, error: HanseError) -> Self:
        """The same form, with the words of a refusal at its top."""
        return self.wrong({"": " ".join(part for part in (sentence(error.detail), error.remedy) if part)})


def sentence(text: str) -> str:
    """With a capital letter, as it begins a line of its own."""
    return text[:1].upper() + text[1:]


def whole_number(text: str, *, low: int, high: int) -> int:
    """A number that a choice sent; anything else did not come from our form."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
        raise HanseError(Code.INVALID, f"a whole number from {low} to {high} was expected.")
    return int(text)
