"""Evidence: files on disk, encrypted, and the rows that say whose they are.

A file's name on disk is a keyed digest of its content, so equal files are kept once, and a thief of the disk cannot
ask whether a document that they know is there. Its content is encrypted in chunks, each authenticated with its
place (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár 2015; age uses the same), under a key of its own
derived from the data key, with the name as associated data: chunks cannot be changed, moved, dropped or cut off.

::

    0x01 | salt, 16 bytes | chunk | chunk | ...        chunk: AES-256-GCM of up to 65,536 bytes, with its 16-byte tag
    key   = HKDF-SHA256(subkey "evidence content", salt, name)
    nonce = chunk number, 11 bytes | 1 for the last chunk, else 0

A file is written beside its place and moved there inside the transaction that stores its row, under a lock. What lies
on the disk without a row was left by a crash and is removed by :func:`remove_unknown`, under the same lock.
"""

import hmac
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.domain.accounts import AccountId
from node.domain.evidence import ContentName, EvidenceFile, EvidenceId, FileKind
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.storage.tables.casework import EVIDENCE, EVIDENCE_USES
from node.storage.vault import KEY_BYTES, Vault
from protocol.identifiers import encode_bytes
from protocol.statements import Timestamp

CHUNK_BYTES: Final = 65_536
"""Encrypted at once: what one file holds in memory, whatever its size."""
_TAG_BYTES: Final = 16
_SALT_BYTES: Final = 16
_COUNTER_BYTES: Final = 11
_FORMAT: Final = b"\x01"
_UNFINISHED: Final = ".part"
_UNFINISHED_SECONDS: Final = 3_600
"""A file that was never moved to its place is of a request that has ended long ago."""
_LOCK: Final = 0x48414E5345_05
"""Key of the PostgreSQL advisory lock: "HANSE" and a number of its own."""

Row = sa.Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Staged:
    """An encrypted file beside its place."""

    content: ContentName
    size: int
    path: Path


