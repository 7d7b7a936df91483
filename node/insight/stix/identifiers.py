"""Identifiers and times of STIX objects: the same at every node that holds the same statements.

A version 5 UUID over our own identifiers. A statement's holds the circle and the contributor as well, because a
statement's identifier is unique only inside one log: else a member could overwrite another one's note in somebody's
threat-intelligence platform by choosing its identifier.
"""

import hashlib
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, NewType, TypeAlias

from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId
from protocol.statements import Timestamp

StixId = NewType("StixId", str)
"""``<type>--<uuid>``."""
Milliseconds = NewType("Milliseconds", int)
"""Since 1970; the precision of a STIX timestamp."""
StatementType: TypeAlias = Literal["note", "relationship", "opinion"]
"""What findings, relations, responses and replies become."""

STATEMENT_TYPES: Final[dict[str, StatementType]] = {
    "finding": "note",
    "relation": "relationship",
    "response": "opinion",
    "sponsored": "note",
    "reply": "note",
}
_NAMESPACE: Final = uuid.UUID("53dcf55d-5d8a-49ec-8395-e16db1ced948")
_SCOPED: Final = "circle:"
_REMEMBERED: Final = 16_384
"""Identifiers that are not computed again: contributors, much spoken of subjects, a few chunks of statements. 5 MB."""


def statement_id(kind: StatementType, circle: CircleId, contributor: KeyId, statement: StatementId) -> StixId:
    """The object that a finding, relation or response becomes."""
    return StixId(f"{kind}--{_uuid('statement', circle, contributor, statement)}")


def subject_id(circle: CircleId, subject: SubjectId) -> StixId:
    """The organisation behind a registry identifier, the same in all circles; a circle-scoped one, of its circle."""
    return StixId(f"identity--{_uuid('subject', circle if subject.startswith(_SCOPED) else '', subject)}")


def contributor_id(circle: CircleId, contributor: KeyId) -> StixId:
    """A contributor in one circle: its keys in two circles become two identities that nothing ties."""
    return StixId(f"identity--{_uuid('contributor', circle, contributor)}")


def collection_uuid(circle: CircleId) -> str:
    """The TAXII collection of a circle."""
    return _uuid("collection", circle)


def milliseconds(moment: Timestamp) -> Milliseconds:
    """A moment of ours, more precisely than it is known: statements carry days."""
    return Milliseconds(moment * 1_000)


def stix_time(moment: Milliseconds) -> str:
    """RFC 3339 in UTC with three digits, as STIX 2.1 section 3.2 wants it."""
    seconds, rest = divmod(moment, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


@lru_cache(maxsize=_REMEMBERED)
def _uuid(*parts: str) -> str:
    """RFC 9562 section 5.5. By hand, because a collection needs some for every statement and these take a third."""
    name = "\n".join(parts)  # no part holds a line feed, so no two lists of parts give one name
    digest = bytearray(hashlib.sha1(_NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
