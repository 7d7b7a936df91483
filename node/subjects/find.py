"""Finding an organisation by its names in any script, its identifiers or its domains.

A name is not an identifier: what is found here is for a person to choose from. Only :func:`resolve_exact` links
without a person, and it refuses whenever a second organisation could be meant.

Identifiers that a person at this node has linked are read as one: what one of them answers is shown as the other,
and says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from node.domain.subjects import (
    KIND_ORDER,
    MAX_SEARCH_CHARACTERS,
    Match,
    NameKind,
    Organisation,
    SearchHit,
    domain_of,
    identifier_key,
    normalise,
    parse_identifier,
)
from node.errors import Code, HanseError
from node.storage import subject_links, subject_search
from node.storage import subjects as storage
from node.storage.database import Transaction
from node.storage.subject_search import Shown
from node.subjects.words import Answer, ByWords
from protocol.identifiers import SubjectId
from protocol.statements import Subject

MAX_HITS: Final = 100
"""Hits of one search: more than a person reads."""
_MIN_PREFIX: Final = 2
"""Characters from which a prefix is searched; one letter answers only where it is a whole name."""
_IDENTIFIER_SEPARATORS: Final = (":", " ")


@dataclass(frozen=True, slots=True)
class _Found:
    """What answered: a name in its normalised form, or an identifier as it is written."""

    match: Match
    answered: str


def get(tx: Transaction, subject: SubjectId) -> Organisation | None:
    """What is known of a subject. A withdrawn one stays here and names its ``successors``."""
    return storage.get_many(tx, [subject]).get(subject)


def label_of(tx: Transaction, subject: SubjectId) -> str:
    """The name to show for a subject: the registry's, else one that was given to it, else the identifier."""
    return storage.labels(tx, [subject]).get(subject, subject)


def search(tx: Transaction, text: str, limit: int = 20) -> list[SearchHit]:
    """Organisations that ``text`` names or identifies, best first.

    An identifier comes alone, a domain too. Else: exact names, then names that begin so, then names that have all
    the words in any order, the last one perhaps only begun; where there is none, names that would with one or two
    letters put right. In each, display names before aliases, and active organisations before withdrawn ones.
    """
    if len(text) > MAX_SEARCH_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"a search has at most {MAX_SEARCH_CHARACTERS} characters.",
            remedy="Search for the organisation's name or identifier alone.",
        )
    limit = max(1, min(limit, MAX_HITS))
    found = _by_identifier(tx, text)
    if not found and parse_identifier(text) is None:
        found = _by_domain(tx, text, limit) or _by_name(tx, normalise(text), limit)
    return _hits(tx, found, limit)


def resolve_exact(tx: Transaction, text: str) -> Organisation | None:
    """The one organisation of the registry that bears exactly this name, or that this identifier names.

    ``None`` whenever a person has to choose: two organisations that are not withdrawn or inactive bear the name
    (an acronym counts as bearing it), or it is nobody's full name. An acronym alone never links. Another register's
    number links where its scheme stands before it (``GB-COH 01234567``) or its check digits are right (an LEI).
    """
    subject = parse_identifier(text)
    if subject is not None:
        known = get(tx, subject_links.canonical_of(tx, subject))
        return _linkable(known) if known is not None else _identified(tx, *subject.split(":", 1))
    for separator in _IDENTIFIER_SEPARATORS:
        scheme, _, number = text.strip().partition(separator)
        if any(map(str.isdigit, number)) and (found := _identified(tx, scheme, number)):
            return found
    rows = subject_search.named(tx, normalise(text))
    ends = subject_links.canonicals_of(tx, (row.subject for row in rows))
    bearers: dict[SubjectId, bool] = {}
    for row in rows:
        kind, status = storage.of_rank(row.rank)
        if status in {"active", "unknown"}:
            bearers[ends[row.subject]] = bearers.get(ends[row.subject], False) or kind != "acronym"
    if len(bearers) != 1:
        return None
    ((bearer, by_full_name),) = bearers.items()
    return _linkable(get(tx, bearer)) if by_full_name else None


def subject_named(tx: Transaction, text: str) -> Subject | None:
    """What :func:`resolve_exact` finds, as a statement or an assessment names it."""
    found = resolve_exact(tx, text)
    return None if found is None else Subject(id=found.id, label=found.label)


def bearers(tx: Transaction, name: str) -> list[SearchHit]:
    """Whoever bears exactly this name already: to be asked before a further identifier is made for it."""
    return _hits(tx, _exact(subject_search.named(tx, normalise(name))), MAX_HITS)


def _identified(tx: Transaction, scheme: str, value: str) -> Organisation | None:
    """The one organisation that this register calls so."""
    rows = subject_search.identified(tx, identifier_key(value), scheme)
    ends = set(subject_links.canonicals_of(tx, (row.subject for row in rows)).values())
    return _linkable(get(tx, ends.pop())) if len(ends) == 1 else None


