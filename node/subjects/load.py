"""Loading a registry file into the database.

Guarantee: organisations are written in batches, one transaction each. A load that is interrupted leaves a
registry in which every organisation is whole and is either the old or the new one; loading the file again
completes it. Loading the same file twice changes nothing and reports so. Nothing is ever removed by a load: a
record that the registry withdrew is kept and names its successor.

A record whose text is the one that was read before is not read again: most of a newer dump is such.

A record replaces what is there only if it is at least as full and at least as new, so that a small extract
cannot overwrite the official dump, nor an old dump a new one.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from node.domain.subjects import LoadProgress, LoadReport, SkippedRecord
from node.errors import Code, HanseError
from node.storage import subjects as storage
from node.storage.database import Database, Transaction
from node.subjects import records
from node.subjects.source import RawRecord, Source, open_source
from protocol.identifiers import SubjectId

BATCH: Final = 5_000
"""Organisations in one transaction: below a second of work, so that other writers are not kept waiting."""
MAX_EXAMPLES: Final = 20
"""Skipped records that the report describes."""

Progress: TypeAlias = Callable[[LoadProgress], None]


def load(database: Database, source: Path, progress: Progress | None = None) -> LoadReport:
    """Load a ROR dump (zip or JSON), ``records_v2.jsonl.gz`` or ``organisations.jsonl.gz``.

    Opens its own transactions. A malformed record is skipped and reported with its position; a file that is none,
    or that breaks off, raises ``BAD_FILE``.
    """
    with database.read() as tx:
        tally = _Tally(storage.source_digests(tx))
    with open_source(source) as opened:
        for batch in _batches(opened, tally):
            if batch:
                with database.write() as tx:
                    tally.store(tx, batch)
            if progress:
                progress(LoadProgress(opened.done_bytes, opened.total_bytes, tally.read))
    if not tally.read:
        raise HanseError(Code.BAD_FILE, "the file holds no record.", remedy="Fetch it again.")
    report = tally.report()
    if report.changed:
        with database.write() as tx:
            storage.settle(tx)
    return report


class _Tally:
    """What one load meets, and the counts of it; ``known``: whose record was read from which text."""

    def __init__(self, known: dict[bytes, SubjectId]) -> None:
        self._known = known
        self._seen: set[SubjectId] = set()
        self.read = self.added = self.updated = self.unchanged = self.kept = self.skipped = self.withdrawn = 0
        self.examples: list[SkippedRecord] = []

    def take(self, raw: RawRecord | SkippedRecord) -> storage.Record | None:
        """The record, where it has to be looked at; one that stands here as it was read before is counted alone."""
        self.read += 1
        if isinstance(raw, SkippedRecord):
            self._skip(raw)
            return None
        digest = records.digest(raw.text)
        subject, record = self._known.get(digest), None
        if subject is None:
            try:
                record = records.read(raw.text)
            except HanseError as error:
                self._skip(SkippedRecord(raw.position, error.detail))
                return None
            subject = record.organisation.id
        if subject in self._seen:
            self._skip(SkippedRecord(raw.position, "the organisation stands twice in the file"))
            return None
        self._seen.add(subject)
        if record is None:
            self.unchanged += 1
            return None
        return replace(record, source_digest=digest)

    def _skip(self, record: SkippedRecord) -> None:
        self.skipped += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(record)

    def store(self, tx: Transaction, batch: dict[SubjectId, storage.Record]) -> None:
        there = storage.stored(tx, list(batch))
        wanted: dict[SubjectId, storage.Record] = {}
        for subject, record in batch.items():
            old = there.get(subject)
            if old is None:
                self.added += 1
            elif (record.detail, record.modified) < (old.detail, old.modified):
                self.kept += 1
                continue
            elif old.encoded == storage.encode(record.organisation) and old.modified == record.modified:
                self.unchanged += 1
                continue
            else:
                self.updated += 1
            if record.organisation.status == "withdrawn" and (old is None or not old.withdrawn):
                self.withdrawn += 1
            wanted[subject] = record
        storage.put(tx, wanted)

    def report(self) -> LoadReport:
        return LoadReport(
            read=self.read,
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            kept=self.kept,
            skipped=self.skipped,
            withdrawn=self.withdrawn,
            examples=tuple(self.examples),
        )


def _batches(source: Source, tally: _Tally) -> Iterator[dict[SubjectId, storage.Record]]:
    """What has to be looked at of each :data:`BATCH` records, which may be nothing."""
    batch: dict[SubjectId, storage.Record] = {}
    for raw in source.records():
        record = tally.take(raw)
        if record is not None:
            batch[record.organisation.id] = record
        if tally.read % BATCH == 0:
            yield batch
            batch = {}
    yield batch
