"""The ceremony between two real nodes: look up, compare, confirm, and hear of each other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from node.api import problems, well_known
from node.circles import identity, peering
from node.domain.peering import COMMAND_LINE, Introduction, Pin
from node.errors import Code, HanseError
from node.storage import pins
from node.storage.database import Transaction
from node.sync.fetch import Fetcher
from protocol.keys import SigningKey
from protocol.messages.card import fingerprint
from protocol.messages.entity import WELL_KNOWN_PATH
from protocol.messages.peering import Peering, encode_peering
from protocol.messages.signature import sign_request
from protocol.statements import Timestamp
from tests.federation.conftest import MakeNode, node_of
from tests.federation.support import InMemory, Node, make_node

__all__ = ["node_of"]  # the fixture

KEY = SigningKey(bytes(range(32))).public


@pytest.fixture
def of_sqlite(tmp_path: Path) -> Iterator[MakeNode]:
    """Makes nodes where the database does not matter."""
    made: list[Node] = []

    def make(name: str, *, url: str = "") -> Node:
        made.append(make_node(tmp_path, name, url=url))
        return made[-1]

    yield make
    for node in made:
        node.runtime.database.close()


def _app(node: Node) -> FastAPI:
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.include_router(well_known.build(node.runtime))
    return app


def network(*nodes: Node) -> InMemory:
    """Nodes that answer what anybody may ask."""
    made = InMemory([])
    for node in nodes:
        made.connect(node.url, _app(node))
    return made


def look_up(node: Node, other: Node, over: InMemory) -> Introduction:
    """Ask, and remember what was said."""
    runtime = node.runtime
    with Fetcher(runtime.settings, transport=over) as fetcher:
        own = runtime.keyring.identity_public()
        found = identity.look_up(fetcher.get, other.url, own=own, now=node.clock.now())
    with runtime.database.write() as tx:
        peering.remember(tx, found)
    return found


def confirm(node: Node, found: Introduction) -> Pin:
    """As two people would who read to each other what their own nodes show."""
    with node.runtime.database.write() as tx:
        return peering.confirm(tx, found, fingerprint(found.identity_key), by=COMMAND_LINE, now=node.clock.now())


def hear(node: Node, pin: Pin, over: InMemory) -> bool:
    """Exchange words with a confirmed peer."""
    runtime = node.runtime
    with Fetcher(runtime.settings, transport=over) as fetcher:
        return peering.ask_whether_confirmed(fetcher.post, runtime.keyring, pin, node.clock.now())


def _theirs(node: Node, other: Node) -> bool | None:
    with node.runtime.database.read() as tx:
        pin = pins.find_pin(tx, other.runtime.keyring.identity_public().key_id)
    assert pin is not None
    return pin.theirs


def test_both_sides_confirm_and_each_learns_that_the_other_has(node_of: MakeNode) -> None:
    ours, theirs = node_of("aldermoor"), node_of("northport")
    over = network(ours, theirs)

    found = look_up(ours, theirs, over)
    assert (found.name, found.url) == (theirs.name, theirs.url)
    assert found.identity_key == theirs.runtime.keyring.identity_public()
    assert found.request_key == theirs.runtime.keyring.request().public
    first = confirm(ours, found)
    assert hear(ours, first, over) is False  # they have not confirmed us: we are a stranger to them

    second = confirm(theirs, look_up(theirs, ours, over))
    assert hear(theirs, second, over) is True
    assert _theirs(ours, theirs) is True  # their request told us
    assert hear(ours, first, over) is True


def test_an_unconfirmed_key_is_nobody(node_of: MakeNode) -> None:
    ours, theirs = node_of("aldermoor"), node_of("northport")
    found = look_up(ours, theirs, network(ours, theirs))
    with ours.runtime.database.read() as tx:
        assert not pins.is_confirmed(tx, found.identity)
    confirm(ours, found)
    with ours.runtime.database.read() as tx:
        assert pins.is_confirmed(tx, found.identity)


def test_another_fingerprint_confirms_nothing_and_the_group_is_named(of_sqlite: MakeNode) -> None:
    ours, theirs = of_sqlite("aldermoor"), of_sqlite("northport")
    found = look_up(ours, theirs, network(ours, theirs))
    groups = fingerprint(found.identity_key).split()
    groups[6] = "00000" if groups[6] != "00000" else "11111"
    with pytest.raises(HanseError) as caught, ours.runtime.database.write() as tx:
        peering.confirm(tx, found, " ".join(groups), by=COMMAND_LINE, now=ours.clock.now())
    assert caught.value.code is Code.INVALID
    assert "group 7 differs" in caught.value.detail
    with ours.runtime.database.read() as tx:
        assert not pins.is_confirmed(tx, found.identity)


def test_a_replayed_word_is_refused(of_sqlite: MakeNode) -> None:
    ours, theirs = of_sqlite("aldermoor"), of_sqlite("northport")
    over = network(ours, theirs)
    pin = confirm(ours, look_up(ours, theirs, over))
    confirm(theirs, look_up(theirs, ours, over))
    sent: list[tuple[str, dict[str, str], bytes]] = []

    with Fetcher(ours.runtime.settings, transport=over) as fetcher:

        def post(url: str, headers: dict[str, str], body: bytes, limit: int) -> peering.Reply:
            sent.append((url, headers, body))
            return fetcher.post(url, headers, body, limit)

        assert peering.ask_whether_confirmed(post, ours.runtime.keyring, pin, ours.clock.now()) is True
        again = fetcher.post(*sent[0], 16_384)
    assert again.status == 401
    assert b"replayed" in again.content


def test_strangers_and_forgers_get_one_answer(of_sqlite: MakeNode) -> None:
    ours, theirs, third = of_sqlite("aldermoor"), of_sqlite("northport"), of_sqlite("valdesk")
    over = network(ours, theirs, third)
    pin = confirm(ours, look_up(ours, theirs, over))
    confirm(theirs, look_up(theirs, ours, over))
    bodies: list[bytes] = []
    with Fetcher(third.runtime.settings, transport=over) as fetcher:

        def post(url: str, headers: dict[str, str], body: bytes, limit: int) -> peering.Reply:
            reply = fetcher.post(url, headers, body, limit)
            bodies.append(reply.content)
            return reply

        assert peering.ask_whether_confirmed(post, third.runtime.keyring, pin, third.clock.now()) is False
        # Speaks for ours, signed by its own request key.
        mine = Peering(v=1, identity=ours.runtime.keyring.identity_public().key_id, confirmed=False)
        forged = Forger(third, mine)
        assert peering.ask_whether_confirmed(forged(post), third.runtime.keyring, pin, third.clock.now()) is False
    assert len(bodies) == 2
    assert b"has not confirmed the signer" in bodies[0]
    assert b"has not confirmed the signer" in bodies[1]
    assert _theirs(theirs, ours) is None


class Forger:
    """Replaces the content of a message and signs it with the forger's own request key."""

    def __init__(self, node: Node, message: Peering) -> None:
        self.node, self.message = node, message

    def __call__(self, post: peering.Post) -> peering.Post:
        """A way to post that forges."""

        def forged(url: str, _headers: dict[str, str], _body: bytes, limit: int) -> peering.Reply:
            body = encode_peering(self.message)
            now = self.node.clock.now()
            nonce = "q83vASNFZ4mrze8BI0VniQ"
            key = self.node.runtime.keyring.request()
            fields = sign_request(key, method="POST", target_uri=url, body=body, created=now, nonce=nonce)
            headers = {
                "Content-Digest": fields.content_digest,
                "Signature-Input": fields.signature_input,
                "Signature": fields.signature,
            }
            return post(url, headers, body, limit)

        return forged


