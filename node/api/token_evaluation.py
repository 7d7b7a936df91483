"""An operator of person tokens answers members: elements in, products and a proof out.

For members alone (:mod:`node.api.member_requests`). Every element is counted against the member's budget of the day in
the transaction of the answer; what is kept is who asked, when, and how many.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.api.member_requests import MemberRequests, Signer, bounded_body
from node.ledger import operator_keys
from node.publishing import token_operator
from node.runtime import Runtime
from protocol.messages.evaluation import decode_evaluation_request, encode_evaluation_answer


def add_routes(router: APIRouter, runtime: Runtime, members: MemberRequests) -> None:
    """Add the route of an operator to those of a node."""
    # Stands before the content among the parameters of each route, and so comes before it is read.
    FromMember = Annotated[Signer, Depends(members.signer)]  # noqa: N806 - a type

    @router.post("/circles/{circle}/tokens/evaluate")
    def evaluate(signer: FromMember, body: Annotated[bytes, Depends(bounded_body)]) -> Response:
        """Elements multiplied by this operator's key, within the member's budget of today."""
        members.authenticate(signer, body)
        operator_keys.tidy_library()
        request = decode_evaluation_request(body)
        with members.limits.running(signer.key, stream=False), runtime.database.write() as tx:
            answer = token_operator.evaluate(
                tx, runtime.settings, signer.roster, signer.member.identity, request, signer.now
            )
        return members.answer(encode_evaluation_answer(answer), signer.fields, signer.now, "application/json")
