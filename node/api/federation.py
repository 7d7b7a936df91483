"""What other nodes may ask: ``/federation/v1``.

Entries are given to members alone, in answer to a request that the member's request key has signed. A stranger,
a member of another circle and a circle that does not exist get the same answer, so that nobody can find out
from outside who is in which circle. Everything fails closed: without a verified signature, a fresh time and a
new nonce nothing is read from the database but the roster.

Checkpoints and hash tiles hold hashes, never content (C2SP tlog-checkpoint, tlog-tiles). In a circle whose members are
named they are open to whoever knows the circle's identifier, so that anybody a member names can audit a log. In a
pseudonymous one they are for members, under the same signature as entries: who has the newest checkpoint of a log a
moment after it was signed is its author, and everybody else could find out by asking each node.
"""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from node.domain.circles import Member, Roster
from node.domain.ledger import Log
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import circles, peers
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.sync import serve
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import parse_circle_id, parse_key_id
from protocol.limits import MAX_REQUEST_BYTES
from protocol.merkle.hashing import HASH_BYTES
from protocol.merkle.tiles import TILE_WIDTH, parse_tile_path
from protocol.messages.signature import (
    REMEMBER_NONCES_SECONDS,
    SignedFields,
    claimed_key,
    sign_response,
    verify_request,
)
from protocol.messages.stream import decode_entries_request
from protocol.statements import Timestamp

