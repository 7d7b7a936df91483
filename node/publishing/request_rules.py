"""What both sides of a request for information keep to: bounds, states, and what a text may say that leaves."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from node.clock import day_of
from node.domain.circles import Member, Roster
from node.domain.letters import LetterKind, Posted
from node.domain.publishing import GateHit
from node.domain.requests import Direction, Request, RequestState, RequestStatus
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.publishing import gate
from node.publishing.gate import Known
from node.publishing.letters import Desk, current_line
from node.storage import accounts, bylines, circles, letters, requests
from node.storage.database import Transaction
from protocol.identifiers import KeyId
from protocol.statements import DAY_SECONDS, Timestamp

DEFAULT_DAYS: Final = 14
"""Until when an answer is hoped for, in days, unless the asker chooses another day."""
MAX_DAYS: Final = 60
"""The latest day that may be chosen, in days from today."""
SOON_DAYS: Final = 3
"""An open request is shown as due soon so many days before its day."""
MAX_ASKED_PER_DAY: Final = 20
"""Requests to one contributor, as its circle knows it, in 24 hours; a receiver refuses what is more."""
MAX_EVENTS: Final = 200
"""Messages and reminders in one thread, of both sides together."""
REMINDER_PAUSE_SECONDS: Final = DAY_SECONDS
"""Between two reminders of one request, in seconds."""


def first_day(now: Timestamp) -> date:
    """The earliest day that may be chosen: tomorrow."""
    return day_of(now) + timedelta(days=1)


def default_day(now: Timestamp) -> date:
    """The day that is offered."""
    return day_of(now) + timedelta(days=DEFAULT_DAYS)


def require_clean(
    tx: Transaction, desk: Desk, roster: Roster, texts: Mapping[str, str], *, ours_is_known: bool, checked: bool
) -> None:
    """Raise ``PRIVACY_GATE`` for words that must not leave.

    ``ours_is_known``: whether the receiver knows who we are anyway. ``checked``: whether whoever writes has said that
    what may be wrong of the hits is wrong; the others stand.
    """
    hides = roster.charter.attribution == "pseudonymous" and not ours_is_known
    names = frozenset(account.display_name for account in accounts.list_accounts(tx, desk.vault))
    known = Known(names, frozenset(), desk.settings.name if hides else "")
    hits = [hit for field, text in texts.items() for hit in gate.check_words(field, text, known=known)]
    standing = [hit for hit in hits if not (hit.overridable and checked)]
    if standing:
        raise HanseError(
            Code.PRIVACY_GATE,
            f"the privacy gate stops this: {words_of(standing)}",
            remedy="Change the words, or, where it is offered, say that you have looked and nobody is named.",
        )


def require_mailbox(contact: str, *, checked: bool) -> None:
    """Raise ``PRIVACY_GATE`` unless this is empty or one e-mail address that reads like an office's."""
    standing = [hit for hit in gate.check_mailbox(contact) if not (hit.overridable and checked)]
    if standing:
        raise HanseError(Code.PRIVACY_GATE, f"the privacy gate stops this: {words_of(standing)}")


def words_of(hits: list[GateHit]) -> str:
    """The reasons of some hits, each once, without what was found."""
    return " ".join(dict.fromkeys(hit.explanation for hit in hits))


def asked_enough(tx: Transaction, direction: Direction, peer: KeyId, stored: StoredStatement, now: Timestamp) -> bool:
    """Whether the budget of a day is spent for the contributor of a statement, as readers know it: at both ends alike.

    Not for the institution behind it: a budget that two pseudonyms share, or a pseudonym and a name, or one institution
    in two circles, would tell whoever spends it on one of them that they are the same.
    """
    asked = requests.recent_targets(tx, direction, stored.circle, peer, _day_before(now))
    named = bylines.of(tx, stored.circle, asked)  # also of what is gone: what was asked of it counts
    spent = sum(stored.shown == (named[each].handle if each in named else each[0]) for each in asked)
    return spent >= MAX_ASKED_PER_DAY


def _day_before(now: Timestamp) -> Timestamp:
    return Timestamp(now - DAY_SECONDS)


def peer_of(tx: Transaction, request: Request) -> tuple[Roster, Member]:
    """The circle of a request and the other side's current line; raises ``NO_SUCH_MEMBER`` where it has none."""
    roster = circles.get_roster(tx, request.circle)
    member = current_line(roster, request.peer)
    if member is None:
        raise HanseError(Code.NO_SUCH_MEMBER, "the other side is no member of the circle any more.")
    return roster, member


def require_open(request: Request) -> None:
    """Raise ``CONFLICT`` for a request that is over."""
    if not request.is_open:
        raise HanseError(Code.CONFLICT, f"this request is {request.state.value}.")


_OVER: Final = {
    RequestState.ANSWERED: RequestStatus.ANSWERED,
    RequestState.DECLINED: RequestStatus.DECLINED,
    RequestState.WITHDRAWN: RequestStatus.WITHDRAWN,
    RequestState.GONE: RequestStatus.GONE,
}


def status(tx: Transaction, roster: Roster, request: Request, now: Timestamp) -> RequestStatus:
    """How a request stands: what was made of it, then where its letter is, then the time.

    In a pseudonymous circle nothing is said of whether the letter is there: anybody can ask each node whether it runs,
    and the two together would say who the contributor is.
    """
    if request.state is not RequestState.OPEN:
        return _OVER[request.state]
    hides = request.direction == "out" and roster.charter.attribution == "pseudonymous"
    if request.direction == "out":
        where = _on_its_way(letters.posted(tx, request.circle, request.thread), hides=hides)
        if where is not None:
            return where
    if day_of(now) > request.until:
        return RequestStatus.OVERDUE
    if request.released:
        return RequestStatus.PARTLY
    return RequestStatus.ASKED if hides else RequestStatus.DELIVERED


def _on_its_way(posted: list[Posted], *, hides: bool) -> RequestStatus | None:
    """Where the letter that asks is; none once the other side has taken it, or so long ago that it is forgotten.

    ``hides``: none as well where the other side has not had it yet, or never had it.
    """
    letter = next((each for each in posted if each.kind is LetterKind.RFI_ASK), None)
    if letter is None:
        return None
    match letter.state:
        case "taken":
            return None
        case "refused":
            return RequestStatus.REFUSED
        case "lapsed":
            return None if hides else RequestStatus.UNREACHABLE
        case "waiting" if hides:
            return None
        case "waiting":
            return RequestStatus.UNREACHABLE if letter.code else RequestStatus.SENT
