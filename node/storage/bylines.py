"""Names that contributors have signed to single statements, as far as this node holds them.

A projection of the entries: written with the rows of ``statements``, made anew when a log is read again.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Final

import sqlalchemy as sa

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.domain.statements import Byline
from node.storage import circles
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.replies import BYLINES
from node.storage.upsert import insert_new
from protocol.identifiers import CircleId, KeyId, StatementId, encode_bytes
from protocol.projection import Projected
from protocol.pseudonyms import pseudonym

_CONTEXT: Final = b"hanse/v1/byline\n"
_CHUNK: Final = 500


def handle_of(circle: CircleId, identity: KeyId) -> KeyId:
    """What stands in place of the contributor's key: made from what the roster shows beside the institution's name.

    Nothing of the key goes into it, so whoever reads it learns no key; it is the same for all that bears the name.
    """
    return KeyId(encode_bytes(sha256(_CONTEXT + f"{circle}\n{identity}".encode()).digest()))


def voice_of_shown(roster: Roster, shown: KeyId) -> KeyId:
    """Whose voice speaks under what readers see in place of a key. For counting, inside this node."""
    if shown in roster.lines:
        return roster.voice(shown)
    identities = {line.identity for line in roster.lines.values()}
    return next((each for each in sorted(identities) if handle_of(roster.circle, each) == shown), shown)


def note(tx: Transaction, log: Log, rows: Iterable[Projected]) -> None:
    """Remember the names that these rows sign. A void one signs nothing; no institution has one without a roster."""
    signed = [row for row in rows if row.kind == "attribution" and not row.void and row.target_id is not None]
    if not signed:
        return
    roster = circles.find_roster(tx, log.circle)
    line = None if roster is None else roster.lines.get(log.contributor)
    if line is None:
        return
    for row in signed:
        values = {
            "log_id": log.id,
            "statement_id": row.target_id,
            "circle": log.circle,
            "contributor": log.contributor,
            "handle": handle_of(log.circle, line.identity),
            "name": line.name,
        }
        insert_new(tx, BYLINES, values)


def replace(tx: Transaction, log: Log, rows: Iterable[Projected]) -> None:
    """The same for a whole log that was read again."""
    tx.connection.execute(sa.delete(BYLINES).where(BYLINES.c.log_id == log.id))
    note(tx, log, rows)


def of(
    tx: Transaction, circle: CircleId, names: Collection[tuple[KeyId, StatementId]]
) -> Mapping[tuple[KeyId, StatementId], Byline]:
    """Those of these statements of a circle that bear a name."""
    wanted, ids = set(names), sorted({name for _, name in names})
    found: dict[tuple[KeyId, StatementId], Byline] = {}
    for start in range(0, len(ids), _CHUNK):
        here = sa.and_(BYLINES.c.circle == circle, BYLINES.c.statement_id.in_(ids[start : start + _CHUNK]))
        for row in tx.connection.execute(sa.select(BYLINES).where(here)):
            if (row.contributor, row.statement_id) in wanted:
                found[row.contributor, row.statement_id] = Byline(row.handle, row.name)
    return found


def author_shown(tx: Transaction, circle: CircleId, contributor: KeyId, statement: StatementId) -> Byline:
    """What readers see as the author of one statement, whether or not its content is still here."""
    found = of(tx, circle, [(contributor, statement)]).get((contributor, statement))
    return Byline(contributor, pseudonym(circle, contributor)) if found is None else found


def names(tx: Transaction) -> dict[tuple[CircleId, KeyId], str]:
    """Every handle in use, by circle, and whose it is."""
    columns = (BYLINES.c.circle, BYLINES.c.handle, BYLINES.c.name)
    return {(row.circle, row.handle): row.name for row in tx.connection.execute(sa.select(*columns).distinct())}


def names_in(tx: Transaction, circle: CircleId) -> dict[KeyId, str]:
    """The same of one circle."""
    query = sa.select(BYLINES.c.handle, BYLINES.c.name).where(BYLINES.c.circle == circle)
    return {row.handle: row.name for row in tx.connection.execute(query.distinct())}


def circles_with_names(tx: Transaction) -> frozenset[CircleId]:
    """Circles in which anything bears a name: there, places in logs are not shown, because a gap would tell."""
    return frozenset(tx.connection.execute(sa.select(BYLINES.c.circle).distinct()).scalars())


def logs_behind(tx: Transaction, circle: CircleId, handle: KeyId) -> list[KeyId]:
    """The contributor keys of one institution under which something bears its name. For this node alone."""
    query = sa.select(BYLINES.c.contributor).where(BYLINES.c.circle == circle, BYLINES.c.handle == handle)
    return sorted(tx.connection.execute(query.distinct()).scalars())


def counts(tx: Transaction) -> dict[CircleId, dict[KeyId, dict[KeyId, int]]]:
    """By circle and contributor key: how many of its rows are shown under each handle, what acts on them included."""
    shown = sa.case(
        (STATEMENTS.c.kind.in_(ACTING_KINDS), STATEMENTS.c.target_id),
        else_=STATEMENTS.c.id,
    )
    join = sa.join(BYLINES, STATEMENTS, BYLINES.c.log_id == STATEMENTS.c.log_id).join(
        LOGS, LOGS.c.id == BYLINES.c.log_id
    )
    query = (
        sa.select(LOGS.c.circle, LOGS.c.contributor, BYLINES.c.handle, sa.func.count())
        .select_from(join)
        .where(shown == BYLINES.c.statement_id)
        .group_by(LOGS.c.circle, LOGS.c.contributor, BYLINES.c.handle)
    )
    found: dict[CircleId, dict[KeyId, dict[KeyId, int]]] = {}
    for circle, contributor, handle, number in tx.connection.execute(query):
        found.setdefault(circle, {}).setdefault(contributor, {})[handle] = int(number)
    return found


ACTING_KINDS: Final = ("correction", "retraction", "attribution", "erasure", "token")
"""Kinds of statements that act on one of their own log: they bear the name that it bears."""
