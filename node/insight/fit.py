"""Whether one statement fits a filter, and how it stood at an earlier place of the feed. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, TypeVar

import msgspec

from node.clock import day_of
from node.domain.queries import StatementFilter, words_of
from node.domain.statements import StoredStatement
from node.insight.handling import strictest
from node.insight.index import said
from node.storage.statement_index import Recorded
from protocol.identifiers import SubjectId
from protocol.projection import State, live_body
from protocol.statements import (
    Body,
    FindingBody,
    Handling,
    RelationBody,
    ReplyBody,
    ResponseBody,
    Timestamp,
    kind_of,
)

_T = TypeVar("_T")
_OF_BODIES: Final = (
    "subjects",
    "objects",
    "indicators",
    "scopes",
    "technology_domains",
    "engagement_kinds",
    "mitigations",
    "evidence_kinds",
    "reliabilities",
    "credibilities",
    "strengths",
    "handlings",
    "relations",
    "stances",
    "observed_after",
    "observed_before",
)
"""The filters that look into a body."""


def needs_bodies(wanted: StatementFilter) -> bool:
    """Whether a filter asks for anything that a body says."""
    return any(getattr(wanted, name) is not None for name in _OF_BODIES)


def fits(stored: StoredStatement, bodies: Sequence[Body], wanted: StatementFilter, *, looks: bool) -> bool:
    """Whether a statement fits: one of its bodies, and everything else about it.

    ``looks`` is what :func:`needs_bodies` says of the filter, asked once for many statements.
    """
    return (
        _one_of(stored.circle, wanted.circles)
        and _one_of((stored.circle, stored.shown), wanted.contributors)
        and _one_of(kind_of(stored.statement), wanted.kinds)
        and _one_of(stored.state, wanted.states)
        and _within(day_of(stored.statement.iat), wanted.issued_after, wanted.issued_before)
        and _within(day_of(stored.statement.exp), wanted.expires_after, wanted.expires_before)
        and _has_words(stored, wanted.words)
        and (not looks or any(_body_fits(body, wanted) for body in bodies))
    )


def as_it_stood(stored: StoredStatement, recorded: Recorded, as_of: int, now: Timestamp) -> StoredStatement:
    """A statement without what was done to it behind the place ``as_of`` of the feed.

    What time has done stays done: what has expired since has expired, and who was a member is read as today. Words
    that were corrected or taken back since are not given back: that the statement was there is shown, and its codes. A
    handling that was narrowed since stays narrowed.
    """
    held = [
        (place, correction)
        for place, correction in recorded.corrections
        if recorded.corrected_by is not None and place.index <= recorded.corrected_by and place.seq <= as_of
    ]
    body = live_body(stored.statement, held[-1][1]) if held else live_body(stored.statement, None)
    state = _state_then(stored, recorded, as_of, now, corrected=bool(held))
    if isinstance(body, FindingBody | RelationBody | ResponseBody) and (not stored.counts or body != stored.body):
        body = msgspec.structs.replace(body, summary="", handling=_no_wider(body.handling, stored.body))
    return replace(stored, body=body, state=state)


def _no_wider(handling: Handling, now: Body) -> Handling:
    """The handling that something had, or that which it has now where that is narrower: it is under this one now."""
    today = now.handling if isinstance(now, FindingBody | RelationBody | ResponseBody) else handling
    return strictest((handling, today))


def _state_then(stored: StoredStatement, recorded: Recorded, as_of: int, now: Timestamp, *, corrected: bool) -> State:
    if stored.state == "void":
        return "void"
    if recorded.retracted_at is not None and recorded.retracted_at <= as_of:
        return "retracted"
    if recorded.exp <= now:
        return "expired"
    return "corrected" if corrected else "live"


def _body_fits(body: Body, wanted: StatementFilter) -> bool:
    if isinstance(body, ReplyBody):
        return _reply_fits(body, wanted)
    if not isinstance(body, FindingBody | RelationBody | ResponseBody):
        return False
    return (
        _one_of(body.handling, wanted.handlings)
        and _one_of(body.grade.reliability, wanted.reliabilities)
        and _one_of(body.grade.credibility, wanted.credibilities)
        and _any_of(body.evidence_kinds, wanted.evidence_kinds)
        and (wanted.observed_after is None or body.observed.end >= wanted.observed_after)
        and (wanted.observed_before is None or body.observed.start <= wanted.observed_before)
        and _kind_fits(body, wanted)
    )


def _reply_fits(body: ReplyBody, wanted: StatementFilter) -> bool:
    """A reply has a subject and a handling, and nothing else that a filter looks at."""
    others = (getattr(wanted, name) for name in _OF_BODIES if name not in {"subjects", "handlings"})
    return (
        _one_of(body.handling, wanted.handlings)
        and _any_of((body.subject.id,), wanted.subjects)
        and all(each is None for each in others)
    )


def _kind_fits(body: FindingBody | RelationBody | ResponseBody, wanted: StatementFilter) -> bool:
    """The filters that only one kind of body can fit: others have nothing to compare."""
    finding = body if isinstance(body, FindingBody) else None
    relation = body if isinstance(body, RelationBody) else None
    response = body if isinstance(body, ResponseBody) else None
    return (
        _any_of(_ends(body), wanted.subjects)
        and _any_of(_ends(body)[1:], wanted.objects)
        and _any_of((finding.indicator,) if finding else (), wanted.indicators)
        and _any_of((finding.scope,) if finding else (), wanted.scopes)
        and _any_of((finding.strength,) if finding else (), wanted.strengths)
        and _any_of((finding.engagement_kind,) if finding else (), wanted.engagement_kinds)
        and _any_of(finding.technology_domains if finding else (), wanted.technology_domains)
        and _any_of(finding.mitigations if finding else (), wanted.mitigations)
        and _any_of((relation.relation,) if relation else (), wanted.relations)
        and _any_of((response.stance,) if response else (), wanted.stances)
    )


def _ends(body: FindingBody | RelationBody | ResponseBody) -> tuple[SubjectId, ...]:
    match body:
        case FindingBody():
            return (body.subject.id,)
        case RelationBody():
            return (body.subject.id, body.object.id)
        case ResponseBody():
            return ()


def _has_words(stored: StoredStatement, words: Collection[str]) -> bool:
    if not words:
        return True
    return stored.counts and set(words) <= set(words_of(said(stored.body)))


def _one_of(value: _T, wanted: Collection[_T] | None) -> bool:
    return wanted is None or value in wanted


def _any_of(values: Iterable[_T], wanted: Collection[_T] | None) -> bool:
    return wanted is None or any(value in wanted for value in values)


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)
