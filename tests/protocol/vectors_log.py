"""Vectors for checkpoints and replicas (clauses 7.4 to 7.7 and 8)."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol import envelope
from protocol.errors import Code
from protocol.identifiers import CircleId, encode_bytes
from protocol.keys import SigningKey
from protocol.limits import MAX_LOG_SIZE, MAX_NOTE_SIGNATURES
from protocol.merkle.checkpoint import Checkpoint, sign_checkpoint
from protocol.replica import Unreadable
from protocol.statements import DAY_SECONDS, Timestamp
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY, TODAY, SignedLog, entry
from tests.protocol.vector_file import Case, vector_file

_ORIGIN: Final = SignedLog([]).origin
_NOTE: Final = sign_checkpoint(Checkpoint(_ORIGIN, 1_234, sha256(b"a root").digest()), KEY)
_TEXT: Final = _NOTE.partition(b"\n\n")[0].decode() + "\n"
_OWN_LINE: Final = _NOTE.partition(b"\n\n")[2]
_WITNESS: Final = "— witness.example/w1 " + base64.b64encode(bytes(range(76))).decode() + "\n"
_SHORT: Final = "— w AAAAAAA=\n"
_CHECKPOINT_FLAGS: Final = {
    "forgery": "anybody could say what the contributor's log holds",
    "other-log": "a checkpoint of one log could be shown for another",
    "second-spelling": "readers of notes would disagree on which notes are one",
    "impossible": "a tree that no log has would be believed, or would break a reader's numbers",
    "unread-words": "the contributor would have signed something that this reader does not see",
    "unbounded": "a peer could fill memory",
}


def _sign_text(text: str, key: SigningKey = KEY, *, name: str = _ORIGIN) -> bytes:
    """Any text at all, truly signed."""
    key_hash = sha256(name.encode() + b"\n\x01" + key.public.raw).digest()[:4]
    line = base64.b64encode(key_hash + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {line}\n".encode()


def _stray_bits(data: bytes) -> bytes:
    """The same base64 bytes in a second spelling: a stray bit in the last character before the padding."""
    mark = data.rindex(b"=\n") - 1
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return data[:mark] + bytes([alphabet[alphabet.index(data[mark]) ^ 1]]) + data[mark + 1 :]


def _sized(text: str) -> bytes:
    return _sign_text(_TEXT.replace("\n1234\n", f"\n{text}\n"))


def _note(name: str, note: bytes, error: Code | None = None, /, *flags: str, **answer: object) -> Case:
    given = {"note": encode_bytes(note), "origin": _ORIGIN, "key": KEY.public.encode(), **answer}
    return Case(name, "7.5", given, error, flags)


def _opened() -> Iterable[Case]:
    root = {"root": encode_bytes(sha256(b"a root").digest())}
    yield _note("a checkpoint", _NOTE, size=1_234, **root)
    empty = SignedLog([])
    yield _note("an empty log", empty.note(), size=0, root=encode_bytes(empty.checkpoint().root))
    largest = sign_checkpoint(Checkpoint(_ORIGIN, MAX_LOG_SIZE, sha256(b"a root").digest()), KEY)
    yield _note("the largest log", largest, size=MAX_LOG_SIZE, **root)
    yield _note("a witness after the author", _NOTE + _WITNESS.encode(), size=1_234, **root)
    yield _note("a witness before the author", _NOTE.replace(b"\n\n", f"\n\n{_WITNESS}".encode()), size=1_234, **root)
    other = f"— {_ORIGIN} {base64.b64encode(bytes(68)).decode()}\n".encode()
    yield _note("the author's name with another key hash", _NOTE + other, size=1_234, **root)
    yield _note("a key name beyond ASCII", _NOTE + _SHORT.replace("w", "zeuge.example/ä").encode(), size=1_234, **root)
    most = _NOTE + _SHORT.encode() * (MAX_NOTE_SIGNATURES - 1)
    yield _note("as many signatures as there may be", most, size=1_234, **root)


def _malformed() -> Iterable[Case]:
    error, spelled = Code.BAD_CHECKPOINT, "second-spelling"
    yield _note("nothing", b"", error, "forgery")
    yield _note("no text and no signature", b"\n\n", error, "forgery")
    yield _note("no signature block", _TEXT.encode(), error, "forgery")
    yield _note("an empty signature block", _TEXT.encode() + b"\n", error, "forgery")
    yield _note("the last line feed missing", _NOTE[:-1], error, spelled)
    yield _note("an empty line at the end", _NOTE + b"\n", error, spelled)
    yield _note("a line that is no signature", _NOTE + b"x\n", error, spelled)
    yield _note("another dash", _NOTE.replace("— ".encode(), b"- "), error, spelled)
    yield _note("carriage returns", _NOTE.replace(b"\n", b"\r\n"), error, spelled)
    yield _note("not UTF-8", _NOTE.decode().encode("utf-16"), error, spelled)
    yield _note("stray bits in the signature", _stray_bits(_NOTE), error, spelled)
    yield _note("stray bits in the root", _sign_text(_stray_bits(_TEXT.encode()).decode()), error, spelled)
    for name, line in (
        ("a key hash without a signature", "— w AAAA\n"),
        ("base64 without padding", "— w AAAAAAA\n"),
        ("base64 in another script", "— w ÄÄÄÄ\n"),
        ("a plus in a key name", "— w+1 AAAAAAA=\n"),
        ("a space in a key name", "— w\u00a01 AAAAAAA=\n"),
        ("a control in a key name", "— w\u00011 AAAAAAA=\n"),
        ("an empty key name", "—  AAAAAAA=\n"),
    ):
        yield _note(name, _NOTE + line.encode(), error, spelled)
    for name, size, flag in (
        ("a leading zero", "01234", spelled),
        ("a sign", "+1234", spelled),
        ("an underscore", "1_234", spelled),
        ("digits of another script", "١٢٣٤", spelled),
        ("no size", "", "impossible"),
        ("less than nothing", "-1", "impossible"),
        ("larger than any log", str(MAX_LOG_SIZE + 1), "impossible"),
        ("a size of two thousand digits", "9" * 2_000, "unbounded"),
        ("an empty log with a root", "0", "impossible"),
    ):
        yield _note(name, _sized(size), error, flag)
    yield _note("a short root", _sign_text(f"{_ORIGIN}\n1\nAAAA\n"), error, "impossible")
    yield _note("no root", _sign_text(f"{_ORIGIN}\n1234\n"), error, "impossible")
    yield _note("an extension line", _sign_text(f"{_TEXT}an extension\n"), error, "unread-words")
    yield _note("an empty extension line", _sign_text(f"{_TEXT}\n"), error, "unread-words")
    yield _note("another origin", _sign_text(_TEXT.replace("hanse", "danse")), error, "other-log")
    yield _note("an origin with a space", _sign_text(_TEXT.replace("hanse/", "hanse ")), error, "other-log")


def _unsigned() -> Iterable[Case]:
    error = Code.BAD_SIGNATURE
    yield _note("signed under another name", _sign_text(_TEXT, name="witness.example"), error, "other-log")
    yield _note("signed by another key", _sign_text(_TEXT, OTHER_KEY), error, "forgery")
    yield _note("signed by a witness alone", f"{_TEXT}\n{_WITNESS}".encode(), error, "forgery")
    yield _note("the author's signature twice", _NOTE + _OWN_LINE, error, "second-spelling")
    yield _note("another size than signed", _NOTE.replace(b"\n1234\n", b"\n1235\n"), error, "forgery")
    name, _, encoded = _OWN_LINE.decode().removeprefix("— ").rstrip("\n").partition(" ")
    longer = base64.b64encode(base64.b64decode(encoded) + b"\0").decode()
    yield _note("a signature of another length", f"{_TEXT}\n— {name} {longer}\n".encode(), error, "forgery")
    many = _NOTE + _WITNESS.encode() * MAX_NOTE_SIGNATURES
    yield _note("too many bytes", many, Code.TOO_LARGE, "unbounded")
    yield _note("too many signatures", _NOTE + _SHORT.encode() * MAX_NOTE_SIGNATURES, Code.TOO_LARGE, "unbounded")


def checkpoints() -> bytes:
    """Notes, opened and refused."""
    about = "Checkpoints, to be opened for the origin by the key, the x of RFC 8037; note is base64url of the bytes."
    return vector_file(about, _CHECKPOINT_FLAGS, [*_opened(), *_malformed(), *_unsigned()])


# Replicas

_LOG: Final = SignedLog([entry(number) for number in range(6)])
_FORK: Final = SignedLog([*_LOG.entries[:2], *(entry(number) for number in range(12, 17))])
_OTHER_CIRCLE: Final = CircleId(encode_bytes(bytes(32)))
_UNREADABLE: Final = (
    ("no JWS", b"not a statement"),
    ("a statement of another key", entry(1, key=OTHER_KEY)),
    ("a statement with another's signature", entry(1)[:-86] + entry(2)[-86:]),
    ("a statement for another circle", entry(1, circle=_OTHER_CIRCLE)),
    ("a statement dated tomorrow", entry(1, day=Timestamp(TODAY + DAY_SECONDS))),
    ("a payload that is no statement", envelope.sign(b"{}", KEY)),
)
_REPLICA_FLAGS: Final = {
    "false-entries": "a relay could add, leave out, change or reorder what the contributor signed",
    "forgery": "anybody could write in the contributor's name",
    "rewritten": "a contributor could show two histories, or take back an entry unseen",
}


@dataclass(frozen=True)
class _Offer:
    """A replica of the first ``held`` entries of the log that has seen ``head``, and what it is offered."""

    held: int
    checkpoint: bytes
    start: int
    entries: Sequence[bytes]
    proof: Sequence[bytes] = ()
    head: bytes = b""

    def given(self) -> dict[str, object]:
        """The offer as it stands in the file."""
        return {
            "held": self.held,
            "head": self.head.decode(),
            "checkpoint": self.checkpoint.decode(),
            "start": self.start,
            "entries": [each.decode() for each in self.entries],
            "proof": [encode_bytes(each) for each in self.proof],
        }

    def answer(self) -> dict[str, object]:
        """What accepting it gives."""
        replica = _LOG.replica(self.held)
        if self.head:
            proof = _LOG.proof(self.held) if self.held else ()
            replica, _ = replica.accept(self.head, (), TODAY, start=self.held, proof=proof)
        after, accepted = replica.accept(self.checkpoint, self.entries, TODAY, start=self.start, proof=self.proof)
        return {
            "size": after.frontier.size,
            "root": encode_bytes(after.frontier.root()),
            "covered": after.covered.decode(),
            "contents": [each.content.code if isinstance(each.content, Unreadable) else None for each in accepted],
        }


def _accepted() -> Iterable[Case]:
    note, log = _LOG.note(), _LOG.entries
    offers = (
        ("a whole log", "8.2", _Offer(0, note, 0, log)),
        ("the rest of a log", "8.2", _Offer(4, note, 4, log[4:])),
        ("an overlap", "8.2", _Offer(4, note, 2, log[2:])),
        ("nothing new", "8.2", _Offer(6, note, 6, ())),
        ("a late answer", "8.2", _Offer(5, note, 0, log[:2], _LOG.proof(2))),
        ("a piece", "8.3", _Offer(0, note, 0, log[:3], _LOG.proof(3))),
        ("a piece in the middle", "8.3", _Offer(3, note, 3, log[3:5], _LOG.proof(5))),
        ("a note ahead of the entries", "8.3", _Offer(3, note, 3, (), _LOG.proof(3))),
        ("a relay behind the head", "8.3", _Offer(1, _LOG.note(4), 1, log[1:4], head=note)),
    )
    for name, clause, offer in offers:
        yield Case(name, clause, offer.given() | offer.answer())
    for name, jws in _UNREADABLE:
        mixed = SignedLog([entry(20), jws, entry(21)])
        offer = _Offer(0, mixed.note(), 0, mixed.entries)
        yield Case(name, "8.6", offer.given() | offer.answer())


def _false() -> Iterable[Case]:
    note, log = _LOG.note(), _LOG.entries
    changed = [*log[:2], log[2][:-1] + b"!", *log[3:]]
    offers = (
        ("a hole", "8.2", Code.GAP, _Offer(2, note, 3, log[3:])),
        ("entries beyond the checkpoint", "8.2", Code.INCONSISTENT, _Offer(0, _LOG.note(4), 0, log)),
        ("a changed entry", "8.3", Code.WRONG_ROOT, _Offer(0, note, 0, changed)),
        ("another order", "8.3", Code.WRONG_ROOT, _Offer(0, note, 0, log[::-1])),
        ("an entry twice", "8.3", Code.WRONG_ROOT, _Offer(0, note, 0, [log[0], *log[:5]])),
        ("a changed piece", "8.3", Code.BAD_PROOF, _Offer(0, note, 0, changed[:4], _LOG.proof(4))),
        ("a piece without a proof", "8.3", Code.BAD_PROOF, _Offer(0, note, 0, log[:4])),
        ("a piece with another proof", "8.3", Code.BAD_PROOF, _Offer(0, note, 0, log[:4], _LOG.proof(3))),
        ("a needless proof", "8.3", Code.BAD_PROOF, _Offer(0, note, 0, log, _LOG.proof(3))),
        ("a proof of nothing", "8.3", Code.BAD_PROOF, _Offer(0, note, 0, (), _LOG.proof(3))),
    )
    for name, clause, error, offer in offers:
        yield Case(name, clause, offer.given(), error, ("false-entries",))
    foreign = sign_checkpoint(_LOG.checkpoint(), OTHER_KEY)
    given = _Offer(0, foreign, 0, log).given()
    yield Case("a checkpoint of another key", "8.1", given, Code.BAD_SIGNATURE, ("forgery",))
    given = _Offer(0, SignedLog(log, key=OTHER_KEY).note(), 0, log).given()
    yield Case("a checkpoint of another log", "8.1", given, Code.BAD_CHECKPOINT, ("forgery",))


def _rewritten() -> Iterable[Case]:
    note, past = _LOG.note(), _FORK.entries[2:]
    offers = (
        ("less than is held", "8.4", Code.STALE_CHECKPOINT, _Offer(4, _LOG.note(3), 4, ())),
        ("another root for what is held", "8.5", Code.FORK, _Offer(4, _FORK.note(4), 4, ())),
        ("another root at the size of the head", "8.5", Code.FORK, _Offer(2, _FORK.note(6), 2, (), head=note)),
        ("past the head by another way", "8.5", Code.FORK, _Offer(2, _FORK.note(), 2, past, head=note)),
    )
    for name, clause, error, offer in offers:
        yield Case(name, clause, offer.given(), error, ("rewritten",))


def replicas() -> bytes:
    """Offers to a replica."""
    about = (
        "Offers to a replica of the first `held` entries of `log`, whose checkpoint of that size is covered; `head` is "
        "a further checkpoint that it has seen, or empty. An accepted offer says what is held and covered afterwards, "
        "and for each new entry null or why it cannot be read. proof and root are base64url."
    )
    return vector_file(
        about,
        _REPLICA_FLAGS,
        [*_accepted(), *_false(), *_rewritten()],
        circle=CIRCLE,
        key=KEY.public.encode(),
        now=TODAY,
        log=[each.decode() for each in _LOG.entries],
        covered=[""] + [_LOG.note(size).decode() for size in range(1, len(_LOG.entries) + 1)],
    )


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "vectors/checkpoints.json": checkpoints,
    "vectors/replicas.json": replicas,
}
