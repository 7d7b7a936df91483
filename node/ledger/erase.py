"""What erasures take away from one log: the content goes, the leaf hash stays.

Which statement an erasure acts on, :mod:`protocol.projection` decides. What goes with it here: the statement's content,
that of its corrections, and that of entries which nobody can read and which the erasure names (clauses 4.22 and 8.14).
Nothing else that it names: an author cannot take away by it what members know of each other.
"""

from collections.abc import Iterable, Mapping, Sequence

from node.domain.ledger import Log
from node.storage import gone
from node.storage import projection as rows
from node.storage.database import Transaction
from protocol.identifiers import StatementId
from protocol.projection import WHOLE, ClaimKey, Projected, Reading
from protocol.replica import AcceptedEntry, Erased
from protocol.statements import Erasure, Timestamp


def named_by(entries: Iterable[AcceptedEntry]) -> set[int]:
    """The places that erasures among these entries name."""
    return {index for entry in entries if isinstance(entry.content, Erasure) for index in entry.content.body.indices}


def note_missing(tx: Transaction, log: Log, entries: Iterable[AcceptedEntry], now: Timestamp, *, vouched: bool) -> None:
    """Remember which of these new entries came without content."""
    missing = [entry.index for entry in entries if isinstance(entry.content, Erased)]
    gone.add_missing(tx, log, missing, now, vouched=vouched)


def erasures(entries: Sequence[AcceptedEntry], reading: Reading) -> Mapping[int, Erasure]:
    """Those among these entries that can be read and are not void, by their index."""
    return {
        entry.index: entry.content
        for entry in entries
        if isinstance(entry.content, Erasure)
        and (row := reading.new.get(entry.content.id)) is not None
        and row.index == entry.index
        and not row.void
    }


def take_away(
    tx: Transaction, log: Log, acting: Mapping[int, Erasure], reading: Reading, now: Timestamp
) -> set[ClaimKey]:
    """Take the content away that these erasures act on; the claims on which it stood, now and before corrections.

    Also the content of a correction that came when its target had none any more. The caller holds the locks of the log
    and the feed, and marks the claims.
    """
    going: dict[int, int | None] = {}
    for index, erasure in acting.items():
        gone.note_named(tx, log, erasure.body.indices, index)
        going |= dict.fromkeys(gone.unreadable_among(tx, log, erasure.body.indices), index)
    targets = _with_content([erasure.body.target for erasure in acting.values()], reading)
    for row in targets:
        going |= dict.fromkeys([row.index, *gone.corrections_of(tx, log.id, [row.id])], row.erased_by)
    going |= _late_corrections(tx, log, reading, going)
    claims = rows.claims_answered(tx, log.circle, {(log.contributor, row.id) for row in targets})
    gone.drop(tx, log.circle, log.contributor, log.id, going, now)
    return claims


def _with_content(targets: Iterable[StatementId], reading: Reading) -> list[Projected]:
    read = {**reading.changed, **reading.new}
    found = (read[each] for each in targets if each in read)
    return [row for row in found if row.erased_by is not None and not row.gone]


def _late_corrections(
    tx: Transaction, log: Log, reading: Reading, going: Mapping[int, int | None]
) -> dict[int, int | None]:
    targets = {
        row.index: row.target_id
        for row in reading.new.values()
        if row.kind == "correction" and row.target_id is not None and not row.gone and row.index not in going
    }
    behind = gone.by_id(tx, log, set(targets.values()), WHOLE) if targets else {}
    return {index: behind[target].erased_by for index, target in targets.items() if target in behind}
