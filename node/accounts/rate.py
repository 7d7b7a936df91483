"""How much one API token may ask: requests in a window, and what it may hold open at one moment.

Kept in memory, by process: a dam against a script that runs wild, not an account. Time is an argument.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal, TypeAlias

from node.domain.accounts import AccountId
from node.errors import Code, HanseError
from protocol.statements import Timestamp

WINDOW_SECONDS: Final = 60
"""The window in which requests of a token are counted, in seconds."""
REQUESTS_PER_WINDOW: Final = 1_200
"""Requests of one token in a window: twenty a second. A reader of a million statements takes two thousand pages; an
export is one request."""
TRACKED_TOKENS: Final = 10_000
"""Tokens whose requests are counted at one moment: about 2 MB. The one that was quiet for the longest is forgotten."""
ACCOUNT_STREAMS: Final = 5
"""Live streams of one account at one moment: a few programs, and one that was given up and has not ended."""
STREAMS: Final = 100
"""Live streams of all accounts in one process: each looks into the database every second, in turn with the others."""
ACCOUNT_EXPORTS: Final = 2
"""Exports of one account at one moment."""
EXPORTS: Final = 8
"""Exports of all accounts in one process. Each takes a thread of the server for as long as it makes a piece: of forty
there stay enough for people."""

NOTES_PER_WINDOW: Final = 30
"""Lines a minute that strangers can add to the access log with requests that cost them nothing. Whoever looks for an
attack sees it in thirty; and no stranger fills the log, or keeps its writers waiting."""

LETTERS_PER_WINDOW: Final = 3
"""Letters of one network in a window by the public form: a mistake can be put right twice."""
LETTER_WINDOW_SECONDS: Final = 3_600
"""The window in which letters are counted, in seconds."""
TRACKED_NETWORKS: Final = 4_096
"""Networks whose letters are counted at one moment; the one that was quiet for the longest is forgotten."""

Held: TypeAlias = Literal["stream", "export"]
_BOUNDS: Final[dict[Held, tuple[int, int]]] = {
    "stream": (ACCOUNT_STREAMS, STREAMS),
    "export": (ACCOUNT_EXPORTS, EXPORTS),
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a token."""

    remaining: int
    reset: int
    """Seconds until the next window."""
    refused: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers names them."""
        headers = {
            "RateLimit-Policy": f'"token";q={REQUESTS_PER_WINDOW};w={WINDOW_SECONDS}',
            "RateLimit": f'"token";r={self.remaining};t={self.reset}',
        }
        return headers | ({"Retry-After": str(self.reset)} if self.refused else {})


class Rates:
    """The counts of one process. Usable from several threads."""

    def __init__(self, requests: int = REQUESTS_PER_WINDOW) -> None:
        self._requests = requests
        self._windows: OrderedDict[str, tuple[Timestamp, int]] = OrderedDict()
        self._notes: dict[str, tuple[Timestamp, int]] = {}
        self._letters: OrderedDict[str, tuple[Timestamp, int]] = OrderedDict()
        self._held: dict[Held, Counter[AccountId]] = {"stream": Counter(), "export": Counter()}
        self._lock = Lock()

    def count(self, token: str, now: Timestamp) -> Allowance:
        """Count one request of a token, named by its hash."""
        with self._lock:
            start, used = self._windows.pop(token, (now, 0))
            if not start <= now < start + WINDOW_SECONDS:
                start, used = now, 0
            self._windows[token] = (start, min(used + 1, self._requests + 1))
            if len(self._windows) > TRACKED_TOKENS:
                self._windows.popitem(last=False)
        left = self._requests - used - 1
        return Allowance(max(left, 0), start + WINDOW_SECONDS - now, refused=left < 0)

    def may_note(self, what: str, now: Timestamp) -> bool:
        """Whether something that a stranger has caused shall be noted once more in this window."""
        with self._lock:
            start, noted = self._notes.get(what, (now, 0))
            if not start <= now < start + WINDOW_SECONDS:
                start, noted = now, 0
            self._notes[what] = (start, noted + 1)
        return noted < NOTES_PER_WINDOW

    def may_write(self, network: str, now: Timestamp) -> bool:
        """Whether a network may send one more letter by the public form in this window; counts it if so."""
        with self._lock:
            start, sent = self._letters.pop(network, (now, 0))
            if not start <= now < start + LETTER_WINDOW_SECONDS:
                start, sent = now, 0
            self._letters[network] = (start, min(sent + 1, LETTERS_PER_WINDOW))
            if len(self._letters) > TRACKED_NETWORKS:
                self._letters.popitem(last=False)
        return sent < LETTERS_PER_WINDOW

    def __len__(self) -> int:
        """Tokens whose requests are counted at this moment."""
        return len(self._windows)

    def require(self, kind: Held, account: AccountId) -> None:
        """Raise ``TOO_MANY_REQUESTS`` where no further one may be opened."""
        with self._lock:
            self._require(kind, account)

    @contextmanager
    def held(self, kind: Held, account: AccountId) -> Iterator[None]:
        """One that is open for as long as the block lasts."""
        with self._lock:
            self._require(kind, account)
            self._held[kind][account] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[kind] -= Counter({account: 1})

    def _require(self, kind: Held, account: AccountId) -> None:
        of_account, of_all = _BOUNDS[kind]
        if self._held[kind][account] >= of_account or self._held[kind].total() >= of_all:
            raise HanseError(
                Code.TOO_MANY_REQUESTS,
                f"as many {kind}s are open as may be: {of_account} of one account, {of_all} altogether.",
                remedy="End one, or wait until one has ended.",
            )
