"""What an officer may write where: lengths, and codes of the vocabulary. Errors name the field, never the text."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from node.clock import day_of
from node.domain.casework import (
    MAX_REFERENCE_CHARACTERS,
    MAX_SOURCE_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_UNIT_CHARACTERS,
    AnswerData,
    AssessmentData,
)
from node.errors import Code, HanseError
from protocol.identifiers import VocabularyCode
from protocol.limits import MAX_CODES, MAX_SOURCES
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_STRENGTH: Final = 4
"""1 a trace, 2 some, 3 much, 4 throughout."""
MAX_CREDIBILITY: Final = 6
"""The last grade of the Admiralty scale."""


class FieldError(HanseError):
    """``INVALID``, with the field at fault: an import names the column by it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(Code.INVALID, f"{field}: {detail}")
        self.field = field
        self.words = detail


def checked_assessment(data: AssessmentData, vocabulary: Vocabulary) -> AssessmentData:
    """The same data with tidy texts and sorted codes, or ``INVALID``."""
    known("engagement_kind", data.engagement_kind, vocabulary.engagement_kinds)
    return replace(
        data,
        title=line("title", data.title, MAX_TITLE_CHARACTERS, required=True),
        unit=line("unit", data.unit, MAX_UNIT_CHARACTERS),
        technology_domains=codes("technology_domains", data.technology_domains, vocabulary.technology_domains),
        purpose=text("purpose", data.purpose),
        benefit=text("benefit", data.benefit),
        reference=line("reference", data.reference, MAX_REFERENCE_CHARACTERS),
    )


def checked_answer(data: AnswerData, vocabulary: Vocabulary, now: Timestamp) -> AnswerData:
    """The same data with tidy texts and sorted codes, or ``INVALID``.

    Assurances and concerns need the same fields.
    """
    known("indicator", data.indicator, vocabulary.indicators)
    if data.question is not None:
        known("question", data.question, vocabulary.checklist)
        if data.indicator not in vocabulary.checklist[data.question].indicators:
            raise FieldError("indicator", "this indicator does not answer this question.")
    if not 1 <= data.strength <= MAX_STRENGTH:
        raise FieldError("strength", f"a number from 1 to {MAX_STRENGTH}.")
    if data.grade.reliability not in vocabulary.reliabilities:
        raise FieldError("reliability", "a letter from A to F.")
    if not 1 <= data.grade.credibility <= MAX_CREDIBILITY:
        raise FieldError("credibility", f"a number from 1 to {MAX_CREDIBILITY}.")
    if data.observed.end > day_of(now):
        raise FieldError("observed_until", "nothing can have been observed in the future.")
    kinds = codes("evidence_kinds", data.evidence_kinds, vocabulary.evidence_sources)
    if not kinds:
        raise FieldError("evidence_kinds", "name at least one kind of evidence.")
    if len(data.sources) > MAX_SOURCES:
        raise FieldError("sources", f"at most {MAX_SOURCES} sources.")
    sources = tuple(line("sources", source, MAX_SOURCE_CHARACTERS) for source in data.sources)
    return replace(
        data,
        observation=text("observation", data.observation),
        evidence_kinds=kinds,
        sources=tuple(dict.fromkeys(source for source in sources if source)),
        mitigations=codes("mitigations", data.mitigations, vocabulary.mitigations),
    )


def known(field: str, code: VocabularyCode, entries: Mapping[VocabularyCode, object]) -> None:
    """Refuse a code that the vocabulary does not hold."""
    if code not in entries:
        raise FieldError(field, "this code is not in the vocabulary.")


def codes(
    field: str, values: Iterable[VocabularyCode], entries: Mapping[VocabularyCode, object]
) -> tuple[VocabularyCode, ...]:
    """A set of known codes, ascending and each once, as statements carry it."""
    found = tuple(sorted(set(values)))
    for code in found:
        known(field, code, entries)
    if len(found) > MAX_CODES:
        raise FieldError(field, f"at most {MAX_CODES} codes.")
    return found


def line(field: str, value: str, limit: int, *, required: bool = False) -> str:
    """One line of text without surrounding space, in NFC."""
    tidy = " ".join(text(field, value, limit).split())
    if required and not tidy:
        raise FieldError(field, "this is required.")
    return tidy


def text(field: str, value: str, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Text of several lines without control characters, in NFC."""
    tidy = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if len(tidy) > limit:
        raise FieldError(field, f"at most {limit} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t" for character in tidy):
        raise FieldError(field, "control characters are not allowed.")
    return tidy
