"""The registry read whole, for what is built from all of it: its state as one digest, and its organisations in a row.

Nothing is held but the row being read; both answers come from one moment of the database when asked in one
transaction.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.subjects import Organisation
from node.storage.database import Transaction
from node.storage.tables.subjects import SUBJECTS

_BATCH: Final = 2_000
"""Rows fetched at a time: a few megabytes."""
_DECODER: Final = msgspec.json.Decoder(Organisation)
_REGISTRY: Final = "registry"


def registry_digest(tx: Transaction) -> str:
    """A digest of every registry record, in hexadecimal: another digest, another registry."""
    digest = hashlib.sha256()
    for subject, record in _rows(tx):
        digest.update(f"{subject} {len(record)} ".encode())
        digest.update(record)
    return digest.hexdigest()


def registry_organisations(tx: Transaction) -> Iterator[Organisation]:
    """Every organisation of the registry, by identifier; minted subjects and those of statements are not among them."""
    for _, record in _rows(tx):
        yield _DECODER.decode(record)


def _rows(tx: Transaction) -> Iterator[tuple[str, bytes]]:
    query = sa.select(SUBJECTS.c.id, SUBJECTS.c.record).where(SUBJECTS.c.origin == _REGISTRY).order_by(SUBJECTS.c.id)
    with tx.connection.execute(query.execution_options(yield_per=_BATCH)) as rows:
        for row in rows:
            yield row.id, bytes(row.record)
