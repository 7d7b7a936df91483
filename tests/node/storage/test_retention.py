"""What is due for deletion, on both databases."""

import sqlalchemy as sa

from node.accounts.manage import create_account
from node.domain.accounts import Role
from node.storage.database import Database
from node.storage.retention import due, remove
from node.storage.tables.casework import ASSESSMENTS, ENGAGEMENTS
from node.storage.tables.decisions import CASE_FILES, MEASURES
from node.storage.vault import Vault
from protocol.statements import Timestamp
from tests.conftest import START

_LATER = Timestamp(START + 11 * 366 * 86_400)


def test_a_case_is_due_when_nothing_of_it_was_touched_since(database: Database, vault: Vault) -> None:
    with database.write() as tx:
        owner, _ = create_account(tx, vault, login="ada", display_name="A", roles=frozenset({Role.OFFICER}), now=START)
        row = {"version": 1, "owner": owner.id, "created": START, "updated": START, "sealed": b"x"}
        tx.connection.execute(sa.insert(ENGAGEMENTS).values(row | {"id": "E" * 22, "status": "running"}))
        closed = row | {"status": "closed"}
        tx.connection.execute(sa.insert(ASSESSMENTS).values(closed | {"id": "A" * 22, "engagement_id": "E" * 22}))
        tx.connection.execute(sa.insert(ASSESSMENTS).values(closed | {"id": "B" * 22, "engagement_id": None}))
        assert [each.id for each in due(tx, _LATER, 120, most=5)] == ["B" * 22]
        assert due(tx, _LATER, 0, most=5) == []
        assert due(tx, START, 120, most=5) == []
        tx.connection.execute(sa.update(ENGAGEMENTS).values(status="ended"))
        assert [each.kind for each in due(tx, _LATER, 120, most=5)] == ["assessment", "assessment", "engagement"]
        file = {"id": "F" * 22, "engagement_id": "E" * 22, "version": 1, "keeper": owner.id}
        tx.connection.execute(sa.insert(CASE_FILES).values(file))
        measure = {"id": "M" * 22, "case_file_id": "F" * 22, "position": 1, "decision": 1, "due": "2027-01-01"}
        tx.connection.execute(sa.insert(MEASURES).values(measure | {"state": "open", "sealed": b"x"}))
        assert [each.id for each in due(tx, _LATER, 120, most=5)] == ["B" * 22]
        tx.connection.execute(sa.update(MEASURES).values(state="done"))
        for each in due(tx, _LATER, 120, most=5):
            remove(tx, each.kind, each.id)
        assert due(tx, _LATER, 120, most=5) == []
        left = [tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in _TABLES]
    assert left == [0, 0, 0, 0]


_TABLES = (ASSESSMENTS, ENGAGEMENTS, CASE_FILES, MEASURES)
