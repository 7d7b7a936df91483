"""A replica accepts what its contributor signed, by any way and in any pieces, and nothing else."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import envelope
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, encode_bytes
from protocol.merkle.checkpoint import Checkpoint, sign_checkpoint
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.replica import MAX_DETAIL_CHARACTERS, AcceptedEntry, Replica, Unreadable, reread
from protocol.statements import DAY_SECONDS, Timestamp
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY, TODAY, SignedLog, entry, retraction

_SIZE: Final = 20
_ENTRIES: Final = tuple(entry(number) for number in range(_SIZE))
_LOG: Final = SignedLog(_ENTRIES)
_FORKED: Final = SignedLog((*_ENTRIES[:8], *(entry(number) for number in range(108, 130))))
"""Another history of the same contributor, from entry 8 on."""


def _accept(
    replica: Replica, start: int, end: int, *, log: SignedLog = _LOG, size: int | None = None
) -> tuple[Replica, tuple[AcceptedEntry, ...]]:
    """What an honest holder of the log's first ``size`` entries serves."""
    size = len(log.entries) if size is None else size
    proof = log.proof(end, size) if 0 < end < size else ()
    return replica.accept(log.note(size), log.entries[start:end], TODAY, start=start, proof=proof)


def test_a_whole_log_at_once() -> None:
    replica, accepted = _accept(_LOG.replica(), 0, _SIZE)
    assert replica == Replica(CIRCLE, KEY.public, EMPTY.extend(_LOG.hashes), _LOG.note(), _LOG.note())
    assert [each.index for each in accepted] == list(range(_SIZE))
    assert [each.jws for each in accepted] == list(_ENTRIES)
    assert [each.leaf_hash for each in accepted] == _LOG.hashes
    assert [each.content for each in accepted] == [retraction(number) for number in range(_SIZE)]


@given(st.lists(st.integers(0, _SIZE), max_size=6))
def test_an_interrupted_catch_up_ends_as_one_in_one_go(stops: list[int]) -> None:
    replica = _LOG.replica()
    collected: tuple[AcceptedEntry, ...] = ()
    for stop in [*sorted(stops), _SIZE]:
        replica, accepted = _accept(replica, replica.frontier.size, stop)
        collected += accepted
        assert replica.frontier == EMPTY.extend(_LOG.hashes[:stop])
        assert replica.covered == (_LOG.note() if stop == _SIZE else b"")
        assert replica.head == _LOG.note()
    assert (replica, collected) == _accept(_LOG.replica(), 0, _SIZE)


def test_what_is_held_already_is_skipped() -> None:
    replica, accepted = _accept(_LOG.replica(5), 2, 9)
    assert replica.frontier.size == 9
    assert [each.index for each in accepted] == [5, 6, 7, 8]


@pytest.mark.parametrize(("start", "end"), [(0, 4), (3, 3), (0, 0)])
def test_a_late_answer_that_brings_nothing_new_changes_nothing(start: int, end: int) -> None:
    replica = _LOG.replica(5)
    assert _accept(replica, start, end) == (replica, ())


def test_nothing_new_is_an_answer() -> None:
    replica = _LOG.replica(_SIZE)
    assert _accept(replica, _SIZE, _SIZE) == (replica, ())


def test_a_note_ahead_of_the_entries_becomes_the_head_once_it_is_proven() -> None:
    replica, accepted = _accept(_LOG.replica(5), 5, 5)
    assert (replica.covered, replica.head, accepted) == (_LOG.note(5), _LOG.note(), ())


def test_lines_that_a_relay_adds_to_a_note_are_not_kept() -> None:
    log = SignedLog([entry(number) for number in range(4)])
    added = "— say-anything-here.example AAAAAAA=\n".encode()
    replica, _ = Replica(CIRCLE, KEY.public).accept(log.note(4) + added, log.entries[:4], TODAY, start=0)
    assert (replica.covered, replica.head) == (log.note(4), log.note(4))


def test_a_first_note_without_entries_is_a_head() -> None:
    replica, accepted = _accept(_LOG.replica(), 0, 0)
    assert (replica.frontier, replica.covered, replica.head, accepted) == (EMPTY, b"", _LOG.note(), ())


def test_an_empty_log_is_covered_by_its_first_note() -> None:
    replica, accepted = _accept(_LOG.replica(), 0, 0, size=0)
    assert (replica.covered, replica.head, accepted) == (_LOG.note(0), _LOG.note(0), ())


def test_a_relay_that_is_behind_the_author_still_brings_us_forward() -> None:
    ahead, _ = _accept(_LOG.replica(), 0, 5)
    relayed, accepted = _accept(ahead, 5, 12, size=12)
    assert len(accepted) == 7
    assert (relayed.covered, relayed.head) == (_LOG.note(12), _LOG.note())


