"""The revisions make exactly the tables of the code, and a database of another version is refused."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from node.errors import Code, HanseError
from node.storage import tables
from node.storage.database import Database
from node.storage.migrations import migrate, require_current
from node.storage.tables.base import METADATA


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def set_revision(database: Database, revision: str) -> None:
    with database.write() as tx:
        tx.connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_the_revisions_make_the_tables_of_the_code(empty: Database) -> None:
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"{tables.__name__}.{module.name}")
    migrate(empty)
    require_current(empty)
    migrate(empty)
    with empty.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection), METADATA) == []
        names = {
            constraint["name"]
            for table in sa.inspect(tx.connection).get_table_names()
            for constraint in sa.inspect(tx.connection).get_unique_constraints(table)
        }
    assert None not in names


def test_an_empty_database_is_an_older_one(empty: Database) -> None:
    with pytest.raises(HanseError, match="hanse migrate") as caught:
        require_current(empty)
    assert caught.value.code is Code.OLDER_DATABASE


def test_a_newer_database_is_refused_and_left_as_it_is(empty: Database) -> None:
    migrate(empty)
    set_revision(empty, "9999")
    for attempt in (require_current, migrate):
        with pytest.raises(HanseError, match="9999") as caught:
            attempt(empty)
        assert caught.value.code is Code.NEWER_DATABASE
        assert caught.value.remedy
    with empty.read() as tx:
        assert MigrationContext.configure(tx.connection).get_current_revision() == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    with empty.write() as tx:
        tx.connection.execute(sa.text("CREATE TABLE statements (something_else INTEGER)"))
    with pytest.raises(sa.exc.DBAPIError):
        migrate(empty)
    with empty.read() as tx:
        assert sa.inspect(tx.connection).get_table_names() == ["statements"]
