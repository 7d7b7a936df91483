"""Run by Alembic, with the connection and the transaction of whoever asked for a migration."""

from alembic import context

from node.storage import tables
from node.storage.tables.base import METADATA

tables.load()
context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
