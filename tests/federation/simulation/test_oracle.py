"""The oracle can object: a node that is wrong in a known way is found out, and the same days with sound nodes pass."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from node.clock import midnight
from protocol.identifiers import SubjectId
from protocol.statements import Statement
from tests.federation.simulation import acts
from tests.federation.simulation.faults import Fault
from tests.federation.simulation.machine import FOUNDERS, SUBJECTS
from tests.federation.simulation.oracle import Oracle
from tests.federation.simulation.world import World
from tests.node import statements as make

LIES: Final = 8
FIRST, SECOND, THIRD, FOURTH = FOUNDERS


@pytest.fixture
def world() -> Iterator[World]:
    """Four founders, all of whom have said something that all hold."""
    folder = Path(tempfile.mkdtemp(prefix="hanse-oracle-"))
    world = World.of(folder, FOUNDERS, seed=7)
    for name in FOUNDERS:
        acts.say(world, name, finding(world, SUBJECTS[0]), finding(world, SUBJECTS[1]))
    acts.settle(world)
    yield world
    world.close()
    shutil.rmtree(folder)


def finding(world: World, subject: SubjectId) -> Statement:
    return make.finding(world.circle, make.finding_body(subject), iat=midnight(world.now))


def restored_and_went_on(world: World) -> None:
    """Back up, publish, be heard, restore, publish."""
    world.back_up(FIRST)
    acts.say(world, FIRST, finding(world, SUBJECTS[2]))
    acts.sync(world, SECOND)
    world.restore(FIRST)
    acts.say(world, FIRST, finding(world, SUBJECTS[1]))


def crashed_after_publishing(world: World) -> None:
    """Publish, and have what was not on the disk vanish; for a sound node there is nothing of that kind."""
    world.back_up(FIRST)
    acts.say(world, FIRST, finding(world, SUBJECTS[2]))
    if world.actors[FIRST].fault is Fault.LOSES_WRITES:
        world.restore(FIRST)
    else:
        world.restart(FIRST)


def asked_a_liar(world: World) -> None:
    """Take news from a member that changes what it passes on; some of its lies are harmless, so ask often."""
    world.network.liars = frozenset({world.actors[SECOND].node.url})
    while world.counts["network: lies"] < LIES:
        acts.say(world, THIRD, finding(world, SUBJECTS[2]), finding(world, SUBJECTS[1]))
        acts.sync(world, SECOND)
        world.network.cut = frozenset({world.actors[THIRD].node.url})
        acts.sync(world, FIRST)
        world.network.cut = frozenset()


def removed_a_member(world: World) -> None:
    """Two vote that a third was compromised from its second entry on, and all hear of it."""
    key = world.roster(FOURTH).own
    for name in (SECOND, THIRD):
        assert acts.vote(world, name, key, 1)
    for name in (SECOND, THIRD, FIRST):
        acts.sync(world, name)


@dataclass(frozen=True, slots=True)
class Mutation:
    """What goes wrong at the first node, the days on which it shows, and what the oracle says."""

    fault: Fault
    days: Callable[[World], None]
    words: str


MUTATIONS: Final = (
    Mutation(Fault.NEVER_COMPARES, restored_and_went_on, "has forked its own log"),
    Mutation(Fault.LOSES_WRITES, crashed_after_publishing, "has lost what it acknowledged"),
    Mutation(Fault.STORES_UNCHECKED, asked_a_liar, "that nobody has signed"),
    Mutation(Fault.CUTS_WRONGLY, removed_a_member, "hold the same and conclude otherwise"),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.fault.name.lower())
def test_what_is_wrong_is_found(world: World, mutation: Mutation) -> None:
    oracle = Oracle(world)
    oracle.judge()
    world.actors[FIRST].fault = mutation.fault
    mutation.days(world)
    with pytest.raises(AssertionError, match=mutation.words):
        oracle.judge()


def test_what_is_sound_is_not(world: World) -> None:
    """The same days, one after the other, with nodes as they are."""
    oracle = Oracle(world)
    for mutation in MUTATIONS:
        mutation.days(world)
        oracle.judge()
    world.end_of_evil()
    acts.settle(world)
    acts.settle(world)
    oracle.require_agreement()
