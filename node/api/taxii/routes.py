"""The operations of TAXII 2.1 that read: discovery, the API root, collections, manifest, objects, versions."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends, Path, Query, Response

from node import insight
from node.api.authentication import Caller, NeedsForTools
from node.api.taxii.messages import (
    FIRST_HEADER,
    LAST_HEADER,
    LEFT_OUT_HEADER,
    PREFIX,
    STIX,
    VERSION,
    acceptable,
    message,
    microseconds_of,
    time_of,
)
from node.domain.accounts import Permission
from node.domain.insight import CircleSummary
from node.errors import Code, HanseError
from node.insight import taxii
from node.insight.stix.definitions import SPEC_VERSION
from node.insight.stix.identifiers import collection_uuid
from node.insight.taxii import CollectedObject, CollectionPage
from node.runtime import Runtime
from node.storage.taxii import Wanted
from protocol.errors import ProtocolError
from protocol.identifiers import decode_bytes, encode_bytes

ROOT: Final = f"{PREFIX}/hanse/"
MAX_CONTENT_BYTES: Final = 1
"""Section 4.2 wants a bound on what a client may send. It may send nothing."""
DEFAULT_PAGE: Final = 500
MAX_FILTER_CHARACTERS: Final = 4_000
"""Some fifty identifiers."""
MAX_FILTER_VALUES: Final = 100
MAX_CURSOR_CHARACTERS: Final = 16
_CURSOR_BYTES: Final = 8
_PER_MILLISECOND: Final = 1_000
_MAX_MICROSECONDS: Final = 1 << 62

_Filter: TypeAlias = Annotated[str, Query(max_length=MAX_FILTER_CHARACTERS)]
_Uuid: TypeAlias = Annotated[str, Path(max_length=64)]
_ObjectId: TypeAlias = Annotated[str, Path(max_length=100)]


class Question:
    """The query of one request: where to begin, how much, and which objects (sections 3.4 and 3.5)."""

    def __init__(
        self,
        added_after: Annotated[str | None, Query(max_length=40)] = None,
        limit: Annotated[int, Query(ge=1)] = DEFAULT_PAGE,
        next_: Annotated[str | None, Query(alias="next", max_length=MAX_CURSOR_CHARACTERS)] = None,
        match_id: Annotated[_Filter, Query(alias="match[id]")] = "",
        match_type: Annotated[_Filter, Query(alias="match[type]")] = "",
        match_version: Annotated[_Filter, Query(alias="match[version]")] = "last",
        match_spec_version: Annotated[_Filter, Query(alias="match[spec_version]")] = "",
    ) -> None:
        self.after = max(
            0 if added_after is None else microseconds_of(added_after), 0 if next_ is None else _read_cursor(next_)
        )
        self.limit = limit
        versions = _values(match_version)
        specs = _values(match_spec_version)
        # The latest version is the only one that is held: it is the first, the last, and all there is.
        exact = () if {"last", "first", "all"} & set(versions) else tuple(_version(each) for each in versions)
        self.wanted = Wanted(ids=_values(match_id), types=_values(match_type), versions=exact)
        self.nothing = bool(specs) and SPEC_VERSION not in specs
        """Objects of another version of STIX were asked for, and there are none."""


def build(runtime: Runtime) -> APIRouter:
    """Everything under ``/taxii2/``; described by the standard, so not in the OpenAPI document."""
    router = APIRouter(prefix=PREFIX, include_in_schema=False, dependencies=[Depends(acceptable)])
    needs = Depends(NeedsForTools(runtime, Permission.POOL_EXPORT))
    _describe(router, runtime, needs)
    _give(router, needs)

    @router.api_route("/{rest:path}", methods=["GET", "POST", "DELETE"])
    def nothing(rest: str, caller: Annotated[Caller, needs]) -> Response:
        """Statuses of what was sent, and everything that the standard does not have."""
        del rest, caller
        raise HanseError(Code.NOT_FOUND, "there is no such resource.", remedy=f"Begin at {PREFIX}/.")

    return router


def _describe(router: APIRouter, runtime: Runtime, needs: object) -> None:
    @router.get("/")
    def discovery(caller: Annotated[Caller, needs]) -> Response:
        """Section 4.1."""
        with caller.reading("taxii-discovery-read"):
            root = runtime.settings.base_url.rstrip("/") + ROOT
        return message(
            {
                "title": "Hanse node",
                "description": "Pooled statements about research partners, as this node holds them.",
                "default": root,
                "api_roots": [root],
            }
        )

    @router.get("/hanse/")
    def api_root(caller: Annotated[Caller, needs]) -> Response:
        """Section 4.2."""
        with caller.reading("taxii-root-read"):
            pass
        return message(
            {
                "title": "Circles",
                "description": "One collection for each circle. Nothing can be added here.",
                "versions": [VERSION],
                "max_content_length": MAX_CONTENT_BYTES,
            }
        )

    @router.get("/hanse/collections/")
    def collections(caller: Annotated[Caller, needs]) -> Response:
        """Section 5.1; without ``collections`` where there is none."""
        with caller.reading("taxii-collections-read") as tx:
            found = [_collection(each) for each in insight.circle_summaries(tx)]
        return message({"collections": found} if found else {})

    @router.get("/hanse/collections/{collection}/")
    def collection_resource(collection: _Uuid, caller: Annotated[Caller, needs]) -> Response:
        """Section 5.2."""
        circle = _circle(caller, collection)
        with caller.reading("taxii-collection-read", circle.circle):
            return message(_collection(circle))


def _give(router: APIRouter, needs: object) -> None:
    @router.get("/hanse/collections/{collection}/manifest/")
    def manifest(
        collection: _Uuid, question: Annotated[Question, Depends()], caller: Annotated[Caller, needs]
    ) -> Response:
        """Section 5.3."""
        page = _found(caller, collection, question, "taxii-manifest-read")
        return _envelope("objects", [_manifest_record(each) for each in page.objects], page)

    @router.get("/hanse/collections/{collection}/objects/")
    def objects(
        collection: _Uuid, question: Annotated[Question, Depends()], caller: Annotated[Caller, needs]
    ) -> Response:
        """Section 5.4."""
        page = _found(caller, collection, question, "taxii-objects-read")
        return _envelope("objects", [each.content for each in page.objects], page)

    @router.post("/hanse/collections/{collection}/objects/")
    @router.delete("/hanse/collections/{collection}/objects/{object_id}/")
    def refuse(collection: _Uuid, caller: Annotated[Caller, needs]) -> Response:
        """Sections 5.5 and 5.7: nobody may write; what is published has two people's approval."""
        _circle(caller, collection)
        raise HanseError(Code.FORBIDDEN, "nothing can be written to this collection.")

    @router.get("/hanse/collections/{collection}/objects/{object_id}/")
    def single(
        collection: _Uuid,
        object_id: _ObjectId,
        question: Annotated[Question, Depends()],
        caller: Annotated[Caller, needs],
    ) -> Response:
        """Section 5.6."""
        page = _one(caller, collection, object_id, question, "taxii-object-read")
        return _envelope("objects", [each.content for each in page.objects], page)

    @router.get("/hanse/collections/{collection}/objects/{object_id}/versions/")
    def versions(
        collection: _Uuid,
        object_id: _ObjectId,
        question: Annotated[Question, Depends()],
        caller: Annotated[Caller, needs],
    ) -> Response:
        """Section 5.8; one at most, because earlier wordings are not held."""
        page = _one(caller, collection, object_id, question, "taxii-versions-read")
        return _envelope("versions", [_version_of(each) for each in page.objects], page)