PREFIX: Final = "/federation/v1"
STREAM_TYPE: Final = "application/vnd.hanse.stream"
_FIELDS: Final = ("content-digest", "signature-input", "signature")
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class PublicCard(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may know of a node. Contributor keys are not here: they belong to circles."""

    v: int
    name: str
    url: str
    identity_key: str
    request_key: str


async def bounded_body(request: Request) -> bytes:
    """The request's content; reading stops where it becomes longer than any request of ours is."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_REQUEST_BYTES:
            raise HanseError(Code.TOO_LARGE, f"a request has at most {MAX_REQUEST_BYTES} bytes.", fault=Fault.PEER)
    return bytes(content)


def build(runtime: Runtime) -> APIRouter:
    """The routes of one node. They are not part of the analysts' API, hence not in its OpenAPI document."""
    router = APIRouter(prefix=PREFIX, include_in_schema=False)

    @router.get("/node")
    def node() -> Response:
        """Who this node is, so far as anybody may know."""
        card = PublicCard(
            v=1,
            name=runtime.settings.name,
            url=runtime.settings.base_url,
            identity_key=runtime.keyring.identity_public().encode(),
            request_key=runtime.keyring.request().public.encode(),
        )
        return Response(msgspec.json.encode(card), headers=_HEADERS, media_type="application/json")

    @router.post("/circles/{circle}/entries")
    def entries(circle: str, request: Request, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """The entries that the asking member lacks."""
        fields = _signed_fields(request)
        now = runtime.clock.now()
        roster, member = _authenticate(runtime, circle, request, fields, body, now)
        wanted = decode_entries_request(body)
        with runtime.database.read() as tx:
            stream = serve.answer(tx, roster, member.contributor, wanted)
        signed = sign_response(runtime.keyring.request(), status=200, body=stream, created=now, request=fields)
        values = (signed.content_digest, signed.signature_input, signed.signature)
        headers = _HEADERS | dict(zip(_FIELDS, values, strict=True))
        return Response(stream, headers=headers, media_type=STREAM_TYPE)

    @router.get("/circles/{circle}/logs/{contributor}/checkpoint")
    def checkpoint(circle: str, contributor: str, request: Request) -> Response:
        """The latest signed note all of whose entries we hold."""
        _admit_to_hashes(runtime, circle, request)
        with runtime.database.read() as tx:
            note = _log(tx, circle, contributor).covered
        return Response(note, headers=_HEADERS, media_type="text/plain; charset=utf-8")

    @router.get("/circles/{circle}/logs/{contributor}/tile/{path:path}")
    def tile(circle: str, contributor: str, path: str, request: Request) -> Response:
        """One hash tile, full or partial; a narrower one than we hold is a prefix of it."""
        is_open = _admit_to_hashes(runtime, circle, request)
        name = parse_tile_path(f"tile/{path}")
        with runtime.database.read() as tx:
            hashes = logs.find_tile(tx, _log(tx, circle, contributor), name.level, name.index) or b""
        if len(hashes) < name.width * HASH_BYTES:
            raise _no_such_log()
        cacheable = is_open and name.width == TILE_WIDTH  # a shared cache would ask nobody for a signature
        full = {"Cache-Control": "public, max-age=31536000, immutable"} if cacheable else {}
        return Response(hashes[: name.width * HASH_BYTES], headers=_HEADERS | full, media_type=_OCTETS)

    return router


_OCTETS: Final = "application/octet-stream"


def _admit_to_hashes(runtime: Runtime, circle: str, request: Request) -> bool:
    """Whether this circle's hashes are open to anybody; raises unless they are or a member asks.

    A circle that does not exist is asked for in vain exactly as a pseudonymous one is.
    """
    with runtime.database.read() as tx:
        roster = _roster(tx, circle)
    if roster is not None and roster.charter.attribution == "named":
        return True
    _authenticate(runtime, circle, request, _signed_fields(request), b"", runtime.clock.now())
    return False


def _authenticate(
    runtime: Runtime, circle: str, request: Request, fields: SignedFields, body: bytes, now: Timestamp
) -> tuple[Roster, Member]:
    """The member that signed this request now and for the first time, and the circle it may read."""
    claimed = claimed_key(fields.signature_input)
    with runtime.database.read() as tx:
        roster = _roster(tx, circle)
    member = roster.by_request_key(claimed) if roster else None
    if roster is None or member is None or member.contributor == roster.own:
        raise _not_for_you()
    # The address that we are known by, not what a Host header claims: a signature for another node is not for us.
    target = runtime.settings.base_url + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        verified = verify_request(
            fields, member.request_key, method=request.method, target_uri=target, body=body, now=now
        )
    except ProtocolError as error:
        if error.code in {ProtocolCode.BAD_REQUEST_SIGNATURE, ProtocolCode.WRONG_KEY}:
            # A forged signature under a member's key must look like any other stranger's.
            raise _not_for_you() from error
        raise
    expires = Timestamp(now + REMEMBER_NONCES_SECONDS)
    with runtime.database.write() as tx:
        fresh = peers.remember_nonce(tx, verified.key_id, verified.nonce, expires)
    if not fresh:
        raise ProtocolError(ProtocolCode.REPLAYED, "this request was received before")
    return roster, member


def _roster(tx: Transaction, circle: str) -> Roster | None:
    try:
        return circles.find_roster(tx, parse_circle_id(circle))
    except ProtocolError:
        return None


def _log(tx: Transaction, circle: str, contributor: str) -> Log:
    roster = _roster(tx, circle)
    try:
        log = None if roster is None else logs.find_log(tx, roster.circle, parse_key_id(contributor))
    except ProtocolError:
        log = None
    if log is None or not log.covered:
        raise _no_such_log()
    return log


def _signed_fields(request: Request) -> SignedFields:
    """The three fields, each exactly once; their absence is refused before anything is looked up."""
    values = [request.headers.getlist(name) for name in _FIELDS]
    if any(len(value) != 1 for value in values):
        raise ProtocolError(
            ProtocolCode.BAD_REQUEST_SIGNATURE,
            "Content-Digest, Signature-Input and Signature are each needed exactly once",
        )
    return SignedFields(*(value[0] for value in values))


def _not_for_you() -> HanseError:
    return HanseError(
        Code.NOT_FOUND,
        "no circle with this identifier has the signer of this request among its members here.",
        remedy="Check the circle, the request key in its charter, and the address that was signed.",
        fault=Fault.PEER,
    )


def _no_such_log() -> HanseError:
    return HanseError(Code.NOT_FOUND, "no such log, checkpoint or tile is here.", fault=Fault.PEER)
