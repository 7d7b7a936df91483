"""Run by Alembic, with the connection and the transaction of whoever asked for a migration."""

import importlib
import pkgutil

from alembic import context

from node.storage import tables
from node.storage.tables.base import METADATA

for module in pkgutil.iter_modules(tables.__path__):
    importlib.import_module(f"{tables.__name__}.{module.name}")

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
