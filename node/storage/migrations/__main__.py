"""Writes the next revision; see the package's own words."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from node.storage.database import Database
from node.storage.migrations import configuration, migrate


def main(message: str) -> None:
    """Compare the tables with the revisions so far in an empty database, and write the difference."""
    versions = Path(__file__).parent / "versions"
    number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04}"
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{directory}/empty.db")
        migrate(database)
        with database.write() as tx:
            command.revision(configuration(tx.connection), message, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "unnamed")
