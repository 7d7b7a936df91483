"""Vectors of RFC 9497, from its appendix A.1, and what must be refused (clause 11.5)."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from protocol import voprf
from protocol.errors import Code
from protocol.identifiers import encode_bytes
from protocol.ristretto import ORDER
from tests.protocol.vector_file import Case, vector_file

SOURCE: Final = Path(__file__).with_name("rfc9497_ristretto255.json")
"""Modes 0 and 1 as the authors of the RFC publish them (cfrg/draft-irtf-cfrg-voprf, an IETF code component, BSD)."""
P: Final = 2**255 - 19
_FLAGS: Final = {
    "no-proof": "an operator could answer with another key for one member, and tell its tokens from all others",
    "identity": "every input would have one token",
    "second-spelling": "one element, or one proof, would have two spellings",
    "not-an-element": "what is computed from it depends on the library",
}


class _Proof(msgspec.Struct):
    proof: str
    r: str


class _Vector(msgspec.Struct, rename="pascal"):
    input: str
    blind: str
    blinded_element: str
    evaluation_element: str
    output: str
    proof: _Proof | None = None


class Suite(msgspec.Struct):
    """One mode of the published file."""

    mode: int
    seed: str
    skSm: str  # noqa: N815 - as published
    keyInfo: str  # noqa: N815 - as published
    vectors: list[_Vector]
    pkSm: str | None = None  # noqa: N815 - as published


SUITES: Final = msgspec.json.decode(SOURCE.read_bytes(), type=list[Suite])


def _binary(text: str) -> str:
    return encode_bytes(bytes.fromhex(text))


def _many(text: str) -> list[str]:
    return [_binary(each) for each in text.split(",")]


def _official() -> Iterable[Case]:
    for suite in SUITES:
        for number, vector in enumerate(suite.vectors, start=1):
            proof = None if vector.proof is None else _binary(vector.proof.proof)
            nonce = None if vector.proof is None else _binary(vector.proof.r)
            yield Case(
                f"RFC 9497 A.1.{suite.mode + 1}.{number}",
                "11.5",
                {
                    "mode": suite.mode,
                    "seed": _binary(suite.seed),
                    "key_info": _binary(suite.keyInfo),
                    "private_key": _binary(suite.skSm),
                    "public_key": None if suite.pkSm is None else _binary(suite.pkSm),
                    "inputs": _many(vector.input),
                    "blinds": _many(vector.blind),
                    "blinded": _many(vector.blinded_element),
                    "evaluated": _many(vector.evaluation_element),
                    "proof": proof,
                    "nonce": nonce,
                    "outputs": _many(vector.output),
                },
            )


def _flipped(text: str) -> str:
    data = bytearray.fromhex(text)
    data[0] ^= 1
    return encode_bytes(bytes(data))


def _refused() -> Iterable[Case]:
    suite = SUITES[1]
    one, _, two = suite.vectors
    assert suite.pkSm is not None
    assert one.proof is not None
    assert two.proof is not None
    first, second = two.evaluation_element.split(",")
    good: dict[str, object] = {
        "public_key": _binary(suite.pkSm),
        "blinded": _many(two.blinded_element),
        "evaluated": [_binary(first), _binary(second)],
        "proof": _binary(two.proof.proof),
    }
    proof = bytes.fromhex(two.proof.proof)
    later = (int.from_bytes(proof[32:], "little") + ORDER).to_bytes(32, "little")
    other = _binary(SUITES[1].vectors[0].blinded_element)
    changes: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("a proof with a bit turned", "no-proof", {"proof": _flipped(two.proof.proof)}),
        ("the proof of another batch", "no-proof", {"proof": _binary(one.proof.proof)}),
        ("elements in another order", "no-proof", {"evaluated": [_binary(second), _binary(first)]}),
        ("another key", "no-proof", {"public_key": other}),
        ("an element too few", "no-proof", {"evaluated": [_binary(first)]}),
        ("no elements", "no-proof", {"blinded": [], "evaluated": []}),
        ("a proof cut short", "no-proof", {"proof": encode_bytes(proof[:-1])}),
        ("a scalar above the order", "second-spelling", {"proof": encode_bytes(proof[:32] + later)}),
    )
    for name, flag, change in changes:
        yield Case(name, "11.5", good | change, Code.BAD_PROOF, [flag])


def _elements() -> Iterable[Case]:
    good = bytes.fromhex(SUITES[0].vectors[0].blinded_element)
    yield Case("an element", "11.5", {"element": encode_bytes(good)})
    spelled_again = (int.from_bytes(good, "little") + P).to_bytes(32, "little")
    for name, data, flag in (
        ("the identity", bytes(32), "identity"),
        ("the identity in another spelling", P.to_bytes(32, "little"), "second-spelling"),
        ("a negative field element", (P - 2).to_bytes(32, "little"), "not-an-element"),
        ("a field element of no point", (26).to_bytes(32, "little"), "not-an-element"),
        ("all bits", b"\xff" * 32, "not-an-element"),
        ("31 bytes", good[:31], "not-an-element"),
        ("33 bytes", good + b"\x00", "not-an-element"),
        ("an element plus the field's modulus", spelled_again, "second-spelling"),
    ):
        yield Case(name, "11.5", {"element": encode_bytes(data)}, Code.MALFORMED, [flag])


def functions() -> bytes:
    """The file."""
    assert voprf.PROOF_BYTES == 64
    return vector_file(
        "RFC 9497, ristretto255-SHA512, modes OPRF (0) and VOPRF (1): the vectors of its appendices A.1.1 and A.1.2, "
        "then proofs and elements that are refused. Binary is base64url; nonce is the random scalar of the proof.",
        _FLAGS,
        [*_official(), *_refused(), *_elements()],
    )


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/voprf.json": functions}
