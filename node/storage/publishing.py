"""Drafts, their history and publications. Content, previews and disclosures go through the vault."""

from datetime import date
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.publishing import (
    Draft,
    DraftContent,
    DraftEvent,
    DraftId,
    DraftState,
    Override,
    Preview,
    Published,
)
from node.storage.database import Transaction
from node.storage.tables.publishing import DRAFT_EVENTS, DRAFTS, PUBLICATIONS
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.statements import Timestamp


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft's sealed column holds."""

    content: DraftContent
    expires: date
    overrides: tuple[Override, ...]
    note: str


_SEALED: Final = msgspec.json.Decoder(_Sealed)
_PREVIEW: Final = msgspec.json.Decoder(Preview)
_DISCLOSURES: Final = msgspec.json.Decoder(tuple[str, ...])


def add_draft(tx: Transaction, vault: Vault, draft: Draft) -> None:
    """Store a new draft."""
    values = {
        "id": draft.id,
        "version": draft.version,
        "circle": draft.circle,
        "author": draft.author,
        "approver": draft.approver,
        "state": draft.state.value,
        "created": draft.created,
        "updated": draft.updated,
        "assessment_id": draft.assessment,
        "answer_id": draft.answer,
        "sealed": _seal(vault, draft),
        "preview": _seal_preview(vault, draft),
    }
    tx.connection.execute(sa.insert(DRAFTS).values(values))


def replace_draft(tx: Transaction, vault: Vault, draft: Draft, *, version: int, state: DraftState) -> bool:
    """Store a changed draft if version and state are still these; whether they were."""
    result = tx.connection.execute(
        sa.update(DRAFTS)
        .where(DRAFTS.c.id == draft.id, DRAFTS.c.version == version, DRAFTS.c.state == state.value)
        .values(
            version=draft.version,
            state=draft.state.value,
            approver=draft.approver,
            updated=draft.updated,
            sealed=_seal(vault, draft),
            preview=_seal_preview(vault, draft),
        )
    )
    return result.rowcount == 1


def get_draft(tx: Transaction, vault: Vault, draft: DraftId, *, lock: bool = False) -> Draft | None:
    """One draft; with ``lock`` nobody else changes it until this transaction ends."""
    query = _select().where(DRAFTS.c.id == draft)
    row = tx.connection.execute(query.with_for_update(of=DRAFTS) if lock else query).first()
    return None if row is None else _draft(vault, row)


def list_drafts(
    tx: Transaction,
    vault: Vault,
    *,
    author: AccountId | None,
    states: frozenset[DraftState] | None,
    assessment: str | None,
    limit: int,
    offset: int,
) -> list[Draft]:
    """Drafts, last changed first."""
    query = _select().order_by(DRAFTS.c.updated.desc(), DRAFTS.c.id)
    if author is not None:
        query = query.where(DRAFTS.c.author == author)
    if states is not None:
        query = query.where(DRAFTS.c.state.in_(sorted(state.value for state in states)))
    if assessment is not None:
        query = query.where(DRAFTS.c.assessment_id == assessment)
    return [_draft(vault, row) for row in tx.connection.execute(query.limit(limit).offset(offset)).all()]


def add_event(tx: Transaction, vault: Vault, draft: DraftId, event: DraftEvent) -> None:
    """Append to the history."""
    values = {
        "draft_id": draft,
        "seq": event.seq,
        "at": event.at,
        "account_id": event.account,
        "action": event.action,
        "sealed": vault.seal(event.note.encode(), place=_event_place(draft, event.seq)),
    }
    tx.connection.execute(sa.insert(DRAFT_EVENTS).values(values))


def count_events(tx: Transaction, draft: DraftId) -> int:
    """How long the history is."""
    query = sa.select(sa.func.count()).select_from(DRAFT_EVENTS).where(DRAFT_EVENTS.c.draft_id == draft)
    return tx.connection.execute(query).scalar_one()


def history(tx: Transaction, vault: Vault, draft: DraftId) -> list[DraftEvent]:
    """The history, oldest first."""
    rows = tx.connection.execute(
        sa.select(DRAFT_EVENTS).where(DRAFT_EVENTS.c.draft_id == draft).order_by(DRAFT_EVENTS.c.seq)
    ).all()
    return [
        DraftEvent(
            seq=row.seq,
            at=Timestamp(row.at),
            account=AccountId(row.account_id),
            action=row.action,
            note=vault.open(row.sealed, place=_event_place(draft, row.seq)).decode(),
        )
        for row in rows
    ]