def test_garbage_and_floods_of_bytes_are_refused(of_sqlite: MakeNode) -> None:
    ours = of_sqlite("aldermoor")
    over = network(ours)
    url = f"{ours.url}{peering.PEERING_PATH}"
    with Fetcher(ours.runtime.settings, transport=over) as fetcher:
        assert fetcher.post(url, {}, b"", 65_536).status == 401
        assert fetcher.post(url, {}, b"x" * 1_000, 65_536).status == 413


def test_a_new_request_key_and_address_come_with_the_confirmed_identity(of_sqlite: MakeNode) -> None:
    ours, theirs = of_sqlite("aldermoor"), of_sqlite("northport")
    found = look_up(ours, theirs, network(ours, theirs))
    confirm(ours, found)
    moved = Introduction(
        url="http://elsewhere.example",
        name="Northport, renamed",
        identity_key=found.identity_key,
        request_key=KEY,
        until=found.until,
        at=found.at,
        issued=found.issued,
    )
    with ours.runtime.database.write() as tx:
        peering.remember(tx, moved)
        pin = pins.find_pin(tx, found.identity)
    assert pin is not None
    assert (pin.url, pin.request_key, pin.how) == (moved.url, KEY, "fingerprint")


@pytest.mark.parametrize("confirmed", [False, True])
def test_what_a_node_has_said_before_does_not_come_back(node_of: MakeNode, *, confirmed: bool) -> None:
    """An entity configuration holds for half a year; its holder has put another in its place since."""
    ours, theirs = node_of("aldermoor"), node_of("northport")
    over = network(ours, theirs)
    old = look_up(ours, theirs, over)
    theirs.clock.moment = Timestamp(theirs.clock.moment + 60)
    identity.publish(theirs.runtime.keyring, theirs.runtime.settings, theirs.clock.now())
    new = look_up(ours, theirs, over)
    assert new.issued == old.issued + 60
    if confirmed:
        confirm(ours, new)
    for again in (old, replace(old, url="http://elsewhere.example"), replace(old, request_key=KEY)):
        if not confirmed and again.url != old.url:
            continue  # an unconfirmed key at another address is another introduction
        with pytest.raises(HanseError) as caught, ours.runtime.database.write() as tx:
            peering.remember(tx, again)
        assert caught.value.code is Code.CONFLICT
    if confirmed:
        with pytest.raises(HanseError) as caught:
            confirm(ours, old)
        assert caught.value.code is Code.CONFLICT
    with ours.runtime.database.write() as tx:
        assert pins.find_introduction(tx, theirs.url) == new
        peering.remember(tx, new)  # the same word again is no older one
        assert not confirmed or pins.find_pin(tx, new.identity) == confirm_again(tx, new)


