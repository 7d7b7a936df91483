"""What a change replaced, field by field, for a person to read."""

from typing import Final

import msgspec

from node.casework.record import RESPONSES, RESULTS, REVIEWS
from node.web.formats import counted
from protocol.vocabulary import Vocabulary

_NAMES: Final = {
    "outcome": "Outcome",
    "office": "Decided by",
    "decided": "Decided on",
    "reasons": "Reasons",
    "follow_up": "What follows",
    "review": "Looked at again on",
    "measure": "Measure",
    "words": "What is agreed",
    "owner": "Who sees to it",
    "due": "Due",
    "state": "State",
    "done": "Done on",
    "result": "Result",
    "result_words": "What came of it",
    "about": "About",
    "question": "Question",
    "sent": "Sent on",
    "answer": "Answer",
    "received": "Received on",
    "responsive": "How it was answered",
    "evidence": "Files",
    "kind": "Result",
    "reason": "Reason",
    "next": "Next on",
}
_UNSAID: Final = frozenset({"round"})
"""An identifier, which the page links to elsewhere."""
Line = tuple[str, str, str]
"""A field, what it was, what it became."""


def readable(before: str, after: str, vocabulary: Vocabulary) -> list[Line]:
    """The fields that differ, with the labels of codes; nothing for a change to what has no fields."""
    old, new = _fields(before), _fields(after)
    labels = _labels(vocabulary)
    lines = [
        (_NAMES.get(name, name), _words(old.get(name), labels), _words(new.get(name), labels))
        for name in dict.fromkeys([*new, *old])
        if name not in _UNSAID
    ]
    return [(name, was, now) for name, was, now in lines if was != now]


def _fields(text: str) -> dict[str, object]:
    found = msgspec.json.decode(text) if text else {}
    return found if isinstance(found, dict) else {}


def _labels(vocabulary: Vocabulary) -> dict[str, str]:
    """Codes of every field that holds one; none of them is a word that somebody would type as a whole text."""
    found: dict[str, str] = {code: term.label for code, term in vocabulary.decisions.items()}
    found |= {code: term.label for code, term in vocabulary.mitigations.items()}
    found |= {code: indicator.label for code, indicator in vocabulary.indicators.items()}
    found |= {result.value: words for result, words in RESULTS.items()}
    found |= {response.value: words for response, words in RESPONSES.items()}
    return found | {review.value: words for review, words in REVIEWS.items()}


def _words(value: object, labels: dict[str, str]) -> str:
    if isinstance(value, list):
        return counted(len(value), "file") if value else ""
    return labels.get(value, value) if isinstance(value, str) else ""
