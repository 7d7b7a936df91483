"""Which addresses are contacted, and which never are."""

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from node.clock import SystemClock
from node.domain.circles import Member
from node.errors import Code, HanseError
from node.sync.outbound import Outbound
from node.sync.transport import Patience, PinnedTransport, is_public, resolve
from protocol.identifiers import CircleId, KeyId, Pseudonym
from protocol.keys import SigningKey
from protocol.messages.stream import MIN_STREAM_BYTES, EntriesRequest
from tests.federation.support import make_node
from tests.federation.tls import Authority, answering_on

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


def member_at(url: str) -> Member:
    key = SigningKey(bytes([1] * 32)).public
    return Member(
        contributor=KeyId("A" * 43),
        pseudonym=Pseudonym("AAAA-AAAA"),
        name="Northport",
        url=url,
        key=key,
        request_key=key,
        identity_key=key,
        identity=key.key_id,
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_of_our_own_network_is_not(address: str) -> None:
    assert not is_public(address)


def test_an_address_that_is_none_is_an_unreachable_peer(tmp_path: Path) -> None:
    node = make_node(tmp_path, "aldermoor", allow_private_addresses=False)
    member = member_at("https://999.1.1.1")
    with Outbound(node.runtime) as outbound, pytest.raises(HanseError, match="cannot be used") as caught:
        outbound.entries(
            member, CircleId("A" * 43), EntriesRequest(holes={}, have={}, only=(), max_bytes=MIN_STREAM_BYTES)
        )
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
    member = member_at(url)
    with Outbound(node.runtime) as outbound, pytest.raises(HanseError, match="without TLS") as caught:
        outbound.entries(
            member, CircleId("A" * 43), EntriesRequest(holes={}, have={}, only=(), max_bytes=MIN_STREAM_BYTES)
        )
    assert caught.value.code is Code.PEER_UNREACHABLE
    node.runtime.database.close()


QUICK = Patience(connect_seconds=2, idle_seconds=2, total_seconds=4)
TODAY = dt.datetime.fromtimestamp(SystemClock().now(), dt.UTC)


def ask(transport: PinnedTransport, url: str) -> bytes:
    with httpx2.Client(transport=transport) as client:
        return client.get(url).content


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server shows, and what is said of it; nothing where it is believed."""

    name: str
    certificate: str = "localhost"
    expired: bool = False
    self_signed: bool = False
    refused: str = ""


SHOWN = (
    Shown("a good certificate"),
    Shown("another name", certificate="elsewhere.example", refused="Hostname mismatch"),
    Shown("one that has ended", expired=True, refused="expired"),
    Shown("one that it signed itself", self_signed=True, refused="self-signed"),
)


@pytest.mark.enable_socket
@pytest.mark.parametrize("case", SHOWN, ids=lambda case: case.name)
def test_who_answers_is_checked_by_certificate(tmp_path: Path, case: Shown) -> None:
    authority = Authority(tmp_path, TODAY)
    shown = authority.context(case.certificate, expired=case.expired, self_signed=case.self_signed)
    trusting = ssl.create_default_context(cafile=str(authority.roots))
    transport = PinnedTransport(QUICK, allow_private_addresses=True, tls=trusting)
    with answering_on("127.0.0.1", shown) as (port, _):
        url = f"https://localhost:{port}/"
        if not case.refused:
            assert ask(transport, url) == b"ok"
            return
        with pytest.raises(HanseError, match=case.refused) as caught:
            ask(transport, url)
    assert caught.value.code is Code.PEER_UNREACHABLE


@pytest.mark.enable_socket
@pytest.mark.parametrize("private", [{"allow_private_addresses": True}, {"private_hosts": True}], ids=str)
def test_no_setting_makes_a_node_believe_an_unknown_authority(tmp_path: Path, private: dict[str, Any]) -> None:
    authority = Authority(tmp_path, TODAY)
    with answering_on("127.0.0.1", authority.context("localhost")) as (port, _):
        named = {"private_hosts": (f"localhost:{port}",)} if "private_hosts" in private else private
        transport = PinnedTransport(QUICK, **{"allow_private_addresses": False} | named)
        with pytest.raises(HanseError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(transport, f"https://localhost:{port}/")


@pytest.mark.enable_socket
def test_a_name_may_have_private_addresses_where_it_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path, TODAY)
    trusting = ssl.create_default_context(cafile=str(authority.roots))
    with answering_on("127.0.0.1", authority.context("localhost")) as (port, reached):
        named = PinnedTransport(
            QUICK, allow_private_addresses=False, private_hosts=(f"localhost:{port}",), tls=trusting
        )
        assert ask(named, f"https://LOCALHOST:{port}/") == b"ok"
        other = (
            f"https://127.0.0.1:{port}/",
            f"https://localhost:{port ^ 1}/",
            "https://localhost/",
            f"http://localhost:{port}/",
        )
        for url in other:  # another name, other services of the same machine, the same one without TLS
            with pytest.raises(HanseError, match="private_peers"):
                ask(named, url)
    assert len(reached) == 1


@pytest.mark.enable_socket
def test_what_is_connected_to_is_what_was_checked() -> None:
    """A name that changes its address between the check and the connection ("rebinding") gains nothing."""
    answers = [["127.0.0.2"], ["127.0.0.1"]]

    def changing(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    with answering_on("127.0.0.2") as (port, reached):
        transport = PinnedTransport(QUICK, allow_private_addresses=True, look_up=changing)
        assert ask(transport, f"http://rebinding.example:{port}/") == b"ok"
    assert reached == ["127.0.0.2"]
    assert answers == [["127.0.0.1"]]


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    transport = PinnedTransport(
        QUICK, allow_private_addresses=False, look_up=lambda _host, _port: ["193.0.6.139", "10.0.0.1"]
    )
    with pytest.raises(HanseError, match="not public"):
        ask(transport, "https://mixed.example/")


def test_a_public_address_is_never_reached_without_tls() -> None:
    transport = PinnedTransport(QUICK, allow_private_addresses=True, look_up=lambda _host, _port: ["193.0.6.139"])
    with pytest.raises(HanseError, match="without TLS"):
        ask(transport, "http://public.example/")
