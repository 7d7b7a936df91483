"""A section cut shorter proves as much as if its sender had ended it there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.sync.shorten import proof_through, shorten
from protocol.errors import Code, ProtocolError
from protocol.identifiers import KeyId
from protocol.merkle import proofs, tiles
from protocol.merkle.hashing import leaf_hash
from protocol.messages.stream import Section

ENTRIES = [b"%d" % number for number in range(700)]


def reader_of(count: int) -> tuple[tiles.TileFetch, proofs.HashReader]:
    """The tiles of a log of so many entries."""
    grown = tiles.grow(0, [leaf_hash(entry) for entry in ENTRIES[:count]], lambda *_: b"")
    stored = {(tile.level, tile.index): tile.hashes for tile in grown}

    def fetch(level: int, index: int, _width: int) -> bytes:
        return stored[level, index]

    return fetch, tiles.reader(fetch, count)


@given(st.data())
def test_a_cut_section_has_the_proof_that_its_sender_would_have_made(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(ENTRIES)), "size")
    held = data.draw(st.integers(0, size - 1), "held")
    start = data.draw(st.integers(0, held), "start")
    sent_end = data.draw(st.integers(held + 1, size), "sent_end")
    end = data.draw(st.integers(held + 1, sent_end), "end")
    _, read = reader_of(size)
    proof = proofs.consistency_proof(sent_end, size, read) if sent_end < size else ()
    section = Section(KeyId("A" * 43), start, tuple(ENTRIES[start:sent_end]), b"", proof)

    cut = shorten(section, end, size, held=held, fetch=reader_of(held)[0])

    assert cut.entries == tuple(ENTRIES[start:end])
    assert cut.proof == (proofs.consistency_proof(end, size, read) if end < size else ())


def test_a_proof_of_another_length_is_refused() -> None:
    section = Section(KeyId("A" * 43), 0, tuple(ENTRIES[:5]), b"", (bytes(32),))
    with pytest.raises(ProtocolError) as caught:
        shorten(section, 3, 9, held=0, fetch=reader_of(0)[0])
    assert caught.value.code is Code.BAD_PROOF


@given(st.data())
def test_a_proof_from_what_is_held_gives_those_from_every_size_before(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(ENTRIES)), "size")
    held = data.draw(st.integers(1, size), "held")
    old = data.draw(st.integers(1, held), "old")
    _, read = reader_of(size)
    proof = proofs.consistency_proof(held, size, read)

    found = proof_through(old, size, held=held, read=reader_of(held)[1], proof=proof if held < size else ())

    assert found == proofs.consistency_proof(old, size, read)


@pytest.mark.parametrize(
    ("old", "given", "code"), [(0, 3, Code.GAP), (6, 3, Code.GAP), (4, 2, Code.BAD_PROOF), (4, 4, Code.BAD_PROOF)]
)
def test_what_belongs_to_another_size_gives_no_proof(old: int, given: int, code: Code) -> None:
    read = reader_of(9)[1]
    assert len(proofs.consistency_proof(5, 9, read)) not in {2, 3}
    with pytest.raises(ProtocolError) as caught:
        proof_through(old, 9, held=5, read=read, proof=(bytes(32),) * given)
    assert caught.value.code is code
