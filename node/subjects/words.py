"""Finding names by their words: in any order, the last one perhaps only begun, and each perhaps mistyped.

How a mistyped word is put right: the words that names here really have are the dictionary. A word that no name has
is compared with those that share an undamaged piece with it (:func:`node.storage.subject_search.near`), counting
letters left out, added, exchanged or swapped with their neighbour (optimal string alignment). One mistake is
allowed in a word of four letters, two from eight on; in a shorter one none, where nearly everything is near.
"""

from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from node.domain.subjects import is_unspaced, words_of
from node.storage import subject_search as storage
from node.storage.database import Transaction
from node.storage.subject_search import NameRow, Wanted
from node.storage.subjects import MIN_CORRECTED
from protocol.identifiers import SubjectId

MAX_WORDS: Final = 12
"""Words of a search that are looked up; the rest still counts in the order of the answers."""
MAX_FORMS: Final = 8
"""Known words that one mistyped word may have been: the nearest ones."""
_TWO_MISTAKES_FROM: Final = 8
"""Letters of a word in which two mistakes still leave it recognisable."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One subject that has the words, and its name that shows it best."""

    subject: SubjectId
    name: str


def by_words(tx: Transaction, wanted: str, limit: int, *, corrected: bool = False) -> list[Answer]:
    """Subjects whose names have all words of the normalised text ``wanted``, best first.

    Best is: all words in one name, as they were typed or close to it, few further words, the better kind of name and
    status, the shorter name, the alphabet. With ``corrected``, words that are near those typed will do.
    """
    typed = words_of(wanted)[:MAX_WORDS]
    words = [Wanted((word,), begun=word is typed[-1] or is_unspaced(word)) for word in typed]
    if corrected:
        near = _with_near(tx, words)
        if near == words:
            return []
        words = near
    found = storage.having(tx, words)
    names = storage.names_of(tx, found)
    ranked = sorted((_best(names[subject], words, wanted), subject) for subject in found if subject in names)
    return [Answer(subject, name) for (*_, name), subject in ranked[:limit]]


def _with_near(tx: Transaction, words: list[Wanted]) -> list[Wanted]:
    """The words with what each may have been meant to be: only the unknown ones, else all of them.

    An unknown word that is too short to be put right is left out, where others remain.
    """
    unknown = [word for word in words if not storage.is_known(tx, word)]
    long = [word for word in words if word not in unknown or len(word.forms[0]) >= MIN_CORRECTED]
    if long != words and long:
        return [_near(tx, word) if word in unknown else word for word in long]
    return [_near(tx, word) if word in unknown or not unknown else word for word in words]


def _near(tx: Transaction, word: Wanted) -> Wanted:
    (typed,) = word.forms
    if len(typed) < MIN_CORRECTED:
        return word
    edits = 2 if len(typed) >= _TWO_MISTAKES_FROM else 1
    measured = []
    for known in storage.near(tx, typed, edits, begun=word.begun):
        # Of a longer word only as much is compared as has been typed.
        compared = {known, known[: len(typed)], known[: len(typed) + 1]} if word.begun else {known}
        distance = min(OSA.distance(typed, each, score_cutoff=edits) for each in compared)
        if distance <= edits:
            measured.append((distance, abs(len(known) - len(typed)), known))
    nearest = [known for _, _, known in sorted(measured)[:MAX_FORMS]]
    return Wanted((typed, *(known for known in nearest if known != typed))) if nearest else word


def _best(names: list[NameRow], words: list[Wanted], wanted: str) -> tuple[int, int, int, int, int, str]:
    return min(_order(name, words, wanted) for name in names)


def _order(name: NameRow, words: list[Wanted], wanted: str) -> tuple[int, int, int, int, int, str]:
    """What comes first is smallest."""
    present = words_of(name.normalised)
    missing = sum(not any(_fits(word, each) for each in present) for word in words)
    further = len(present) - len(words)
    apart = 0 if wanted in name.normalised else 1
    return missing, apart, max(0, further), name.rank, len(name.normalised), name.normalised


def _fits(word: Wanted, present: str) -> bool:
    if is_unspaced(present):
        return any(form in present for form in word.forms)
    return any(present == form or (word.begun and present.startswith(form)) for form in word.forms)
