"""Putting the pages together: one router for one node, and what an application needs around it."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

from node.runtime import Runtime
from node.web import (
    access,
    accounts,
    assessments,
    briefings,
    circles,
    dashboard,
    decisions,
    dossier,
    drafts,
    engagement_import,
    engagements,
    evidence,
    findings,
    home,
    links,
    lists,
    members,
    names,
    openid,
    own_account,
    paths,
    peers,
    person_tokens,
    persons,
    recall,
    registers,
    releases,
    replies,
    reply_intake,
    requests,
    sessions,
    shared,
    signals,
    soundings,
    sponsors,
    statements,
    subjects,
    sync,
    token_keys,
    tokens,
    trust,
    watch,
)
from node.web.errors import Problem, renderer
from node.web.forms import MAX_FORM_BYTES
from node.web.rendering import Templates
from node.web.security import SecurityHeaders
from node.web.translation import LanguageOfRequest
from node.web.visits import House, bind

ROUTERS: Final = (
    sessions.ROUTER,
    openid.ROUTER,
    own_account.ROUTER,
    tokens.ROUTER,
    home.ROUTER,
    subjects.ROUTER,
    dossier.ROUTER,
    links.ROUTER,
    paths.ROUTER,
    lists.ROUTER,
    signals.ROUTER,
    statements.ROUTER,
    findings.ROUTER,
    engagement_import.ROUTER,
    registers.ROUTER,
    persons.ROUTER,
    engagements.ROUTER,
    assessments.ROUTER,
    evidence.ROUTER,
    decisions.ROUTER,
    drafts.ROUTER,
    shared.ROUTER,
    recall.ROUTER,
    releases.ROUTER,
    requests.ROUTER,
    soundings.ROUTER,
    replies.ROUTER,
    names.ROUTER,
    sponsors.ROUTER,
    reply_intake.ROUTER,
    sync.ROUTER,
    peers.ROUTER,
    circles.ROUTER,
    person_tokens.ROUTER,
    token_keys.ROUTER,
    members.ROUTER,
    dashboard.ROUTER,
    briefings.ROUTER,
    trust.ROUTER,
    watch.ROUTER,
    accounts.ROUTER,
    access.ROUTER,
)
"""Every route of the pages."""


def build(runtime: Runtime) -> APIRouter:
    """The pages of one node. None of them is in the API's description."""
    router = APIRouter(
        dependencies=[Depends(bind(House(runtime, Templates())))],
        include_in_schema=False,
        max_body_size=MAX_FORM_BYTES,
    )
    for part in ROUTERS:
        router.include_router(part)
    return router


def install(app: FastAPI, runtime: Runtime) -> Callable[[Request, Problem], Response | None]:
    """Add the pages, their static files and the security headers; returns what turns a problem into a page."""
    app.include_router(build(runtime))
    app.mount("/static", StaticFiles(packages=[("node.web", "static")]), name="static")
    app.add_middleware(SecurityHeaders)
    app.add_middleware(LanguageOfRequest)
    return renderer(House(runtime, Templates()))
