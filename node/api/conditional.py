"""Answers that have a state: an entity tag, and 304 for whoever has that state already (RFC 9110, section 13.1.2)."""

from hashlib import sha256
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response

from node.api.answer_headers import add_headers
from protocol.identifiers import encode_bytes

_TAG_BYTES: Final = 16
MAX_TAGS_CHARACTERS: Final = 2_000
"""An ``If-None-Match`` header; a client has one tag, or a few."""
NOT_MODIFIED: Final[dict[int | str, dict[str, object]]] = {304: {"description": "Nothing has changed."}}
"""What a conditional operation may answer as well, for OpenAPI."""


def is_known(request: Request, *state: object) -> bool:
    """Tag the answer to this request by the state that it shows; whether the caller has it already.

    The tag covers the address with its parameters, so two questions never share one.
    """
    parts = [request.url.path, request.url.query, *(str(each) for each in state)]
    digest = sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
    tag = f'"{encode_bytes(digest[:_TAG_BYTES])}"'
    add_headers(request, {"ETag": tag})
    asked = ",".join(request.headers.getlist("if-none-match"))[:MAX_TAGS_CHARACTERS]
    known = {each.strip().removeprefix("W/") for each in asked.split(",")}
    return tag in known or "*" in known


def not_modified() -> Response:
    """The answer to whoever has the state already; what :func:`is_known` noted is added to it."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"Cache-Control": "no-store"})
