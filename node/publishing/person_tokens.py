"""The asking node's part: a person is to become a token, for a look-up, beside a statement of ours, or under new keys.

An evaluation is in the database from its beginning to its end, so that it goes on after a crash, and so that an
operator that cannot be reached may fetch its question whenever it asks. How it goes from operator to operator is in
:mod:`node.publishing.token_steps`. What comes of it: for a look-up the hits, which are live tokens of the circle that
are equal; for an attachment a draft, which goes the way of all drafts.
"""

from collections.abc import Sequence
from typing import Final

from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.person_tokens import (
    MAX_EPOCHS,
    WAITING_SECONDS,
    Attachment,
    Evaluation,
    EvaluationId,
    EvaluationState,
    Leg,
    Purpose,
    Secrets,
    TokenCircle,
)
from node.errors import Code, HanseError
from node.ledger import operator_keys
from node.publishing.letters import Desk
from node.publishing.token_circle import own_live, require_target, require_token_circle
from node.publishing.token_steps import stop
from node.storage import circles, statements
from node.storage import letters as letters_storage
from node.storage import person_tokens as storage
from node.storage.database import Transaction
from protocol import person_tokens
from protocol.identifiers import CircleId
from protocol.messages.letter import ThreadId
from protocol.person_inputs import PersonInput
from protocol.statements import Timestamp

MAX_WAITING: Final = 50
"""Evaluations of one person in one circle that wait for operators: two days' budgets and a half."""
MAX_RENEWED: Final = 20
"""Tokens made anew in one step: a day's budget as it is set by default."""
MAX_SHOWN: Final = 50
"""Evaluations that a page lists."""
MAX_TURN: Final = 200
"""Waiting evaluations that one turn of the worker looks at."""


def look_up(tx: Transaction, desk: Desk, circle: CircleId, account: AccountId, person: PersonInput) -> Evaluation:
    """Begin to find out whether a live token of the circle stands for this person.

    In the current epoch and, at most :data:`MAX_EPOCHS` altogether, in those before it that live tokens are left of.
    Raises ``NOT_FOUND`` in a circle without operators and ``CONFLICT`` where no token can be made now.
    """
    found = _usable(tx, circle)
    live = {body.epoch for _, body in storage.live_tokens(tx, circle, desk.now)}
    current = found.sets[-1].epoch
    older = [keys.epoch for keys in reversed(found.sets[:-1]) if keys.epoch in live]
    epochs = (current, *older[: MAX_EPOCHS - 1])
    return _begin(tx, desk, circle, account, Purpose.LOOK_UP, person, epochs)


def attach(
    tx: Transaction, desk: Desk, circle: CircleId, account: AccountId, person: PersonInput, attachment: Attachment
) -> Evaluation:
    """Begin to make a token for a live finding or relation of ours; a draft comes of it.

    Raises as :func:`look_up`, ``NOT_FOUND`` for a statement that is not in our newest log, ``INVALID`` for another kind
    or role, and ``CONFLICT`` for one that no longer counts.
    """
    found = _usable(tx, circle)
    require_target(tx, circle, attachment.target, desk.now)
    if attachment.role not in desk.vocabulary.person_roles:
        raise HanseError(Code.INVALID, "role: choose one of the list.")
    return _begin(tx, desk, circle, account, Purpose.ATTACH, person, (found.sets[-1].epoch,), attachment)


def renew(tx: Transaction, desk: Desk, circle: CircleId, account: AccountId) -> list[Evaluation]:
    """Begin to make anew, in the current epoch, our live tokens of older ones whose inputs were kept.

    At most :data:`MAX_RENEWED` at one time; each costs an evaluation of the budget at every operator. The input goes on
    to the new token's draft when that is made.
    """
    begun: list[Evaluation] = []
    current = _usable(tx, circle).sets[-1].epoch
    live = own_live(tx, circle, desk.now)
    busy = {
        (each.attachment.target, each.secrets.person)
        for each in storage.waiting(tx, desk.vault, MAX_TURN)
        if each.circle == circle and each.attachment is not None and each.secrets is not None
    }
    for _, name, person in storage.kept_inputs(tx, desk.vault, circle, current, live.keys()):
        stored, body = live[name]
        target = statements.get(tx, stored.contributor, body.target, now=desk.now)
        if target is None or not target.counts or (body.target, person) in busy or len(begun) >= MAX_RENEWED:
            continue
        attachment = Attachment(target=body.target, role=body.role, keep=True)
        data = PersonInput(person.encode())
        begun.append(_begin(tx, desk, circle, account, Purpose.RENEW, data, (current,), attachment))
    return begun


