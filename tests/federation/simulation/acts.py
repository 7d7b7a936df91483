"""What the nodes of a world do: say something, change who is a member, ask, bring, tell, and follow what they are told.

Each act is the node's own code behind the network of the world. Nothing here raises for what the network, a peer or a
refusal does; a crash ends the act with :class:`tests.federation.simulation.crash.CrashedError`.
"""

from collections.abc import Callable

from node import circles
from node.domain.circles import Prepared
from node.domain.peering import Pin
from node.errors import HanseError
from node.storage import circles as stored
from node.storage import pins
from node.storage.database import Transaction
from node.sync import agenda, confirm_own_log, ping, sync_once
from node.sync.outbound import Outbound
from node.sync.pull import pull, verifiers
from node.sync.push import push
from node.sync.sizes import covered_sizes
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId, VocabularyCode
from protocol.keys import PublicKey
from protocol.messages.card import open_card
from protocol.statements import Statement
from tests.federation.simulation.faults import Fault, move_cuts, take_unchecked
from tests.federation.simulation.world import World
from tests.federation.support import confirm_logs, publish

_REASON = VocabularyCode("key-compromised")


def say(world: World, name: str, *statements: Statement) -> bool:
    """As every edge publishes: compare our log with the members', then append. Whether it was acknowledged."""
    return _signing(world, name, "said", lambda: publish(world.who(name).node, world.circle, *statements))


def endorse(world: World, name: str, candidate: str) -> bool:
    """Confirm a candidate's identity, as after a telephone call, and endorse its card."""
    runtime = world.who(name).node.runtime
    with world.database(candidate).read() as tx:
        card = circles.candidate_card(tx, circles.roster(tx, world.circle).own)
    if card is None:
        return False
    content = open_card(card)
    identity, request = PublicKey.decode(content.identity_key), PublicKey.decode(content.request_key)
    pin = Pin(identity, request, content.name, content.url, "fingerprint", "", world.now)
    with runtime.database.write() as tx:
        pins.confirm(tx, pin)
    return _change(
        world, name, "endorsed", lambda tx: circles.prepare_endorse(tx, world.circle, card, runtime.clock.now())
    )


def vote(world: World, name: str, target: KeyId, from_index: int) -> bool:
    """Vote to remove a key from an index on."""
    runtime = world.who(name).node.runtime
    return _change(
        world,
        name,
        "voted",
        lambda tx: circles.prepare_remove(
            tx, runtime.vocabulary, world.circle, target, from_index, _REASON, runtime.clock.now()
        ),
    )


def leave(world: World, name: str) -> bool:
    """End one's own membership."""
    runtime = world.who(name).node.runtime
    return _change(world, name, "left", lambda tx: circles.prepare_leave(tx, world.circle, runtime.clock.now()))


def rotate(world: World, name: str) -> bool:
    """Go on under a new key."""
    runtime = world.who(name).node.runtime
    return _change(
        world,
        name,
        "rotated",
        lambda tx: circles.prepare_rotate(tx, runtime.keyring, runtime.settings, world.circle, runtime.clock.now()),
    )


def come_back(world: World, name: str) -> None:
    """Be a candidate under a fresh card, after having left or been removed."""
    runtime = world.actors[name].node.runtime
    card = circles.card(runtime.keyring, runtime.settings, world.circle)
    with runtime.database.write() as tx:
        signed = stored.signed_charter(tx, world.circle)
        assert signed is not None
        circles.join(tx, runtime.keyring, signed, runtime.clock.now(), card=card, again=True)
    world.counts["came back"] += 1
    world.learn(name)


def sync(world: World, name: str) -> None:
    """Ask every member that the node knows."""
    actor = world.who(name)
    transport = world.network.of(actor.node)
    if actor.fault is Fault.STORES_UNCHECKED:
        with Outbound(actor.node.runtime, transport=transport) as outbound:
            take_unchecked(actor.node, world.circle, outbound)
    else:
        report = sync_once(actor.node.runtime, transport=transport)
        assert not [each for each in report.problems if each.code == "corrupted"]
        world.counts["entries pulled"] += report.entries
        world.problems[name] = [f"{each.code} {each.log or ''} {each.detail}" for each in report.problems]
    if actor.fault is Fault.CUTS_WRONGLY:
        move_cuts(actor.node, world.circle)
    world.learn(name)


