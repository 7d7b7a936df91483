"""The record of a decision as a PDF: text of strangers stays text, nothing is dropped silently, equal bytes."""

import re
import zlib
from dataclasses import replace
from datetime import date
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.casework.record_pdf import printable, record_pdf
from node.domain.documents import Document, Entry, Section, paragraphs, texts
from node.typesetting import NO_LETTER, UNPRINTABLE

_DAY: Final = date(2026, 9, 4)
_HOSTILE: Final = (
    '#eval("1 + 1")',
    '#read("/etc/passwd")',
    '#import "@preview/evil:1.0.0"',
    "\\ \" ' ` ``` $x^2$ *b* _i_ <label> @ref // c /* [ ] { } ~ -- \\u{41}",
    "= Heading\n== Another\n- item\n+ item\n/ term: x",
    "Institute \u202egnihtoN\u202c of Tides",
    "]#pagebreak()[",
    "\x00\x07\x1b[31m",
    "\u4e2d\u6587",
)


def _document(words: str) -> Document:
    entry = Entry(words, meta=(words, words), texts=(words, words), lines=(words,))
    sections = (
        Section(words, facts=((words, words),), texts=(words,), entries=(entry, entry)),
        Section(words, empty=words),
    )
    return Document("Decision record", words, words, "Private casework.", sections)


def _streams(data: bytes) -> bytes:
    parts = []
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, flags=re.DOTALL):
        try:
            parts.append(zlib.decompress(part))
        except zlib.error:
            parts.append(part)
    return b"\n".join(parts)


def test_it_is_a_tagged_pdf_of_equal_bytes() -> None:
    made = record_pdf(_document("Joint laboratory on tides"), _DAY)
    whole = made + _streams(made)
    assert made.startswith(b"%PDF-")
    assert b"pdfuaid" in whole
    assert b"/StructTreeRoot" in whole
    assert record_pdf(_document("Joint laboratory on tides"), _DAY) == made


@pytest.mark.parametrize("words", _HOSTILE)
def test_what_was_typed_is_text_and_never_an_instruction(words: str) -> None:
    made = record_pdf(_document(words), _DAY)
    whole = made + _streams(made)
    assert len(re.findall(rb"/Type\s*/Page\b", whole)) == 1
    assert b"root:" not in whole


@settings(max_examples=15)
@given(words=st.text(min_size=1, max_size=60).filter(lambda text: text.strip() != ""))
@example(words="\u0e21\u0e2b\u0e32\u0e27\u0e34\u0e17\u0e22\u0e32\u0e25\u0e31\u0e22")
@example(words="\ufeff\u200b")
def test_whatever_was_typed_there_is_a_record(words: str) -> None:
    assert record_pdf(_document(words), _DAY).startswith(b"%PDF-")


def test_letters_that_the_file_does_not_have_leave_a_mark() -> None:
    shown = printable(_document("Tides \u4e2d"))
    assert shown.title == UNPRINTABLE
    assert shown.sections[0].texts == (f"Tides {NO_LETTER}",)
    assert shown.sections[0].entries[0].lines == (f"Tides {NO_LETTER}",)
    plain = _document("Tides")
    assert printable(plain) == replace(plain, title="\u2068Tides\u2069")


def test_every_text_of_a_document_is_looked_at() -> None:
    document = _document("x")
    assert list(texts(document)).count("x") == 20
    assert paragraphs(" One. \n\n\nTwo.\n") == ("One.", "Two.")


def test_a_long_record_has_as_many_pages_as_it_takes() -> None:
    entries = tuple(Entry(f"Entry {number}", texts=("Words of some length. " * 40,)) for number in range(40))
    document = Document("Decision record", "Long", "Decision 1", "Private.", (Section("Found", entries=entries),))
    made = record_pdf(document, _DAY)
    assert len(re.findall(rb"/Type\s*/Page\b", made + _streams(made))) > 3
