"""Person tokens in one circle: who the operators are now, and which epochs can be used (clauses 11.1 and 11.6)."""

from node.domain.circles import Member, Roster
from node.domain.person_tokens import Operator, TokenCircle
from node.errors import Code, HanseError
from node.storage import membership
from node.storage.database import Transaction
from protocol.identifiers import KeyId
from protocol.person_tokens import PublishedKey, key_sets
from protocol.projection import WHOLE
from protocol.statements import TokenKey


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


def require_token_circle(tx: Transaction, roster: Roster) -> TokenCircle:
    """The same; raises ``NOT_FOUND`` where the charter names no operators."""
    found = token_circle(tx, roster)
    if found is None:
        raise HanseError(
            Code.NOT_FOUND,
            "the charter of this circle names no operators of person tokens.",
            remedy="Nothing about a person can be exchanged in it. Only another circle could allow it.",
        )
    return found


def _published(tx: Transaction, roster: Roster) -> list[PublishedKey]:
    """The keys that operators have published and that are not void, whatever key of theirs signed them."""
    names = {_identity(roster, operator): operator for operator in roster.charter.token_operators}
    cuts = membership.cuts(tx, roster.circle)
    return [
        PublishedKey(
            names[roster.voice(fact.contributor)],
            roster.order(fact.contributor),
            fact.index,
            fact.statement.body.epoch,
            fact.statement.body.key,
        )
        for fact in membership.facts(tx, roster.circle)
        if isinstance(fact.statement, TokenKey)
        and roster.voice(fact.contributor) in names
        and not cuts.get(fact.contributor, WHOLE).voids("token-key", fact.index)
    ]


def _identity(roster: Roster, operator: KeyId) -> KeyId:
    return roster.voice(operator)


def _own_identity(roster: Roster) -> KeyId:
    return roster.voice(roster.own)


def _current(roster: Roster, operator: KeyId) -> Member | None:
    identity = roster.voice(operator)
    return next((member for member in roster.members.values() if member.identity == identity), None)
