"""The privacy gate: what must not leave is found before a second person looks.

Every text of a draft goes through every rule, the held-back fields too, because they leave on request. A hit
says which rule, where and why. Rules that can be wrong may be overridden with a reason that the approver reads;
rules that cannot be wrong may not. The gate does not promise to find a name that it has no reason to take for
one: it stands before the second person, not in their place.

What needs no rule, because no type can hold it: a subject without an identifier, a person as subject, TLP:RED as
handling, credibility 1 with fewer than two sources.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    DraftContent,
    FindingContent,
    GateHit,
    HeldBack,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
)
from node.publishing.assemble import disclosures_of, sponsored_finding, sponsored_held_back, statement_of
from node.publishing.gate_contact import FUNCTIONS, contact_matches, mailbox_in
from node.publishing.gate_origin import origin_matches
from node.publishing.gate_persons import (
    known_name_matches,
    likely_name_matches,
    person_matches,
    unit_in_text_matches,
    unit_matches,
)
from node.publishing.gate_rule import Match, Rule
from node.publishing.gate_text import Folded, fold
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, StatementId
from protocol.statements import DAY_SECONDS, FindingBody, RelationBody, ResponseBody, Timestamp
from protocol.vocabulary import Vocabulary

CONTACT: Final = "held_back.contact"
_TLP_RED: Final = re.compile(r"\btlp\s*[:_-]?\s*red\b", re.IGNORECASE)
_TLP_WORDS: Final = (
    "Something marked TLP:RED was meant for the people in the room. It does not leave, nor does its gist."
)
_OWN_WORDS: Final = (
    "This names our own institution in a circle whose members appear under pseudonyms. Whoever reads the finding "
    "outside the roster would know who wrote it."
)
_REFERENCE_WORDS: Final = "This is the reference of the case file. Local references do not leave."
_UNIT_WORDS: Final = (
    "This is a unit of the partner as the case file names it. It has no identifier, and nobody who reads it can tell "
    "how many people are in it. Record the finding one level up, or say why the unit hides every person in it."
)
_WIDE: Final = frozenset({"TLP:GREEN", "TLP:CLEAR"})
_ASKED_WORDS: Final = (
    "This may be passed on beyond the institution's partners. A finding whose subject has not been asked for its view "
    "is at most TLP:AMBER. Choose that, or say when and how the organisation was asked."
)
_MAILBOX_WORDS: Final = (
    "The contact must be the mailbox of an office, and this one reads like a person's. "
    "If it belongs to an office, say so."
)
_FORM_WORDS: Final = "The contact is one e-mail address of an office and nothing else, or empty."
# Any circle, id and day serve to build a statement whose codes are then looked up.
_ANY_CIRCLE: Final = CircleId("A" * 43)
_ANY_ID: Final = StatementId("A" * 22)
_ANY_DAY: Final = Timestamp(DAY_SECONDS * 2_932_000)


@dataclass(frozen=True, slots=True)
class Known:
    """What this node knows and a text that leaves must not say."""

    names: frozenset[str] = frozenset()
    """Names of persons."""
    references: frozenset[str] = frozenset()
    """References of case files."""
    institution: str = ""
    """Our own name, where the circle's readers are not to learn it; else empty."""
    likely: frozenset[str] = frozenset()
    """What reads as the name of a person in the case file, and may be something else."""
    units: frozenset[str] = frozenset()
    """Units of the partner that the case file names in its own words: without an identifier, of unknown size."""


NOTHING_KNOWN: Final = Known()


def check(content: DraftContent, vocabulary: Vocabulary, *, known: Known = NOTHING_KNOWN) -> list[GateHit]:
    """Every hit, by field in reading order."""
    # What is held back of a finding goes to one asker from its author; of a sponsored one, from the sponsor to anybody.
    everywhere = isinstance(content, SponsorAskContent)
    hits = [hit for field, text in _texts(content) for hit in _check_text(field, text, known, everywhere=everywhere)]
    match content:
        case FindingContent(held_back=held) | RelationContent(held_back=held) | ResponseContent(held_back=held):
            hits += _check_contact(held.contact)
        case CorrectionContent(held_back=held) | SponsorAskContent(held_back=held):
            hits += _check_contact(held.contact)
        case RetractionContent() | ReplyContent() | AttributionContent() | TokenContent() | SponsoredContent():
            pass
    hits += _check_handling(content)
    return hits + list(_check_vocabulary(content, vocabulary))


