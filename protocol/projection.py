"""What a log's entries mean: what its statements do to each other, and how each stands on a day.

:func:`interpret` is a pure function of one log's entries in index order. It looks at nothing of any other log
and at no clock, so two nodes that hold the same entries read them alike, whatever arrived first:

- An identifier names the first readable entry that carries it; a later one is unreadable (``DUPLICATE_ID``).
- A correction or retraction acts on an earlier statement of its own log, of a kind that it can act on;
  otherwise it is unreadable (``INCONSISTENT``) and acts on nothing (clause 4.18).
- The latest correction holds: its body is the live body. It may shorten the target's life, never lengthen it
  (clause 4.16).
- A retraction is final: what would correct or retract the same statement later is unreadable (clause 4.17). So is an
  erasure, which acts on what was retracted too and takes its content away (clause 4.22).
- What acts on an entry whose content is gone here is readable and acts on nothing: who still had the content reads it,
  and nothing would differ.
- A response names a statement of any log of the circle, which may not have arrived or may never exist. It is
  taken as it is; who reads a target asks for its responses. So nothing needs to be linked later.

Codes that our vocabulary does not know are kept: what they mean is decided when they are read, with the
vocabulary of that day.

What lives here: the meaning of one log. What does not: what several logs hold of one claim
(:mod:`protocol.opinions`), and where a node keeps any of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.messages.card import open_card_for
from protocol.replica import AcceptedEntry, Erased, Unreadable
from protocol.sponsored import known_finding, open_sponsored
from protocol.statements import (
    Attribution,
    Body,
    Correction,
    Endorsement,
    Erasure,
    Finding,
    FindingBody,
    Key,
    Kind,
    Leave,
    Relation,
    RelationBody,
    Removal,
    Reply,
    Response,
    Retraction,
    Sponsored,
    Statement,
    Timestamp,
    Token,
    TokenKey,
    kind_of,
)

State: TypeAlias = Literal["live", "corrected", "retracted", "erased", "expired", "void"]
"""``live`` and ``corrected`` count; a retraction outweighs expiry, because it says more; ``void`` outweighs both: what
stands beyond a log's cut was perhaps not said by the one whose log it is; and ``erased`` outweighs all, for there is
nothing left to show."""

_CORRECTABLE: Final[frozenset[Kind]] = frozenset({"finding", "relation"})
_ATTRIBUTABLE: Final[frozenset[Kind]] = frozenset({"finding", "relation", "response"})
_RETRACTABLE: Final[frozenset[Kind]] = _ATTRIBUTABLE | {"reply", "sponsored", "token"}
_OBSERVATIONS: Final = _RETRACTABLE
_MEMBERSHIP: Final[frozenset[Kind]] = frozenset({"endorsement", "removal", "leave", "key", "token-key"})


@dataclass(frozen=True, slots=True)
class Cut:
    """From which index on a log's statements are void, as :mod:`protocol.membership` decides; None is never.

    What is said about membership is never void by a cut: votes count wherever they stand (clause 6.11).
    """

    void_from: int | None = None
    """Everything: a removal, a fork, or having left."""
    closed_from: int | None = None
    """What observes or replies: the log's key was changed, and only clearing up is left to the old one."""

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
    answers: tuple[tuple[KeyId, StatementId], ...] = ()
    """Of a reply: the statements that it answers, in logs of the circle."""
    corrected_by: int | None = None
    """Index of the latest correction that holds."""
    retracted_by: int | None = None
    erased_by: int | None = None
    void: bool = False
    """Beyond the log's :class:`Cut`: it counts for nothing and has acted on nothing."""
    gone: bool = False
    """Its content is not here any more, and this row is what a node remembers of it: nothing further acts on it."""

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
    """Targets of responses and replies that came or went: the claims of these may change as well."""
    replaced: dict[StatementId, Projected] = field(default_factory=dict)
    """What each new correction corrects, as it stood before, by the correction's identifier."""


_NOTHING: Final[Mapping[int, Projected | None]] = MappingProxyType({})


