"""Which addresses are contacted, and which never are."""

from pathlib import Path

import pytest

from node.domain.circles import Member
from node.errors import Code, HanseError
from node.sync.outbound import Outbound
from node.sync.transport import is_public, resolve
from protocol.identifiers import CircleId, KeyId, Pseudonym
from protocol.keys import SigningKey
from protocol.messages.stream import MIN_STREAM_BYTES, EntriesRequest
from tests.federation.support import make_node

PUBLIC = ("8.8.8.8", "193.0.6.139", "2001:67c:2e8:22::c100:68b", "::ffff:8.8.8.8", "64:ff9b::808:808")
NOT_PUBLIC = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "192.0.0.9",
    "192.0.0.171",
    "192.88.99.1",
    "198.18.0.1",
    "240.0.0.1",
    "::8.8.8.8",
    "::7f00:1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fec0::1",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_of_our_own_network_is_not(address: str) -> None:
    assert not is_public(address)


def test_an_address_that_is_none_is_an_unreachable_peer(tmp_path: Path) -> None:
    node = make_node(tmp_path, "aldermoor", allow_private_addresses=False)
    key = SigningKey(bytes([1] * 32)).public
    member = Member(KeyId("A" * 43), Pseudonym("AAAA-AAAA"), "Northport", "https://999.1.1.1", key, key)
    with Outbound(node.runtime) as outbound, pytest.raises(HanseError, match="cannot be used") as caught:
        outbound.entries(member, CircleId("A" * 43), EntriesRequest(have={}, only=(), max_bytes=MIN_STREAM_BYTES))
    assert caught.value.code is Code.PEER_UNREACHABLE
    node.runtime.database.close()


@pytest.mark.enable_socket
def test_a_private_address_is_contacted_only_if_the_operator_says_so() -> None:
    assert resolve("127.0.0.1", 80, allow_private=True) == ["127.0.0.1"]
    for host in ("127.0.0.1", "localhost", "169.254.169.254"):
        with pytest.raises(HanseError, match="allow_private_addresses") as caught:
            resolve(host, 80, allow_private=False)
        assert caught.value.code is Code.PEER_UNREACHABLE


@pytest.mark.parametrize("url", ["http://peer.example", "http://127.0.0.1:8000"])
def test_without_tls_nobody_is_contacted_outside_a_closed_network(tmp_path: Path, url: str) -> None:
    node = make_node(tmp_path, "aldermoor", allow_private_addresses=False)
    key = SigningKey(bytes([1] * 32)).public
    member = Member(KeyId("A" * 43), Pseudonym("AAAA-AAAA"), "Northport", url, key, key)
    with Outbound(node.runtime) as outbound, pytest.raises(HanseError, match="without TLS") as caught:
        outbound.entries(member, CircleId("A" * 43), EntriesRequest(have={}, only=(), max_bytes=MIN_STREAM_BYTES))
    assert caught.value.code is Code.PEER_UNREACHABLE
    node.runtime.database.close()
