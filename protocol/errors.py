"""Why received bytes were refused: one error type, a stable code, and whose fault it is."""

from enum import StrEnum
from typing import Final

_MAX_WORDS: Final = 200
"""Characters quoted from a parser; a hostile member name must not fill a log."""


class Fault(StrEnum):
    """Who has to act for the same input to succeed."""

    OURS = "ours"
    PEER = "peer"
    OPERATOR = "operator"


class Code(StrEnum):
    """Stable names of refusals; they appear in logs, reports and problem documents. Never renamed."""

    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    NON_CANONICAL = "non-canonical"
    BAD_IDENTIFIER = "bad-identifier"
    UNKNOWN_CODE = "unknown-code"
    BAD_KEY = "bad-key"
    BAD_HEADER = "bad-header"
    BAD_SIGNATURE = "bad-signature"
    WRONG_KEY = "wrong-key"
    WRONG_CIRCLE = "wrong-circle"
    FUTURE_DATED = "future-dated"
    EXPIRED = "expired"
    BAD_VALIDITY = "bad-validity"
    DUPLICATE_ID = "duplicate-id"
    INCONSISTENT = "inconsistent"
    BAD_DISCLOSURE = "bad-disclosure"
    BAD_CHECKPOINT = "bad-checkpoint"
    STALE_CHECKPOINT = "stale-checkpoint"
    WRONG_ROOT = "wrong-root"
    GAP = "gap"
    FORK = "fork"
    BAD_PROOF = "bad-proof"
    BAD_STREAM = "bad-stream"
    TRUNCATED = "truncated"
    BAD_DIGEST = "bad-digest"
    BAD_REQUEST_SIGNATURE = "bad-request-signature"
    NOT_FRESH = "not-fresh"
    REPLAYED = "replayed"
    BAD_CHARTER = "bad-charter"
    NOT_A_MEMBER = "not-a-member"


class ProtocolError(Exception):
    """Input that the protocol refuses.

    ``code`` is stable and machine-readable; ``detail`` says what was wrong and where, in words for a person,
    and never quotes more of the input than the offending name or number.
    """

    def __init__(self, code: Code, detail: str, *, fault: Fault = Fault.PEER) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.fault = fault


def words_of(error: Exception) -> str:
    """What a parser said about garbage, fit for a log or a terminal: printable, short, and without values.

    A parser names members, types and places, which a person needs, and quotes refused values, which may be
    private: what stands between single quotes is left out.
    """
    text = str(error)
    before, quote, rest = text.partition("'")
    if quote:
        text = f"{before}(left out){rest.rpartition(quote)[2]}"
    return "".join(character if character.isprintable() else "?" for character in text[:_MAX_WORDS])