def test_pieces_from_relays_at_different_sizes() -> None:
    replica, _ = _accept(_LOG.replica(), 0, 3, size=10)
    replica, _ = _accept(replica, 3, 6)
    assert replica.head == _LOG.note(10), "kept until our entries have reached it"
    replica, _ = _accept(replica, 6, 15)
    assert (replica.covered, replica.head) == (b"", _LOG.note())
    replica, _ = _accept(replica, 15, _SIZE)
    assert replica == _LOG.replica(_SIZE)


def _changed(entries: Sequence[bytes], place: int) -> list[bytes]:
    return [*entries[:place], entries[place][:-1] + b"!", *entries[place + 1 :]]


def _try(held: int, note: bytes, entries: Sequence[bytes], start: int, proof: Sequence[bytes] = ()) -> Replica:
    return _LOG.replica(held).accept(note, entries, TODAY, start=start, proof=proof)[0]


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        pytest.param(lambda: _try(5, _LOG.note(), _ENTRIES[6:], 6), Code.GAP, id="a hole"),
        pytest.param(lambda: _try(5, _LOG.note(), _ENTRIES, -1), Code.GAP, id="before the beginning"),
        pytest.param(lambda: _try(5, _LOG.note(8), _ENTRIES[5:], 5), Code.INCONSISTENT, id="beyond the checkpoint"),
        pytest.param(lambda: _try(5, _LOG.note(4), (), 5), Code.STALE_CHECKPOINT, id="less than is held"),
        pytest.param(lambda: _try(0, _LOG.note(), _changed(_ENTRIES, 7), 0), Code.WRONG_ROOT, id="a changed entry"),
        pytest.param(lambda: _try(0, _LOG.note(), _ENTRIES[::-1], 0), Code.WRONG_ROOT, id="another order"),
        pytest.param(lambda: _try(0, _LOG.note(), (_ENTRIES[0], *_ENTRIES[:-1]), 0), Code.WRONG_ROOT, id="one twice"),
        pytest.param(
            lambda: _try(0, _LOG.note(), _changed(_ENTRIES[:9], 7), 0, _LOG.proof(9)),
            Code.BAD_PROOF,
            id="changed piece",
        ),
        pytest.param(lambda: _try(0, _LOG.note(), _ENTRIES[:9], 0, _LOG.proof(8)), Code.BAD_PROOF, id="other proof"),
        pytest.param(lambda: _try(0, _LOG.note(), _ENTRIES[:9], 0), Code.BAD_PROOF, id="no proof"),
        pytest.param(lambda: _try(0, _LOG.note(), _ENTRIES, 0, _LOG.proof(9)), Code.BAD_PROOF, id="a needless proof"),
        pytest.param(lambda: _try(0, _LOG.note(), (), 0, _LOG.proof(9)), Code.BAD_PROOF, id="a proof of nothing"),
        pytest.param(lambda: _try(9, _FORKED.note(9), (), 9), Code.FORK, id="another root at the covered size"),
        pytest.param(
            lambda: _try(9, _FORKED.note(9), _FORKED.entries[:9], 0),
            Code.FORK,
            id="with the entries of the other history",
        ),
        pytest.param(lambda: _try(9, _FORKED.note(), _FORKED.entries[9:], 9), Code.WRONG_ROOT, id="a fork, later on"),
        pytest.param(lambda: _try(9, b"", _ENTRIES[9:], 9), Code.BAD_CHECKPOINT, id="no checkpoint"),
        pytest.param(
            lambda: _try(0, SignedLog(_ENTRIES, key=OTHER_KEY).note(), _ENTRIES, 0),
            Code.BAD_CHECKPOINT,
            id="the checkpoint of another log",
        ),
        pytest.param(
            lambda: _try(0, sign_checkpoint(_LOG.checkpoint(), OTHER_KEY), _ENTRIES, 0),
            Code.BAD_SIGNATURE,
            id="a checkpoint that the contributor did not sign",
        ),
    ],
)
def test_nothing_else_is_accepted(attempt: Callable[[], Replica], code: Code) -> None:
    with pytest.raises(ProtocolError) as refusal:
        attempt()
    assert refusal.value.code is code


def test_a_fork_at_the_size_of_the_head_is_noticed() -> None:
    replica, _ = _accept(_LOG.replica(), 0, 5)
    forged = Checkpoint(_LOG.origin, _SIZE, bytes(32))
    with pytest.raises(ProtocolError) as refusal:
        replica.accept(sign_checkpoint(forged, KEY), (), TODAY, start=5)
    assert refusal.value.code is Code.FORK


def test_a_fork_at_a_size_between_two_notes_is_noticed() -> None:
    replica, _ = _accept(_LOG.replica(), 0, 12)
    with pytest.raises(ProtocolError) as refusal:
        replica.accept(_FORKED.note(12), (), TODAY, start=12)
    assert refusal.value.code is Code.FORK


