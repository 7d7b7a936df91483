"""What a name typed on the command line or found in a file means, where exactly one organisation can be meant."""

from node.domain.subjects import parse_identifier
from node.storage.database import Transaction
from node.subjects.find import get, label_of, search, subject_named
from protocol.statements import Subject


def identify(tx: Transaction, text: str) -> Subject | None:
    """The organisation that bears this name or identifier, of the registry or named in a circle; None if unsure."""
    subject = parse_identifier(text)
    if subject is not None:
        return Subject(id=subject, label=label_of(tx, subject)) if get(tx, subject) else None
    listed = subject_named(tx, text)
    if listed is not None:
        return listed
    named = [hit for hit in search(tx, text) if hit.match == "exact" and hit.origin != "registry"]
    return Subject(id=named[0].id, label=named[0].label) if len(named) == 1 else None
