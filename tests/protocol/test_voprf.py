"""The function of RFC 9497: its official vectors, and what must not be believed."""

from collections.abc import Sequence
from functools import partial
from hashlib import sha512
from typing import Final

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol import ristretto, voprf
from protocol.errors import Code, ProtocolError
from protocol.identifiers import decode_bytes, encode_bytes
from protocol.ristretto import ORDER, Element, Scalar, parse_element, parse_scalar, wide_scalar
from tests.protocol.vector_cases import Given, cases, refusal

CASES: Final = cases("voprf")
OFFICIAL: Final = [case for case in CASES if "mode" in case.members]
PROOFS: Final = [case for case in CASES if "proof" in case.members and case.error]
ELEMENTS: Final = [case for case in CASES if "element" in case.members]
WIDE: Final = st.binary(min_size=64, max_size=64).filter(any)


def many(case: Given, member: str) -> list[bytes]:
    """A member that is a list of base64url."""
    listed = case.members[member]
    assert isinstance(listed, list)
    return [decode_bytes(each) for each in listed]


def elements(case: Given, member: str) -> list[Element]:
    """A member that is a list of elements."""
    return [parse_element(each) for each in many(case, member)]


@pytest.mark.parametrize("case", OFFICIAL, ids=lambda case: case.name)
def test_official_vectors(case: Given) -> None:
    mode = voprf.Mode(case.number("mode"))
    key = voprf.derive_key(case.data("seed"), case.data("key_info"), mode)
    assert key == case.data("private_key")
    blinds = [parse_scalar(each) for each in many(case, "blinds")]
    blinded = [voprf.blind(data, each, mode) for data, each in zip(many(case, "inputs"), blinds, strict=True)]
    assert blinded == many(case, "blinded")
    evaluated = voprf.evaluate(key, blinded)
    assert list(evaluated) == many(case, "evaluated")
    outputs = [
        voprf.finalize(data, voprf.unblind(each, element))
        for data, each, element in zip(many(case, "inputs"), blinds, evaluated, strict=True)
    ]
    assert outputs == many(case, "outputs")
    if mode is voprf.Mode.VOPRF:
        assert voprf.public_key(key) == case.data("public_key")
        proof = voprf.prove(key, blinded, evaluated, parse_scalar(case.data("nonce")))
        assert proof == case.data("proof")
        voprf.verify(voprf.public_key(key), blinded, evaluated, proof)


def test_every_official_vector_of_both_modes_is_here() -> None:
    assert [case.name for case in OFFICIAL] == [f"RFC 9497 A.1.{n}" for n in ("1.1", "1.2", "2.1", "2.2", "2.3")]


@pytest.mark.parametrize("case", PROOFS, ids=lambda case: case.name)
def test_proofs_that_are_refused(case: Given) -> None:
    public = parse_element(case.data("public_key"))
    blinded, evaluated = elements(case, "blinded"), elements(case, "evaluated")
    with pytest.raises(ProtocolError) as refused:
        voprf.verify(public, blinded, evaluated, case.data("proof"))
    assert refused.value.code == case.error
    assert refused.value.detail == voprf._bad_proof().detail  # noqa: SLF001 - the same words whatever is wrong


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda case: case.name)
def test_elements(case: Given) -> None:
    assert refusal(lambda: parse_element(case.data("element"))) == case.error


def test_all_that_is_no_element_is_refused_in_the_same_words() -> None:
    words = set()
    for case in ELEMENTS:
        if case.error:
            with pytest.raises(ProtocolError) as refused:
                parse_element(case.data("element"))
            words.add(str(refused.value))
    assert len(words) == 1


@given_any(WIDE, WIDE, WIDE, st.binary(max_size=80))
@settings(deadline=None, max_examples=20)
def test_the_blind_does_not_matter_and_keys_multiply(one: bytes, other: bytes, blinding: bytes, data: bytes) -> None:
    first, second, blind = wide_scalar(one), wide_scalar(other), wide_scalar(blinding)
    blinded = voprf.blind(data, blind)
    (hop,) = voprf.evaluate(first, [blinded])
    (there,) = voprf.evaluate(second, [hop])
    (hop,) = voprf.evaluate(second, [blinded])
    (back,) = voprf.evaluate(first, [hop])
    assert there == back
    (single,) = voprf.evaluate(ristretto.product(first, second), [voprf.blind(data, one_scalar())])
    assert voprf.unblind(blind, there) == single


