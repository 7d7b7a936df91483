"""Importing a public list: organisations only, each entry tied by an identifier or left for a person to confirm.

A listing is one dated piece of evidence. It is stored with its list, its reference, its day and what it legally means,
and is shown under its own heading; it never becomes a finding by itself and enters no signal. No list is shipped.

Importing a newer edition of a list keeps what people decided: an entry is recognised by its reference. An entry that
the new edition no longer has is kept and marked as ended.
"""

from collections.abc import Iterable
from typing import Final

from node.domain.accounts import AccountId
from node.domain.lists import (
    MAX_EFFECT_CHARACTERS,
    MAX_LIST_NAME_CHARACTERS,
    ListAbout,
    ListEntry,
    Listing,
    ListingState,
    ListReport,
)
from node.domain.subjects import identifier_key, parse_identifier
from node.errors import Code, HanseError
from node.storage import lists as storage
from node.storage import subject_search
from node.storage import subjects as registry
from node.storage.database import Transaction
from node.subjects.find import bearers
from node.subjects.list_files import Item, Refused
from node.subjects.matching import Match
from node.subjects.offers import Offer, offers
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp

MAX_ENTRIES: Final = 300_000
"""Organisations of one list: all public ones together have fewer."""
MAX_REFUSED: Final = 20
"""Refused entries that the report describes."""
MAX_CANDIDATES: Final = 8
"""Organisations offered for an entry that nobody has tied yet."""
_OURS: Final = frozenset({"ror", "lei"})
"""Schemes that are identifiers of subjects themselves."""


def import_list(tx: Transaction, about: ListAbout, items: Iterable[Item], now: Timestamp) -> ListReport:
    """Store the organisations of one edition of a list; in one transaction, so that an edition is there or is not."""
    _require_about(about)
    list_id = storage.put_list(tx, about, now)
    there = storage.of_list(tx, list_id)
    tally = _Tally()
    new: dict[str, tuple[ListEntry, ListingState, SubjectId | None]] = {}
    seen: set[str] = set()
    for item in items:
        tally.read += 1
        entry = tally.organisation(item)
        if entry is None:
            continue
        if entry.entry in seen:
            tally.refuse(Refused(tally.read, "its reference stands twice in the list"))
            continue
        if len(seen) == MAX_ENTRIES:
            raise HanseError(Code.TOO_LARGE, f"a list has at most {MAX_ENTRIES:,} organisations.", remedy="Split it.")
        seen.add(entry.entry)
        stated = _with_default(entry, about)
        state, subject = _match(tx, stated)
        old = there.get(entry.entry)
        if old is None:
            new[entry.entry] = (stated, state, subject)
        else:
            tally.again(_change(tx, old, stated, state, subject))
    storage.put(tx, list_id, new.values())
    gone = [each.id for key, each in there.items() if key not in seen and each.ended is None]
    storage.end(tx, gone, now)
    tally.ended = len(gone)
    after = storage.of_list(tx, list_id).values()
    return tally.report(len(new), [each.state for each in after if each.ended is None])


def candidates(tx: Transaction, listing: Listing, match: Match) -> list[Offer]:
    """Organisations that an entry may mean, for a person; ``match``: what the matcher made of its name.

    Those that bear its name, and only where there is none, those that the matcher or a search finds.
    """
    exact = {hit.id for hit in bearers(tx, listing.name)}
    found = offers(tx, match, listing.name, MAX_CANDIDATES)
    return [each for each in found if each.id in exact] or found


