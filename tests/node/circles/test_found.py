"""Founding and joining: cards, signatures, and every way in which they do not go together."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from node import circles
from node.errors import Code, HanseError
from node.storage import circles as storage
from protocol.circles import SignedCharter, add_signatures, encode_signed_charter
from protocol.errors import Code as ProtocolCode
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId
from protocol.messages.card import open_card
from tests.federation.support import Node, circle_of, make_node
from tests.node import statements as make
from tests.tables import create_tables

TERMS = circles.Terms(name="Invented Circle", purpose="Trying things out.", legal_basis="None is needed.")


@pytest.fixture
def nodes(tmp_path: Path, database_url: str) -> Iterator[list[Node]]:
    """Two nodes; the first on each database."""
    made = [make_node(tmp_path, "aldermoor", database_url=database_url), make_node(tmp_path, "northport")]
    yield made
    for node in made:
        node.runtime.database.close()


def drafted(nodes: Sequence[Node], by: Node) -> SignedCharter:
    cards = [circles.card(node.runtime.keyring, node.runtime.settings) for node in nodes]
    return circles.create(by.runtime.keyring, TERMS, cards)


def signed(nodes: Sequence[Node]) -> SignedCharter:
    charter = draft = drafted(nodes, nodes[0])
    for node in nodes:
        charter = add_signatures(charter, circles.sign(node.runtime.keyring, draft))
    return charter


def join(node: Node, charter: SignedCharter) -> None:
    with node.runtime.database.write() as tx:
        circles.join(tx, node.runtime.keyring, charter, make.IAT)


def refused(node: Node, charter: SignedCharter) -> HanseError:
    with pytest.raises(HanseError) as caught:
        join(node, charter)
    with node.runtime.database.read() as tx:
        assert circles.list_circles(tx) == []
    assert caught.value.remedy
    return caught.value


def test_members_that_joined_read_the_same_roster(nodes: list[Node]) -> None:
    circle = circle_of(nodes, k=2)
    rosters = []
    for node in nodes:
        with node.runtime.database.read() as tx:
            rosters.append(circles.roster(tx, circle))
            (view,) = circles.list_circles(tx)
            assert storage.signed_charter(tx, circle) is not None
        assert (view.id, view.members, view.small_number_threshold, view.own) == (circle, 2, 2, rosters[-1].own)
    first, second = rosters
    assert first.members == second.members
    assert first.others == (first.members[second.own],)
    assert {member.name for member in first.members.values()} == {"aldermoor", "northport"}
    request_key = nodes[1].runtime.keyring.request().public.key_id
    assert first.by_request_key(request_key) == first.members[second.own]
    assert first.by_request_key(first.own) is None


def test_a_charter_that_somebody_has_not_signed_is_not_joined(nodes: list[Node]) -> None:
    with pytest.raises(ProtocolError, match="1 of 2 founders have not signed") as caught:
        join(nodes[0], drafted(nodes, nodes[0]))
    assert caught.value.code is ProtocolCode.BAD_CHARTER


def test_a_charter_without_us_is_not_joined(nodes: list[Node], tmp_path: Path) -> None:
    stranger = make_node(tmp_path, "stranger")
    assert refused(stranger, signed(nodes)).code is Code.NO_SUCH_MEMBER
    stranger.runtime.database.close()
    with pytest.raises(HanseError) as caught:
        circles.sign(stranger.runtime.keyring, signed(nodes))
    assert caught.value.code is Code.NO_SUCH_MEMBER


def test_a_circle_is_joined_once(nodes: list[Node]) -> None:
    charter = signed(nodes)
    join(nodes[0], charter)
    with pytest.raises(HanseError, match="already a member") as caught:
        join(nodes[0], charter)
    assert caught.value.code is Code.CONFLICT


def test_one_contributor_key_serves_one_circle(nodes: list[Node]) -> None:
    """The same card in two charters would tie our two pseudonyms together."""
    keyring = nodes[0].runtime.keyring
    card = circles.card(keyring, nodes[0].runtime.settings)
    join(nodes[0], circles.create(keyring, TERMS, [card]))
    with pytest.raises(HanseError, match="in use in circle") as caught:
        join(nodes[0], circles.create(keyring, TERMS, [card]))
    assert caught.value.code is Code.CONFLICT


def test_nobodys_contributor_key_serves_two_of_our_circles(nodes: list[Node]) -> None:
    """A statement is looked up by its contributor and identifier: two circles must not share a contributor."""
    node, other = nodes
    theirs = circles.card(other.runtime.keyring, other.runtime.settings)
    for number in range(2):
        ours = circles.card(node.runtime.keyring, node.runtime.settings)
        draft = circles.create(node.runtime.keyring, TERMS, [ours, theirs])
        charter = add_signatures(draft, circles.sign(other.runtime.keyring, draft))
        if number == 0:
            join(node, charter)
    with pytest.raises(HanseError, match="contributor key of northport is in use in circle") as caught:
        join(node, charter)
    assert caught.value.code is Code.CONFLICT


def test_a_missing_or_foreign_key_file_is_named(nodes: list[Node]) -> None:
    charter = signed(nodes)
    (key_file,) = (nodes[0].runtime.settings.keys / "contributors").iterdir()
    saved = key_file.read_bytes()
    key_file.unlink()
    assert refused(nodes[0], charter).code is Code.BAD_KEY_FILE
    key_file.write_bytes(saved)
    key_file.chmod(0o644)
    assert "chmod 600" in refused(nodes[0], charter).remedy
    key_file.chmod(0o600)
    other = nodes[1].runtime.settings.keys / "request.key"
    ours = nodes[0].runtime.settings.keys / "request.key"
    ours.write_bytes(other.read_bytes())
    assert "another request key" in refused(nodes[0], charter).detail


def test_a_card_is_ours_and_makes_a_key_that_is_kept(nodes: list[Node]) -> None:
    node = nodes[0]
    first, second = (open_card(circles.card(node.runtime.keyring, node.runtime.settings)) for _ in range(2))
    assert (first.name, first.url) == (node.name, node.url)
    assert first.identity_key == second.identity_key
    assert first.contributor_key != second.contributor_key
    assert node.runtime.keyring.contributor(first.founder().key_id).public.encode() == first.contributor_key


def test_a_drafter_may_leave_itself_out(nodes: list[Node]) -> None:
    draft = drafted(nodes[1:], nodes[0])
    assert draft.signatures == ()


def test_a_tampered_card_is_refused(nodes: list[Node]) -> None:
    card = circles.card(nodes[1].runtime.keyring, nodes[1].runtime.settings)
    with pytest.raises(ProtocolError):
        circles.create(nodes[0].runtime.keyring, TERMS, [card[:-4] + b"AAAA"])


def test_a_charter_is_read_from_a_file(nodes: list[Node]) -> None:
    charter = signed(nodes)
    data = encode_signed_charter(charter)
    assert circles.read_charter(data) == charter
    assert circles.read_charter(data + b"\n") == charter
    for bad in (b"", b"{}", data + b" ", data[:-1], b"\xff\xfe"):
        with pytest.raises(HanseError) as caught:
            circles.read_charter(bad)
        assert caught.value.code is Code.BAD_FILE


def test_a_circle_that_we_are_not_in_has_no_roster(nodes: list[Node]) -> None:
    create_tables(nodes[0].runtime.database)
    with nodes[0].runtime.database.read() as tx, pytest.raises(HanseError) as caught:
        circles.roster(tx, CircleId("A" * 43))
    assert caught.value.code is Code.NO_SUCH_MEMBER
