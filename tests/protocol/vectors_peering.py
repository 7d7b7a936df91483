"""Vectors and schema of what two nodes say of having confirmed each other (clause 9.17)."""

from collections.abc import Callable
from typing import Final

from protocol.canonical import encode
from protocol.errors import Code
from protocol.messages.peering import MAX_PEERING_BYTES, Peering
from tests.protocol.fed_samples import IDENTITY, in_bytes, wire_schema
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

CLAUSE: Final = "9.17"


def messages() -> bytes:
    """Accepted and refused messages."""
    key = IDENTITY[0].public.key_id
    flags = {
        "second-spelling": "a digest over the message would not name it",
        "unknown-word": "a node would take a word for one that it knows",
        "lost-bound": "a stranger could have any number of bytes read",
    }
    good = {"confirmed": True, "identity": key, "v": 1}
    spaced = encode(good).replace(b",", b", ")
    cases = [
        Case("confirmed", CLAUSE, in_bytes(encode(good))),
        Case("not confirmed", CLAUSE, in_bytes(encode(good | {"confirmed": False}))),
        Case("a space", CLAUSE, in_bytes(spaced), Code.NON_CANONICAL, ("second-spelling", BEYOND_SCHEMA)),
        Case("another version", CLAUSE, in_bytes(encode(good | {"v": 2})), Code.MALFORMED, ("unknown-word",)),
        Case("a further member", CLAUSE, in_bytes(encode(good | {"x": 1})), Code.MALFORMED, ("unknown-word",)),
        Case(
            "a number for a word", CLAUSE, in_bytes(encode(good | {"confirmed": 1})), Code.MALFORMED, ("unknown-word",)
        ),
        Case("no key", CLAUSE, in_bytes(encode(good | {"identity": "x"})), Code.MALFORMED, ("unknown-word",)),
        Case(
            "too long",
            CLAUSE,
            in_bytes(encode(good) + b" " * MAX_PEERING_BYTES),
            Code.TOO_LARGE,
            ("lost-bound", BEYOND_SCHEMA),
        ),
    ]
    return vector_file("Messages about a confirmed identity key.", flags, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/peering.schema.json": wire_schema("peering", "Peering", "A word about a confirmed key (clause 9.17).", Peering),
    "vectors/peering.json": messages,
}
