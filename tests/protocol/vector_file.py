"""The shape of a vector file: cases that every implementation must answer alike.

Each refused case names the error code, and at least one flag; the file says of every flag what accepting such
a case would allow. A case flagged ``beyond-schema`` is refused by the parser for a reason that JSON Schema
cannot state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

import msgspec

from protocol.errors import Code, ProtocolError
from tests.support import ROOT

BEYOND_SCHEMA: Final = "beyond-schema"
_ABOUT_BEYOND_SCHEMA: Final = (
    "nothing by itself: JSON Schema cannot state the rule (check digits, the one encoding, order, dates), so only "
    "the parser refuses the case"
)
VECTORS: Final = ROOT / "schemas" / "vectors"
_C = TypeVar("_C")
_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Case:
    """One input and its answer; ``error`` is None where it must be accepted."""

    name: str
    clause: str
    given: Mapping[str, object]
    error: Code | None = None
    flags: Sequence[str] = ()


def vector_file(about: str, flags: Mapping[str, str], cases: Sequence[Case], **more: object) -> bytes:
    """The bytes of one vector file; refuses a file that does not explain its flags or names a case twice."""
    used = {flag for case in cases for flag in case.flags} - {BEYOND_SCHEMA}
    if used != set(flags):
        raise ValueError(f"explained and used flags differ: {sorted(used ^ set(flags))}")
    if len({case.name for case in cases}) != len(cases):
        raise ValueError("a case name stands twice")
    for case in cases:
        if (case.error is None) == bool(set(case.flags) - {BEYOND_SCHEMA}):
            raise ValueError(f"{case.name}: a refused case, and no other, says what accepting it would allow")
    explained = dict(flags)
    if any(BEYOND_SCHEMA in case.flags for case in cases):
        explained[BEYOND_SCHEMA] = _ABOUT_BEYOND_SCHEMA
    return json_file(
        {
            "about": about,
            **more,
            "flags": explained,
            "cases": [
                {
                    "name": case.name,
                    "clause": case.clause,
                    **case.given,
                    "result": "accept" if case.error is None else "refuse",
                    "error": case.error,
                    "flags": list(case.flags),
                }
                for case in cases
            ],
        }
    )


def json_file(value: object) -> bytes:
    """Indented JSON with a final line feed, members in the order given."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def load_cases(name: str, case_type: type[_C]) -> list[_C]:
    """The cases of a vector file below ``schemas/vectors``, each as a value of ``case_type``."""
    file = msgspec.json.decode((VECTORS / name).read_bytes(), type=dict[str, msgspec.Raw])
    cases = msgspec.json.decode(file["cases"], type=list[msgspec.Raw])
    return [msgspec.json.decode(case, type=case_type) for case in cases]


def load_lines(name: str) -> list[str]:
    """The lines of a text file of vectors, without its comments."""
    lines = (VECTORS / name).read_text(encoding="utf-8").split("\n")[:-1]
    return [line for line in lines if not line.startswith("#")]


def error_code(action: Callable[_P, object], *arguments: _P.args, **named: _P.kwargs) -> Code | None:
    """The code with which an action refuses its input, or None; any other exception goes through."""
    try:
        action(*arguments, **named)
    except ProtocolError as error:
        return error.code
    return None
