"""The peering ceremony: an address is typed, what answers there introduces itself, and two people confirm its key.

What an address says of itself proves that its holder has a key, not whose it is. That is for two people to find out:
each reads the fingerprint of their own identity key to the other over a channel they trusted before, and types what
they hear. A trust anchor that the operator configured may stand in for the telephone, and so does the charter that an
operator joined, whose founders were confirmed when it was signed. From then on the key is pinned: a card that it has
signed may be endorsed.

Nothing here opens a connection. Whoever calls brings a way to ask, with the rules of every way out of this node.
"""

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple, Protocol

from node.domain.peering import How, Introduction, Peer, Pin
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from node.storage import pins
from node.storage.database import Transaction
from protocol.circles import MAX_URL_CHARACTERS, PATTERN_URL, Founder
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.keys import PublicKey
from protocol.messages.card import FINGERPRINT_GROUP_DIGITS, FINGERPRINT_GROUPS, fingerprint
from protocol.messages.peering import MAX_PEERING_BYTES, Peering, decode_peering, encode_peering
from protocol.messages.signature import SignedFields, sign_request, sign_response, verify_request, verify_response
from protocol.statements import Timestamp

PEERING_PATH: Final = "/federation/v1/peering"
_NONCE_BYTES: Final = 16
_OK: Final = 200
_SEPARATORS: Final = re.compile(r"[\s.,;/\u2010-\u2014-]+")
"""What people write between groups of digits."""


