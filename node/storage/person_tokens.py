"""Rows of person tokens: evaluations under way, what was evaluated for others, inputs kept on purpose, live tokens."""

from collections.abc import Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.ledger import Log
from node.domain.person_tokens import (
    Attachment,
    Evaluation,
    EvaluationId,
    EvaluationState,
    LoggedKey,
    Outcome,
    Purpose,
    Secrets,
    Served,
)
from node.domain.publishing import DraftId
from node.domain.statements import StoredStatement
from node.storage import statements
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS
from node.storage.tables.person_tokens import TOKEN_BUDGETS, TOKEN_EVALUATIONS, TOKEN_INPUTS, TOKEN_KEYS, TOKEN_SERVED
from node.storage.tables.publishing import PUBLICATIONS
from node.storage.upsert import upsert
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.replica import AcceptedEntry
from protocol.statements import Kind, Timestamp, TokenBody, TokenKey

SERVED_KEPT_SECONDS: Final = 400 * 86_400
"""How long an operator can say for whom it has evaluated, in seconds: a year and a month, for a yearly audit."""
_TOKENS: Final[tuple[Kind, ...]] = ("token",)
_PAGE: Final = 1_000
"""Statements read at a time while live tokens are compared."""


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    attachment: Attachment | None
    outcome: Outcome


_SEALED: Final = msgspec.json.Decoder(_Sealed)
_SECRETS: Final = msgspec.json.Decoder(Secrets)


def insert_keys(tx: Transaction, log: Log, entries: Collection[AcceptedEntry]) -> None:
    """Remember the keys for person tokens that these entries of a log publish."""
    rows = [
        {"log_id": log.id, "idx": entry.index, "epoch": entry.content.body.epoch, "key": entry.content.body.key}
        for entry in entries
        if isinstance(entry.content, TokenKey)
    ]
    upsert(tx, TOKEN_KEYS, rows, replace=("epoch", "key"))


def keys(tx: Transaction, circle: CircleId) -> list[LoggedKey]:
    """Every key that a log of the circle holds, by log and index."""
    query = (
        sa.select(LOGS.c.contributor, TOKEN_KEYS.c.idx, TOKEN_KEYS.c.epoch, TOKEN_KEYS.c.key)
        .select_from(TOKEN_KEYS.join(LOGS, LOGS.c.id == TOKEN_KEYS.c.log_id))
        .where(LOGS.c.circle == circle)
        .order_by(LOGS.c.contributor, TOKEN_KEYS.c.idx)
    )
    return [LoggedKey(*row) for row in tx.connection.execute(query)]


def add(tx: Transaction, vault: Vault, evaluation: Evaluation) -> None:
    """Store a new evaluation."""
    tx.connection.execute(sa.insert(TOKEN_EVALUATIONS).values(_row(vault, evaluation)))


def put(tx: Transaction, vault: Vault, evaluation: Evaluation) -> None:
    """Store a changed one; what it no longer holds is gone."""
    query = sa.update(TOKEN_EVALUATIONS).where(TOKEN_EVALUATIONS.c.id == evaluation.id)
    tx.connection.execute(query.values(_row(vault, evaluation)))


def find(tx: Transaction, vault: Vault, name: str, *, lock: bool = False) -> Evaluation | None:
    """One evaluation; with ``lock`` nobody else changes it until this transaction ends."""
    query = sa.select(TOKEN_EVALUATIONS).where(TOKEN_EVALUATIONS.c.id == name)
    row = tx.connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _evaluation(vault, row)


def list_own(tx: Transaction, vault: Vault, circle: CircleId, account: AccountId, *, limit: int) -> list[Evaluation]:
    """What one person has asked in a circle, newest first."""
    query = (
        sa.select(TOKEN_EVALUATIONS)
        .where(TOKEN_EVALUATIONS.c.circle == circle, TOKEN_EVALUATIONS.c.account_id == account)
        .order_by(TOKEN_EVALUATIONS.c.created.desc(), TOKEN_EVALUATIONS.c.id)
        .limit(limit)
    )
    return [_evaluation(vault, row) for row in tx.connection.execute(query)]


def waiting(tx: Transaction, vault: Vault, limit: int) -> list[Evaluation]:
    """What operators have not finished, oldest first."""
    query = (
        sa.select(TOKEN_EVALUATIONS)
        .where(TOKEN_EVALUATIONS.c.state == EvaluationState.WAITING.value)
        .order_by(TOKEN_EVALUATIONS.c.created)
        .limit(limit)
    )
    return [_evaluation(vault, row) for row in tx.connection.execute(query)]


def forget(tx: Transaction, now: Timestamp) -> None:
    """Delete what nobody is shown any more, and the oldest lines of what was evaluated for others."""
    tx.connection.execute(sa.delete(TOKEN_EVALUATIONS).where(TOKEN_EVALUATIONS.c.expires <= now))
    tx.connection.execute(sa.delete(TOKEN_SERVED).where(TOKEN_SERVED.c.at <= now - SERVED_KEPT_SECONDS))


def used(tx: Transaction, circle: CircleId, voice: KeyId, since: Timestamp, *, lock: bool = False) -> int:
    """Elements evaluated for one member since then; with ``lock`` no other transaction adds to it meanwhile."""
    if lock:
        upsert(tx, TOKEN_BUDGETS, [{"circle": circle, "voice": voice}], replace=("voice",))
    total = sa.func.coalesce(sa.func.sum(TOKEN_SERVED.c.elements), 0)
    query = sa.select(total).where(
        TOKEN_SERVED.c.circle == circle, TOKEN_SERVED.c.voice == voice, TOKEN_SERVED.c.at >= since
    )
    return int(tx.connection.execute(query).scalar_one())


