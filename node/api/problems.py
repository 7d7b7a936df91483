"""Every error body of this node: RFC 9457 ``application/problem+json``, from one table.

The one place where an error meets HTTP. ``type`` is ``urn:hanse:problem:<code>`` with the stable code of
:class:`node.errors.Code` or :class:`protocol.errors.Code` (or one of the few codes below that only HTTP knows),
so that a client can act on it without reading prose.

What a body never holds: a stack, a path of a file, a parameter of a query, the text of an exception that was not
written for callers. Failures of the node itself are answered with an identifier that is also in its log.
"""

import secrets
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from node.api.answer_headers import AnswerHeaders
from node.api.body_limit import MAX_BODY_BYTES, BodyLimit
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.logs import logger
from protocol.errors import Code as ProtocolCode
from protocol.errors import ProtocolError

MEDIA_TYPE: Final = "application/problem+json"
URN: Final = "urn:hanse:problem:"
MAX_VALIDATION_NOTES: Final = 10
"""Faults of one request that are listed: enough to mend a form, too few to make an answer large."""
_MAX_NOTE_CHARACTERS: Final = 200
_INCIDENT_BYTES: Final = 9


class HttpCode(StrEnum):
    """Codes that only the HTTP edge knows."""

    METHOD_NOT_ALLOWED = "method-not-allowed"
    HTTP_ERROR = "http-error"
    INTERNAL = "internal"


AnyCode: TypeAlias = NodeCode | ProtocolCode | HttpCode

TABLE: Final[Mapping[str, tuple[int, str]]] = {
    NodeCode.NOT_FOUND: (404, "There is no such thing here"),
    NodeCode.INVALID: (422, "The request is not valid"),
    NodeCode.CONFLICT: (409, "It conflicts with what is there"),
    NodeCode.NOT_SIGNED_IN: (401, "Not signed in"),
    NodeCode.NOT_ACCEPTABLE: (406, "No such version of the answer"),
    NodeCode.FORBIDDEN: (403, "Not permitted"),
    NodeCode.FOUR_EYES: (403, "A second person has to do this"),
    NodeCode.PRIVACY_GATE: (422, "The privacy gate holds this back"),
    NodeCode.TRANSFER_BASIS_MISSING: (409, "No basis for this transfer is recorded"),
    NodeCode.TOO_LARGE: (413, "Too large"),
    NodeCode.TOO_MANY_REQUESTS: (429, "Too many requests"),
    NodeCode.BAD_FILE: (422, "The file cannot be used"),
    NodeCode.BAD_KEY_FILE: (500, "A key file of the node cannot be used"),
    NodeCode.IDENTITY_OFFLINE: (409, "The identity key is kept offline"),
    NodeCode.NOT_CONFIRMED: (409, "Whose key this is has not been confirmed"),
    NodeCode.BAD_CONFIGURATION: (500, "The node is not configured rightly"),
    NodeCode.NEWER_DATABASE: (503, "The database belongs to a newer version"),
    NodeCode.OLDER_DATABASE: (503, "The database belongs to an older version"),
    NodeCode.CORRUPTED: (500, "Stored data is damaged"),
    NodeCode.PEER_UNREACHABLE: (502, "The other node cannot be reached"),
    NodeCode.PEER_REFUSED: (502, "The other node refused"),
    NodeCode.PEER_MISBEHAVED: (502, "The other node misbehaved"),
    NodeCode.NO_SUCH_MEMBER: (404, "There is no such member"),
    NodeCode.QUOTA_EXCEEDED: (429, "A log has used up its quota of the day"),
    NodeCode.NOTICE_FAILED: (502, "A notice did not arrive"),
    NodeCode.NO_SPACE: (507, "The file could not be stored"),
    NodeCode.SIGN_IN_FAILED: (502, "The institution's sign-in service failed"),
    ProtocolCode.TOO_LARGE: (413, "Too large"),
    ProtocolCode.MALFORMED: (400, "Malformed"),
    ProtocolCode.NON_CANONICAL: (400, "Not in canonical encoding"),
    ProtocolCode.BAD_IDENTIFIER: (400, "Not an identifier"),
    ProtocolCode.UNKNOWN_CODE: (422, "Unknown vocabulary code"),
    ProtocolCode.BAD_KEY: (422, "Not a usable key"),
    ProtocolCode.BAD_HEADER: (422, "Wrong signature header"),
    ProtocolCode.BAD_SIGNATURE: (422, "The signature does not verify"),
    ProtocolCode.WRONG_KEY: (422, "Signed by another key"),
    ProtocolCode.WRONG_CIRCLE: (422, "Belongs to another circle"),
    ProtocolCode.FUTURE_DATED: (422, "Dated in the future"),
    ProtocolCode.EXPIRED: (422, "Expired"),
    ProtocolCode.BAD_VALIDITY: (422, "Wrong period of validity"),
    ProtocolCode.DUPLICATE_ID: (409, "The identifier is taken"),
    ProtocolCode.INCONSISTENT: (422, "It contradicts itself"),
    ProtocolCode.BAD_DISCLOSURE: (422, "The disclosure does not verify"),
    ProtocolCode.BAD_CHECKPOINT: (422, "Not a valid checkpoint"),
    ProtocolCode.STALE_CHECKPOINT: (409, "The checkpoint is older than ours"),
    ProtocolCode.WRONG_ROOT: (422, "The root does not match"),
    ProtocolCode.GAP: (409, "Entries are missing"),
    ProtocolCode.FORK: (409, "The log was forked"),
    ProtocolCode.BAD_PROOF: (422, "The proof does not verify"),
    ProtocolCode.BAD_STREAM: (400, "The stream cannot be read"),
    ProtocolCode.TRUNCATED: (400, "The stream is cut short"),
    ProtocolCode.BAD_DIGEST: (400, "The content digest does not match"),
    ProtocolCode.BAD_REQUEST_SIGNATURE: (401, "The request's signature does not verify"),
    ProtocolCode.NOT_FRESH: (401, "The request is not fresh"),
    ProtocolCode.REPLAYED: (401, "The request was seen before"),
    ProtocolCode.BAD_CHARTER: (422, "Not a valid charter"),
    ProtocolCode.NOT_A_MEMBER: (403, "Not a member of this circle"),
    HttpCode.METHOD_NOT_ALLOWED: (405, "This method is not offered here"),
    HttpCode.HTTP_ERROR: (400, "The request was refused"),
    HttpCode.INTERNAL: (500, "The node failed to answer"),
}
"""Code to status and title. ``too-large`` is one code with one meaning in both families."""

