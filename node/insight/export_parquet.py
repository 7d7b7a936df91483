"""Apache Parquet: typed columns for dataframes, in row groups, with what the file says of itself in its metadata."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Final

import pyarrow as pa  # type: ignore[import-untyped]  # the library ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from node.domain.exports import Cover, Row
from node.insight.handling import Gate, left_out_words

_GROUP: Final = 10_000
"""Rows in one row group: held in memory until it is written, about 15 MB."""
_LISTS: Final = frozenset({"technology_domains", "mitigations", "evidence_kinds", "sources", "answers"})
_DAYS: Final = frozenset({"issued", "expires", "observed_from", "observed_until", "replied"})
_NUMBERS: Final[Mapping[str, pa.DataType]] = {"seq": pa.int64(), "strength": pa.int8(), "credibility": pa.int8()}


def _type_of(name: str) -> pa.DataType:
    if name in _LISTS:
        return pa.list_(pa.string())
    return pa.date32() if name in _DAYS else _NUMBERS.get(name, pa.string())


SCHEMA: Final = pa.schema([pa.field(each.name, _type_of(each.name)) for each in fields(Row)])


class _Sink:
    """A file that is handed on as it grows: what has been written and not yet been taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        return self._length

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def write_parquet(cover: Cover, batches: Iterator[Sequence[Row]], gate: Gate[Row]) -> Iterator[bytes]:
    """The file in pieces. Without its end no reader opens it."""
    sink = _Sink()
    said = {f"hanse.{name}": str(value) for name, value in asdict(cover).items()}
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), SCHEMA.with_metadata(said), compression="zstd") as writer:
        waiting: list[Row] = []
        count = 0
        for batch in batches:
            waiting.extend(batch)
            count += len(batch)
            if len(waiting) >= _GROUP:
                writer.write_batch(_record_batch(waiting))
                waiting = []
                yield sink.take()
        if waiting:
            writer.write_batch(_record_batch(waiting))
        end = {"rows": str(count), "left_out": str(gate.left_out), "words": left_out_words(gate.left_out)}
        writer.add_key_value_metadata({f"hanse.{name}": value for name, value in end.items()})
    yield sink.take()


def _record_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    columns = [pa.array([getattr(row, each.name) for row in rows], each.type) for each in SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
