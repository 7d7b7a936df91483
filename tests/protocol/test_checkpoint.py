"""Checkpoints: signed, opened, and refused in every other spelling."""

import base64
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.keys import SigningKey
from protocol.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_SIZE, MAX_NOTE_SIGNATURES
from protocol.merkle.checkpoint import Checkpoint, open_checkpoint, origin, sign_checkpoint
from protocol.merkle.hashing import EMPTY_ROOT
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY

_ORIGIN: Final = origin(CIRCLE, KEY.public.key_id)
_ROOT: Final = sha256(b"a root").digest()
_NOTE: Final = sign_checkpoint(Checkpoint(_ORIGIN, 1_234, _ROOT), KEY)
_WITNESS: Final = "— witness.example/w1 " + base64.b64encode(bytes(range(76))).decode() + "\n"


def _open(note: bytes) -> Checkpoint:
    return open_checkpoint(note, origin=_ORIGIN, key=KEY.public)


def _sign_text(text: str, key: SigningKey = KEY, *, name: str = _ORIGIN) -> bytes:
    """Any text at all, signed as a note."""
    key_hash = sha256(name.encode() + b"\n\x01" + key.public.raw).digest()[:4]
    line = base64.b64encode(key_hash + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {line}\n".encode()


@given(st.integers(1, MAX_LOG_SIZE), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_opened(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(_ORIGIN, size, root)
    assert _open(sign_checkpoint(checkpoint, KEY)) == checkpoint


def test_an_empty_log_has_a_checkpoint() -> None:
    assert _open(sign_checkpoint(Checkpoint(_ORIGIN, 0, EMPTY_ROOT), KEY)).size == 0


def test_the_bytes_are_a_signed_note() -> None:
    assert _sign_text(f"{_ORIGIN}\n1234\n{base64.b64encode(_ROOT).decode()}\n") == _NOTE


def test_the_origin_is_a_key_name() -> None:
    assert re.fullmatch(r"hanse/v1/[A-Za-z0-9_-]{43}/[A-Za-z0-9_-]{43}", _ORIGIN)


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(_NOTE + _WITNESS.encode(), id="after ours"),
        pytest.param(_NOTE.replace(b"\n\n", b"\n\n" + _WITNESS.encode()), id="before ours"),
        pytest.param(
            _NOTE + f"— {_ORIGIN} {base64.b64encode(bytes(68)).decode()}\n".encode(), id="our name, other key"
        ),
        pytest.param(_NOTE + "— zeuge.example/ä AAAAAAA=\n".encode(), id="a short one under a name beyond ASCII"),
    ],
)
def test_signatures_of_witnesses_change_nothing(note: bytes) -> None:
    assert _open(note) == _open(_NOTE)


_TEXT: Final = _NOTE.partition(b"\n\n")[0].decode() + "\n"
_OWN_LINE: Final = _NOTE.partition(b"\n\n")[2]


def _flip_base64(data: bytes) -> bytes:
    """The same bytes under a second spelling: a stray bit in the last character before the padding."""
    mark = data.rindex(b"=\n") - 1
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return data[:mark] + bytes([alphabet[alphabet.index(data[mark]) ^ 1]]) + data[mark + 1 :]


def _size(text: str) -> bytes:
    return _sign_text(_TEXT.replace("\n1234\n", f"\n{text}\n"))


@pytest.mark.parametrize(
    ("note", "code"),
    [
        pytest.param(b"", Code.BAD_CHECKPOINT, id="nothing"),
        pytest.param(b"\n\n", Code.BAD_CHECKPOINT, id="no text, no signature"),
        pytest.param(_NOTE[:-1], Code.BAD_CHECKPOINT, id="last newline missing"),
        pytest.param(_NOTE + b"\n", Code.BAD_CHECKPOINT, id="an empty line at the end"),
        pytest.param(_NOTE + b"x\n", Code.BAD_CHECKPOINT, id="a line that is no signature"),
        pytest.param(_NOTE.replace("— ".encode(), b"- "), Code.BAD_CHECKPOINT, id="another dash"),
        pytest.param(_NOTE.replace(b"\n", b"\r\n"), Code.BAD_CHECKPOINT, id="carriage returns"),
        pytest.param(_NOTE.decode().encode("utf-16"), Code.BAD_CHECKPOINT, id="not UTF-8"),
        pytest.param(_TEXT.encode(), Code.BAD_CHECKPOINT, id="no signature block"),
        pytest.param(_TEXT.encode() + b"\n", Code.BAD_CHECKPOINT, id="an empty signature block"),
        pytest.param(_flip_base64(_NOTE), Code.BAD_CHECKPOINT, id="stray bits in the signature"),
        pytest.param(_NOTE + b"\xe2\x80\x94 w AAAA\n", Code.BAD_CHECKPOINT, id="a key hash without a signature"),
        pytest.param(_NOTE + b"\xe2\x80\x94 w AAAAAAA\n", Code.BAD_CHECKPOINT, id="base64 without padding"),
        pytest.param(_NOTE + b"\xe2\x80\x94 w+1 AAAAAAA=\n", Code.BAD_CHECKPOINT, id="a plus in a key name"),
        pytest.param(_NOTE + "— w\u00a01 AAAAAAA=\n".encode(), Code.BAD_CHECKPOINT, id="a space in a key name"),
        pytest.param(_NOTE + "— w\u00011 AAAAAAA=\n".encode(), Code.BAD_CHECKPOINT, id="a control in a key name"),
        pytest.param(_NOTE + "—  AAAAAAA=\n".encode(), Code.BAD_CHECKPOINT, id="an empty key name"),
        pytest.param(_NOTE + "— w ÄÄÄÄ\n".encode(), Code.BAD_CHECKPOINT, id="letters that base64 does not have"),
        pytest.param(_NOTE + _WITNESS.encode() * MAX_NOTE_SIGNATURES, Code.TOO_LARGE, id="too many bytes"),
        pytest.param(_NOTE + b"\xe2\x80\x94 w AAAAAAA=\n" * 64, Code.TOO_LARGE, id="too many signatures"),
        pytest.param(_sign_text(_TEXT + "an extension\n"), Code.BAD_CHECKPOINT, id="an extension line"),
        pytest.param(_sign_text(_TEXT + "\n"), Code.BAD_CHECKPOINT, id="an empty extension line"),
        pytest.param(_sign_text(_ORIGIN + "\n1234\n"), Code.BAD_CHECKPOINT, id="no root"),
        pytest.param(_size("01234"), Code.BAD_CHECKPOINT, id="a leading zero"),
        pytest.param(_size("+1234"), Code.BAD_CHECKPOINT, id="a sign"),
        pytest.param(_size("-1"), Code.BAD_CHECKPOINT, id="less than nothing"),
        pytest.param(_size("1_234"), Code.BAD_CHECKPOINT, id="an underscore"),
        pytest.param(_size("١٢٣٤"), Code.BAD_CHECKPOINT, id="digits of another script"),
        pytest.param(_size(""), Code.BAD_CHECKPOINT, id="no size"),
        pytest.param(_size(str(MAX_LOG_SIZE + 1)), Code.BAD_CHECKPOINT, id="larger than any log"),
        pytest.param(_size("9" * 2_000), Code.BAD_CHECKPOINT, id="a number of two thousand digits"),
        pytest.param(_size("0"), Code.BAD_CHECKPOINT, id="an empty log with a root"),
        pytest.param(_sign_text(f"{_ORIGIN}\n1\nAAAA\n"), Code.BAD_CHECKPOINT, id="a short root"),
        pytest.param(
            _sign_text(_flip_base64(_TEXT.encode()).decode()), Code.BAD_CHECKPOINT, id="stray bits in the root"
        ),
        pytest.param(_sign_text(_TEXT.replace("hanse", "danse")), Code.BAD_CHECKPOINT, id="another origin"),
        pytest.param(
            _sign_text(_TEXT.replace("hanse/", "hanse ")), Code.BAD_CHECKPOINT, id="no key name for an origin"
        ),
        pytest.param(_sign_text(_TEXT, name="witness.example"), Code.BAD_SIGNATURE, id="signed under another name"),
        pytest.param(_sign_text(_TEXT, OTHER_KEY), Code.BAD_SIGNATURE, id="signed by another key"),
        pytest.param(_TEXT.encode() + b"\n" + _WITNESS.encode(), Code.BAD_SIGNATURE, id="signed by a witness alone"),
        pytest.param(_NOTE + _OWN_LINE, Code.BAD_SIGNATURE, id="our signature twice"),
        pytest.param(_NOTE.replace(b"\n1234\n", b"\n1235\n"), Code.BAD_SIGNATURE, id="another size than signed"),
    ],
)
def test_anything_else_is_refused(note: bytes, code: Code) -> None:
    with pytest.raises(ProtocolError) as refusal:
        _open(note)
    assert refusal.value.code is code


def test_a_signature_of_another_length_is_refused() -> None:
    name, _, encoded = _OWN_LINE.decode().removeprefix("— ").rstrip("\n").partition(" ")
    longer = base64.b64encode(base64.b64decode(encoded) + b"\0").decode()
    with pytest.raises(ProtocolError) as refusal:
        _open(f"{_TEXT}\n— {name} {longer}\n".encode())
    assert refusal.value.code is Code.BAD_SIGNATURE


def test_a_checkpoint_of_another_log_of_the_same_key_is_refused() -> None:
    other = origin(CIRCLE, OTHER_KEY.public.key_id)
    with pytest.raises(ProtocolError) as refusal:
        open_checkpoint(sign_checkpoint(Checkpoint(other, 1, _ROOT), KEY), origin=_ORIGIN, key=KEY.public)
    assert refusal.value.code is Code.BAD_CHECKPOINT


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Checkpoint("", 1, _ROOT), id="no origin"),
        pytest.param(lambda: Checkpoint("two words", 1, _ROOT), id="a space"),
        pytest.param(lambda: Checkpoint("two\nlines", 1, _ROOT), id="a newline"),
        pytest.param(lambda: Checkpoint(_ORIGIN, -1, _ROOT), id="less than nothing"),
        pytest.param(lambda: Checkpoint(_ORIGIN, 0, _ROOT), id="an empty log with a root"),
        pytest.param(lambda: Checkpoint(_ORIGIN, 1, _ROOT[1:]), id="a short root"),
    ],
)
def test_what_no_log_has_cannot_be_signed(make: Callable[[], Checkpoint]) -> None:
    with pytest.raises(ProtocolError) as refusal:
        make()
    assert refusal.value.code is Code.BAD_CHECKPOINT


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_garbage_is_refused(note: bytes) -> None:
    with pytest.raises(ProtocolError):
        _open(note)


@given(st.integers(0, len(_NOTE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    changed = bytearray(_NOTE)
    changed[place] ^= change
    with pytest.raises(ProtocolError):
        _open(bytes(changed))


@given(st.binary(max_size=MAX_CHECKPOINT_BYTES))
def test_garbage_after_the_note_is_refused_or_ignored(more: bytes) -> None:
    try:
        checkpoint = _open(_NOTE + more)
    except ProtocolError:
        return
    assert checkpoint == _open(_NOTE)