class EvidenceFiles:
    """The folder with the encrypted files of one node. Processes that share a database share this folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._naming_key = vault.subkey("evidence names")
        self._content_key = vault.subkey("evidence content")

    @contextmanager
    def stage(self, source: BinaryIO) -> Iterator[Staged]:
        """Encrypt a file beside its place. It is gone when the block ends, unless :meth:`settle` moved it.

        Raises ``NO_SPACE`` where the disk does not take it; nothing is left behind then.
        """
        content, size = self._name(source)
        unfinished = self._folder / (encode_bytes(os.urandom(_SALT_BYTES)) + _UNFINISHED)
        try:
            self._write(source, content, unfinished)
            yield Staged(content, size, unfinished)
        finally:
            # Where this fails, `remove_unfinished` comes later; what went wrong before is what the caller hears of.
            with suppress(OSError):
                unfinished.unlink()

    def settle(self, staged: Staged) -> None:
        """Move a staged file to its place; inside the transaction that stores its row, under :func:`lock`."""
        place = self._place(staged.content)
        with _disk():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            staged.path.replace(place)
            _sync(place.parent)

    def read(self, content: ContentName) -> Iterator[bytes]:
        """The file, chunk by chunk. Raises ``CORRUPTED`` where it is missing or is not what was stored."""
        try:
            with self._place(content).open("rb") as source:
                if source.read(len(_FORMAT)) != _FORMAT:
                    raise _corrupted(content)
                cipher = self._cipher(source.read(_SALT_BYTES), content)
                yield from _opened(cipher, source, content)
        except OSError as error:
            raise _corrupted(content) from error

    def names(self) -> Iterator[ContentName]:
        """Every file that is at its place."""
        if self._folder.is_dir():
            yield from (
                ContentName(file.name)
                for shelf in self._folder.iterdir()
                if shelf.is_dir()
                for file in shelf.glob(f"{shelf.name}*")
            )

    def remove(self, content: ContentName) -> None:
        """Remove a file; nothing happens where it is gone."""
        self._place(content).unlink(missing_ok=True)

    def remove_unfinished(self, now: Timestamp) -> None:
        """Remove what requests that were cut off have left beside the places."""
        for path in self._folder.glob(f"*{_UNFINISHED}"):
            if path.stat().st_mtime < now - _UNFINISHED_SECONDS:
                path.unlink(missing_ok=True)

    def _name(self, source: BinaryIO) -> tuple[ContentName, int]:
        digest = hmac.new(self._naming_key, digestmod=sha256)
        size = 0
        source.seek(0)
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
        return ContentName(encode_bytes(digest.digest())), size

    def _write(self, source: BinaryIO, content: ContentName, path: Path) -> None:
        salt = os.urandom(_SALT_BYTES)
        cipher = self._cipher(salt, content)
        source.seek(0)
        with _disk():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                target.write(_FORMAT + salt)
                number, chunk = 0, source.read(CHUNK_BYTES)
                while True:
                    following = source.read(CHUNK_BYTES)
                    target.write(cipher.encrypt(_nonce(number, last=not following), chunk, content.encode()))
                    if not following:
                        break
                    number, chunk = number + 1, following
                target.flush()
                os.fsync(target.fileno())

    def _cipher(self, salt: bytes, content: ContentName) -> AESGCM:
        info = b"hanse evidence file " + content.encode()
        return AESGCM(HKDF(hashes.SHA256(), KEY_BYTES, salt=salt, info=info).derive(self._content_key))

    def _place(self, content: ContentName) -> Path:
        return self._folder / content[:2] / content


def lock(tx: Transaction) -> None:
    """Until this transaction ends, nobody else moves a file to its place or removes one.

    On SQLite a write transaction holds the write lock from its beginning.
    """
    if tx.is_postgresql:
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def add(tx: Transaction, vault: Vault, file: EvidenceFile) -> None:
    """Store the row of a file."""
    values = {
        "id": file.id,
        "content": file.content,
        "kind": file.kind.value,
        "size": file.size,
        "account_id": file.account,
        "created": file.created,
        "sealed": vault.seal(file.name.encode(), place=_row_place(file.id)),
    }
    tx.connection.execute(sa.insert(EVIDENCE).values(values))


def get(tx: Transaction, vault: Vault, ids: Collection[EvidenceId]) -> dict[EvidenceId, EvidenceFile]:
    """What is known of these files; those that are not there are missing."""
    rows = tx.connection.execute(sa.select(EVIDENCE).where(EVIDENCE.c.id.in_(list(ids)))).all()
    return {EvidenceId(row.id): _file(vault, row) for row in rows}


def known(tx: Transaction, ids: Collection[EvidenceId]) -> set[EvidenceId]:
    """Which of these are there."""
    query = sa.select(EVIDENCE.c.id).where(EVIDENCE.c.id.in_(list(ids)))
    return {EvidenceId(each) for each in tx.connection.execute(query).scalars()}


def every(tx: Transaction, vault: Vault) -> Iterator[EvidenceFile]:
    """All of them, oldest first."""
    rows = tx.connection.execute(sa.select(EVIDENCE).order_by(EVIDENCE.c.created, EVIDENCE.c.id))
    return (_file(vault, row) for row in rows)


def set_uses(tx: Transaction, holder: str, ids: Collection[EvidenceId]) -> None:
    """Have a holder refer to exactly these files; a file that nobody refers to any more loses its row."""
    mine = EVIDENCE_USES.c.holder == holder
    before = set(tx.connection.execute(sa.select(EVIDENCE_USES.c.evidence_id).where(mine)).scalars())
    if gone := before - set(ids):
        tx.connection.execute(sa.delete(EVIDENCE_USES).where(mine, EVIDENCE_USES.c.evidence_id.in_(gone)))
        _delete_unused(tx, EVIDENCE.c.id.in_(gone))
    if new := set(ids) - before:
        tx.connection.execute(
            sa.insert(EVIDENCE_USES), [{"evidence_id": each, "holder": holder} for each in sorted(new)]
        )


def holders_of(tx: Transaction, file: EvidenceId) -> list[str]:
    """The rows that refer to a file."""
    query = sa.select(EVIDENCE_USES.c.holder).where(EVIDENCE_USES.c.evidence_id == file)
    return list(tx.connection.execute(query.order_by(EVIDENCE_USES.c.holder)).scalars())


def forget_unused(tx: Transaction, before: Timestamp) -> None:
    """Drop the rows of files that came with a form which nobody sent again."""
    _delete_unused(tx, EVIDENCE.c.created < before)


def remove_unknown(tx: Transaction, files: EvidenceFiles) -> int:
    """Remove from the disk what has no row; how many files that were. Under :func:`lock`."""
    known = set(tx.connection.execute(sa.select(EVIDENCE.c.content)).scalars())
    unknown = [name for name in files.names() if name not in known]
    for name in unknown:
        files.remove(name)
    return len(unknown)


def _delete_unused(tx: Transaction, which: sa.ColumnElement[bool]) -> None:
    used = sa.exists().where(EVIDENCE_USES.c.evidence_id == EVIDENCE.c.id)
    tx.connection.execute(sa.delete(EVIDENCE).where(which, ~used))


def _file(vault: Vault, row: Row) -> EvidenceFile:
    return EvidenceFile(
        id=EvidenceId(row.id),
        content=ContentName(row.content),
        kind=FileKind(row.kind),
        size=row.size,
        name=vault.open(row.sealed, place=_row_place(row.id)).decode(),
        account=AccountId(row.account_id),
        created=Timestamp(row.created),
    )


def _opened(cipher: AESGCM, source: BinaryIO, content: ContentName) -> Iterator[bytes]:
    sealed_bytes = CHUNK_BYTES + _TAG_BYTES
    number, chunk = 0, source.read(sealed_bytes)
    while True:
        following = source.read(sealed_bytes)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), chunk, content.encode())
        except (InvalidTag, ValueError) as error:
            raise _corrupted(content) from error
        if not following:
            return
        number, chunk = number + 1, following


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES, "big") + (b"\x01" if last else b"\x00")


def _sync(folder: Path) -> None:
    """Have the name of a file that was moved survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk() -> Iterator[None]:
    """Whatever the disk refuses, in words for the person and the operator."""
    try:
        yield
    except OSError as error:
        raise HanseError(
            Code.NO_SPACE,
            f"the file could not be stored: {error.strerror}.",
            remedy="Nothing was recorded. The operator of this node looks at the space and the rights of its folder.",
        ) from error


def _corrupted(content: ContentName) -> HanseError:
    return HanseError(
        Code.CORRUPTED,
        f"the evidence file {content} is missing or does not open with this node's data key.",
        remedy="Restore the folder of evidence files from the backup that the database comes from.",
    )


def _row_place(file: str) -> str:
    return f"evidence.sealed:{file}"