def check_mailbox(contact: str) -> list[GateHit]:
    """The hits in what should be the mailbox of an office, or empty, and leaves with a letter."""
    return _check_contact(contact)


def check_words(field: str, text: str, *, known: Known = NOTHING_KNOWN) -> list[GateHit]:
    """The hits in a text that is part of no draft and leaves all the same: what a letter says."""
    return _check_text(field, text, known)


def _check_text(field: str, text: str, known: Known, *, everywhere: bool = False) -> list[GateHit]:
    folded = fold(text)
    matches = [
        *contact_matches(folded.text),
        *person_matches(folded.text),
        *known_name_matches(folded.text, known.names),
        *likely_name_matches(folded.text, known.likely),
        *origin_matches(folded.text),
        *_found(_TLP_RED, folded.text, Rule.TLP_RED, _TLP_WORDS, overridable=False),
    ]
    if field.endswith(".label"):
        matches += unit_matches(folded.text)
    else:
        matches += unit_in_text_matches(folded.text)
        if not field.startswith("held_back"):
            for unit in known.units:
                pattern = re.compile(rf"(?<!\w){re.escape(fold(unit).text)}(?!\w)", re.IGNORECASE)
                matches += _found(pattern, folded.text, Rule.SMALL_UNIT, _UNIT_WORDS, overridable=True)
    for reference in known.references:
        pattern = re.compile(rf"(?<!\w){re.escape(fold(reference).text)}(?!\w)", re.IGNORECASE)
        matches += _found(pattern, folded.text, Rule.CASE_REFERENCE, _REFERENCE_WORDS, overridable=False)
    if known.institution and (everywhere or not field.startswith("held_back")):
        own = r"\s+".join(re.escape(word) for word in fold(known.institution).text.split())
        pattern = re.compile(rf"(?<!\w){own}(?!\w)", re.IGNORECASE)
        matches += _found(pattern, folded.text, Rule.OWN_INSTITUTION, _OWN_WORDS, overridable=True)
    return _hits(field, text, folded, matches)


def _check_contact(contact: str) -> list[GateHit]:
    """The one field where an address belongs: an office's mailbox, not a person's."""
    if not contact:
        return []
    folded = fold(contact)
    place = mailbox_in(folded.text)
    if place is None:
        return [GateHit(Rule.CONTACT_FORM, CONTACT, 0, 0, contact, _FORM_WORDS, overridable=False)]
    local = folded.text[place[0] : folded.text.index("@")] if "@" in folded.text else folded.text
    words = re.split(r"[._+-]", local.lower())
    if any(word in FUNCTIONS for word in words):
        return []
    match = Match(Rule.PERSONAL_MAILBOX, *place, _MAILBOX_WORDS, overridable=True)
    return _hits(CONTACT, contact, folded, [match])


def _check_handling(content: DraftContent) -> Iterator[GateHit]:
    """What may be passed on beyond partners, its subject should have been able to answer first."""
    body: FindingBody | RelationBody | None = None
    match content:
        case FindingContent(body=finding) | CorrectionContent(body=finding) | SponsorAskContent(body=finding):
            body = finding
        case SponsoredContent():
            body = sponsored_finding(content)
        case RelationContent(body=relation):
            body = relation
        case ResponseContent() | RetractionContent() | ReplyContent() | AttributionContent() | TokenContent():
            pass
    if body is not None and body.handling in _WIDE:
        yield GateHit(Rule.SUBJECT_NOT_ASKED, "handling", 0, 0, body.handling, _ASKED_WORDS, overridable=True)


