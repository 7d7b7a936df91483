"""The tables, one module per room, all on the one ``METADATA`` of :mod:`node.storage.tables.base`."""

import importlib
import pkgutil


def load() -> None:
    """Have every table on ``METADATA``, whichever rooms have been imported."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
