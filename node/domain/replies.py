"""What an organisation says to what is said of it: letters that come in, and how somebody made sure who wrote them.

A letter is private until an officer has verified it and a second person has let the reply leave. Nothing here says
whether anything is held about the organisation that writes.
"""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NewType

from node.domain.accounts import AccountId
from node.errors import Code, HanseError
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp

IntakeId = NewType("IntakeId", str)
"""128 random bits, 22 characters. Told to nobody outside: a writer gets no number to ask after."""

MAX_NAME_CHARACTERS: Final = 200
"""Of the organisation, as it names itself: as long as a label may be."""
MAX_IDENTIFIER_CHARACTERS: Final = 100
"""An identifier that it gives, such as a ROR id: an address of one has 30."""
MAX_MAILBOX_CHARACTERS: Final = 254
"""An address: RFC 5321 section 4.5.3.1.3 leaves that many characters."""
MAX_LETTER_CHARACTERS: Final = 8_000
"""Of a letter: four times what a published reply may have, so that a long one can be shortened with its writer."""
MAX_NOTE_CHARACTERS: Final = 2_000
"""Of the private note on how a letter was verified."""
MAX_WAITING: Final = 200
"""Letters in hand at one moment, about 2 MB. Beyond that the form says that it takes none for now, whoever asks."""
KEPT_DAYS: Final = 180
"""A letter that nobody has taken up is deleted after this time: it holds somebody's mailbox."""


@unique
class IntakeState(StrEnum):
    """Where a letter is."""

    WAITING = "waiting"
    VERIFIED = "verified"
    TAKEN_UP = "taken-up"


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody sent, as it was sent. Not verified."""

    organisation: str = field(repr=False)
    identifier: str = field(repr=False)
    """Empty, or what the writer gave as the organisation's identifier."""
    mailbox: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verification:
    """How somebody made sure that the organisation wrote. The code leaves with the reply, the note never does."""

    method: VocabularyCode
    note: str = field(repr=False)
    by: AccountId
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One letter in the queue."""

    id: IntakeId
    received: Timestamp
    state: IntakeState
    letter: Letter = field(repr=False)
    verification: Verification | None = None
    draft: str | None = None
    """The draft that it became."""


def checked_letter(letter: Letter) -> Letter:
    """The same letter, or ``INVALID``. The words name the field and nothing that this node holds."""
    limits = (
        ("organisation", letter.organisation, 1, MAX_NAME_CHARACTERS),
        ("identifier", letter.identifier, 0, MAX_IDENTIFIER_CHARACTERS),
        ("mailbox", letter.mailbox, 3, MAX_MAILBOX_CHARACTERS),
        ("text", letter.text, 1, MAX_LETTER_CHARACTERS),
    )
    for name, value, low, high in limits:
        if not low <= len(value.strip()) or len(value) > high:
            raise HanseError(Code.INVALID, f"{name}: {low or 'none'} to {high} characters.")
    if any(character.isspace() for character in letter.mailbox) or letter.mailbox.strip("@").count("@") != 1:
        raise HanseError(Code.INVALID, "mailbox: one e-mail address.")
    return letter


def checked_verification(found: Verification) -> Verification:
    """The same, or ``INVALID``: a reply that nobody has verified is not carried."""
    if not 0 < len(found.note.strip()) <= MAX_NOTE_CHARACTERS:
        raise HanseError(Code.INVALID, f"note: say how it was verified, in at most {MAX_NOTE_CHARACTERS} characters.")
    return found
