"""What contributors call the two ends of a relation, so that others find and reuse an identifier instead of a second.

Findings are read for names when their claims are computed (:mod:`node.insight.refresh`); relations have no claim, so
they are followed here along the feed, which loses nothing and repeats nothing.
"""

from typing import Final

import sqlalchemy as sa

from node.domain.subjects import Organisation
from node.storage import statements
from node.storage.database import Transaction
from node.storage.tables.subjects import NAMING
from node.storage.upsert import insert_new
from protocol.statements import Kind, RelationBody, Timestamp

MAX_RELATIONS: Final = 2_000
"""Relations read in one transaction: about 0.1 s."""
_KINDS: Final[tuple[Kind, ...]] = ("relation",)
_ROW: Final = 1


def take_names(tx: Transaction, now: Timestamp) -> list[Organisation]:
    """The ends of relations that were not looked at before; they count as looked at when the transaction commits."""
    last = statements.last_seq(tx)
    if last <= int(tx.connection.execute(sa.select(NAMING.c.seq)).scalar_one_or_none() or 0):
        return []
    insert_new(tx, NAMING, {"id": _ROW, "seq": 0})
    after = int(tx.connection.execute(sa.select(NAMING.c.seq).with_for_update()).scalar_one())
    found = statements.feed(tx, after=after, limit=MAX_RELATIONS, now=now, kinds=_KINDS)
    reached = found[-1].seq if len(found) == MAX_RELATIONS else max(last, after)
    tx.connection.execute(sa.update(NAMING).values(seq=reached))
    return [
        Organisation(id=end.id, label=end.label, origin="statement", circle=stored.circle)
        for stored in found
        if isinstance(stored.body, RelationBody) and stored.counts
        for end in (stored.body.subject, stored.body.object)
    ]
