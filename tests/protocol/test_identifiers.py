"""Identifiers: one thing, one name."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Code
from protocol.identifiers import (
    decode_bytes,
    encode_bytes,
    parse_circle_id,
    parse_code,
    parse_digest,
    parse_key_id,
    parse_statement_id,
    parse_subject_id,
)
from tests.protocol.vector_file import error_code, load_lines

PARSERS: dict[str, list[Callable[[str], str]]] = {
    "statement_id": [parse_statement_id],
    "digest": [parse_digest, parse_circle_id, parse_key_id],
    "code": [parse_code],
    "subject_id": [parse_subject_id],
}


@pytest.mark.parametrize("kind", PARSERS)
def test_valid_identifiers_are_taken_as_they_are(kind: str) -> None:
    lines = load_lines(f"identifiers/{kind}_valid.txt")
    assert len(lines) > 3
    for parse in PARSERS[kind]:
        assert [parse(line) for line in lines] == lines


@pytest.mark.parametrize("kind", PARSERS)
def test_invalid_identifiers_are_refused(kind: str) -> None:
    lines = load_lines(f"identifiers/{kind}_invalid.txt")
    assert len(lines) >= 10
    for parse in PARSERS[kind]:
        accepted = [line for line in lines if error_code(parse, line) is not Code.BAD_IDENTIFIER]
        assert accepted == []


@pytest.mark.parametrize("kind", PARSERS)
def test_a_line_feed_is_no_part_of_an_identifier(kind: str) -> None:
    for parse in PARSERS[kind]:
        for line in load_lines(f"identifiers/{kind}_valid.txt"):
            assert error_code(parse, line + "\n") is Code.BAD_IDENTIFIER


@pytest.mark.parametrize("kind", PARSERS)
@given(text=st.text(max_size=80))
@settings(deadline=None)
def test_garbage_raises_nothing_but_protocol_errors(kind: str, text: str) -> None:
    for parse in PARSERS[kind]:
        assert error_code(parse, text) in {None, Code.BAD_IDENTIFIER}


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_base64url_round_trip(data: bytes) -> None:
    assert decode_bytes(encode_bytes(data)) == data


@given(st.text("ABab01-_+/= \n", max_size=12) | st.text(max_size=12))
@settings(deadline=None)
def test_base64url_has_one_spelling(text: str) -> None:
    if error_code(decode_bytes, text) is None:
        assert encode_bytes(decode_bytes(text)) == text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("A", Code.MALFORMED),
        ("AA==", Code.NON_CANONICAL),
        ("AB", Code.NON_CANONICAL),
        ("A+AA", Code.NON_CANONICAL),
        ("A A A", Code.MALFORMED),
        ("AAA\u00e9", Code.MALFORMED),
        ("\ud800", Code.MALFORMED),
    ],
)
def test_other_base64_is_refused(text: str, error: Code) -> None:
    assert error_code(decode_bytes, text) is error
