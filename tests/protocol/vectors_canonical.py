"""Vectors for the one encoding (clauses 1.1 to 1.7) and for identifiers (clause 2)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from protocol.canonical import MAX_DEPTH
from protocol.errors import Code
from protocol.identifiers import encode_bytes
from tests.protocol.samples import COMPANY, OTHER_ORGANISATION, circle_scoped, fixed_digest, fixed_id
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

_FLAGS: Final = {
    "second-spelling": "one value would have two encodings, so a digest or signature would not name it",
    "not-json": "implementations would differ in what they read, or crash",
    "inexact-number": "two implementations would compute with different numbers",
    "recursion": "a peer could exhaust the stack of the reader",
}


def _case(name: str, clause: str, data: str | bytes, error: Code | None = None, flag: str = "") -> Case:
    raw = data.encode() if isinstance(data, str) else data
    flags = (flag, BEYOND_SCHEMA) if flag else ()
    return Case(name, clause, {"bytes": encode_bytes(raw)}, error, flags)


def _accepted() -> Iterable[Case]:
    yield _case("an empty object", "1.1", "{}")
    yield _case("sorted members", "1.2", '{"A":1,"_":2,"a":3}')
    yield _case("nothing between the tokens", "1.2", '[true,false,null,"",[]]')
    yield _case("the largest integer", "1.3", "9007199254740991")
    yield _case("the smallest integer", "1.3", "-9007199254740991")
    yield _case("escapes that must be", "1.5", r'"\"\\\b\f\n\r\t\u0000\u001f"')
    yield _case("characters that must not be escaped", "1.5", '"/\x7f\u2028\u20ac\U0001f600"')
    yield _case("the deepest value", "1.7", "[" * MAX_DEPTH + "]" * MAX_DEPTH)


def _refused() -> Iterable[Case]:
    spelled, bad = "second-spelling", "not-json"
    yield _case("unsorted members", "1.2", '{"b":1,"a":2}', Code.NON_CANONICAL, spelled)
    yield _case("a space", "1.2", '{"a": 1}', Code.NON_CANONICAL, spelled)
    yield _case("a final line feed", "1.2", "{}\n", Code.NON_CANONICAL, spelled)
    yield _case("a member twice", "1.4", '{"a":1,"a":1}', Code.NON_CANONICAL, spelled)
    yield _case("a member twice, once escaped", "1.4", r'{"a":1,"\u0061":1}', Code.NON_CANONICAL, spelled)
    yield _case("a name beyond ASCII", "1.4", '{"\u00e9":1}', Code.MALFORMED, spelled)
    yield _case("a name with a control character", "1.4", r'{"\n":1}', Code.MALFORMED, spelled)
    yield _case("an escape that need not be", "1.5", r'"\u0061"', Code.NON_CANONICAL, spelled)
    yield _case("an escaped solidus", "1.5", r'"\/"', Code.NON_CANONICAL, spelled)
    yield _case("an escape in capitals", "1.5", r'"\u001F"', Code.NON_CANONICAL, spelled)
    yield _case("an escaped surrogate pair", "1.5", r'"\ud83d\ude00"', Code.NON_CANONICAL, spelled)
    yield _case("minus zero", "1.3", "-0", Code.NON_CANONICAL, spelled)
    yield _case("a fraction of nothing", "1.3", "1.0", Code.MALFORMED, "inexact-number")
    yield _case("an exponent", "1.3", "1e2", Code.MALFORMED, "inexact-number")
    yield _case("an integer too large", "1.3", "9007199254740992", Code.MALFORMED, "inexact-number")
    yield _case("an integer too small", "1.3", "-9007199254740992", Code.MALFORMED, "inexact-number")
    yield _case("an integer of 400 digits", "1.3", "9" * 400, Code.MALFORMED, "inexact-number")
    yield _case("an infinite number", "1.3", "1e400", Code.MALFORMED, "inexact-number")
    yield _case("NaN", "1.1", "NaN", Code.MALFORMED, bad)
    yield _case("nothing", "1.1", "", Code.MALFORMED, bad)
    yield _case("a byte order mark", "1.1", b"\xef\xbb\xbf{}", Code.MALFORMED, bad)
    yield _case("two values", "1.1", "{}{}", Code.MALFORMED, bad)
    yield _case("a comma too many", "1.1", "[1,]", Code.MALFORMED, bad)
    yield _case("a comment", "1.1", "[/**/]", Code.MALFORMED, bad)
    yield _case("a raw control character", "1.1", b'"\n"', Code.MALFORMED, bad)
    yield _case("a lone surrogate, escaped", "1.5", r'"\ud800"', Code.MALFORMED, bad)
    yield _case("a lone surrogate in bytes", "1.1", b'"\xed\xa0\x80"', Code.MALFORMED, bad)
    yield _case("an overlong UTF-8 sequence", "1.1", b'"\xc0\xaf"', Code.MALFORMED, bad)
    yield _case("UTF-16", "1.1", "{}".encode("utf-16"), Code.MALFORMED, bad)
    deep = MAX_DEPTH + 1
    yield _case("one level too deep", "1.7", "[" * deep + "]" * deep, Code.MALFORMED, "recursion")
    yield _case("thousands of levels", "1.7", "[" * 4_000, Code.MALFORMED, "recursion")


def canonical() -> bytes:
    """Free values."""
    about = "Free values in canonical encoding; bytes is base64url of the input."
    return vector_file(about, _FLAGS, [*_accepted(), *_refused()])


def _lines(about: str, values: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in (f"# {about}", *values)).encode()


def _binary_valid(length: int) -> list[str]:
    return [encode_bytes(bytes(length)), encode_bytes(b"\xff" * length), encode_bytes(bytes(range(length)))]


def _binary_invalid(length: int) -> list[str]:
    good = encode_bytes(bytes(range(length)))
    stray = good[:-1] + chr(ord(good[-1]) + 1)
    return ["", good[:-1], good + "A", good + "=", good + " ", " " + good, stray, "+" + good[1:], "/" + good[1:]]


def _identifier_files() -> dict[str, Callable[[], bytes]]:
    one = "One per line; lines that begin with # are comments."
    refused = f"{one} Each is refused with bad-identifier; accepting it would give one thing two names."
    valid: dict[str, list[str]] = {
        "statement_id": [*_binary_valid(16), fixed_id("finding")],
        "digest": [*_binary_valid(32), fixed_digest("source")],
        "code": ["a", "whole", "gov-opaque-control", "m-low-trl-only", "q01", "a-1", "x" * 64],
        "subject_id": [
            OTHER_ORGANISATION.id,
            "ror:02fxhgq54",
            COMPANY.id,
            circle_scoped("a unit"),
        ],
    }
    invalid: dict[str, list[str]] = {
        "statement_id": [*_binary_invalid(16), encode_bytes(bytes(32))],
        "digest": [*_binary_invalid(32), encode_bytes(bytes(16))],
        "code": ["", "A", "1a", "-a", "a-", "a--b", "a_b", "a b", "a.b", "caf\u00e9", "x" * 65],
        "subject_id": [
            "",
            "02fxhgq54",
            "ror:02fxhgq55",
            "ror:02fxhgq45",
            "ror:12fxhgq54",
            "ror:02FXHGQ54",
            "ror:02fxhgi54",
            "ROR:02fxhgq54",
            "https://ror.org/02fxhgq54",
            "lei:00000HANSEDEMO000016",
            "lei:00000hansedemo000061",
            "lei:00000HANSEDEMO00061",
            "circle:",
            circle_scoped("a unit") + "A",
            "orcid:0000-0000-0000-0000",
            "grid:grid.0000.0",
        ],
    }
    files: dict[str, Callable[[], bytes]] = {}
    for kind, about, values in (("valid", one, valid), ("invalid", refused, invalid)):
        for name, lines in values.items():
            files[f"vectors/identifiers/{name}_{kind}.txt"] = partial(_lines, about, lines)
    return files


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/canonical.json": canonical, **_identifier_files()}
