"""The identity key kept offline, and the configuration that is served without it."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from node import circles
from node.circles import identity
from node.errors import Code, HanseError
from node.ledger.keyring import IDENTITY, IDENTITY_PUBLIC, Keyring
from protocol.messages.card import open_card
from protocol.messages.entity import open_configuration
from protocol.statements import DAY_SECONDS
from tests.federation.support import Node, make_node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node that nobody has asked yet."""
    made = make_node(tmp_path, "aldermoor")
    yield made
    made.runtime.database.close()


def _take_away(node: Node) -> bytes:
    path = node.runtime.settings.keys / IDENTITY
    data = path.read_bytes()
    path.unlink()
    return data


def _serve(node: Node) -> bytes | None:
    return identity.serve(node.runtime.keyring, node.runtime.settings, node.clock.now())


def test_the_public_half_is_enough_for_all_but_signing(node: Node) -> None:
    keyring = node.runtime.keyring
    public = keyring.identity().public
    _take_away(node)

    assert keyring.identity_public() == public
    assert not keyring.holds_identity
    for step in (keyring.identity, lambda: circles.card(keyring, node.runtime.settings), keyring.keep_identity_offline):
        with pytest.raises(HanseError) as caught:
            step()
        assert caught.value.code is Code.IDENTITY_OFFLINE
        assert str(node.runtime.settings.data) not in caught.value.detail + caught.value.remedy


def test_a_key_that_comes_back_signs_again(node: Node) -> None:
    data = _take_away(node)
    path = node.runtime.settings.keys / IDENTITY
    path.write_bytes(data)
    path.chmod(0o600)

    card = open_card(circles.card(node.runtime.keyring, node.runtime.settings))
    assert card.identity_key == node.runtime.keyring.identity_public().encode()


def test_a_restored_private_half_makes_the_public_one_anew(node: Node) -> None:
    keyring = node.runtime.keyring
    public = node.runtime.settings.keys / IDENTITY_PUBLIC
    public.unlink()
    assert keyring.identity_public() == keyring.identity().public
    keyring.keep_identity_offline()
    assert stat.S_IMODE(public.stat().st_mode) == 0o600
    _take_away(node)
    assert keyring.identity_public().encode() == public.read_text("ascii").strip()


def test_halves_of_two_keys_and_broken_files_are_named(node: Node, tmp_path: Path) -> None:
    other = Keyring(tmp_path / "other")
    other.create()
    public = node.runtime.settings.keys / IDENTITY_PUBLIC
    public.write_bytes((tmp_path / "other" / IDENTITY_PUBLIC).read_bytes())
    with pytest.raises(HanseError) as caught:
        node.runtime.keyring.identity()
    assert caught.value.code is Code.BAD_KEY_FILE
    public.write_bytes(b"\xff nonsense")
    with pytest.raises(HanseError) as caught:
        node.runtime.keyring.identity_public()
    assert caught.value.code is Code.BAD_KEY_FILE


def test_the_configuration_says_who_and_never_a_contributor_key(node: Node) -> None:
    contributor = node.runtime.keyring.new_contributor().public
    data = _serve(node)
    assert data is not None
    found = open_configuration(data, now=node.clock.now())
    assert (found.iss, found.sub) == (node.url, node.url)
    assert found.metadata.federation_entity.organization_name == node.name
    assert found.identity == node.runtime.keyring.identity_public()
    assert found.request_key == node.runtime.keyring.request().public
    assert contributor.encode().encode() not in data
    assert contributor.key_id.encode() not in data


def test_the_same_bytes_are_served_until_they_are_due(node: Node) -> None:
    first = _serve(node)
    node.clock.advance(100 * DAY_SECONDS)
    assert _serve(node) == first
    node.clock.advance(30 * DAY_SECONDS)
    assert _serve(node) not in {first, None}


def test_away_it_is_served_to_its_end_and_not_beyond(node: Node) -> None:
    first = _serve(node)
    _take_away(node)
    node.clock.advance(170 * DAY_SECONDS)
    assert _serve(node) == first
    standing = identity.standing(node.runtime.keyring, node.runtime.settings, node.clock.now())
    assert standing.waits
    node.clock.advance(20 * DAY_SECONDS)
    assert _serve(node) is None
    with pytest.raises(HanseError) as caught:
        identity.publish(node.runtime.keyring, node.runtime.settings, node.clock.now())
    assert caught.value.code is Code.IDENTITY_OFFLINE


def test_several_who_ask_first_are_all_answered(node: Node) -> None:
    ready = Barrier(8)

    def ask(_: int) -> bytes | None:
        ready.wait()
        return _serve(node)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert len(set(answers)) == 1
    assert answers[0] is not None
    assert [path.name for path in node.runtime.settings.data.glob("*.new")] == []


def test_a_new_name_is_signed_anew(node: Node) -> None:
    _serve(node)
    renamed = replace(node.runtime.settings, name="University of Aldermoor and Port Calder")
    data = identity.serve(node.runtime.keyring, renamed, node.clock.now())
    assert data is not None
    found = open_configuration(data, now=node.clock.now())
    assert found.metadata.federation_entity.organization_name == renamed.name
    assert [path.name for path in node.runtime.settings.data.glob("*.new")] == []


def test_a_damaged_file_is_replaced(node: Node) -> None:
    first = _serve(node)
    (node.runtime.settings.data / identity.FILE_NAME).write_bytes(b"nonsense")
    again = _serve(node)
    assert first is not None
    assert again is not None
    assert open_configuration(again, now=node.clock.now()).identity == node.runtime.keyring.identity_public()
