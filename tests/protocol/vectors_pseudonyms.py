"""Vectors for pseudonyms (clause 6.2)."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from protocol.identifiers import encode_bytes, parse_circle_id
from protocol.keys import SigningKey
from protocol.pseudonyms import pseudonym
from tests.protocol.vector_file import Case, vector_file


def pseudonyms() -> bytes:
    """Two keys in two circles: four names that have nothing in common."""
    cases = []
    for circle_name in ("first circle", "second circle"):
        circle = parse_circle_id(encode_bytes(sha256(circle_name.encode()).digest()))
        for seed in (1, 2):
            contributor = SigningKey(bytes([seed]) * 32).public.key_id
            cases.append(
                Case(
                    f"key {seed} in the {circle_name}",
                    "6.2",
                    {"circle": circle, "contributor": contributor, "pseudonym": pseudonym(circle, contributor)},
                )
            )
    return vector_file("What people read instead of a contributor's name.", {}, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/pseudonyms.json": pseudonyms}
