"""Counts for monitoring, each from an index or a table of few rows: asked every few seconds, it must cost nothing."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from node.domain.monitoring import CircleState, NodeState
from node.storage.database import Transaction
from node.storage.peers import list_heartbeats
from node.storage.tables.ledger import DIRTY_CLAIMS, FEED, LOGS, UNREADABLE_ENTRIES
from node.storage.tables.letters import LETTERS_OUT
from node.storage.tables.statement_index import STATEMENT_INDEX_STATE


def state(tx: Transaction) -> NodeState:
    """How the node stands."""
    return NodeState(
        circles=_circles(tx),
        beats={beat.name: beat.at for beat in list_heartbeats(tx)},
        feed=_one(tx, sa.select(sa.func.coalesce(sa.func.max(FEED.c.last), 0))),
        indexed=_one(tx, sa.select(sa.func.coalesce(sa.func.max(STATEMENT_INDEX_STATE.c.indexed_to), 0))),
        dirty=_one(tx, sa.select(sa.func.count()).select_from(DIRTY_CLAIMS)),
        letters=_one(tx, sa.select(sa.func.count()).select_from(LETTERS_OUT).where(LETTERS_OUT.c.state == "waiting")),
        database_bytes=_size(tx),
    )


def answers(tx: Transaction) -> None:
    """Ask the database something; raises what its driver raises where it does not answer."""
    tx.connection.execute(sa.select(1)).one()


def damage(tx: Transaction) -> str:
    """What SQLite finds wrong with its file, in its own words; empty where nothing is. PostgreSQL is not asked."""
    if tx.is_postgresql:
        return ""
    found = str(tx.connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return "" if found == "ok" else found


def _circles(tx: Transaction) -> tuple[CircleState, ...]:
    unreadable = Counter(
        {
            row.circle: int(row.number)
            for row in tx.connection.execute(
                sa.select(LOGS.c.circle, sa.func.count().label("number"))
                .join(UNREADABLE_ENTRIES, UNREADABLE_ENTRIES.c.log_id == LOGS.c.id)
                .group_by(LOGS.c.circle)
            )
        }
    )
    query = sa.select(
        LOGS.c.circle,
        sa.func.sum(LOGS.c.size).label("entries"),
        sa.func.sum(LOGS.c.size - LOGS.c.covered_size).label("uncovered"),
        sa.func.sum(sa.case((LOGS.c.status == "forked", 1), else_=0)).label("forked"),
    ).group_by(LOGS.c.circle)
    return tuple(
        CircleState(
            circle=row.circle,
            entries=int(row.entries),
            uncovered=int(row.uncovered),
            unreadable=unreadable[row.circle],
            forked=int(row.forked),
        )
        for row in tx.connection.execute(query.order_by(LOGS.c.circle))
    )


def _size(tx: Transaction) -> int:
    if tx.is_postgresql:
        return _one(tx, sa.select(sa.func.pg_database_size(sa.func.current_database())))
    pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages) * int(tx.connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def _one(tx: Transaction, query: sa.Select[Any]) -> int:
    return int(tx.connection.execute(query).scalar_one())
