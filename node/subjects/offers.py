"""Organisations offered to a person for what they typed, each with the reason in words; and the link where it is safe.

Two ways of finding are put together: the matcher, which reads a whole affiliation and says why, and the search, which
also knows the subjects that members named themselves. The matcher is asked first and outside any transaction that
writes (:func:`understood`): its index may have to be read or built.
"""

from dataclasses import dataclass

from node.domain.subjects import MAX_SEARCH_CHARACTERS, Organisation
from node.errors import HanseError
from node.storage import subjects as storage
from node.storage.database import Transaction
from node.subjects.find import bearers, search
from node.subjects.matching import Match, Names, matches
from node.subjects.matching.text import MAX_CHARACTERS
from protocol.identifiers import SubjectId


@dataclass(frozen=True, slots=True)
class Offer:
    """One organisation that may be meant, with what tells it from its namesakes."""

    id: SubjectId
    label: str
    types: tuple[str, ...]
    place: str
    country: str
    why: str
    """The reason in words; empty where a plain search found it."""


def understood(names: Names, text: str) -> Match:
    """What the matcher makes of a text; nothing of one that is too long to be a name or an affiliation."""
    if not text.strip() or len(text) > MAX_CHARACTERS:
        return Match((), ())
    return matches(names.matcher(), text)


def safe_link(tx: Transaction, match: Match) -> Organisation | None:
    """The one organisation that may be taken without asking: the matcher is safe, and nobody else bears its name.

    The matcher knows the registry alone; a subject of the same name that a member named is known only here.
    """
    if len(match.links) != 1:
        return None
    (link,) = match.links
    alike = {hit.id for hit in bearers(tx, link.name)}
    return storage.get_many(tx, [link.subject]).get(link.subject) if alike <= {link.subject} else None


def offers(tx: Transaction, match: Match, text: str, limit: int) -> list[Offer]:
    """Best first: whoever bears exactly this name, then what the matcher found, then what a search finds."""
    exact = {hit.id for hit in bearers(tx, text[:MAX_SEARCH_CHARACTERS])}
    why = {one.subject: one.why for one in match.suggestions}
    wanted = [*sorted(exact, key=lambda each: each not in why), *why]
    known = storage.get_many(tx, wanted)
    borne = "it bears this name" + (", and so does another" if len(exact) > 1 else "")
    found = {each: _offer(known[each], borne if each in exact else why[each]) for each in wanted if each in known}
    if len(found) < limit:
        for hit in _searched(tx, text, limit):
            found.setdefault(hit.id, hit)
    return list(found.values())[:limit]


def _offer(known: Organisation, why: str) -> Offer:
    return Offer(known.id, known.label, known.types, known.place, known.country, why)


def _searched(tx: Transaction, text: str, limit: int) -> list[Offer]:
    if len(text) > MAX_SEARCH_CHARACTERS:
        return []
    try:
        hits = search(tx, text, limit)
    except HanseError:
        return []  # not a text that can be searched for
    return [Offer(hit.id, hit.label, hit.types, hit.place, hit.country, "") for hit in hits]


__all__ = ["Offer", "offers", "safe_link", "understood"]
