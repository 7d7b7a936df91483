"""Which organisations a text means: links where that is safe, suggestions for a person everywhere else.

Two modes. ``safe`` links only where nothing in a closed list of doubts (:data:`DOUBTS`) applies, and a further
organisation of the same text only where it is the surer: it is for links that nobody looks at. ``balanced`` links
every organisation that the text more likely means than not; it is for reading many records at once, where some wrong
links are expected and corrected. In neither mode does a name alone link when two organisations bear it, nor one that
goes on in the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from node.errors import Code, HanseError
from node.subjects.matching import candidates, features, mentions, model, places, second
from node.subjects.matching.candidates import Candidate
from node.subjects.matching.index import KINDS, Index
from node.subjects.matching.text import MAX_CHARACTERS, read
from protocol.identifiers import SubjectId

Mode: TypeAlias = Literal["safe", "balanced"]

MAX_SUGGESTIONS: Final = 10
"""Organisations that are suggested for one text: what a person compares at a glance."""
MIN_SCORE: Final = 0.002
"""Below this probability an organisation is not suggested."""
ROR: Final = "https://ror.org/"
SAFE_FURTHER: Final = 0.85
"""Probability from which ``safe`` links a further organisation of a text."""
_SURE: Final = 0.995
"""Highest probability that is shown: no name is an identifier."""

DOUBTS: Final[Mapping[str, str]] = {
    "undecided": "other organisations bear the same name",
    "closed": "the registry says that it is no longer active",
    "acronym": "only an abbreviation stands in the text",
    "initials": "only the first letters of its name stand in the text",
    "host": "only an address stands in the text",
    "one_word": "its name is one word",
    "near": "its name stands there only nearly so",
    "short": "only a part of its name stands there",
    "order": "the words of its name stand there in another order",
    "inside_longer": "the words are part of a longer name",
    "inside_near": "the words may be part of a longer name",
    "unit": "the name may be a department of another organisation",
    "laboratory": "the name may be a laboratory of another organisation in the text",
    "country_other": "the text names another country",
    "country_hint_other": "the text points to another country",
    "next_of": "the name goes on in the text",
    "previous_of": "the name begins earlier in the text",
    "previous_kind": "the word before it makes it another name",
    "continued": "the text also names a part or campus of it",
    "crossing_child": "the words may be another organisation's name and a place",
    "overlapping_crossing": "the words belong to two different parts of the text",
}
"""What keeps a link from being safe, in the words in which a person reads it."""

_FOUND: Final[Mapping[str, str]] = {
    "exact": "its name stands in the text",
    "order": "the words of its name stand in the text, in another order",
    "spread": "its name stands in the text in two places",
    "short": "a part of its name stands in the text",
    "near": "a name like one of its own stands in the text",
    "acronym": "its abbreviation stands in the text",
    "initials": "the first letters of its name stand in the text",
    "host": "an address of it stands in the text",
}
_KIND: Final[Mapping[str, str]] = {
    "display": "",
    "label": " (one of its names)",
    "alias": " (another name of it)",
    "acronym": "",
    "former": " (the name of a predecessor)",
    "clipped": " (without its legal form or the person it honours)",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One organisation that may be meant."""

    subject: SubjectId
    name: str
    score: float
    """Estimated probability, 0 to 1."""
    why: str
    """The reason in words: what was found, then what speaks against a link."""
    place: str = ""
    country: str = ""
    """Both to tell namesakes apart."""

    @property
    def address(self) -> str:
        """The identifier as the registry writes it."""
        return ROR + self.subject.removeprefix("ror:")


@dataclass(frozen=True, slots=True)
class Match:
    """What a text came to. ``suggestions`` holds the linked ones too, with their reason, best first."""

    links: tuple[Suggestion, ...]
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Matcher:
    """An index with everything else that matching needs; safe to share between threads."""

    index: Index
    gazetteer: places.Gazetteer
    model: model.Model