def confirm_again(tx: Transaction, found: Introduction) -> Pin:
    """As :func:`confirm`, in a transaction that is open."""
    return peering.confirm(tx, found, fingerprint(found.identity_key), by=COMMAND_LINE, now=found.at)


def test_another_key_at_a_confirmed_address_is_said(of_sqlite: MakeNode) -> None:
    ours, theirs = of_sqlite("aldermoor"), of_sqlite("northport")
    found = look_up(ours, theirs, network(ours, theirs))
    pin = confirm(ours, found)
    taken_over = Introduction(
        url=found.url, name=found.name, identity_key=KEY, request_key=KEY, until=found.until, at=found.at
    )
    with ours.runtime.database.write() as tx:
        peering.remember(tx, taken_over)
        assert peering.earlier_keys(tx, taken_over) == [pin]
        assert not pins.is_confirmed(tx, KEY.key_id)
        listed = peering.list_peers(tx)
    assert [peer.pin for peer in listed] == [None, pin]


def test_our_own_address_is_no_peer(of_sqlite: MakeNode) -> None:
    ours = of_sqlite("aldermoor")
    with pytest.raises(HanseError) as caught:
        look_up(ours, ours, network(ours))
    assert caught.value.code is Code.CONFLICT


def test_a_node_that_presents_itself_as_another_is_refused(of_sqlite: MakeNode) -> None:
    ours, theirs = of_sqlite("aldermoor"), of_sqlite("northport")
    over = InMemory([])
    over.connect("http://taken.example", _app(theirs))
    with Fetcher(ours.runtime.settings, transport=over) as fetcher, pytest.raises(HanseError) as caught:
        identity.look_up(fetcher.get, "http://taken.example", own=KEY, now=ours.clock.now())
    assert caught.value.code is Code.PEER_MISBEHAVED
    assert theirs.url in caught.value.detail


def test_an_address_that_answers_something_else_is_refused_in_words(of_sqlite: MakeNode) -> None:
    ours = of_sqlite("aldermoor")
    over = InMemory([])
    over.connect("http://plain.example", FastAPI(openapi_url=None))
    with Fetcher(ours.runtime.settings, transport=over) as fetcher:
        for url, code in (
            ("http://plain.example", Code.PEER_REFUSED),
            ("http://nobody.example", Code.PEER_UNREACHABLE),
        ):
            with pytest.raises(HanseError) as caught:
                identity.look_up(fetcher.get, url, own=KEY, now=ours.clock.now())
            assert caught.value.code is code


def test_an_answer_without_end_is_cut(of_sqlite: MakeNode) -> None:
    ours = of_sqlite("aldermoor")
    app = FastAPI(openapi_url=None)
    app.get(WELL_KNOWN_PATH)(lambda: "x" * 200_000)
    over = InMemory([])
    over.connect("http://long.example", app)
    with Fetcher(ours.runtime.settings, transport=over) as fetcher, pytest.raises(HanseError) as caught:
        identity.look_up(fetcher.get, "http://long.example", own=KEY, now=ours.clock.now())
    assert caught.value.code is Code.PEER_MISBEHAVED


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("hanse.northport.example", "https://hanse.northport.example"),
        ("  HTTPS://Hanse.Northport.Example/ ", "https://hanse.northport.example"),
        ("http://127.0.0.1:8101", "http://127.0.0.1:8101"),
        ("https://northport.example/Hanse/", "https://northport.example/Hanse"),
    ],
)
def test_an_address_has_one_spelling(typed: str, url: str) -> None:
    assert peering.base_url(typed) == url


@pytest.mark.parametrize(
    "typed", ["", "file:///etc/passwd", "https://a b", "https://x.example/?q", "https://u@x.example"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(HanseError) as caught:
        peering.base_url(typed)
    assert caught.value.code is Code.INVALID


@given(st.text(alphabet=" -.,\n\t", max_size=3))
def test_how_groups_are_parted_does_not_matter(parted: str) -> None:
    assert peering.compare(KEY, fingerprint(KEY).replace(" ", parted)) is None


@given(st.text(max_size=80))
def test_what_is_typed_is_a_match_or_refused(typed: str) -> None:
    try:
        assert peering.compare(KEY, typed) is not None
    except HanseError as error:
        assert error.code is Code.INVALID  # noqa: PT017 - both ends are right here, and nothing else may come out
