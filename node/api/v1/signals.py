"""Signals: lists over the pool, all on one subject, and one of them explained down to its statements."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query

from node import insight
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_CIRCLE, EXAMPLE_SUBJECT, MAX_IDENTIFIER_CHARACTERS, READ_PROBLEMS, SubjectPath
from node.api.v1.signal_models import ExplanationBody, SignalList, explanation_body, line_body, signal_body
from node.domain.accounts import Permission
from node.domain.insight import SignalFilter, SignalOrder
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight.explain import detail
from node.insight.signals import MAX_PLACE_CHARACTERS, MAX_SIGNALS, indicators_of
from node.runtime import Runtime
from protocol.decay import PPM
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import MAX_CODE_CHARACTERS, parse_circle_id, parse_code, parse_subject_id
from protocol.signals import LikelihoodWord
from protocol.vocabulary import Polarity, Vocabulary

_MANY: Final = 1_000
"""More roots or contributors than any claim has."""
_LIKELIHOODS: Final = 8
_Code = Query(max_length=MAX_CODE_CHARACTERS)
_Least = Query(ge=0, le=_MANY)
_Share = Query(ge=0, le=PPM, description="In millionths.")
_Subject = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_IDENTIFIER_CHARACTERS,
        description="All signals on one subject, those of an earlier day computed again; no other filter.",
        examples=[EXAMPLE_SUBJECT],
    ),
]
_After = Annotated[
    str, Query(max_length=MAX_PLACE_CHARACTERS, description="`next` of the page before; empty: the beginning.")
]
_ONE: Final = "/signals/{circle}/{subject}/{indicator}/{scope}"
_CodePath = Path(min_length=1, max_length=MAX_CODE_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filters:
    """Which signals, as the parameters of a list say it."""

    group: Annotated[str | None, _Code] = None
    indicator: Annotated[str | None, _Code] = None
    polarity: Polarity | None = None
    likelihood: Annotated[
        list[LikelihoodWord | Literal["unknown"]] | None,
        Query(max_length=_LIKELIHOODS, description="Repeat it for several words."),
    ] = None
    min_roots: Annotated[int, _Least] = 0
    min_contributors: Annotated[int, _Least] = 0
    min_conflict_ppm: Annotated[int, _Share] = 0
    min_moved_ppm: Annotated[int, _Share] = 0

    def read(self, vocabulary: Vocabulary) -> SignalFilter:
        """Raises ``INVALID`` for a code that the vocabulary does not have."""
        return SignalFilter(
            indicators=indicators_of(vocabulary, group=self.group, indicator=self.indicator, polarity=self.polarity),
            likelihoods=None if self.likelihood is None else frozenset(self.likelihood),
            min_roots=self.min_roots,
            min_contributors=self.min_contributors,
            min_conflict_ppm=self.min_conflict_ppm,
            min_shift_ppm=self.min_moved_ppm,
        )


def routes(runtime: Runtime) -> APIRouter:
    """``/signals`` and ``/signals/{circle}/{subject}/{indicator}/{scope}``."""
    router = APIRouter(tags=["insight"])
    needs = Depends(Needs(runtime, Permission.POOL_READ))
    problems = declared(*READ_PROBLEMS, Code.NOT_FOUND, ProtocolCode.BAD_IDENTIFIER)

    @router.get("/signals", summary="Signals, by what moved, what is new or how many agree", responses=problems)
    def list_signals(
        *,
        caller: Annotated[Caller, needs],
        chosen: Annotated[_Filters, Depends()],
        subject: _Subject = None,
        circle: Annotated[str | None, Query(max_length=MAX_IDENTIFIER_CHARACTERS, examples=[EXAMPLE_CIRCLE])] = None,
        order: SignalOrder = "moved-30",
        after: _After = "",
        limit: Annotated[int, Query(ge=1, le=MAX_SIGNALS)] = 50,
    ) -> SignalList:
        """Lists are as last computed: `as_of` says for which day. Nothing is summed over indicators.

        Every order but `subject` begins with the greatest or newest. A signal that changes between two pages may be
        met twice or not at all; what happened, without loss, is in `/findings`.
        """
        if subject is not None:
            if chosen != _Filters() or circle is not None or after:
                raise HanseError(
                    Code.INVALID, "subject gives all signals of one subject.", remedy="Leave the other filters out."
                )
            return _of_subject(runtime, caller, subject)
        filters, among = chosen.read(runtime.vocabulary), None if circle is None else parse_circle_id(circle)
        with caller.reading("signals-listed", among or "") as tx:
            page = insight.listed(
                tx,
                runtime.vocabulary,
                filters,
                circle=among,
                order=order,
                after=after,
                limit=limit,
                now=caller.now,
            )
            return SignalList(items=[line_body(line) for line in page.items], next=page.next)

    @router.get(_ONE, summary="One signal, explained down to its statements", responses=problems)
    def read_signal(
        caller: Annotated[Caller, needs],
        circle: Annotated[str, Path(max_length=MAX_IDENTIFIER_CHARACTERS, examples=[EXAMPLE_CIRCLE])],
        subject: SubjectPath,
        indicator: Annotated[str, _CodePath],
        scope: Annotated[str, _CodePath],
    ) -> ExplanationBody:
        """Which statements, which roots and why they were joined, every mass, and what would change the word."""
        claim = Claim(parse_circle_id(circle), parse_subject_id(subject), parse_code(indicator), parse_code(scope))
        with caller.reading("signal-read", claim.subject) as tx:
            return explanation_body(detail(tx, runtime.vocabulary, claim, caller.now))

    return router


def _of_subject(runtime: Runtime, caller: Caller, subject: str) -> SignalList:
    identifier = parse_subject_id(subject)
    insight.freshen(runtime.database, runtime.vocabulary, caller.now)
    with caller.reading("signals-read", identifier) as tx:
        views = insight.signals(tx, runtime.vocabulary, identifier, caller.now)
        return SignalList(items=[signal_body(view) for view in views], next="")
