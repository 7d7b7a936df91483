"""The record of a decision: the case as it stood, in words, on paper that can be laid before a committee or a court.

What is built here is sealed with the decision and never built again, so that a record printed in two years says what
was known on the day: what was found and how sure it was, what the cooperation is worth, what the partner answered, what
was agreed, what the pool said and in which state it was. What came after stands apart, under its own heading.

No name of a person is put in by the program: offices decide and see to measures; who typed it is read from the account.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from node.casework.assessments import get_assessment
from node.casework.engagements import assessments_of, get_engagement
from node.casework.evidence import files_of
from node.casework.tiers import answered, asked
from node.domain.casework import (
    Answer,
    AnswerData,
    Assessment,
    AssessmentId,
    PlainData,
    PlainKind,
)
from node.domain.decisions import (
    CaseFile,
    CaseKind,
    CaseRef,
    Decision,
    Measure,
    MeasureResult,
    MeasureState,
    PartnerQuestion,
    Responsiveness,
    ReviewKind,
)
from node.domain.documents import Document, Entry, Section, day_words, paragraphs
from node.domain.engagements import STATUS_LABELS, Engagement, EngagementId
from node.domain.evidence import EvidenceId
from node.domain.money import spelled
from node.storage import decisions as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject
from protocol.vocabulary import Vocabulary

MARK: Final = "Private casework: stays inside this institution. Readings of pooled statements keep their own handling."
RESULTS: Final[Mapping[MeasureResult, str]] = {
    MeasureResult.HELPED: "It helped",
    MeasureResult.PARTLY: "It helped in part",
    MeasureResult.NOT: "It did not help",
    MeasureResult.UNKNOWN: "Whether it helped cannot be told",
}
RESPONSES: Final[Mapping[Responsiveness, str]] = {
    Responsiveness.YES: "Answered in good faith",
    Responsiveness.PARTLY: "Answered in part",
    Responsiveness.NO: "Not answered in good faith",
}
REVIEWS: Final[Mapping[ReviewKind, str]] = {
    ReviewKind.STILL_RIGHT: "The decision is still right",
    ReviewKind.NEW_ROUND: "A new round of assessment was begun",
}
FOLLOW_UP: Final[Mapping[str, str]] = {
    "pause": "The question that is open",
    "decline": "What the partner is told",
    "terminate": "How it is wound down",
}
_GONE: Final = "no longer kept"
_PLAIN: Final[Mapping[PlainKind, str]] = {
    PlainKind.NOTHING_FOUND: "Nothing found",
    PlainKind.NOT_KNOWN: "Asked, not known",
    PlainKind.NOT_APPLICABLE: "Does not apply",
}


@dataclass(frozen=True, slots=True)
class Material:
    """What a case consists of, as read in one transaction."""

    ref: CaseRef
    engagement: Engagement | None
    assessments: tuple[Assessment, ...]
    """Oldest first."""
    files: Mapping[EvidenceId, str]
    """The names of all files that answers of ours and of the partner rest on."""

    @property
    def title(self) -> str:
        """What the officer calls it."""
        return self.engagement.data.title if self.engagement else self.assessments[-1].data.title

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The identified organisations on the other side, each once, the main one first."""
        found = list(self.engagement.data.counterparts) if self.engagement else []
        found += [each.data.subject for each in self.assessments if each.data.subject is not None]
        return tuple({subject.id: subject for subject in found}.values())


@dataclass(frozen=True, slots=True)
class Pool:
    """What the pool said about the partners of a case, in words, at a state that can be named."""

    sections: tuple[Section, ...]
    digests: tuple[str, ...]
    """Of the figures behind the words: they tell whether anything has changed since."""


