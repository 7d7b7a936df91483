"""One value, one encoding."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

import protocol
from protocol.canonical import MAX_DEPTH, MAX_INTEGER, Codec, decode_value, encode, json_value
from protocol.errors import Code, ProtocolError, words_of
from protocol.identifiers import decode_bytes
from tests.protocol.vector_file import error_code, load_cases

MAX = 4_096
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


class CanonicalCase(msgspec.Struct):
    """A case of vectors/canonical.json."""

    name: str
    bytes: str
    error: Code | None


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wire type with a default, which the canonical encoding must not make optional."""

    number: int
    text: str = "default"


SAMPLES = Codec(Sample, max_bytes=64)


@pytest.mark.parametrize("case", load_cases("canonical.json", CanonicalCase), ids=lambda case: case.name)
def test_vectors(case: CanonicalCase) -> None:
    assert error_code(decode_value, decode_bytes(case.bytes), max_bytes=MAX) == case.error


@given(VALUES)
@settings(deadline=None)
def test_agrees_with_an_independent_rfc_8785(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(VALUES)
@settings(deadline=None)
def test_what_is_encoded_is_decoded_again(value: object) -> None:
    data = encode(value)
    assert error_code(json_value, value) is not None or decode_value(data, max_bytes=len(data)) == value


@given(st.binary(max_size=64) | st.text('[]{}",:0123456789eE.-+ntfulrasd\\', max_size=64).map(str.encode))
@settings(deadline=None)
def test_garbage_is_refused_or_is_its_own_encoding(data: bytes) -> None:
    try:
        value = decode_value(data, max_bytes=MAX)
    except ProtocolError:
        return
    assert encode(value) == data


def test_free_values_are_bounded() -> None:
    assert error_code(decode_value, b'"aaaa"', max_bytes=5) is Code.TOO_LARGE
    assert decode_value(b'"aaaa"', max_bytes=6) == "aaaa"


@pytest.mark.parametrize("value", [1.5, float("nan"), MAX_INTEGER + 1, b"bytes", (1,), {1: 2}, {"\u00e9": 1}])
def test_kinds_that_do_not_exist_on_the_wire(value: object) -> None:
    assert error_code(json_value, value) is Code.MALFORMED


def test_depth_counts_arrays_and_objects() -> None:
    value: object = 0
    for level in range(MAX_DEPTH):
        value = [value] if level % 2 else {"a": value}
    assert json_value(value) == value
    assert error_code(json_value, [value]) is Code.MALFORMED


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'{"number":1,"text":"a"}', None),
        (b'{"number":1}', Code.NON_CANONICAL),
        (b'{"text":"a","number":1}', Code.NON_CANONICAL),
        (b'{"number":1,"number":1,"text":"a"}', Code.NON_CANONICAL),
        (b'{"number":1,"text":"a" }', Code.NON_CANONICAL),
        (b'{"number":1,"text":"a","more":1}', Code.MALFORMED),
        (b'{"number":"1","text":"a"}', Code.MALFORMED),
        (b'{"number":NaN,"text":"a"}', Code.MALFORMED),
        (b'{"number":1,"text":"\\ud800"}', Code.MALFORMED),
        (b'{"number":1,"text":"\xff"}', Code.MALFORMED),
        (b"\xef\xbb\xbf{}", Code.MALFORMED),
        (b"", Code.MALFORMED),
        (b"[" * 64, Code.MALFORMED),
        (b" " * 65, Code.TOO_LARGE),
    ],
)
def test_a_codec_takes_one_spelling(data: bytes, error: Code | None) -> None:
    assert error_code(SAMPLES.decode, data) == error


@pytest.mark.parametrize("bomb", [b"[" * 100_000, b'{"a":' * 50_000, b'{"number":' + b"9" * 100_000 + b"}"])
def test_bombs_are_refused(bomb: bytes) -> None:
    assert error_code(Codec(Sample, max_bytes=10**6).decode, bomb) is Code.MALFORMED
    assert error_code(decode_value, bomb, max_bytes=10**6) is Code.MALFORMED


def test_a_codec_encodes_only_what_it_decodes() -> None:
    assert SAMPLES.encode(Sample(1, "a")) == b'{"number":1,"text":"a"}'
    assert error_code(SAMPLES.encode, Sample(1, "a" * 64)) is Code.TOO_LARGE
    assert error_code(SAMPLES.encode, Sample(1, "\ud800")) is Code.MALFORMED
    assert error_code(SAMPLES.encode, Sample(1, 2)) is Code.MALFORMED  # type: ignore[arg-type]


def test_the_words_of_a_parser_hold_no_values_and_no_controls() -> None:
    class Choice(msgspec.Struct, forbid_unknown_fields=True, tag="a"):
        number: int

    with pytest.raises(ProtocolError) as refused:
        Codec(Choice, max_bytes=100).decode(b'{"type":"a private word"}')
    assert "private" not in refused.value.detail
    assert "$.type" in refused.value.detail
    with pytest.raises(ProtocolError) as refused:
        Codec(Choice, max_bytes=10_000).decode(b'{"\\u001b[31m' + b"a" * 5_000 + b'":1}')
    assert len(refused.value.detail) <= 200
    assert refused.value.detail.isprintable()
    assert words_of(ValueError("plain")) == "plain"


def _codecs() -> Iterator[tuple[str, Codec[object]]]:
    for module in pkgutil.walk_packages(protocol.__path__, "protocol."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Codec):
                yield f"{module.name}.{name}", value


def _faults(kind: inspect.Type, seen: set[type]) -> Iterator[str]:
    """What would give a value of this type a second spelling, or no bound."""
    if isinstance(kind, inspect.StructType):
        yield from () if kind.cls in seen else _struct_faults(kind, seen | {kind.cls})
    elif isinstance(kind, inspect.UnionType):
        for member in kind.types:
            yield from _faults(member, seen)
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType):
        yield from ["an array without a bound"] if kind.max_length is None else []
        yield from _faults(kind.item_type, seen)
    elif isinstance(kind, inspect.DictType):
        yield from _faults(kind.key_type, seen)
        yield from _faults(kind.value_type, seen)
    else:
        yield from _scalar_faults(kind)


def _struct_faults(kind: inspect.StructType, seen: set[type]) -> Iterator[str]:
    if not kind.forbid_unknown_fields:
        yield f"{kind.cls.__name__} takes unknown members"
    for field in kind.fields:
        yield from (f"{kind.cls.__name__}.{field.name}: {fault}" for fault in _faults(field.type, seen))


def _scalar_faults(kind: inspect.Type) -> Iterator[str]:
    if isinstance(kind, inspect.StrType) and kind.pattern and kind.pattern.endswith("$"):
        yield "a pattern that passes a final line feed"
    if isinstance(kind, inspect.IntType) and (
        kind.ge is None or kind.le is None or kind.ge < -MAX_INTEGER or kind.le > MAX_INTEGER
    ):
        yield "an integer without exact bounds"
    if isinstance(kind, inspect.FloatType | inspect.AnyType):
        yield "a kind that has no canonical encoding"


def test_no_wire_type_of_the_protocol_has_two_spellings() -> None:
    codecs = dict(_codecs())
    assert "protocol.statements._CODEC" in codecs
    faults = [
        f"{name}: {fault}"
        for name, codec in codecs.items()
        for fault in _faults(inspect.type_info(codec.wire_type), set())
    ]
    assert faults == []
