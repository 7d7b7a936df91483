"""The operator's part: multiply what a member sends by our key, prove it, count it (clause 11.7).

An operator learns which member asks, when, and how many elements; never about whom. It keeps exactly that. What bounds
guessing is the budget, counted here for every member and for our own institution too: in the same transaction as the
answer, so that no answer leaves uncounted.
"""

from node.domain.circles import Roster
from node.domain.person_tokens import BudgetLine, TokenCircle
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger import operator_keys
from node.publishing.token_circle import require_token_circle
from node.storage import person_tokens as storage
from node.storage.database import Transaction
from protocol import voprf
from protocol.errors import Fault
from protocol.identifiers import KeyId
from protocol.messages.evaluation import EvaluationAnswer, EvaluationRequest, evaluation_answer
from protocol.ristretto import Scalar
from protocol.statements import DAY_SECONDS, Timestamp


def evaluate(
    tx: Transaction, settings: Settings, roster: Roster, voice: KeyId, request: EvaluationRequest, now: Timestamp
) -> EvaluationAnswer:
    """Answer a member (``voice`` is its identity), and count it. Needs a write transaction.

    Raises ``NOT_FOUND`` where we are no operator of this circle, ``CONFLICT`` where we have no key of that epoch, and
    ``QUOTA_EXCEEDED`` when the member has used its budget of today: then nothing was multiplied.
    """
    found = require_token_circle(tx, roster, fault=Fault.PEER)
    key = _key(settings, roster, found, request.epoch)
    _count(tx, settings, roster, voice, request, now)
    blinded = request.parsed()
    evaluated = voprf.evaluate(key, blinded)
    proof = voprf.prove(key, blinded, evaluated, operator_keys.random_scalar())
    return evaluation_answer(request.epoch, evaluated, proof)


def budgets(tx: Transaction, settings: Settings, roster: Roster, now: Timestamp) -> list[BudgetLine]:
    """What each current member has used of today's budget here."""
    today = _today(now)
    voices = dict.fromkeys(member.identity for member in roster.members.values())
    return [
        BudgetLine(voice, storage.used(tx, roster.circle, voice, today), settings.token_evaluations_per_day)
        for voice in voices
    ]


def _key(settings: Settings, roster: Roster, found: TokenCircle, epoch: int) -> Scalar:
    if found.own is None:
        raise HanseError(Code.NOT_FOUND, "this node is no operator of person tokens in this circle.", fault=Fault.PEER)
    key, keys = operator_keys.load(settings, roster.circle, epoch), found.find(epoch)
    if key is None or keys is None:
        raise HanseError(
            Code.CONFLICT,
            f"this operator has no key of epoch {epoch}.",
            remedy="Its key was destroyed, or one of an operator is missing. Ask in the current epoch.",
            fault=Fault.PEER,
        )
    if voprf.public_key(key) != keys.key_of(found.own.name):
        raise HanseError(
            Code.BAD_KEY_FILE,
            f"the key file of epoch {epoch} is not the one whose public half was published.",
            remedy="Restore it from its backup, or begin a new epoch.",
        )
    return key


def _count(
    tx: Transaction, settings: Settings, roster: Roster, voice: KeyId, request: EvaluationRequest, now: Timestamp
) -> None:
    budget, wanted = settings.token_evaluations_per_day, len(request.elements)
    used = storage.used(tx, roster.circle, voice, _today(now), lock=True)
    if used + wanted > budget:
        raise HanseError(
            Code.QUOTA_EXCEEDED,
            f"this member has used {used} of its {budget} evaluations of today at this operator.",
            remedy="The next day begins at midnight UTC.",
            fault=Fault.PEER,
        )
    storage.note_served(tx, roster.circle, voice, request.epoch, wanted, now)


def _today(now: Timestamp) -> Timestamp:
    return Timestamp(now - now % DAY_SECONDS)
