"""The PDF of a briefing: text of strangers stays text, no name vanishes, the same sheet gives the same bytes."""

import re
import zlib
from dataclasses import replace
from datetime import date
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.insight.pdf import pdf, printable
from node.insight.sheet import Block, Row, Sheet
from node.typesetting import UNPRINTABLE, missing_letters

_DAY: Final = date(2026, 9, 30)
_SHEET: Final = Sheet(
    kind="Briefing",
    title="Invented Circle",
    subtitle="September 2026, as it stood on 30 September 2026",
    mark="TLP:AMBER+STRICT: stays inside this institution.",
    facts=(("Partners with live findings", "12: 8 with an assurance, 7 with a concern, 1 with context"),),
    blocks=(
        Block(
            "Assurances that moved most in 30 days", (Row("Institute of Tides", "ror:05a28rw58", "up."),), "Nothing."
        ),
        Block("Concerns that moved most in 30 days", (), "Nothing moved."),
    ),
    table=(
        ("Group of indicators", "Assurances", "Concerns", "Context", "Seen in the last year"),
        ("Funding transparency", "1", "2", "0", "50 of 100"),
    ),
    limits=("It rests on what members chose to share.",),
    origin=(("State", "position 12"), ("Again with", "hanse briefing x --as-of 12.2026-09-30")),
)
_HOSTILE: Final = (
    '#eval("1 + 1")',
    '#read("/etc/passwd")',
    '#import "@preview/evil:1.0.0"',
    "\\ \" ' ` ``` $x^2$ *b* _i_ <label> @ref // c /* [ ] { } ~ -- \\u{41}",
    "= Heading\n== Another\n- item\n+ item\n/ term: x",
    "Institute \u202egnihtoN\u202c of Tides",
    "]#pagebreak()[",
    "\x00\x07\x1b[31m",
    "\ud83c\udf0a".encode("utf-16", "surrogatepass").decode("utf-16"),
)


def _named(name: str) -> Sheet:
    row = Row(name, "ror:05a28rw58", f"{name}: up.")
    return replace(
        _SHEET, title=name, facts=((name, name),), blocks=(Block(name, (row,), ""),), origin=(("Of " + name, name),)
    )


def _streams(data: bytes) -> bytes:
    """What is in the streams of a PDF, unpacked where they are packed."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, flags=re.DOTALL)
    parts = []
    for part in found:
        try:
            parts.append(zlib.decompress(part))
        except zlib.error:
            parts.append(part)
    return b"\n".join(parts)


def test_it_is_a_tagged_pdf_of_one_page_and_of_equal_bytes() -> None:
    made = pdf(_SHEET, _DAY)
    whole = made + _streams(made)
    assert made.startswith(b"%PDF-")
    assert b"pdfuaid" in whole
    assert b"/StructTreeRoot" in whole
    assert len(re.findall(rb"/Type\s*/Page\b", whole)) == 1
    assert pdf(_SHEET, _DAY) == made


@pytest.mark.parametrize("name", _HOSTILE)
def test_a_name_is_text_and_never_an_instruction(name: str) -> None:
    made = pdf(_named(name), _DAY)
    whole = made + _streams(made)
    assert len(re.findall(rb"/Type\s*/Page\b", whole)) == 1
    assert b"root:" not in whole


@settings(max_examples=25)
@given(name=st.text(min_size=1, max_size=60).filter(lambda text: text.strip() != ""))
@example(name="\u0e21\u0e2b\u0e32\u0e27\u0e34\u0e17\u0e22\u0e32\u0e25\u0e31\u0e22")
@example(name="\ufeff\u200b")
def test_whatever_a_name_is_there_is_a_page(name: str) -> None:
    assert pdf(_named(name), _DAY).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "name",
    ["\u4e2d\u6587\u5927\u5b66", "\u0e21\u0e2b\u0e32", "Institute \u4e2d", "\u1230\u120b\u121d"],
)
def test_a_name_without_letters_here_is_said_to_be_one_and_keeps_its_identifier(name: str) -> None:
    shown = printable(_named(name))
    assert shown.title == UNPRINTABLE
    (row,) = shown.blocks[0].rows
    assert (row.name, row.identifier) == (UNPRINTABLE, "ror:05a28rw58")
    assert "\u25af" in row.text


@pytest.mark.parametrize("name", ["Universit\u00e4t", "\u039a\u03c1\u03ae\u03c4\u03b7", "\u041a\u0438\u0457\u0432"])
def test_a_name_with_letters_here_is_printed_as_it_is(name: str) -> None:
    assert name in printable(_named(name)).title
    assert missing_letters(name) == set()


def test_no_name_turns_the_words_after_it_around() -> None:
    shown = printable(_named("Tides \u202egnihtoN"))
    assert "\u202e" not in shown.title + shown.blocks[0].rows[0].text
    assert shown.title.startswith("\u2068")
    assert shown.title.endswith("\u2069")
