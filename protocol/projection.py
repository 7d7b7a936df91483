"""What a log's entries mean: what its statements do to each other, and how each stands on a day.

:func:`interpret` is a pure function of one log's entries in index order. It looks at nothing of any other log
and at no clock, so two nodes that hold the same entries read them alike, whatever arrived first:

- An identifier names the first readable entry that carries it; a later one is unreadable (``DUPLICATE_ID``).
- A correction or retraction acts on an earlier statement of its own log, of a kind that it can act on;
  otherwise it is unreadable (``INCONSISTENT``) and acts on nothing (clause 4.18).
- The latest correction holds: its body is the live body. It may shorten the target's life, never lengthen it
  (clause 4.16).
- A retraction is final: what would correct or retract the same statement later is unreadable (clause 4.17).
- A response names a statement of any log of the circle, which may not have arrived or may never exist. It is
  taken as it is; who reads a target asks for its responses. So nothing needs to be linked later.

Codes that our vocabulary does not know are kept: what they mean is decided when they are read, with the
vocabulary of that day.

What lives here: the meaning of one log. What does not: what several logs hold of one claim
(:mod:`protocol.opinions`), and where a node keeps any of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.messages.card import open_card_for
from protocol.replica import AcceptedEntry, Unreadable
from protocol.statements import (
    Body,
    Correction,
    Endorsement,
    Finding,
    FindingBody,
    Key,
    Kind,
    Leave,
    Relation,
    RelationBody,
    Removal,
    Response,
    Retraction,
    Statement,
    Timestamp,
    kind_of,
)

State: TypeAlias = Literal["live", "corrected", "retracted", "expired", "void"]
"""``live`` and ``corrected`` count; a retraction outweighs expiry, because it says more, and ``void`` outweighs all:
what stands beyond a log's cut was perhaps not said by the one whose log it is."""

_RETRACTABLE: Final[frozenset[Kind]] = frozenset({"finding", "relation", "response"})
_OBSERVATIONS: Final = _RETRACTABLE
_MEMBERSHIP: Final[frozenset[Kind]] = frozenset({"endorsement", "removal", "leave", "key"})


@dataclass(frozen=True, slots=True)
class Cut:
    """From which index on a log's statements are void, as :mod:`protocol.membership` decides; None is never.

    What is said about membership is never void by a cut: votes count wherever they stand (clause 6.11).
    """

    void_from: int | None = None
    """Everything: a removal, a fork, or having left."""
    closed_from: int | None = None
    """Findings, relations and responses: the log's key was changed, and only clearing up is left to the old one."""

    def voids(self, kind: Kind, index: int) -> bool:
        """Whether a statement of this kind is void at this index (clause 6.14)."""
        if kind in _MEMBERSHIP:
            return False
        if self.void_from is not None and index >= self.void_from:
            return True
        return self.closed_from is not None and index >= self.closed_from and kind in _OBSERVATIONS


WHOLE: Final = Cut()
"""Nothing of the log is void."""


@dataclass(frozen=True, slots=True, order=True)
class ClaimKey:
    """What one signal is about, inside the one circle that a log belongs to."""

    subject: SubjectId
    indicator: VocabularyCode
    scope: VocabularyCode


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """An entry that has its place in a log and cannot be read, and why."""

    index: int
    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Projected:
    """What a log says about one of its entries: a pure function of the log's own entries, in index order.

    Nothing of other logs is in here, so the order in which logs arrive cannot matter. ``subject`` to ``scope``
    are those of the live body; a correction has its new body's, a retraction its target's, a response none:
    a response's claim is its target's, looked up when it is asked for, since the target may arrive later.
    """

    index: int
    id: StatementId
    kind: Kind
    iat: Timestamp
    exp: Timestamp
    """When it stops counting: a correction may bring this forward, never put it off."""
    subject: SubjectId | None = None
    object: SubjectId | None = None
    indicator: VocabularyCode | None = None
    scope: VocabularyCode | None = None
    target_contributor: KeyId | None = None
    target_id: StatementId | None = None
    corrected_by: int | None = None
    """Index of the latest correction that holds."""
    retracted_by: int | None = None
    void: bool = False
    """Beyond the log's :class:`Cut`: it counts for nothing and has acted on nothing."""

    @property
    def claim(self) -> ClaimKey | None:
        """The claim it bears on by itself: a finding's, or that of what corrects or retracts a finding."""
        if self.subject is None or self.indicator is None or self.scope is None:
            return None
        return ClaimKey(self.subject, self.indicator, self.scope)


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
    replaced: dict[StatementId, Projected] = field(default_factory=dict)
    """What each new correction corrects, as it stood before, by the correction's identifier."""


