"""Cosignatures: a witness's word is read, everybody else's is passed over."""

import base64
from hashlib import sha256
from typing import Final

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.errors import Code
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.limits import MAX_CHECKPOINT_BYTES, MAX_COSIGNATURES, MAX_LOG_SIZE, MAX_NOTE_SIGNATURES
from protocol.merkle.checkpoint import Checkpoint, author_note, open_checkpoint, origin, sign_checkpoint
from protocol.merkle.cosignature import MAX_TIME, Witnessed, cosign, open_cosignatures, with_cosignatures
from protocol.statements import Timestamp
from tests.protocol.signed_log import CIRCLE, KEY
from tests.protocol.vector_cases import Given, cases, refusal
from tests.protocol.vector_file import VECTORS
from tests.protocol.vectors_fork import LEFT, SEEN, WITNESSES, line

KEYS: Final = {key.public.key_id: key.public for key in WITNESSES.values()}
W1: Final = WITNESSES["w1"]


class _File(msgspec.Struct, frozen=True):
    circle: CircleId
    key: str
    witnesses: dict[KeyId, str]


FILE: Final = msgspec.json.decode((VECTORS / "cosignatures.json").read_bytes(), type=_File)


def opened(note: bytes) -> Witnessed:
    """By the witnesses of the file."""
    witnesses = {name: PublicKey.decode(key) for name, key in FILE.witnesses.items()}
    return open_cosignatures(note, circle=FILE.circle, witnesses=witnesses)


@pytest.mark.parametrize("case", cases("cosignatures"), ids=lambda case: case.name)
def test_vectors(case: Given) -> None:
    note = case.data("note")
    found = opened(note)
    assert [{"witness": each.witness, "time": each.time} for each in found.cosignatures] == case.members["cosignatures"]
    assert found.refused == case.number("refused")
    key = PublicKey.decode(FILE.key)
    log = origin(FILE.circle, key.key_id)
    assert open_checkpoint(note, origin=log, key=key) == LEFT.checkpoint()
    own = author_note(note, origin=log, key=key)
    assert own == LEFT.note()
    assert opened(with_cosignatures(own, [each.line for each in found.cosignatures])).cosignatures == found.cosignatures


def test_the_bytes_are_those_of_the_standard() -> None:
    """C2SP tlog-cosignature, written out by hand."""
    name = origin(CIRCLE, W1.public.key_id)
    message = b"cosignature/v1\n" + f"time {SEEN}\n".encode() + LEFT.checkpoint().text().encode()
    key_hash = sha256(name.encode() + b"\n\x04" + W1.public.raw).digest()[:4]
    data = key_hash + SEEN.to_bytes(8, "big") + W1.sign(message)
    assert line("w1") == f"— {name} {base64.b64encode(data).decode()}\n".encode()


def test_the_published_example_has_the_published_shape() -> None:
    """The example of C2SP tlog-cosignature: its time is the one that the text beside it names."""
    text = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    theirs = base64.b64decode(text)
    ours = base64.b64decode(line("w1", Timestamp(1_679_315_147)).split()[-1])
    assert len(ours) == len(theirs)
    assert ours[4:12] == theirs[4:12]


def test_as_many_as_are_carried_fit_a_note() -> None:
    note = sign_checkpoint(Checkpoint(LEFT.origin, MAX_LOG_SIZE, bytes(32)), KEY)
    latest = line("w1", Timestamp(MAX_TIME), note)
    most = with_cosignatures(note, [latest] * (MAX_COSIGNATURES + 5))
    assert most.count(b"\n") == note.count(b"\n") + MAX_COSIGNATURES
    assert len(most) <= MAX_CHECKPOINT_BYTES
    assert MAX_COSIGNATURES < MAX_NOTE_SIGNATURES
    assert [each.line for each in opened(most).cosignatures] == [latest]


@pytest.mark.parametrize("bad", [b"", b"w\n", line("w1")[:-1], b"\xff\n", line("w1") + line("w2")])
def test_only_a_signature_line_is_added(bad: bytes) -> None:
    assert refusal(lambda: with_cosignatures(LEFT.note(), [bad])) is Code.BAD_CHECKPOINT


def test_what_is_no_note_is_not_cosigned() -> None:
    assert refusal(lambda: cosign(b"text", W1, circle=CIRCLE, time=SEEN)) is Code.BAD_CHECKPOINT


@settings(deadline=None)
@given_any(st.integers(1, MAX_TIME), st.sampled_from(sorted(WITNESSES)))
def test_what_is_cosigned_is_read(time: int, name: str) -> None:
    signed = line(name, Timestamp(time))
    found = open_cosignatures(LEFT.note() + signed, circle=CIRCLE, witnesses=KEYS)
    ((witness, seen, kept),) = [(each.witness, each.time, each.line) for each in found.cosignatures]
    assert (witness, seen, kept, found.refused) == (WITNESSES[name].public.key_id, time, signed, 0)


@settings(deadline=None)
@given_any(st.integers(0, 75), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    name, encoded = line("w1").decode()[2:-1].split(" ")
    data = bytearray(base64.b64decode(encoded))
    data[place] ^= change
    changed = f"— {name} {base64.b64encode(data).decode()}\n".encode()
    assert open_cosignatures(LEFT.note() + changed, circle=CIRCLE, witnesses=KEYS) == Witnessed((), 1)
