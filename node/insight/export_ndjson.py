"""NDJSON: a line that says what the file is, a line for each statement, and a line that says it is complete."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import msgspec

from node.domain.exports import Cover, Row
from node.insight.handling import Gate, left_out_words

_ENCODER: Final = msgspec.json.Encoder()


def write_ndjson(cover: Cover, batches: Iterator[Sequence[Row]], gate: Gate[Row]) -> Iterator[bytes]:
    """The file in pieces. Without its last line it was cut short."""
    yield _line({"type": "export", **asdict(cover)})
    count = 0
    for batch in batches:
        count += len(batch)
        yield _ENCODER.encode_lines(batch)
    yield _line({"type": "end", "rows": count, "left_out": gate.left_out, "words": left_out_words(gate.left_out)})


def _line(value: object) -> bytes:
    return _ENCODER.encode(value) + b"\n"
