"""An operator's keys: a new epoch is begun, or joined; a key that nobody needs any more is destroyed.

An epoch can be used once every operator has published a key for it, so each of them comes here once for each epoch. The
private key is on disk before its public half is published. Signed is a statement that names nobody, so it is made in
one step.
"""

from node.clock import midnight
from node.domain.circles import Roster
from node.domain.identifiers import new_id
from node.domain.ledger import Appended
from node.domain.person_tokens import TokenCircle
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger import operator_keys
from node.ledger.append import append
from node.ledger.keyring import Keyring
from node.publishing.token_circle import require_token_circle, token_circle
from node.storage import circles
from node.storage import person_tokens as storage
from node.storage.database import Transaction
from protocol import voprf
from protocol.identifiers import CircleId, StatementId
from protocol.person_tokens import encode_element
from protocol.statements import DAY_SECONDS, Timestamp, TokenKey, TokenKeyBody


def state(tx: Transaction, circle: CircleId) -> TokenCircle | None:
    """Person tokens in a circle; None where its charter names no operators."""
    return token_circle(tx, circles.get_roster(tx, circle))


def epoch_to_publish(found: TokenCircle) -> int:
    """The epoch for which our next key would be: one that another operator has begun, else a new one."""
    begun = max((epoch for operator in found.operators for epoch in operator.published), default=0)
    own = found.own
    joined = own is not None and begun in own.published
    return begun + 1 if joined or not begun else begun


def publish_key(tx: Transaction, keyring: Keyring, settings: Settings, circle: CircleId, now: Timestamp) -> Appended:
    """Draw a key for the next epoch and publish its public half, in the caller's transaction.

    Raises ``NOT_FOUND`` in a circle without operators, ``FORBIDDEN`` where we are none, and ``CONFLICT`` where we have
    begun an epoch that others have not joined yet.
    """
    roster = circles.get_roster(tx, circle)
    found = require_token_circle(tx, roster)
    if found.own is None:
        raise HanseError(Code.FORBIDDEN, "this node is no operator of person tokens in this circle.")
    epoch = epoch_to_publish(found)
    if found.own.published and epoch - 1 in found.own.published and found.find(epoch - 1) is None:
        raise HanseError(
            Code.CONFLICT,
            f"this node has published its key of epoch {epoch - 1}, and not every operator has.",
            remedy="Ask the others to publish theirs; until then the epoch before it stays in use.",
        )
    key = operator_keys.load_or_make(settings, circle, epoch)
    body = TokenKeyBody(epoch=epoch, key=encode_element(voprf.public_key(key)))
    (appended,) = append(tx, keyring, circle, [_statement(roster, body, now)], now)
    return appended


def destroy_key(
    tx: Transaction, settings: Settings, circle: CircleId, epoch: int, now: Timestamp, *, regardless: bool = False
) -> None:
    """Destroy our key of an epoch: nobody can test a name against its tokens any more, and none can be found.

    Raises ``CONFLICT`` for the current epoch and, unless ``regardless``, while live tokens of this one are left;
    ``NOT_FOUND`` for no key.
    """
    found = require_token_circle(tx, circles.get_roster(tx, circle))
    if found.current is None or epoch >= found.current.epoch:
        raise HanseError(Code.CONFLICT, "this epoch is in use.", remedy="Begin a new one first.")
    left = sum(body.epoch == epoch for _, body in storage.live_tokens(tx, circle, now))
    if left and not regardless:
        raise HanseError(
            Code.CONFLICT,
            f"{left} live tokens of epoch {epoch} are left.",
            remedy="They expire with their statements, or are made anew by those who keep what they were made from.",
        )
    operator_keys.destroy(settings, circle, epoch)


def _statement(roster: Roster, body: TokenKeyBody, now: Timestamp) -> TokenKey:
    iat = midnight(now)
    exp = Timestamp(iat + roster.charter.retention_days * DAY_SECONDS)
    return TokenKey(v=1, id=StatementId(new_id()), circle=roster.circle, iat=iat, exp=exp, body=body)
