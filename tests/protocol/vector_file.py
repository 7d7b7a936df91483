"""The shape of a vector file: cases that every implementation must answer alike.

Each refused case names the error code, and at least one flag; the file says of every flag what accepting such
a case would allow. A case flagged ``beyond-schema`` is refused by the parser for a reason that JSON Schema
cannot state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from protocol.errors import Code

BEYOND_SCHEMA: Final = "beyond-schema"
_ABOUT_BEYOND_SCHEMA: Final = (
    "nothing by itself: JSON Schema cannot state the rule (check digits, the one encoding, order, dates), so only "
    "the parser refuses the case"
)
Files: TypeAlias = Mapping[str, bytes]


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
