"""Fork proofs: what is a fork is proven at the one place where the histories part, and nothing else is."""

from typing import Final

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.fork import (
    Branch,
    ForkPoint,
    decode_fork,
    fork_point,
    prove_fork,
    prove_other_beginning,
    prove_unlocated_fork,
    verify_fork,
)
from protocol.identifiers import encode_bytes, parse_circle_id
from protocol.keys import PublicKey
from protocol.limits import MAX_AUTHOR_NOTE_BYTES, MAX_FORK_BYTES, MAX_LOG_SIZE
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import Checkpoint, sign_checkpoint
from protocol.merkle.frontier import EMPTY
from tests.protocol import vectors_fork
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY, SignedLog, entry, hash_reader
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator
from tests.protocol.vectors_fork import LEFT, branch, other_beginning, other_history, proof, unlocated

GOOD: Final = proof(5)


def _verified(case: Given) -> ForkPoint:
    circle, key = parse_circle_id(case.text("circle")), PublicKey.decode(case.text("key"))
    return verify_fork(case.data(), circle, key)


@pytest.mark.parametrize("case", cases("fork"), ids=lambda case: case.name)
def test_vectors(case: Given) -> None:
    assert refusal(lambda: _verified(case)) == case.error
    if case.error is None:
        assert _verified(case) == ForkPoint(KEY.public.key_id, case.members["index"])  # type: ignore[arg-type]
        assert decode_fork(case.data()).contributor == KEY.public.key_id
    if case.error is not Code.TOO_LARGE:
        assert schema_agrees(validator("fork"), msgspec.json.decode(case.data()), case)


@settings(deadline=None, max_examples=60)
@given_any(st.data())
def test_every_fork_is_located(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, 40))
    sizes = data.draw(st.tuples(st.integers(index + 1, 60), st.integers(index + 1, 60)))
    common = [entry(number) for number in range(index)]
    left = SignedLog([*common, *(entry(number) for number in range(index, sizes[0]))])
    right = SignedLog([*common, *(entry(5_000 + number) for number in range(index, sizes[1]))])
    found = prove_fork(CIRCLE, KEY.public, branch(left), branch(right))
    assert verify_fork(found, CIRCLE, KEY.public) == ForkPoint(KEY.public.key_id, index)
    assert found == prove_fork(CIRCLE, KEY.public, branch(right), branch(left))
    assert len(found) <= MAX_FORK_BYTES
    for log, size in ((left, sizes[0]), (right, sizes[1])):
        before = EMPTY.extend(log.hashes[:index]).hashes
        path = proofs.inclusion_proof(index, size, hash_reader(log.hashes))
        assert proofs.left_siblings(index, size, path) == before[::-1]


@settings(deadline=None, max_examples=60)
@given_any(st.data())
def test_another_beginning_is_proven_with_the_tree_of_one_side(data: st.DataObject) -> None:
    """Whatever the sizes: of the smaller history nothing is needed but its note."""
    later = data.draw(st.integers(2, 60))
    earlier = data.draw(st.integers(1, later - 1))
    part = data.draw(st.integers(0, earlier - 1))
    entries = [entry(number) for number in range(later)]
    log = SignedLog(entries)
    other = SignedLog([*entries[:part], *(entry(5_000 + number) for number in range(part, earlier))])
    read = hash_reader(log.hashes)
    root, path = proofs.root_at(earlier, read), proofs.consistency_proof(earlier, later, read)
    found = prove_other_beginning(CIRCLE, KEY.public, log.note(), other.note(), root, path)
    assert verify_fork(found, CIRCLE, KEY.public) == ForkPoint(KEY.public.key_id, None)
    assert len(found) <= MAX_FORK_BYTES


@settings(deadline=None)
@given_any(st.integers(0, 60), st.integers(0, 60))
def test_one_history_is_no_fork(one: int, other: int) -> None:
    hashes = SignedLog([entry(number) for number in range(60)]).hashes
    trees = [Branch(b"", hash_reader(hashes[:size])) for size in (one, other)]
    assert fork_point(trees[0], one, trees[1], other) is None


