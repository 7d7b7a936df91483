"""A process that dies between any two writes: the next statement of its database raises, and so does every later one.

Nothing of the dead process is used again; the node is opened anew from its files. What it had not committed is gone,
because the connection is closed without a commit, as the operating system would.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from node.storage.database import Database

_WRITES: Final = ("INSERT", "UPDATE", "DELETE")


class CrashedError(Exception):
    """The process has died here."""


class Fuse:
    """Counts the writes and commits of one database, and ends the process before one of them."""

    def __init__(self, database: Database) -> None:
        self._left: int | None = None
        self._dead = False
        self.writes = 0
        """So far; while it stays the same, so does the database."""
        event.listen(database.engine, "before_cursor_execute", self._on_statement)
        event.listen(database.engine, "commit", self._on_commit)

    def light(self, writes: int) -> None:
        """Die before the write or commit that follows after so many."""
        self._left = writes

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self._dead

    def _on_statement(self, _connection: sa.Connection, _cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
        writes = statement.lstrip().upper().startswith(_WRITES)
        self.writes += writes
        if self._dead or writes:
            self._burn()

    def _on_commit(self, _connection: sa.Connection) -> None:
        self._burn()

    def _burn(self) -> None:
        if self._dead:
            raise CrashedError
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self._dead = True
            raise CrashedError