class Reply(Protocol):
    """What comes back from another node; nothing of it is verified."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def content(self) -> bytes:
        """The bytes."""

    @property
    def headers(self) -> "Headers":
        """The fields."""


class Headers(Protocol):
    """Fields of an answer."""

    def get(self, name: str, default: str) -> str:
        """One field, or the default."""


Post = Callable[[str, dict[str, str], bytes, int], Reply]
"""Address, fields, content, the longest answer that is read."""


class Mismatch(NamedTuple):
    """Where what was read aloud differs from what the address presents."""

    group: int
    """From 1."""
    typed: str
    presented: str


def base_url(text: str) -> str:
    """The base URL that somebody typed, in its one spelling; raises ``INVALID``."""
    typed = text.strip()
    if "://" not in typed:
        typed = f"https://{typed}"
    scheme, _, rest = typed.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    url = f"{scheme.lower()}://{host.lower()}{slash}{path}"
    if len(url) > MAX_URL_CHARACTERS or not re.fullmatch(PATTERN_URL, url):
        raise HanseError(
            Code.INVALID,
            "this is not the address of a node.",
            remedy="It looks like https://hanse.university.example: a host, a port if needed, no query.",
        )
    return url


def require_digits(text: str) -> str:
    """The digits of a fingerprint as somebody typed them, in any grouping; raises ``INVALID``."""
    digits = _SEPARATORS.sub("", text)
    wanted = FINGERPRINT_GROUPS * FINGERPRINT_GROUP_DIGITS
    if not (digits.isascii() and digits.isdigit() and len(digits) == wanted):
        found = sum(character.isdigit() for character in digits)
        raise HanseError(
            Code.INVALID,
            f"a fingerprint has {wanted} digits and nothing else; this has {found}.",
            remedy=f"Type all {FINGERPRINT_GROUPS} groups as they are read to you, parted as you like.",
        )
    return digits


def compare(key: PublicKey, typed: str) -> Mismatch | None:
    """The first group in which what was typed is not the fingerprint of this key; ``INVALID`` for other than digits."""
    digits = require_digits(typed)
    for place, presented in enumerate(fingerprint(key).split()):
        start = place * FINGERPRINT_GROUP_DIGITS
        heard = digits[start : start + FINGERPRINT_GROUP_DIGITS]
        if heard != presented:
            return Mismatch(place + 1, heard, presented)
    return None


def confirm(tx: Transaction, introduction: Introduction, typed: str, *, by: str, now: Timestamp) -> Pin:
    """Pin an identity key whose fingerprint was read to us; raises ``INVALID`` where it is another."""
    mismatch = compare(introduction.identity_key, typed)
    if mismatch is not None:
        raise HanseError(
            Code.INVALID,
            f"group {mismatch.group} differs: {mismatch.typed} was typed, {mismatch.presented} is what this address"
            " presents. Nothing was confirmed.",
            remedy="Have it read again. If it still differs, somebody else answers at this address: do not confirm it.",
        )
    return pin(tx, introduction, "fingerprint", by=by, now=now)


def pin(tx: Transaction, introduction: Introduction, how: How, *, by: str, now: Timestamp) -> Pin:
    """Remember whose key this is. The caller has made sure of it in the way that it names.

    Raises ``CONFLICT`` where its holder has said something newer of itself since.
    """
    known = pins.find_pin(tx, introduction.identity)
    _require_not_older(introduction, known)
    made = Pin(
        identity_key=introduction.identity_key,
        request_key=introduction.request_key,
        name=introduction.name,
        url=introduction.url,
        how=how,
        by=by,
        at=now,
        theirs=known.theirs if known else None,
        theirs_at=known.theirs_at if known else None,
        issued=introduction.issued,
    )
    pins.confirm(tx, made)
    return made


def pin_founders(tx: Transaction, founders: Iterable[Founder], own: PublicKey, by: str, now: Timestamp) -> int:
    """Pin the identity keys of a charter that the operator joins, except our own; how many were new.

    A key that was confirmed before keeps its confirmation: that one rests on more than a charter.
    """
    made = (
        Pin(
            identity_key=PublicKey.decode(founder.identity_key),
            request_key=PublicKey.decode(founder.request_key),
            name=founder.name,
            url=founder.url,
            how="charter",
            by=by,
            at=now,
        )
        for founder in founders
        if founder.identity_key != own.encode()
    )
    return sum(pins.confirm_if_new(tx, each) for each in made)


def remember(tx: Transaction, introduction: Introduction) -> None:
    """Keep what an address says of itself.

    A confirmed identity key may bring a new address, name or request key: it has signed them. How and when it was
    confirmed stays as it was. Raises ``CONFLICT`` for what it has signed before what we know of it: that holds for half
    a year, so that whoever has the request key of the past could otherwise bring it back into force.
    """
    met = pins.find_introduction(tx, introduction.url)
    known = pins.find_pin(tx, introduction.identity)
    if met is not None and met.identity == introduction.identity:
        _require_not_older(introduction, met)
    _require_not_older(introduction, known)
    pins.introduce(tx, introduction)
    if known is not None:
        fresh = replace(
            known,
            request_key=introduction.request_key,
            name=introduction.name,
            url=introduction.url,
            issued=introduction.issued,
        )
        pins.confirm(tx, fresh)


def _require_not_older(introduction: Introduction, known: Introduction | Pin | None) -> None:
    if known is not None and introduction.issued < known.issued:
        raise HanseError(
            Code.CONFLICT,
            f"{introduction.url} says of itself what the same key has replaced since. Nothing was changed.",
            remedy="Ask its operator to run `hanse identity publish`; if that changes nothing, somebody else answers.",
            fault=Fault.PEER,
        )


def list_peers(tx: Transaction) -> list[Peer]:
    """Everybody who was met or confirmed, by name: introductions that wait to be confirmed come first."""
    confirmed = {each.identity: each for each in pins.list_pins(tx)}
    met = [Peer(each, confirmed.pop(each.identity, None)) for each in pins.list_introductions(tx)]
    rest = [Peer(None, each) for each in confirmed.values()]
    return sorted((*met, *rest), key=lambda peer: (peer.pin is not None, peer.name.casefold(), peer.url))


def earlier_keys(tx: Transaction, introduction: Introduction) -> list[Pin]:
    """Confirmed identity keys other than this one under the same address: a reason to be careful."""
    return [
        each for each in pins.list_pins(tx) if each.url == introduction.url and each.identity != introduction.identity
    ]


def ask_whether_confirmed(post: Post, keyring: Keyring, known: Pin, now: Timestamp) -> bool:
    """Tell a confirmed peer that we have confirmed it, and hear whether it has confirmed us.

    ``False`` where it refuses, which is what it does while we are strangers to it. Raises ``PEER_UNREACHABLE``, and
    ``PEER_MISBEHAVED`` for an answer that its request key has not signed.
    """
    url = f"{known.url}{PEERING_PATH}"
    body = encode_peering(Peering(v=1, identity=keyring.identity_public().key_id, confirmed=True))
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    fields = sign_request(keyring.request(), method="POST", target_uri=url, body=body, created=now, nonce=nonce)
    headers = {
        "Content-Type": "application/json",
        "Content-Digest": fields.content_digest,
        "Signature-Input": fields.signature_input,
        "Signature": fields.signature,
    }
    reply = post(url, headers, body, MAX_PEERING_BYTES * 64)  # a refusal is a problem document, longer than an answer
    if reply.status != _OK:
        return False
    signed = SignedFields(*(reply.headers.get(name, "") for name in ("content-digest", "signature-input", "signature")))
    try:
        verify_response(signed, known.request_key, status=reply.status, body=reply.content, request=fields, now=now)
        said = decode_peering(reply.content)
    except ProtocolError as error:
        raise _misbehaved(known, f"did not sign its answer rightly ({error.detail})") from error
    if said.identity != known.identity:
        raise _misbehaved(known, "answered for another identity key")
    return said.confirmed


class Heard(NamedTuple):
    """A verified word of a confirmed peer. Its nonce may have been used before: the caller remembers."""

    pin: Pin
    confirmed: bool
    nonce: str


def hear(tx: Transaction, settings: Settings, fields: SignedFields, body: bytes, now: Timestamp) -> Heard:
    """What a confirmed peer says of us; nothing is stored.

    Raises ``NOT_FOUND`` for everybody whom nobody here has confirmed, in the same words for each of them, and
    ``NOT_FRESH`` where the signature is right and the clock is not.
    """
    try:
        said = decode_peering(body)
        known = pins.find_pin(tx, said.identity)
        if known is None:
            raise stranger()
        target = f"{settings.base_url}{PEERING_PATH}"
        verified = verify_request(fields, known.request_key, method="POST", target_uri=target, body=body, now=now)
    except ProtocolError as error:
        if error.code is ProtocolCode.NOT_FRESH:
            raise  # its signature was right, so it may learn that its clock is wrong
        raise stranger() from error
    return Heard(known, said.confirmed, verified.nonce)


def answer(keyring: Keyring, fields: SignedFields, now: Timestamp) -> tuple[bytes, SignedFields]:
    """Our word to a peer that :func:`hear` has heard: that we have confirmed it."""
    body = encode_peering(Peering(v=1, identity=keyring.identity_public().key_id, confirmed=True))
    return body, sign_response(keyring.request(), status=_OK, body=body, created=now, request=fields)


def stranger() -> HanseError:
    """The one answer to those whom nobody here has confirmed."""
    return HanseError(
        Code.NOT_FOUND,
        "this node has not confirmed the signer of this request.",
        remedy="Compare fingerprints with its operator first.",
        fault=Fault.PEER,
    )


def _misbehaved(known: Pin, words: str) -> HanseError:
    return HanseError(
        Code.PEER_MISBEHAVED,
        f"{known.name} {words}.",
        remedy="Look the address up again: its request key may have changed.",
        fault=Fault.PEER,
    )
