"""What an analyst may ask of the pooled statements, and how words are compared."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

from node.domain.insight import StatementView
from protocol.identifiers import CircleId, KeyId, SubjectId, VocabularyCode
from protocol.projection import State
from protocol.statements import Handling, PooledKind, Reliability, Stance, Timestamp

DateField: TypeAlias = Literal["observed_from", "observed_until", "issued", "expires"]

MAX_WORD_CHARACTERS: Final = 40
"""Code points of a word that are compared; the longest words of ordinary prose are shorter."""
MAX_QUERY_WORDS: Final = 16
"""Words of one question: each is looked up alone."""

_MARKS: Final = re.compile("[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u20d0-\u20ff]")
_WORD: Final = re.compile(
    # Scripts that write no spaces between words: every character is one.
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
    # Elsewhere runs of letters and digits; in the scripts of India with the vowel signs, which are neither.
    "|(?:[^\\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
    "|[\u0900-\u0963\u0966-\u0dff])+"
)


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which statements to show. Of several values one is enough; of several filters all must fit.

    ``None`` is no restriction, and an empty tuple fits nothing. A correction or retraction comes under whatever the
    statement fits that it acts on, as that stood before and as it stands after; but for ``words``, which are those of
    statements that stand.
    """

    circles: tuple[CircleId, ...] | None = None
    contributors: tuple[tuple[CircleId, KeyId], ...] | None = None
    kinds: tuple[PooledKind, ...] | None = None
    states: tuple[State, ...] | None = None
    subjects: tuple[SubjectId, ...] | None = None
    """At either end of a relation."""
    objects: tuple[SubjectId, ...] | None = None
    indicators: tuple[VocabularyCode, ...] | None = None
    scopes: tuple[VocabularyCode, ...] | None = None
    technology_domains: tuple[VocabularyCode, ...] | None = None
    engagement_kinds: tuple[VocabularyCode, ...] | None = None
    mitigations: tuple[VocabularyCode, ...] | None = None
    evidence_kinds: tuple[VocabularyCode, ...] | None = None
    reliabilities: tuple[Reliability, ...] | None = None
    credibilities: tuple[int, ...] | None = None
    strengths: tuple[int, ...] | None = None
    handlings: tuple[Handling, ...] | None = None
    relations: tuple[VocabularyCode, ...] | None = None
    stances: tuple[Stance, ...] | None = None
    observed_after: date | None = None
    """Observed on this day or later, if only in part; so ``observed_before``."""
    observed_before: date | None = None
    issued_after: date | None = None
    issued_before: date | None = None
    expires_after: date | None = None
    expires_before: date | None = None
    words: tuple[str, ...] = ()
    """All of them stand in the summary: :func:`words_of`."""


NO_FILTER: Final = StatementFilter()


@dataclass(frozen=True, slots=True)
class StatementsPage:
    """Some statements, and where to continue."""

    items: tuple[StatementView, ...]
    next: str
    more: bool
    position: str = ""
    """The newest place of the feed when this was read: what ``as_of`` takes."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A question that somebody has given a name."""

    id: str
    name: str
    question: Mapping[str, Sequence[str]] = field(repr=False)
    """Filters by name, each with its values."""
    changed: Timestamp


def words_of(text: str) -> list[str]:
    """The words by which a text is found, in order: without case, accents and punctuation, in any language."""
    if text.isascii():
        return [word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(text.lower())]
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()))
    composed = unicodedata.normalize("NFKC", folded).casefold()
    return [word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(composed)]
