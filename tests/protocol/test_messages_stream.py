"""The stream of entries: what is complete counts, whatever follows it."""

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import encode_bytes, parse_key_id
from protocol.limits import (
    MAX_CHECKPOINT_BYTES,
    MAX_ENTRY_BYTES,
    MAX_FORK_BYTES,
    MAX_FORKS,
    MAX_PROOF_HASHES,
    MAX_STREAM_BYTES,
    MAX_STREAM_ENTRIES,
)
from protocol.merkle.hashing import Leaf
from protocol.messages.stream import (
    MAX_LINE_BYTES,
    MAX_LOGS,
    MIN_STREAM_BYTES,
    End,
    EntriesRequest,
    Filling,
    Fork,
    Section,
    decode_entries_request,
    decode_stream,
    encode_end,
    encode_entries_request,
    encode_filling,
    encode_fork,
    encode_section,
    encode_stream,
    entry_line_bytes,
    read_stream,
)
from tests.protocol import vectors_messages
from tests.protocol.fed_samples import CONTRIBUTOR, sections
from tests.protocol.generate import SCHEMAS
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator

GOOD = encode_stream(sections(), more=True)
ENDS = [GOOD.index(encode_section(each)) + len(encode_section(each)) for each in sections()]


def read_what_there_is(data: bytes) -> tuple[list[Section], End | None, ProtocolError | None]:
    """As a reader would that keeps what is complete."""
    found, _, end, error = read_all(data)
    return found, end, error


def read_all(data: bytes) -> tuple[list[Section], list[Fork], End | None, ProtocolError | None]:
    """The same with the evidence."""
    found: list[Section] = []
    forks: list[Fork] = []
    filled = 0
    try:
        for item in read_stream(data):
            match item:
                case Section():
                    assert forks == []
                    assert filled == 0
                    found.append(item)
                case Filling():
                    assert forks == []
                    filled += 1
                case Fork():
                    forks.append(item)
                case End():
                    return found, forks, item, None
    except ProtocolError as error:
        return found, forks, None, error
    raise AssertionError("a stream ends with End or with an error")


@pytest.mark.parametrize("name", sorted(vectors_messages.FILES))
def test_the_files_are_as_generated(name: str) -> None:
    assert (SCHEMAS / name).read_bytes() == vectors_messages.FILES[name]()


@pytest.mark.parametrize("case", cases("stream"), ids=lambda case: case.name)
def test_stream_vectors(case: Given) -> None:
    found, forks, end, error = read_all(case.data())
    assert len(found) == case.number("sections")
    if "forks" in case.members:
        assert forks == [Fork(b"evidence")] * case.number("forks")
    holes = [entry for section in found for entry in section.entries if isinstance(entry, Leaf)]
    assert len(holes) == (case.number("gone") if "gone" in case.members else 0)
    if "fillings" in case.members:
        fillings = [item for item in read_stream(case.data()) if isinstance(item, Filling)]
        assert len(fillings) == case.number("fillings")
        assert all(encode_filling(each) in case.data() for each in fillings)
    if case.error is None:
        assert end == End(more=bool(case.members["more"]))
        assert decode_stream(case.data()) == (tuple(found), bool(case.members["more"]))
        lines = [line for line in case.data().splitlines() if line.startswith(b"{")]
        assert all(validator("stream-line").is_valid(msgspec.json.decode(line)) for line in lines)
    else:
        assert error is not None
        assert error.code == case.error
        assert error.detail.startswith("line ")


@pytest.mark.parametrize("case", cases("entries_request"), ids=lambda case: case.name)
def test_entries_request_vectors(case: Given) -> None:
    assert refusal(lambda: decode_entries_request(case.data())) == case.error
    if case.error is None:
        assert encode_entries_request(decode_entries_request(case.data())) == case.data()
    assert schema_agrees(validator("entries-request"), msgspec.json.decode(case.data()), case)


def test_entries_without_content_come_back_as_their_leaf_hashes() -> None:
    section = Section(CONTRIBUTOR[0].public.key_id, 4, (Leaf(bytes(range(32))), b"x", Leaf(bytes(32))), b"note", ())
    assert decode_stream(encode_stream([section], more=False)) == ((section,), False)
    assert [entry_line_bytes(each) for each in section.entries] == [45, 2, 45]
    again = Filling(CONTRIBUTOR[0].public.key_id, 4, b"x")
    data = encode_stream([section], more=False, fillings=[again], forks=[b"evidence"])
    assert list(read_stream(data)) == [section, again, Fork(b"evidence"), End(more=False)]


def test_a_stream_comes_back_as_it_was() -> None:
    assert decode_stream(GOOD) == (sections(), True)
    assert decode_stream(encode_end(more=False)) == ((), False)


@settings(deadline=None)
@given_any(cut=st.integers(0, len(GOOD) - 1))
def test_a_truncated_stream_keeps_its_complete_sections(cut: int) -> None:
    found, end, error = read_what_there_is(GOOD[:cut])
    assert end is None
    assert error is not None
    assert error.code is Code.TRUNCATED
    assert tuple(found) == sections()[: sum(cut >= each for each in ENDS)]