def gather(tx: Transaction, vault: Vault, ref: CaseRef) -> Material:
    """Everything that belongs to a case; raises ``NOT_FOUND``."""
    engagement: Engagement | None = None
    match ref.kind:
        case CaseKind.ENGAGEMENT:
            engagement = get_engagement(tx, vault, EngagementId(ref.id))
            assessments = tuple(assessments_of(tx, vault, engagement.id))
        case CaseKind.ASSESSMENT:
            rounds = (ref.id, *storage.rounds_of(tx, ref))
            assessments = tuple(get_assessment(tx, vault, AssessmentId(each)) for each in rounds)
    wanted: set[EvidenceId] = set()
    for assessment in assessments:
        wanted.update(*(answer.data.files for answer in assessment.answers))
        wanted.update(*(answer.data.files for answer in assessment.plain))
    case = storage.find(tx, vault, ref)
    for question in case.questions if case else ():
        wanted.update(EvidenceId(each) for each in question.data.evidence)
    files = {each: file.name for each, file in files_of(tx, vault, wanted).items()}
    return Material(ref, engagement, assessments, files)


def state_of(material: Material, case: CaseFile, pool: Pool) -> str:
    """A short name for exactly what a recorder has before them: it changes when anything of it does."""
    versions = (
        case.version,
        0 if material.engagement is None else material.engagement.version,
        [(each.id, each.version) for each in material.assessments],
        pool.digests,
    )
    return sha256(msgspec.json.encode(versions)).hexdigest()[:32]


def build(material: Material, case: CaseFile, decision: Decision, pool: Pool, vocabulary: Vocabulary) -> Document:
    """The record of a decision that is being made. ``case`` has the measures that come with it."""
    number = "" if decision.number == 1 else f", in the place of decision {decision.number - 1}"
    return Document(
        kind="Decision record",
        title=material.title,
        subtitle=f"Decision {decision.number} of {day_words(decision.data.decided)}{number}",
        mark=MARK,
        sections=(
            _decided(decision, vocabulary),
            _open_measures(case, vocabulary, "No measure goes with this decision."),
            *_what_is_known(material, case, pool, vocabulary),
        ),
    )


def paper(material: Material, case: CaseFile, pool: Pool, vocabulary: Vocabulary, today: date) -> Document:
    """What whoever decides has to read: the same without a decision. It proposes none, and is kept nowhere."""
    earlier = [_decided(each, vocabulary, f"Decision {each.number}") for each in case.decisions[-1:]]
    return Document(
        kind="Paper for a decision",
        title=material.title,
        subtitle=f"As it stood on {day_words(today)}. It holds no decision and proposes none.",
        mark=MARK,
        sections=(
            *_what_is_known(material, case, pool, vocabulary),
            *earlier,
            *([_open_measures(case, vocabulary, "No measure is open.")] if earlier else []),
        ),
    )


def _what_is_known(material: Material, case: CaseFile, pool: Pool, vocabulary: Vocabulary) -> tuple[Section, ...]:
    unknown = Section("What the pool knew", empty="No partner was identified, so none was looked up.")
    return (
        *_cooperation(material, vocabulary),
        *_findings(material, vocabulary),
        _partner(case.questions, material.files, vocabulary),
        *(pool.sections or (unknown,)),
    )


def _open_measures(case: CaseFile, vocabulary: Vocabulary, none: str) -> Section:
    return Section(
        "Measures", entries=tuple(measure_entry(each, vocabulary) for each in case.open_measures), empty=none
    )


def since(case: CaseFile, decision: Decision, vocabulary: Vocabulary, today: date) -> tuple[Section, ...]:
    """What came after a decision, as it stands today: what became of its measures, reviews, the decision after it."""
    measures = [each for each in case.measures if each.data.state is not MeasureState.OPEN or each.is_late(today)]
    later = [each for each in case.decisions if each.number > decision.number]
    reviews = [each for each in case.reviews if each.at >= decision.recorded]
    entries = [
        *(
            Entry(
                f"Decision {each.number} took its place: {_outcome(each, vocabulary).lower()}",
                meta=(day_words(each.data.decided), each.data.office),
            )
            for each in later[:1]
        ),
        *(
            Entry(
                f"Review {each.number}: {REVIEWS[each.data.kind].lower()}",
                texts=paragraphs(each.data.reason),
                meta=(f"Next on {day_words(each.data.next)}",) if each.data.next else (),
            )
            for each in reviews
        ),
        *(measure_entry(each, vocabulary, today) for each in measures),
    ]
    return (
        Section(
            f"Since then, as of {day_words(today)}",
            entries=tuple(entries),
            empty="No review, no later decision, and no measure that is done, dropped or past its day.",
        ),
    )


