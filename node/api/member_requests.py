"""Requests that a member's request key has signed: who asks, whether it may ask now, and how an answer is signed.

Fails closed: without a verified signature, a fresh time and a new nonce nothing is read from the database but the
roster. A stranger, a member of another circle and a circle that does not exist get the same answer, after the same
reading of the request, so that nobody can find out from outside who is in which circle.

The signature is in the header and binds the content by its digest, so it comes first: nothing that a stranger sends
after the header is read.

Rates come in twice: by address before anything is looked up, and by member once it is known who asks. The first is for
floods from anywhere, the second for a member whose node runs wild; a stranger never uses up what a member may ask.
"""

from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from node.domain.circles import Member, Roster
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import circles, peers
from node.storage.database import Transaction
from node.sync.limits import Limits
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import KeyId, parse_circle_id
from protocol.limits import MAX_REQUEST_BYTES
from protocol.messages.digest import check_content_digest
from protocol.messages.signature import (
    REMEMBER_NONCES_SECONDS,
    SignedFields,
    VerifiedRequest,
    claimed_key,
    sign_response,
    verify_header,
)
from protocol.statements import Timestamp

HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_FIELDS: Final = ("content-digest", "signature-input", "signature")


async def bounded_body(request: Request) -> bytes:
    """The request's content; reading stops where it becomes longer than any request of ours is."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_REQUEST_BYTES:
            raise HanseError(Code.TOO_LARGE, f"a request has at most {MAX_REQUEST_BYTES} bytes.", fault=Fault.PEER)
    return bytes(content)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who has signed the header of a request, and for which circle. Its content has not been looked at."""

    roster: Roster
    member: Member
    fields: SignedFields
    verified: VerifiedRequest
    now: Timestamp

    @property
    def key(self) -> KeyId:
        """The request key, by which the member's requests are counted."""
        return self.member.request_key.key_id


class MemberRequests:
    """Receives the requests of members for one node."""

    def __init__(self, runtime: Runtime, limits: Limits) -> None:
        self.limits = limits
        self._runtime = runtime

    async def admit(self, request: Request) -> None:
        """The dependency of every route, before its content is read; raises ``TOO_MANY_REQUESTS``.

        Runs between the server's other work and waits for nothing: it looks at a table in memory.
        """
        self.limits.admit_address(request.client.host if request.client else "", self._runtime.clock.now())

    def signer(self, circle: str, request: Request) -> Signer:
        """The member that signed the header of this request now: a dependency, before any content is read.

        The signature covers a digest of the content, so it is verified without; a stranger can make nobody read what
        it sends. Whether the request comes for the first time, and with that content, is for :meth:`authenticate`.
        """
        fields, now = signed_fields(request), self._runtime.clock.now()
        claimed = claimed_key(fields.signature_input)
        with self._runtime.database.read() as tx:
            roster = find_roster(tx, circle)
        member = roster.by_request_key(claimed) if roster else None
        if roster is None or member is None or member.contributor == roster.own:
            raise _not_for_you()
        # The address that we are known by, not what a Host header claims: a signature for another node is not for us.
        query = f"?{request.url.query}" if request.url.query else ""
        target = f"{self._runtime.settings.base_url}{request.url.path}{query}"
        try:
            verified = verify_header(fields, member.request_key, method=request.method, target_uri=target, now=now)
        except ProtocolError as error:
            if error.code in {ProtocolCode.BAD_REQUEST_SIGNATURE, ProtocolCode.WRONG_KEY}:
                # A forged signature under a member's key must look like any other stranger's.
                raise _not_for_you() from error
            raise
        self.limits.admit_member(member.request_key.key_id, now)
        return Signer(roster, member, fields, verified, now)

    def authenticate(self, signer: Signer, body: bytes) -> None:
        """Make sure that this content is what was signed, and that the request comes for the first time."""
        check_content_digest(signer.fields.content_digest, body)
        expires = Timestamp(signer.now + REMEMBER_NONCES_SECONDS)
        with self._runtime.database.write() as tx:
            fresh = peers.remember_nonce(tx, signer.verified.key_id, signer.verified.nonce, expires)
        if not fresh:
            raise ProtocolError(ProtocolCode.REPLAYED, "this request was received before")

    def answer(self, content: bytes, fields: SignedFields, now: Timestamp, media_type: str) -> Response:
        """An answer to the request with these fields, signed by our request key."""
        signed = sign_response(self._runtime.keyring.request(), status=200, body=content, created=now, request=fields)
        values = (signed.content_digest, signed.signature_input, signed.signature)
        headers = HEADERS | dict(zip(_FIELDS, values, strict=True))
        return Response(content, headers=headers, media_type=media_type)


def signed_fields(request: Request) -> SignedFields:
    """The three fields, each exactly once; their absence is refused before anything is looked up."""
    values = [request.headers.getlist(name) for name in _FIELDS]
    if any(len(value) != 1 for value in values):
        raise ProtocolError(
            ProtocolCode.BAD_REQUEST_SIGNATURE,
            "Content-Digest, Signature-Input and Signature are each needed exactly once",
        )
    return SignedFields(*(value[0] for value in values))


def find_roster(tx: Transaction, circle: str) -> Roster | None:
    """The roster of a circle named in an address, which may be anything."""
    try:
        return circles.find_roster(tx, parse_circle_id(circle))
    except ProtocolError:
        return None


def _not_for_you() -> HanseError:
    return HanseError(
        Code.NOT_FOUND,
        "no circle with this identifier has the signer of this request among its members here.",
        remedy="Check the circle, the request key in its charter, and the address that was signed.",
        fault=Fault.PEER,
    )
