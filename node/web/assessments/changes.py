"""The history of a case, change by change: who, when, and what each field said before and after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import msgspec

from node.casework.engagements import titles_of
from node.casework.evidence import files_of
from node.casework.tiers import in_words
from node.domain.accounts import AccountId
from node.domain.casework import CaseEvent, PlainKind
from node.domain.engagements import STATUS_LABELS, EngagementId, EngagementStatus
from node.domain.evidence import EvidenceFile, EvidenceId
from node.domain.money import Money, spelled
from node.storage.database import Transaction
from node.storage.vault import Vault
from node.web import formats
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

_ACTIONS: Final = {
    "created": "began it",
    "changed": "changed the head",
    "answered": "answered",
    "answer-changed": "changed an answer",
    "answer-removed": "removed an answer",
    "closed": "closed it",
    "reopened": "opened it again",
    "grown": "asked all questions",
    "status": "changed the status",
    "handed-over": "handed it over",
}
_LABELS: Final = {
    "status": "Status",
    "owner": "Officer",
    "question": "Question",
    "kind": "Kind",
    "indicator": "Observed",
    "words": "In words",
    "observation": "In words",
    "day": "Day",
    "observed": "Period",
    "strength": "How much",
    "grade": "Grade",
    "evidence_kinds": "Kinds of evidence",
    "sources": "Sources",
    "registers": "Register entries",
    "records": "Own records",
    "files": "Files",
    "mitigations": "Measures",
    "title": "Working title",
    "subject": "Partner",
    "counterparts": "Partners",
    "unit": "Unit of the partner",
    "partner_unit": "Unit of the partner",
    "our_unit": "Our unit",
    "engagement_kind": "Kind",
    "begins": "Begins",
    "ends": "Ends",
    "amount": "Amount",
    "funder": "Final funder",
    "technology_domains": "Fields of technology",
    "governing_law": "Governing law",
    "purpose": "Purpose",
    "benefit": "What it is worth",
    "reference": "Our file",
    "engagement": "Engagement",
}
"""In the order of a page."""
_PLAIN_WORDS: Final = {
    PlainKind.NOTHING_FOUND.value: "Looked for, nothing found",
    PlainKind.NOT_KNOWN.value: "Asked, not known",
    PlainKind.NOT_APPLICABLE.value: "Does not apply",
}
_DAYS: Final = frozenset({"day", "begins", "ends"})
_GONE: Final = "a file that is no longer kept"
_Values = dict[str, object]
_READ: Final = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, before and after; empty where there was or is nothing."""

    label: str
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One change, as the page of the history shows it."""

    at: Timestamp
    who: str = field(repr=False)
    what: str
    about: str = field(repr=False)
    """The question that was answered, or empty."""
    differences: tuple[Difference, ...]
    grown: tuple[str, ...]
    """Why more was asked from here on."""

    @property
    def replaces(self) -> bool:
        """Whether something was there before."""
        return any(each.before for each in self.differences)


class Historian:
    """Reads the events of one case; knows the names that a page shows instead of codes and identifiers."""

    def __init__(
        self,
        tx: Transaction,
        vault: Vault,
        vocabulary: Vocabulary,
        names: Mapping[AccountId, str],
        events: Sequence[CaseEvent],
    ) -> None:
        self._vocabulary = vocabulary
        self._names = names
        self._read = [(event, _values(event.before), _values(event.after)) for event in events]
        mentioned = {EvidenceId(each) for each in self._mentioned("files")}
        self._terms = _terms(vocabulary, names, files_of(tx, vault, mentioned), mentioned)
        cases = {EngagementId(each) for each in self._mentioned("engagement")}
        self._terms["engagement"] = {str(each): title for each, title in titles_of(tx, vault, cases).items()}

    def lines(self) -> list[Line]:
        """Every change, newest first."""
        return [self._line(*each) for each in reversed(self._read)]

    def _mentioned(self, name: str) -> set[str]:
        values = (values for _, before, after in self._read for values in (before, after))
        return {str(each) for mentioned in values for each in _items(mentioned.get(name))}

    def _line(self, event: CaseEvent, before: _Values, after: _Values) -> Line:
        question = self._vocabulary.checklist.get(VocabularyCode(str(after.get("question") or before.get("question"))))
        return Line(
            at=event.at,
            who=self._names.get(event.account, "a former account"),
            what=_ACTIONS.get(event.kind, event.kind),
            about=question.question if question is not None else "",
            differences=tuple(self._differences(before, after)),
            grown=tuple(in_words(each, self._vocabulary) for each in event.grown),
        )

    def _differences(self, before: _Values, after: _Values) -> list[Difference]:
        found = []
        for name, label in _LABELS.items():
            if name == "question" or before.get(name) == after.get(name):
                continue
            old, new = self._shown(name, before.get(name)), self._shown(name, after.get(name))
            if old != new:
                found.append(Difference(label, old, new))
        return found

    def _shown(self, name: str, value: object) -> str:
        """One stored value as words."""
        terms = self._terms.get(name)
        if terms is not None:
            return "; ".join(terms.get(str(each), str(each)) for each in _items(value))
        match value:
            case None:
                return ""
            case str() if name in _DAYS:
                return formats.day(date.fromisoformat(value))
            case list():
                return "; ".join(self._shown(name, each) for each in value)
            case dict():
                return _structure(value)
            case _:
                return str(value)


def _terms(
    vocabulary: Vocabulary,
    names: Mapping[AccountId, str],
    files: Mapping[EvidenceId, EvidenceFile],
    mentioned: Iterable[EvidenceId],
) -> dict[str, dict[str, str]]:
    """The words of codes and identifiers, by the field that holds them."""
    kinds = {str(code): each.label for code, each in vocabulary.engagement_kinds.items()}
    return {
        "indicator": {code: each.label for code, each in vocabulary.indicators.items()},
        "kind": _PLAIN_WORDS | kinds,
        "engagement_kind": kinds,
        "technology_domains": {code: each.label for code, each in vocabulary.technology_domains.items()},
        "evidence_kinds": {code: each.label for code, each in vocabulary.evidence_sources.items()},
        "mitigations": {code: each.label for code, each in vocabulary.mitigations.items()},
        "strength": {str(value): label for value, label in vocabulary.strengths.items()},
        "status": {status.value: STATUS_LABELS[status] for status in EngagementStatus},
        "owner": {str(account): name for account, name in names.items()},
        "files": {str(each): files[each].name if each in files else _GONE for each in mentioned},
    }


def _values(text: str) -> _Values:
    return _READ.decode(text) if text else {}


def _items(value: object) -> list[object]:
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _structure(value: Mapping[str, object]) -> str:
    """The few structured values: a partner, a period, a grade, an amount."""
    if "label" in value:
        return f"{value['label']} ({value['id']})"
    if "from" in value:
        first, last = (formats.day(date.fromisoformat(str(value[name]))) for name in ("from", "until"))
        return f"{first} to {last}"
    if "reliability" in value:
        return f"{value['reliability']}{value['credibility']}"
    if "minor" in value:
        return spelled(Money(minor=int(str(value["minor"])), currency=str(value["currency"])))
    return formats.listed(f"{name} {each}" for name, each in value.items())
