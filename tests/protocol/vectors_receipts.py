"""Vectors and schema of receipts for what was applied of a log (clause 8.16)."""

from collections.abc import Callable
from typing import Final

from protocol.canonical import encode
from protocol.errors import Code
from protocol.messages.receipt import MAX_RECEIPT_BODY_BYTES, LogReceipt
from tests.protocol.fed_samples import CONTRIBUTOR, in_bytes, wire_schema
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

CLAUSE: Final = "8.16"


def receipts() -> bytes:
    """Accepted and refused receipts."""
    flags = {
        "second-spelling": "a digest over the receipt would not name it",
        "unknown-word": "an author would believe applied what nobody has said is applied",
        "lost-bound": "a member could have any number of bytes kept",
    }
    good = {"log": CONTRIBUTOR[0].public.key_id, "size": 4}
    refused = {
        "of nothing": good | {"size": 0},
        "beyond every log": good | {"size": 2**40 + 1},
        "no size": {"log": good["log"]},
        "no log": {"size": 4},
        "a log that is none": good | {"log": "log"},
        "a further member": good | {"at": 1},
        "a size in words": good | {"size": "4"},
    }
    cases = [
        Case("a receipt", CLAUSE, in_bytes(encode(good))),
        Case("for the largest log", CLAUSE, in_bytes(encode(good | {"size": 2**40}))),
        Case(
            "a space",
            CLAUSE,
            in_bytes(encode(good).replace(b",", b", ")),
            Code.NON_CANONICAL,
            ("second-spelling", BEYOND_SCHEMA),
        ),
        *(Case(name, CLAUSE, in_bytes(encode(v)), Code.MALFORMED, ("unknown-word",)) for name, v in refused.items()),
        Case(
            "too long",
            CLAUSE,
            in_bytes(encode(good) + b" " * MAX_RECEIPT_BODY_BYTES),
            Code.TOO_LARGE,
            ("lost-bound", BEYOND_SCHEMA),
        ),
    ]
    return vector_file("Receipts, as bodies of letters; bytes is base64url.", flags, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/log-receipt.schema.json": wire_schema(
        "log-receipt", "Log receipt", "What a member has applied of a log (clause 8.16).", LogReceipt
    ),
    "vectors/log_receipts.json": receipts,
}
