"""What every operation of the API shares: the form of bodies and parameters.

Bodies are their own types, so that a change inside the node cannot change the API unseen; pydantic lives here,
at the edge, and nowhere further in.
"""

from collections.abc import Iterator
from typing import Annotated, Final, TypeAlias

from fastapi import Path, Query, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from node.errors import Code, HanseError

EXAMPLE_SUBJECT: Final = "ror:0hanse125"
"""An invented identifier with right check digits; no organisation has it."""
EXAMPLE_CIRCLE: Final = "3q2-7wQmSxXl1Yq0kq0b8d1bV9m2yXzq3n0J4p5r6sA"
EXAMPLE_KEY: Final = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
EXAMPLE_STATEMENT: Final = "Zk0x7uJ2QmWc9b1LQ4nT8g"
MAX_IDENTIFIER_CHARACTERS: Final = 64

READ_PROBLEMS: Final = (Code.NOT_SIGNED_IN, Code.FORBIDDEN, Code.INVALID)
"""What any reading operation may answer with."""


class Model(BaseModel):
    """A body, made from a domain value; every member it may have is declared."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", frozen=True)


SubjectPath: TypeAlias = Annotated[
    str,
    Path(
        min_length=1,
        max_length=MAX_IDENTIFIER_CHARACTERS,
        description="`ror:…`, `lei:…` or `circle:…`.",
        examples=[EXAMPLE_SUBJECT],
    ),
]
SubjectQuery: TypeAlias = Annotated[
    str,
    Query(
        min_length=1,
        max_length=MAX_IDENTIFIER_CHARACTERS,
        description="`ror:…`, `lei:…` or `circle:…`.",
        examples=[EXAMPLE_SUBJECT],
    ),
]


def only_declared(request: Request) -> None:
    """Refuse a query parameter that the operation does not have: a mistyped filter would silently answer more.

    U+0000 is refused here as well, since not every database can be asked for it.
    """
    for name, value in request.query_params.multi_items():
        if "\x00" in value:
            raise HanseError(Code.INVALID, f"{name[:MAX_IDENTIFIER_CHARACTERS]}: holds the character U+0000.")
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        unknown = sorted(set(request.query_params) - set(_query_names(route.dependant)))
        if unknown:
            known = ", ".join(sorted(_query_names(route.dependant))) or "none"
            raise HanseError(
                Code.INVALID, f"{len(unknown)} unknown query parameters.", remedy=f"This operation has: {known}."
            )


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _query_names(each)


def no_store(response: Response) -> None:
    """Pooled findings are handled under TLP: no cache between the node and its reader keeps a copy."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