def measure_entry(measure: Measure, vocabulary: Vocabulary, today: date | None = None) -> Entry:
    """One measure in words."""
    data = measure.data
    meta = [f"{data.owner}", f"due {day_words(data.due)}"]
    match data.state:
        case MeasureState.OPEN:
            meta += ["past its day"] if today is not None and measure.is_late(today) else []
        case MeasureState.DONE:
            meta += [f"done {day_words(data.done)}"] if data.done else []
            meta += [RESULTS[data.result].lower() if data.result else "what came of it is not yet known"]
        case MeasureState.DROPPED:
            meta += ["dropped"]
    label = vocabulary.mitigations[data.measure].label
    return Entry(label, meta=tuple(meta), texts=(*paragraphs(data.words), *paragraphs(data.result_words)))


def question_entry(question: PartnerQuestion, files: Mapping[EvidenceId, str], vocabulary: Vocabulary) -> Entry:
    """One question to the partner in words."""
    data = question.data
    meta = [vocabulary.indicators[data.about].label] if data.about else []
    meta += [f"sent {day_words(data.sent)}" if data.sent else "not sent yet"]
    if data.sent:
        meta += [f"answered {day_words(data.received)}" if data.received else "no answer so far"]
    meta += [RESPONSES[data.responsive].lower()] if data.responsive else []
    lines = tuple(f"File: {files.get(EvidenceId(each), _GONE)}" for each in data.evidence)
    return Entry(" ".join(paragraphs(data.question)), meta=tuple(meta), texts=paragraphs(data.answer), lines=lines)


def _decided(decision: Decision, vocabulary: Vocabulary, heading: str = "Decision") -> Section:
    data = decision.data
    facts = [
        ("Outcome", f"{_outcome(decision, vocabulary)}. {vocabulary.decisions[data.outcome].definition}"),
        ("Decided by", data.office),
        ("On", day_words(data.decided)),
        ("Looked at again on", day_words(data.review) if data.review else "no day was set"),
    ]
    entries = [Entry("Reasons", texts=paragraphs(data.reasons))]
    if data.follow_up:
        entries.append(Entry(FOLLOW_UP.get(data.outcome, "What follows"), texts=paragraphs(data.follow_up)))
    return Section(heading, facts=tuple(facts), entries=tuple(entries))


def _outcome(decision: Decision, vocabulary: Vocabulary) -> str:
    return vocabulary.decisions[decision.data.outcome].label


def _cooperation(material: Material, vocabulary: Vocabulary) -> tuple[Section, ...]:
    engagement = material.engagement
    partners = "; ".join(f"{each.label} ({each.id})" for each in material.subjects) or "not identified"
    if engagement is None:
        head = material.assessments[-1].data
        facts = [
            ("Partner", partners),
            ("Unit of the partner", head.unit),
            ("Kind", vocabulary.engagement_kinds[head.engagement_kind].label),
            ("Fields", _domains(head.technology_domains, vocabulary)),
            ("Our file", head.reference),
        ]
        purpose, benefit = head.purpose, head.benefit
    else:
        data = engagement.data
        facts = [
            ("Partner", partners),
            ("Unit of the partner", data.partner_unit),
            ("Our unit", data.our_unit),
            ("Kind", vocabulary.engagement_kinds[data.kind].label),
            ("Status", STATUS_LABELS[engagement.status]),
            ("Begins", day_words(data.begins) if data.begins else "not set"),
            ("Ends", day_words(data.ends) if data.ends else "not set"),
            ("Amount", spelled(data.amount) if data.amount else "none is known of"),
            ("Who pays in the end", data.funder or "not recorded"),
            ("Fields", _domains(data.technology_domains, vocabulary)),
            ("Governing law", data.governing_law),
            ("Our file", data.reference),
        ]
        purpose, benefit = data.purpose, data.benefit
    return (
        Section(
            "The cooperation",
            facts=tuple((label, text) for label, text in facts if text),
            texts=paragraphs(purpose),
        ),
        Section("What it is worth", texts=paragraphs(benefit), empty="Nobody wrote down what it is worth."),
    )