def test_two_histories_shown_to_one_that_holds_their_common_beginning_are_noticed_when_it_gets_there() -> None:
    replica, _ = _accept(_LOG.replica(), 0, 4)
    replica, accepted = _accept(replica, 4, 10, log=_FORKED)
    assert len(accepted) == 6, "nobody can tell yet"
    assert replica.head == _LOG.note(), "so the evidence is kept"
    with pytest.raises(ProtocolError) as refusal:
        _accept(replica, 10, 30, log=_FORKED)
    assert refusal.value.code is Code.FORK


def test_the_garbage_of_a_relay_is_no_fork() -> None:
    replica, _ = _accept(_LOG.replica(), 0, 4, size=10)
    with pytest.raises(ProtocolError) as refusal:
        replica.accept(_LOG.note(), _changed(_ENTRIES[4:], 2), TODAY, start=4)
    assert refusal.value.code is Code.WRONG_ROOT


_OTHER_CIRCLE: Final = CircleId(encode_bytes(bytes(32)))
_TOMORROW: Final = Timestamp(TODAY + DAY_SECONDS)
_LONG_QUOTE: Final = envelope.sign(b'{"kind":"' + b"x" * 9_000 + b'"}', KEY)
_UNREADABLE: Final[list[tuple[bytes, Code]]] = [
    (b"", Code.MALFORMED),
    (b"\xff" * 40, Code.MALFORMED),
    (b"x" * 30_000, Code.TOO_LARGE),
    (entry(1, key=OTHER_KEY), Code.WRONG_KEY),
    (entry(1)[:-86] + entry(2)[-86:], Code.BAD_SIGNATURE),
    (entry(1, circle=_OTHER_CIRCLE), Code.WRONG_CIRCLE),
    (entry(1, day=_TOMORROW), Code.FUTURE_DATED),
    (envelope.sign(b"[]", KEY), Code.MALFORMED),
    (envelope.sign(b"{}", KEY, typ="other+jwt"), Code.BAD_HEADER),
    (_LONG_QUOTE, Code.MALFORMED),
]


def test_one_unreadable_entry_never_blocks_the_next() -> None:
    entries = [each for number, (bad, _) in enumerate(_UNREADABLE) for each in (bad, entry(number))]
    log = SignedLog(entries)
    replica, accepted = _accept(log.replica(), 0, len(entries), log=log)
    assert replica.frontier.size == len(entries)
    assert [each.content for each in accepted[1::2]] == [retraction(number) for number in range(len(_UNREADABLE))]
    for each, (_, code) in zip(accepted[::2], _UNREADABLE, strict=True):
        assert isinstance(each.content, Unreadable)
        assert each.content.code is code
        assert 0 < len(each.content.detail) <= MAX_DETAIL_CHARACTERS


def test_an_entry_dated_in_the_future_is_readable_when_its_day_has_come() -> None:
    jws = entry(3, day=_TOMORROW)
    before = reread(jws, KEY.public, CIRCLE, TODAY)
    assert isinstance(before, Unreadable)
    assert before.code is Code.FUTURE_DATED
    assert reread(jws, KEY.public, CIRCLE, _TOMORROW) == retraction(3, day=_TOMORROW)


def test_reading_again_gives_what_was_accepted() -> None:
    _, accepted = _accept(_LOG.replica(), 0, _SIZE)
    assert [reread(each.jws, KEY.public, CIRCLE, TODAY) for each in accepted] == [each.content for each in accepted]


def test_the_same_is_accepted_on_several_threads() -> None:
    log = SignedLog([entry(number) for number in range(150)])
    with ThreadPoolExecutor(2) as pool:
        threaded = log.replica().accept(log.note(), log.entries, TODAY, start=0, verify_all=pool.map)
    assert threaded == log.replica().accept(log.note(), log.entries, TODAY, start=0)


@given(
    st.binary(max_size=60) | st.sampled_from([_LOG.note(), _LOG.note(7), _FORKED.note(10), _FORKED.note()]),
    st.lists(st.binary(max_size=40) | st.sampled_from([*_ENTRIES, *_FORKED.entries]), max_size=4),
    st.integers(-2, 12),
    st.lists(st.binary(max_size=40) | st.just(bytes(32)), max_size=4),
    st.sampled_from([0, 7, 10]),
)
def test_garbage_is_refused_and_changes_nothing(
    note: bytes, entries: list[bytes], start: int, proof: list[bytes], held: int
) -> None:
    replica = _LOG.replica(held)
    before = replace(replica)
    try:
        after, accepted = replica.accept(note, entries, TODAY, start=start, proof=proof)
    except ProtocolError:
        assert replica == before
        return
    assert after.frontier.size == held + len(accepted)
    hashes = [*_LOG.hashes[:held], *(leaf_hash(each.jws) for each in accepted)]
    assert after.frontier == EMPTY.extend(hashes)