def _found(caller: Caller, collection: str, query: Question, action: str, *, whole: bool = False) -> CollectionPage:
    """What a question gives; of a whole collection where one object is looked for."""
    circle = _circle(caller, collection).circle
    asked = taxii.Asked(query.after, min(query.limit, taxii.MAX_PAGE), query.wanted, caller.now)
    taxii.catch_up(caller.runtime.database, circle, until=None if whole else asked)
    with caller.reading(action, circle) as tx:
        if query.nothing:
            return CollectionPage((), query.after, more=False, left_out=0)
        return taxii.page(tx, caller.runtime.vocabulary, circle, asked)


def _one(caller: Caller, collection: str, object_id: str, query: Question, action: str) -> CollectionPage:
    """One object, or ``NOT_FOUND``."""
    query.wanted = Wanted(ids=(object_id,), versions=query.wanted.versions)
    page = _found(caller, collection, query, action, whole=True)
    if not page.objects and not (query.after or query.wanted.versions or query.nothing):
        raise HanseError(Code.NOT_FOUND, "this collection holds no such object.")
    return page


def _circle(caller: Caller, collection: str) -> CircleSummary:
    with caller.runtime.database.read() as tx:
        for summary in insight.circle_summaries(tx):
            if collection_uuid(summary.circle) == collection.lower():
                return summary
    raise HanseError(Code.NOT_FOUND, "there is no such collection.", remedy="List the collections of this API root.")


def _collection(circle: CircleSummary) -> dict[str, object]:
    return {
        "id": collection_uuid(circle.circle),
        "title": circle.name,
        "description": f"{circle.purpose} Circle {circle.circle}.",
        "can_read": True,
        "can_write": False,
        "media_types": [STIX],
    }


def _envelope(name: str, items: Sequence[object], page: CollectionPage) -> Response:
    """Section 3.7: an empty list is left out, and ``next`` is there where there is more."""
    body: dict[str, object] = {"more": page.more}
    if page.more:
        body["next"] = _cursor(page.end)
    if items:
        body[name] = items
    headers = {}
    if page.objects:
        headers[FIRST_HEADER] = time_of(page.objects[0].indexed.added)
        headers[LAST_HEADER] = time_of(page.objects[-1].indexed.added)
    if page.left_out:
        headers[LEFT_OUT_HEADER] = str(page.left_out)
    return message(body, headers)


def _manifest_record(each: CollectedObject) -> dict[str, object]:
    return {
        "id": each.indexed.id,
        "date_added": time_of(each.indexed.added),
        "version": _version_of(each),
        "media_type": STIX,
    }


def _version_of(each: CollectedObject) -> str:
    """``modified``, or ``created`` of what is never modified, such as a marking (section 3.4.1)."""
    return str(each.content.get("modified") or each.content["created"])


def _values(text: str) -> tuple[str, ...]:
    values = tuple(filter(None, (each.strip() for each in text.split(","))))
    if len(values) > MAX_FILTER_VALUES:
        raise HanseError(Code.INVALID, f"a filter has at most {MAX_FILTER_VALUES} values.")
    return values


def _version(text: str) -> int:
    return microseconds_of(text) // _PER_MILLISECOND


def _cursor(added: int) -> str:
    return encode_bytes(added.to_bytes(_CURSOR_BYTES, "big"))


def _read_cursor(text: str) -> int:
    try:
        data = decode_bytes(text)
    except ProtocolError as error:
        raise _bad_cursor() from error
    added = int.from_bytes(data, "big")
    if len(data) != _CURSOR_BYTES or added > _MAX_MICROSECONDS:
        raise _bad_cursor()
    return added


def _bad_cursor() -> HanseError:
    return HanseError(
        Code.INVALID,
        "this is no value of `next` of this node.",
        remedy="Give the value from the page before, or leave it out.",
    )
