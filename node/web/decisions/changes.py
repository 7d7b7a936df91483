"""What a change replaced, field by field, for a person to read."""

from typing import Final

import msgspec

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
    "round": "New assessment",
}
Line = tuple[str, str, str]
"""A field, what it was, what it became."""


def readable(before: str, after: str) -> list[Line]:
    """The fields that differ; those of a change to something that has no fields under one name."""
    old, new = _fields(before), _fields(after)
    names = dict.fromkeys([*new, *old])
    lines = [(_NAMES.get(name, name), _words(old.get(name)), _words(new.get(name))) for name in names]
    return [(name, was, now) for name, was, now in lines if was != now]


def _fields(text: str) -> dict[str, object]:
    found = msgspec.json.decode(text) if text else {}
    return found if isinstance(found, dict) else {}


def _words(value: object) -> str:
    if value is None or value in ("", []):
        return ""
    return f"{len(value)}" if isinstance(value, list) else str(value)