_BY_STATUS: Final[Mapping[int, AnyCode]] = {
    400: ProtocolCode.MALFORMED,
    401: NodeCode.NOT_SIGNED_IN,
    403: NodeCode.FORBIDDEN,
    404: NodeCode.NOT_FOUND,
    405: HttpCode.METHOD_NOT_ALLOWED,
    406: NodeCode.NOT_ACCEPTABLE,
    409: NodeCode.CONFLICT,
    413: NodeCode.TOO_LARGE,
    422: NodeCode.INVALID,
    429: NodeCode.TOO_MANY_REQUESTS,
    500: HttpCode.INTERNAL,
}
_OURS: Final = frozenset(
    {
        NodeCode.BAD_KEY_FILE,
        NodeCode.BAD_CONFIGURATION,
        NodeCode.CORRUPTED,
        NodeCode.NEWER_DATABASE,
        NodeCode.OLDER_DATABASE,
    }
)
"""Failures whose details (file names, places in the database) are for the operator's log, not for callers."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem document, before it is rendered as JSON or as a page."""

    code: str
    status: int
    title: str
    detail: str
    remedy: str
    instance: str

    @property
    def body(self) -> bytes:
        """RFC 9457 members and our two: ``code`` and ``remedy``."""
        return msgspec.json.encode(
            {
                "type": URN + self.code,
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "remedy": self.remedy,
                "instance": self.instance,
            }
        )


class ProblemDocument(BaseModel):
    """An error, after RFC 9457."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "type": "urn:hanse:problem:not-found",
                "title": "There is no such thing here",
                "status": 404,
                "detail": "no organisation with this identifier is in the registry.",
                "code": "not-found",
                "remedy": "Search for it by name.",
                "instance": "/api/v1/subjects/ror:00abcde10",
            }
        },
    )

    type: str = Field(description="`urn:hanse:problem:` and the code.")
    title: str = Field(description="The same words for every problem of this code.")
    status: int = Field(description="The HTTP status code.")
    detail: str = Field(description="What was wrong with this request, and where.")
    code: str = Field(description="A stable name; act on this one.")
    remedy: str = Field(description="What to do about it; may be empty.")
    instance: str = Field(description="The path that was asked for.")


Renderer: TypeAlias = Callable[[Request, Problem], Response | None]
"""Gives a problem another form (a page), or ``None`` for problem+json."""


def problem(code: AnyCode, detail: str, *, remedy: str = "", instance: str = "") -> Problem:
    """The problem of a code, with status and title from the table."""
    status, title = TABLE[code]
    return Problem(code.value, status, title, detail, remedy, instance)


def of_error(error: HanseError | ProtocolError, instance: str) -> Problem:
    """The problem a caller may read; details of the node's own failures go to the log, under an identifier."""
    remedy = error.remedy if isinstance(error, HanseError) else ""
    if error.code not in _OURS:
        return problem(error.code, error.detail, remedy=remedy, instance=instance)
    incident = new_incident()
    logger(__name__).error("node-failure", incident=incident, code=error.code.value, detail=error.detail)
    return problem(error.code, _incident_detail(incident), remedy=_INCIDENT_REMEDY, instance=instance)


