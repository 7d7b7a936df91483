"""What others may ask outside of any circle: who this node is, and, once it has confirmed them, that it has."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from node.api.member_requests import HEADERS, MemberRequests, signed_fields
from node.circles import identity, peering
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import peers, pins
from node.sync.limits import Limits
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.messages.entity import MEDIA_TYPE, WELL_KNOWN_PATH
from protocol.messages.peering import MAX_PEERING_BYTES
from protocol.messages.signature import REMEMBER_NONCES_SECONDS
from protocol.statements import Timestamp

_CACHE: Final = {"Cache-Control": "public, max-age=3600"}
"""One hour: what it says holds for months, and a rotated request key should be seen the same day."""


async def short_body(request: Request) -> bytes:
    """The request's content; reading stops where it becomes longer than the one message that is expected."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_PEERING_BYTES:
            raise HanseError(Code.TOO_LARGE, f"a message has at most {MAX_PEERING_BYTES} bytes.", fault=Fault.PEER)
    return bytes(content)


def build(runtime: Runtime, limits: Limits | None = None) -> APIRouter:
    """The routes of one node, in no circle and in no OpenAPI document."""
    guard = MemberRequests(runtime, limits or Limits())
    router = APIRouter(include_in_schema=False, dependencies=[Depends(guard.admit)])

    @router.get(WELL_KNOWN_PATH)
    def entity_configuration() -> Response:
        """The entity configuration, as the identity key has signed it."""
        data = identity.serve(runtime.keyring, runtime.settings, runtime.clock.now())
        if data is None:
            raise HanseError(
                Code.NOT_FOUND,
                "this node has published no entity configuration that still holds.",
                remedy="Its operator runs `hanse identity publish` with the identity key at hand.",
            )
        return Response(data, headers=HEADERS | _CACHE, media_type=MEDIA_TYPE)

    @router.post(peering.PEERING_PATH)
    def peer(request: Request, body: Annotated[bytes, Depends(short_body)]) -> Response:
        """A confirmed peer says whether it has confirmed us, and hears that we have confirmed it."""
        fields = signed_fields(request)
        now = runtime.clock.now()
        with runtime.database.read() as tx:
            heard = peering.hear(tx, runtime.settings, fields, body, now)
        expires = Timestamp(now + REMEMBER_NONCES_SECONDS)
        with runtime.database.write() as tx:
            if not peers.remember_nonce(tx, heard.pin.request_key.key_id, heard.nonce, expires):
                raise ProtocolError(ProtocolCode.REPLAYED, "this request was received before")
            pins.record_their_side(tx, heard.pin.identity, confirmed=heard.confirmed, now=now)
        content, signed = peering.answer(runtime.keyring, fields, now)
        headers = HEADERS | {
            "Content-Digest": signed.content_digest,
            "Signature-Input": signed.signature_input,
            "Signature": signed.signature,
        }
        return Response(content, headers=headers, media_type="application/json")

    return router
