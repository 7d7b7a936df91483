"""Name resolution: which organisations names or whole affiliations mean."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import Field

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_SUBJECT, READ_PROBLEMS, Model
from node.domain.accounts import Permission
from node.runtime import Runtime
from node.subjects.matching import Mode, Suggestion, matches
from node.subjects.matching.text import MAX_CHARACTERS
from protocol.errors import Code as ProtocolCode

MAX_TEXTS: Final = 200
"""Texts in one request: about a second of work."""
MAX_ID_CHARACTERS: Final = 500
_EXAMPLE_ADDRESS: Final = f"https://ror.org/{EXAMPLE_SUBJECT.removeprefix('ror:')}"


class AskedText(Model):
    """One text to be matched."""

    id: str = Field(max_length=MAX_ID_CHARACTERS, description="Your own; it comes back.", examples=["1"])
    affiliation: str = Field(
        max_length=MAX_CHARACTERS,
        description="A name, or a whole affiliation, in any language.",
        examples=["Department of Waves, Aldermoor Institute of Tides, Aldermoor"],
    )


class AskedTexts(Model):
    """Texts to be matched, and how boldly."""

    items: list[AskedText] = Field(min_length=1, max_length=MAX_TEXTS)
    mode: Mode = Field(
        default="safe", description="`safe`: links for nobody to look at. `balanced`: links that are more likely right."
    )


class SuggestedSubject(Model):
    """One organisation that may be meant."""

    id: str = Field(description="The ROR id as an address.", examples=[_EXAMPLE_ADDRESS])
    subject: str = Field(description="The same as other operations take it.", examples=[EXAMPLE_SUBJECT])
    name: str = Field(examples=["Aldermoor Institute of Tides"])
    score: float = Field(ge=0, le=1, description="Estimated probability that this organisation is meant.")
    why: str = Field(description="The reason in words.", examples=["its name stands in the text"])
    place: str = Field(description="To tell namesakes apart; may be empty.")
    country: str = Field(description="ISO 3166-1 alpha-2, to tell namesakes apart; may be empty.")


class MatchedText(Model):
    """What one text came to."""

    id: str
    ror_ids: list[str] = Field(description="Links made without a person.", examples=[[_EXAMPLE_ADDRESS]])
    suggestions: list[SuggestedSubject] = Field(description="Best first; the linked ones are among them.")


class MatchedTexts(Model):
    """One answer for each text, in the order of the request."""

    items: list[MatchedText]


def routes(runtime: Runtime) -> APIRouter:
    """``/subjects/match``."""
    router = APIRouter(tags=["subjects"])
    needs = Depends(Needs(runtime, Permission.SUBJECTS_READ))

    @router.post(
        "/subjects/match",
        summary="Find the organisations that names or affiliations mean",
        responses=declared(*READ_PROBLEMS, ProtocolCode.TOO_LARGE),
    )
    def match_subjects(asked: AskedTexts, caller: Annotated[Caller, needs]) -> MatchedTexts:
        having = runtime.names.matcher()
        answers = []
        for each in asked.items:
            found = matches(having, each.affiliation, asked.mode)
            suggestions = [_suggested(one) for one in found.suggestions]
            answers.append(
                MatchedText(id=each.id, ror_ids=[one.address for one in found.links], suggestions=suggestions)
            )
        # What is asked for may hint at a case: the log says that, not what.
        with caller.runtime.database.write() as tx:
            caller.record(tx, "subjects-matched")
        return MatchedTexts(items=answers)

    return router


def _suggested(one: Suggestion) -> SuggestedSubject:
    return SuggestedSubject(
        id=one.address,
        subject=one.subject,
        name=one.name,
        score=one.score,
        why=one.why,
        place=one.place,
        country=one.country,
    )
