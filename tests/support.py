"""What tests of several rooms need: a clock that is set, and where the data is."""

from pathlib import Path
from typing import Final

import pytest

from protocol.statements import Timestamp

ROOT: Final = Path(__file__).resolve().parents[1]
VOCABULARY_FILE: Final = ROOT / "schemas" / "vocabularies" / "v1.json"
SHARED_DATA: Final = ROOT.parent / "shared" / "data"
"""Large public data sets beside the checkout; the project passes without them and says what it skipped."""


class SettableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: Timestamp) -> None:
        self.moment = now

    def now(self) -> Timestamp:
        """The moment last set."""
        return self.moment

    def advance(self, seconds: int) -> None:
        """Move forward."""
        self.moment = Timestamp(self.moment + seconds)


def shared_data(name: str) -> Path:
    """The path of a shared data file; skips the test, saying why, where it is not there."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"needs {name} from the shared data directory")
    return path