def response(document: Problem) -> Response:
    """The problem as ``application/problem+json``."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if document.status == HTTPStatus.UNAUTHORIZED:
        # RFC 9110 section 11.6.1: a 401 names the scheme that would help.
        scheme = "Bearer" if document.code == NodeCode.NOT_SIGNED_IN else "Signature"
        headers["WWW-Authenticate"] = f'{scheme} realm="hanse"'
    return Response(document.body, document.status, headers, MEDIA_TYPE)


def install(app: FastAPI, render: Renderer | None = None) -> None:
    """Answer every error of ``app`` with a problem document.

    ``render`` may turn the problem of a page's request into a page; where it returns ``None`` it stays JSON.
    """

    def answer(request: Request, document: Problem, headers: Mapping[str, str] | None = None) -> Response:
        rendered = render(request, document) if render else None
        result = rendered if rendered is not None else response(document)
        if headers:
            result.headers.update(headers)
        return result

    # Starlette types a handler's second argument as Exception; each is registered for the class it takes.
    def hanse(request: Request, error: Any) -> Response:  # noqa: ANN401
        return answer(request, of_error(error, request.url.path))

    def validation(request: Request, error: Any) -> Response:  # noqa: ANN401
        return answer(request, _of_validation(error, request.url.path))

    def http(request: Request, error: Any) -> Response:  # noqa: ANN401
        return answer(request, _of_http(error, request.url.path), error.headers)

    def unexpected(request: Request, error: Exception) -> Response:
        return answer(request, _of_unexpected(error, request.url.path))

    app.add_exception_handler(HanseError, hanse)
    app.add_exception_handler(ProtocolError, hanse)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)
    app.add_middleware(BodyLimit, refuse=_too_large)
    app.add_middleware(AnswerHeaders)
    _describe(app)


def declared(*codes: AnyCode) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route for OpenAPI: these problems, and ``default`` for any other."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title = TABLE[code]
        known = by_status.get(status)
        words = f"{known['description']}; {title} (`{code}`)" if known else f"{title} (`{code}`)"
        by_status[status] = {"description": words, "content": content}
    by_status["default"] = {"description": "Any other problem", "content": content}
    return by_status


def new_incident() -> str:
    """A random identifier that ties an answer to a line in the log."""
    return secrets.token_urlsafe(_INCIDENT_BYTES)


_INCIDENT_REMEDY: Final = "Give this identifier to the operator of the node."


def _too_large(path: str) -> Response:
    return response(problem(NodeCode.TOO_LARGE, f"the request has more than {MAX_BODY_BYTES} bytes.", instance=path))


def _describe(app: FastAPI) -> None:
    """Put the schema that :func:`declared` refers to into the application's OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _incident_detail(incident: str) -> str:
    return f"The node could not answer. Its log says why, under the identifier {incident}."


def _of_validation(error: RequestValidationError, instance: str) -> Problem:
    """Where and what was wrong, never the value: it may be private, and the caller knows it."""
    notes = [
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"[:_MAX_NOTE_CHARACTERS]
        for fault in error.errors()[:MAX_VALIDATION_NOTES]
    ]
    return problem(NodeCode.INVALID, "; ".join(notes), instance=instance)


def _of_http(error: HTTPException, instance: str) -> Problem:
    code = _BY_STATUS.get(error.status_code, HttpCode.HTTP_ERROR)
    _, title = TABLE[code]
    # The framework's own words ("Not Found") add nothing to the title, and a stranger's may quote input.
    return Problem(code.value, error.status_code, title, f"{title}.", "", instance)


def _of_unexpected(error: Exception, instance: str) -> Problem:
    incident = new_incident()
    # The exception's text may quote private values (a query's parameters, a row); its place does not.
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    logger(__name__).error("unexpected", incident=incident, error=type(error).__name__, where=where)
    return problem(HttpCode.INTERNAL, _incident_detail(incident), remedy=_INCIDENT_REMEDY, instance=instance)
