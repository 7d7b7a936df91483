"""For the operator of a node whose institution evaluates person tokens: its keys, and for whom it has evaluated."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node import circles
from node.circles import token_keys
from node.domain.accounts import Permission
from node.domain.person_tokens import Operator
from node.errors import Code, HanseError
from node.ledger import operator_keys
from node.publishing import token_operator
from node.publishing.token_circle import require_token_circle
from node.storage import person_tokens as storage
from node.sync import confirm_own_log
from node.web.forms import FormView, address_part, whole_number
from node.web.visits import Requires, Visit, go
from protocol.identifiers import PATTERN_256_BITS, CircleId, KeyId
from protocol.limits import MAX_EPOCH

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(PATTERN_256_BITS)]
_Visit = Annotated[Visit, Depends(Requires(Permission.CIRCLES_MANAGE))]
_SHOWN: Final = 100
"""Lines of what was evaluated, newest first."""
_REFUSALS: Final = frozenset({Code.CONFLICT, Code.FORBIDDEN, Code.NOT_FOUND, Code.NO_SUCH_MEMBER, Code.BAD_KEY_FILE})


@ROUTER.get("/circles/{circle}/token-keys")
def show_keys(visit: _Visit, circle: _Circle) -> Response:
    """Who the operators are, the epochs, and what members have used of today's budget here."""
    return _page(visit, circle, FormView())


@ROUTER.post("/circles/{circle}/token-keys")
def do_publish(visit: _Visit, circle: _Circle) -> Response:
    """Draw a key and publish its public half, after members have said how much of our log they hold."""
    runtime = visit.runtime
    with visit.read() as tx:
        require_token_circle(tx, circles.roster(tx, circle))
    try:
        confirm_own_log(runtime, circle)
        with visit.write() as tx:
            token_keys.publish_key(tx, runtime.keyring, runtime.settings, circle, visit.now)
            visit.note(tx, "token-key-published", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _page(visit, circle, FormView().refused(error))
    return go(f"/circles/{circle}/token-keys", "token-key-published")


@ROUTER.post("/circles/{circle}/token-keys/destroy")
def do_destroy(visit: _Visit, circle: _Circle) -> Response:
    """Destroy the key of an epoch, for ever."""
    form = visit.form
    try:
        epoch = whole_number(form.one("epoch"), low=1, high=MAX_EPOCH)
        regardless = form.has("regardless", "yes")
        with visit.write() as tx:
            token_keys.destroy_key(tx, visit.runtime.settings, circle, epoch, visit.now, regardless=regardless)
            visit.note(tx, "token-key-destroyed", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _page(visit, circle, form.refused(error))
    return go(f"/circles/{circle}/token-keys", "token-key-destroyed")


def _page(visit: Visit, circle: CircleId, form: FormView) -> Response:
    runtime = visit.runtime
    with visit.read() as tx:
        roster = circles.roster(tx, circle)
        found = require_token_circle(tx, roster)
        budgets = token_operator.budgets(tx, runtime.settings, roster, visit.now)
        served = storage.served(tx, circle, _SHOWN)
        live = [body.epoch for _, body in storage.live_tokens(tx, circle, visit.now)]
    visit.record("token-keys-read", circle)
    names = {member.identity: member.name for member in roster.lines.values()}
    epochs = sorted({epoch for operator in found.operators for epoch in operator.published}, reverse=True)
    return visit.render(
        "token_keys.html",
        circle=circle,
        charter=roster.charter,
        form=form,
        operators=[(_name(operator, names, roster.voice(operator.name)), operator) for operator in found.operators],
        own=found.own is not None,
        current=found.current.epoch if found.current else 0,
        following=token_keys.epoch_to_publish(found),
        epochs=[
            (
                epoch,
                found.find(epoch) is not None,
                found.own is not None and operator_keys.load(runtime.settings, circle, epoch) is not None,
                live.count(epoch),
            )
            for epoch in epochs
        ],
        budgets=[(names.get(line.voice, ""), line) for line in budgets],
        served=[(names.get(line.voice, ""), line) for line in served],
        status=422 if form.errors else 200,
    )


def _name(operator: Operator, names: Mapping[KeyId, str], voice: KeyId) -> str:
    return operator.member.name if operator.member is not None else names.get(voice, "")
