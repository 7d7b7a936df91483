"""From what somebody asks to a filter: one spelling for the API, the command line, links and saved queries.

A question is names and values, all text: ``{"indicator": ("gov-opaque-control",), "issued_after": ("2026-01-01",)}``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, TypeAlias, TypeVar, get_args

from node.domain.queries import MAX_QUERY_WORDS, StatementFilter, words_of
from node.errors import Code, HanseError
from node.storage import bylines, statement_index
from node.storage.database import Transaction
from protocol.identifiers import (
    CircleId,
    KeyId,
    parse_circle_id,
    parse_code,
    parse_subject_id,
)
from protocol.projection import State
from protocol.pseudonyms import pseudonym
from protocol.statements import Handling, PooledKind, Reliability, Stance
from protocol.vocabulary import Vocabulary

Question: TypeAlias = Mapping[str, Sequence[str]]

MAX_VALUES: Final = 50
"""Values of one filter: more than the indicators of the vocabulary, and few enough to look up at once."""
MAX_TEXT_CHARACTERS: Final = 200
"""A text to be found; a summary has 600."""

_CODES: Final[Mapping[str, str]] = {
    "indicator": "indicators",
    "scope": "scopes",
    "technology_domain": "technology_domains",
    "engagement_kind": "engagement_kinds",
    "mitigation": "mitigations",
    "evidence_kind": "evidence_kinds",
    "relation": "relations",
}
_WORDS: Final[Mapping[str, tuple[str, tuple[Any, ...]]]] = {
    "kind": ("kinds", get_args(PooledKind)),
    "state": ("states", get_args(State)),
    "reliability": ("reliabilities", get_args(Reliability)),
    "credibility": ("credibilities", (1, 2, 3, 4, 5, 6)),
    "strength": ("strengths", (1, 2, 3, 4)),
    "handling": ("handlings", get_args(Handling)),
    "stance": ("stances", get_args(Stance)),
}
_DATES: Final = (
    "observed_after",
    "observed_before",
    "issued_after",
    "issued_before",
    "expires_after",
    "expires_before",
)
PARAMETERS: Final = (
    "circle",
    "contributor",
    "subject",
    "object",
    *_CODES,
    "group",
    "polarity",
    *_WORDS,
    *_DATES,
    "text",
)
"""Every name that a question may have."""

_T = TypeVar("_T")


def read_question(tx: Transaction, vocabulary: Vocabulary, question: Question) -> StatementFilter:
    """The filter that a question means. Raises ``INVALID``, or ``BAD_IDENTIFIER`` for what is no identifier."""
    for name, values in question.items():
        if name not in PARAMETERS:
            raise HanseError(
                Code.INVALID, f"there is no filter {name[:64]}.", remedy=f"There are {', '.join(PARAMETERS)}."
            )
        if len(values) > MAX_VALUES:
            raise HanseError(Code.INVALID, f"{name}: more than {MAX_VALUES} values.")
    chosen: dict[str, Any] = {
        "circles": _each(question, "circle", parse_circle_id),
        "subjects": _each(question, "subject", parse_subject_id),
        "objects": _each(question, "object", parse_subject_id),
        "words": _words(question),
    }
    chosen |= {field: _each(question, name, parse_code) for name, field in _CODES.items()}
    for name, (field, known) in _WORDS.items():
        if name in question:
            chosen[field] = tuple(dict.fromkeys(_known(name, value, known) for value in question[name]))
    if "finding" in (chosen.get("kinds") or ()):
        chosen["kinds"] = tuple(dict.fromkeys((*chosen["kinds"], "sponsored")))  # a finding, by another hand
    chosen |= {name: _day(question, name) for name in _DATES}
    if "contributor" in question:
        chosen["contributors"] = _contributors(tx, question["contributor"])
    return _with_groups(StatementFilter(**chosen), vocabulary, question)


def checked(vocabulary: Vocabulary, tx: Transaction, question: Question) -> dict[str, list[str]]:
    """The question in one order, once it is known to be one."""
    read_question(tx, vocabulary, question)
    return {name: list(question[name]) for name in PARAMETERS if question.get(name)}


def _with_groups(wanted: StatementFilter, vocabulary: Vocabulary, question: Question) -> StatementFilter:
    """Groups and polarities are those of this node's vocabulary, so they become lists of indicators."""
    groups, polarities = question.get("group"), question.get("polarity")
    if groups is None and polarities is None:
        return wanted
    known = {indicator.polarity for indicator in vocabulary.indicators.values()}
    for name, values, have in (("group", groups, set(vocabulary.groups)), ("polarity", polarities, known)):
        for value in values or ():
            _known(name, value, tuple(sorted(have)))
    chosen = tuple(
        code
        for code, indicator in vocabulary.indicators.items()
        if (groups is None or indicator.group in groups)
        and (polarities is None or indicator.polarity in polarities)
        and (wanted.indicators is None or code in wanted.indicators)
    )
    return replace(wanted, indicators=chosen)


def _contributors(tx: Transaction, values: Sequence[str]) -> tuple[tuple[CircleId, KeyId], ...]:
    """By key or by pseudonym, or by an institution's name for what it has signed that to; nobody has two of them.

    Whoever is not known here has said nothing here.
    """
    wanted = set(values)
    under_pseudonyms = (
        (circle, key)
        for circle, key in statement_index.contributors(tx)
        if key in wanted or pseudonym(circle, key) in wanted
    )
    under_names = (each for each, name in sorted(bylines.names(tx).items()) if each[1] in wanted or name in wanted)
    return (*under_pseudonyms, *under_names)


def _words(question: Question) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in question.get("text", ()):
        words = words_of(text[:MAX_TEXT_CHARACTERS])
        if not words:
            raise HanseError(Code.INVALID, "text: holds no word.", remedy="Give a word that a summary may hold.")
        found |= dict.fromkeys(words)
    if len(found) > MAX_QUERY_WORDS:
        raise HanseError(Code.INVALID, f"text: more than {MAX_QUERY_WORDS} words.")
    return tuple(found)


def _each(question: Question, name: str, parse: Callable[[str], _T]) -> tuple[_T, ...] | None:
    if name not in question:
        return None
    return tuple(dict.fromkeys(parse(value) for value in question[name]))


def _known(name: str, text: str, known: Sequence[_T]) -> _T:
    for each in known:
        if str(each) == text:
            return each
    raise HanseError(
        Code.INVALID, f"{name}: no such value.", remedy=f"One of {', '.join(str(each) for each in known)}."
    )


def _day(question: Question, name: str) -> date | None:
    values = question.get(name, ())
    if not values:
        return None
    try:
        day = date.fromisoformat(values[0])
    except ValueError:
        day = None
    if day is None or len(values) != 1 or day.isoformat() != values[0]:
        raise HanseError(Code.INVALID, f"{name}: not one day.", remedy="Write it as 2026-09-30.")
    return day
