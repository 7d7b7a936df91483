"""What a log's entries mean, and how that becomes rows.

:func:`interpret` is a pure function of one log's entries in index order. It looks at nothing of any other log
and at no clock, so two nodes that hold the same entries read them alike, whatever arrived first:

- An identifier names the first readable entry that carries it; a later one is unreadable (``DUPLICATE_ID``).
- A correction or retraction acts on an earlier statement of its own log, of a kind that it can act on;
  otherwise it is unreadable (``INCONSISTENT``) and acts on nothing.
- The latest correction holds: its body is the live body. It may shorten the target's life, never lengthen it.
- A retraction is final: what would correct or retract the same statement later is unreadable.
- A response names a statement of any log of the circle, which may not have arrived or may never exist. It is
  stored as it is; who reads a target asks for its responses. So nothing needs to be linked later.

Codes that our vocabulary does not know are kept: what they mean is decided when they are read, with the
vocabulary of that day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from node.domain.ledger import UnreadableEntry
from node.domain.statements import ClaimKey, Kind, Projected
from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Transaction
from protocol.errors import Code
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.replica import AcceptedEntry, Unreadable
from protocol.statements import (
    Correction,
    Finding,
    FindingBody,
    Relation,
    RelationBody,
    Response,
    Retraction,
    Statement,
    Timestamp,
)

_RETRACTABLE: frozenset[Kind] = frozenset({"finding", "relation", "response"})


@dataclass(slots=True)
class Reading:
    """What some consecutive entries of one log mean."""

    new: dict[StatementId, Projected] = field(default_factory=dict)
    """The statements among them, in index order, as they stand after the last."""
    changed: dict[StatementId, Projected] = field(default_factory=dict)
    """Earlier statements that they act on, as they stand after the last."""
    unreadable: list[UnreadableEntry] = field(default_factory=list)
    claims: set[ClaimKey] = field(default_factory=set)
    """Whose signals may change by them."""
    answered: set[tuple[KeyId, StatementId]] = field(default_factory=set)
    """Targets of responses that came or went: the claims of these may change as well."""


class _RefusedError(Exception):
    """An entry that is well-formed and signed and cannot have this place in this log."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def project(
    tx: Transaction, circle: CircleId, contributor: KeyId, entries: Sequence[AcceptedEntry], now: Timestamp
) -> Reading:
    """Store what ``entries`` mean, number them in the feed and mark the touched claims dirty.

    ``entries`` follow those projected before, without a hole; the caller has stored them in the same transaction
    and holds the lock of the log.
    """
    log = logs.lock_log(tx, circle, contributor)
    reading = interpret(entries, rows.by_id(tx, log, _named(entries)))
    rows.insert(tx, log, list(reading.new.values()), now)
    rows.update(tx, log, list(reading.changed.values()), now)
    rows.insert_unreadable(tx, log, reading.unreadable, now)
    rows.mark_dirty(tx, circle, reading.claims | rows.claims_answered(tx, circle, reading.answered))
    return reading


def interpret(entries: Sequence[AcceptedEntry], earlier: Mapping[StatementId, Projected]) -> Reading:
    """Read entries in index order. ``earlier`` holds at least the earlier statements that they name."""
    reading = Reading()
    for entry in entries:
        if isinstance(entry.content, Unreadable):
            reading.unreadable.append(UnreadableEntry(entry.index, entry.content.code, entry.content.detail))
            continue
        try:
            _read(entry.index, entry.content, reading, earlier)
        except _RefusedError as error:
            reading.unreadable.append(UnreadableEntry(entry.index, error.code, error.detail))
    return reading


def _read(index: int, statement: Statement, reading: Reading, earlier: Mapping[StatementId, Projected]) -> None:
    if statement.id in reading.new or statement.id in earlier:
        raise _RefusedError(Code.DUPLICATE_ID, f"statement {statement.id} stands earlier in this log")
    match statement:
        case Finding(body=body):
            row = _with_body(_row(index, statement, "finding"), body)
        case Relation(body=body):
            row = _with_body(_row(index, statement, "relation"), body)
        case Response(body=response):
            row = replace(
                _row(index, statement, "response"),
                target_contributor=response.target.contributor,
                target_id=response.target.id,
            )
            reading.answered.add((response.target.contributor, response.target.id))
        case Correction():
            row = _correct(index, statement, reading, earlier)
        case Retraction():
            row = _retract(index, statement, reading, earlier)
    if row.claim is not None:
        reading.claims.add(row.claim)
    reading.new[statement.id] = row


def _correct(
    index: int, statement: Correction, reading: Reading, earlier: Mapping[StatementId, Projected]
) -> Projected:
    body = statement.body.finding or statement.body.relation
    target = _target(statement.body.target, reading, earlier)
    expected: Kind = "finding" if isinstance(body, FindingBody) else "relation"
    if body is None or target.kind != expected:
        raise _RefusedError(Code.INCONSISTENT, f"corrects {target.id} as a {expected}, and that is a {target.kind}")
    if target.claim is not None:
        reading.claims.add(target.claim)
    corrected = replace(_with_body(target, body), corrected_by=index, exp=min(target.exp, statement.exp))
    _put(corrected, reading)
    return replace(_with_body(_row(index, statement, "correction"), body), target_id=target.id)


def _retract(
    index: int, statement: Retraction, reading: Reading, earlier: Mapping[StatementId, Projected]
) -> Projected:
    target = _target(statement.body.target, reading, earlier)
    if target.kind not in _RETRACTABLE:
        raise _RefusedError(Code.INCONSISTENT, f"retracts {target.id}, and that is a {target.kind}")
    if target.target_contributor is not None and target.target_id is not None:
        reading.answered.add((target.target_contributor, target.target_id))
    _put(replace(target, retracted_by=index), reading)
    about = {name: getattr(target, name) for name in ("subject", "object", "indicator", "scope")}
    return replace(_row(index, statement, "retraction"), target_id=target.id, **about)


def _target(statement_id: StatementId, reading: Reading, earlier: Mapping[StatementId, Projected]) -> Projected:
    target = reading.new.get(statement_id) or reading.changed.get(statement_id) or earlier.get(statement_id)
    if target is None:
        raise _RefusedError(Code.INCONSISTENT, f"acts on {statement_id}, which stands nowhere earlier in this log")
    if target.retracted_by is not None:
        raise _RefusedError(Code.INCONSISTENT, f"acts on {statement_id}, which was retracted before")
    return target


def _put(row: Projected, reading: Reading) -> None:
    (reading.new if row.id in reading.new else reading.changed)[row.id] = row


def _row(index: int, statement: Statement, kind: Kind) -> Projected:
    return Projected(index=index, id=statement.id, kind=kind, iat=statement.iat, exp=statement.exp)


def _with_body(row: Projected, body: FindingBody | RelationBody) -> Projected:
    match body:
        case FindingBody():
            return replace(row, subject=body.subject.id, indicator=body.indicator, scope=body.scope)
        case RelationBody():
            return replace(row, subject=body.subject.id, object=body.object.id)


def _named(entries: Sequence[AcceptedEntry]) -> set[StatementId]:
    """Identifiers that decide how these entries read: their own, and those they act on."""
    names: set[StatementId] = set()
    for entry in entries:
        statement = entry.content
        if isinstance(statement, Unreadable):
            continue
        names.add(statement.id)
        if isinstance(statement, Correction | Retraction):
            names.add(statement.body.target)
    return names
