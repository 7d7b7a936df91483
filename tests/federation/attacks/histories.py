"""Two histories of one log, and false evidence about the logs of others."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from fastapi import FastAPI, Response

from node.errors import Code as NodeCode
from node.errors import HanseError
from node.ledger.keyring import Keyring
from node.storage import statements as reading
from node.storage.circles import get_roster
from node.storage.forks import LOWERED_AT_ONCE, LOWERED_SECONDS
from node.storage.witnesses import list_lines
from node.sync import confirm_own_log, sync_once
from node.sync.witness import cosigned_note
from protocol.errors import Code
from protocol.fork import Branch, prove_fork, prove_unlocated_fork
from protocol.identifiers import CircleId
from protocol.limits import MAX_FORKS
from protocol.merkle.cosignature import cosign
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.messages.stream import Section, encode_stream
from protocol.statements import Timestamp
from tests.federation.attacks.stage import Stage, codes
from tests.federation.hostile import answering, checkpoint_over, contributor_key, section_of, twin_of
from tests.federation.support import InMemory, Node, application, confirm_logs, publish
from tests.federation.test_restore import back_up, put_back
from tests.federation.test_witness import forgeries, seen_by
from tests.node import statements as make
from tests.protocol.signed_log import SignedLog, hash_reader

TILES: Final = "/federation/v1/circles/{circle}/logs/{log}/tile/{path:path}"


def equivocation(stage: Stage) -> None:
    """A second node with the same key, which says something else from the third entry on, and longer."""
    twin = stage.make("twin", url=stage.hostile.url)
    twin_of(stage.hostile, stage.circle, twin)
    publish(twin, stage.circle, *stage.said)
    publish(twin, stage.circle, *make.findings(stage.circle, 3))
    publish(stage.hostile, stage.circle, *stage.unsaid)
    assert stage.pull().entries == 2

    stage.network.connect(stage.hostile.url, application(twin))
    assert codes(stage.pull()) == [Code.FORK]
    _forked_after_what_was_said(stage)


def two_faces(stage: Stage) -> None:
    """Each of two members is shown a history of its own, of one size, and the hostile one is never asked again."""
    twin = stage.make("twin", url=stage.hostile.url)
    twin_of(stage.hostile, stage.circle, twin)
    publish(twin, stage.circle, *stage.said, make.finding(stage.circle))
    publish(stage.hostile, stage.circle, *stage.unsaid[:1])
    for reader, shown in ((stage.honest, twin), (stage.victim, stage.hostile)):
        alone = InMemory([])
        alone.connect(stage.hostile.url, application(shown))
        sync_once(reader.runtime, transport=alone)
    report = sync_once(stage.victim.runtime, transport=InMemory([stage.honest]))
    assert (Code.FORK, stage.hostile_key) in {(problem.code, problem.log) for problem in report.problems}
    _forked_after_what_was_said(stage)


def restored_backup(stage: Stage) -> None:
    """A member restores a backup, does not ask anybody, and goes on."""
    backup = back_up(stage.hostile.runtime.database)
    publish(stage.hostile, stage.circle, *stage.unsaid)
    assert stage.pull().entries == 2
    put_back(stage.hostile.runtime.database, backup)
    confirm_logs(stage.hostile, stage.circle)
    publish(stage.hostile, stage.circle, *make.findings(stage.circle, 4))
    assert codes(stage.pull()) == [Code.FORK]
    _forked_after_what_was_said(stage)


def _forked_after_what_was_said(stage: Stage) -> None:
    """The log has stopped; from the third entry on it is void, and what was said before stands."""
    log = stage.log(stage.hostile)
    assert (log.status, log.fork_index, log.evidence is not None) == ("forked", 2, True)
    with stage.victim.runtime.database.read() as tx:
        page = reading.feed(tx, after=0, limit=1_000, now=make.IAT, circle=stage.circle)
    states = {each.statement.id: each.state for each in page if each.contributor == stage.hostile_key}
    assert {states.pop(finding.id) for finding in stage.said} == {"live"}
    assert set(states.values()) == {"void"}


def beside_the_question(stage: Stage) -> None:
    """Another root for a size that the victim holds, in a section that begins behind its own end, with a witness.

    The honest member was shown the other history, and has cosigned it in good faith.
    """
    publish(stage.hostile, stage.circle, *stage.unsaid[:1])
    sync_once(stage.victim.runtime, transport=InMemory([stage.hostile]))
    note = checkpoint_over(stage.scene.key, stage.circle, 3, bytes(32))
    line = cosign(note, contributor_key(stage.honest, stage.circle), circle=stage.circle, time=make.IAT)
    report = stage.respond_with(Section(stage.hostile_key, 4, (), note + line, ()))
    assert codes(report) == [Code.FORK]
    assert stage.log(stage.hostile).status == "forked"
    assert seen_by(stage.victim, stage.circle, stage.hostile) == {stage.victim.own(stage.circle)}


def behind_a_head(stage: Stage) -> None:
    """The third entry under a checkpoint of four, of which the fourth never comes; then another tree of three."""
    key, entries = stage.scene.key, stage.scene.entries
    whole = section_of(key, stage.circle, entries)
    part = replace(whole, start=2, entries=tuple(entries[2:3]), proof=SignedLog(entries).proof(3))
    assert stage.respond_with(part).entries == 1
    note = checkpoint_over(key, stage.circle, 3, bytes(32))
    assert codes(stage.respond_with(Section(stage.hostile_key, 3, (), note, ()))) == [Code.FORK]
    assert stage.log(stage.hostile).covered_size == 2
    sync_once(stage.honest.runtime, transport=InMemory([stage.victim]))
    proofs = {stage.log(stage.hostile, holder).evidence for holder in (stage.victim, stage.honest)}
    assert len(proofs) == 1
    assert None not in proofs


def falling_forks(stage: Stage) -> None:
    """Forty histories that part from one another at forty places, shown one by one from the last place to the first."""
    key, circle, count = stage.scene.key, stage.circle, 40
    common = [b"%d" % number for number in range(count)]
    branches = []
    for place in (count, *range(count)):
        told = [*common[:place], *(b"%d otherwise" % number for number in range(place, count))]
        hashes = [leaf_hash(entry) for entry in told]
        note = checkpoint_over(key, circle, count, EMPTY.extend(hashes).root())
        branches.append(Branch(note, hash_reader(hashes)))
    whole, *others = branches
    proofs = [prove_fork(circle, key.public, whole, other) for other in reversed(others)]
    for start in range(0, count, MAX_FORKS):
        stage.respond_with(forks=proofs[start : start + MAX_FORKS])
    assert stage.log(stage.hostile).fork_index == count - 1 - LOWERED_AT_ONCE

    stage.victim.clock.moment = Timestamp(make.IAT + LOWERED_SECONDS)
    stage.respond_with(forks=proofs[-1:])  # whoever holds the one that says most offers it again
    assert stage.log(stage.hostile).fork_index == 0


def forgotten_word(stage: Stage) -> None:
    """The victim was restored from a backup that is older than what it has cosigned; it is shown less than that."""
    victim, circle = stage.victim, stage.circle
    backup = back_up(victim.runtime.database)
    publish(stage.hostile, circle, *stage.unsaid)
    assert stage.pull().entries == 2
    sync_once(stage.honest.runtime, transport=InMemory([victim]))
    with stage.honest.runtime.database.read() as tx:
        note = cosigned_note(tx, get_roster(tx, circle), stage.log(stage.hostile, stage.honest))
    put_back(victim.runtime.database, backup)
    stage.network.disconnect(stage.honest.url)

    assert codes(stage.respond_with(Section(stage.hostile_key, 4, (), note, ()))) == []
    assert stage.respond_with(section_of(stage.scene.key, circle, stage.scene.entries[:3], 2)).entries == 1
    with victim.runtime.database.read() as tx:
        lines = list_lines(tx, stage.log(stage.hostile))
    assert [line.size for line in lines if line.witness == victim.own(circle)] == [2]


def silence_after_our_restore(stage: Stage) -> None:
    """The victim was restored from a backup; the hostile member says that it holds nothing more of its log."""
    victim = stage.victim
    backup = back_up(victim.runtime.database)
    publish(victim, stage.circle, make.finding(stage.circle))
    whole = stage.entries(victim, victim)
    sync_once(stage.honest.runtime, transport=stage.network)
    put_back(victim.runtime.database, backup)
    runtime = replace(victim.runtime, keyring=Keyring(victim.runtime.settings.keys))  # as after a start
    stage.victim = Node(runtime, victim.clock)
    old = section_of(contributor_key(victim, stage.circle), stage.circle, whole[:1], 1)
    stale = encode_stream([old], more=False)
    stage.network.connect(stage.hostile.url, answering(stage.hostile, lambda _: stale))

    with pytest.raises(HanseError) as caught:
        publish(stage.victim, stage.circle, make.finding(stage.circle))
    assert caught.value.code is NodeCode.CONFLICT
    assert confirm_own_log(runtime, stage.circle, transport=stage.network).recovered == 1
    publish(stage.victim, stage.circle, make.finding(stage.circle))
    assert stage.entries(stage.victim, stage.victim)[: len(whole)] == whole
    assert not any(problem.log for problem in sync_once(stage.honest.runtime, transport=stage.network).problems)


def false_evidence(stage: Stage) -> None:
    """Proofs that the honest member has forked, by keys, circles and bytes that prove nothing of it."""
    key, circle = stage.scene.key, stage.circle
    notes = [checkpoint_over(key, circle, 7, bytes(31) + bytes([number])) for number in range(2)]
    own = prove_unlocated_fork(circle, key.public, *notes)
    honest = stage.honest.own(circle)
    elsewhere = CircleId(circle[:10] + "A" * 33)
    strange = [checkpoint_over(key, elsewhere, 7, bytes(31) + bytes([number])) for number in range(2)]
    proofs = (
        own.replace(key.public.key_id.encode(), honest.encode()),
        own.replace(b"\\n7\\n", b"\\n8\\n"),
        prove_unlocated_fork(elsewhere, key.public, *strange),
        b"{}",
        os.urandom(40),
    )
    for proof in proofs:
        (found,) = codes(stage.respond_with(forks=[proof]))
        assert found in {Code.WRONG_CIRCLE, Code.BAD_CHECKPOINT, Code.BAD_SIGNATURE, Code.MALFORMED, Code.NON_CANONICAL}
    assert {stage.log(node).status for node in (stage.honest, stage.hostile)} == {"good"}


def lying_tiles(stage: Stage) -> None:
    """Garbage in the place of the honest member's entries, and hashes for it when the victim looks into it."""
    held = stage.log(stage.honest).size
    publish(stage.honest, stage.circle, make.finding(stage.circle))
    key = contributor_key(stage.honest, stage.circle)
    true = section_of(key, stage.circle, stage.entries(stage.honest, stage.honest), held)
    garbage = replace(true, entries=(b"garbage",))
    lies: tuple[Callable[[int], bytes], ...] = (
        lambda width: os.urandom(32 * width),
        lambda width: bytes(32 * width),
        lambda width: os.urandom(32 * width + 1),
        lambda width: bytes(100_000 * width),
        lambda width: b"" * width,
    )
    stage.network.disconnect(stage.honest.url)
    for lie in lies:
        asked: list[str] = []
        stage.network.connect(stage.hostile.url, _with_tiles(stage, garbage, lie, asked))
        assert codes(stage.pull()) == [Code.WRONG_ROOT]
        assert 0 < len(asked) < 10
    assert stage.log(stage.honest).status == "good"


def _with_tiles(stage: Stage, section: Section, lie: Callable[[int], bytes], asked: list[str]) -> FastAPI:
    stream = encode_stream([section], more=False)
    app = answering(stage.hostile, lambda _: stream)

    async def tile(path: str) -> Response:
        asked.append(path)
        _, _, width = path.partition(".p/")
        return Response(lie(int(width or "256")))

    app.add_api_route(TILES, tile, methods=["GET"])
    return app


def forged_cosignatures(stage: Stage) -> None:
    """Witnesses who have not witnessed: another's name, a changed line, the author itself, an earlier checkpoint's."""
    victim = stage.victim
    earlier = stage.log(victim)
    publish(victim, stage.circle, make.finding(stage.circle))
    log = stage.log(victim)
    lines = forgeries(log.covered, stage.circle, victim, stage.hostile, stage.honest)
    lines.append(
        cosign(earlier.covered, contributor_key(stage.honest, stage.circle), circle=stage.circle, time=make.IAT)
    )
    section = Section(log.contributor, log.size, (), log.covered + b"".join(lines), ())
    assert codes(stage.respond_with(section)) == []
    assert seen_by(victim, stage.circle, victim) == set()
