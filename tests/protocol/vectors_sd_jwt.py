"""Vectors for held-back fields (clause 5)."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from protocol.canonical import encode
from protocol.envelope import sign
from protocol.errors import Code
from protocol.identifiers import encode_bytes
from protocol.sd_jwt import digests, presentation
from protocol.statements import encode as payload_of
from tests.protocol.samples import KEY, disclosures, every_kind, fixed_digest
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

_FLAGS: Final = {
    "unreferenced": "a relay could attach a claim that the author never signed",
    "twice": "the reader's answer would depend on which of two it takes",
    "unknown-field": "fields could travel that nobody has approved, such as a person's name",
    "overwrites-claim": "a disclosure could replace a signed claim",
    "nested": "a value could hold digests, so that what was given would have to be guessed",
    "weak-salt": "a held-back word could be guessed from its digest",
    "second-spelling": "one disclosure would have two digests",
    "inexact-value": "two implementations would read different values",
    "unbounded": "a peer could fill memory",
}
_SALT: Final = encode_bytes(bytes(range(16)))


def _digest(text: str) -> str:
    return encode_bytes(sha256(text.encode()).digest())


def _raw(data: bytes | str) -> str:
    return encode_bytes(data.encode() if isinstance(data, str) else data)


def _signed(name: str, clause: str, text: str, *flags: str, error: Code = Code.BAD_DISCLOSURE) -> Case:
    """One disclosure that a careless author did sign: its digest stands in ``_sd``."""
    sd = sorted([_digest(text), *(fixed_digest(f"other {number}") for number in range(3))])
    return Case(name, clause, {"sd": sd, "disclosures": [text], "fields": None}, error, flags)


def _array(*elements: object) -> str:
    return encode_bytes(encode(list(elements)))


def _accepted() -> Iterable[Case]:
    full = disclosures()
    sd = digests(full)
    for number in (0, 1, len(full)):
        some = full[:number]
        given = {
            "sd": sd,
            "disclosures": [one.encoded for one in some],
            "fields": {one.name: one.value for one in some},
        }
        yield Case(f"{number} disclosed", "5.4", given)
    backwards = {
        "sd": sd,
        "disclosures": [one.encoded for one in reversed(full)],
        "fields": {one.name: one.value for one in full},
    }
    yield Case("in any order", "5.4", backwards)


def _names() -> Iterable[Case]:
    for name in ("name", "nationality", "subject", "Contact", "contact ", ""):
        yield _signed(f"the name {name!r}", "5.4", _array(_SALT, name, "x"), "unknown-field")
    for name in ("_sd", "...", "_sd_alg", "exp", "id", "body"):
        yield _signed(f"the reserved name {name}", "5.4", _array(_SALT, name, "x"), "overwrites-claim")
    digest = fixed_digest("hidden")
    yield _signed("digests in the value", "5.5", _array(_SALT, "contact", {"_sd": [digest]}), "nested")
    yield _signed("an array digest in the value", "5.5", _array(_SALT, "evidence", [{"...": digest}]), "nested")
    deep: dict[str, object] = {"a": [{"b": {"_sd": []}}]}
    yield _signed("digests deep in the value", "5.5", _array(_SALT, "narrative", deep), "nested")
    yield _signed("a digest algorithm in the value", "5.5", _array(_SALT, "contact", {"_sd_alg": "md5"}), "nested")


def _forms() -> Iterable[Case]:
    for name, salt in (
        ("empty", ""),
        ("of 15 bytes", encode_bytes(bytes(15))),
        ("of 17 bytes", encode_bytes(bytes(17))),
        ("with stray bits", _SALT[:-1] + "h"),
        ("that is no base64url", "!" * 22),
        ("that is a number", 1),
    ):
        yield _signed(f"a salt {name}", "5.3", _array(salt, "contact", "x"), "weak-salt")
    yield _signed("an array element's disclosure", "5.3", _array(_SALT, "x"), "nested")
    yield _signed("four elements", "5.3", _array(_SALT, "contact", "x", "y"), "unknown-field")
    yield _signed("an object", "5.3", _raw("{}"), "unknown-field")
    yield _signed("a name that is a number", "5.3", _array(_SALT, 1, "x"), "unknown-field")
    spelled = ("second-spelling", BEYOND_SCHEMA)
    yield _signed("a space", "5.3", _raw(f'["{_SALT}", "contact","x"]'), *spelled)
    yield _signed("an escape that need not be", "5.3", _raw(rf'["{_SALT}","contact","\u0078"]'), *spelled)
    yield _signed("a member twice", "5.3", _raw(f'["{_SALT}","contact",{{"a":1,"a":1}}]'), *spelled)
    good = _array(_SALT, "contact", "x")
    padded = good + "=" * (-len(good) % 4 or 4)
    yield _signed("padding", "5.3", padded, *spelled)
    yield _signed("a line feed", "5.3", good + "\n", *spelled)
    yield _signed("no base64url", "5.3", "*" * 40, *spelled)
    yield _signed("empty", "5.3", "", *spelled)
    yield _signed("beyond ASCII", "5.3", good + "\u00e9", *spelled)
    yield _signed("a byte order mark", "5.3", _raw("\ufeff" + f'["{_SALT}","contact","x"]'), *spelled)
    yield _signed("a fraction", "5.3", _raw(f'["{_SALT}","contact",1.5]'), "inexact-value")
    yield _signed("an integer too large", "5.3", _raw(f'["{_SALT}","contact",{2**53}]'), "inexact-value")
    bomb = "[" * 4_000
    yield _signed("thousands of levels", "5.3", _raw(f'["{_SALT}","contact",{bomb}'), "unbounded", BEYOND_SCHEMA)
    levels = "[" * 8 + "]" * 8
    yield _signed("one level too deep", "5.3", _raw(f'["{_SALT}","contact",{levels}]'), "unbounded", BEYOND_SCHEMA)


def _sets() -> Iterable[Case]:
    full = disclosures()
    sd = digests(full)
    contact = next(one for one in full if one.name == "contact").encoded
    other = _array(_SALT, "contact", "somebody@example.org")
    beyond = (BEYOND_SCHEMA,)
    for name, given_sd, given, flag in (
        ("another value for a name", sd, [other], "unreferenced"),
        ("one good, one unreferenced", sd, [contact, other], "unreferenced"),
        ("of another statement", sd, [disclosures("relation")[0].encoded], "unreferenced"),
        ("one disclosure twice", sd, [contact, contact], "twice"),
        ("two disclosures of one name", sorted([_digest(contact), _digest(other)]), [contact, other], "twice"),
    ):
        yield Case(
            name,
            "5.4",
            {"sd": given_sd, "disclosures": given, "fields": None},
            Code.BAD_DISCLOSURE,
            (flag, *beyond),
        )


def sd_jwt() -> bytes:
    """Digests and disclosures."""
    return vector_file(
        "The _sd of a statement, disclosures as received, and the fields that they prove.",
        _FLAGS,
        [*_accepted(), *_names(), *_forms(), *_sets()],
        schema="v1/disclosure.schema.json",
    )


def presentations() -> bytes:
    """What an SD-JWT library reads."""
    jws = sign(payload_of(every_kind()["finding"]), KEY)
    one, two = (disclosure.encoded for disclosure in disclosures()[:2])
    text = jws.decode()
    cases = [
        Case("no disclosure", "5.6", {"presentation": presentation(jws, []).decode(), "jws": text, "disclosures": []}),
        Case(
            "two disclosures",
            "5.6",
            {"presentation": presentation(jws, [one, two]).decode(), "jws": text, "disclosures": [one, two]},
        ),
    ]
    for name, given, flag in (
        ("without tildes", text, "second-spelling"),
        ("without the last tilde", f"{text}~{one}", "key-binding"),
        ("with a key binding token", f"{text}~{one}~{text}", "key-binding"),
        ("with five disclosures", f"{text}~{f'{one}~' * 5}", "unbounded"),
        ("beyond ASCII", f"{text}~\u00e9~", "second-spelling"),
    ):
        cases.append(Case(name, "5.6", {"presentation": given}, Code.BAD_DISCLOSURE, (flag,)))
    flags = {
        "second-spelling": "one presentation would have two encodings",
        "key-binding": "a token that nobody checks would look as if it had been checked",
        "unbounded": "a peer could fill memory",
    }
    return vector_file("A statement with disclosures as one text (RFC 9901 section 4).", flags, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "vectors/sd_jwt.json": sd_jwt,
    "vectors/presentations.json": presentations,
}
