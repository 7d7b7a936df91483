"""Founding a circle: cards, a charter drafted from them, and signatures until all have signed.

Each future member makes a card (and with it a fresh contributor key) and hands it to whoever drafts. The draft
goes round, every founder signs it, and each node joins with the charter that carries all signatures. Nothing of
this needs a node to be reachable; files and mail will do. That a card belongs to the institution it names is
for people to confirm, by the fingerprint of its identity key.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from protocol import circles as charters
from protocol.circles import Attribution, Charter, Founder, SignedCharter
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId, encode_bytes
from protocol.keys import PublicKey
from protocol.limits import MAX_RETENTION_DAYS
from protocol.messages.card import NodeCard, open_card, sign_card

_NONCE_BYTES: Final = 16
_VOCABULARY_VERSION: Final = 1
_DEFAULT_QUOTA: Final = 10_000
"""Entries a day: above what an institution assesses in a year, below what would drown its peers."""
_DEFAULT_QUOTA_BYTES: Final = 32 * 1024 * 1024
"""Bytes a day: the entries of :data:`_DEFAULT_QUOTA` at twice the size of a full finding."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a charter says beside its founders. Quorums that are not given are a majority of the founders."""

    name: str
    purpose: str
    legal_basis: str
    endorsement_quorum: int | None = None
    removal_quorum: int | None = None
    retention_days: int = MAX_RETENTION_DAYS
    small_number_threshold: int = charters.DEFAULT_THRESHOLD
    attribution: Attribution = "pseudonymous"
    token_operators: tuple[str, ...] = ()
    """Addresses of the founders that evaluate person tokens one after the other: none, or at least two."""
    quota_entries_per_day: int = _DEFAULT_QUOTA
    quota_bytes_per_day: int = _DEFAULT_QUOTA_BYTES


def card(keyring: Keyring, settings: Settings, circle: CircleId | None = None) -> bytes:
    """A signed card for a circle, or for one that is to be founded, with a contributor key made for it.

    The key is in the keyring already.
    """
    contributor = keyring.new_contributor()
    identity, request = keyring.identity(), keyring.request()
    content = NodeCard(
        v=1,
        circle=circle,
        name=settings.name,
        url=settings.base_url,
        identity_key=identity.public.encode(),
        request_key=request.public.encode(),
        contributor_key=contributor.public.encode(),
    )
    return sign_card(content, identity=identity, request=request, contributor=contributor)


def create(keyring: Keyring, terms: Terms, cards: Sequence[bytes]) -> SignedCharter:
    """A charter founded by the holders of these cards, signed by us if one of them is ours.

    Raises what :func:`open_card` raises for a card that does not verify, ``INVALID`` for one that was made for a
    circle which exists, and ``BAD_CHARTER`` where the cards do not go together.
    """
    opened = [open_card(each) for each in cards]
    if elsewhere := next((each for each in opened if each.circle is not None), None):
        raise HanseError(
            Code.INVALID,
            f"the card of {elsewhere.name} was made for circle {elsewhere.circle}.",
            remedy="Ask for a card for a new circle: `hanse circle card` without --circle.",
        )
    founders = tuple(sorted((each.founder() for each in opened), key=lambda f: f.contributor_key))
    majority = len(founders) // 2 + 1
    charter = Charter(
        v=1,
        name=terms.name,
        purpose=terms.purpose,
        legal_basis=terms.legal_basis,
        founders=founders,
        endorsement_quorum=terms.endorsement_quorum or majority,
        removal_quorum=terms.removal_quorum or majority,
        vocabulary_version=_VOCABULARY_VERSION,
        retention_days=terms.retention_days,
        small_number_threshold=terms.small_number_threshold,
        attribution=terms.attribution,
        token_operators=_operators(terms, founders),
        quota_entries_per_day=terms.quota_entries_per_day,
        quota_bytes_per_day=terms.quota_bytes_per_day,
        nonce=encode_bytes(os.urandom(_NONCE_BYTES)),
    )
    # Constructing checks less than decoding, so what goes out has been through the decoder.
    draft = SignedCharter(charter=charters.decode_charter(charters.encode_charter(charter)), signatures=())
    ours = keyring.identity_public().encode()
    return sign(keyring, draft) if any(f.identity_key == ours for f in founders) else draft


def _operators(terms: Terms, founders: Sequence[Founder]) -> tuple[KeyId, ...]:
    """The contributor keys of the operators, as a charter names them."""
    by_url = {founder.url: founder.key_id for founder in founders}
    unknown = [url for url in terms.token_operators if url not in by_url]
    if unknown:
        raise HanseError(
            Code.INVALID,
            f"no founder answers at {unknown[0]}, so it cannot be an operator of person tokens.",
            remedy="Operators are founders: give the addresses that stand on their cards.",
        )
    return tuple(sorted({by_url[url] for url in terms.token_operators}))


def sign(keyring: Keyring, signed: SignedCharter) -> SignedCharter:
    """Add our signature; raises ``NO_SUCH_MEMBER`` for a charter that does not name us."""
    founder = ourselves(keyring, signed.charter)
    return charters.sign(signed, keyring.contributor(founder.key_id), keyring.identity())


def read_charter(data: bytes) -> SignedCharter:
    """A charter from a file; raises ``BAD_FILE`` with what is wrong."""
    try:
        return charters.decode_signed_charter(data.removesuffix(b"\n"))
    except ProtocolError as error:
        raise HanseError(
            Code.BAD_FILE,
            f"not a signed charter: {error.detail}.",
            remedy="Ask whoever drafted it for the file as it was written; it must not be reformatted.",
        ) from error


def ourselves(keyring: Keyring, charter: Charter) -> Founder:
    """Our line of a charter, with the keys that we hold; raises ``NO_SUCH_MEMBER`` or ``BAD_KEY_FILE``."""
    identity = keyring.identity_public()
    founder = next((f for f in charter.founders if f.identity_key == identity.encode()), None)
    if founder is None:
        raise HanseError(
            Code.NO_SUCH_MEMBER,
            f"this node (identity key {identity.key_id}) is not among the founders of {charter.name!r}.",
            remedy="Send your card to whoever drafts the charter, and ask for a new draft.",
        )
    request = keyring.request().public
    if PublicKey.decode(founder.request_key) != request:
        raise HanseError(
            Code.BAD_KEY_FILE,
            f"the charter names another request key for us than {request.key_id}.",
            remedy="Restore request.key from its backup, or send a new card to whoever drafts the charter.",
        )
    return founder
