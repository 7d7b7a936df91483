"""The steps of an evaluation: our own hop, a question to the next operator, its answer, and the end.

Each step is a transaction. Our own hop is made here; the other operators are asked directly
(:mod:`node.sync.token_evaluation`) or by letter. As soon as the last one has answered, the input is forgotten, unless
somebody chose to keep it for the next keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from msgspec import structs

from node.clock import day_of
from node.domain.circles import Member, Roster
from node.domain.letters import Incoming, LetterKind
from node.domain.person_tokens import (
    SHOWN_SECONDS,
    WAITING_SECONDS,
    Attachment,
    Evaluation,
    EvaluationId,
    EvaluationState,
    Hit,
    Leg,
    Operator,
    Outcome,
    Purpose,
    Secrets,
    TokenCircle,
)
from node.domain.publishing import TokenContent
from node.errors import Code, HanseError
from node.publishing import token_operator
from node.publishing.drafts import create_draft
from node.publishing.letters import Desk, Handler, put
from node.publishing.token_circle import own_live, require_target, require_token_circle
from node.storage import circles, statements
from node.storage import person_tokens as storage
from node.storage.database import Transaction
from protocol import person_tokens
from protocol.canonical import Codec
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.messages.evaluation import (
    MAX_EVALUATION_BYTES,
    EvaluationAnswer,
    EvaluationRequest,
    evaluation_request,
)
from protocol.messages.letter import ThreadId
from protocol.person_inputs import PersonInput
from protocol.ristretto import Element, Scalar
from protocol.statements import DAY_SECONDS, Timestamp

_LETTER_DAYS: Final = WAITING_SECONDS // DAY_SECONDS
_REQUESTS: Final = Codec(EvaluationRequest, max_bytes=MAX_EVALUATION_BYTES)
_ANSWERS: Final = Codec(EvaluationAnswer, max_bytes=MAX_EVALUATION_BYTES)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be asked next, and whom."""

    epoch: int
    operator: Operator
    member: Member
    roster: Roster
    request: EvaluationRequest


def turn(tx: Transaction, desk: Desk, name: EvaluationId) -> Question | None:
    """Make the hops that are ours, and say what is to be asked next; ``None`` when nothing is, now or any more.

    Needs a write transaction. Ends the evaluation when every operator has had its turn.
    """
    evaluation = _get(tx, desk, name, lock=True)
    if evaluation.state is not EvaluationState.WAITING or evaluation.secrets is None:
        return None
    roster = circles.get_roster(tx, evaluation.circle)
    found = require_token_circle(tx, roster)
    try:
        secrets = _own_hops(tx, desk, roster, found, evaluation.secrets)
    except HanseError as error:
        stop(tx, desk, evaluation, f"This node, as an operator, answers: {error.detail}")
        return None
    if all(leg.token is not None for leg in secrets.legs):
        _end(tx, desk, roster, replace(evaluation, secrets=secrets))
        return None
    storage.put(tx, desk.vault, replace(evaluation, secrets=secrets))
    for leg in secrets.legs:
        if leg.token is None and not leg.asked:
            operator = found.operators[leg.hop]
            if operator.member is None:
                stop(tx, desk, evaluation, "An operator is no member of the circle any more.")
                return None
            request = evaluation_request(leg.epoch, [person_tokens.decode_element(leg.element)])
            return Question(leg.epoch, operator, operator.member, roster, request)
    return None


def post(tx: Transaction, desk: Desk, name: EvaluationId) -> None:
    """Write letters to the operators whose turn it is, in place of asking them directly."""
    while (question := turn(tx, desk, name)) is not None:
        put(
            tx,
            desk,
            question.roster,
            question.member,
            LetterKind.EVALUATION_ASKED,
            ThreadId(name),
            question.request,
            days=_LETTER_DAYS,
        )
        evaluation = _get(tx, desk, name)
        if evaluation.secrets is None:  # pragma: no cover - a question was asked of it a moment ago
            return
        legs = tuple(
            structs.replace(leg, asked=True) if leg.epoch == question.epoch else leg for leg in evaluation.secrets.legs
        )
        _keep(tx, desk, evaluation, legs)


