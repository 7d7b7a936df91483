"""Files that an answer or a partner's reply rests on. Private casework; never replicated, never shown inline."""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NewType

from node.domain.accounts import AccountId
from protocol.statements import Timestamp

EvidenceId = NewType("EvidenceId", str)
"""128 random bits, 22 characters: one file as one person added it."""
ContentName = NewType("ContentName", str)
"""43 characters: HMAC-SHA256 of the content under a key of this node. Who has the files and not the key cannot ask
whether a document they know is among them."""

MAX_EVIDENCE_BYTES: Final = 10_485_760
"""One file: a scanned agreement of a hundred pages fits, and the whole request stays under ``MAX_BODY_BYTES``."""
MAX_FILES: Final = 16
"""Files of one answer: as many as an answer names public sources."""
MAX_NAME_CHARACTERS: Final = 120
"""A file's name as it is shown and saved."""


@unique
class FileKind(StrEnum):
    """What a file is, by its content. Nothing else is taken."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """What is known of a stored file without opening it."""

    id: EvidenceId
    content: ContentName
    kind: FileKind
    size: int
    """Bytes of the file itself."""
    name: str = field(repr=False)
    """As the person's computer called it, made safe; with the ending of its kind."""
    account: AccountId
    """Who added it."""
    created: Timestamp
