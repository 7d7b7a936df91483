"""Finding names by their words: in any order, the last one perhaps only begun, and each perhaps mistyped.

How a mistyped word is put right: the words that names here really have are the dictionary. A word that no name has
is compared with those that share an undamaged piece with it (:func:`node.storage.subject_search.near`), counting
letters left out, added, exchanged or swapped with their neighbour (optimal string alignment). One mistake is
allowed in a word of four letters, two from eight on; in a shorter one none, where nearly everything is near.
"""

from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract_iter

from node.domain.subjects import MAX_WORD_CHARACTERS, is_unspaced, words_of
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


class ByWords:
    """One search by words: of the normalised text ``wanted``, as it was typed and, where that finds nothing, put right.

    Best is: all words in one name, as they were typed or close to it, few further words, the better kind of name and
    status, the shorter name, the alphabet.
    """

    def __init__(self, tx: Transaction, wanted: str) -> None:
        typed = words_of(wanted)[:MAX_WORDS]
        self._tx = tx
        self._wanted = wanted
        self._words = [Wanted((word,), begun=word is typed[-1] or is_unspaced(word)) for word in typed]
        self._counts = storage.count_rows(tx, self._words)

    def typed(self, limit: int) -> list[Answer]:
        """Subjects whose names have all words, best first."""
        return self._ranked(self._words, self._counts, limit)

    def corrected(self, limit: int) -> list[Answer]:
        """The same, where words that are near those typed will do; empty where no word is near."""
        near = self._with_near()
        if near == self._words:
            return []
        return self._ranked(near, storage.count_rows(self._tx, near), limit)

    def _ranked(self, words: list[Wanted], counts: list[int], limit: int) -> list[Answer]:
        found = storage.having(self._tx, words, counts)
        sought = [_Sought(word) for word in words]
        ranked = [(min(_order(name, sought, self._wanted) for name in names), each) for each, names in found.items()]
        return [Answer(subject, name) for (*_, name), subject in nsmallest(limit, ranked)]

    def _with_near(self) -> list[Wanted]:
        """The words with what each may have been meant to be: only the unknown ones, else all of them.

        An unknown word that is too short to be put right is left out, where others remain.
        """
        words = self._words
        unknown = [word for word, count in zip(words, self._counts, strict=True) if not count]
        long = [word for word in words if word not in unknown or len(word.forms[0]) >= MIN_CORRECTED]
        if long != words and long:
            return [_near(self._tx, word) if word in unknown else word for word in long]
        return [_near(self._tx, word) if word in unknown or not unknown else word for word in words]


class _Sought:
    """A word of a search, as it is looked for in names whose words stand between single spaces."""

    __slots__ = ("_pieces", "_word")

    def __init__(self, word: Wanted) -> None:
        self._word = word
        # Words are cut where they are indexed: of one that long, the beginning decides.
        self._pieces = [
            f" {form}" if word.begun or len(form) >= MAX_WORD_CHARACTERS else f" {form} " for form in word.forms
        ]

    def is_in(self, normalised: str, *, unspaced: bool) -> bool:
        """Whether a name has the word; ``unspaced``: it has a word whose parts are words too."""
        padded = f" {normalised} "
        for piece in self._pieces:
            if piece in padded:
                return True
        if unspaced:
            return any(is_unspaced(each) and form in each for each in words_of(normalised) for form in self._word.forms)
        return False


def _near(tx: Transaction, word: Wanted) -> Wanted:
    (typed,) = word.forms
    if len(typed) < MIN_CORRECTED:
        return word
    edits = 2 if len(typed) >= _TWO_MISTAKES_FROM else 1
    known = list(storage.near(tx, typed, edits, begun=word.begun))
    distances: dict[str, int] = {}
    # Of a longer word only as much is compared as has been typed.
    for end in (None, len(typed), len(typed) + 1) if word.begun else (None,):
        compared = [each[:end] for each in known]
        for _, distance, place in extract_iter(typed, compared, scorer=OSA.distance, score_cutoff=edits):
            distances[known[place]] = min(int(distance), distances.get(known[place], edits))
    measured = sorted((distance, abs(len(each) - len(typed)), each) for each, distance in distances.items())
    nearest = [each for _, _, each in measured[:MAX_FORMS]]
    return Wanted((typed, *(each for each in nearest if each != typed))) if nearest else word


def _order(name: NameRow, sought: list[_Sought], wanted: str) -> tuple[int, int, int, int, int, str]:
    """What comes first is smallest."""
    normalised = name.normalised
    unspaced = is_unspaced(normalised)
    missing = 0
    for word in sought:
        if not word.is_in(normalised, unspaced=unspaced):
            missing += 1
    further = normalised.count(" ") + 1 - len(sought)
    apart = 0 if wanted in normalised else 1
    return missing, apart, max(0, further), name.rank, len(normalised), normalised