def answered(tx: Transaction, desk: Desk, name: EvaluationId, voice: KeyId, answer: EvaluationAnswer) -> None:
    """Take the answer of an operator (``voice`` is its identity), once its proof is verified.

    Raises ``BAD_PROOF`` and takes nothing; ``CONFLICT`` for an answer that nobody waits for.
    """
    evaluation = _get(tx, desk, name, lock=True)
    roster = circles.get_roster(tx, evaluation.circle)
    found = require_token_circle(tx, roster, fault=Fault.PEER)
    secrets = evaluation.secrets
    leg = None
    if secrets is not None:
        leg = next((each for each in secrets.legs if each.epoch == answer.epoch and each.token is None), None)
    if secrets is None or leg is None or roster.voice(found.operators[leg.hop].name) != voice:
        raise HanseError(Code.CONFLICT, "nobody waits for this answer.", fault=Fault.PEER)
    moved = _taken(found, evaluation.circle, secrets, leg, answer)
    _keep(tx, desk, evaluation, tuple(moved if each.epoch == leg.epoch else each for each in secrets.legs))


def refused(tx: Transaction, desk: Desk, name: EvaluationId, who: str, words: str) -> None:
    """An operator will not answer: the evaluation stops, and its input is forgotten."""
    evaluation = _get(tx, desk, name, lock=True)
    if evaluation.state is EvaluationState.WAITING:
        stop(tx, desk, evaluation, f"{who} answers: {words}")


