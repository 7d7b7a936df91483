"""An index straight from registry files, without a node."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from node.domain.subjects import Organisation, SkippedRecord
from node.errors import HanseError
from node.storage.subjects import Record
from node.subjects import records
from node.subjects.source import open_source
from protocol.identifiers import SubjectId


def read_registry(paths: Sequence[Path], progress: Callable[[int], None] | None = None) -> Iterable[Organisation]:
    """The organisations of these files; of one that stands in several, the fuller and newer record, as a node keeps.

    A malformed record is left out; ``hanse subjects load`` names those. A file that is none raises ``BAD_FILE``.
    """
    best: dict[SubjectId, Record] = {}
    for path in paths:
        with open_source(path) as source:
            for number, raw in enumerate(source.records()):
                if progress and number % 1_000 == 0:
                    progress(number)
                if isinstance(raw, SkippedRecord):
                    continue
                try:
                    record = records.read(raw.text)
                except HanseError:
                    continue
                known = best.get(record.organisation.id)
                if known is None or (record.detail, record.modified) >= (known.detail, known.modified):
                    best[record.organisation.id] = record
    return (record.organisation for record in best.values())
