"""Subjects that no registry lists: named by this node, meaningful inside one circle."""

import secrets

from node.domain.subjects import Organisation
from node.errors import Code, HanseError
from node.storage import subjects as storage
from node.storage.database import Transaction
from protocol.identifiers import CircleId, SubjectId, encode_bytes
from protocol.limits import MAX_LABEL_CHARACTERS
from protocol.statements import as_label

_ID_BYTES = 16


def mint(tx: Transaction, circle: CircleId, label: str) -> SubjectId:
    """A new random identifier for an organisation, unit or programme without one, under a name for reading.

    Does not look for the same name elsewhere: two subjects may share a name, and only a person can tell.
    """
    plain = as_label(label)
    if not plain or len(label.strip()) > MAX_LABEL_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"the name of a subject has 1 to {MAX_LABEL_CHARACTERS} characters.",
            remedy="Give the organisation's own name, without remarks.",
        )
    subject = SubjectId(f"circle:{encode_bytes(secrets.token_bytes(_ID_BYTES))}")
    organisation = Organisation(id=subject, label=plain, origin="minted", circle=circle)
    storage.put(tx, {subject: storage.Record(organisation, 0, "")})
    return subject