def _linkable(organisation: Organisation | None) -> Organisation | None:
    return organisation if organisation is not None and organisation.origin == "registry" else None


def _by_identifier(tx: Transaction, text: str) -> dict[SubjectId, _Found]:
    """A subject id, or what another registry calls it: the value alone, or after its scheme."""
    subject = parse_identifier(text)
    if subject is not None and get(tx, subject) is not None:
        return {subject: _Found("identifier", subject)}
    stripped = text.strip()
    if not any(character.isdigit() for character in stripped):
        return {}
    value = subject.partition(":")[2] if subject is not None else stripped
    rows = subject_search.identified(tx, identifier_key(value))
    for separator in _IDENTIFIER_SEPARATORS:
        scheme, separated, rest = stripped.partition(separator)
        if not rows and separated and rest:
            rows = subject_search.identified(tx, identifier_key(rest), scheme)
    return {row.subject: _Found("identifier", f"{row.scheme} {row.value}") for row in rows}


def _by_domain(tx: Transaction, text: str, limit: int) -> dict[SubjectId, _Found]:
    host = domain_of(text)
    rows = subject_search.at_domain(tx, host, limit) if host else []
    found: dict[SubjectId, _Found] = {}
    for row in rows:
        found.setdefault(row.subject, _Found("domain", row.value))
    return found


def _by_name(tx: Transaction, wanted: str, limit: int) -> dict[SubjectId, _Found]:
    if not wanted:
        return {}
    if len(wanted) < _MIN_PREFIX and wanted.isascii():
        return _exact(subject_search.named(tx, wanted))
    exact, begun = subject_search.beginning(tx, wanted, limit)
    found = _exact(exact)
    for row in begun:
        found.setdefault(row.subject, _Found("prefix", row.normalised))
    by_words = ByWords(tx, wanted)
    others = _new(by_words.typed(limit), "word", found)
    if not found and not others:
        others = _new(by_words.corrected(limit), "spelling", ())
    return _share(found, others, limit)


def _exact(rows: Iterable[subject_search.NameRow]) -> dict[SubjectId, _Found]:
    found: dict[SubjectId, _Found] = {}
    for row in sorted(rows, key=lambda row: (row.rank, row.subject)):
        found.setdefault(row.subject, _Found("exact", row.normalised))
    return found


def _new(answers: Iterable[Answer], match: Match, there: Iterable[SubjectId]) -> dict[SubjectId, _Found]:
    known = set(there)
    return {each.subject: _Found(match, each.name) for each in answers if each.subject not in known}


def _share(found: dict[SubjectId, _Found], others: dict[SubjectId, _Found], limit: int) -> dict[SubjectId, _Found]:
    """The first ``limit``, with a third kept for words: else no "Cambridge" finds the university of that name."""
    reserved = min(len(others), max(limit // 3, limit - len(found)))
    return dict([*list(found.items())[: limit - reserved], *list(others.items())[:reserved]])


def _hits(tx: Transaction, found: dict[SubjectId, _Found], limit: int) -> list[SearchHit]:
    """Each organisation once, under its canonical identifier, in the order found."""
    if not found:
        return []
    organisations, linked = subject_search.shown(tx, found)
    ends: Mapping[SubjectId, SubjectId] = {}
    if linked:
        ends = subject_links.canonicals_of(tx, found)
        organisations |= subject_search.shown(tx, set(ends.values()))[0]
    hits: dict[SubjectId, SearchHit] = {}
    for subject, each in found.items():
        if subject not in organisations:
            continue
        hit = _hit(organisations[subject], each)
        end = ends.get(subject, subject)
        if end != subject:
            hit = _as_canonical(hit, end, organisations.get(end))
        hits.setdefault(end, hit)
    return list(hits.values())[:limit]


def _as_canonical(hit: SearchHit, end: SubjectId, organisation: Shown | None) -> SearchHit:
    """What an alias answered, shown as the organisation it is linked to."""
    if organisation is None:
        return replace(hit, id=end, alias=hit.id)
    shown = _hit(organisation, _Found("identifier", organisation.label))
    return replace(shown, match=hit.match, matched=hit.matched, kind=hit.kind, alias=hit.id)


def _hit(organisation: Shown, found: _Found) -> SearchHit:
    matched, kind = found.answered, KIND_ORDER[0]
    if found.match not in {"identifier", "domain"}:
        matched, kind = _name_of(organisation, found.answered)
    return SearchHit(
        id=organisation.id,
        label=organisation.label,
        matched=matched,
        match=found.match,
        kind=kind,
        status=organisation.status,
        types=organisation.types,
        place=organisation.place,
        country=organisation.country,
        origin=organisation.origin,
    )


def _name_of(organisation: Shown, normalised: str) -> tuple[str, NameKind]:
    """The name as it is written, of which the normalised form answered."""
    for name in organisation.names:
        if normalise(name.value) == normalised:
            return name.value, name.kind
    return organisation.label, KIND_ORDER[0]