def _take_question(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """A question that came by letter is answered by letter; the budget is the same."""
    request = _REQUESTS.decode(bytes(incoming.letter.body))
    voice, roster = incoming.sender.identity, incoming.roster
    answer = token_operator.evaluate(tx, desk.settings, roster, voice, request, desk.now)
    thread = incoming.letter.thread
    put(tx, desk, roster, incoming.sender, LetterKind.EVALUATION_ANSWERED, thread, answer, days=_LETTER_DAYS)


def _take_answer(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """An answer that came by letter; the next operator is asked by letter too."""
    name = EvaluationId(incoming.letter.thread)
    evaluation = _get(tx, desk, name)
    if evaluation.circle != incoming.roster.circle:
        raise HanseError(Code.NOT_FOUND, "nobody waits for this answer.", fault=Fault.PEER)
    try:
        answered(tx, desk, name, incoming.sender.identity, _ANSWERS.decode(bytes(incoming.letter.body)))
    except ProtocolError as error:
        refused(tx, desk, name, incoming.sender.name, error.detail)
        return
    post(tx, desk, name)


HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType(
    {LetterKind.EVALUATION_ASKED: _take_question, LetterKind.EVALUATION_ANSWERED: _take_answer}
)


def _own_hops(tx: Transaction, desk: Desk, roster: Roster, found: TokenCircle, secrets: Secrets) -> Secrets:
    """Every hop whose operator we are and whose turn it is."""
    legs = list(secrets.legs)
    for place, leg in enumerate(legs):
        while leg.token is None and found.operators[leg.hop].own:
            request = evaluation_request(leg.epoch, [person_tokens.decode_element(leg.element)])
            answer = token_operator.evaluate(tx, desk.settings, roster, roster.own_member().identity, request, desk.now)
            leg = _taken(found, roster.circle, secrets, leg, answer)  # noqa: PLW2901 - the same leg, one hop on
        legs[place] = leg
    return Secrets(person=secrets.person, blinding=secrets.blinding, legs=tuple(legs))


def _taken(found: TokenCircle, circle: CircleId, secrets: Secrets, leg: Leg, answer: EvaluationAnswer) -> Leg:
    keys = found.find(leg.epoch)
    if keys is None or answer.epoch != leg.epoch:
        raise HanseError(Code.CONFLICT, f"the keys of epoch {leg.epoch} are not complete any more.", fault=Fault.PEER)
    sent = [person_tokens.decode_element(leg.element)]
    key = keys.key_of(found.operators[leg.hop].name)
    (element,) = person_tokens.step(key, sent, _one(answer), answer.proof_bytes())
    hop = leg.hop + 1
    token = None
    if hop == len(found.operators):
        data = PersonInput(secrets.person.encode())
        token = person_tokens.finish(circle, leg.epoch, data, Scalar(secrets.blinding), element)
    return Leg(epoch=leg.epoch, element=person_tokens.encode_element(element), hop=hop, token=token)


def _one(answer: EvaluationAnswer) -> tuple[Element]:
    elements = answer.parsed()
    if len(elements) != 1:
        raise ProtocolError(ProtocolCode.BAD_PROOF, "an answer to another question")
    return (elements[0],)


def _keep(tx: Transaction, desk: Desk, evaluation: Evaluation, legs: tuple[Leg, ...]) -> None:
    if evaluation.secrets is None:  # pragma: no cover - whoever has legs has secrets
        return
    secrets = Secrets(person=evaluation.secrets.person, blinding=evaluation.secrets.blinding, legs=legs)
    storage.put(tx, desk.vault, replace(evaluation, secrets=secrets))


def _end(tx: Transaction, desk: Desk, roster: Roster, evaluation: Evaluation) -> None:
    """Every operator has answered: what is asked is answered, and the input is forgotten."""
    secrets = evaluation.secrets
    if secrets is None:  # pragma: no cover - whoever has tokens has secrets
        return
    tokens = {(leg.epoch, leg.token) for leg in secrets.legs}
    if evaluation.attachment is None:
        hits = tuple(
            Hit(contributor=target.shown, target=body.target, role=body.role, own=stored.contributor in roster.own_keys)
            for stored, body in storage.live_tokens(tx, roster.circle, desk.now)
            if (body.epoch, body.token) in tokens
            and (target := statements.get(tx, stored.contributor, body.target, now=desk.now)) is not None
            and target.counts
        )
        outcome = Outcome(hits=hits)
    else:
        try:
            outcome = _drafted(tx, desk, roster, evaluation, evaluation.attachment, secrets)
        except HanseError as error:
            stop(tx, desk, evaluation, error.detail)
            return
    _close(tx, desk, evaluation, EvaluationState.DONE, outcome)


def _drafted(
    tx: Transaction, desk: Desk, roster: Roster, evaluation: Evaluation, attachment: Attachment, secrets: Secrets
) -> Outcome:
    target = require_target(tx, roster.circle, attachment.target, desk.now)
    (leg,) = secrets.legs
    if leg.token is None:  # pragma: no cover - see the caller
        raise HanseError(Code.CONFLICT, "the token is not made yet.")
    for stored, body in storage.live_tokens(tx, roster.circle, desk.now):
        if stored.contributor == roster.own and (body.target, body.token) == (attachment.target, leg.token):
            raise HanseError(Code.CONFLICT, "this very token stands at the statement already.")
    content = TokenContent(target=attachment.target, role=attachment.role, epoch=leg.epoch, token=leg.token)
    expires = day_of(target.statement.exp)
    if evaluation.purpose is Purpose.RENEW:
        _forget_earlier(tx, desk, roster, attachment, leg.epoch, secrets.person)
    draft = create_draft(tx, desk.vault, evaluation.account, roster.circle, content, expires=expires, now=desk.now)
    if attachment.keep:
        storage.keep_input(tx, desk.vault, draft.id, roster.circle, leg.epoch, secrets.person)
    return Outcome(draft=draft.id)


def _forget_earlier(
    tx: Transaction, desk: Desk, roster: Roster, attachment: Attachment, epoch: int, person: str
) -> None:
    """The input now belongs to the new token's draft, and not to the old token as well."""
    live = own_live(tx, roster.circle, desk.now)
    for draft, name, kept in storage.kept_inputs(tx, desk.vault, roster.circle, epoch, live.keys()):
        _, body = live[name]
        if kept == person and body.target == attachment.target:
            storage.forget_input(tx, draft)


def stop(tx: Transaction, desk: Desk, evaluation: Evaluation, words: str) -> None:
    """End it without an answer; its input is forgotten."""
    _close(tx, desk, evaluation, EvaluationState.STOPPED, Outcome(words=words))


def _close(tx: Transaction, desk: Desk, evaluation: Evaluation, state: EvaluationState, outcome: Outcome) -> None:
    expires = Timestamp(desk.now + SHOWN_SECONDS)
    ended = replace(evaluation, state=state, expires=expires, secrets=None, outcome=outcome)
    storage.put(tx, desk.vault, ended)


def _get(tx: Transaction, desk: Desk, name: EvaluationId, *, lock: bool = False) -> Evaluation:
    found = storage.find(tx, desk.vault, name, lock=lock)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "nobody waits for this answer.", fault=Fault.PEER)
    return found