@settings(deadline=None)
@given_any(
    garbage=st.one_of(
        st.binary(max_size=200),
        st.builds(lambda at, by: GOOD[:at] + by + GOOD[at + 1 :], st.integers(0, len(GOOD) - 1), st.binary(max_size=3)),
    )
)
def test_garbage_raises_protocol_errors_only(garbage: bytes) -> None:
    found, end, error = read_what_there_is(garbage)
    assert (end is None) == (error is not None)
    if error is not None:
        assert error.code in {Code.TRUNCATED, Code.BAD_STREAM}
    assert all(isinstance(each, Section) for each in found)


@settings(deadline=None)
@given_any(data=st.binary(max_size=100))
def test_garbage_requests_raise_protocol_errors_only(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_entries_request(data)


@pytest.mark.parametrize(
    "entry", [b"a\nb", b"x" * (MAX_ENTRY_BYTES + 1), b"=x"], ids=["line feed", "too long", "looks like a leaf hash"]
)
def test_an_entry_that_does_not_fit_on_a_line_is_our_fault(entry: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        encode_section(Section(CONTRIBUTOR[0].public.key_id, 0, (entry,), b"note", ()))
    assert (caught.value.code, caught.value.fault) == (Code.BAD_STREAM, Fault.OURS)


def test_a_note_that_is_not_text_is_our_fault() -> None:
    with pytest.raises(ProtocolError) as caught:
        encode_section(Section(CONTRIBUTOR[0].public.key_id, 0, (), b"\xff", ()))
    assert (caught.value.code, caught.value.fault) == (Code.BAD_STREAM, Fault.OURS)


def test_a_note_is_bounded_in_bytes() -> None:
    with pytest.raises(ProtocolError) as caught:
        encode_section(
            Section(CONTRIBUTOR[0].public.key_id, 0, (), ("—" * (MAX_CHECKPOINT_BYTES // 3 + 1)).encode(), ())
        )
    assert caught.value.code is Code.TOO_LARGE


def test_the_smallest_answer_carries_the_largest_entry() -> None:
    worst = Section(
        contributor=CONTRIBUTOR[0].public.key_id,
        start=2**39,
        entries=(b"x" * MAX_ENTRY_BYTES,),
        checkpoint=b"\x01" * MAX_CHECKPOINT_BYTES,
        proof=(b"\xff" * 32,) * MAX_PROOF_HASHES,
    )
    data = encode_stream((worst,), more=True)
    assert len(data) <= MIN_STREAM_BYTES
    assert decode_stream(data) == ((worst,), True)


def test_a_stream_is_bounded_on_both_sides() -> None:
    full = Section(CONTRIBUTOR[0].public.key_id, 0, (b"x" * MAX_ENTRY_BYTES,) * 342, b"note", ())
    with pytest.raises(ProtocolError) as caught:
        encode_stream((full,), more=False)
    assert (caught.value.code, caught.value.fault) == (Code.TOO_LARGE, Fault.OURS)
    with pytest.raises(ProtocolError) as caught:
        decode_stream(b"\n" * (MAX_STREAM_BYTES + 1))
    assert (caught.value.code, caught.value.fault) == (Code.TOO_LARGE, Fault.PEER)


def test_entries_are_bounded_however_short_they_are() -> None:
    def empty(log: int, count: int) -> Section:
        return Section(CONTRIBUTOR[log].public.key_id, 0, (b"",) * count, b"note", ())

    full = (empty(0, MAX_STREAM_ENTRIES - 1), empty(1, 1))
    assert decode_stream(encode_stream(full, more=True)) == (full, True)
    with pytest.raises(ProtocolError) as caught:
        encode_stream((empty(0, MAX_STREAM_ENTRIES - 1), empty(1, 2)), more=True)
    assert (caught.value.code, caught.value.fault) == (Code.TOO_LARGE, Fault.OURS)
    with pytest.raises(ProtocolError):
        encode_section(empty(0, MAX_STREAM_ENTRIES + 1))


def test_sections_are_bounded() -> None:
    logs = (parse_key_id(encode_bytes(number.to_bytes(32, "big"))) for number in range(MAX_LOGS + 1))
    data = b"".join(encode_section(Section(log, 0, (), b"n", ())) for log in logs) + encode_end(more=False)
    found, _, error = read_what_there_is(data)
    assert len(found) == MAX_LOGS
    assert error is not None
    assert error.code is Code.BAD_STREAM


def test_a_request_with_every_log_fits() -> None:
    have = {parse_key_id(encode_bytes(number.to_bytes(32, "big"))): 2**40 for number in range(MAX_LOGS)}
    request = EntriesRequest(holes={}, have=have, only=tuple(sorted(have)), max_bytes=MAX_STREAM_BYTES)
    assert decode_entries_request(encode_entries_request(request)) == request


def test_evidence_is_bounded_on_both_sides() -> None:
    with pytest.raises(ProtocolError) as caught:
        encode_stream((), more=False, forks=(b"evidence",) * (MAX_FORKS + 1))
    assert (caught.value.code, caught.value.fault) == (Code.TOO_LARGE, Fault.OURS)
    largest = encode_fork(b"x" * MAX_FORK_BYTES)
    assert len(largest) <= MAX_LINE_BYTES
    assert read_all(largest + encode_end(more=False))[1] == [Fork(b"x" * MAX_FORK_BYTES)]
    with pytest.raises(ProtocolError):
        encode_fork(b"x" * (MAX_FORK_BYTES + 3))
    assert decode_stream(largest + encode_end(more=True)) == ((), True)