def _domains(codes: Sequence[VocabularyCode], vocabulary: Vocabulary) -> str:
    return ", ".join(vocabulary.technology_domains[code].label for code in codes)


def _findings(material: Material, vocabulary: Vocabulary) -> tuple[Section, ...]:
    if not material.assessments:
        return (Section("What was found", empty="Nothing was assessed before this decision."),)
    several = len(material.assessments) > 1
    sections = []
    for number, assessment in enumerate(material.assessments, start=1):
        of = f": round {number}, {assessment.data.title}" if several else ""
        questions = asked(assessment.tier, vocabulary)
        open_ones = [each.question for each in questions if each.id not in answered(assessment)]
        tier = "light" if not assessment.growth else "full"
        facts = (
            ("Asked", f"{len(questions)} questions, the {tier} tier"),
            ("Answered", f"{len(questions) - len(open_ones)} of {len(questions)}"),
        )
        entries = [
            *(_answer(each.data, material.files, vocabulary) for each in _in_order(assessment, vocabulary)),
            *(_plain(each.data, material.files, vocabulary) for each in assessment.plain),
        ]
        if open_ones:
            entries.append(Entry("Not answered when the decision was made", lines=tuple(open_ones)))
        sections.append(Section(f"What was found{of}", facts=facts, entries=tuple(entries)))
    return tuple(sections)


def _in_order(assessment: Assessment, vocabulary: Vocabulary) -> list[Answer]:
    """Assurances, then concerns, then context; within each as they were given."""
    order = ("assurance", "concern", "context")
    return sorted(assessment.answers, key=lambda each: order.index(vocabulary.indicators[each.data.indicator].polarity))


def _answer(data: AnswerData, files: Mapping[EvidenceId, str], vocabulary: Vocabulary) -> Entry:
    indicator = vocabulary.indicators[data.indicator]
    grade = data.grade
    words = vocabulary.reliabilities[grade.reliability].lower(), vocabulary.credibilities[grade.credibility].lower()
    meta = (
        indicator.polarity,
        vocabulary.strengths[data.strength].lower(),
        f"grade {grade.reliability}{grade.credibility}: {', '.join(words)}",
        f"observed {day_words(data.observed.start)} to {day_words(data.observed.end)}",
    )
    kinds = "; ".join(vocabulary.evidence_sources[kind].label for kind in data.evidence_kinds)
    lines = [kinds, *_evidence(data, files)]
    if data.mitigations:
        lines.append("Measures named: " + "; ".join(vocabulary.mitigations[code].label for code in data.mitigations))
    return Entry(indicator.label, meta=meta, texts=paragraphs(data.observation), lines=tuple(lines))


def _plain(data: PlainData, files: Mapping[EvidenceId, str], vocabulary: Vocabulary) -> Entry:
    return Entry(
        vocabulary.checklist[data.question].question,
        meta=(_PLAIN[data.kind].lower(), day_words(data.day)),
        texts=paragraphs(data.words),
        lines=tuple(_evidence(data, files)),
    )


def _evidence(data: AnswerData | PlainData, files: Mapping[EvidenceId, str]) -> list[str]:
    return [
        *data.sources,
        *(f"Register: {each}" for each in data.registers),
        *(f"Own record: {each}" for each in data.records),
        *(f"File: {files.get(each, _GONE)}" for each in data.files),
    ]


def _partner(questions: Sequence[PartnerQuestion], files: Mapping[EvidenceId, str], vocabulary: Vocabulary) -> Section:
    return Section(
        "What the partner was asked",
        entries=tuple(question_entry(each, files, vocabulary) for each in questions),
        empty="The partner was not asked.",
    )