def test_a_fork_is_found_through_tiles() -> None:
    """As a node finds it: by the hash tiles that it holds and those that it fetched."""
    logs = [
        SignedLog([entry(number + (7_000 if number >= 300 else 0) * fork) for number in range(600)]) for fork in (0, 1)
    ]
    stored = [
        {
            (tile.level, tile.index): tile.hashes
            for tile in tiles.grow(0, log.hashes, lambda _level, _index, _width: b"")
        }
        for log in logs
    ]
    left, right = (
        Branch(log.note(), tiles.reader(lambda level, index, _width, held=held: held[level, index], 600))  # type: ignore[misc]
        for log, held in zip(logs, stored, strict=True)
    )
    found = prove_fork(CIRCLE, KEY.public, left, right)
    assert verify_fork(found, CIRCLE, KEY.public).index == 300


def test_no_proof_is_made_where_there_is_no_fork() -> None:
    for attempt in (
        lambda: prove_fork(CIRCLE, KEY.public, branch(LEFT, 9), branch(LEFT, 13)),
        lambda: prove_unlocated_fork(CIRCLE, KEY.public, LEFT.note(9), LEFT.note(13)),
        lambda: prove_unlocated_fork(CIRCLE, KEY.public, LEFT.note(), LEFT.note()),
        lambda: prove_other_beginning(
            CIRCLE, KEY.public, LEFT.note(), LEFT.note(9), LEFT.checkpoint(9).root, LEFT.proof(9)
        ),
        lambda: prove_other_beginning(
            CIRCLE, KEY.public, LEFT.note(), other_history(5, 9).note(), bytes(32), LEFT.proof(9)
        ),
        lambda: prove_fork(
            CIRCLE, KEY.public, branch(LEFT), Branch(LEFT.note(), hash_reader(other_history(5, 13).hashes))
        ),
    ):
        assert refusal(attempt) is Code.BAD_PROOF


def test_a_stranger_cannot_be_made_to_sign() -> None:
    forged = sign_checkpoint(Checkpoint(LEFT.origin, 13, bytes(32)), OTHER_KEY)
    assert refusal(lambda: prove_unlocated_fork(CIRCLE, KEY.public, LEFT.note(), forged)) is Code.BAD_SIGNATURE


def test_an_authors_note_fits_the_proof() -> None:
    assert len(sign_checkpoint(Checkpoint(LEFT.origin, MAX_LOG_SIZE, bytes(32)), KEY)) <= MAX_AUTHOR_NOTE_BYTES


@pytest.mark.parametrize("good", [GOOD, other_beginning(3, 8, 13)], ids=["located", "two sizes"])
@settings(deadline=None, max_examples=300)
@given_any(data=st.data(), cut=st.integers(0, 30), other=st.binary(max_size=4))
def test_a_changed_proof_shows_nothing(good: bytes, data: st.DataObject, cut: int, other: bytes) -> None:
    place = data.draw(st.integers(0, len(good) - 1))
    changed = good[:place] + other + good[place + cut :]
    if changed != good:
        with pytest.raises(ProtocolError):
            verify_fork(changed, CIRCLE, KEY.public)


@settings(deadline=None)
@given_any(st.binary(max_size=300))
def test_garbage_raises_protocol_errors_only(garbage: bytes) -> None:
    with pytest.raises(ProtocolError):
        verify_fork(garbage, CIRCLE, KEY.public)


def test_the_unlocated_form_has_no_entries() -> None:
    read = decode_fork(unlocated())
    assert (read.index, read.left.leaf, read.right.proof) == (None, None, ())
    apart = decode_fork(other_beginning(5, 12, 13))
    assert (apart.index, {apart.left.leaf, apart.right.leaf}) == (
        None,
        {None, encode_bytes(LEFT.checkpoint(12).root)},
    )
    assert set(vectors_fork.FILES) == {"v1/fork.schema.json", "vectors/fork.json", "vectors/cosignatures.json"}
