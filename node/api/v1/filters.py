"""The filters that every reading of statements has, as query parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Literal, TypeAlias

from fastapi import Query

from node.api.v1.models import EXAMPLE_SUBJECT, MAX_IDENTIFIER_CHARACTERS
from node.insight.asking import MAX_TEXT_CHARACTERS, MAX_VALUES, Question
from protocol.identifiers import MAX_CODE_CHARACTERS
from protocol.projection import State
from protocol.statements import Handling, PooledKind, Reliability, Stance

_Identifier: TypeAlias = Annotated[str, Query(max_length=MAX_IDENTIFIER_CHARACTERS)]
_Code: TypeAlias = Annotated[str, Query(max_length=MAX_CODE_CHARACTERS)]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Repeat a filter for several values, of which one is enough; of several filters all must fit."""

    circle: Annotated[list[_Identifier] | None, Query(max_length=MAX_VALUES)] = None
    contributor: Annotated[
        list[_Identifier] | None, Query(max_length=MAX_VALUES, description="A key, or a pseudonym.")
    ] = None
    kind: Annotated[list[PooledKind] | None, Query(max_length=MAX_VALUES)] = None
    state: Annotated[list[State] | None, Query(max_length=MAX_VALUES, description="How it stands.")] = None
    subject: Annotated[
        list[_Identifier] | None,
        Query(max_length=MAX_VALUES, description="At either end of a relation.", examples=[[EXAMPLE_SUBJECT]]),
    ] = None
    object: Annotated[
        list[_Identifier] | None, Query(max_length=MAX_VALUES, description="At the far end of a relation.")
    ] = None
    indicator: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    group: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES, description="Of indicators.")] = None
    polarity: Annotated[
        list[Literal["concern", "assurance", "context"]] | None,
        Query(max_length=MAX_VALUES, description="Of indicators."),
    ] = None
    scope: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    technology_domain: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    engagement_kind: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    mitigation: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    evidence_kind: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    relation: Annotated[list[_Code] | None, Query(max_length=MAX_VALUES)] = None
    reliability: Annotated[list[Reliability] | None, Query(max_length=MAX_VALUES)] = None
    credibility: Annotated[list[Annotated[int, Query(ge=1, le=6)]] | None, Query(max_length=MAX_VALUES)] = None
    strength: Annotated[list[Annotated[int, Query(ge=1, le=4)]] | None, Query(max_length=MAX_VALUES)] = None
    handling: Annotated[list[Handling] | None, Query(max_length=MAX_VALUES)] = None
    stance: Annotated[list[Stance] | None, Query(max_length=MAX_VALUES)] = None
    observed_after: Annotated[
        str | None, Query(description="Observed on this day or later, if only in part.", examples=["2026-01-31"])
    ] = None
    observed_before: Annotated[
        str | None, Query(description="Observed on this day or earlier, if only in part.", examples=["2026-01-31"])
    ] = None
    issued_after: Annotated[str | None, Query(description="This day included.", examples=["2026-01-31"])] = None
    issued_before: Annotated[str | None, Query(description="This day included.", examples=["2026-01-31"])] = None
    expires_after: Annotated[str | None, Query(description="This day included.", examples=["2026-01-31"])] = None
    expires_before: Annotated[str | None, Query(description="This day included.", examples=["2026-01-31"])] = None
    text: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_TEXT_CHARACTERS,
            description="Words that all stand in the summary, in any order, without regard to case and accents.",
        ),
    ] = None

    @property
    def question(self) -> Question:
        """What was asked, as text."""
        asked: dict[str, Sequence[str]] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                asked[each.name] = [str(one) for one in value] if isinstance(value, list) else [value]
        return asked
