"""A finding that another member publishes: what its author signed, inside what the sponsor signed (clause 4.24).

The author signs the finding with a contributor key that it made for this one statement, and hands the JWS to the
sponsor. The sponsor can publish it or not, and cannot change a byte. The circle learns the sponsor, whose voice it is
(clause 10.10), and not the author.
"""

from typing import Final

from protocol import envelope
from protocol.canonical import Codec
from protocol.errors import Code, ProtocolError
from protocol.keys import PublicKey
from protocol.limits import MAX_PAYLOAD_BYTES, MAX_SPONSORED_BYTES
from protocol.statements import Finding, Sponsored, SponsoredBody

_FINDING: Final = Codec(Finding, max_bytes=MAX_PAYLOAD_BYTES)


def open_sponsored(sponsored: Sponsored) -> Finding:
    """The finding inside, verified and fit for this circle.

    Raises what :mod:`protocol.envelope` raises, ``MALFORMED`` or ``NON_CANONICAL`` where it is no finding,
    ``WRONG_CIRCLE``, ``INCONSISTENT`` where it is dated after the sponsor's signature, and ``BAD_VALIDITY`` where the
    sponsor's statement would outlive it.
    """
    jws = sponsored.body.statement.encode("ascii")
    parsed = envelope.parse(jws, max_bytes=MAX_SPONSORED_BYTES)
    finding = _FINDING.decode(envelope.verify(parsed, PublicKey.decode(sponsored.body.key)).payload)
    if finding.circle != sponsored.circle:
        raise ProtocolError(Code.WRONG_CIRCLE, f"sponsors a finding for circle {finding.circle}")
    if finding.iat > sponsored.iat:
        raise ProtocolError(Code.INCONSISTENT, "sponsors a finding that is signed later than its sponsor's word")
    if sponsored.exp > finding.exp:
        raise ProtocolError(Code.BAD_VALIDITY, "would outlive the finding that it sponsors")
    return finding


def known_finding(body: SponsoredBody) -> Finding:
    """The finding inside of what :func:`open_sponsored` has accepted before: nothing is verified a second time."""
    return _FINDING.decode_known(envelope.known_payload(body.statement.encode("ascii")))
