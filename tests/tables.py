"""The current tables in a new database, as fast as each kind takes them: hundreds of tests begin with that."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from node.storage import tables
from node.storage.database import Database
from node.storage.tables.base import METADATA


def create_tables(database: Database) -> None:
    """The tables of every room: a copied file, or one script; one by one where something is there already."""
    tables.load()
    url = database.engine.url
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        shutil.copyfile(_file(), url.database)
    elif url.get_backend_name() == "postgresql" and not sa.inspect(database.engine).get_table_names():
        with database.engine.begin() as connection:
            connection.exec_driver_sql(_script())
    else:
        METADATA.create_all(database.engine)


@cache
def _file() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="hanse-tables-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    database = Database(f"sqlite:///{directory / 'tables.db'}")
    METADATA.create_all(database.engine)
    database.close()
    return directory / "tables.db"


@cache
def _script() -> str:
    statements: list[str] = []
    dialect = sa.make_url("postgresql+psycopg://").get_dialect()()

    def note(statement: sa.schema.ExecutableDDLElement, *_: object, **__: object) -> None:
        statements.append(str(statement.compile(dialect=dialect)))

    METADATA.create_all(sa.create_mock_engine("postgresql+psycopg://", note), checkfirst=False)
    return ";\n".join(statements)
