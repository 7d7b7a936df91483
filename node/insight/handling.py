"""The one gate for every way out: who may be given what, by the handling that its author chose (TLP 2.0).

Exports, the live stream, feeds for other tools, briefings and releases ask here and nowhere else, and so do those who
write the marks onto a file. What is left out is counted and said (:func:`left_out_words`), never dropped in silence.

TLP:RED is no case here: it never leaves its author, and the wire format cannot carry it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeAlias, TypeVar, get_args

from protocol.statements import Handling

_T = TypeVar("_T")

Audience: TypeAlias = Literal["here", "institution", "partners", "public"]
"""Who would have it then. ``here``: read on this node by its signed-in staff. ``institution``: a file or stream that
its staff take away. ``partners``: people of named institutions beyond the members. ``public``: anybody."""

Taker: TypeAlias = Literal["institution", "partners", "public"]
"""An audience that something is taken away for."""

_FROM_WIDEST: Final[tuple[Handling, ...]] = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT")
"""From what anybody may have to what stays in the institution."""
_MARKS: Final[Mapping[Handling, str]] = {
    "TLP:CLEAR": "TLP:CLEAR: may be passed on without limit.",
    "TLP:GREEN": "TLP:GREEN: may be passed on within the community of institutions; not to be published.",
    "TLP:AMBER": "TLP:AMBER: stays inside this institution and with those of its partners who need it to prevent harm.",
    "TLP:AMBER+STRICT": "TLP:AMBER+STRICT: stays inside this institution.",
}


def may_go(handling: Handling, audience: Audience) -> bool:
    """Whether something marked so may be given to such people (TLP 2.0, section 3)."""
    match handling:
        case "TLP:CLEAR":
            return True
        case "TLP:GREEN" | "TLP:AMBER":
            return audience != "public"
        case "TLP:AMBER+STRICT":
            return audience in {"here", "institution"}


def permitted(audience: Audience) -> tuple[Handling, ...]:
    """Every handling that may go to these people, the widest first."""
    return tuple(each for each in _FROM_WIDEST if may_go(each, audience))


def marks(handling: Handling) -> str:
    """The words that go onto whatever carries something marked so."""
    return _MARKS[handling]


def strictest(handlings: Iterable[Handling]) -> Handling:
    """How a whole is marked: as its strictest part. ``TLP:CLEAR`` for nothing at all."""
    return max(handlings, key=_FROM_WIDEST.index, default="TLP:CLEAR")


def left_out_words(count: int, what: str = "statement") -> str:
    """One sentence about what the gate kept back; empty where that is nothing."""
    if count == 0:
        return ""
    return f"{count:,} {what}{'' if count == 1 else 's'} left out: their handling does not permit it."


@dataclass(slots=True)
class Gate(Generic[_T]):
    """Lets through what may go to one audience, and counts the rest.

    ``passed`` holds what was let through by handling, ``left_out`` what was not: to be read at the end.
    """

    audience: Audience
    handling_of: Callable[[_T], Handling]
    passed: dict[Handling, int] = field(default_factory=lambda: dict.fromkeys(get_args(Handling), 0))
    left_out: int = 0

    def let_through(self, items: Iterable[_T]) -> Iterator[_T]:
        """Those of the items that may go, in their order; one at a time, so that a stream stays one."""
        for item in items:
            handling = self.handling_of(item)
            if may_go(handling, self.audience):
                self.passed[handling] += 1
                yield item
            else:
                self.left_out += 1

    @property
    def mark(self) -> Handling:
        """The mark of what has been let through so far."""
        return strictest(handling for handling, count in self.passed.items() if count)
