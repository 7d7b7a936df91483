"""How plain values are written on every page: days, spans, numbers, identifiers, shares, in the page's language."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from node.web import translation
from node.web.translation import say, say_one_or_many
from protocol.decay import PPM
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_SHORT_ID: Final = 8


def day(value: date | int) -> str:
    """``4 Sep 2026``; takes a date or seconds since 1970 (UTC)."""
    at = value if isinstance(value, date) else datetime.fromtimestamp(value, UTC).date()
    return translation.day(at)


def moment(value: int) -> str:
    """``4 Sep 2026, 09:30 UTC``."""
    at = datetime.fromtimestamp(value, UTC)
    return f"{day(value)}, {at.hour:02}:{at.minute:02}\u00a0UTC"


def ago(seconds: int) -> str:
    """A span of time, in the largest unit that says something."""
    if seconds < _MINUTE:
        return say("less than a minute")
    if seconds < _HOUR:
        return counted(seconds // _MINUTE, "minute")
    return counted(seconds // _HOUR, "hour") if seconds < _DAY else counted(seconds // _DAY, "day")


def counted(value: int, singular: str, plural: str = "") -> str:
    """``no statements``, ``one statement``, ``12 statements``: small numbers in words."""
    return f"{number(value)} {say_one_or_many(singular, plural or singular + 's', value)}"


def number(value: int) -> str:
    """As the page's language writes numbers in a sentence; in English up to twelve in words."""
    return translation.number(value)


def listed(words: Iterable[str]) -> str:
    """``a, b and c``."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {say('and')} {items[-1]}" if items else ""


def identifier(subject: SubjectId) -> str:
    """A subject's identifier as a catalogue prints it."""
    scheme, _, value = subject.partition(":")
    return {"ror": f"ROR {value}", "lei": f"LEI {value}"}.get(scheme, f"{say('circle id')} {value}")


def short(value: str) -> str:
    """The first characters of a long identifier."""
    return value[:_SHORT_ID] + "\u2026" if len(value) > _SHORT_ID else value


def subject_path(subject: SubjectId) -> str:
    """Where a subject's dossier is. Identifiers hold nothing that a path would have to escape."""
    return f"/subjects/{subject}"


def shares(belief_ppm: int, disbelief_ppm: int) -> tuple[int, int, int]:
    """For, open and against in whole hundredths that sum to 100; what is open takes the rounding."""
    for_ = (belief_ppm * 100 + PPM // 2) // PPM
    against = (disbelief_ppm * 100 + PPM // 2) // PPM
    return for_, 100 - for_ - against, against


def first_two(item: tuple[object, ...]) -> tuple[object, ...]:
    """A choice without its explanation, for a list that has no room for one."""
    return item[:2]


def statement_path(contributor: KeyId, statement: StatementId) -> str:
    """Where a statement is read."""
    return f"/statements/{contributor}/{statement}"


def signal_path(circle: CircleId, subject: str, indicator: str, scope: str) -> str:
    """Where a signal is explained."""
    return f"/signals/{circle}/{subject}/{indicator}/{scope}"
