"""Oblivious pseudorandom functions of RFC 9497, suite ristretto255-SHA512, modes OPRF and VOPRF.

A server holds a key, a client an input. The client blinds its input with a random scalar, the server multiplies the
blinded element by its key, the client takes its blind off again and hashes. The server has learned nothing of the
input, the client nothing of the key but one value. In mode VOPRF the server proves that it used the key whose public
half is known: one proof for any number of elements.

What lives here: the functions of RFC 9497 sections 2.1, 2.2 and 3.3, by their names there. What does not: what is put
in and what comes of it (:mod:`protocol.person_tokens`), and randomness, which the caller passes in. Vectors:
``voprf.json``, from appendix A.1 of the RFC.
"""

from collections.abc import Sequence
from enum import IntEnum, unique
from hashlib import sha512
from typing import Final

from protocol.errors import Code, ProtocolError
from protocol.ristretto import (
    SCALAR_BYTES,
    Element,
    Scalar,
    add,
    difference,
    hash_to_element,
    hash_to_scalar,
    invert,
    multiply,
    multiply_generator,
    parse_scalar,
    product,
    require_not_zero,
)

PROOF_BYTES: Final = 2 * SCALAR_BYTES
OUTPUT_BYTES: Final = 64
MAX_INPUT_BYTES: Final = 2**16 - 1
"""RFC 9497 section 1.2: an input's length is written in two bytes."""
MAX_BATCH: Final = 2**16 - 1
"""Elements under one proof: an element's place is written in two bytes."""
_SUITE: Final = b"ristretto255-SHA512"
_MAX_TRIES: Final = 255
"""RFC 9497 section 3.2.1; every try but the first is for nobody."""


@unique
class Mode(IntEnum):
    """RFC 9497 section 3.1. The third mode, POPRF, is not used."""

    OPRF = 0
    VOPRF = 1


def derive_key(seed: bytes, info: bytes, mode: Mode = Mode.VOPRF) -> Scalar:
    """``DeriveKeyPair`` (section 3.2.1): the private key that a seed of 32 random bytes and a public text give."""
    given = seed + _framed(info)
    for counter in range(_MAX_TRIES + 1):  # pragma: no branch - a second try is for nobody
        key = hash_to_scalar(given + counter.to_bytes(1, "big"), b"DeriveKeyPair" + _context(mode))
        if any(key):  # pragma: no branch - as above
            return key
    raise ProtocolError(Code.BAD_KEY, "this seed gives no key")  # pragma: no cover - as above


def public_key(key: Scalar) -> Element:
    """The public half."""
    return multiply_generator(require_not_zero(key))


def blind(data: bytes, blinding: Scalar, mode: Mode = Mode.VOPRF) -> Element:
    """``Blind``: the element that may be shown to the server. ``blinding`` is random, used once, and kept."""
    if len(data) > MAX_INPUT_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"an input has at most {MAX_INPUT_BYTES} bytes")
    return multiply(require_not_zero(blinding), hash_to_element(data, b"HashToGroup-" + _context(mode)))


def evaluate(key: Scalar, blinded: Sequence[Element]) -> tuple[Element, ...]:
    """``BlindEvaluate`` without its proof, for elements that :func:`protocol.ristretto.parse_element` let in."""
    return tuple(multiply(require_not_zero(key), element) for element in blinded)


def prove(key: Scalar, blinded: Sequence[Element], evaluated: Sequence[Element], nonce: Scalar) -> bytes:
    """``GenerateProof`` (section 2.2.1): that ``evaluated`` is ``blinded`` times this key, element by element.

    ``nonce`` is random and used once: two proofs under one would give the key away.
    """
    public = public_key(key)
    m, _ = _composites(public, blinded, evaluated, with_z=False)
    z = multiply(key, m)
    challenge = _challenge(public, m, z, multiply_generator(require_not_zero(nonce)), multiply(nonce, m))
    return challenge + difference(nonce, product(challenge, key))


def verify(public: Element, blinded: Sequence[Element], evaluated: Sequence[Element], proof: bytes) -> None:
    """``VerifyProof`` (section 2.2.2); raises ``BAD_PROOF`` for whatever is wrong with it."""
    if len(proof) != PROOF_BYTES or not 0 < len(blinded) == len(evaluated) <= MAX_BATCH:
        raise _bad_proof()
    try:
        challenge, response = parse_scalar(proof[:SCALAR_BYTES]), parse_scalar(proof[SCALAR_BYTES:])
    except ProtocolError as error:
        raise _bad_proof() from error
    m, z = _composites(public, blinded, evaluated, with_z=True)
    t2 = add(multiply_generator(response), multiply(challenge, public))
    t3 = add(multiply(response, m), multiply(challenge, z))
    if _challenge(public, m, z, t2, t3) != challenge:
        raise _bad_proof()


def unblind(blinding: Scalar, evaluated: Element) -> Element:
    """What the keys made of the input's own element."""
    return multiply(invert(blinding), evaluated)


def finalize(data: bytes, unblinded: Element) -> bytes:
    """``Finalize`` behind its unblinding: the function's value for this input, 64 bytes."""
    return sha512(_framed(data) + _framed(unblinded) + b"Finalize").digest()


def _composites(
    public: Element, blinded: Sequence[Element], evaluated: Sequence[Element], *, with_z: bool
) -> tuple[Element, Element]:
    """``ComputeComposites`` (section 2.2.1): both sides of all pairs, each pair weighed by a hash of everything.

    Without ``with_z`` the second side is the identity; whoever holds the key computes it faster from the first.
    """
    seed_tag = b"Seed-" + _context(Mode.VOPRF)
    seed = sha512(_framed(public) + _framed(seed_tag)).digest()
    m = z = Element(bytes(len(public)))
    for place, (c, d) in enumerate(zip(blinded, evaluated, strict=True)):
        weighed = _framed(seed) + place.to_bytes(2, "big") + _framed(c) + _framed(d) + b"Composite"
        weight = hash_to_scalar(weighed, b"HashToScalar-" + _context(Mode.VOPRF))
        m = add(multiply(weight, c), m)
        if with_z:
            z = add(multiply(weight, d), z)
    return m, z


def _challenge(public: Element, m: Element, z: Element, t2: Element, t3: Element) -> Scalar:
    framed = b"".join(_framed(element) for element in (public, m, z, t2, t3))
    return hash_to_scalar(framed + b"Challenge", b"HashToScalar-" + _context(Mode.VOPRF))


def _context(mode: Mode) -> bytes:
    """``CreateContextString`` (section 3.1)."""
    return b"OPRFV1-" + mode.to_bytes(1, "big") + b"-" + _SUITE


def _framed(data: bytes) -> bytes:
    """Behind its length in two bytes."""
    return len(data).to_bytes(2, "big") + data


def _bad_proof() -> ProtocolError:
    return ProtocolError(Code.BAD_PROOF, "this is no proof that the elements were multiplied by the operator's key")
