"""Person tokens: a name that nobody can read, made by several operators of whom none can make it alone.

A token is the value of the function of RFC 9497 under the product of all operators' keys (section 11 of
``docs/protocol.md``). The asking node blinds its input once. Each operator multiplies the element by its key and proves
it against the public key that stands in its log; the next operator multiplies what came out. Multiplying is in any
order the same, so the outcome is that of the single key k1·k2·…, which nobody has. Unblinded, hashed with the input,
and bound to circle and epoch, it is the token: members that ask about the same person get the same one.

Who could test names without asking every operator? Only all operators together. So each counts what every member asks
in a day; how much is each operator's own decision and not part of the protocol.

What lives here: which keys make an epoch, and the steps of the asking node. What does not: spelling a person
(:mod:`protocol.person_inputs`), the function itself (:mod:`protocol.voprf`), the messages
(:mod:`protocol.messages.evaluation`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol import voprf
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, Digest, KeyId, decode_bytes, encode_bytes
from protocol.person_inputs import PersonInput
from protocol.ristretto import Element, Scalar, parse_element

MIN_OPERATORS: Final = 2
"""Different institutions: with one, it alone could test names without end."""
_CONTEXT: Final = "hanse/v1/person-token"


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One ``token-key`` statement that counts: not void, in the log of an operator of the charter."""

    operator: KeyId
    """The thumbprint by which the charter names the operator, whatever keys it has had since."""
    order: int
    """The place of the log among those of the operator's key epochs."""
    index: int
    epoch: int
    key: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """One epoch that can be used: the public key of every operator, in the order of the charter."""

    epoch: int
    keys: tuple[tuple[KeyId, Element], ...]

    def key_of(self, operator: KeyId) -> Element:
        """The public key of one operator."""
        return dict(self.keys)[operator]


def key_sets(operators: Sequence[KeyId], published: Iterable[PublishedKey]) -> tuple[KeySet, ...]:
    """The epochs for which every operator has published a key, ascending (clause 11.6). The last is the current one.

    Of several keys of one operator for one epoch the first counts; a key that is no element counts as none, so that it
    can be made good.
    """
    first: dict[int, dict[KeyId, Element]] = {}
    for each in sorted(published, key=lambda each: (each.operator, each.order, each.index)):
        element = _element(each.key)
        if element is not None and each.operator in operators:
            first.setdefault(each.epoch, {}).setdefault(each.operator, element)
    return tuple(
        KeySet(epoch, tuple((operator, keys[operator]) for operator in operators))
        for epoch, keys in sorted(first.items())
        if len(keys) == len(operators) >= MIN_OPERATORS
    )


def begin(data: PersonInput, blinding: Scalar) -> Element:
    """What the first operator is shown: a random element, whoever the person is (clause 11.7)."""
    return voprf.blind(data, blinding)


def step(key: Element, sent: Sequence[Element], returned: Sequence[Element], proof: bytes) -> tuple[Element, ...]:
    """What one operator made of the elements, once its proof is verified; the next operator is shown this.

    Raises ``BAD_PROOF``.
    """
    voprf.verify(key, sent, returned, proof)
    return tuple(returned)


def finish(circle: CircleId, epoch: int, data: PersonInput, blinding: Scalar, evaluated: Element) -> Digest:
    """The token, once every operator has had its turn (clause 11.8)."""
    output = voprf.finalize(data, voprf.unblind(blinding, evaluated))
    return token_of(circle, epoch, output)


def token_of(circle: CircleId, epoch: int, output: bytes) -> Digest:
    """The token that a value of the function stands for: tells nothing outside its circle and epoch."""
    return Digest(encode_bytes(sha256(f"{_CONTEXT}\n{circle}\n{epoch}\n".encode("ascii") + output).digest()))


def encode_element(element: Element) -> str:
    """The wire form: 43 characters."""
    return encode_bytes(element)


def decode_element(text: str) -> Element:
    """From the wire form; raises as :func:`protocol.ristretto.parse_element`, and ``NON_CANONICAL``."""
    return parse_element(decode_bytes(text))


def _element(text: str) -> Element | None:
    try:
        return decode_element(text)
    except ProtocolError as error:
        if error.code not in {Code.MALFORMED, Code.NON_CANONICAL}:  # pragma: no cover - nothing else is raised
            raise
        return None
