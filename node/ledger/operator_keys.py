"""An operator's private keys for person tokens: one file each, mode 0600, never in the database.

``operators/<circle>-<epoch>.key`` beside the signing keys holds a ristretto255 scalar in base64url and a newline. A key
is drawn for one circle and one epoch. It is not derived from anything: what was destroyed cannot be made again, and
then nobody can ever test a name against the tokens of that epoch.
"""

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger.keyring import write_secret
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, decode_bytes, encode_bytes
from protocol.ristretto import WIDE_BYTES, Scalar, library_file, parse_scalar, require_not_zero, wide_scalar

_FOLDER: Final = "operators"


def random_scalar() -> Scalar:
    """A scalar that nobody knows: a key, a blind, or the nonce of a proof."""
    tidy_library()
    return require_not_zero(wide_scalar(os.urandom(WIDE_BYTES)))


@lru_cache(maxsize=1)
def tidy_library() -> None:
    """Remove the file that the group's library leaves in the temporary folder; it has been read by then."""
    with suppress(OSError):  # on a system that locks files in use it stays
        Path(library_file()).unlink()


def load(settings: Settings, circle: CircleId, epoch: int) -> Scalar | None:
    """The key of an epoch; None where it is not here. Raises ``BAD_KEY_FILE`` for a file that holds none."""
    path = _path(settings, circle, epoch)
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(path, "cannot be read") from error
    if mode & 0o077:
        raise HanseError(Code.BAD_KEY_FILE, f"{path} is open to others.", remedy=f"Run `chmod 600 {path}`.")
    try:
        return require_not_zero(parse_scalar(decode_bytes(text.removesuffix("\n"))))
    except ProtocolError as error:
        raise _bad(path, "does not hold a key for person tokens") from error


def load_or_make(settings: Settings, circle: CircleId, epoch: int) -> Scalar:
    """The key of an epoch, drawn now unless an attempt to publish it has left it here. On disk when this returns."""
    found = load(settings, circle, epoch)
    if found is not None:
        return found
    key = random_scalar()
    path = _path(settings, circle, epoch)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(path, encode_bytes(key).encode("ascii") + b"\n")
    return key


def destroy(settings: Settings, circle: CircleId, epoch: int) -> None:
    """Remove the key of an epoch, for ever. Copies in backups end when those do; raises ``NOT_FOUND``."""
    path = _path(settings, circle, epoch)
    try:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError as error:
        raise HanseError(Code.NOT_FOUND, f"there is no key for epoch {epoch} of this circle here.") from error


def _path(settings: Settings, circle: CircleId, epoch: int) -> Path:
    return settings.keys / _FOLDER / f"{circle}-{epoch}.key"


def _bad(path: Path, words: str) -> HanseError:
    return HanseError(
        Code.BAD_KEY_FILE,
        f"{path} {words}.",
        remedy="Restore it from its backup. If there is none, begin a new epoch: `hanse tokens new-key`.",
    )
