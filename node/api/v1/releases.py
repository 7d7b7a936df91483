"""Releases: the frozen counts that a circle gives to readers beyond its members."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_CIRCLE, EXAMPLE_SUBJECT, READ_PROBLEMS, Model
from node.domain.accounts import Permission
from node.domain.disclosure import Band, Content, Release, ReleaseAudience, ReleaseId, Side
from node.errors import Code, HanseError
from node.insight.release_format import HANDLING, decode, table
from node.runtime import Runtime
from node.storage import releases as storage
from node.storage.database import Transaction

_EXAMPLE: Final = "xGk3Zp0mR2a7QdTn5Yw1Vg"


class ReleaseLine(Model):
    """One release in the list."""

    id: str = Field(examples=[_EXAMPLE])
    circle: str = Field(examples=[EXAMPLE_CIRCLE])
    circle_name: str
    period: str = Field(examples=["2026-Q3"])
    audience: ReleaseAudience
    handling: str = Field(examples=["TLP:AMBER"])
    issued: datetime
    digest: str = Field(description="SHA-256 of the approved bytes, base64url.")


class ReleaseList(Model):
    """Every issued release, the latest period first."""

    items: list[ReleaseLine]


class BlockBody(Model):
    """One number. Blocks of a release never overlap, so sums of them are right and differences tell nothing new."""

    polarity: Side
    groups: list[str] = Field(description="Indicator groups that are counted together here.")
    domains: list[str] = Field(description="Technology domains that are counted together here.")
    readings: list[Band] = Field(description="How the claims read, all of these together.")
    claims: int = Field(examples=[12])


class NamedBody(Model):
    """A claim on a named subject; it is in no block."""

    subject: str = Field(examples=[EXAMPLE_SUBJECT])
    label: str
    indicator: str
    scope: str
    polarity: Side
    reading: Band


class RulesBody(Model):
    """What every number of the release satisfies."""

    contributors: int
    roots: int
    subjects: int
    largest_percent: int
    second_percent: int
    margin: int


class ReleaseBody(ReleaseLine):
    """One release: all that its readers have."""

    v: Literal[1]
    vocabulary_version: int
    rules: RulesBody
    blocks: list[BlockBody]
    named: list[NamedBody]


def routes(runtime: Runtime) -> APIRouter:
    """``/releases``, ``/releases/{release}`` and ``/releases/{release}/table.csv``."""
    router = APIRouter(tags=["releases"])
    needs = Depends(Needs(runtime, Permission.RELEASES_READ))
    problems = declared(*READ_PROBLEMS, Code.NOT_FOUND)
    one = Annotated[
        str, Path(pattern=r"^[A-Za-z0-9_-]{22}$", description="From the list of releases.", examples=[_EXAMPLE])
    ]

    @router.get("/releases", summary="The issued releases", responses=declared(*READ_PROBLEMS))
    def list_releases(caller: Annotated[Caller, needs]) -> ReleaseList:
        """All of them, for partners and for the public; nothing here is computed when it is asked for."""
        with caller.reading("releases-read") as tx:
            items = [(each, decode(each.data)) for each in storage.list_releases(tx, "issued")]
            return ReleaseList(items=[ReleaseLine.model_validate(_line(*item)) for item in items])

    @router.get("/releases/{release}", summary="One release", responses=problems)
    def read_release(release: one, caller: Annotated[Caller, needs]) -> ReleaseBody:
        """The same for every caller, now and later."""
        with caller.reading("release-read", release) as tx:
            found = _issued(tx, release)
            return _body(found, decode(found.data))

    @router.get(
        "/releases/{release}/table.csv",
        summary="One release as a table",
        response_class=Response,
        responses=problems | {200: {"content": {"text/csv": {}}, "description": "One row for each number."}},
    )
    def read_table(release: one, caller: Annotated[Caller, needs]) -> Response:
        """Rows never overlap: sums of rows are right."""
        with caller.reading("release-taken", release) as tx:
            found = _issued(tx, release)
        return Response(
            table(decode(found.data)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="release-{found.period}-{found.id}.csv"'},
        )

    return router


def _issued(tx: Transaction, release: str) -> Release:
    found = storage.get(tx, ReleaseId(release))
    if found is None or found.state != "issued":
        raise HanseError(Code.NOT_FOUND, "there is no such release.")
    return found


def _line(release: Release, content: Content) -> dict[str, object]:
    return {
        "id": release.id,
        "circle": release.circle,
        "circle_name": content.circle_name,
        "period": str(release.period),
        "audience": release.audience,
        "handling": HANDLING[release.audience],
        "issued": release.issued,
        "digest": release.digest,
    }


def _body(release: Release, content: Content) -> ReleaseBody:
    rules = content.rules
    return ReleaseBody.model_validate(
        _line(release, content)
        | {
            "v": 1,
            "vocabulary_version": content.vocabulary_version,
            "rules": {
                "contributors": rules.k,
                "roots": rules.roots,
                "subjects": rules.subjects,
                "largest_percent": rules.largest_percent,
                "second_percent": rules.second_percent,
                "margin": rules.margin,
            },
            "blocks": [
                {
                    "polarity": block.side,
                    "groups": block.groups,
                    "domains": block.domains,
                    "readings": block.bands,
                    "claims": block.claims,
                }
                for block in content.blocks
            ],
            "named": [
                {
                    "subject": named.subject,
                    "label": named.label,
                    "indicator": named.indicator,
                    "scope": named.scope,
                    "polarity": named.side,
                    "reading": named.band,
                }
                for named in content.named
            ],
        }
    )
