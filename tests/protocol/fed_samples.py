"""Three invented universities, their keys from fixed seeds, and the charter that they found a circle with."""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from protocol.circles import Charter, Founder, SignedCharter, sign
from protocol.identifiers import encode_bytes
from protocol.keys import SigningKey
from protocol.messages.card import NodeCard
from protocol.messages.signature import SignedFields, sign_request
from protocol.messages.stream import Section
from protocol.statements import Timestamp
from tests.protocol.samples import NOW, fixed_id
from tests.protocol.schema_file import schema_file

NAMES: Final = ("University of Aldermoor", "Northport Institute of Technology", "Université du Val d'Esk")
HOSTS: Final = ("aldermoor", "northport", "valdesk")
IDENTITY: Final = tuple(SigningKey(bytes([seed]) * 32) for seed in (0x31, 0x32, 0x33))
REQUEST: Final = tuple(SigningKey(bytes([seed]) * 32) for seed in (0x41, 0x42, 0x43))
CONTRIBUTOR: Final = tuple(SigningKey(bytes([seed]) * 32) for seed in (0x51, 0x52, 0x53))
STRANGER: Final = SigningKey(bytes([0x61]) * 32)

METHOD: Final = "POST"
TARGET: Final = "https://hanse.northport.example/federation/v1/circles/entries?have=1"
BODY: Final = b'{"have":{},"holes":{},"max_bytes":65536,"only":[]}'
NONCE: Final = "q83vASNFZ4mrze8BI0VniQ"


def founder(number: int) -> Founder:
    """One of the three."""
    return Founder(
        name=NAMES[number],
        url=f"https://hanse.{HOSTS[number]}.example",
        identity_key=IDENTITY[number].public.encode(),
        request_key=REQUEST[number].public.encode(),
        contributor_key=CONTRIBUTOR[number].public.encode(),
    )


def charter() -> Charter:
    """A circle of three."""
    return Charter(
        v=1,
        name="North Sea circle",
        purpose="To share observations about research partners before agreements are signed.\nNothing else.",
        legal_basis="Article 6(1)(e) of Regulation (EU) 2016/679",
        founders=tuple(sorted((founder(number) for number in range(3)), key=lambda each: each.contributor_key)),
        endorsement_quorum=2,
        removal_quorum=2,
        vocabulary_version=1,
        retention_days=1_826,
        small_number_threshold=3,
        attribution="pseudonymous",
        token_operators=(),
        quota_entries_per_day=200,
        quota_bytes_per_day=1_048_576,
        nonce=fixed_id("charter"),
    )


def signed_charter(*signers: SigningKey) -> SignedCharter:
    """The charter with the signatures of the founders that have these contributor keys."""
    signed = SignedCharter(charter=charter(), signatures=())
    for signer in signers:
        signed = sign(signed, signer, IDENTITY[CONTRIBUTOR.index(signer)])
    return signed


def card(number: int = 0) -> NodeCard:
    """One founder's card."""
    each = founder(number)
    return NodeCard(
        v=1,
        circle=None,
        name=each.name,
        url=each.url,
        identity_key=each.identity_key,
        request_key=each.request_key,
        contributor_key=each.contributor_key,
    )


def request(*, body: bytes = BODY, created: Timestamp = NOW) -> SignedFields:
    """A request that the first node signed."""
    return sign_request(REQUEST[0], method=METHOD, target_uri=TARGET, body=body, created=created, nonce=NONCE)


def sections() -> tuple[Section, ...]:
    """A log cut short with a proof, and one that is complete."""
    note = "hanse.example/log\n9\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— hanse.example/log Az3grlgt\n"
    return (
        Section(
            contributor=CONTRIBUTOR[0].public.key_id,
            start=3,
            entries=(b"eyJhIjoxfQ.e30.AA", b"not a statement \xff", b""),
            checkpoint=note.encode(),
            proof=(bytes(32), bytes(range(32))),
        ),
        Section(
            contributor=CONTRIBUTOR[1].public.key_id,
            start=0,
            entries=(b"eyJhIjoxfQ.e30.AB",),
            checkpoint=note.encode(),
            proof=(),
        ),
    )


Json: TypeAlias = dict[str, object]


def as_json(value: object) -> Json:
    """A wire value as JSON objects and arrays, to be changed."""
    found: object = msgspec.json.decode(msgspec.json.encode(value))
    if not isinstance(found, dict):
        raise TypeError("an object")
    return found


def in_bytes(data: bytes, **more: object) -> Json:
    """The input of a vector."""
    return {"bytes": encode_bytes(data), **more}


def wire_schema(name: str, title: str, about: str, wire_type: object) -> Callable[[], bytes]:
    """A schema file."""
    beyond = "What a schema cannot state is in docs/protocol.md and in the vectors flagged beyond-schema."
    return lambda: schema_file(name, title, f"{about} {beyond}", wire_type)
