"""What this node holds on a person: the question of a data subject, answered over every store, and put right."""

from typing import Final

from node.domain.persons import MAX_REPLACEMENT_CHARACTERS, Redaction, Trace
from node.errors import Code, HanseError
from node.storage import person_redaction, person_search
from node.storage.database import Transaction
from node.storage.vault import Vault

REMOVED: Final = "[removed]"
"""What stands where words were taken out."""


def traces(tx: Transaction, vault: Vault, name: str) -> list[Trace]:
    """Every place that holds the words of this name; raises ``INVALID`` for one that is too short."""
    return list(person_search.find(tx, vault, name))


def replaceable(tx: Transaction, vault: Vault, words: str) -> list[Redaction]:
    """Where these exact words stand in what staff wrote; nothing is changed."""
    return list(person_redaction.replace_words(tx, vault, _checked(words), "", store=False))


def replace(tx: Transaction, vault: Vault, words: str, instead: str) -> list[Redaction]:
    """Put other words there, or :data:`REMOVED`; what was changed. Raises ``INVALID``."""
    if len(instead) > MAX_REPLACEMENT_CHARACTERS:
        raise HanseError(Code.INVALID, f"what stands instead has at most {MAX_REPLACEMENT_CHARACTERS} characters.")
    return list(
        person_redaction.replace_words(tx, vault, _checked(words), " ".join(instead.split()) or REMOVED, store=True)
    )


def _checked(words: str) -> str:
    letters = sum(each.isalnum() for each in words)
    if letters < person_search.MIN_NAME_CHARACTERS or len(words) > person_search.MAX_NAME_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"words to replace have {person_search.MIN_NAME_CHARACTERS} letters or more, and at most"
            f" {person_search.MAX_NAME_CHARACTERS} characters.",
            remedy="Give them as they are written there.",
        )
    return words
