"""Being written."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from node.domain.letters import LetterKind
from node.publishing.letters import Desk, Handler
from node.storage.database import Transaction

HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType({})


def sweep(tx: Transaction, desk: Desk) -> None:
    """Nothing yet."""


def advance(tx: Transaction, desk: Desk) -> None:
    """Nothing yet."""
