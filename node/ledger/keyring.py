"""The node's signing keys: one file each, mode 0600, never in the database.

``identity.key`` names the institution and may be kept offline: its public half stays in ``identity.pub``, and only
what is signed with the private half (cards, the entity configuration) needs the file back. ``request.key`` signs HTTP
requests; ``contributors/<thumbprint>.key`` holds one key per circle and epoch. A key file holds the 32-byte seed in
base64url and a newline; ``identity.pub`` the 32 bytes of the public key in the same form.
"""

import os
from pathlib import Path
from typing import Final

from node.errors import Code, HanseError
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId, decode_bytes, encode_bytes
from protocol.keys import KEY_BYTES, PublicKey, SigningKey

IDENTITY: Final = "identity.key"
IDENTITY_PUBLIC: Final = "identity.pub"
_REQUEST: Final = "request.key"
_CONTRIBUTORS: Final = "contributors"


class Keyring:
    """Signing keys below one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._confirmed: dict[KeyId, int] = {}

    def create(self) -> None:
        """Make the directory and the identity and request keys; refuses to overwrite."""
        (self._directory / _CONTRIBUTORS).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        for name in (IDENTITY, _REQUEST):
            write_secret(self._directory / name, _encode(os.urandom(KEY_BYTES)))
        self._write_public(self.identity().public)

    @property
    def holds_identity(self) -> bool:
        """Whether the private half of the identity key is on this machine now."""
        return (self._directory / IDENTITY).exists()

    def identity(self) -> SigningKey:
        """The key that outlives the others; raises ``IDENTITY_OFFLINE`` while its private half is kept elsewhere."""
        if not self.holds_identity:
            raise HanseError(
                Code.IDENTITY_OFFLINE,
                "this step is signed with the identity key, whose private half is not on this machine.",
                remedy=f"Put {IDENTITY} back into the folder keys/, repeat the step, and take it away again.",
            )
        key = self._load(IDENTITY)
        if (self._directory / IDENTITY_PUBLIC).exists() and self._load_public() != key.public:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"{IDENTITY} and {IDENTITY_PUBLIC} are not halves of one key.",
                remedy="Restore both from the same backup.",
            )
        return key

    def identity_public(self) -> PublicKey:
        """The public half of the identity key, which is always here."""
        if (self._directory / IDENTITY_PUBLIC).exists():
            return self._load_public()
        return self._load(IDENTITY).public  # only the private half was restored from a backup

    def keep_identity_offline(self) -> Path:
        """Make sure that the public half is on disk; returns the file to be taken away, which is left alone."""
        public = self.identity().public
        if not (self._directory / IDENTITY_PUBLIC).exists():
            self._write_public(public)
        return self._directory / IDENTITY

    def request(self) -> SigningKey:
        """The key for RFC 9421 signatures."""
        return self._load(_REQUEST)

    def new_contributor(self) -> SigningKey:
        """A fresh key for one circle and epoch, stored before it is returned."""
        seed = os.urandom(KEY_BYTES)
        key = SigningKey(seed)
        write_secret(self._directory / _CONTRIBUTORS / f"{key.public.key_id}.key", _encode(seed))
        self.confirm_log(key.public.key_id, 0)
        return key

    def confirm_log(self, contributor: KeyId, size: int) -> None:
        """Remember that our log under this key has been compared with members, or signed on since, at this size.

        In memory only. Whoever restores a backup starts the node afterwards, so what a process has seen holds as
        long as the process does; a key that this process has made cannot have signed more than this process knows.
        """
        self._confirmed[contributor] = size

    def is_confirmed(self, contributor: KeyId, size: int) -> bool:
        """Whether a log of this size may be signed on: it was confirmed, and has not become shorter since."""
        return self._confirmed.get(contributor, size + 1) <= size

    def holds(self, key_id: KeyId) -> bool:
        """Whether the file of this contributor key is here; it is not where a backup is older than a change of keys."""
        return (self._directory / _CONTRIBUTORS / f"{key_id}.key").exists()

    def contributor(self, key_id: KeyId) -> SigningKey:
        """The contributor key with this thumbprint."""
        key = self._load(f"{_CONTRIBUTORS}/{key_id}.key")
        if key.public.key_id != key_id:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the file of contributor key {key_id} holds another key.",
                remedy="Restore it from its backup.",
            )
        return key

    def _write_public(self, key: PublicKey) -> None:
        write_secret(self._directory / IDENTITY_PUBLIC, key.encode().encode("ascii") + b"\n")

    def _load_public(self) -> PublicKey:
        path = self._directory / IDENTITY_PUBLIC
        try:
            return PublicKey.decode(path.read_text("ascii").removesuffix("\n"))
        except (OSError, UnicodeDecodeError, ProtocolError) as error:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"{path} does not hold an Ed25519 public key.",
                remedy="Restore it from its backup; it is made anew where only identity.key is.",
            ) from error

    def _load(self, name: str) -> SigningKey:
        path = self._directory / name
        try:
            mode = path.stat().st_mode
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the key file {path} cannot be read.",
                remedy="Restore it from its backup, or run `hanse init` for a new node.",
            ) from error
        if mode & 0o077:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the key file {path} is open to others.",
                remedy=f"Run `chmod 600 {path}`.",
            )
        try:
            return SigningKey(decode_bytes(text.removesuffix("\n")))
        except ProtocolError as error:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the key file {path} does not hold an Ed25519 seed.",
                remedy="Restore it from its backup.",
            ) from error


def write_secret(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read; it must not exist, and it is on disk when this returns."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise HanseError(
            Code.CONFLICT, f"{path} exists already.", remedy="Keys are never overwritten; move it away first."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)  # the name is in the folder, which is a file of its own
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _encode(seed: bytes) -> bytes:
    return encode_bytes(seed).encode("ascii") + b"\n"
