"""Who has one statement of ours, for the day on which something has gone wrong."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Holding: TypeAlias = Literal["signed", "receipt", "presumed"]
"""``signed``: it has cosigned a checkpoint of our log that covers the entry; ``receipt``: it has said how much of our
log it has applied; ``presumed``: it may fetch the entry from any member, and nothing proves that it has or has not."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One institution."""

    name: str
    url: str
    holding: Holding
    member: bool
    """Whether it still is one; who has left keeps what it had."""
    fields: tuple[str, ...]
    """Held-back fields of the statement that it was given."""
