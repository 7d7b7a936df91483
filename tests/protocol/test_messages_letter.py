"""Letters, what they say, and how a sounding is counted: as the published vectors have it."""

import hashlib

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from protocol.canonical import Codec
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId, SubjectId, VocabularyCode, decode_bytes, encode_bytes
from protocol.keys import PublicKey
from protocol.messages import soundings
from protocol.messages.letter import (
    MAX_LETTER_BYTES,
    MAX_LETTER_PAYLOAD_BYTES,
    MAX_LETTERS,
    MAX_LETTERS_BYTES,
    LetterId,
    decode_letters,
    decode_receipt,
    encode_letters,
    encode_receipt,
    open_letter,
    parse_letter,
    receipt,
    require_current,
    sign_letter,
)
from protocol.statements import Timestamp
from tests.protocol.fed_samples import CONTRIBUTOR
from tests.protocol.generate import SCHEMAS
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator
from tests.protocol.vectors_letters import BODIES, CIRCLE, letter_payload


class _Counted(msgspec.Struct):
    k: int
    seed: str
    first: list[int]
    second: list[int]
    table: str
    place: int
    key: str
    locked: str
    outcome: str


class _Drawn(msgspec.Struct):
    circle: str
    asker: str
    subject: str
    asked: int
    members: list[str]
    tally: tuple[str, str]


class _Soundings(msgspec.Struct):
    drawn: _Drawn
    counted: list[_Counted]


def _open(jws: bytes, now: int) -> None:
    letter = open_letter(parse_letter(jws), CONTRIBUTOR[0].public, CIRCLE)
    require_current(letter, Timestamp(now))


@pytest.mark.parametrize("case", cases("letters"), ids=lambda case: case.name)
def test_letter_vectors(case: Given) -> None:
    jws = case.text("jws").encode("ascii")
    assert refusal(lambda: _open(jws, case.number("now"))) == case.error
    assert schema_agrees(validator("letter"), msgspec.json.decode(decode_bytes(case.text("jws").split(".")[1])), case)


@pytest.mark.parametrize("case", cases("letter_bodies"), ids=lambda case: case.name)
def test_body_vectors(case: Given) -> None:
    kind = case.text("kind")
    codec = Codec(BODIES[kind], max_bytes=MAX_LETTER_PAYLOAD_BYTES)
    assert refusal(lambda: codec.decode(case.data())) == case.error
    assert schema_agrees(validator(kind), msgspec.json.decode(case.data()), case)


def test_sounding_vectors() -> None:
    file = msgspec.json.decode((SCHEMAS / "vectors" / "soundings.json").read_bytes(), type=_Soundings)
    drawn = file.drawn
    circle, asker, subject = CircleId(drawn.circle), KeyId(drawn.asker), SubjectId(drawn.subject)
    members = [KeyId(each) for each in drawn.members]
    assert soundings.tally_members(circle, asker, subject, Timestamp(drawn.asked), members) == drawn.tally
    for case in file.counted:
        seed = decode_bytes(case.seed)
        entries = soundings.table(case.first, case.k, seed)
        assert encode_bytes(hashlib.sha256("".join(entries).encode()).digest()) == case.table
        assert soundings.entry(case.second, seed) == (case.place, case.key)
        assert entries[case.place] == case.locked
        assert soundings.open_entry(entries, case.place, case.key).value == case.outcome
    assert len(file.counted) > 5


def test_one_payload_and_key_give_one_letter() -> None:
    payload = letter_payload()
    assert sign_letter(payload, CONTRIBUTOR[0]) == sign_letter(payload, CONTRIBUTOR[0])
    letter = open_letter(parse_letter(sign_letter(payload, CONTRIBUTOR[0])), CONTRIBUTOR[0].public, CIRCLE)
    assert bytes(letter.body) in payload


@given_any(st.lists(st.binary(max_size=60).filter(lambda each: b"\n" not in each), max_size=MAX_LETTERS))
def test_letters_of_one_exchange_are_read_as_they_were_written(letters: list[bytes]) -> None:
    assert list(decode_letters(encode_letters(letters))) == letters


def test_an_exchange_is_bounded() -> None:
    too_many, too_long = [b"a"] * (MAX_LETTERS + 1), [b"a" * MAX_LETTERS_BYTES]
    for letters in (too_many, too_long):
        assert refusal(lambda each=letters: encode_letters(each)) is Code.TOO_LARGE  # type: ignore[misc]  # bound early
    for data in (b"a\n" * (MAX_LETTERS + 1), b"a" * (MAX_LETTERS_BYTES + 1)):
        assert refusal(lambda each=data: decode_letters(each)) is Code.TOO_LARGE  # type: ignore[misc]  # bound early
    assert refusal(lambda: decode_letters(b"a")) is Code.MALFORMED
    assert refusal(lambda: parse_letter(b"a" * (MAX_LETTER_BYTES + 1))) is Code.TOO_LARGE


@given_any(
    st.dictionaries(
        st.binary(min_size=16, max_size=16).map(lambda raw: LetterId(encode_bytes(raw))),
        st.sampled_from([None, VocabularyCode("not-found"), VocabularyCode("expired")]),
        max_size=MAX_LETTERS,
    )
)
def test_a_receipt_says_what_became_of_each(outcomes: dict[LetterId, VocabularyCode | None]) -> None:
    found = decode_receipt(encode_receipt(receipt(outcomes)))
    assert dict.fromkeys(found.taken) | dict(found.refused) == outcomes


@given_any(st.binary(max_size=300))
def test_garbage_is_refused_in_words(data: bytes) -> None:
    for attempt in (decode_receipt, parse_letter):
        with pytest.raises(ProtocolError):
            attempt(data)
    key = PublicKey.decode(CONTRIBUTOR[0].public.encode())
    with pytest.raises(ProtocolError):
        open_letter(parse_letter(sign_letter(data, CONTRIBUTOR[0])), key, CIRCLE)