def to_renew(tx: Transaction, desk: Desk, circle: CircleId) -> int:
    """How many live tokens of ours of older epochs could be made anew, since their inputs were kept."""
    found = require_token_circle(tx, circles.get_roster(tx, circle))
    if found.current is None:
        return 0
    live = own_live(tx, circle, desk.now)
    return len(storage.kept_inputs(tx, desk.vault, circle, found.current.epoch, live.keys()))


def get(tx: Transaction, desk: Desk, circle: CircleId, account: AccountId, name: str) -> Evaluation:
    """One evaluation of the person who began it; raises ``NOT_FOUND`` for anybody else."""
    found = storage.find(tx, desk.vault, name)
    if found is None or found.circle != circle or found.account != account:
        raise HanseError(Code.NOT_FOUND, "there is no such evaluation of yours; they are kept for 30 days.")
    return found


def list_own(tx: Transaction, desk: Desk, circle: CircleId, account: AccountId) -> list[Evaluation]:
    """What one person has asked here, newest first."""
    return storage.list_own(tx, desk.vault, circle, account, limit=MAX_SHOWN)


def sweep(tx: Transaction, desk: Desk) -> None:
    """What time brings about: what was refused or has run out by letter stops; what is old is forgotten."""
    storage.forget(tx, desk.now)
    for evaluation in storage.waiting(tx, desk.vault, MAX_TURN):
        for letter in letters_storage.posted(tx, evaluation.circle, ThreadId(evaluation.id)):
            if letter.state in {"refused", "lapsed"}:
                words = letter.code if letter.state == "refused" else "no answer within the time that a letter waits"
                stop(tx, desk, evaluation, f"An operator has not evaluated: {words}.")
                break
    for roster in circles.list_rosters(tx):
        if roster.charter.token_operators:
            storage.forget_inputs_without(tx, roster.circle, own_live(tx, roster.circle, desk.now).keys())


def _begin(
    tx: Transaction,
    desk: Desk,
    circle: CircleId,
    account: AccountId,
    purpose: Purpose,
    person: PersonInput,
    epochs: Sequence[int],
    attachment: Attachment | None = None,
) -> Evaluation:
    mine = storage.list_own(tx, desk.vault, circle, account, limit=MAX_WAITING)
    if sum(each.state is EvaluationState.WAITING for each in mine) >= MAX_WAITING:
        raise HanseError(
            Code.QUOTA_EXCEEDED, f"{MAX_WAITING} evaluations of yours wait for operators.", remedy="Let them end first."
        )
    blinding = operator_keys.random_scalar()
    element = person_tokens.encode_element(person_tokens.begin(person, blinding))
    evaluation = Evaluation(
        id=EvaluationId(new_id()),
        circle=circle,
        account=account,
        purpose=purpose,
        state=EvaluationState.WAITING,
        created=desk.now,
        expires=Timestamp(desk.now + WAITING_SECONDS),
        attachment=attachment,
        secrets=Secrets(
            person=person.decode(),
            blinding=blinding,
            legs=tuple(Leg(epoch=epoch, element=element) for epoch in epochs),
        ),
    )
    storage.add(tx, desk.vault, evaluation)
    return evaluation


def _usable(tx: Transaction, circle: CircleId) -> TokenCircle:
    roster = circles.get_roster(tx, circle)
    found = require_token_circle(tx, roster)
    roster.own_member()
    if found.current is None:
        raise HanseError(
            Code.CONFLICT, "not every operator has published a key yet.", remedy="Ask their operators to do so."
        )
    if not found.complete:
        raise HanseError(
            Code.CONFLICT,
            "an operator is no member of this circle any more, so no token can be made or found in it.",
            remedy="Found another circle with other operators.",
        )
    return found
