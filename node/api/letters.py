"""Letters between two members: brought by one, or asked for by the other.

Both routes are for members alone (:mod:`node.api.member_requests`). A member is given its own letters and told of
nobody else's; what it says it has taken is believed of its own alone.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.api.member_requests import MemberRequests, Signer, bounded_body
from node.runtime import Runtime
from node.sync import letters
from node.sync.outbound import LETTERS_TYPE
from protocol.messages.letter import decode_letters, decode_receipt, encode_letters, encode_receipt


def add_routes(router: APIRouter, runtime: Runtime, members: MemberRequests) -> None:
    """Add the routes of letters to those of a node."""
    # Stands before the content among the parameters of each route, and so comes before it is read.
    FromMember = Annotated[Signer, Depends(members.signer)]  # noqa: N806 - a type

    @router.post("/circles/{circle}/letters")
    def take_letters(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """Letters that a member brings; what became of each."""
        members.authenticate(signer, body)
        found = decode_letters(body)
        members.limits.require_bytes(signer.key, signer.now)
        with members.limits.running(signer.key, stream=False):
            members.limits.count_bytes(signer.key, len(body), signer.now)
            handled = letters.take(runtime, signer.roster, signer.member, found)
        runtime.wake.set()
        return members.answer(encode_receipt(handled), signer.fields, signer.now, "application/json")

    @router.post("/circles/{circle}/letters/collect")
    def give_letters(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """What waits for the member that asks, after it has said what became of those it had before."""
        members.authenticate(signer, body)
        handled = decode_receipt(body)
        with members.limits.running(signer.key, stream=False), runtime.database.write() as tx:
            letters.settle(tx, signer.roster, signer.member, handled, signer.now)
            found = letters.waiting(tx, letters.desk(runtime), signer.roster, signer.member)
        members.limits.count_bytes(signer.key, sum(map(len, found)), signer.now)
        return members.answer(encode_letters(found), signer.fields, signer.now, LETTERS_TYPE)
