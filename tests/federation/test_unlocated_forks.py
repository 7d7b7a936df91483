"""Forks of which one history is not to be had: proven from the other one and a note, passed on, and located in time."""

from dataclasses import replace

import pytest

from node.domain.ledger import Beyond
from node.storage import ledger as logs
from node.storage.circles import get_roster
from node.sync import forks, sync_once
from protocol.errors import Code
from protocol.fork import prove_unlocated_fork
from protocol.messages.gossip import PushReceipt, decode_push_receipt
from protocol.messages.stream import Section, encode_stream
from tests.federation.conftest import MakeNode
from tests.federation.hostile import checkpoint_over, contributor_key, section_of
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.federation.test_access import Asked
from tests.federation.test_fork_consequences import damage
from tests.federation.test_forks import Split, log_at, split, states
from tests.federation.test_push import bring, send
from tests.node import statements as make
from tests.protocol.signed_log import SignedLog

COMMON = 2
"""Entries that the two histories share."""


def told(scene: Split, node: Node) -> list[bytes]:
    """The entries of the history that this machine of the author tells."""
    with node.runtime.database.read() as tx:
        log = logs.find_log(tx, scene.circle, scene.log)
        assert log is not None
        return logs.read_entries(tx, log, 0, log.size)


def pushed(scene: Split, reader: Node, section: Section, nonce: str = "B") -> PushReceipt:
    """The author brings one section; it cannot be asked for anything."""
    asked = Asked(reader, scene.circle, scene.author.runtime.keyring.request(), path="/push")
    answer = send(asked, encode_stream([section], more=False), nonce)
    assert answer.status_code == 200
    return decode_push_receipt(answer.content)


def part_of(scene: Split, entries: list[bytes], start: int, end: int) -> Section:
    """The entries from ``start`` to before ``end`` under the note for all of them."""
    whole = section_of(contributor_key(scene.author, scene.circle), scene.circle, entries)
    proof = SignedLog(entries).proof(end) if 0 < end < len(entries) else ()
    return replace(whole, start=start, entries=tuple(entries[start:end]), proof=proof)


def log_size(reader: Node, scene: Split) -> int:
    """How many entries of the log a reader holds."""
    return log_at(reader, scene.circle, scene.log).size if holds(reader, scene) else 0


def holds(reader: Node, scene: Split) -> bool:
    """Whether a reader has the log at all."""
    with reader.runtime.database.read() as tx:
        return logs.find_log(tx, scene.circle, scene.log) is not None


def beyond(reader: Node, scene: Split) -> Beyond | None:
    """What a reader keeps of who signs the entries that no checkpoint covers."""
    return log_at(reader, scene.circle, scene.log).beyond


@pytest.mark.parametrize("held", [0, 3, 6], ids=["nothing", "a part", "all"])
def test_two_notes_of_different_sizes_that_were_pushed_are_known_everywhere(node_of: MakeNode, held: int) -> None:
    """One member is shown both by their author; another one learns of it from that member alone, and holds as much."""
    scene = split(node_of, COMMON, 4, 1, "first", "second")
    first, second = scene.readers
    entries = told(scene, scene.author)
    bring(scene.author, first, scene.circle, InMemory([first]))
    if held:
        pushed(scene, second, part_of(scene, entries[:held], 0, held))
    other = told(scene, scene.twin)

    receipt = pushed(scene, first, part_of(scene, other, len(other), len(other)))

    assert dict(receipt.refused) == {scene.log: "fork"}
    assert scene.proven_at(first) is None
    report = sync_once(second.runtime, transport=InMemory([first]))
    assert (Code.FORK, scene.log) in {(problem.code, problem.log) for problem in report.problems}
    assert scene.proven_at(second) is None
    assert log_at(second, scene.circle, scene.log).evidence == log_at(first, scene.circle, scene.log).evidence
    key = first.runtime.keyring.request()
    given = Asked(second, scene.circle, key, path="/forks", method="GET", body=b"", nonce="D" * 22).send().content
    assert given == (log_at(first, scene.circle, scene.log).evidence or b"") + b"\n"
    assert states(first, scene) == ["live"] * 6
    again = sync_once(second.runtime, transport=InMemory([first]))
    assert Code.FORK not in {problem.code for problem in again.problems}
    assert (log_at(second, scene.circle, scene.log).size, again.entries) == (len(entries), 0)
    assert states(second, scene) == states(first, scene)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
