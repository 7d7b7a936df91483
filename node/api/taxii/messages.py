"""The form of TAXII answers: media type, times, and the error message of section 3.6.1."""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from node.api.problems import Problem, Renderer
from node.errors import Code, HanseError

PREFIX: Final = "/taxii2"
VERSION: Final = "application/taxii+json;version=2.1"
STIX: Final = "application/stix+json;version=2.1"
FIRST_HEADER: Final = "X-TAXII-Date-Added-First"
LAST_HEADER: Final = "X-TAXII-Date-Added-Last"
LEFT_OUT_HEADER: Final = "X-Hanse-Left-Out"
MAX_ACCEPT_CHARACTERS: Final = 1_000
_ANY: Final = frozenset({"*/*", "application/*"})
_TAXII: Final = "application/taxii+json"
_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z")
_MICRO_DIGITS: Final = 6
_MICROSECONDS: Final = 1_000_000
_UNPROCESSABLE: Final = 422


def message(content: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """A TAXII resource."""
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(msgspec.json.encode(content), status, kept, VERSION)


def renderer(otherwise: Renderer | None = None) -> Renderer:
    """Turns the problem of a TAXII request into a TAXII error; those of others are left to ``otherwise``."""

    def render(request: Request, problem: Problem) -> Response | None:
        if not f"{request.url.path}/".startswith(f"{PREFIX}/"):
            return otherwise(request, problem) if otherwise else None
        # Section 3.5: 400 for a filter that cannot be read; 422 is kept there for content that a client sends.
        status = 400 if problem.status == _UNPROCESSABLE else problem.status
        headers = {}
        if status == 401:  # noqa: PLR2004 -- the status that the header belongs to
            headers["WWW-Authenticate"] = 'Bearer realm="hanse", Basic realm="hanse"'
        body = {
            "title": problem.title,
            "description": " ".join(filter(None, (problem.detail, problem.remedy))),
            "error_code": problem.code,
            "http_status": str(status),
        }
        return message(body, headers, status)

    return render


def acceptable(request: Request) -> None:
    """Section 1.6.8.1: an answer in this version, to those who ask for it or for anything; else 406."""
    accept = request.headers.get("accept", "*/*")[:MAX_ACCEPT_CHARACTERS]
    if not any(_takes(each) for each in accept.split(",")):
        raise HTTPException(406)


def _takes(offer: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in offer.split(";"))
    wanted = {name.strip(): value.strip() for name, _, value in (each.partition("=") for each in parameters)}
    if wanted.get("q") in {"0", "0.0", "0.00", "0.000"}:
        return False
    return kind in _ANY or (kind == _TAXII and wanted.get("version", "2.1").strip('"') == "2.1")


def time_of(microseconds: int) -> str:
    """RFC 3339 in UTC with six digits, as section 3.1 wants it."""
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06}Z"


def microseconds_of(text: str) -> int:
    """Undo :func:`time_of`, with more or fewer digits; raises ``INVALID``."""
    matched = _TIME.fullmatch(text)
    try:
        moment = datetime.fromisoformat(f"{matched[1]}+00:00") if matched else None
    except ValueError:
        moment = None
    if matched is None or moment is None:
        raise HanseError(
            Code.INVALID,
            "this is no timestamp.",
            remedy="Write it as 2026-09-04T00:00:00.000000Z.",
        )
    fraction = (matched[2] or "")[:_MICRO_DIGITS].ljust(_MICRO_DIGITS, "0")
    return int(moment.timestamp()) * _MICROSECONDS + int(fraction)
