"""Wire types by msgspec or by strict pydantic: decoding one finding and encoding it canonically again.

Run ``python -m tests.bench.wire_types``. Both read the same bytes into frozen, closed types with the same patterns
and bounds, check the same rules between members, and write the canonical bytes again. The floor of the same run is
``json.loads`` and ``json.dumps`` without any type. Runs are interleaved and counted in processor
time, so that a busy machine slows all alike.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from protocol import statements
from protocol.identifiers import PATTERN_128_BITS, PATTERN_256_BITS, PATTERN_CODE, PATTERN_SUBJECT, parse_subject_id
from tests.protocol.samples import finding

RUNS: Final = 7
ROUNDS: Final = 1_000

_Code = Annotated[str, StringConstraints(pattern=f"^{PATTERN_CODE}$", max_length=64)]
_Digest = Annotated[str, StringConstraints(pattern=f"^{PATTERN_256_BITS}$")]
_Codes = Annotated[tuple[_Code, ...], Field(max_length=16)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class _Subject(_Model):
    id: Annotated[str, StringConstraints(pattern=f"^{PATTERN_SUBJECT}$")]
    label: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]

    @model_validator(mode="after")
    def _check(self) -> "_Subject":
        parse_subject_id(self.id)
        return self


class _Period(_Model):
    start: date = Field(alias="from")
    end: date = Field(alias="until")

    @model_validator(mode="after")
    def _check(self) -> "_Period":
        if self.end < self.start:
            raise ValueError("ends before it begins")
        return self


class _Grade(_Model):
    reliability: Literal["A", "B", "C", "D", "E", "F"]
    credibility: Annotated[int, Field(ge=1, le=6)]


class _Body(_Model):
    subject: _Subject
    indicator: _Code
    scope: _Code
    observed: _Period
    strength: Annotated[int, Field(ge=1, le=4)]
    grade: _Grade
    evidence_kinds: _Codes
    sources: Annotated[tuple[_Digest, ...], Field(max_length=16)]
    technology_domains: _Codes
    engagement_kind: _Code
    mitigations: _Codes
    summary: Annotated[str, StringConstraints(max_length=600, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    handling: Literal["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"]

    @model_validator(mode="after")
    def _check(self) -> "_Body":
        for values in (self.evidence_kinds, self.sources, self.technology_domains, self.mitigations):
            if any(a >= b for a, b in pairwise(values)):
                raise ValueError("not ascending")
        return self


class _Finding(_Model):
    v: Literal[1]
    id: Annotated[str, StringConstraints(pattern=f"^{PATTERN_128_BITS}$")]
    circle: _Digest
    kind: Literal["finding"]
    iat: Annotated[int, Field(ge=0, multiple_of=statements.DAY_SECONDS)]
    exp: Annotated[int, Field(ge=0, multiple_of=statements.DAY_SECONDS)]
    sd: Annotated[tuple[_Digest, ...], Field(min_length=4, max_length=4, alias="_sd")]
    sd_alg: Literal["sha-256"] = Field(alias="_sd_alg")
    body: _Body


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _by_pydantic(data: bytes) -> bool:
    value = _Finding.model_validate_json(data)
    return _canonical(value.model_dump(mode="json", by_alias=True)) == data


def _by_msgspec(data: bytes) -> bool:
    statements.decode(data)  # encodes what it has decoded, and compares
    return True


def _by_nothing(data: bytes) -> bool:
    return _canonical(json.loads(data)) == data  # noqa: TID251 - the floor of the measurement is the plain library


def _microseconds(way: Callable[[bytes], bool], data: bytes) -> float:
    begin = time.process_time()
    for _ in range(ROUNDS):
        way(data)
    return (time.process_time() - begin) / ROUNDS * 1e6


def measure() -> dict[str, float]:
    """Microseconds for one finding, medians of ``RUNS`` interleaved runs, and the ratio of the two."""
    data = statements.encode(finding())
    ways = {"msgspec": _by_msgspec, "pydantic": _by_pydantic, "json_floor": _by_nothing}
    if not all(way(data) for way in ways.values()):
        raise ValueError("the ways do not agree on the bytes")
    runs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            runs[name].append(_microseconds(way, data))
    medians = {name: median(values) for name, values in runs.items()}
    return medians | {"bytes": float(len(data)), "pydantic_over_msgspec": medians["pydantic"] / medians["msgspec"]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in measure().items()}) + "\n")
