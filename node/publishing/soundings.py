"""Soundings: asking a circle whether anyone has experience with a partner, without anybody learning who has.

Every member sends shares of one bit, at the same moment and of the same size, whatever it has decided and whatever its
policy is; two tally members add them up; the asker reads one of three answers. How that works, and what each can learn,
stands in :mod:`protocol.messages.soundings` and in ``docs/requests.md``. Here it is decided what this institution's
bit is, and what an asker may ask: once a subject in a period, in all circles together, so that nothing can be learnt
from how an answer changes.

A member may also come forward: then, and then alone, its name goes to the asker.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.identifiers import new_id
from node.domain.letters import Incoming, LetterKind
from node.domain.soundings import (
    Decision,
    Experience,
    Forward,
    Policy,
    PolicyMode,
    Sounding,
    SoundingId,
    SoundingState,
)
from node.errors import Code, HanseError
from node.publishing import request_rules, sounding_count
from node.publishing.letters import Desk, Handler, current_line, new_thread, offer, put
from node.storage import casework, circles, subject_links
from node.storage import soundings as storage
from node.storage.database import Transaction
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import CircleId, KeyId, SubjectId
from protocol.messages import soundings as wire
from protocol.messages.letter import ThreadId
from protocol.statements import DAY_SECONDS, Subject, Timestamp

DEFAULT_OPEN_DAYS: Final = 3
"""How long a sounding is open, in days, unless its asker chooses otherwise: people have to be asked."""
MAX_PER_MONTH: Final = 10
"""Soundings of one asker in 30 days, in all circles together."""
MAX_ABOUT: Final = 3
"""Soundings about one subject in one circle and period, of all askers together: each counts other members."""
_PERIOD_SECONDS: Final = wire.PERIOD_DAYS * DAY_SECONDS
_MONTH_SECONDS: Final = 30 * DAY_SECONDS


def sound(
    tx: Transaction, desk: Desk, circle: CircleId, asked: wire.Sound, account: AccountId, *, checked: bool = False
) -> SoundingId:
    """Put a sounding to every other member of a circle; :func:`compose` makes what is asked.

    Raises ``INVALID`` in a circle that is too small, ``QUOTA_EXCEEDED`` for what was asked too lately, and
    ``PRIVACY_GATE``.
    """
    roster = circles.get_roster(tx, circle)
    own = roster.own_member().identity
    _require_budget(tx, desk, circle, own, asked.subject.id, Fault.OPERATOR)
    request_rules.require_clean(tx, desk, roster, {"purpose": asked.purpose}, ours_is_known=True, checked=checked)
    thread = new_thread()
    sounding = _begun(asked, SoundingId(new_id()), circle, own, thread)
    for member in roster.others:
        try:
            # Without a tally member there is no answer; any other one may be out of reach.
            write = put if member.identity in asked.tally else offer
            write(tx, desk, roster, member, LetterKind.SOUNDING_ASK, thread, asked)
        except ProtocolError as error:
            raise HanseError(Code.INVALID, f"this cannot be sent: {error.detail}.") from error
    storage.add(tx, desk.vault, replace(sounding, direction="out", account=account, unseen=False))
    return sounding.id


def compose(
    roster: Roster, subject: Subject, *, purpose: str, wants_contact: bool, now: Timestamp, closes: Timestamp
) -> wire.Sound:
    """What a sounding says. Raises ``INVALID`` in a circle that is too small, and for a time that may not be."""
    own = roster.own_member().identity
    others = {member.identity for member in roster.others} - {own}
    if not large_enough(roster):
        raise HanseError(
            Code.INVALID,
            "this circle is too small for soundings: an answer would say too much of single members.",
            remedy="It takes at least two members more than the circle's threshold.",
        )
    tally = wire.tally_members(roster.circle, own, subject.id, now, others)
    try:
        return wire.Sound(
            subject=subject, purpose=purpose, wants_contact=wants_contact, tally=tally, asked=now, closes=closes
        )
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this cannot be asked: {error.detail}.") from error


def large_enough(roster: Roster) -> bool:
    """Whether a circle has members enough for soundings."""
    others = len({member.identity for member in roster.others})
    return others >= wire.least_counted(roster.charter.small_number_threshold, others)


def decide(tx: Transaction, desk: Desk, account: AccountId, sounding: SoundingId, decision: Decision) -> None:
    """Say whether this institution has experience. Until the sounding closes it may be said anew."""
    found = _locked(tx, desk, sounding)
    if found.state is not SoundingState.OPEN or found.closes <= desk.now:
        raise HanseError(Code.CONFLICT, "this sounding is closed.")
    storage.replace(tx, desk.vault, replace(found, decision=decision, account=account, unseen=False))


def come_forward(
    tx: Transaction, desk: Desk, sounding: SoundingId, said: wire.Contact, *, checked: bool = False
) -> None:
    """Tell the asker who we are, and how to reach us. Raises ``PRIVACY_GATE``."""
    found = _locked(tx, desk, sounding)
    roster = circles.get_roster(tx, found.circle)
    receiver = current_line(roster, found.asker)
    if receiver is None:
        raise HanseError(Code.NO_SUCH_MEMBER, "the asker is no member of the circle any more.")
    request_rules.require_clean(tx, desk, roster, {"text": said.text}, ours_is_known=True, checked=checked)
    request_rules.require_mailbox(said.contact, checked=checked)
    try:
        put(tx, desk, roster, receiver, LetterKind.SOUNDING_CONTACT, found.thread, said)
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this cannot be sent: {error.detail}.") from error


def set_policy(tx: Transaction, decided: Policy) -> None:
    """Decide how soundings of a circle are answered from now on."""
    circles.get_roster(tx, decided.circle)
    storage.put_policy(tx, decided)


def experience(tx: Transaction, desk: Desk, subject: SubjectId) -> Experience:
    """What this institution has had to do with an organisation, under whichever of its linked identifiers."""
    canonical = subject_links.canonical_of(tx, subject)
    subjects = {subject, canonical, *subject_links.aliases_of(tx, canonical)}
    keys = {key for roster in circles.list_rosters(tx) for key in roster.own_keys}
    return Experience(
        findings=storage.count_published(tx, keys, subjects),
        assessments=casework.count_about(tx, desk.vault, subjects),
    )


def bit_of(tx: Transaction, desk: Desk, sounding: Sounding) -> int:
    """What this institution says to a sounding, as things stand: 1 for yes, 0 for everything else."""
    policy = storage.policy(tx, sounding.circle)
    match policy.mode:
        case PolicyMode.NEVER:
            return 0
        case PolicyMode.ASK:
            return int(sounding.decision == "yes")
        case PolicyMode.AUTO:
            if sounding.decision != "undecided":
                return int(sounding.decision == "yes")
            known = experience(tx, desk, sounding.subject.id)
            return int(known.findings > 0 or (policy.casework and known.assessments > 0))


def advance(tx: Transaction, desk: Desk) -> None:
    """What time brings about: shares are sent when a sounding closes, counted when they are here, and let go."""
    storage.sweep(tx, desk.now)
    for found in storage.in_state(tx, desk.vault, "in", SoundingState.OPEN):
        if found.closes <= desk.now:
            _close(tx, desk, found.id)
    for found in storage.in_state(tx, desk.vault, "in", SoundingState.CLOSED):
        sounding_count.count(tx, desk, found)
    for state in (SoundingState.OPEN, SoundingState.CLOSED):
        for found in storage.in_state(tx, desk.vault, "out", state):
            sounding_count.wait(tx, desk, found)


def _close(tx: Transaction, desk: Desk, sounding: SoundingId) -> None:
    """Send our shares, once: the row is locked, since two pairs of shares of one bit would not fit together."""
    found = storage.get(tx, desk.vault, sounding, lock=True)
    if found is not None and found.state is SoundingState.OPEN:
        sounding_count.send_shares(tx, desk, found, bit_of(tx, desk, found))
        storage.replace(tx, desk.vault, replace(found, state=SoundingState.CLOSED, unseen=False))


def take_ask(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """A member puts a sounding to us."""
    asked = wire.SOUND.decode(bytes(incoming.letter.body))
    roster, asker = incoming.roster, incoming.sender.identity
    others = {member.identity for member in roster.members.values()} - {asker}
    if asked.asked > desk.now + DAY_SECONDS or asked.closes <= desk.now:
        raise ProtocolError(ProtocolCode.NOT_FRESH, "a sounding that is closed, or not asked yet")
    if asked.tally != wire.tally_members(roster.circle, asker, asked.subject.id, asked.asked, others):
        raise ProtocolError(ProtocolCode.INCONSISTENT, "other tally members than the circle has for this sounding")
    if len(others) < wire.least_counted(roster.charter.small_number_threshold, len(others)):
        raise HanseError(Code.INVALID, "this circle is too small for soundings.", fault=Fault.PEER)
    _require_budget(tx, desk, roster.circle, asker, asked.subject.id, Fault.PEER)
    if storage.of_thread(tx, desk.vault, "in", roster.circle, asker, incoming.letter.thread) is not None:
        raise HanseError(Code.CONFLICT, "this thread was begun before.", fault=Fault.PEER)
    sounding = _begun(asked, SoundingId(new_id()), roster.circle, asker, incoming.letter.thread)
    # The budget counts from when it came: an asker could write any earlier day.
    storage.add(tx, desk.vault, replace(sounding, asked=desk.now))


def take_contact(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """Somebody comes forward to us."""
    said = wire.CONTACT.decode(bytes(incoming.letter.body))
    roster = incoming.roster
    found = storage.of_thread(
        tx, desk.vault, "out", roster.circle, roster.own_member().identity, incoming.letter.thread
    )
    if found is None:
        raise HanseError(Code.NOT_FOUND, "no sounding of this thread was put here.", fault=Fault.PEER)
    forward = Forward(incoming.sender.identity, desk.now, said.text, said.contact)
    if not storage.add_forward(tx, desk.vault, found.id, forward):
        raise HanseError(Code.CONFLICT, "this member has come forward already.", fault=Fault.PEER)
    storage.replace(tx, desk.vault, replace(found, unseen=True))


HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType(
    {
        LetterKind.SOUNDING_ASK: take_ask,
        LetterKind.SOUNDING_CONTACT: take_contact,
        **sounding_count.HANDLERS,
    }
)


def _begun(asked: wire.Sound, name: SoundingId, circle: CircleId, asker: KeyId, thread: ThreadId) -> Sounding:
    """A sounding as it comes in."""
    return Sounding(
        id=name,
        direction="in",
        circle=circle,
        asker=asker,
        thread=thread,
        tally=asked.tally,
        asked=asked.asked,
        closes=asked.closes,
        state=SoundingState.OPEN,
        account=None,
        unseen=True,
        outcome=None,
        counted=None,
        subject=asked.subject,
        purpose=asked.purpose,
        wants_contact=asked.wants_contact,
    )


def _require_budget(
    tx: Transaction, desk: Desk, circle: CircleId, asker: KeyId, subject: SubjectId, fault: Fault
) -> None:
    """Raise ``QUOTA_EXCEEDED`` for an asker that has asked too lately: the same rule at both ends."""
    since = Timestamp(desk.now - _PERIOD_SECONDS)
    if storage.asked_before(tx, desk.vault, asker, subject, since):
        raise _spent(f"the same was asked less than {wire.PERIOD_DAYS} days ago, in this circle or another.", fault)
    if storage.count_about(tx, desk.vault, circle, subject, since) >= MAX_ABOUT:
        raise _spent(
            f"this circle was asked about the partner {MAX_ABOUT} times within {wire.PERIOD_DAYS} days.", fault
        )
    if storage.count_of_asker(tx, asker, Timestamp(desk.now - _MONTH_SECONDS)) >= MAX_PER_MONTH:
        raise _spent(f"{MAX_PER_MONTH} soundings were put within 30 days.", fault)


def _spent(words: str, fault: Fault) -> HanseError:
    return HanseError(
        Code.QUOTA_EXCEEDED,
        words,
        remedy="What an answer changes to would say who has changed it; so it is not given.",
        fault=fault,
    )


def _locked(tx: Transaction, desk: Desk, sounding: SoundingId) -> Sounding:
    found = storage.get(tx, desk.vault, sounding, lock=True)
    if found is None or found.direction != "in":
        raise HanseError(Code.NOT_FOUND, "there is no such sounding.")
    return found