def _sponsored_texts(content: SponsoredContent) -> Iterator[tuple[str, str]]:
    """What another member's finding says, inside what we would sign around it; and what we would give on request."""
    yield from _body_texts(sponsored_finding(content))
    yield from _held_back_texts(sponsored_held_back(content))


def _check_vocabulary(content: DraftContent, vocabulary: Vocabulary) -> Iterator[GateHit]:
    try:
        statement = statement_of(
            content,
            disclosures_of(content),
            _ANY_ID,
            _ANY_CIRCLE,
            _ANY_DAY,
            Timestamp(_ANY_DAY + DAY_SECONDS),
        )
        vocabulary.require_known(statement)
    except ProtocolError as error:
        for complaint in error.detail.split("; "):
            path, _, _ = complaint.partition(":")
            field = path.removeprefix("body.")
            yield GateHit(Rule.VOCABULARY, field, 0, 0, "", f"Outside the vocabulary: {complaint}.", overridable=False)


def _texts(content: DraftContent) -> Iterator[tuple[str, str]]:
    """Every text of a draft with its path. A new field of text must be listed here to leave at all."""
    match content:
        case FindingContent(body=body, held_back=held_back):
            yield from _body_texts(body)
            yield from _held_back_texts(held_back)
        case RelationContent(body=relation, held_back=held_back):
            yield from _body_texts(relation)
            yield from _held_back_texts(held_back)
        case ResponseContent(body=response, held_back=held_back):
            yield from _body_texts(response)
            yield from _held_back_texts(held_back)
        case CorrectionContent(body=finding, held_back=held_back):
            yield from _body_texts(finding)
            yield from _held_back_texts(held_back)
        case SponsorAskContent(body=finding, held_back=held_back):
            yield from _body_texts(finding)
            yield from _held_back_texts(held_back)
        case SponsoredContent():
            yield from _sponsored_texts(content)
        case ReplyContent(body=reply):
            yield "subject.label", reply.subject.label
            yield "text", reply.text
        case RetractionContent() | AttributionContent() | TokenContent():
            pass


def _body_texts(body: FindingBody | RelationBody | ResponseBody) -> Iterator[tuple[str, str]]:
    match body:
        case FindingBody():
            yield "subject.label", body.subject.label
        case RelationBody():
            yield "subject.label", body.subject.label
            yield "object.label", body.object.label
        case ResponseBody():
            pass
    yield "summary", body.summary


def _held_back_texts(held_back: HeldBack) -> Iterator[tuple[str, str]]:
    yield "held_back.narrative", held_back.narrative
    yield "held_back.engagement", held_back.engagement
    for index, item in enumerate(held_back.evidence):
        yield f"held_back.evidence[{index}]", item


def _found(pattern: re.Pattern[str], text: str, rule: Rule, explanation: str, *, overridable: bool) -> Iterator[Match]:
    for found in pattern.finditer(text):
        yield Match(rule, found.start(), found.end(), explanation, overridable)


def _hits(field: str, text: str, folded: Folded, matches: Iterable[Match]) -> list[GateHit]:
    """Matches in the text as it was written, each stretch once per rule, and a part of a known name with the whole."""
    hits: dict[tuple[int, int, Rule], GateHit] = {}
    for match in matches:
        start, end = folded.span(match.start, match.end)
        known = hits.get((start, end, match.rule))
        if known is None or known.overridable:
            hits[start, end, match.rule] = GateHit(
                match.rule, field, start, end, text[start:end], match.explanation, match.overridable
            )
    return [hits[key] for key in sorted(hits) if not any(_goes_with(hits[key], other) for other in hits.values())]


def _goes_with(hit: GateHit, whole: GateHit) -> bool:
    """Whether a hit is part of a longer one that says the same of the same person, and no less strictly."""
    return (
        hit.rule is whole.rule is Rule.KNOWN_NAME
        and whole.start <= hit.start
        and hit.end <= whole.end
        and (whole.start, whole.end) != (hit.start, hit.end)
        and (hit.overridable or not whole.overridable)
    )