def add_publication(
    tx: Transaction, vault: Vault, published: Published, disclosures: tuple[str, ...], now: Timestamp
) -> None:
    """Remember what a draft has become, and the disclosures of its held-back fields."""
    values = {
        "draft_id": published.draft,
        "circle": published.circle,
        "contributor": published.contributor,
        "statement_id": published.statement,
        "at": now,
        "disclosures": vault.seal(msgspec.json.encode(disclosures), place=_disclosures_place(published.draft)),
    }
    tx.connection.execute(sa.insert(PUBLICATIONS).values(values))


def get_disclosures(
    tx: Transaction, vault: Vault, contributor: KeyId, statement: StatementId
) -> tuple[str, ...] | None:
    """The encoded disclosures of a statement of ours; None where this node did not publish it."""
    row = tx.connection.execute(
        sa.select(PUBLICATIONS).where(
            PUBLICATIONS.c.contributor == contributor, PUBLICATIONS.c.statement_id == statement
        )
    ).first()
    if row is None:
        return None
    return _DISCLOSURES.decode(vault.open(row.disclosures, place=_disclosures_place(row.draft_id)))


def assessment_of(tx: Transaction, circle: CircleId, statement: StatementId) -> str | None:
    """The assessment that a published statement of ours came from, if it came from one."""
    query = (
        sa.select(DRAFTS.c.assessment_id)
        .join(PUBLICATIONS, DRAFTS.c.id == PUBLICATIONS.c.draft_id)
        .where(PUBLICATIONS.c.circle == circle, PUBLICATIONS.c.statement_id == statement)
    )
    found: str | None = tx.connection.execute(query).scalar()
    return found


def list_publications(
    tx: Transaction, *, circle: CircleId | None, limit: int, offset: int
) -> list[tuple[Published, Timestamp, str | None]]:
    """What was published, newest first: with its moment and the assessment it came from.

    The index in the log is not kept here and reads -1.
    """
    query = (
        sa.select(PUBLICATIONS, DRAFTS.c.assessment_id)
        .join(DRAFTS, DRAFTS.c.id == PUBLICATIONS.c.draft_id)
        .order_by(PUBLICATIONS.c.at.desc(), PUBLICATIONS.c.statement_id)
    )
    if circle is not None:
        query = query.where(PUBLICATIONS.c.circle == circle)
    return [
        (
            Published(
                DraftId(row.draft_id),
                CircleId(row.circle),
                KeyId(row.contributor),
                StatementId(row.statement_id),
                -1,
            ),
            Timestamp(row.at),
            row.assessment_id,
        )
        for row in tx.connection.execute(query.limit(limit).offset(offset)).all()
    ]


def _select() -> "sa.Select[tuple[object, ...]]":
    return sa.select(DRAFTS, PUBLICATIONS.c.statement_id).outerjoin(
        PUBLICATIONS, PUBLICATIONS.c.draft_id == DRAFTS.c.id
    )


def _draft(vault: Vault, row: "sa.Row[tuple[object, ...]]") -> Draft:
    sealed = _SEALED.decode(vault.open(row.sealed, place=_draft_place(row.id)))
    preview = None if row.preview is None else _PREVIEW.decode(vault.open(row.preview, place=_preview_place(row.id)))
    return Draft(
        id=DraftId(row.id),
        version=row.version,
        circle=CircleId(row.circle),
        author=AccountId(row.author),
        state=DraftState(row.state),
        created=Timestamp(row.created),
        updated=Timestamp(row.updated),
        assessment=row.assessment_id,
        answer=row.answer_id,
        expires=sealed.expires,
        content=sealed.content,
        overrides=sealed.overrides,
        note=sealed.note,
        preview=preview,
        approver=None if row.approver is None else AccountId(row.approver),
        statement=None if row.statement_id is None else StatementId(row.statement_id),
    )


def _seal(vault: Vault, draft: Draft) -> bytes:
    sealed = _Sealed(content=draft.content, expires=draft.expires, overrides=draft.overrides, note=draft.note)
    return vault.seal(msgspec.json.encode(sealed), place=_draft_place(draft.id))


def _seal_preview(vault: Vault, draft: Draft) -> bytes | None:
    if draft.preview is None:
        return None
    return vault.seal(msgspec.json.encode(draft.preview), place=_preview_place(draft.id))


def _draft_place(draft: str) -> str:
    return f"drafts.sealed:{draft}"


def _preview_place(draft: str) -> str:
    return f"drafts.preview:{draft}"


def _event_place(draft: str, seq: int) -> str:
    return f"draft_events.sealed:{draft}/{seq}"


def _disclosures_place(draft: str) -> str:
    return f"publications.disclosures:{draft}"
