"""Person tokens in one circle: who the operators are now, and which epochs can be used (clauses 11.1 and 11.6)."""

from node.domain.circles import Member, Roster
from node.domain.person_tokens import Operator, TokenCircle
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.storage import circles, membership, statements
from node.storage import person_tokens as storage
from node.storage.database import Transaction
from protocol.errors import Fault
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.person_tokens import PublishedKey, key_sets
from protocol.projection import WHOLE
from protocol.statements import FindingBody, RelationBody, Timestamp, TokenBody


def token_circle(tx: Transaction, roster: Roster) -> TokenCircle | None:
    """What the logs say; None in a circle whose charter names no operators, where nothing of all this exists."""
    operators = roster.charter.token_operators
    if not operators:
        return None
    published = _published(tx, roster)
    return TokenCircle(
        tuple(
            Operator(
                operator,
                _current(roster, operator),
                operator in roster.own_keys or _identity(roster, operator) == _own_identity(roster),
                tuple(sorted({each.epoch for each in published if each.operator == operator})),
            )
            for operator in operators
        ),
        key_sets(operators, published),
    )


def require_token_circle(tx: Transaction, roster: Roster, *, fault: Fault = Fault.OPERATOR) -> TokenCircle:
    """The same; raises ``NOT_FOUND`` where the charter names no operators."""
    found = token_circle(tx, roster)
    if found is None:
        raise HanseError(
            Code.NOT_FOUND,
            "the charter of this circle names no operators of person tokens.",
            remedy="Nothing about a person can be exchanged in it. Only another circle could allow it.",
            fault=fault,
        )
    return found


def require_target(tx: Transaction, circle: CircleId, target: StatementId, now: Timestamp) -> StoredStatement:
    """A statement of ours to which a token can be attached; raises ``NOT_FOUND``, ``INVALID`` or ``CONFLICT``."""
    roster = circles.get_roster(tx, circle)
    found = statements.get(tx, roster.own, target, now=now)
    if found is None or found.circle != circle:
        raise HanseError(
            Code.NOT_FOUND,
            "our newest log of this circle holds no such statement.",
            remedy="What stands in the log of a former key takes nothing new.",
        )
    if not isinstance(found.body, FindingBody | RelationBody):
        raise HanseError(Code.INVALID, "a person token stands at a finding or a relation.")
    if not found.counts:
        raise HanseError(Code.CONFLICT, f"this statement is {found.state}.")
    return found


def own_live(
    tx: Transaction, circle: CircleId, now: Timestamp
) -> dict[tuple[KeyId, StatementId], tuple[StoredStatement, TokenBody]]:
    """Our live tokens of a circle, under whichever of our keys, by name."""
    own = circles.get_roster(tx, circle).own_keys
    return {
        (stored.contributor, stored.statement.id): (stored, body)
        for stored, body in storage.live_tokens(tx, circle, now)
        if stored.contributor in own
    }


def _published(tx: Transaction, roster: Roster) -> list[PublishedKey]:
    """The keys that operators have published and that are not void, whatever key of theirs signed them."""
    names = {_identity(roster, operator): operator for operator in roster.charter.token_operators}
    cuts = membership.cuts(tx, roster.circle)
    found = []
    for logged in storage.keys(tx, roster.circle):
        operator = names.get(roster.voice(logged.contributor))
        void_from = cuts.get(logged.contributor, WHOLE).void_from
        if operator is not None and (void_from is None or logged.index < void_from):
            order = roster.order(logged.contributor)
            found.append(PublishedKey(operator, order, logged.index, logged.epoch, logged.key))
    return found


def _identity(roster: Roster, operator: KeyId) -> KeyId:
    return roster.voice(operator)


def _own_identity(roster: Roster) -> KeyId:
    return roster.voice(roster.own)


def _current(roster: Roster, operator: KeyId) -> Member | None:
    identity = roster.voice(operator)
    return next((member for member in roster.members.values() if member.identity == identity), None)
