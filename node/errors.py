"""What can go wrong in a node: one error type with a stable code. Errors do not know HTTP.

``node.api.problems`` maps codes to status codes and problem documents; the CLI maps them to exit codes.
"""

from enum import StrEnum

from protocol.errors import Fault


class Code(StrEnum):
    """Stable names of failures; shown to people and machines alike. Never renamed."""

    NOT_FOUND = "not-found"
    INVALID = "invalid"
    CONFLICT = "conflict"
    NOT_SIGNED_IN = "not-signed-in"
    FORBIDDEN = "forbidden"
    NOT_ACCEPTABLE = "not-acceptable"
    FOUR_EYES = "four-eyes"
    PRIVACY_GATE = "privacy-gate"
    TRANSFER_BASIS_MISSING = "transfer-basis-missing"
    TOO_LARGE = "too-large"
    TOO_MANY_REQUESTS = "too-many-requests"
    BAD_FILE = "bad-file"
    BAD_KEY_FILE = "bad-key-file"
    IDENTITY_OFFLINE = "identity-offline"
    NOT_CONFIRMED = "not-confirmed"
    BAD_CONFIGURATION = "bad-configuration"
    NEWER_DATABASE = "newer-database"
    OLDER_DATABASE = "older-database"
    CORRUPTED = "corrupted"
    PEER_UNREACHABLE = "peer-unreachable"
    PEER_REFUSED = "peer-refused"
    PEER_MISBEHAVED = "peer-misbehaved"
    NO_SUCH_MEMBER = "no-such-member"
    QUOTA_EXCEEDED = "quota-exceeded"
    SIGN_IN_FAILED = "sign-in-failed"
    NOTICE_FAILED = "notice-failed"
    NO_SPACE = "no-space"


class HanseError(Exception):
    """A failure with a name, what was wrong and where (``detail``), and what to do about it (``remedy``).

    ``detail`` and ``remedy`` are shown to the caller and written to logs: they never carry private casework.
    """

    def __init__(self, code: Code, detail: str, *, remedy: str = "", fault: Fault = Fault.OPERATOR) -> None:
        super().__init__(f"{code}: {detail}" + (f" {remedy}" if remedy else ""))
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.fault = fault
