"""Vectors and schemas of charters (clause 6) and of node cards (clause 9.10)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from protocol import envelope
from protocol.canonical import encode
from protocol.circles import (
    Charter,
    SignedCharter,
    circle_id,
    encode_charter,
    encode_signed_charter,
)
from protocol.errors import Code
from protocol.identifiers import encode_bytes
from protocol.keys import SigningKey
from protocol.limits import MAX_ENTRY_BYTES
from protocol.messages.card import CARD_TYPE, CardPayload, fingerprint, sign_card
from tests.protocol.fed_samples import (
    CONTRIBUTOR,
    IDENTITY,
    REQUEST,
    STRANGER,
    Json,
    as_json,
    card,
    charter,
    in_bytes,
    signed_charter,
    wire_schema,
)
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

_SMALL_ORDER: Final = encode_bytes(bytes([1]) + bytes(31))


# Circles

_CHARTER_FLAGS: Final = {
    "second-spelling": "one charter would have two identifiers, and its members would be in two circles",
    "shared-key": "one key would act in two roles or for two institutions, and could be given two voices",
    "shared-address": "what is meant for one institution would be sent to another",
    "lost-bound": "a circle could be founded whose rules protect nobody or can never be met",
    "unknown-terms": "members would have agreed to terms that their software does not know",
    "not-agreed": "an institution would be a member of a circle that it has not agreed to",
}


def _founders(changed: Mapping[str, object], *, at: int = 0) -> Json:
    terms = as_json(charter())
    founders = terms["founders"]
    if not isinstance(founders, list):
        raise TypeError("founders")
    return terms | {"founders": [each | changed if place == at else each for place, each in enumerate(founders)]}


def _refused(name: str, clause: str, value: object, error: Code, flag: str, *, schema: bool = False) -> Case:
    data = value if isinstance(value, bytes) else encode(value)
    return Case(name, clause, in_bytes(data), error, (flag,) if schema else (flag, BEYOND_SCHEMA))


def _charter_cases() -> Iterable[Case]:
    good = charter()
    terms = as_json(good)
    founders = list(good.founders)
    yield Case("three founders", "6.3", in_bytes(encode_charter(good), circle=circle_id(encode_charter(good))))
    lone = encode(terms | {"founders": founders[:1], "endorsement_quorum": 1, "removal_quorum": 1})
    yield Case("one founder", "6.3", in_bytes(lone, circle=circle_id(lone)))
    other = encode(terms | {"nonce": "A" * 22})
    yield Case("the same terms, another nonce", "6.6", in_bytes(other, circle=circle_id(other)))
    local = encode(_founders({"url": "http://127.0.0.1:8001/hanse"}))
    yield Case("an address with port and path", "6.4", in_bytes(local, circle=circle_id(local)))
    highest = encode(_founders({"url": f"https://1.{'a' * 63}.xn--p1ai:65535"}))
    yield Case("an address with a long label and the highest port", "6.4", in_bytes(highest, circle=circle_id(highest)))

    yield from _refused_founders(good)
    yield from _refused_terms(terms)


def _refused_founders(good: Charter) -> Iterable[Case]:
    terms, founders = as_json(good), list(good.founders)
    spelled, key = "second-spelling", "shared-key"
    yield _refused(
        "founders in another order", "6.5", terms | {"founders": founders[::-1]}, Code.NON_CANONICAL, spelled
    )
    twice = terms | {"founders": [founders[0], *founders]}
    yield _refused("a founder twice", "6.5", twice, Code.NON_CANONICAL, spelled)
    yield _refused("a space", "1.2", encode_charter(good) + b" ", Code.NON_CANONICAL, spelled)
    for name, url in (
        ("a final slash", "https://a.example/"),
        ("upper case in the host", "https://A.example"),
        ("a user", "https://user@a.example"),
        ("a query", "https://a.example?x"),
        ("another scheme", "ftp://a.example"),
        ("a parent folder", "https://a.example/.."),
        ("a line feed", "https://a.example\n"),
        ("an IPv4 address that is none", "https://999.1.1.1"),
        ("a short IPv4 address", "https://127.1"),
        ("an IPv4 address in hexadecimal", "https://0x7f.0.0.1"),
        ("an IPv4 address with a leading zero", "https://127.0.0.01"),
        ("an empty label", "https://a..example"),
        ("a label that ends with a hyphen", "https://a-.example"),
        ("a label that is too long", f"https://{'a' * 64}.example"),
        ("a port above 65535", "https://a.example:65536"),
    ):
        yield _refused(
            f"an address with {name}", "6.4", _founders({"url": url}), Code.MALFORMED, "shared-address", schema=True
        )
    same = _founders({"url": founders[1].url})
    yield _refused("two founders at one address", "6.5", same, Code.BAD_CHARTER, "shared-address")
    same = _founders({"request_key": founders[0].identity_key})
    yield _refused("one key in two roles", "6.5", same, Code.BAD_CHARTER, key)
    same = _founders({"identity_key": founders[1].identity_key})
    yield _refused("one key for two founders", "6.5", same, Code.BAD_CHARTER, key)
    same = _founders({"request_key": _SMALL_ORDER})
    yield _refused("a key of small order", "2.5", same, Code.BAD_KEY, key)


def _refused_terms(terms: Json) -> Iterable[Case]:
    bound = "lost-bound"
    for name in ("endorsement_quorum", "removal_quorum"):
        yield _refused(f"{name} above the founders", "6.5", terms | {name: 4}, Code.BAD_CHARTER, bound)
        yield _refused(f"{name} of none", "6.3", terms | {name: 0}, Code.MALFORMED, bound, schema=True)
    for name, value in (
        ("founders", []),
        ("small_number_threshold", 1),
        ("retention_days", 3_654),
        ("retention_days", 0),
        ("quota_entries_per_day", 0),
        ("quota_bytes_per_day", MAX_ENTRY_BYTES - 1),
        ("name", ""),
        ("name", "North\u202eSea"),
        ("purpose", "x" * 2_001),
        ("nonce", "A" * 21 + "B"),
    ):
        size = len(value) if isinstance(value, str | list) else value
        given = terms | {name: value}
        yield _refused(f"{name} out of bounds: {size}", "6.3", given, Code.MALFORMED, bound, schema=True)
    unknown = "unknown-terms"
    yield _refused("another version", "6.3", terms | {"v": 2}, Code.MALFORMED, unknown, schema=True)
    yield _refused("an unknown member", "1.4", terms | {"fee": 1}, Code.MALFORMED, unknown, schema=True)
    yield _refused("another attribution", "6.3", terms | {"attribution": "none"}, Code.MALFORMED, unknown, schema=True)
    yield _refused("a number for a truth", "6.3", terms | {"person_tokens": 0}, Code.MALFORMED, unknown, schema=True)
    missing = {name: value for name, value in terms.items() if name != "legal_basis"}
    yield _refused("no legal basis", "6.3", missing, Code.MALFORMED, unknown, schema=True)


def charters() -> bytes:
    """Charters by their form."""
    flags = {flag: words for flag, words in _CHARTER_FLAGS.items() if flag != "not-agreed"}
    return vector_file("Charters; bytes is base64url of the charter.", flags, list(_charter_cases()))


def _signed_cases() -> Iterable[Case]:
    complete = signed_charter(*CONTRIBUTOR)
    data = encode_signed_charter(complete)
    yield Case("all founders have signed", "6.8", in_bytes(data, circle=circle_id(encode_charter(charter()))))
    terms = as_json(complete)
    signatures = [as_json(signature) for signature in complete.signatures]
    flags = ("not-agreed", BEYOND_SCHEMA)

    def _refused(name: str, clause: str, changed: list[Json], error: Code, *, schema: bool = False) -> Case:
        return Case(
            name, clause, in_bytes(encode(terms | {"signatures": changed})), error, flags[:1] if schema else flags
        )

    yield _refused("one has not", "6.8", signatures[:2], Code.BAD_CHARTER)
    yield _refused("none has", "6.8", [], Code.BAD_CHARTER)
    swapped: list[Json] = [signatures[0] | {"signature": signatures[1]["signature"]}, *signatures[1:]]
    yield _refused("another founder's signature", "6.7", swapped, Code.BAD_SIGNATURE)
    bare = encode_bytes(CONTRIBUTOR[0].sign(encode_charter(charter())))
    contextless = [
        each | {"signature": bare} if each["key_id"] == CONTRIBUTOR[0].public.key_id else each for each in signatures
    ]
    yield _refused("a signature without the context", "6.7", contextless, Code.BAD_SIGNATURE)
    unasked: list[Json] = [
        signatures[0]
        | {"identity_signature": encode_bytes(STRANGER.sign(b"hanse/v1/charter\n" + encode_charter(charter())))},
        *signatures[1:],
    ]
    yield _refused("an institution that was not asked", "6.7", unasked, Code.BAD_SIGNATURE)
    stranger: Json = {"identity_signature": bare, "key_id": STRANGER.public.key_id, "signature": bare}
    with_stranger = sorted([*signatures, stranger], key=lambda each: str(each["key_id"]))
    yield _refused("a stranger's signature", "6.7", with_stranger, Code.NOT_A_MEMBER)
    yield _refused("signatures in another order", "6.7", signatures[::-1], Code.NON_CANONICAL)
    yield _refused("a signature twice", "6.7", [signatures[0], *signatures], Code.NON_CANONICAL)
    short = [signatures[0] | {"signature": "AA"}, *signatures[1:]]
    yield _refused("a signature that is too short", "6.7", short, Code.MALFORMED, schema=True)


def signed_charters() -> bytes:
    """Charters that are or are not in force."""
    flags = {"not-agreed": _CHARTER_FLAGS["not-agreed"]}
    about = "Signed charters; accepted ones are in force. bytes is base64url of the signed charter."
    return vector_file(about, flags, list(_signed_cases()))


# Cards


def _card_jws(payload: Json, key: SigningKey, typ: str = CARD_TYPE) -> Json:
    return {"jws": envelope.sign(encode(payload), key, typ=typ).decode("ascii")}


def _card_cases() -> Iterable[Case]:
    good = sign_card(card(), identity=IDENTITY[0], request=REQUEST[0], contributor=CONTRIBUTOR[0])
    payload = as_json(msgspec.json.decode(envelope.parse(good, typ=CARD_TYPE).payload))
    read = fingerprint(IDENTITY[0].public)
    yield Case("a node's card", "9.10", {"jws": good.decode("ascii"), "fingerprint": read})
    proof = ("no-proof", BEYOND_SCHEMA)
    stolen = {name: encode_bytes(STRANGER.sign(b"")) for name in ("request_signature", "contributor_signature")}
    for name, value in stolen.items():
        given = _card_jws(payload | {name: value}, IDENTITY[0])
        yield Case(f"a {name} by another key", "9.10", given, Code.BAD_SIGNATURE, proof)
    yield Case("signed by another key", "9.10", _card_jws(payload, STRANGER), Code.WRONG_KEY, proof)
    as_statement = _card_jws(payload, IDENTITY[0], envelope.STATEMENT_TYPE)
    yield Case("of another type", "9.10", as_statement, Code.BAD_HEADER, proof)
    terms = as_json(card())
    one_key = _card_jws(payload | {"card": terms | {"request_key": terms["identity_key"]}}, IDENTITY[0])
    yield Case("one key in two roles", "9.10", one_key, Code.INCONSISTENT, proof)
    later = _card_jws(payload | {"card": terms | {"v": 2}}, IDENTITY[0])
    yield Case("another version", "9.10", later, Code.MALFORMED, proof[:1])


def cards() -> bytes:
    """Node cards."""
    flags = {"no-proof": "a node could put another's key on its card, and be taken for the author of its log"}
    return vector_file(
        "Node cards as compact JWS, each with its identity key's fingerprint.", flags, list(_card_cases())
    )


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/charter.schema.json": wire_schema("charter", "Charter", "The terms of a circle (clause 6.3).", Charter),
    "v1/signed-charter.schema.json": wire_schema(
        "signed-charter", "Signed charter", "A charter with its founders' signatures (clause 6.7).", SignedCharter
    ),
    "v1/card.schema.json": wire_schema("card", "Node card", "The payload of a card's JWS (clause 9.10).", CardPayload),
    "vectors/charter.json": charters,
    "vectors/signed_charter.json": signed_charters,
    "vectors/card.json": cards,
}
