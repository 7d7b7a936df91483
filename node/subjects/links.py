"""Linking identifiers that are one organisation, and undoing it: a person's decision at this node, for this node.

Where proposals come from: members state ``same-as`` as a relation like any other, and a registry may give one
organisation the identifier of another registry. Neither changes anything here. A person who may record assessments
accepts a link, with a reason; whoever reads a dossier sees it, and a link can be undone at any time.

The canonical end is the identifier that more people can check: a ROR id before an LEI, either before one that a
circle made for itself. Links may follow each other, and never close a ring.
"""

from dataclasses import dataclass
from typing import Final

from node.domain.accounts import AccountId
from node.domain.subjects import SubjectLink, identifier_key
from node.errors import Code, HanseError
from node.storage import circles, statements, subject_links, subject_search
from node.storage import subjects as registry
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import RelationBody, Timestamp

SAME_AS: Final = VocabularyCode("same-as")
MAX_REASON_CHARACTERS: Final = 500
"""Unicode code points of the reason for a link: one or two sentences."""
MAX_ALIASES: Final = 40
"""Identifiers read as one: a bound on what one dossier gathers. Ten members who each made one are ten."""
_SCHEMES: Final = ("ror", "lei", "circle")
"""The best first."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody says that the subject is the same as ``other``."""

    other: SubjectId
    label: str
    contributors: int
    """Members who state it; 0 where the registry does."""


def accept(
    tx: Transaction,
    vault: Vault,
    account: AccountId,
    subjects: tuple[SubjectId, SubjectId],
    reason: str,
    now: Timestamp,
) -> SubjectLink:
    """Read these two as one from now on. Raises ``INVALID`` or ``CONFLICT``, saying what stands in the way.

    Each is followed to what it is read as already, so the link joins two groups of identifiers; which of the two
    becomes the canonical one is decided by their kinds, then by the order in which they are given.
    """
    text = " ".join(reason.split())
    if not text or len(text) > MAX_REASON_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"a link needs a reason of 1 to {MAX_REASON_CHARACTERS} characters.",
            remedy="Say how it is known that both are one organisation.",
        )
    subject_links.lock(tx)
    one, other = (subject_links.canonical_of(tx, subject) for subject in subjects)
    if one == other:
        raise HanseError(Code.CONFLICT, "these identifiers are read as one organisation already.")
    alias, canonical = sorted((one, other), key=_rank, reverse=True)
    if len(subject_links.aliases_of(tx, alias)) + len(subject_links.aliases_of(tx, canonical)) >= MAX_ALIASES:
        raise HanseError(
            Code.CONFLICT,
            f"more than {MAX_ALIASES} identifiers would be read as one.",
            remedy="Check whether they really are; undo links that are not.",
        )
    return subject_links.insert(tx, vault, alias, canonical, account, text, now)


def undo(tx: Transaction, link: str, account: AccountId, now: Timestamp) -> None:
    """Read the two apart again; the link stays as history. Raises ``NOT_FOUND`` where it is not live."""
    subject_links.lock(tx)
    if not subject_links.undo(tx, link, account, now):
        raise HanseError(Code.NOT_FOUND, "no such link is in force.", remedy="Open the page again.")


def history(tx: Transaction, vault: Vault, subject: SubjectId) -> list[SubjectLink]:
    """Links of this subject and of everything that is read with it, oldest first; undone ones among them."""
    canonical = subject_links.canonical_of(tx, subject)
    return subject_links.history(tx, vault, [canonical, subject, *subject_links.aliases_of(tx, canonical)])


def proposals(tx: Transaction, subject: SubjectId, now: Timestamp) -> list[Proposal]:
    """What members and the registry say is the same as this subject, and is not read as one with it."""
    canonical = subject_links.canonical_of(tx, subject)
    ids = {canonical, *subject_links.aliases_of(tx, canonical)}
    found: dict[SubjectId, set[str]] = {other: set() for other in _of_registry(tx, ids)}
    for roster in circles.list_rosters(tx):
        for each in sorted(ids):
            for stored in statements.of_subject(tx, roster.circle, each, now=now):
                body = stored.body
                if isinstance(body, RelationBody) and body.relation == SAME_AS and stored.counts:
                    other = body.object.id if body.subject.id in ids else body.subject.id
                    found.setdefault(other, set()).add(stored.contributor)
    others = sorted(found.keys() - ids)
    labels = registry.labels(tx, others)
    return [Proposal(other, labels.get(other, other), len(found[other])) for other in others]


def _of_registry(tx: Transaction, ids: set[SubjectId]) -> set[SubjectId]:
    """Subjects that a registry identifies by one of these LEIs, and LEIs by which it identifies one of these."""
    found: set[SubjectId] = set()
    for each in ids:
        scheme, _, value = each.partition(":")
        if scheme == "lei":
            found.update(row.subject for row in subject_search.identified(tx, identifier_key(value), scheme))
    for organisation in registry.get_many(tx, sorted(ids)).values():
        leis = [value.upper() for scheme, value in organisation.identifiers if scheme.lower() == "lei"]
        known = registry.labels(tx, [SubjectId(f"lei:{value}") for value in leis])
        found.update(known)
    return found


def _rank(subject: SubjectId) -> int:
    return _SCHEMES.index(subject.partition(":")[0])
