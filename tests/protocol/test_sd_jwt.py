"""Held-back fields: proved one by one, counted by nobody."""

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.canonical import JsonValue, encode
from protocol.envelope import sign
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import Digest, encode_bytes
from protocol.limits import MAX_DISCLOSURE_BYTES, MAX_PRESENTATION_BYTES
from protocol.sd_jwt import SALT_BYTES, digests, disclose, parse_presentation, presentation, verify
from protocol.statements import HELD_BACK
from tests.protocol.samples import KEY, disclosures
from tests.protocol.test_canonical import VALUES
from tests.protocol.vector_file import error_code, load_cases


class DisclosureCase(msgspec.Struct):
    """A case of vectors/sd_jwt.json."""

    name: str
    sd: tuple[Digest, ...]
    disclosures: list[str]
    fields: dict[str, object] | None
    error: Code | None


class PresentationCase(msgspec.Struct):
    """A case of vectors/presentations.json."""

    name: str
    presentation: str
    error: Code | None
    jws: str = ""
    disclosures: tuple[str, ...] = ()


@pytest.mark.parametrize("case", load_cases("sd_jwt.json", DisclosureCase), ids=lambda case: case.name)
def test_vectors(case: DisclosureCase) -> None:
    if case.error is None:
        assert verify(case.sd, case.disclosures) == case.fields
    else:
        assert error_code(verify, case.sd, case.disclosures) == case.error


@pytest.mark.parametrize("case", load_cases("presentations.json", PresentationCase), ids=lambda case: case.name)
def test_presentation_vectors(case: PresentationCase) -> None:
    data = case.presentation.encode()
    if case.error is None:
        assert parse_presentation(data) == (case.jws.encode(), case.disclosures)
        assert presentation(case.jws.encode(), case.disclosures) == data
    else:
        assert error_code(parse_presentation, data) == case.error


@given(st.sampled_from(HELD_BACK), VALUES, st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES))
@settings(deadline=None)
def test_what_is_disclosed_is_proved(name: str, value: JsonValue, salt: bytes) -> None:
    try:
        one = disclose(name, value, salt=salt)
    except ProtocolError:
        assert error_code(disclose, name, value, salt=salt) is Code.BAD_DISCLOSURE
        return
    rest = [other for other in disclosures() if other.name != name]
    sd = digests([one, *rest])
    assert verify(sd, [one.encoded]) == {name: value}
    assert (one.name, one.value, one.salt) == (name, value, encode_bytes(salt))


def test_the_digest_published_in_rfc_9901_section_4_2_3() -> None:
    """The digest is over the base64url text; the RFC's own disclosure is refused for its spaces and its name."""
    published = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert error_code(verify, (Digest("X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"),), [published]) is (
        Code.BAD_DISCLOSURE
    )


def test_the_number_of_digests_tells_nothing() -> None:
    full = disclosures()
    assert len(digests(full)) == len(HELD_BACK)
    assert digests(reversed(full)) == digests(full) == tuple(sorted(digests(full)))
    for wrong in (full[1:], (*full, full[0]), (full[0], *full[:3]), ()):
        assert error_code(digests, wrong) is Code.BAD_DISCLOSURE


def test_the_salt_keeps_a_value_from_being_guessed() -> None:
    first = disclose("contact", "x", salt=bytes(16))
    second = disclose("contact", "x", salt=bytes(15) + b"\1")
    rest = disclosures()[1:]
    assert digests([first, *rest]) != digests([second, *rest])


@pytest.mark.parametrize(
    ("name", "value", "salt"),
    [
        ("contact", "x", bytes(15)),
        ("contact", "x", b""),
        ("name", "x", bytes(16)),
        ("contact", {"_sd": []}, bytes(16)),
        ("contact", ["\ud800"], bytes(16)),
        ("contact", 2**53, bytes(16)),
        ("contact", "x" * MAX_DISCLOSURE_BYTES, bytes(16)),
    ],
)
def test_our_own_mistakes_are_ours(name: str, value: JsonValue, salt: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:
        disclose(name, value, salt=salt)
    assert (refused.value.code, refused.value.fault) == (Code.BAD_DISCLOSURE, Fault.OURS)


def test_the_largest_disclosure_is_proved_and_a_larger_one_refused() -> None:
    empty = encode([encode_bytes(bytes(16)), "contact", ""])
    room = MAX_DISCLOSURE_BYTES * 3 // 4 - len(empty)
    for length, error in ((room, None), (room + 1, Code.BAD_DISCLOSURE)):
        text = encode_bytes(encode([encode_bytes(bytes(16)), "contact", "x" * length]))
        digest = Digest(encode_bytes(sha256(text.encode()).digest()))
        assert (len(text) <= MAX_DISCLOSURE_BYTES) == (error is None)
        assert error_code(verify, (digest,), [text]) is error


def test_a_presentation_is_bounded_and_the_largest_one_fits() -> None:
    largest = presentation(b"a" * (MAX_PRESENTATION_BYTES - 4 * (MAX_DISCLOSURE_BYTES + 1) - 1), [_largest()] * 4)
    assert len(largest) == MAX_PRESENTATION_BYTES
    assert error_code(parse_presentation, largest) is None
    assert error_code(parse_presentation, largest + b"~") is Code.TOO_LARGE


def _largest() -> str:
    return "A" * MAX_DISCLOSURE_BYTES


@given(st.text(max_size=60) | st.binary(max_size=60).map(encode_bytes))
@settings(deadline=None)
def test_garbage_raises_nothing_but_protocol_errors(text: str) -> None:
    assert error_code(verify, digests(disclosures()), [text]) is Code.BAD_DISCLOSURE


@given(st.binary(max_size=60) | st.text("a.~", max_size=20).map(str.encode))
@settings(deadline=None)
def test_a_garbage_presentation_raises_nothing_but_protocol_errors(data: bytes) -> None:
    try:
        jws, given_disclosures = parse_presentation(data)
    except ProtocolError:
        return
    assert presentation(jws, given_disclosures) == data


def test_a_presentation_carries_the_statement_as_it_is() -> None:
    jws = sign(b"{}", KEY)
    encoded = [one.encoded for one in disclosures()]
    assert parse_presentation(presentation(jws, encoded)) == (jws, tuple(encoded))