def decide(tx: Transaction, listing: str, subject: SubjectId | None, account: AccountId, now: Timestamp) -> Listing:
    """Tie an entry to an organisation, or set it aside as none of ours; raises ``NOT_FOUND`` and ``CONFLICT``.

    A person may change their mind: what was confirmed or set aside can be decided again. What an identifier says is
    no matter of opinion.
    """
    found = storage.get(tx, listing)
    if found is None or (subject is not None and subject not in registry.get_many(tx, [subject])):
        raise HanseError(Code.NOT_FOUND, "there is no such entry, or no such organisation.")
    state: ListingState = "dismissed" if subject is None else "confirmed"
    if not storage.decide(tx, listing, state, subject, account, now):
        raise HanseError(Code.CONFLICT, "an identifier has tied this entry; nobody has to confirm it.")
    return found


def _match(tx: Transaction, entry: ListEntry) -> tuple[ListingState, SubjectId | None]:
    """The organisation that an identifier of the entry names, if all that name one name the same."""
    found: set[SubjectId] = set()
    for scheme, value in entry.identifiers:
        subject = parse_identifier(value if scheme in _OURS else "")
        if subject is not None and subject.startswith(f"{scheme}:") and registry.get_many(tx, [subject]):
            found.add(subject)
            continue
        found.update(row.subject for row in subject_search.identified(tx, identifier_key(value), scheme))
    if len(found) != 1:
        return "pending", None
    return "identified", found.pop()


def _change(tx: Transaction, old: Listing, entry: ListEntry, state: ListingState, subject: SubjectId | None) -> bool:
    """Write an entry again where it differs; a person's word stays unless an identifier now says it."""
    if state == "pending" and old.state != "identified":
        state, subject = old.state, old.subject
    before = (old.name, old.listed, old.effect, old.link, old.identifiers, old.state, old.subject, old.ended)
    after = (entry.name, entry.listed, entry.effect, entry.link, entry.identifiers, state, subject, None)
    if before == after:
        return False
    storage.change(tx, old.id, entry, state, subject)
    return True


def _with_default(entry: ListEntry, about: ListAbout) -> ListEntry:
    """What the entry does not say, the list as a whole may."""
    return ListEntry(
        entry=entry.entry,
        name=entry.name,
        listed=entry.listed or about.published,
        effect=entry.effect or about.effect,
        link=entry.link,
        identifiers=entry.identifiers,
    )


def _require_about(about: ListAbout) -> None:
    if not about.name.strip() or len(about.name) > MAX_LIST_NAME_CHARACTERS:
        raise HanseError(Code.INVALID, f"the name of a list has 1 to {MAX_LIST_NAME_CHARACTERS} characters.")
    if len(about.publisher) > MAX_LIST_NAME_CHARACTERS or len(about.effect) > MAX_EFFECT_CHARACTERS:
        raise HanseError(Code.INVALID, "the publisher or the legal effect is too long.")


class _Tally:
    """Counts of one import."""

    def __init__(self) -> None:
        self.read = self.persons = self.unclear = self.other = self.refusals = 0
        self.changed = self.unchanged = self.ended = 0
        self.refused: list[tuple[int, str]] = []

    def organisation(self, item: Item) -> ListEntry | None:
        """Count what is none."""
        match item:
            case ListEntry():
                return item
            case Refused():
                self.refuse(item)
            case "person":
                self.persons += 1
            case "unclear":
                self.unclear += 1
            case "other":
                self.other += 1
        return None

    def refuse(self, item: Refused) -> None:
        """Name the first of them."""
        self.refusals += 1
        if len(self.refused) < MAX_REFUSED:
            self.refused.append((item.position, item.reason))

    def again(self, changed: bool) -> None:  # noqa: FBT001 - what became of an entry that was there
        """An entry that was there before."""
        self.changed += changed
        self.unchanged += not changed

    def report(self, added: int, states: list[ListingState]) -> ListReport:
        """What to tell."""
        return ListReport(
            read=self.read,
            persons=self.persons,
            unclear=self.unclear,
            other=self.other,
            refused=tuple(self.refused),
            refusals=self.refusals,
            added=added,
            changed=self.changed,
            unchanged=self.unchanged,
            ended=self.ended,
            identified=states.count("identified"),
            pending=states.count("pending"),
        )