def bring(world: World, name: str) -> None:
    """Push every member what it lacks, as a node that nobody can reach."""
    actor = world.who(name)
    roster = world.roster(name)
    with Outbound(actor.node.runtime, transport=world.network.of(actor.node)) as outbound:
        for member in roster.others:
            try:
                world.counts["entries pushed"] += push(actor.node.runtime, outbound, roster, member).entries
            except (HanseError, ProtocolError):
                world.counts["pushes failed"] += 1


def tell(world: World, name: str) -> None:
    """Ping a few members with all that is held, as the worker does after news."""
    actor = world.who(name)
    runtime = actor.node.runtime
    with runtime.database.read() as tx:
        sizes = covered_sizes(tx, circles.roster(tx, world.circle))
    with Outbound(runtime, transport=world.network.of(actor.node)) as outbound:
        for job in agenda.to_tell(runtime, world.circle, world.random):
            ping.tell(outbound, job.roster, job.member, sizes)
            world.counts["pings"] += 1


def follow(world: World, name: str) -> None:
    """Ask those that have pinged for what they named, as the worker does between two rounds."""
    actor = world.actors[name]
    runtime = actor.node.runtime
    with Outbound(runtime, transport=world.network.of(actor.node)) as outbound, verifiers() as executor:
        for job in agenda.of_hints(runtime, (), world.random):
            report = pull(runtime, outbound, job.roster, job.member, executor, only=job.only)
            agenda.note_pull(runtime, job, report, world.random)
            world.counts["hints followed"] += 1
    world.learn(name)


def settle(world: World) -> None:
    """Everybody asks everybody, and who cannot be reached brings what it has."""
    for name, actor in world.actors.items():
        sync(world, name)
        if actor.node.url in world.network.hidden:
            bring(world, name)


def _change(world: World, name: str, what: str, prepare: Callable[[Transaction], Prepared]) -> bool:
    """Prepare a membership statement and confirm it. Whether it was acknowledged."""
    runtime = world.who(name).node.runtime

    def act() -> None:
        with runtime.database.write() as tx:
            payload = prepare(tx).payload
        with runtime.database.write() as tx:
            circles.confirm(tx, runtime.keyring, world.circle, payload, runtime.clock.now())

    return _signing(world, name, what, act)


def _signing(world: World, name: str, what: str, act: Callable[[], object]) -> bool:
    actor = world.who(name)
    try:
        _compare(world, name)
        act()
    except (HanseError, ProtocolError):
        world.counts[f"{what}: refused"] += 1
        return False
    else:
        world.counts[what] += 1
        return True
    finally:
        if not actor.fuse.is_dead:
            world.learn(name)


def _compare(world: World, name: str) -> None:
    """What stands before the first signature of a process; a twin does not care."""
    actor = world.who(name)
    if actor.twin_of or actor.fault is Fault.NEVER_COMPARES:
        confirm_logs(actor.node, world.circle)
        return
    if actor.restored:
        _ask_everybody(world, name)
    confirm_own_log(actor.node.runtime, world.circle, transport=world.network.of(actor.node))
    world.learn(name)


def _ask_everybody(world: World, name: str) -> None:
    """As an operator should who has restored a backup: wait until everybody can be asked, and ask.

    Notes the logs of which those alone hold more that do not talk to their author any more: nobody can tell it.
    """
    world.heal()
    world.network.liars = frozenset()
    for each, other in world.actors.items():
        if other.node.url in world.network.hidden:
            bring(world, each)
    doubled = {twin.twin_of for twin in world.twins.values()}
    reached = [other for one, other in world.talks() if one == name and other not in doubled]
    for log in world.own_logs[name]:
        most = max(world.size(each, log) for each in (name, *reached))
        if most < max(world.size(each, log) for each in world.actors):
            world.excused.add(log)
