"""Links that say: these two identifiers are one organisation. Read here at reading time, never written into data.

A link goes from an alias to a canonical identifier and may be undone; nothing else in the database knows of it, so
undoing it leaves nothing behind. Links may follow each other (a name that one member minted, linked to a name that
another one minted, linked to a registry's identifier): :func:`canonical_of` walks to the end.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.subjects import SubjectLink
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.subject_links import SUBJECT_LINKS
from node.storage.vault import Vault
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp

MAX_STEPS: Final = 16
"""Links one after another. No person makes so many; a bound on what a damaged table can cost."""
_LIVE: Final = SUBJECT_LINKS.c.undone_at.is_(None)


def canonical_of(tx: Transaction, subject: SubjectId) -> SubjectId:
    """The identifier under which this one is read here: the end of its links, itself where it has none."""
    return canonicals_of(tx, [subject])[subject]


def aliases_of(tx: Transaction, subject: SubjectId) -> tuple[SubjectId, ...]:
    """Every identifier that is read as ``subject`` here, through links of any length, in their own order.

    Empty for one that is itself an alias of something but has none: ask for the canonical one's.
    """
    found: set[SubjectId] = set()
    layer: set[SubjectId] = {subject}
    for _ in range(MAX_STEPS):
        nearer: set[SubjectId] = set()
        for some in chunks(layer):
            query = sa.select(SUBJECT_LINKS.c.alias).where(SUBJECT_LINKS.c.canonical.in_(some), _LIVE)
            nearer.update(SubjectId(alias) for alias in tx.connection.execute(query).scalars())
        layer = nearer - found - {subject}
        if not layer:
            break
        found |= layer
    return tuple(sorted(found))


def canonicals_of(tx: Transaction, subjects: Iterable[SubjectId]) -> dict[SubjectId, SubjectId]:
    """:func:`canonical_of` each of these."""
    ends = {subject: subject for subject in subjects}
    for _ in range(MAX_STEPS):
        steps: dict[str, str] = {}
        for some in chunks(set(ends.values())):
            query = sa.select(SUBJECT_LINKS.c.alias, SUBJECT_LINKS.c.canonical)
            rows = tx.connection.execute(query.where(SUBJECT_LINKS.c.alias.in_(some), _LIVE))
            steps.update({row.alias: row.canonical for row in rows})
        if not steps:
            break
        ends = {subject: SubjectId(steps.get(end, end)) for subject, end in ends.items()}
    return ends


def read_as(tx: Transaction) -> dict[SubjectId, SubjectId]:
    """Every alias with the end of its links: what persons here have linked, so few that all are read at once."""
    query = sa.select(SUBJECT_LINKS.c.alias, SUBJECT_LINKS.c.canonical).where(_LIVE)
    steps = {SubjectId(alias): SubjectId(canonical) for alias, canonical in tx.connection.execute(query)}
    ends = dict(steps)
    for _ in range(MAX_STEPS):
        further = {alias: steps.get(end, end) for alias, end in ends.items()}
        if further == ends:
            break
        ends = further
    return ends


def lock(tx: Transaction) -> None:
    """Nobody else links or undoes until the commit: two links made at once could otherwise close a ring."""
    if tx.is_postgresql:
        tx.connection.execute(sa.text("LOCK TABLE subject_links IN SHARE ROW EXCLUSIVE MODE"))


def insert(
    tx: Transaction,
    vault: Vault,
    alias: SubjectId,
    canonical: SubjectId,
    account: AccountId,
    reason: str,
    now: Timestamp,
) -> SubjectLink:
    """Store a link; the caller has seen that the alias has none and that no ring closes."""
    link = SubjectLink(new_id(), alias, canonical, account, now, reason)
    tx.connection.execute(
        sa.insert(SUBJECT_LINKS).values(
            id=link.id,
            alias=alias,
            canonical=canonical,
            by=account,
            at=now,
            reason=vault.seal(reason.encode(), place=_place(link.id)),
        )
    )
    return link


def undo(tx: Transaction, link: str, account: AccountId, now: Timestamp) -> bool:
    """End a link; whether it was there and live."""
    update = sa.update(SUBJECT_LINKS).where(SUBJECT_LINKS.c.id == link, _LIVE).values(undone_by=account, undone_at=now)
    return tx.connection.execute(update).rowcount == 1


def history(tx: Transaction, vault: Vault, subjects: Sequence[SubjectId]) -> list[SubjectLink]:
    """Every link, live or undone, that has one of these at an end, oldest first."""
    found: dict[str, SubjectLink] = {}
    for some in chunks(subjects):
        ends = sa.or_(SUBJECT_LINKS.c.alias.in_(some), SUBJECT_LINKS.c.canonical.in_(some))
        for row in tx.connection.execute(sa.select(SUBJECT_LINKS).where(ends)):
            found[row.id] = _link(row, vault)
    return sorted(found.values(), key=lambda link: (link.at, link.id))


def _link(row: sa.Row[Any], vault: Vault) -> SubjectLink:
    return SubjectLink(
        id=row.id,
        alias=SubjectId(row.alias),
        canonical=SubjectId(row.canonical),
        by=AccountId(row.by),
        at=row.at,
        reason=vault.open(row.reason, place=_place(row.id)).decode(),
        undone_by=None if row.undone_by is None else AccountId(row.undone_by),
        undone_at=row.undone_at,
    )


def _place(link: str) -> str:
    return f"subject_links.reason:{link}"