def one_scalar() -> Scalar:
    """The scalar 1: a blind that hides nothing."""
    return parse_scalar((1).to_bytes(32, "little"))


@given_any(WIDE, WIDE, st.lists(WIDE, min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=15)
def test_a_proof_holds_for_its_batch_and_for_no_other(
    key: bytes, nonce: bytes, points: Sequence[bytes], data: st.DataObject
) -> None:
    secret, batch = wide_scalar(key), [ristretto.multiply_generator(wide_scalar(point)) for point in points]
    evaluated = list(voprf.evaluate(secret, batch))
    proof = voprf.prove(secret, batch, evaluated, wide_scalar(nonce))
    public = voprf.public_key(secret)
    voprf.verify(public, batch, evaluated, proof)
    place = data.draw(st.integers(0, len(batch) - 1))
    evaluated[place] = ristretto.add(evaluated[place], public)
    assert refusal(lambda: voprf.verify(public, batch, evaluated, proof)) == Code.BAD_PROOF
    bit = data.draw(st.integers(0, 8 * len(proof) - 1))
    turned = bytearray(proof)
    turned[bit // 8] ^= 1 << bit % 8
    evaluated = list(voprf.evaluate(secret, batch))
    assert refusal(lambda: voprf.verify(public, batch, evaluated, bytes(turned))) == Code.BAD_PROOF


@given_any(st.binary(max_size=70))
@settings(max_examples=60)
def test_garbage_raises_protocol_errors_only(garbage: bytes) -> None:
    for parse in (parse_element, parse_scalar, wide_scalar):
        try:
            value = parse(garbage)
        except ProtocolError:
            continue
        assert len(value) == 32


def test_scalars() -> None:
    assert parse_scalar((ORDER - 1).to_bytes(32, "little"))
    for data in (ORDER.to_bytes(32, "little"), b"\xff" * 32, b"", bytes(31), bytes(33)):
        assert refusal(partial(parse_scalar, data)) == Code.MALFORMED
    zero = parse_scalar(bytes(32))
    element = ristretto.multiply_generator(one_scalar())
    assert refusal(lambda: ristretto.invert(zero)) == Code.MALFORMED
    assert refusal(lambda: voprf.public_key(zero)) == Code.MALFORMED
    assert refusal(lambda: voprf.evaluate(zero, [element])) == Code.MALFORMED
    assert refusal(lambda: voprf.blind(b"", zero)) == Code.MALFORMED
    assert refusal(lambda: voprf.prove(one_scalar(), [element], [element], zero)) == Code.MALFORMED


def test_what_is_too_long_is_refused() -> None:
    assert refusal(lambda: voprf.blind(bytes(2**16), one_scalar())) == Code.TOO_LARGE
    assert refusal(lambda: ristretto.expand_message(b"", bytes(256))) == Code.TOO_LARGE


def test_expanded_messages_are_those_of_rfc_9380() -> None:
    # RFC 9380 appendix K.3 has lengths of 32 and 128 bytes only: the construction is followed here step by step.
    tag, message = b"QUUX-V01-CS02-with-expander-SHA512-256", b"abc"
    suffix = tag + bytes([len(tag)])
    b_0 = sha512(bytes(128) + message + b"\x00\x40" + b"\x00" + suffix).digest()
    assert ristretto.expand_message(message, tag) == sha512(b_0 + b"\x01" + suffix).digest()
    assert encode_bytes(ristretto.hash_to_element(message, tag)) != encode_bytes(ristretto.hash_to_element(b"", tag))


def test_the_library_names_the_file_that_it_leaves_behind() -> None:
    assert ristretto.library_file().endswith((".so", ".pyd"))
