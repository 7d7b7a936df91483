"""What the asking node and an operator say to each other about person tokens (clause 11.7).

The question holds elements that look random, whoever they stand for; the answer the same number of elements and one
proof for all of them. Whether an element is one is found when it is decoded, so that a value of these types can be
multiplied without further checks.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.identifiers import PATTERN_256_BITS, anchored, decode_bytes, encode_bytes
from protocol.limits import MAX_EPOCH
from protocol.person_tokens import decode_element, encode_element
from protocol.ristretto import Element

MAX_EVALUATIONS: Final = 16
"""Elements in one question to an operator: the tokens that are made anew after a change of keys go together."""
MAX_EVALUATION_BYTES: Final = 1_024
"""One question or answer, in bytes: sixteen elements at 46 bytes, a proof, and what stands around them."""

_Element: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Elements: TypeAlias = Annotated[tuple[_Element, ...], msgspec.Meta(min_length=1, max_length=MAX_EVALUATIONS)]
_Epoch: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MAX_EPOCH)]
_Proof: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(r"[A-Za-z0-9_-]{85}[AQgw]"))]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required."""


class EvaluationRequest(_Wire, frozen=True, kw_only=True):
    """Multiply these by your key of this epoch. The circle stands in the address, or in the letter."""

    v: Literal[1]
    epoch: _Epoch
    elements: _Elements

    def __post_init__(self) -> None:
        _parsed(self.elements)

    def parsed(self) -> tuple[Element, ...]:
        """The elements."""
        return _parsed(self.elements)


class EvaluationAnswer(_Wire, frozen=True, kw_only=True):
    """The products, in the order of the question, and the proof that one key made them all."""

    v: Literal[1]
    epoch: _Epoch
    elements: _Elements
    proof: _Proof

    def __post_init__(self) -> None:
        _parsed(self.elements)

    def parsed(self) -> tuple[Element, ...]:
        """The elements."""
        return _parsed(self.elements)

    def proof_bytes(self) -> bytes:
        """The proof, unverified."""
        return decode_bytes(self.proof)


_REQUEST: Final = Codec(EvaluationRequest, max_bytes=MAX_EVALUATION_BYTES)
_ANSWER: Final = Codec(EvaluationAnswer, max_bytes=MAX_EVALUATION_BYTES)


def evaluation_request(epoch: int, elements: Sequence[Element]) -> EvaluationRequest:
    """The question about these elements."""
    return EvaluationRequest(v=1, epoch=epoch, elements=tuple(map(encode_element, elements)))


def evaluation_answer(epoch: int, elements: Sequence[Element], proof: bytes) -> EvaluationAnswer:
    """The answer with these elements."""
    return EvaluationAnswer(v=1, epoch=epoch, elements=tuple(map(encode_element, elements)), proof=encode_bytes(proof))


def encode_evaluation_request(request: EvaluationRequest) -> bytes:
    """Canonical bytes."""
    return _REQUEST.encode(request)


def decode_evaluation_request(data: bytes) -> EvaluationRequest:
    """A question whose elements are elements."""
    return _REQUEST.decode(data)


def encode_evaluation_answer(answer: EvaluationAnswer) -> bytes:
    """Canonical bytes."""
    return _ANSWER.encode(answer)


def decode_evaluation_answer(data: bytes) -> EvaluationAnswer:
    """An answer whose elements are elements, and whose proof nobody has verified."""
    return _ANSWER.decode(data)


def _parsed(elements: Sequence[str]) -> tuple[Element, ...]:
    return tuple(map(decode_element, elements))
