"""On which basis data may go to a member under another law (GDPR, Articles 44 to 49), as the operator has recorded it.

An institution that keeps this list keeps it whole: once a basis is recorded for one member of a circle, nothing new is
published there while another one has none. Corrections, retractions and erasures are never held back.
"""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from node.domain.accounts import AccountId
from protocol.identifiers import KeyId
from protocol.statements import Timestamp

MAX_REFERENCE_CHARACTERS: Final = 200


@unique
class Basis(StrEnum):
    """Why data may go there."""

    SAME_LAW = "same-law"
    ADEQUACY = "adequacy"
    CLAUSES = "clauses"
    BINDING_RULES = "binding-rules"
    DEROGATION = "derogation"
    NONE = "none"


BASIS_WORDS: Final[dict[Basis, str]] = {
    Basis.SAME_LAW: "under the same data protection law",
    Basis.ADEQUACY: "an adequacy decision (Article 45)",
    Basis.CLAUSES: "standard data protection clauses (Article 46)",
    Basis.BINDING_RULES: "another safeguard of Article 46",
    Basis.DEROGATION: "a derogation for this situation (Article 49)",
    Basis.NONE: "none: nothing is to be sent",
}


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was recorded of one institution."""

    identity: KeyId
    basis: Basis
    reference: str
    """Where the decision is filed, such as a number; not a person."""
    by: AccountId | None
    at: Timestamp
