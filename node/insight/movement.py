"""How claims have moved: each against the same claim as it stood 30 and 90 days earlier.

A claim as it stood on a day is read from what had been issued by then, each statement with the body that it had then,
and without what had been retracted or had ended by then; it is fused with that day as *today*. So a movement has
three causes and no other: something was said, something was taken back or ended, or evidence grew older. What this
node decides about trust, and what is void, are as they are now on both days: a decision of ours is no movement.

A statement counts from the day that its author wrote into it, and what an author did to it from then on in the order
of its log. So movement is a function of the statements, the policy and the day, whatever arrived when; an author that
dates a statement back makes a movement look smaller, never larger than it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final, TypeAlias

from node.domain.circles import Roster
from node.domain.insight import Movement
from node.domain.statements import Act, Claim, StoredStatement
from node.insight.opinions import Trust, fused, read_opinions
from node.storage import history, statements
from node.storage.database import Transaction
from protocol import opinions
from protocol.identifiers import KeyId, StatementId
from protocol.opinions import OnClaim, Standing
from protocol.projection import ClaimKey, live_body, state_at
from protocol.signals import Opinion, Signal
from protocol.statements import DAY_SECONDS, FindingBody, ResponseBody, Timestamp
from protocol.vocabulary import Vocabulary

SPANS: Final = (30, 90)
"""Days that a movement looks back."""
_EPOCH: Final = date(1970, 1, 1)

_Name: TypeAlias = tuple[KeyId, StatementId]
_Mark: TypeAlias = tuple[str, str]
"""What makes a root the same root on two days: a source, or the voice of an opinion that names none."""


@dataclass(frozen=True, slots=True)
class History:
    """What is held of one claim, now and earlier: enough to read it as it stood on any day."""

    claim: Claim
    findings: tuple[StoredStatement, ...]
    """All that are on the claim, or were before a correction moved them."""
    responses: tuple[StoredStatement, ...]
    acts: Mapping[_Name, tuple[Act, ...]]
    sizes: Mapping[KeyId, int] | None = None
    """How many entries of each log are looked at; None: all that are held."""

    def on(self, day: date) -> OnClaim[Standing]:
        """The claim as it stood at the end of a day."""
        moment = Timestamp((day - _EPOCH).days * DAY_SECONDS + DAY_SECONDS - 1)
        found = [each for stored in self.findings if (each := self._at(stored, moment)) is not None]
        answers = [each for stored in self.responses if (each := self._at(stored, moment)) is not None]
        return opinions.by_claim(found, answers).get(self.claim.key, OnClaim((), ()))

    def _at(self, stored: StoredStatement, moment: Timestamp) -> Standing | None:
        """One statement as it stood then; None where it was not there yet."""
        statement = stored.statement
        size = None if self.sizes is None else self.sizes.get(stored.contributor, 0)
        if statement.iat > moment or (size is not None and stored.index >= size):
            return None
        latest, retracted_by, exp = None, None, statement.exp
        # In the order of the log, up to the first that was not there yet, whatever the days of those behind it say.
        for act in self.acts.get(stored.name, ()):
            if act.issued > moment or (size is not None and act.index >= size):
                break
            if act.correction is None:
                retracted_by = act.index
            else:
                latest, exp = act, min(exp, act.expires)
        return Standing(
            contributor=stored.contributor,
            index=stored.index,
            statement=statement,
            body=live_body(statement, latest.correction if latest else None),
            state=state_at(
                moment,
                exp=exp,
                corrected_by=latest.index if latest else None,
                retracted_by=retracted_by,
                void=stored.state == "void",
            ),
        )


def histories(
    tx: Transaction, held: Sequence[tuple[Claim, OnClaim[StoredStatement]]], now: Timestamp
) -> Mapping[Claim, History]:
    """The histories of these claims, of which the caller has read what is on them now."""
    found: dict[Claim, History] = {}
    for circle, group in groupby(sorted(held, key=lambda each: each[0]), key=lambda each: each[0].circle):
        some = list(group)
        moved = history.moved_from(tx, circle, {claim.subject for claim, _ in some}, now=now)
        answers = statements.responses_to(tx, circle, [each.name for each in moved], now=now) if moved else []
        acts = history.acts_on(tx, circle, _changed(some, moved, answers))
        stood: dict[ClaimKey, list[StoredStatement]] = {}
        for each in moved:
            for key in _stood_on(each, acts):
                stood.setdefault(key, []).append(each)
        for claim, on_claim in some:
            left = stood.get(claim.key, [])
            names = {each.name for each in left}
            left_answers = [each for each in answers if _target(each) in names]
            found[claim] = History(claim, _once(on_claim.findings, left), _once(on_claim.responses, left_answers), acts)
    return found


def movement(
    of: History,
    now_opinions: Sequence[Opinion],
    signal: Signal,
    vocabulary: Vocabulary,
    roster: Roster,
    trust: Trust,
    *,
    today: date,
) -> Movement:
    """How far a claim has moved by ``today``, on which ``signal`` is fused from ``now_opinions``."""
    moved, fresh = [], []
    for days in SPANS:
        then = today - timedelta(days=days)
        held = read_opinions(of.on(then), of.claim.circle, vocabulary, roster, trust)
        before = fused(held, of.claim, vocabulary, roster, today=then)
        moved.append(_half(doubled_expectation(signal) - doubled_expectation(before)))
        fresh.append(_new_roots(now_opinions, signal, held, before))
    return Movement(moved[0], moved[1], fresh[0], fresh[1])


def doubled_expectation(signal: Signal) -> int:
    """Twice the expected probability, belief + uncertainty / 2, in millionths: 1,000,000 where nothing is known."""
    return 2 * signal.belief_ppm + signal.uncertainty_ppm


def _half(doubled: int) -> int:
    """Half of it, towards zero, so that a movement and its opposite have the same size."""
    return doubled // 2 if doubled >= 0 else -(-doubled // 2)


def _new_roots(now: Sequence[Opinion], signal: Signal, then: Sequence[Opinion], before: Signal) -> int:
    """Roots that count now and of which nothing was there then, counted or not."""
    known = {mark for marks in _marks(then, before, counted=False).values() for mark in marks}
    return sum(known.isdisjoint(marks) for marks in _marks(now, signal, counted=True).values())


def _marks(held: Sequence[Opinion], signal: Signal, *, counted: bool) -> dict[int, set[_Mark]]:
    by_statement = {each.statement: each for each in held}
    counting = {each.root for each in signal.contributions if each.mass or not counted}
    marks: dict[int, set[_Mark]] = {}
    for each in signal.contributions:
        if each.root is not None and each.root in counting:
            opinion = by_statement[each.statement]
            named: set[_Mark] = {("source", source) for source in opinion.sources}
            named = named or {("voice", opinion.contributor)}
            marks.setdefault(each.root, set()).update(named)
    return marks


def _changed(
    held: Iterable[tuple[Claim, OnClaim[StoredStatement]]],
    moved: Iterable[StoredStatement],
    answers: Iterable[StoredStatement],
) -> set[_Name]:
    """Those of which something was corrected or retracted; most were not, and of these nothing is asked."""
    everything = [each for _, on_claim in held for each in (*on_claim.findings, *on_claim.responses)]
    return {
        each.name
        for each in (*everything, *moved, *answers)
        if each.state in {"corrected", "retracted"} or each.body is not each.statement.body
    }


def _stood_on(stored: StoredStatement, acts: Mapping[_Name, tuple[Act, ...]]) -> set[ClaimKey]:
    """The claims on which the statement has ever stood."""
    corrections = (act.correction.body.finding for act in acts.get(stored.name, ()) if act.correction)
    return {
        ClaimKey(body.subject.id, body.indicator, body.scope)
        for body in (stored.statement.body, *corrections)
        if isinstance(body, FindingBody)
    }


def _target(stored: StoredStatement) -> _Name | None:
    body = stored.body
    return (body.target.contributor, body.target.id) if isinstance(body, ResponseBody) else None


def _once(some: Iterable[StoredStatement], others: Iterable[StoredStatement]) -> tuple[StoredStatement, ...]:
    by_name = {each.name: each for each in (*some, *others)}
    return tuple(by_name.values())
