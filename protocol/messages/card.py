"""A node's card: who it is and with which keys, in its own word.

A card is a compact JWS of type ``hanse-card+jwt`` by the node's identity key. The request key and the contributor
key sign its content too, so that nobody can put another's key on its own card. A card proves that three keys
belong together; it does not prove whose they are. For that, two people read the identity key's fingerprint to
each other over a channel that they already trust.
"""

from hashlib import sha512
from typing import Annotated, Final, Literal

import msgspec

from protocol import envelope
from protocol.canonical import Codec, encode
from protocol.circles import Founder, Signature
from protocol.errors import Code, ProtocolError
from protocol.identifiers import PATTERN_256_BITS, CircleId, anchored, decode_bytes, encode_bytes
from protocol.keys import PublicKey, SigningKey
from protocol.limits import MAX_CARD_BYTES

CARD_TYPE: Final = "hanse-card+jwt"

FINGERPRINT_GROUPS: Final = 12
FINGERPRINT_GROUP_DIGITS: Final = 5
"""Sixty digits carry 199 bits: finding another key with the same ones takes about 2**199 attempts, and reading
them aloud takes a minute."""

_PROOF_CONTEXT: Final = b"hanse/v1/card\n"
_FINGERPRINT_CONTEXT: Final = b"hanse/v1/fingerprint\n"


class NodeCard(Founder, frozen=True, kw_only=True):
    """What a node says of itself to those who may found a circle with it: a line of the roster, and a version.

    The contributor key is made for one circle, so a card is made for one circle too, and names it where there is one
    already: nobody can carry it into another circle. A card is not dated: it is compared and pinned once, and a later
    key is a matter of the circle, not of another card.
    """

    v: Literal[1]
    circle: Annotated[CircleId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))] | None
    """``None`` on the card of a founder: the circle will be named by the charter that it goes into."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.all_keys())) != len(self.all_keys()):
            raise ProtocolError(Code.INCONSISTENT, "a card with one key in two roles")

    def founder(self) -> Founder:
        """The line of a charter that this card supports."""
        return Founder(
            name=self.name,
            url=self.url,
            identity_key=self.identity_key,
            request_key=self.request_key,
            contributor_key=self.contributor_key,
        )


class CardPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the identity key signs."""

    card: NodeCard
    contributor_signature: Signature
    request_signature: Signature


_PAYLOAD: Final = Codec(CardPayload, max_bytes=MAX_CARD_BYTES)


def sign_card(card: NodeCard, *, identity: SigningKey, request: SigningKey, contributor: SigningKey) -> bytes:
    """The card as a JWS; raises ``WRONG_KEY`` if the keys are not the ones that the card names."""
    keys = (identity, request, contributor)
    if tuple(key.public.encode() for key in keys) != card.all_keys():
        raise ProtocolError(Code.WRONG_KEY, "the card names other keys than those that sign it")
    message = _proven_bytes(card)
    payload = CardPayload(
        card=card,
        contributor_signature=encode_bytes(contributor.sign(message)),
        request_signature=encode_bytes(request.sign(message)),
    )
    return envelope.sign(_PAYLOAD.encode(payload), identity, typ=CARD_TYPE)


def open_card(jws: bytes) -> NodeCard:
    """A card whose three keys have all signed it (clause 9.10).

    Raises what :mod:`protocol.envelope` and :mod:`protocol.canonical` raise, ``WRONG_KEY`` if the JWS is signed by
    another key than the card's identity key, and ``BAD_SIGNATURE`` if one of the other two has not signed.
    """
    unverified = envelope.parse(jws, typ=CARD_TYPE, max_bytes=MAX_CARD_BYTES)
    # The payload is read before it is verified, because it names the key; nothing of it is returned before.
    payload = _PAYLOAD.decode(unverified.payload)
    card = payload.card
    envelope.verify(unverified, PublicKey.decode(card.identity_key))
    message = _proven_bytes(card)
    for role, key, signature in (
        ("request", card.request_key, payload.request_signature),
        ("contributor", card.contributor_key, payload.contributor_signature),
    ):
        if not PublicKey.decode(key).verify(decode_bytes(signature), message):
            raise ProtocolError(Code.BAD_SIGNATURE, f"the {role} key has not signed the card")
    return card


def open_card_for(jws: bytes, circle: CircleId) -> NodeCard:
    """As :func:`open_card`, for a circle that exists; raises ``WRONG_CIRCLE`` for a card of another or of none."""
    card = open_card(jws)
    if card.circle != circle:
        raise ProtocolError(Code.WRONG_CIRCLE, "a card that was not made for this circle")
    return card


def recall_card(jws: bytes) -> NodeCard:
    """A card that :func:`open_card` has accepted before, read again without its signatures.

    For what a node has verified and kept. On anything else it would believe whatever it is told.
    """
    return _PAYLOAD.decode(envelope.parse(jws, typ=CARD_TYPE, max_bytes=MAX_CARD_BYTES).payload).card


def fingerprint(identity: PublicKey) -> str:
    """Twelve groups of five digits, for two people to read to each other (clause 9.11)."""
    number = int.from_bytes(sha512(_FINGERPRINT_CONTEXT + identity.raw).digest(), "big")
    digits = FINGERPRINT_GROUPS * FINGERPRINT_GROUP_DIGITS
    text = str(number % 10**digits).zfill(digits)
    return " ".join(
        text[start : start + FINGERPRINT_GROUP_DIGITS] for start in range(0, digits, FINGERPRINT_GROUP_DIGITS)
    )


def _proven_bytes(card: NodeCard) -> bytes:
    """What the request and contributor keys sign; the context keeps it from being anything else."""
    return _PROOF_CONTEXT + encode(card)
