"""What tests of membership do at a node: confirm a key, endorse, vote, leave, change a key, publish under any key."""

from collections.abc import Sequence

from node import circles, insight
from node.domain.circles import Prepared, Roster
from node.domain.ledger import Appended
from node.domain.peering import Pin
from node.insight.signals import signals
from node.ledger.append import append
from node.storage import insight as signal_rows
from node.storage import pins
from node.storage import statements as reading
from node.sync import sync_once
from protocol.circles import SignedCharter, add_signatures
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.keys import PublicKey
from protocol.messages.card import open_card
from protocol.projection import State
from protocol.signals import Signal
from protocol.statements import Statement
from tests.federation.support import InMemory, Node
from tests.node import statements as make

COMPROMISED = VocabularyCode("key-compromised")


def found(nodes: Sequence[Node], *, quorum: int = 2) -> tuple[SignedCharter, CircleId]:
    """A circle in which as many endorse as remove."""
    cards = [new_card(node) for node in nodes]
    terms = circles.Terms(
        name="Invented Circle",
        purpose="Trying things out.",
        legal_basis="None is needed.",
        endorsement_quorum=quorum,
        removal_quorum=quorum,
    )
    signed = draft = circles.create(nodes[0].runtime.keyring, terms, cards)
    for node in nodes:
        signed = add_signatures(signed, circles.sign(node.runtime.keyring, draft))
    for node in nodes:
        circle = join(node, signed)
    return signed, circle


def join(node: Node, signed: SignedCharter, card: bytes | None = None, *, again: bool = False) -> CircleId:
    """Join as a founder, or as a candidate under a card."""
    with node.runtime.database.write() as tx:
        roster = circles.join(tx, node.runtime.keyring, signed, node.clock.now(), card=card, again=again)
    node.runtime.keyring.confirm_log(roster.own, 0)
    return roster.circle


def new_card(node: Node, circle: CircleId | None = None) -> bytes:
    """A card with a fresh contributor key, for this circle or for one that is to be founded."""
    return circles.card(node.runtime.keyring, node.runtime.settings, circle)


def roster(node: Node, circle: CircleId) -> Roster:
    """Who is a member, as this node has it."""
    with node.runtime.database.read() as tx:
        return circles.roster(tx, circle)


def identity(node: Node) -> KeyId:
    """The voice of a node."""
    return node.runtime.keyring.identity_public().key_id


def pin(node: Node, card: bytes) -> None:
    """Confirm whose identity key is on a card, as two people do on the phone."""
    content = open_card(card)
    confirmed = Pin(
        identity_key=PublicKey.decode(content.identity_key),
        request_key=PublicKey.decode(content.request_key),
        name=content.name,
        url=content.url,
        how="fingerprint",
        by="",
        at=node.clock.now(),
    )
    with node.runtime.database.write() as tx:
        pins.confirm(tx, confirmed)


def endorse(node: Node, circle: CircleId, card: bytes) -> Appended:
    """Confirm the key on a card and vouch for it."""
    pin(node, card)
    with node.runtime.database.read() as tx:
        prepared = circles.prepare_endorse(tx, circle, card, node.clock.now())
    return _confirm(node, circle, prepared)


def vote(node: Node, circle: CircleId, target: KeyId, from_index: int) -> Appended:
    """Vote to remove a key from an index on."""
    with node.runtime.database.read() as tx:
        prepared = circles.prepare_remove(
            tx, node.runtime.vocabulary, circle, target, from_index, COMPROMISED, node.clock.now()
        )
    return _confirm(node, circle, prepared)


def leave(node: Node, circle: CircleId) -> Appended:
    """End a node's own membership."""
    with node.runtime.database.read() as tx:
        prepared = circles.prepare_leave(tx, circle, node.clock.now())
    return _confirm(node, circle, prepared)


def rotate(node: Node, circle: CircleId) -> KeyId:
    """Go on under a new key."""
    with node.runtime.database.read() as tx:
        runtime = node.runtime
        prepared = circles.prepare_rotate(tx, runtime.keyring, runtime.settings, circle, node.clock.now())
    _confirm(node, circle, prepared)
    return node.own(circle)


def say(node: Node, circle: CircleId, *statements: Statement, key: KeyId | None = None) -> list[Appended]:
    """Append to the log of one of a node's keys, the newest if none is named."""
    with node.runtime.database.write() as tx:
        return append(tx, node.runtime.keyring, circle, statements, node.clock.now(), contributor=key)


def _confirm(node: Node, circle: CircleId, prepared: Prepared) -> Appended:
    with node.runtime.database.write() as tx:
        return circles.confirm(tx, node.runtime.keyring, circle, prepared.payload, node.clock.now())


def exchange(network: InMemory, nodes: Sequence[Node], rounds: int = 2) -> None:
    """Everybody asks everybody, so often that what one has learnt reaches all."""
    for _ in range(rounds):
        for node in nodes:
            sync_once(node.runtime, transport=network)


def states(node: Node, circle: CircleId) -> dict[StatementId, State]:
    """How every statement stands at a node."""
    with node.runtime.database.read() as tx:
        page = reading.feed(tx, after=0, limit=1_000, now=node.clock.now(), circle=circle)
    return {each.statement.id: each.state for each in page}


def signal(node: Node) -> Signal | None:
    """What a node makes of the one claim that tests are about, from its stored signals."""
    runtime, now = node.runtime, node.clock.now()
    insight.catch_up(runtime.database, runtime.vocabulary, now)
    with runtime.database.read() as tx:
        views = signals(tx, runtime.vocabulary, make.SUBJECT, now)
    return views[0].signal if views else None


def signal_bytes(node: Node) -> list[bytes]:
    """Every stored signal, after everything that is to be computed has been."""
    insight.catch_up(node.runtime.database, node.runtime.vocabulary, node.clock.now())
    with node.runtime.database.read() as tx:
        return [data for _, data in signal_rows.signal_bytes(tx)]
