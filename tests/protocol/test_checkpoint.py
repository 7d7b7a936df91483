"""Checkpoints: what is signed is opened, and nothing else; the refusals by name are in the vectors."""

import base64
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_SIZE
from protocol.merkle.checkpoint import Checkpoint, author_note, open_checkpoint, origin, sign_checkpoint
from protocol.merkle.hashing import EMPTY_ROOT
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY

_ORIGIN: Final = origin(CIRCLE, KEY.public.key_id)
_ROOT: Final = sha256(b"a root").digest()
_NOTE: Final = sign_checkpoint(Checkpoint(_ORIGIN, 1_234, _ROOT), KEY)


def _open(note: bytes) -> Checkpoint:
    return open_checkpoint(note, origin=_ORIGIN, key=KEY.public)


@given(st.integers(1, MAX_LOG_SIZE), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_opened(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(_ORIGIN, size, root)
    assert _open(sign_checkpoint(checkpoint, KEY)) == checkpoint


def test_an_empty_log_has_a_checkpoint() -> None:
    assert _open(sign_checkpoint(Checkpoint(_ORIGIN, 0, EMPTY_ROOT), KEY)).size == 0


def test_the_bytes_are_a_signed_note() -> None:
    text = f"{_ORIGIN}\n1234\n{base64.b64encode(_ROOT).decode()}\n"
    key_hash = sha256(_ORIGIN.encode() + b"\n\x01" + KEY.public.raw).digest()[:4]
    signature = base64.b64encode(key_hash + KEY.sign(text.encode())).decode()
    assert f"{text}\n— {_ORIGIN} {signature}\n".encode() == _NOTE


def test_the_origin_is_a_key_name() -> None:
    assert re.fullmatch(r"hanse/v1/[A-Za-z0-9_-]{43}/[A-Za-z0-9_-]{43}", _ORIGIN)


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


def test_of_a_note_the_authors_part_is_kept() -> None:
    """Whoever relays a note can add signature lines; none of them is passed on."""
    other_key = base64.b64encode(bytes(68)).decode()
    added = f"— say-anything-here.example AAAAAAA=\n— {_ORIGIN} {other_key}\n".encode()
    before = _NOTE.replace(b"\n\n", b"\n\n" + added)
    for note in (_NOTE, _NOTE + added, before, before + added):
        assert _open(note) == _open(_NOTE)
        assert author_note(note, origin=_ORIGIN, key=KEY.public) == _NOTE


@given(st.binary(max_size=MAX_CHECKPOINT_BYTES))
def test_garbage_after_the_note_is_refused_or_ignored(more: bytes) -> None:
    try:
        checkpoint = _open(_NOTE + more)
    except ProtocolError:
        return
    assert checkpoint == _open(_NOTE)
