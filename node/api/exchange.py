"""The exchange of entries between members: asked for, announced, compared, and brought.

Every route is for members alone (:mod:`node.api.member_requests`) and holds one of the member's places while it works.
What a route cannot answer now (too many requests, a stream of too many bytes) it refuses at once, so that nobody's
request waits behind somebody else's.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.api.member_requests import MemberRequests, Signer, bounded_body
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.sync import agenda, ping, push, serve
from node.sync.outbound import STREAM_TYPE
from node.sync.sizes import own_sizes
from protocol.messages.gossip import decode_ping, decode_sizes_request, encode_push_receipt, encode_sizes_answer
from protocol.messages.stream import decode_entries_request


def add_routes(router: APIRouter, runtime: Runtime, members: MemberRequests) -> None:
    """Add the routes of the exchange to those of a node."""
    # Stands before the content among the parameters of each route, and so comes before it is read.
    FromMember = Annotated[Signer, Depends(members.signer)]  # noqa: N806 - a type

    @router.post("/circles/{circle}/entries")
    def entries(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """The entries that the asking member lacks."""
        members.authenticate(signer, body)
        wanted = decode_entries_request(body)
        members.limits.require_bytes(signer.key, signer.now)
        with members.limits.running(signer.key, stream=True):
            with runtime.database.read() as tx:
                stream = serve.answer(tx, signer.roster, signer.member.contributor, wanted)
            members.limits.count_bytes(signer.key, len(stream), signer.now)
            return members.answer(stream, signer.fields, signer.now, STREAM_TYPE)

    @router.post("/circles/{circle}/ping")
    def take_ping(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """A member has something new: remembered, and the worker looks at once."""
        members.authenticate(signer, body)
        named = decode_ping(body)
        with members.limits.running(signer.key, stream=False), runtime.database.write() as tx:
            is_news = ping.heed(tx, signer.roster, signer.member, named, signer.now)
            if is_news:
                agenda.note_ping(tx, runtime, signer.member)
        if is_news:
            runtime.wake.set()
        return members.answer(b"", signer.fields, signer.now, "application/json")

    @router.post("/circles/{circle}/sizes")
    def sizes(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """How much of each log this node holds, for a member that holds something else."""
        members.authenticate(signer, body)
        asked = decode_sizes_request(body)
        with members.limits.running(signer.key, stream=False), runtime.database.read() as tx:
            answer = own_sizes(tx, signer.roster, asked, signer.now)
        return members.answer(encode_sizes_answer(answer), signer.fields, signer.now, "application/json")

    @router.post("/circles/{circle}/push")
    def take_push(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """Entries that a member brings because nobody can fetch them; they pass the same checks as pulled ones."""
        members.authenticate(signer, body)
        if not runtime.settings.accept_push:
            raise HanseError(Code.FORBIDDEN, "this node takes no pushes.", remedy="Ask another member.")
        members.limits.require_bytes(signer.key, signer.now)
        with members.limits.running(signer.key, stream=True):
            members.limits.count_bytes(signer.key, len(body), signer.now)
            receipt = push.take(runtime, signer.roster, signer.member, body)
        runtime.wake.set()
        return members.answer(encode_push_receipt(receipt), signer.fields, signer.now, "application/json")
