"""Finding an organisation by its names in any script, or by its identifier.

A name is not an identifier: what is found here is for a person to choose from. Only :func:`resolve_exact` links
without a person, and it refuses whenever a second organisation could be meant.
"""

from typing import Final

from node.domain.subjects import (
    KIND_ORDER,
    MATCH_ORDER,
    MAX_SEARCH_CHARACTERS,
    Match,
    Organisation,
    SearchHit,
    normalise,
    parse_identifier,
)
from node.errors import Code, HanseError
from node.storage import subjects as storage
from node.storage.database import Transaction
from protocol.identifiers import SubjectId
from protocol.statements import Subject

MAX_HITS: Final = 100
"""Hits of one search: more than a person reads."""
_MIN_PREFIX: Final = 2
"""Characters from which a prefix is searched; one letter answers only where it is a whole name."""


def get(tx: Transaction, subject: SubjectId) -> Organisation | None:
    """What is known of a subject. A withdrawn one stays here and names its ``successors``."""
    return storage.get_many(tx, [subject]).get(subject)


def label_of(tx: Transaction, subject: SubjectId) -> str:
    """The name to show for a subject: the registry's, else one that was given to it, else the identifier."""
    return storage.labels(tx, [subject]).get(subject, subject)


def search(tx: Transaction, text: str, limit: int = 20) -> list[SearchHit]:
    """Organisations that ``text`` names or identifies, best first.

    An identifier comes alone. Else: exact names, then names that begin so, then names of which a later word
    begins so; in each, display names before aliases, and active organisations before withdrawn ones.
    """
    if len(text) > MAX_SEARCH_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"a search has at most {MAX_SEARCH_CHARACTERS} characters.",
            remedy="Search for the organisation's name or identifier alone.",
        )
    limit = max(1, min(limit, MAX_HITS))
    subject = parse_identifier(text)
    if subject is not None:
        organisation = get(tx, subject)
        return [_hit(organisation, "identifier", subject)] if organisation else []
    wanted = normalise(text)
    if not wanted:
        return []
    found: dict[SubjectId, tuple[Match, storage.NameRow]] = {}
    for match in MATCH_ORDER[1:]:
        for row in _rows(tx, wanted, match, limit):
            found.setdefault(row.subject, (match, row))
    chosen = _share(found, limit)
    organisations = storage.get_many(tx, list(chosen))
    return [_hit(organisations[key], match, row.normalised) for key, (match, row) in chosen.items()]


def resolve_exact(tx: Transaction, text: str) -> Organisation | None:
    """The one organisation of the registry that bears exactly this name, or that this identifier names.

    ``None`` whenever a person has to choose: two organisations that are not withdrawn or inactive bear the name
    (an acronym counts as bearing it), or it is nobody's full name. An acronym alone never links.
    """
    subject = parse_identifier(text)
    if subject is not None:
        return _linkable(get(tx, subject))
    bearers: dict[SubjectId, bool] = {}
    for row in storage.named(tx, normalise(text)):
        kind, status = storage.of_rank(row.rank)
        if status in {"active", "unknown"}:
            bearers[row.subject] = bearers.get(row.subject, False) or kind != "acronym"
    if len(bearers) != 1:
        return None
    ((bearer, by_full_name),) = bearers.items()
    return _linkable(get(tx, bearer)) if by_full_name else None


def subject_named(tx: Transaction, text: str) -> Subject | None:
    """What :func:`resolve_exact` finds, as a statement or an assessment names it."""
    found = resolve_exact(tx, text)
    return None if found is None else Subject(id=found.id, label=found.label)


def _linkable(organisation: Organisation | None) -> Organisation | None:
    return organisation if organisation is not None and organisation.origin == "registry" else None


def _share(
    found: dict[SubjectId, tuple[Match, storage.NameRow]], limit: int
) -> dict[SubjectId, tuple[Match, storage.NameRow]]:
    """The first ``limit``, with a third kept for later words: else no "Cambridge" finds the university of that name."""
    items = list(found.items())
    words = [item for item in items if item[1][0] == "word"]
    others = [item for item in items if item[1][0] != "word"]
    reserved = min(len(words), max(limit // 3, limit - len(others)))
    return dict([*others[: limit - reserved], *words[:reserved]])


def _rows(tx: Transaction, wanted: str, match: Match, limit: int) -> list[storage.NameRow]:
    match match:
        case "identifier":
            return []
        case "exact":
            return sorted(storage.named(tx, wanted), key=lambda row: (row.rank, row.subject))
        case "prefix" | "word":
            if len(wanted) < _MIN_PREFIX and wanted.isascii():
                return []
            return storage.beginning(tx, wanted, limit, word=match == "word")


def _hit(organisation: Organisation, match: Match, answered: str) -> SearchHit:
    matched, kind = organisation.label, KIND_ORDER[0]
    if match == "identifier":
        matched = answered
    else:
        for name in organisation.names:
            text = normalise(name.value)
            if text == answered or (match == "word" and text.endswith(f" {answered}")):
                matched, kind = name.value, name.kind
                break
    return SearchHit(
        id=organisation.id,
        label=organisation.label,
        matched=matched,
        match=match,
        kind=kind,
        status=organisation.status,
        types=organisation.types,
        place=organisation.place,
        country=organisation.country,
        origin=organisation.origin,
    )