class _RefusedError(Exception):
    """An entry that is well-formed and signed and cannot have this place in this log."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def interpret(
    entries: Sequence[AcceptedEntry],
    earlier: Mapping[StatementId, Projected],
    cut: Cut = WHOLE,
    gone: Collection[int] = (),
    remembered: Mapping[int, Projected | None] = _NOTHING,
) -> Reading:
    """Read entries in index order.

    ``earlier`` holds at least the earlier statements that they name, ``gone`` the indices below them whose content was
    never here, and ``remembered`` what is left of those among them whose content was: a row, or none where it could
    not be read. An entry without content that is not among these was never here.
    What ``cut`` voids has a row, marked so, and acts on nothing. A cut that moves changes how a log reads from the
    lower of its two places on: the log is then read again.
    """
    reading = Reading()
    holes = _Holes(gone)
    for entry in entries:
        if isinstance(entry.content, Erased):
            _remember(entry.index, reading, holes, remembered)
            continue
        if isinstance(entry.content, Unreadable):
            reading.unreadable.append(UnreadableEntry(entry.index, entry.content.code, entry.content.detail))
            continue
        try:
            _read(entry.index, entry.content, reading, _Past(earlier, holes), cut)
        except _RefusedError as error:
            reading.unreadable.append(UnreadableEntry(entry.index, error.code, error.detail))
    return reading


def named(entries: Iterable[AcceptedEntry]) -> set[StatementId]:
    """Identifiers that decide how these entries read: their own, and those they act on."""
    names: set[StatementId] = set()
    for entry in entries:
        statement = entry.content
        if isinstance(statement, Unreadable | Erased):
            continue
        names.add(statement.id)
        if isinstance(statement, Correction | Retraction | Erasure | Attribution | Token):
            names.add(statement.body.target)
    return names


def state_at(
    now: Timestamp,
    *,
    exp: Timestamp,
    corrected_by: int | None,
    retracted_by: int | None,
    erased_by: int | None = None,
    void: bool = False,
) -> State:
    """How a statement stands at ``now``, by what its log says of it (clauses 4.7, 4.16, 4.17, 4.22 and 6.14)."""
    if erased_by is not None:
        return "erased"
    if void:
        return "void"
    if retracted_by is not None:
        return "retracted"
    if exp <= now:
        return "expired"
    return "live" if corrected_by is None else "corrected"


def live_body(statement: Statement, correction: Statement | None) -> Body:
    """What a statement says once ``correction``, the latest that holds, has replaced its body (clause 4.16).

    What a sponsor's statement says is the finding inside it.
    """
    if isinstance(correction, Correction):
        return correction.body.finding or correction.body.relation or statement.body
    return known_finding(statement.body).body if isinstance(statement, Sponsored) else statement.body


@dataclass(frozen=True, slots=True)
class _Holes:
    """Which indices have no content here: those known before, and those met on the way."""

    before: Collection[int]
    here: set[int] = field(default_factory=set)

    def __contains__(self, index: int) -> bool:
        return index in self.here or index in self.before

    def __bool__(self) -> bool:
        return bool(self.here or self.before)


@dataclass(frozen=True, slots=True)
class _Past:
    """What an entry can act on."""

    earlier: Mapping[StatementId, Projected]
    holes: _Holes


def _remember(index: int, reading: Reading, holes: _Holes, remembered: Mapping[int, Projected | None]) -> None:
    """An entry without content: it reads as it once did, as far as others have to do with it."""
    if index not in remembered:
        holes.here.add(index)
    elif (row := remembered[index]) is not None:
        reading.new[row.id] = row


def _read(index: int, statement: Statement, reading: Reading, past: _Past, cut: Cut) -> None:
    if statement.id in reading.new or statement.id in past.earlier:
        raise _RefusedError(Code.DUPLICATE_ID, f"statement {statement.id} stands earlier in this log")
    kind = kind_of(statement)
    void = cut.voids(kind, index)
    row = Projected(index=index, id=statement.id, kind=kind, iat=statement.iat, exp=statement.exp, void=void)
    match statement:
        case Finding() | Relation() | Response() | Reply() | Sponsored():
            row = _observe(row, statement, reading)
        case Correction() | Retraction() | Erasure() | Attribution() | Token():
            row = _act(row, statement, reading, past)
        case Endorsement() | Key():
            _require_card(statement.body.card, statement.circle)
        case Removal() | Leave() | TokenKey():  # pragma: no branch - the union is closed
            pass
    if row.claim is not None:
        reading.claims.add(row.claim)
    reading.new[statement.id] = row


def _observe(
    row: Projected, statement: Finding | Relation | Response | Reply | Sponsored, reading: Reading
) -> Projected:
    match statement:
        case Finding(body=body):
            return _with_body(row, body)
        case Relation(body=body):
            return _with_body(row, body)
        case Response(body=response):
            reading.answered.add((response.target.contributor, response.target.id))
            return replace(row, target_contributor=response.target.contributor, target_id=response.target.id)
        case Reply(body=reply):
            answers = tuple((target.contributor, target.id) for target in reply.targets)
            reading.answered.update(answers)
            return replace(row, subject=reply.subject.id, answers=answers)
        case Sponsored():  # pragma: no branch - the union is closed
            return _with_body(row, _sponsored_finding(statement).body)


def _act(
    row: Projected,
    statement: Correction | Retraction | Erasure | Attribution | Token,
    reading: Reading,
    past: _Past,
) -> Projected:
    match statement:
        case Correction():
            return _correct(row, statement, reading, past)
        case Retraction():
            return _retract(row, statement, reading, past)
        case Erasure():
            return _erase(row, statement, reading, past)
        case Attribution():
            return _beside(row, statement.body.target, _ATTRIBUTABLE, reading, past)
        case Token():  # pragma: no branch - the union is closed
            return _beside(row, statement.body.target, _CORRECTABLE, reading, past)


def _correct(row: Projected, statement: Correction, reading: Reading, past: _Past) -> Projected:
    body = statement.body.finding or statement.body.relation
    target = _target(statement.body.target, row.index, reading, past)
    if target is None:
        return replace(row, target_id=statement.body.target)
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


def _retract(row: Projected, statement: Retraction, reading: Reading, past: _Past) -> Projected:
    target = _target(statement.body.target, row.index, reading, past)
    if target is None:
        return replace(row, target_id=statement.body.target)
    _require_kind(target, _RETRACTABLE, "retracts")
    if not row.void:
        _unanswer(target, reading)
        _put(replace(target, retracted_by=row.index), reading)
    about = {name: getattr(target, name) for name in ("subject", "object", "indicator", "scope")}
    return replace(row, target_id=target.id, **about)


def _erase(row: Projected, statement: Erasure, reading: Reading, past: _Past) -> Projected:
    """The target's content, and that of its corrections, is to go; an erasure keeps nothing of what it was about."""
    body = statement.body
    if body.indices[-1] >= row.index:
        raise _RefusedError(Code.INCONSISTENT, "erases an entry that does not stand earlier in this log")
    target = _known(body.target, reading, past)
    if target is None:
        if body.indices[0] not in past.holes:
            raise _RefusedError(Code.INCONSISTENT, f"erases {body.target}, which stands nowhere earlier in this log")
        return replace(row, target_id=body.target)
    _require_kind(target, _RETRACTABLE, "erases")
    if target.erased_by is not None and target.erased_by < row.index:
        raise _RefusedError(Code.INCONSISTENT, f"erases {target.id}, which was erased before")
    if target.index != body.indices[0]:
        raise _RefusedError(Code.INCONSISTENT, f"erases {target.id} at {body.indices[0]}, and it is at {target.index}")
    if not row.void:
        _unanswer(target, reading)
        if target.claim is not None:
            reading.claims.add(target.claim)
        _put(_bared(target, row.index), reading)
    return replace(row, target_id=target.id)