def note_served(tx: Transaction, circle: CircleId, voice: KeyId, epoch: int, elements: int, now: Timestamp) -> None:
    """Remember that so many elements were evaluated for a member; never which."""
    values = {"at": now, "circle": circle, "voice": voice, "epoch": epoch, "elements": elements}
    tx.connection.execute(sa.insert(TOKEN_SERVED).values(values))


def served(tx: Transaction, circle: CircleId, limit: int) -> list[Served]:
    """What was evaluated for others, newest first."""
    query = sa.select(TOKEN_SERVED).where(TOKEN_SERVED.c.circle == circle).order_by(TOKEN_SERVED.c.seq.desc())
    return [
        Served(row.seq, Timestamp(row.at), CircleId(row.circle), KeyId(row.voice), row.epoch, row.elements)
        for row in tx.connection.execute(query.limit(limit))
    ]


def live_tokens(tx: Transaction, circle: CircleId, now: Timestamp) -> list[tuple[StoredStatement, TokenBody]]:
    """Every live token of a circle, as its author has published it; erased, retracted and void ones are none."""
    found: list[tuple[StoredStatement, TokenBody]] = []
    after = 0
    while page := statements.feed(tx, after=after, limit=_PAGE, now=now, circle=circle, kinds=_TOKENS):
        found += [(each, each.body) for each in page if isinstance(each.body, TokenBody) and each.counts]
        after = page[-1].seq
    return found


def keep_input(tx: Transaction, vault: Vault, draft: DraftId, circle: CircleId, epoch: int, person: str) -> None:
    """Keep an input beside the draft of its token, sealed."""
    values = {
        "draft_id": draft,
        "circle": circle,
        "epoch": epoch,
        "sealed": vault.seal(person.encode(), place=_input_place(draft)),
    }
    tx.connection.execute(sa.insert(TOKEN_INPUTS).values(values))


def kept_inputs(
    tx: Transaction, vault: Vault, circle: CircleId, before: int, tokens: Collection[tuple[KeyId, StatementId]]
) -> list[tuple[DraftId, tuple[KeyId, StatementId], str]]:
    """Inputs kept of these tokens of ours from epochs before this one: draft, the token's name, input."""
    query = (
        sa.select(TOKEN_INPUTS, PUBLICATIONS.c.contributor, PUBLICATIONS.c.statement_id)
        .join(PUBLICATIONS, PUBLICATIONS.c.draft_id == TOKEN_INPUTS.c.draft_id)
        .where(TOKEN_INPUTS.c.circle == circle, TOKEN_INPUTS.c.epoch < before)
        .order_by(PUBLICATIONS.c.at, TOKEN_INPUTS.c.draft_id)
    )
    return [
        (
            DraftId(row.draft_id),
            (KeyId(row.contributor), StatementId(row.statement_id)),
            vault.open(row.sealed, place=_input_place(row.draft_id)).decode(),
        )
        for row in tx.connection.execute(query)
        if (row.contributor, row.statement_id) in tokens
    ]


def forget_input(tx: Transaction, draft: DraftId) -> None:
    """Forget a kept input; the token that was made from it stays."""
    tx.connection.execute(sa.delete(TOKEN_INPUTS).where(TOKEN_INPUTS.c.draft_id == draft))


def forget_inputs_without(tx: Transaction, circle: CircleId, tokens: Collection[tuple[KeyId, StatementId]]) -> None:
    """Forget the inputs of tokens of a circle that were published and are not among these live ones."""
    query = (
        sa.select(TOKEN_INPUTS.c.draft_id, PUBLICATIONS.c.contributor, PUBLICATIONS.c.statement_id)
        .join(PUBLICATIONS, PUBLICATIONS.c.draft_id == TOKEN_INPUTS.c.draft_id)
        .where(TOKEN_INPUTS.c.circle == circle)
    )
    for row in tx.connection.execute(query).all():
        if (row.contributor, row.statement_id) not in tokens:
            forget_input(tx, DraftId(row.draft_id))


def _row(vault: Vault, evaluation: Evaluation) -> dict[str, object]:
    name = evaluation.id
    sealed = _Sealed(attachment=evaluation.attachment, outcome=evaluation.outcome)
    secrets = evaluation.secrets
    return {
        "id": name,
        "circle": evaluation.circle,
        "account_id": evaluation.account,
        "purpose": evaluation.purpose.value,
        "state": evaluation.state.value,
        "created": evaluation.created,
        "expires": evaluation.expires,
        "sealed": vault.seal(msgspec.json.encode(sealed), place=f"token_evaluations.sealed:{name}"),
        "secrets": None
        if secrets is None
        else vault.seal(msgspec.json.encode(secrets), place=f"token_evaluations.secrets:{name}"),
    }


def _evaluation(vault: Vault, row: "sa.Row[Any]") -> Evaluation:
    sealed = _SEALED.decode(vault.open(row.sealed, place=f"token_evaluations.sealed:{row.id}"))
    secrets = None
    if row.secrets is not None:
        secrets = _SECRETS.decode(vault.open(row.secrets, place=f"token_evaluations.secrets:{row.id}"))
    return Evaluation(
        id=EvaluationId(row.id),
        circle=CircleId(row.circle),
        account=AccountId(row.account_id),
        purpose=Purpose(row.purpose),
        state=EvaluationState(row.state),
        created=Timestamp(row.created),
        expires=Timestamp(row.expires),
        attachment=sealed.attachment,
        secrets=secrets,
        outcome=sealed.outcome,
    )


def _input_place(draft: str) -> str:
    return f"token_inputs.sealed:{draft}"
