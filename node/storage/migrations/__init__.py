"""Bringing a database to the tables of this version, and refusing one that is not there.

Each change of the tables is one revision below ``versions``, numbered 0001, 0002, … They are applied in one
transaction where the database can do that, and never taken back: to return to an older version, restore the backup
made before the change.

To write a revision after changing a table::

    python -m node.storage.migrations "what changes and why"

It compares the tables with the revisions so far, in an empty database, and writes the difference. Read what it
wrote before committing it. To write 0001 again before the first release, delete it first.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from node.errors import Code, HanseError
from node.storage.database import Database

_HERE: Final = Path(__file__).parent
_LOCK: Final = 0x48414E5345
"""Any number that nobody else takes on this PostgreSQL database: two processes must not migrate at once."""


def migrate(database: Database) -> None:
    """Make or change the tables up to this version; harmless where nothing is to be done.

    Raises ``NEWER_DATABASE`` for a database of a newer version, and leaves it as it is.
    """
    with database.write() as tx:
        if tx.is_postgresql:
            tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        _require_known(_revision(tx.connection))
        command.upgrade(configuration(tx.connection), "head")


def require_current(database: Database) -> None:
    """Raise ``OLDER_DATABASE`` or ``NEWER_DATABASE`` unless the tables are those of this version."""
    with database.read() as tx:
        found = _revision(tx.connection)
    _require_known(found)
    head = _scripts().get_current_head()
    if found != head:
        raise HanseError(
            Code.OLDER_DATABASE,
            f"the database is at revision {found or 'none'}, this version needs {head}.",
            remedy="Stop the node, back up the database and the keys, then run `hanse migrate`.",
        )


def configuration(connection: sa.Connection) -> Config:
    """Alembic's configuration without a file; ``env.py`` uses this connection and its transaction."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_HERE))


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(found: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise HanseError(
            Code.NEWER_DATABASE,
            f"the database is at revision {found}, which this version does not know.",
            remedy="Start the version that was used last, or restore the backup made before it was installed.",
        )
