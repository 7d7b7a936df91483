"""The exchange of entries between members: asked for, announced, compared, and brought.

Every route is for members alone (:mod:`node.api.member_requests`) and holds one of the member's places while it works.
What a route cannot answer now (too many requests, a stream of too many bytes) it refuses at once, so that nobody's
request waits behind somebody else's.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from node.api.member_requests import MemberRequests, bounded_body, signed_fields
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.sync import agenda, ping, push, serve
from node.sync.outbound import STREAM_TYPE
from node.sync.sizes import own_sizes
from protocol.messages.gossip import decode_ping, decode_sizes_request, encode_push_receipt, encode_sizes_answer
from protocol.messages.stream import decode_entries_request


def add_routes(router: APIRouter, runtime: Runtime, members: MemberRequests) -> None:
    """Add the routes of the exchange to those of a node."""

    @router.post("/circles/{circle}/entries")
    def entries(circle: str, request: Request, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """The entries that the asking member lacks."""
        fields, now = signed_fields(request), runtime.clock.now()
        roster, member = members.authenticate(circle, request, fields, body, now)
        wanted = decode_entries_request(body)
        key = member.request_key.key_id
        members.limits.require_bytes(key, now)
        with members.limits.running(key, stream=True):
            with runtime.database.read() as tx:
                stream = serve.answer(tx, roster, member.contributor, wanted)
            members.limits.count_bytes(key, len(stream), now)
            return members.answer(stream, fields, now, STREAM_TYPE)

    @router.post("/circles/{circle}/ping")
    def take_ping(circle: str, request: Request, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """A member has something new: remembered, and the worker looks at once."""
        fields, now = signed_fields(request), runtime.clock.now()
        roster, member = members.authenticate(circle, request, fields, body, now)
        named = decode_ping(body)
        with members.limits.running(member.request_key.key_id, stream=False), runtime.database.write() as tx:
            is_news = ping.heed(tx, roster, member, named, now)
            if is_news:
                agenda.note_ping(tx, runtime, member)
        if is_news:
            runtime.wake.set()
        return members.answer(b"", fields, now, "application/json")

    @router.post("/circles/{circle}/sizes")
    def sizes(circle: str, request: Request, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """How much of each log this node holds, for a member that holds something else."""
        fields, now = signed_fields(request), runtime.clock.now()
        roster, member = members.authenticate(circle, request, fields, body, now)
        asked = decode_sizes_request(body)
        with members.limits.running(member.request_key.key_id, stream=False), runtime.database.read() as tx:
            answer = own_sizes(tx, roster, asked, now)
        return members.answer(encode_sizes_answer(answer), fields, now, "application/json")

    @router.post("/circles/{circle}/push")
    def take_push(circle: str, request: Request, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """Entries that a member brings because nobody can fetch them; they pass the same checks as pulled ones."""
        fields, now = signed_fields(request), runtime.clock.now()
        roster, member = members.authenticate(circle, request, fields, body, now)
        if not runtime.settings.accept_push:
            raise HanseError(Code.FORBIDDEN, "this node takes no pushes.", remedy="Ask another member.")
        key = member.request_key.key_id
        members.limits.require_bytes(key, now)
        with members.limits.running(key, stream=True):
            members.limits.count_bytes(key, len(body), now)
            receipt = push.take(runtime, roster, member, body)
        runtime.wake.set()
        return members.answer(encode_push_receipt(receipt), fields, now, "application/json")
