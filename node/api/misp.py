"""A MISP feed for each circle: ``/misp/{circle}/manifest.json``, ``hashes.csv`` and one file for each event.

The form is that of MISP's own feeds, which MISP and PyMISP read without an adapter. ``docs/taxii.md`` says how to add
one, and what is lost.
"""

import hashlib
from typing import Annotated, Final, TypeAlias
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Response

from node import insight
from node.api.authentication import Caller, NeedsForTools
from node.domain.accounts import Permission
from node.errors import Code, HanseError
from node.insight import misp, taxii
from node.insight.taxii import EventPage
from node.runtime import Runtime
from protocol.identifiers import CircleId, parse_circle_id

PREFIX: Final = "/misp"
MAX_EVENTS: Final = 10_000
"""Events in one manifest, those that changed last: MISP reads it whole, some 8 megabytes."""
LEFT_OUT_HEADER: Final = "X-Hanse-Left-Out"
_Circle: TypeAlias = Annotated[str, Path(max_length=64)]
_Event: TypeAlias = Annotated[UUID, Path()]


def build(runtime: Runtime) -> APIRouter:
    """The feeds; their form is MISP's, so they are not in the OpenAPI document."""
    router = APIRouter(prefix=PREFIX, include_in_schema=False)
    needs = Depends(NeedsForTools(runtime, Permission.POOL_EXPORT))

    def read(caller: Caller, circle: str, action: str, uuid: str = "") -> EventPage:
        identifier = _of_this_node(caller, circle)
        taxii.catch_up(runtime.database, identifier)
        with caller.reading(action, identifier) as tx:
            return taxii.events(tx, identifier, caller.now, limit=MAX_EVENTS, uuid=uuid)

    @router.get("/{circle}/manifest.json")
    def manifest(circle: _Circle, caller: Annotated[Caller, needs]) -> Response:
        """Every event in short, by identifier."""
        page = read(caller, circle, "misp-manifest-read")
        found = {event.uuid: misp.summary(event, runtime.vocabulary) for event in page.events}
        return _json(found, page)

    @router.get("/{circle}/hashes.csv")
    def hashes(circle: _Circle, caller: Annotated[Caller, needs]) -> Response:
        """Which event holds which value, by MD5 as MISP wants it; nothing is protected by it."""
        page = read(caller, circle, "misp-hashes-read")
        lines = [
            f"{hashlib.md5(str(each['value']).encode(), usedforsecurity=False).hexdigest()},{event.uuid}"
            for event in page.events
            for each in misp.attributes(event, runtime.vocabulary)
        ]
        return Response("\n".join(lines), headers=_headers(page), media_type="text/csv")

    @router.get("/{circle}/{event}.json")
    def event(circle: _Circle, event: _Event, caller: Annotated[Caller, needs]) -> Response:
        """One event in full."""
        page = read(caller, circle, "misp-event-read", str(event))
        if not page.events:
            raise HanseError(Code.NOT_FOUND, "this feed has no such event.", remedy="Read the manifest again.")
        return _json(misp.document(page.events[0], runtime.vocabulary), page)

    return router


def _of_this_node(caller: Caller, circle: str) -> CircleId:
    identifier = parse_circle_id(circle)
    with caller.runtime.database.read() as tx:
        if any(summary.circle == identifier for summary in insight.circle_summaries(tx)):
            return identifier
    raise HanseError(Code.NOT_FOUND, "this node is in no such circle.")


def _json(content: object, page: EventPage) -> Response:
    return Response(msgspec.json.encode(content), headers=_headers(page), media_type="application/json")


def _headers(page: EventPage) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return headers | ({LEFT_OUT_HEADER: str(page.left_out)} if page.left_out else {})