@pytest.mark.parametrize("end", [4, 5, 7], ids=["at the head", "after it", "all"])
def test_entries_that_pass_a_head_on_another_way_prove_the_fork(node_of: MakeNode, end: int) -> None:
    """The entries behind the head have not all come; those that were sent under a larger note contradict it."""
    scene = split(node_of, COMMON, 2, 5)
    (reader,) = scene.readers
    first = pushed(scene, reader, part_of(scene, told(scene, scene.author), 0, COMMON))
    assert (first.accepted, dict(first.refused)) == (COMMON, {})

    second = pushed(scene, reader, part_of(scene, told(scene, scene.twin), COMMON, end), "C")

    assert (second.accepted, dict(second.refused)) == (0, {scene.log: "fork"})
    assert scene.proven_at(reader) is None
    assert log_at(reader, scene.circle, scene.log).size == COMMON


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_larger_note_whose_entries_do_not_fit_is_refused_and_stops_nothing(node_of: MakeNode) -> None:
    """Whoever brought it may have changed the entries: that shows nothing about their author."""
    scene = split(node_of, COMMON, 1, 4)
    (reader,) = scene.readers
    bring(scene.author, reader, scene.circle, InMemory([reader]))

    for nonce, end in (("B", 6), ("C", 5)):
        receipt = pushed(scene, reader, part_of(scene, told(scene, scene.twin), 3, end), nonce)
        expected = Code.WRONG_ROOT if end == 6 else Code.BAD_PROOF
        assert (receipt.accepted, dict(receipt.refused)) == (0, {scene.log: expected.value})
    log = log_at(reader, scene.circle, scene.log)
    assert (log.status, log.evidence, log.size) == ("good", None, 3)

    publish(scene.author, scene.circle, make.finding(scene.circle))
    assert sync_once(reader.runtime, transport=scene.network).entries == 1
    scene.show(reader, scene.twin)  # who can be asked for the hashes behind its note
    assert scene.proven_at(reader) == COMMON


def test_two_members_that_know_of_a_fork_and_hold_both_histories_locate_it(node_of: MakeNode) -> None:
    """Even if both had stopped before they met."""
    scene = split(node_of, COMMON, 4, 1, "one", "other")
    one, other = scene.readers
    scene.show(one, scene.author)
    scene.show(other, scene.twin)
    entries = told(scene, scene.twin)
    pushed(scene, one, part_of(scene, entries, len(entries), len(entries)))
    evidence = log_at(one, scene.circle, scene.log).evidence
    assert evidence is not None
    network = InMemory([])
    network.connect(one.url, application(one))
    pushed(scene, other, part_of(scene, told(scene, scene.author)[:3], 3, 3))
    assert scene.proven_at(one) is scene.proven_at(other) is None

    sync_once(one.runtime, transport=InMemory([other]))
    assert scene.proven_at(one) == COMMON
    sync_once(other.runtime, transport=network)
    assert scene.proven_at(other) == COMMON


@pytest.mark.parametrize(
    ("covered", "size"), [(0, 3), (COMMON, 4)], ids=["nothing is covered", "something is, and it ends where they do"]
)
def test_a_note_that_contradicts_entries_under_a_larger_head_is_proven(
    node_of: MakeNode, covered: int, size: int
) -> None:
    """The rest that the head signs has not come. What signs the entries up to where they end was kept with them."""
    scene = split(node_of, COMMON, 4, size - COMMON, "first", "second")
    first, second = scene.readers
    entries, other = told(scene, scene.author), told(scene, scene.twin)
    if covered:
        pushed(scene, first, part_of(scene, entries[:covered], 0, covered))
    for nonce, start, end in (("G", covered, 3), ("C", 3, 4)):
        assert pushed(scene, first, part_of(scene, entries, start, end), nonce).accepted == end - start
    assert beyond(first, scene) is not None

    receipt = pushed(scene, first, part_of(scene, other, size, size), "D")

    assert dict(receipt.refused) == {scene.log: "fork"}
    assert scene.proven_at(first) is None
    log = log_at(first, scene.circle, scene.log)
    assert (log.size, log.covered_size) == (4, covered)
    heard = sync_once(second.runtime, transport=InMemory([first])).problems
    assert (Code.FORK, scene.log) in {(problem.code, problem.log) for problem in heard}
    assert scene.proven_at(second) is None
    assert log_at(second, scene.circle, scene.log).evidence == log.evidence

    for reader, nonce in ((first, "E"), (second, "F")):  # it goes on, and is located where both meet
        pushed(scene, reader, part_of(scene, entries, log_size(reader, scene), len(entries)), nonce)
        assert (log_size(reader, scene), beyond(reader, scene)) == (len(entries), None)
    scene.show(second, scene.twin)
    assert scene.proven_at(second) == COMMON


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_entries_that_a_quota_has_cut_off_leave_as_good_a_proof(node_of: MakeNode) -> None:
    """What was kept is the proof made for where the day ended, not the one that was sent."""
    scene = split(node_of, COMMON, 6, 1, quota_entries=3)
    (reader,) = scene.readers
    entries, other = told(scene, scene.author), told(scene, scene.twin)
    pushed(scene, reader, part_of(scene, entries[:COMMON], 0, COMMON))
    assert pushed(scene, reader, part_of(scene, entries, COMMON, 7), "C").accepted == 3

    receipt = pushed(scene, reader, part_of(scene, other, len(other), len(other)), "D")

    assert dict(receipt.refused) == {scene.log: "fork"}
    assert scene.proven_at(reader) is None


