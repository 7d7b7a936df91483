"""Evidence files: taken, referred to, opened, and gone when nobody refers to them.

A file is looked at and encrypted before the transaction that records it, and kept by it::

    with staged(files, name, stream) as upload:
        with database.write() as tx:
            file = keep(tx, vault, files, upload, account, now)
            use(tx, answer.id, [file.id])
    ...
    tidy(database, files, now)            # after a change that may have left a file without anybody

Rows are dropped in the transaction that drops the last reference; the disk follows with :func:`tidy`, which the worker
calls as well, so that a crash between the two is repaired by its next round.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from node.casework.file_kinds import kind_of, safe_name
from node.domain.accounts import AccountId
from node.domain.evidence import EvidenceFile, EvidenceId, FileKind
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import evidence as storage
from node.storage.database import Database, Transaction
from node.storage.evidence import EvidenceFiles, Staged
from node.storage.vault import Vault
from protocol.statements import DAY_SECONDS, Timestamp

FORM_SECONDS: Final = DAY_SECONDS
"""How long a file waits for a form that came back with something wrong to be sent again."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was looked at and is encrypted beside its place."""

    name: str = field(repr=False)
    kind: FileKind
    staged: Staged


@contextmanager
def staged(files: EvidenceFiles, name: str, source: BinaryIO) -> Iterator[Upload]:
    """Look at a file and encrypt it. Raises ``BAD_FILE``, ``TOO_LARGE`` or ``NO_SPACE``; then nothing is left of it."""
    kind = kind_of(source)
    with files.stage(source) as stage:
        yield Upload(safe_name(name, kind), kind, stage)


def keep(
    tx: Transaction, vault: Vault, files: EvidenceFiles, upload: Upload, account: AccountId, now: Timestamp
) -> EvidenceFile:
    """Record a staged file. It stays while something refers to it, and for a day before anything does."""
    storage.lock(tx)
    files.settle(upload.staged)
    file = EvidenceFile(
        id=EvidenceId(new_id()),
        content=upload.staged.content,
        kind=upload.kind,
        size=upload.staged.size,
        name=upload.name,
        account=account,
        created=now,
    )
    storage.add(tx, vault, file)
    return file


def use(tx: Transaction, holder: str, ids: Collection[EvidenceId]) -> None:
    """Have the row ``holder`` (22 characters) refer to exactly these files; raises ``INVALID`` for one that is gone.

    A file that loses its last reference loses its row at once.
    """
    if ids and len(storage.known(tx, ids)) < len(set(ids)):
        raise HanseError(
            Code.INVALID, "one of the files is not kept here any more.", remedy="Choose it and add it again."
        )
    storage.set_uses(tx, holder, ids)


def file_of(tx: Transaction, vault: Vault, file: EvidenceId) -> EvidenceFile:
    """What is known of one file; raises ``NOT_FOUND``."""
    found = storage.get(tx, vault, [file]).get(file)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "there is no such file.")
    return found


def files_of(tx: Transaction, vault: Vault, ids: Collection[EvidenceId]) -> dict[EvidenceId, EvidenceFile]:
    """What is known of these files; those that are gone are missing."""
    return storage.get(tx, vault, ids) if ids else {}


def all_files(tx: Transaction, vault: Vault) -> Iterator[EvidenceFile]:
    """Every file of this node, oldest first: for taking everything out."""
    return storage.every(tx, vault)


def content_of(files: EvidenceFiles, file: EvidenceFile) -> Iterator[bytes]:
    """The file itself, chunk by chunk. It was read once to its end before: what cannot be opened raises at once."""
    for _ in files.read(file.content):
        pass
    return files.read(file.content)


def tidy(database: Database, files: EvidenceFiles, now: Timestamp) -> int:
    """Have the disk hold what the database knows and nothing else; how many files were removed."""
    with database.write() as tx:
        storage.lock(tx)
        storage.forget_unused(tx, Timestamp(now - FORM_SECONDS))
        removed = storage.remove_unknown(tx, files)
    files.remove_unfinished(now)
    return removed
