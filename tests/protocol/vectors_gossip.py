"""Vectors and schemas of pings, sizes and receipts (clauses 9.13 and 9.14)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from protocol.canonical import encode
from protocol.errors import Code
from protocol.identifiers import Digest, encode_bytes
from protocol.limits import MAX_PING_LOGS, MAX_STREAM_ENTRIES
from protocol.messages.gossip import Ping, PushReceipt, SizesAnswer, SizesRequest, sizes_state
from tests.protocol.fed_samples import CONTRIBUTOR, in_bytes, wire_schema
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

LOGS: Final = sorted(key.public.key_id for key in CONTRIBUTOR)
SIZES: Final = {LOGS[0]: 7, LOGS[1]: 0, LOGS[2]: 2**40}
_FLAGS: Final = {
    "unbounded": "a hint could fill memory or pages",
    "second-reading": "two nodes would act differently on the same bytes",
}


def _case(name: str, kind: str, members: Mapping[str, object], error: Code | None = None, *flags: str) -> Case:
    clause = "9.13" if kind == "ping" else "9.14"
    return Case(name, clause, {"message": kind, **in_bytes(encode(members))}, error, flags)


def _cases() -> Iterable[Case]:
    state = sizes_state(SIZES)
    yield _case("a ping", "ping", {"v": 1, "sizes": SIZES})
    yield _case("a ping about nothing", "ping", {"v": 1, "sizes": {}})
    yield _case("a question about sizes", "sizes-request", {"v": 1, "state": state})
    yield _case("the same", "sizes-answer", {"v": 1, "same": True, "sizes": {}})
    yield _case("sizes", "sizes-answer", {"v": 1, "same": False, "sizes": SIZES})
    yield _case("a receipt", "push-receipt", {"v": 1, "accepted": 3, "refused": {LOGS[0]: "gap"}})
    shape, unbounded, second = Code.MALFORMED, "unbounded", "second-reading"
    many = {encode_bytes(number.to_bytes(32, "big")): 1 for number in range(MAX_PING_LOGS + 1)}
    yield _case("a ping about too many logs", "ping", {"v": 1, "sizes": many}, shape, unbounded)
    yield _case("a size beyond every log", "ping", {"v": 1, "sizes": {LOGS[0]: 2**40 + 1}}, shape, unbounded)
    yield _case("a negative size", "sizes-answer", {"v": 1, "same": False, "sizes": {LOGS[0]: -1}}, shape, unbounded)
    yield _case("a log that is none", "ping", {"v": 1, "sizes": {"log": 1}}, shape, second)
    yield _case("another version", "ping", {"v": 2, "sizes": {}}, shape, second)
    yield _case("an unknown member", "ping", {"v": 1, "sizes": {}, "entries": []}, shape, second)
    yield _case("a state that is no digest", "sizes-request", {"v": 1, "state": "same"}, shape, second)
    both = {"v": 1, "same": True, "sizes": SIZES}
    yield _case("the same, and sizes", "sizes-answer", both, Code.INCONSISTENT, second, BEYOND_SCHEMA)
    receipt: dict[str, object] = {"v": 1, "accepted": 0, "refused": {}}
    more = receipt | {"accepted": MAX_STREAM_ENTRIES + 1}
    yield _case("more accepted than a stream holds", "push-receipt", more, shape, unbounded)
    words = receipt | {"refused": {LOGS[0]: "No, thank you"}}
    yield _case("a refusal that is no code", "push-receipt", words, shape, second)


def messages() -> bytes:
    """All of them."""
    about = "Pings, sizes and receipts; bytes is base64url of the message. state is that of sizes (9.14)."
    state: Digest = sizes_state(SIZES)
    return vector_file(about, _FLAGS, list(_cases()), sizes=SIZES, state=state)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/ping.schema.json": wire_schema("ping", "Ping", "Logs that have grown (clause 9.13).", Ping),
    "v1/sizes-request.schema.json": wire_schema(
        "sizes-request", "Sizes request", "What the asker holds, in one digest (clause 9.14).", SizesRequest
    ),
    "v1/sizes-answer.schema.json": wire_schema(
        "sizes-answer", "Sizes answer", "How much of each log is held (clause 9.14).", SizesAnswer
    ),
    "v1/push-receipt.schema.json": wire_schema(
        "push-receipt", "Push receipt", "What was taken of a push (clause 9.14).", PushReceipt
    ),
    "vectors/gossip.json": messages,
}