def matcher(index: Index) -> Matcher:
    """With the committed lists and weights."""
    return Matcher(index, places.load(), model.load())


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate, its numbers and its probability."""

    candidate: Candidate
    numbers: Mapping[str, float]
    probability: float
    order: float
    """Where it stands among the suggestions: higher before lower."""


def weigh(having: Matcher, text: str) -> list[Weighed]:
    """Every candidate of a text, best first. Raises ``INVALID`` for a text that is too long."""
    if len(text) > MAX_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"a name or affiliation has at most {MAX_CHARACTERS:,} characters.",
            remedy="Give the affiliation alone, without the text around it.",
        )
    words = read(text)
    exact = mentions.find_exact(having.index, words)
    evidence = places.find(words, having.gazetteer, having.index.word_country, mentions.inside(exact))
    everything = mentions.find(having.index, words, exact, evidence)
    found = candidates.candidates(having.index, words, everything, evidence)
    numbers = features.weigh(having.index, words, found, evidence)
    return look_twice(having.model, found, numbers)


def look_twice(
    weights: model.Model, found: Sequence[Candidate], numbers: Sequence[Mapping[str, float]]
) -> list[Weighed]:
    """The candidates of one text with their probabilities, best first."""
    first = [model.probability(weights.first, its) for its in numbers]
    both = [{**its, **more} for its, more in zip(numbers, second.numbers(found, first), strict=True)]
    weighed = [
        Weighed(each, its, model.probability(weights.second, its), model.strength(weights.order, its))
        for each, its in zip(found, both, strict=True)
    ]
    weighed.sort(key=lambda each: (-each.probability, -each.candidate.rough, each.candidate.organisation))
    return weighed


def matches(having: Matcher, text: str, mode: Mode = "safe") -> Match:
    """The organisations that ``text``, a name or a whole affiliation in any language, means."""
    weighed = weigh(having, text)
    linked = links(having.model, weighed, mode)
    suggestions: list[tuple[bool, Suggestion]] = []
    for rank, each in sorted(enumerate(weighed), key=lambda item: -item[1].order):
        is_linked = rank in linked
        if is_linked or (each.probability >= MIN_SCORE and len(suggestions) < MAX_SUGGESTIONS):
            suggestions.append((is_linked, _suggestion(having.index, each, linked=is_linked, first=rank == 0)))
    return Match(tuple(each for ok, each in suggestions if ok), tuple(each for _, each in suggestions))


def links(weights: model.Model, weighed: Sequence[Weighed], mode: Mode) -> frozenset[int]:
    """The ranks that are linked."""
    match mode:
        case "safe":
            return frozenset(
                rank
                for rank, each in enumerate(weighed)
                if each.probability >= (SAFE_FURTHER if rank else weights.safe) and not doubts(each.numbers)
            )
        case "balanced":
            return frozenset(
                rank
                for rank, each in enumerate(weighed)
                if each.probability >= weights.balanced and not _never(each.numbers)
            )


def doubts(numbers: Mapping[str, float]) -> list[str]:
    """The doubts that apply, in the order of the list."""
    return [name for name in DOUBTS if numbers.get(name, 0.0) > 0]


def _never(numbers: Mapping[str, float]) -> bool:
    """A shared name and not a word more; or a name that goes on: "University of A" of "University of A of B"."""
    bare = numbers.get("undecided", 0.0) > 0 and numbers.get("whole_text", 0.0) > 0
    return bare or numbers.get("next_of", 0.0) > 0


def _suggestion(index: Index, each: Weighed, *, linked: bool, first: bool) -> Suggestion:
    candidate = each.candidate
    owner = candidate.organisation
    found = _FOUND[candidate.mention.how]
    if candidate.mention.how not in {"acronym", "initials", "host"}:
        found += _KIND[KINDS[candidate.kind]]
    against = [DOUBTS[name] for name in doubts(each.numbers) if name not in _FOUND]
    if candidate.rivals and "undecided" in doubts(each.numbers):
        against[0] = f"{candidate.rivals + 1} organisations bear the same name"
    support = "the text names its country" if each.numbers.get("country_same") else ""
    if each.numbers.get("town_same"):
        support = "the text names its town"
    if not linked and not against:
        against = ["another organisation in the text fits better" if not first else "it is not certain enough to link"]
    why = "; ".join(filter(None, (found, support))) + (f", but {' and '.join(against)}" if against else "")
    return Suggestion(
        subject=index.subject(owner),
        name=index.source.labels[owner],
        score=round(min(_SURE, each.probability), 3),
        why=why,
        place=index.source.places[owner],
        country=index.source.countries[owner],
    )
