"""Trust anchors that the operator wrote down: their word may stand in for a comparison of fingerprints.

One step and no chain: the anchor is asked whether it knows exactly this address under exactly this identity key. What
it is asked with and what is believed comes from the operator's file; keys that an anchor presents are not used.
"""

from collections.abc import Callable

from node.domain.peering import Introduction
from node.domain.settings import Settings
from node.errors import Code, HanseError
from protocol.errors import Fault, ProtocolError
from protocol.limits import MAX_ENTITY_STATEMENT_BYTES
from protocol.messages.entity import (
    WELL_KNOWN_PATH,
    Subordinate,
    TrustAnchor,
    fetch_url,
    open_anchor,
    open_subordinate,
    read_anchors,
)
from protocol.statements import Timestamp


def read(settings: Settings) -> tuple[TrustAnchor, ...]:
    """The anchors of the setting ``trust_anchors``; none where it is empty. Raises ``BAD_CONFIGURATION``."""
    if settings.trust_anchors is None:
        return ()
    try:
        return read_anchors(settings.trust_anchors.read_bytes())
    except (OSError, ProtocolError) as error:
        words = error.detail if isinstance(error, ProtocolError) else "it cannot be read"
        raise HanseError(
            Code.BAD_CONFIGURATION,
            f"{settings.trust_anchors} is no file of trust anchors: {words}.",
            remedy="Correct it, or leave the setting trust_anchors empty. The operator's guide shows its form.",
        ) from error


def names(settings: Settings) -> tuple[str, ...]:
    """Their entity identifiers."""
    return tuple(anchor.entity_id for anchor in read(settings))


def one(settings: Settings, name: str) -> TrustAnchor:
    """The anchor of this name; raises ``INVALID`` for any that the operator has not written down."""
    found = next((anchor for anchor in read(settings) if anchor.entity_id == name), None)
    if found is None:
        raise HanseError(
            Code.INVALID, "this node has no such trust anchor.", remedy="Name one of the setting trust_anchors."
        )
    return found


def require_vouched(
    get: Callable[[str, int], bytes], anchor: TrustAnchor, introduction: Introduction, now: Timestamp
) -> Subordinate:
    """The anchor's word for whose key this is; raises ``INVALID`` where it knows the address under another key.

    Raises ``PEER_MISBEHAVED`` for statements that do not hold, among them those with a metadata policy, and what
    ``get`` raises, such as ``PEER_REFUSED`` where the anchor does not know the address.
    """
    try:
        own = get(anchor.entity_id.rstrip("/") + WELL_KNOWN_PATH, MAX_ENTITY_STATEMENT_BYTES)
        endpoint = open_anchor(own, anchor, now=now)
        answer = get(fetch_url(endpoint, introduction.url), MAX_ENTITY_STATEMENT_BYTES)
        said = open_subordinate(answer, anchor, subject=introduction.url, now=now)
    except ProtocolError as error:
        raise HanseError(
            Code.PEER_MISBEHAVED,
            f"the trust anchor {anchor.entity_id} gave no statement that can be used ({error.detail}).",
            remedy="Compare the fingerprint by telephone instead, and tell the anchor's operator.",
            fault=Fault.PEER,
        ) from error
    if introduction.identity_key not in said.keys:
        raise HanseError(
            Code.INVALID,
            f"the trust anchor {anchor.entity_id} knows this address under another identity key.",
            remedy="Do not confirm it. Ask people there, on a number you had before, what happened.",
        )
    return said