def test_the_check_looks_at_what_signs_entries_that_no_checkpoint_covers(node_of: MakeNode) -> None:
    scene = split(node_of, COMMON, 4, 0)
    (reader,) = scene.readers
    entries = told(scene, scene.author)
    for nonce, start, end in (("B", 0, 3), ("C", 3, 4)):
        pushed(scene, reader, part_of(scene, entries, start, end), nonce)
    assert damage(reader) == []
    kept = beyond(reader, scene)
    assert kept is not None
    part = part_of(scene, entries, 0, 3)
    for wrong, words in (
        (None, "nothing shows"),
        (replace(kept, proof=part.proof), "does not verify"),
        (replace(kept, note=kept.note.replace(b"6", b"5", 1)), "does not verify"),
    ):
        with reader.runtime.database.write() as tx:
            logs.save_beyond(tx, logs.lock_log(tx, scene.circle, scene.log), wrong)
        (found,) = damage(reader)
        assert words in found.what


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_note_that_agrees_with_entries_under_a_larger_head_changes_nothing(node_of: MakeNode) -> None:
    scene = split(node_of, COMMON, 4, 0)
    (reader,) = scene.readers
    entries = told(scene, scene.author)
    pushed(scene, reader, part_of(scene, entries, 0, 4))

    for nonce, size in (("C", 2), ("D", 3)):
        receipt = pushed(scene, reader, part_of(scene, entries[:size], size, size), nonce)
        assert (receipt.accepted, dict(receipt.refused)) == (0, {})
    log = log_at(reader, scene.circle, scene.log)
    assert (log.status, log.size, log.covered_size) == ("good", 4, 0)
    pushed(scene, reader, part_of(scene, entries[:4], 4, 4), "E")
    log = log_at(reader, scene.circle, scene.log)
    assert (log.status, log.size, log.covered_size, log.beyond) == ("good", 4, 4, None)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_what_cannot_be_proven_is_noted_here_until_somebody_proves_it(node_of: MakeNode) -> None:
    """What signed the entries was lost here, so that there is nothing to show; it was seen all the same."""
    scene = split(node_of, COMMON, 4, 1, "first", "second")
    first, second = scene.readers
    entries, other = told(scene, scene.author), told(scene, scene.twin)
    short = part_of(scene, other, len(other), len(other))
    pushed(scene, first, part_of(scene, entries, 0, 4))
    with first.runtime.database.write() as tx:
        logs.save_beyond(tx, logs.lock_log(tx, scene.circle, scene.log), None)

    assert dict(pushed(scene, first, short, "C").refused) == {scene.log: "fork"}
    log = log_at(first, scene.circle, scene.log)
    assert (log.status, log.evidence, log.size) == ("forked", None, 4)
    heard = sync_once(second.runtime, transport=InMemory([first])).problems
    assert Code.FORK not in {problem.code for problem in heard}

    bring(scene.author, second, scene.circle, InMemory([second]))
    pushed(scene, second, short)
    sync_once(first.runtime, transport=InMemory([second]))
    assert scene.proven_at(first) is scene.proven_at(second) is None


def test_a_proof_of_two_trees_that_are_nowhere_keeps_no_members_apart(node_of: MakeNode) -> None:
    """An author gives one member something that decides, and everybody a proof against itself that shows no place."""
    author, first, second = nodes = [node_of(name) for name in ("author", "first", "second")]
    circle = circle_of(nodes)
    key = contributor_key(author, circle)
    publish(author, circle, *make.findings(circle, 3))
    for node in (first, second):
        sync_once(node.runtime, transport=InMemory(nodes))
    publish(author, circle, make.finding(circle))
    sync_once(first.runtime, transport=InMemory([author]))
    notes = [checkpoint_over(key, circle, 1_000_000, bytes(31) + bytes([number])) for number in range(2)]
    proof = prove_unlocated_fork(circle, key.public, *notes)
    for node in (first, second):
        with node.runtime.database.read() as tx:
            roster = get_roster(tx, circle)
        assert forks.receive(node.runtime.database, roster, proof, node.clock.now()) == key.public.key_id
    publish(author, circle, make.finding(circle))
    sync_once(first.runtime, transport=InMemory([author]))

    sync_once(second.runtime, transport=InMemory([first]))

    one, other = (log_at(node, circle, key.public.key_id) for node in (first, second))
    assert (one.size, one.status, one.frontier) == (5, "forked", other.frontier)
    assert (other.evidence, other.status) == (proof, "forked")
