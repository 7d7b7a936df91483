"""Vectors for the envelope and its keys (clauses 2.5 and 3)."""

from collections.abc import Callable, Iterable
from typing import Final

from protocol.canonical import encode
from protocol.envelope import sign
from protocol.errors import Code
from protocol.identifiers import decode_bytes, encode_bytes
from protocol.keys import SigningKey
from protocol.limits import MAX_ENTRY_BYTES
from protocol.statements import encode as payload_of
from tests.protocol.samples import KEY, OTHER_KEY, every_kind
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

_FLAGS: Final = {
    "algorithm-choice": "the sender would choose how it is verified, down to not at all",
    "header-extension": "a header could ask the reader to fetch keys, or to read the payload otherwise",
    "second-spelling": "one statement would have two encodings, so two leaves, and could be published twice",
    "token-confusion": "a JWT signed for another purpose would pass as a statement",
    "forgery": "anybody could write in the contributor's name",
    "malleable": "anybody could make a second valid signature from a first, and so a second leaf",
    "weak-key": "signatures would verify that the holder of the key never made",
    "unbounded": "a peer could fill memory",
}
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""L of RFC 8032 section 5.1."""
_PAYLOAD: Final = payload_of(every_kind()["retraction"])
_HEADER: Final = {"alg": "Ed25519", "kid": KEY.public.key_id, "typ": "hanse+jwt"}


def _jws(header: bytes, key: SigningKey = KEY) -> str:
    """Truly signed, whatever the header says."""
    signing_input = f"{encode_bytes(header)}.{encode_bytes(_PAYLOAD)}"
    return f"{signing_input}.{encode_bytes(key.sign(signing_input.encode()))}"


def _case(clause: str, name: str, jws: str, error: Code | None, *flags: str, key: str = "") -> Case:
    return Case(name, clause, {"jws": jws, "key": key or KEY.public.encode()}, error, flags)


def _header(name: str, error: Code, flag: str, **changes: object) -> Case:
    members = {member: value for member, value in (_HEADER | changes).items() if value is not None}
    return _case("3.2", name, _jws(encode(members)), error, flag)


def _headers() -> Iterable[Case]:
    for alg in ("EdDSA", "ed25519", "none", "HS256", "Ed448", ""):
        yield _header(f"alg {alg or 'empty'}", Code.BAD_HEADER, "algorithm-choice", alg=alg)
    yield _header("no alg", Code.BAD_HEADER, "algorithm-choice", alg=None)
    for typ in ("JWT", "hanse-card+jwt", "hanse+JWT", "application/hanse+jwt", None):
        yield _header(f"typ {typ or 'absent'}", Code.BAD_HEADER, "token-confusion", typ=typ)
    yield _header("no kid", Code.BAD_HEADER, "forgery", kid=None)
    yield _header("a kid that is a URL", Code.BAD_IDENTIFIER, "header-extension", kid="https://example.org/key")
    for member, value in (("crit", ["exp"]), ("b64", False), ("jwk", {}), ("jku", ""), ("x5u", ""), ("cty", "")):
        yield _header(f"a member {member}", Code.BAD_HEADER, "header-extension", **{member: value})
    spelled = ("second-spelling", BEYOND_SCHEMA)
    good = encode(_HEADER)
    yield _case("3.3", "a space in the header", _jws(good.replace(b",", b", ", 1)), Code.BAD_HEADER, *spelled)
    yield _case("3.3", "header members unsorted", _jws(_unsorted()), Code.BAD_HEADER, *spelled)
    yield _case("3.3", "alg twice", _jws(good.replace(b"{", b'{"alg":"Ed25519",')), Code.BAD_HEADER, *spelled)
    yield _case("3.3", "alg twice, first none", _jws(good.replace(b"{", b'{"alg":"none",')), Code.BAD_HEADER, *spelled)
    yield _case("3.3", "a header that is no object", _jws(b"[]"), Code.BAD_HEADER, "header-extension")
    yield _case("3.3", "a header that is no JSON", _jws(b"{"), Code.BAD_HEADER, "second-spelling", BEYOND_SCHEMA)


def _unsorted() -> bytes:
    return f'{{"typ":"hanse+jwt","alg":"Ed25519","kid":"{KEY.public.key_id}"}}'.encode()


def _spellings(good: str) -> Iterable[Case]:
    header, payload, signature = good.split(".")
    stray = signature[:-1] + chr(ord(signature[-1]) + 1)
    for name, jws, error in (
        ("padding after the signature", f"{good}==", Code.NON_CANONICAL),
        ("padding after the header", f"{header}=.{payload}.{signature}", Code.NON_CANONICAL),
        ("stray bits in the signature", f"{header}.{payload}.{stray}", Code.NON_CANONICAL),
        ("a final line feed", f"{good}\n", Code.MALFORMED),
        ("a first space", f" {good}", Code.MALFORMED),
        ("two parts", f"{header}.{payload}", Code.MALFORMED),
        ("four parts", f"{good}.", Code.MALFORMED),
        ("nothing", "", Code.MALFORMED),
        ("a character beyond ASCII", f"{header}.{payload}\u00e9.{signature}", Code.MALFORMED),
        ("a comma in the payload", f"{header}.{payload},.{signature}", Code.MALFORMED),
    ):
        yield _case("3.1", name, jws, error, "second-spelling", BEYOND_SCHEMA)
    too_large = f"{header}.{'A' * MAX_ENTRY_BYTES}.{signature}"
    yield _case("3.5", "larger than any entry", too_large, Code.TOO_LARGE, "unbounded", BEYOND_SCHEMA)


def _signatures(good: str) -> Iterable[Case]:
    header, payload, signature = good.split(".")
    raw = decode_bytes(signature)
    scalar = int.from_bytes(raw[32:], "little")
    forged = ("forgery", BEYOND_SCHEMA)
    head = f"{header}.{payload}"
    for name, data in (("one byte too short", raw[:-1]), ("one byte too long", raw + b"\0"), ("empty", b"")):
        yield _case("3.4", f"a signature {name}", f"{head}.{encode_bytes(data)}", Code.MALFORMED, *forged)
    flipped = encode_bytes(bytes([raw[0] ^ 1]) + raw[1:])
    yield _case("3.4", "a signature with one bit flipped", f"{head}.{flipped}", Code.BAD_SIGNATURE, *forged)
    yield _case("3.4", "a signature of zeros", f"{head}.{encode_bytes(bytes(64))}", Code.BAD_SIGNATURE, *forged)
    other = encode_bytes(payload_of(every_kind()["finding"]))
    yield _case("3.4", "another payload", f"{header}.{other}.{signature}", Code.BAD_SIGNATURE, *forged)
    made_by_other = _jws(encode(_HEADER), OTHER_KEY)
    yield _case("3.4", "signed by another key under this kid", made_by_other, Code.BAD_SIGNATURE, *forged)
    yield _case("3.4", "signed by another member", sign(_PAYLOAD, OTHER_KEY).decode(), Code.WRONG_KEY, *forged)
    shifted = encode_bytes(raw[:32] + (scalar + _ORDER).to_bytes(32, "little"))
    yield _case(
        "3.4", "a scalar that is not reduced", f"{head}.{shifted}", Code.BAD_SIGNATURE, "malleable", BEYOND_SCHEMA
    )


def _keys(good: str) -> Iterable[Case]:
    weak = ("weak-key", BEYOND_SCHEMA)
    order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    for name, raw in (
        ("the neutral element", b"\x01" + bytes(31)),
        ("a point of order 4", bytes(32)),
        ("a point of order 8", bytes.fromhex(order_8)),
        ("the neutral element, not reduced", b"\xee" + b"\xff" * 30 + b"\x7f"),
        ("a y that is not reduced", b"\xf0" + b"\xff" * 30 + b"\x7f"),
        ("31 bytes", bytes(range(31))),
        ("33 bytes", bytes(range(33))),
    ):
        yield _case("2.5", f"a key that is {name}", good, Code.BAD_KEY, *weak, key=encode_bytes(raw))


def envelope() -> bytes:
    """Compact JWS."""
    good = sign(_PAYLOAD, KEY).decode()
    return vector_file(
        "Compact JWS of statements, to be verified by the key, the x of RFC 8037; "
        "beyond-schema here means that the header, where it can be decoded, fits v1/header.schema.json.",
        _FLAGS,
        [
            *(_case("3.1", f"a {kind}", sign(payload_of(it), KEY).decode(), None) for kind, it in every_kind().items()),
            *_headers(),
            *_spellings(good),
            *_signatures(good),
            *_keys(good),
        ],
        schema="v1/header.schema.json",
    )


def keys() -> bytes:
    """Seeds, public keys and thumbprints."""
    cases = [
        Case(
            f"seed {name}",
            "2.5",
            {"seed": encode_bytes(seed), "x": SigningKey(seed).public.encode(), "kid": SigningKey(seed).public.key_id},
        )
        for name, seed in (
            ("of RFC 8037 appendix A", decode_bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
            ("of sevens", bytes([7]) * 32),
        )
    ]
    return vector_file("Ed25519 keys and their RFC 7638 thumbprints.", {}, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/envelope.json": envelope, "vectors/keys.json": keys}
