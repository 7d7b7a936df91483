"""Letters that came in, sealed; and which published replies answer a statement."""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.ledger import Log
from node.domain.replies import Intake, IntakeId, IntakeState, Letter, Verification
from node.storage.database import Transaction
from node.storage.statements import FINDING_KINDS, chunks
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.replies import REPLY_INTAKES, REPLY_TARGETS
from node.storage.upsert import insert_new
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId
from protocol.projection import ClaimKey, Projected
from protocol.statements import Timestamp


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What the vault keeps of a letter."""

    letter: Letter
    verification: Verification | None


_SEALED: Final = msgspec.json.Decoder(_Sealed)
_COLUMNS: Final = REPLY_INTAKES.c


def add_intake(tx: Transaction, vault: Vault, intake: Intake) -> None:
    """Keep a letter."""
    tx.connection.execute(sa.insert(REPLY_INTAKES).values(_values(vault, intake)))


def replace_intake(tx: Transaction, vault: Vault, intake: Intake, *, state: IntakeState) -> bool:
    """Keep a changed letter if its state is still this one; whether it was."""
    query = sa.update(REPLY_INTAKES).where(_COLUMNS.id == intake.id, _COLUMNS.state == state.value)
    return tx.connection.execute(query.values(_values(vault, intake))).rowcount == 1


def get_intake(tx: Transaction, vault: Vault, intake: IntakeId) -> Intake | None:
    """One letter."""
    row = tx.connection.execute(sa.select(REPLY_INTAKES).where(_COLUMNS.id == intake)).one_or_none()
    return None if row is None else _intake(vault, row)


def list_intakes(tx: Transaction, vault: Vault, limit: int) -> list[Intake]:
    """Letters in hand, the one that has waited longest first."""
    query = sa.select(REPLY_INTAKES).where(_COLUMNS.state != IntakeState.TAKEN_UP.value)
    rows = tx.connection.execute(query.order_by(_COLUMNS.received, _COLUMNS.id).limit(limit))
    return [_intake(vault, row) for row in rows]


def count_intakes(tx: Transaction, states: Collection[IntakeState]) -> int:
    """How many letters are in one of these states."""
    values = sorted(state.value for state in states)
    query = sa.select(sa.func.count()).select_from(REPLY_INTAKES).where(_COLUMNS.state.in_(values))
    return tx.connection.execute(query).scalar_one()


def delete_intake(tx: Transaction, intake: IntakeId) -> bool:
    """Forget a letter; whether it was there."""
    return tx.connection.execute(sa.delete(REPLY_INTAKES).where(_COLUMNS.id == intake)).rowcount == 1


def delete_intakes_before(tx: Transaction, moment: Timestamp) -> int:
    """Forget the letters that came before this moment; how many."""
    return tx.connection.execute(sa.delete(REPLY_INTAKES).where(_COLUMNS.received < moment)).rowcount


def note_targets(tx: Transaction, log: Log, rows: Iterable[Projected]) -> None:
    """Remember what the replies among these rows answer. An entry's content never changes, so nothing is replaced."""
    for row in rows:
        for contributor, target in row.answers:
            values = {"log_id": log.id, "idx": row.index, "target_contributor": contributor, "target_id": target}
            insert_new(tx, REPLY_TARGETS, values)


def forget_targets(tx: Transaction, log_id: int, indices: Collection[int]) -> None:
    """Forget what the replies at these indices of a log answered."""
    for some in chunks(indices):
        here = sa.and_(REPLY_TARGETS.c.log_id == log_id, REPLY_TARGETS.c.idx.in_(some))
        tx.connection.execute(sa.delete(REPLY_TARGETS).where(here))


def seqs_answering(
    tx: Transaction, circle: CircleId, targets: Collection[tuple[KeyId, StatementId]]
) -> dict[tuple[KeyId, StatementId], list[int]]:
    """The places in the feed of the replies to each of these statements of a circle, ascending."""
    wanted, found = set(targets), dict[tuple[KeyId, StatementId], list[int]]()
    join = STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id).join(
        REPLY_TARGETS,
        sa.and_(REPLY_TARGETS.c.log_id == STATEMENTS.c.log_id, REPLY_TARGETS.c.idx == STATEMENTS.c.idx),
    )
    columns = (REPLY_TARGETS.c.target_contributor, REPLY_TARGETS.c.target_id, STATEMENTS.c.seq)
    for some in chunks({name for _, name in wanted}):
        query = sa.select(*columns).select_from(join)
        query = query.where(LOGS.c.circle == circle, REPLY_TARGETS.c.target_id.in_(some), STATEMENTS.c.kind == "reply")
        for contributor, target, seq in tx.connection.execute(query.order_by(STATEMENTS.c.seq)):
            if (contributor, target) in wanted:
                found.setdefault((contributor, target), []).append(int(seq))
    return found


def targets_on_claims(
    tx: Transaction, circle: CircleId, subjects: Collection[SubjectId]
) -> dict[ClaimKey, list[tuple[KeyId, StatementId]]]:
    """The findings about these subjects that some reply names, by the claim on which each stands."""
    found: dict[ClaimKey, list[tuple[KeyId, StatementId]]] = {}
    columns = (STATEMENTS.c.subject, STATEMENTS.c.indicator, STATEMENTS.c.scope, LOGS.c.contributor, STATEMENTS.c.id)
    answered = sa.exists().where(
        REPLY_TARGETS.c.target_id == STATEMENTS.c.id, REPLY_TARGETS.c.target_contributor == LOGS.c.contributor
    )
    for some in chunks(sorted(subjects)):
        query = (
            sa.select(*columns)
            .select_from(STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id))
            .where(LOGS.c.circle == circle, STATEMENTS.c.subject.in_(some), STATEMENTS.c.kind.in_(FINDING_KINDS))
            .where(answered)
        )
        for subject, indicator, scope, contributor, name in tx.connection.execute(query):
            found.setdefault(ClaimKey(subject, indicator, scope), []).append((contributor, name))
    return found


def _values(vault: Vault, intake: Intake) -> dict[str, object]:
    sealed = msgspec.json.encode(_Sealed(letter=intake.letter, verification=intake.verification))
    return {
        "id": intake.id,
        "received": intake.received,
        "state": intake.state.value,
        "draft_id": intake.draft,
        "sealed": vault.seal(sealed, place=_place(intake.id)),
    }


def _intake(vault: Vault, row: "sa.Row[tuple[object, ...]]") -> Intake:
    sealed = _SEALED.decode(vault.open(row.sealed, place=_place(row.id)))
    return Intake(
        id=IntakeId(row.id),
        received=Timestamp(row.received),
        state=IntakeState(row.state),
        letter=sealed.letter,
        verification=sealed.verification,
        draft=row.draft_id,
    )


def _place(intake: str) -> str:
    return f"reply_intakes.sealed:{intake}"
