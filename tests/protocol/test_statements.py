"""Statements: what is readable, and what is refused with which code."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.canonical import encode as canonical
from protocol.envelope import parse, sign, verify
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId
from protocol.statements import (
    DAY_SECONDS,
    HELD_BACK,
    PATTERN_LINE,
    PATTERN_TEXT,
    Statement,
    Timestamp,
    as_label,
    decode,
    decode_known,
    encode,
    read,
)
from tests.protocol.samples import CIRCLE, KEY, NOW, every_kind, fixed_digest
from tests.protocol.samples import finding as finding_sample
from tests.protocol.vector_file import error_code, load_cases

PERSONAL = {"name", "email", "mail", "person", "nationality", "ethnicity", "religion", "birthplace", "orcid", "country"}


class StatementCase(msgspec.Struct):
    """A case of vectors/statements.json."""

    name: str
    payload: str
    error: Code | None


def _read(payload: bytes, circle: CircleId = CIRCLE, now: Timestamp = NOW) -> Statement:
    return read(verify(parse(sign(payload, KEY), max_bytes=10**6), KEY.public), circle=circle, now=now)


@pytest.mark.parametrize("case", load_cases("statements.json", StatementCase), ids=lambda case: case.name)
def test_vectors(case: StatementCase) -> None:
    assert error_code(_read, case.payload.encode()) == case.error


@pytest.mark.parametrize("kind", every_kind())
def test_each_kind_survives_the_wire(kind: str) -> None:
    statement = every_kind()[kind]
    assert _read(encode(statement)) == statement
    assert decode(encode(statement)) == statement


@pytest.mark.parametrize("kind", every_kind())
def test_what_was_accepted_before_reads_the_same_without_the_comparison(kind: str) -> None:
    payload = encode(every_kind()[kind])
    assert decode_known(payload) == decode(payload)


def test_a_statement_of_another_circle_is_refused() -> None:
    payload = encode(every_kind()["finding"])
    assert error_code(_read, payload, CircleId(fixed_digest("elsewhere"))) is Code.WRONG_CIRCLE


def test_a_clock_may_be_five_minutes_ahead() -> None:
    payload = encode(every_kind()["finding"])
    assert error_code(_read, payload, CIRCLE, Timestamp(NOW - 300)) is None
    assert error_code(_read, payload, CIRCLE, Timestamp(NOW - 301)) is Code.FUTURE_DATED


def test_an_expired_statement_stays_readable() -> None:
    assert error_code(_read, encode(every_kind()["finding"]), CIRCLE, Timestamp(NOW + 10_000 * DAY_SECONDS)) is None


def test_what_cannot_be_read_cannot_be_encoded() -> None:
    finding = finding_sample()
    too_strong = msgspec.structs.replace(finding, body=msgspec.structs.replace(finding.body, strength=5))
    assert error_code(encode, too_strong) is Code.MALFORMED
    early = {"iat": Timestamp(0), "exp": Timestamp(DAY_SECONDS)}
    assert error_code(msgspec.structs.replace, finding, **early) is Code.INCONSISTENT


def _members(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for item in value.values() for name in _members(item)}
    return {name for item in value for name in _members(item)} if isinstance(value, list) else set()


def test_no_statement_has_a_member_about_a_person_or_a_country() -> None:
    members = _members([msgspec.to_builtins(statement) for statement in every_kind().values()]) | set(HELD_BACK)
    assert members.isdisjoint(PERSONAL)
    assert "summary" in members


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_garbage_raises_nothing_but_protocol_errors(data: bytes) -> None:
    assert error_code(decode, data) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("_abdiorsv", max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(every_kind())), st.data())
@settings(deadline=None, max_examples=200)
def test_a_member_of_another_kind_is_refused(kind: str, data: st.DataObject) -> None:
    value = msgspec.json.decode(encode(every_kind()[kind]))
    part = value
    while True:
        name = data.draw(st.sampled_from(sorted(part)))
        if not part[name] or not isinstance(part[name], dict) or data.draw(st.booleans()):
            break
        part = part[name]
    replacement = data.draw(JSON)
    if type(replacement) is not type(part[name]):
        part[name] = replacement
        raw = msgspec.json.encode(value, order="sorted")
        allowed = {Code.MALFORMED, Code.NON_CANONICAL, Code.INCONSISTENT}
        both = kind == "correction" and name == "finding"
        assert error_code(decode, raw) in (allowed if not both else {*allowed, None})


@pytest.mark.parametrize("bomb", [b"[" * 16_000, b'{"body":' * 2_000, b'{"v":' + b"9" * 16_000 + b"}"])
def test_bombs_are_refused(bomb: bytes) -> None:
    assert error_code(decode, bomb) is Code.MALFORMED


@pytest.mark.parametrize("number", ["1.0", "1e0", "-0", "NaN", "Infinity", "9" * 5_000, '"1"', "true"])
def test_a_version_has_one_spelling(number: str) -> None:
    payload = encode(every_kind()["retraction"]).replace(b'"v":1', f'"v":{number}'.encode())
    assert error_code(decode, payload) in {Code.MALFORMED, Code.NON_CANONICAL}


def test_a_refused_value_is_not_quoted() -> None:
    payload = encode(every_kind()["finding"]).replace(b"TLP:AMBER+STRICT", b"a private word")
    with pytest.raises(ProtocolError) as refused:
        decode(payload)
    assert "private" not in str(refused.value)
    assert "$.body.handling" in str(refused.value)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.text("a\u200b\u2060\ufeff\U000e0041", max_size=2)
)
@settings(deadline=None)
def test_a_summary_is_text_for_people(text: str) -> None:
    value = msgspec.to_builtins(every_kind()["finding"])
    value["body"]["summary"] = text
    hidden = {*map(chr, [*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029])}
    hidden |= {*map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])}
    hidden |= {*map(chr, [0x200B, *range(0x2060, 0x2065), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)])}
    assert error_code(decode, canonical(value)) == (Code.MALFORMED if hidden & set(text) else None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=250))
@settings(deadline=None)
def test_any_name_can_be_made_a_label(name: str) -> None:
    label = as_label(name)
    assert as_label(label) == label
    assert len(label) <= 200
    if label:
        value = msgspec.json.decode(encode(finding_sample()))
        value["body"]["subject"]["label"] = label
        assert error_code(decode, canonical(value)) is None


def test_a_label_keeps_what_is_read() -> None:
    assert as_label("\u200bEicosis \r\n (United\u00a0States)\ufeff") == "Eicosis (United States)"
    assert as_label("a \u200b b") == "a b"
    assert as_label("\u200b \n") == ""


def test_patterns_use_no_escape_that_regular_expression_engines_read_differently() -> None:
    for pattern in (PATTERN_LINE, PATTERN_TEXT):
        assert not set(re.findall(r"\\(.)", pattern)) - {"x", "u", "n"}
