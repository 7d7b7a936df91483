"""What proves a released field: the digests of the statement that has it, or of its correction."""

from collections.abc import Iterator
from typing import TypeAlias, cast

from node.domain.statements import StoredStatement
from node.storage import statements
from node.storage.database import Transaction
from protocol import sd_jwt
from protocol.canonical import JsonValue
from protocol.identifiers import Digest, StatementId
from protocol.messages.requests import Field
from protocol.sponsored import open_sponsored
from protocol.statements import (
    Correction,
    Finding,
    Relation,
    Response,
    Sponsored,
    Statement,
    Timestamp,
)

Digests: TypeAlias = tuple[Digest, ...]


def statement_for(tx: Transaction, target: StoredStatement, named: StatementId, now: Timestamp) -> Digests | None:
    """The digests of ``named``, if it is the target or a correction of it in the same log, and holds fields back."""
    if named == target.statement.id:
        return digests_of(target.statement)
    found = statements.get(tx, target.contributor, named, now=now)
    if found is None or not isinstance(found.statement, Correction) or found.circle != target.circle:
        return None
    return found.statement.sd if found.statement.body.target == target.statement.id else None


def digests_of(statement: Statement) -> Digests | None:
    """The ``_sd`` of a statement; none of a kind that holds nothing back."""
    match statement:
        case Finding() | Relation() | Response() | Correction():
            return statement.sd
        case Sponsored():
            return open_sponsored(statement).sd
        case _:
            return None


def prove(sd: Digests, encoded: str) -> Iterator[tuple[Field, JsonValue]]:
    """The one field of a disclosure, proven; raises ``BAD_DISCLOSURE``."""
    for name, value in sd_jwt.verify(sd, [encoded]).items():
        yield cast("Field", name), value  # verify refuses every name but those of clause 5.1