class _RefusedError(Exception):
    """An entry that is well-formed and signed and cannot have this place in this log."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def interpret(entries: Sequence[AcceptedEntry], earlier: Mapping[StatementId, Projected], cut: Cut = WHOLE) -> Reading:
    """Read entries in index order. ``earlier`` holds at least the earlier statements that they name.

    What ``cut`` voids has a row, marked so, and acts on nothing. A cut that moves changes how a log reads from the
    lower of its two places on: the log is then read again.
    """
    reading = Reading()
    for entry in entries:
        if isinstance(entry.content, Unreadable):
            reading.unreadable.append(UnreadableEntry(entry.index, entry.content.code, entry.content.detail))
            continue
        try:
            _read(entry.index, entry.content, reading, earlier, cut)
        except _RefusedError as error:
            reading.unreadable.append(UnreadableEntry(entry.index, error.code, error.detail))
    return reading


def named(entries: Iterable[AcceptedEntry]) -> set[StatementId]:
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


def state_at(
    now: Timestamp, *, exp: Timestamp, corrected_by: int | None, retracted_by: int | None, void: bool = False
) -> State:
    """How a statement stands at ``now``, by what its log says of it (clauses 4.7, 4.16, 4.17 and 6.14)."""
    if void:
        return "void"
    if retracted_by is not None:
        return "retracted"
    if exp <= now:
        return "expired"
    return "live" if corrected_by is None else "corrected"


def live_body(statement: Statement, correction: Statement | None) -> Body:
    """What a statement says once ``correction``, the latest that holds, has replaced its body (clause 4.16)."""
    if isinstance(correction, Correction):
        return correction.body.finding or correction.body.relation or statement.body
    return statement.body


def _read(
    index: int, statement: Statement, reading: Reading, earlier: Mapping[StatementId, Projected], cut: Cut
) -> None:
    if statement.id in reading.new or statement.id in earlier:
        raise _RefusedError(Code.DUPLICATE_ID, f"statement {statement.id} stands earlier in this log")
    kind = kind_of(statement)
    void = cut.voids(kind, index)
    row = Projected(index=index, id=statement.id, kind=kind, iat=statement.iat, exp=statement.exp, void=void)
    match statement:
        case Finding(body=body):
            row = _with_body(row, body)
        case Relation(body=body):
            row = _with_body(row, body)
        case Response(body=response):
            row = replace(row, target_contributor=response.target.contributor, target_id=response.target.id)
            reading.answered.add((response.target.contributor, response.target.id))
        case Correction():
            row = _correct(row, statement, reading, earlier)
        case Retraction():
            row = _retract(row, statement, reading, earlier)
        case Endorsement() | Key():
            _require_card(statement.body.card, statement.circle)
        case Removal() | Leave():  # pragma: no branch - the union is closed
            pass
    if row.claim is not None:
        reading.claims.add(row.claim)
    reading.new[statement.id] = row


def _correct(
    row: Projected, statement: Correction, reading: Reading, earlier: Mapping[StatementId, Projected]
) -> Projected:
    body = statement.body.finding or statement.body.relation
    target = _target(statement.body.target, reading, earlier)
    expected: Kind = "finding" if isinstance(body, FindingBody) else "relation"
    if body is None or target.kind != expected:
        raise _RefusedError(Code.INCONSISTENT, f"corrects {target.id} as a {expected}, and that is a {target.kind}")
    if row.void:
        return replace(_with_body(row, body), target_id=target.id)
    if target.claim is not None:
        reading.claims.add(target.claim)
    corrected = replace(_with_body(target, body), corrected_by=row.index, exp=min(target.exp, statement.exp))
    _put(corrected, reading)
    reading.replaced[row.id] = target
    return replace(_with_body(row, body), target_id=target.id)


def _retract(
    row: Projected, statement: Retraction, reading: Reading, earlier: Mapping[StatementId, Projected]
) -> Projected:
    target = _target(statement.body.target, reading, earlier)
    if target.kind not in _RETRACTABLE:
        raise _RefusedError(Code.INCONSISTENT, f"retracts {target.id}, and that is a {target.kind}")
    if not row.void:
        if target.target_contributor is not None and target.target_id is not None:
            reading.answered.add((target.target_contributor, target.target_id))
        _put(replace(target, retracted_by=row.index), reading)
    about = {name: getattr(target, name) for name in ("subject", "object", "indicator", "scope")}
    return replace(row, target_id=target.id, **about)


def _require_card(card: str, circle: CircleId) -> None:
    """A card that its keys have not signed for this circle says nothing, nor does what is around it (clause 4.20)."""
    try:
        open_card_for(card.encode("ascii"), circle)
    except ProtocolError as error:
        raise _RefusedError(error.code, f"the card: {error.detail}") from error


def _target(statement_id: StatementId, reading: Reading, earlier: Mapping[StatementId, Projected]) -> Projected:
    target = reading.new.get(statement_id) or reading.changed.get(statement_id) or earlier.get(statement_id)
    if target is None:
        raise _RefusedError(Code.INCONSISTENT, f"acts on {statement_id}, which stands nowhere earlier in this log")
    if target.retracted_by is not None:
        raise _RefusedError(Code.INCONSISTENT, f"acts on {statement_id}, which was retracted before")
    return target


def _put(row: Projected, reading: Reading) -> None:
    (reading.new if row.id in reading.new else reading.changed)[row.id] = row


def _with_body(row: Projected, body: FindingBody | RelationBody) -> Projected:
    if isinstance(body, FindingBody):
        return replace(row, subject=body.subject.id, indicator=body.indicator, scope=body.scope)
    return replace(row, subject=body.subject.id, object=body.object.id)
