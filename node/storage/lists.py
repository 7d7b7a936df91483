"""Rows of public lists and of what publications tell."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.lists import ListAbout, ListEntry, Listing, ListingState, PublicationTie
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.lists import LISTINGS, LISTS, PUBLICATION_TIES
from node.storage.upsert import upsert
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp

_IDENTIFIERS: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_L: Final = LISTINGS.c


def put_list(tx: Transaction, about: ListAbout, now: Timestamp) -> str:
    """The row of a list by its name, made or brought up to date; its identifier. Locks it until the commit."""
    known = tx.connection.execute(sa.select(LISTS.c.id).where(LISTS.c.name == about.name)).scalar_one_or_none()
    row = {"id": known or new_id(), "name": about.name, "publisher": about.publisher, "imported": now}
    upsert(tx, LISTS, [row], replace=("publisher", "imported"))
    return str(row["id"])


def of_list(tx: Transaction, list_id: str) -> dict[str, Listing]:
    """Every entry of one list, by its reference."""
    return {each.entry: each for each in _read(tx, _select().where(_L.list_id == list_id))}


def put(tx: Transaction, list_id: str, entries: Iterable[tuple[ListEntry, ListingState, SubjectId | None]]) -> None:
    """Add entries that are new to the list."""
    rows = [
        {
            "id": new_id(),
            "list_id": list_id,
            "entry": entry.entry,
            **_content(entry),
            "ended": None,
            "state": state,
            "subject": subject,
            "decided_by": None,
            "decided_at": None,
        }
        for entry, state, subject in entries
    ]
    if rows:
        tx.connection.execute(sa.insert(LISTINGS), rows)


def change(tx: Transaction, listing: str, entry: ListEntry, state: ListingState, subject: SubjectId | None) -> None:
    """Write an entry again as the list now has it; it is on the list."""
    values = {**_content(entry), "state": state, "subject": subject, "ended": None}
    tx.connection.execute(sa.update(LISTINGS).where(_L.id == listing).values(values))


def end(tx: Transaction, listings: Iterable[str], now: Timestamp) -> None:
    """Note that the list no longer has these. They stay: that they were listed is evidence with a date."""
    for some in chunks(listings):
        tx.connection.execute(sa.update(LISTINGS).where(_L.id.in_(some)).values(ended=now))


def decide(
    tx: Transaction, listing: str, state: ListingState, subject: SubjectId | None, account: AccountId, now: Timestamp
) -> bool:
    """What a person said of an entry that no identifier had tied; whether there was one."""
    values = {"state": state, "subject": subject, "decided_by": account, "decided_at": now}
    query = sa.update(LISTINGS).where(_L.id == listing, _L.state != "identified").values(values)
    return tx.connection.execute(query).rowcount == 1


def get(tx: Transaction, listing: str) -> Listing | None:
    """One entry."""
    return next(iter(_read(tx, _select().where(_L.id == listing))), None)


def pending(tx: Transaction, *, limit: int, offset: int = 0) -> list[Listing]:
    """Entries that nobody has tied to an organisation yet, by name; those that are off their list are left out."""
    query = _select().where(_L.state == "pending", _L.ended.is_(None)).order_by(_L.name, _L.id)
    return _read(tx, query.limit(limit).offset(offset))


def count_pending(tx: Transaction) -> int:
    """How many these are."""
    query = sa.select(sa.func.count()).where(_L.state == "pending", _L.ended.is_(None))
    return int(tx.connection.execute(query).scalar_one())


def of_subjects(tx: Transaction, subjects: Sequence[SubjectId]) -> list[Listing]:
    """The entries that mean these organisations, by list and reference; also those that are off their list."""
    query = _select().where(_L.subject.in_(subjects), _L.state.in_(("identified", "confirmed")))
    return _read(tx, query.order_by(LISTS.c.name, _L.entry))


def replace_publications(tx: Transaction, subject: SubjectId, topic: str, ties: Iterable[PublicationTie]) -> None:
    """What publications tell of a subject on a topic, in place of what an earlier import told."""
    columns = PUBLICATION_TIES.c
    tx.connection.execute(sa.delete(PUBLICATION_TIES).where(columns.subject == subject, columns.topic == topic))
    rows: list[Mapping[str, object]] = [
        {
            "subject": subject,
            "topic": topic,
            "kind": tie.kind,
            "name": tie.name,
            "other": tie.other,
            "works": tie.works,
            "first_year": tie.first_year,
            "last_year": tie.last_year,
        }
        for tie in ties
    ]
    if rows:
        tx.connection.execute(sa.insert(PUBLICATION_TIES), rows)


def publications_of(tx: Transaction, subjects: Sequence[SubjectId], limit: int) -> list[PublicationTie]:
    """What publications tell of these subjects, the most works of each topic and kind first."""
    columns = PUBLICATION_TIES.c
    query = (
        sa.select(PUBLICATION_TIES)
        .where(columns.subject.in_(subjects))
        .order_by(columns.topic, columns.kind, columns.works.desc(), columns.name)
        .limit(limit)
    )
    return [
        PublicationTie(row.kind, row.topic, row.other, row.name, row.works, row.first_year, row.last_year)
        for row in tx.connection.execute(query)
    ]


def _select() -> sa.Select[Any]:
    columns = (LISTS.c.name.label("list_name"), LISTS.c.publisher, LISTS.c.imported)
    return sa.select(LISTINGS, *columns).select_from(LISTINGS.join(LISTS))


def _read(tx: Transaction, query: sa.Select[Any]) -> list[Listing]:
    return [
        Listing(
            id=row.id,
            list_name=row.list_name,
            publisher=row.publisher,
            entry=row.entry,
            name=row.name,
            listed=date.fromisoformat(row.listed) if row.listed else None,
            ended=row.ended,
            effect=row.effect,
            link=row.link,
            identifiers=_IDENTIFIERS.decode(row.identifiers),
            state=row.state,
            subject=row.subject,
            imported=row.imported,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )
        for row in tx.connection.execute(query).all()
    ]


def _content(entry: ListEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "listed": entry.listed.isoformat() if entry.listed else "",
        "effect": entry.effect,
        "link": entry.link,
        "identifiers": msgspec.json.encode(entry.identifiers),
    }
