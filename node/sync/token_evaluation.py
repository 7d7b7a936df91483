"""Operators are asked one after the other, at once where they can be reached, and else by letter.

Somebody waits for the answer, so it is tried directly first, with little patience. Where an operator cannot be reached
nothing is lost: what remains goes by letters, which it fetches or is brought.
"""

from typing import Final

import httpx2

from node.domain.person_tokens import EvaluationId
from node.errors import Code, HanseError
from node.publishing import token_steps
from node.publishing.token_steps import Question
from node.sync.letters import desk
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.transport import Patience
from protocol.errors import ProtocolError
from protocol.messages.evaluation import EvaluationAnswer

PATIENCE: Final = Patience(connect_seconds=4, idle_seconds=8, total_seconds=10)
"""For one operator, in seconds: a person waits before a page. An evaluation takes a millisecond."""


def ask(node: Parts, name: EvaluationId, *, transport: httpx2.BaseTransport | None = None) -> None:
    """Take an evaluation as far as it goes now. What became of it is read from the database afterwards."""
    with Outbound(node, transport=transport, patience=PATIENCE) as outbound:
        while (question := _turn(node, name)) is not None:
            answer = _asked(node, outbound, name, question)
            if answer is None:
                return
            _take(node, name, question, answer)


def _turn(node: Parts, name: EvaluationId) -> Question | None:
    with node.database.write() as tx:
        return token_steps.turn(tx, desk(node), name)


def _asked(node: Parts, outbound: Outbound, name: EvaluationId, question: Question) -> EvaluationAnswer | None:
    """The answer of an operator; ``None`` where it has refused, which ends the evaluation, or gets a letter instead."""
    try:
        return outbound.evaluate(question.member, question.roster.circle, question.request)
    except HanseError as error:
        with node.database.write() as tx:
            if error.code in {Code.PEER_UNREACHABLE, Code.PEER_MISBEHAVED}:
                token_steps.post(tx, desk(node), name)
                tx.after_commit.append(node.wake.set)
            else:
                token_steps.refused(tx, desk(node), name, question.member.name, error.detail)
    except ProtocolError as error:
        with node.database.write() as tx:
            token_steps.refused(tx, desk(node), name, question.member.name, error.detail)
    return None


def _take(node: Parts, name: EvaluationId, question: Question, answer: EvaluationAnswer) -> None:
    try:
        with node.database.write() as tx:
            token_steps.answered(tx, desk(node), name, question.member.identity, answer)
    except ProtocolError as error:
        with node.database.write() as tx:
            token_steps.refused(tx, desk(node), name, question.member.name, error.detail)
