"""The tables, one module per room, all on the one ``METADATA`` of :mod:`node.storage.tables.base`."""
