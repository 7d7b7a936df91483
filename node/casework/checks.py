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
    PlainData,
    PlainKind,
)
from node.domain.engagements import MAX_COUNTERPARTS, MAX_FUNDER_CHARACTERS, MAX_LAW_CHARACTERS, EngagementData
from node.domain.evidence import MAX_FILES, EvidenceId
from node.domain.money import CURRENCIES, MAX_MINOR_UNITS
from node.errors import Code, HanseError
from protocol.identifiers import VocabularyCode
from protocol.limits import MAX_CODES, MAX_SOURCES
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_STRENGTH: Final = 4
"""1 a trace, 2 some, 3 much, 4 throughout."""
MAX_CREDIBILITY: Final = 6
"""The last grade of the Admiralty scale."""
EARLIEST_YEAR: Final = 1900
"""Of an engagement: a date before it is a slip of the keyboard."""
LATEST_YEAR: Final = 2199
_PLURALS: Final = {"sources": "sources", "registers": "register entries", "records": "records"}


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
    return replace(
        data,
        observation=text("observation", data.observation),
        evidence_kinds=kinds,
        sources=references("sources", data.sources),
        registers=references("registers", data.registers),
        records=references("records", data.records),
        files=_files(data.files),
        mitigations=codes("mitigations", data.mitigations, vocabulary.mitigations),
    )


def checked_plain(data: PlainData, vocabulary: Vocabulary, now: Timestamp) -> PlainData:
    """The same answer without an observation with tidy texts, or ``INVALID``.

    What was not found was looked for somewhere, what is not known somebody was asked, and what does not apply has a
    reason: none of the three goes without words or something to look at.
    """
    known("question", data.question, vocabulary.checklist)
    checked = replace(
        data,
        words=text("words", data.words),
        sources=references("sources", data.sources),
        registers=references("registers", data.registers),
        records=references("records", data.records),
        files=_files(data.files),
    )
    shown = checked.sources or checked.registers or checked.records or checked.files
    match data.kind:
        case PlainKind.NOTHING_FOUND:
            if not checked.words and not shown:
                raise FieldError("words", "say where it was looked for, or name a source.")
        case PlainKind.NOT_KNOWN:
            if not checked.words and not shown:
                raise FieldError("words", "say who was asked.")
        case PlainKind.NOT_APPLICABLE:
            if not checked.words:
                raise FieldError("words", "say why the question does not apply.")
    if data.day > day_of(now):
        raise FieldError("day", "nothing can have been looked for in the future.")
    return checked


def checked_engagement(data: EngagementData, vocabulary: Vocabulary) -> EngagementData:
    """The same data with tidy texts and sorted codes, or ``INVALID``."""
    known("kind", data.kind, vocabulary.engagement_kinds)
    if len(data.counterparts) > MAX_COUNTERPARTS:
        raise FieldError("counterparts", f"at most {MAX_COUNTERPARTS} organisations.")
    for field, day in (("begins", data.begins), ("ends", data.ends)):
        if day is not None and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise FieldError(field, f"a day from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    if data.begins is not None and data.ends is not None and data.ends < data.begins:
        raise FieldError("ends", "it ends before it begins.")
    if data.amount is not None:
        if data.amount.currency not in CURRENCIES:
            raise FieldError("currency", "a code of three letters, such as EUR.")
        if not 0 <= data.amount.minor <= MAX_MINOR_UNITS:
            raise FieldError("amount", "a whole number of minor units that is not negative.")
    return replace(
        data,
        title=line("title", data.title, MAX_TITLE_CHARACTERS, required=True),
        counterparts=tuple({each.id: each for each in data.counterparts}.values()),
        partner_unit=line("partner_unit", data.partner_unit, MAX_UNIT_CHARACTERS),
        our_unit=line("our_unit", data.our_unit, MAX_UNIT_CHARACTERS),
        funder=line("funder", data.funder, MAX_FUNDER_CHARACTERS),
        technology_domains=codes("technology_domains", data.technology_domains, vocabulary.technology_domains),
        governing_law=line("governing_law", data.governing_law, MAX_LAW_CHARACTERS),
        purpose=text("purpose", data.purpose),
        benefit=text("benefit", data.benefit),
        reference=line("reference", data.reference, MAX_REFERENCE_CHARACTERS),
    )


def references(field: str, values: Iterable[str]) -> tuple[str, ...]:
    """Each on one line, each once, in the order in which they were named."""
    found = tuple(values)
    if len(found) > MAX_SOURCES:
        raise FieldError(field, f"at most {MAX_SOURCES} {_PLURALS[field]}.")
    tidy = (line(field, value, MAX_SOURCE_CHARACTERS) for value in found)
    return tuple(dict.fromkeys(value for value in tidy if value))


def _files(values: Iterable[EvidenceId]) -> tuple[EvidenceId, ...]:
    """Each once. Whether they exist is for :mod:`node.casework.evidence` to say."""
    found = tuple(dict.fromkeys(values))
    if len(found) > MAX_FILES:
        raise FieldError("file", f"at most {MAX_FILES} files.")
    return found


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