def _bared(target: Projected, erased_by: int) -> Projected:
    """What is remembered of what was erased: that it was there, and what took it away."""
    return Projected(
        index=target.index,
        id=target.id,
        kind=target.kind,
        iat=target.iat,
        exp=target.exp,
        corrected_by=target.corrected_by,
        retracted_by=target.retracted_by,
        erased_by=erased_by,
        void=target.void,
        gone=target.gone,
    )


def _beside(row: Projected, target_id: StatementId, kinds: frozenset[Kind], reading: Reading, past: _Past) -> Projected:
    target = _target(target_id, row.index, reading, past)
    if target is not None:
        _require_kind(target, kinds, "speaks of")
    return replace(row, target_id=target_id)


def _unanswer(target: Projected, reading: Reading) -> None:
    if target.target_contributor is not None and target.target_id is not None:
        reading.answered.add((target.target_contributor, target.target_id))
    reading.answered.update(target.answers)


def _sponsored_finding(statement: Sponsored) -> Finding:
    try:
        return open_sponsored(statement)
    except ProtocolError as error:
        raise _RefusedError(error.code, f"the sponsored finding: {error.detail}") from error


def _require_card(card: str, circle: CircleId) -> None:
    """A card that its keys have not signed for this circle says nothing, nor does what is around it (clause 4.20)."""
    try:
        open_card_for(card.encode("ascii"), circle)
    except ProtocolError as error:
        raise _RefusedError(error.code, f"the card: {error.detail}") from error


def _known(statement_id: StatementId, reading: Reading, past: _Past) -> Projected | None:
    return reading.new.get(statement_id) or reading.changed.get(statement_id) or past.earlier.get(statement_id)


def _target(statement_id: StatementId, index: int, reading: Reading, past: _Past) -> Projected | None:
    """What an entry acts on; None where that may be an entry whose content is gone, and nothing is left to act on."""
    target = _known(statement_id, reading, past)
    if target is None:
        if past.holes:
            return None
        raise _RefusedError(Code.INCONSISTENT, f"acts on {statement_id}, which stands nowhere earlier in this log")
    if any(act is not None and act < index for act in (target.retracted_by, target.erased_by)):
        raise _RefusedError(Code.INCONSISTENT, f"acts on {statement_id}, which was retracted before")
    return None if target.gone else target


def _require_kind(target: Projected, kinds: frozenset[Kind], acts: str) -> None:
    if target.kind not in kinds:
        raise _RefusedError(Code.INCONSISTENT, f"{acts} {target.id}, and that is a {target.kind}")


def _put(row: Projected, reading: Reading) -> None:
    (reading.new if row.id in reading.new else reading.changed)[row.id] = row


def _with_body(row: Projected, body: FindingBody | RelationBody) -> Projected:
    if isinstance(body, FindingBody):
        return replace(row, subject=body.subject.id, indicator=body.indicator, scope=body.scope)
    return replace(row, subject=body.subject.id, object=body.object.id)
