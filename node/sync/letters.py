"""Letters on their way: brought to the member that they are for, or fetched by it; taken once, and said to be taken.

A letter stays in its writer's outbox until its receiver has said what it made of it. It may come more than once (an
answer was lost, it was brought and fetched at one moment), and is taken once: its name is remembered, in the
transaction in which it took effect, for as long as it could come again. Nothing of this touches a log, and no third
member sees any of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import structlog

from node.domain.circles import Member, Roster
from node.domain.letters import Incoming, LetterKind
from node.errors import Code, HanseError
from node.publishing import receipts, requests, soundings, sponsor, token_steps
from node.publishing.letters import Desk, Handler
from node.storage import letters as storage
from node.storage.database import Transaction
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from protocol.errors import Code as ProtocolCode
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import VocabularyCode
from protocol.messages.letter import (
    MAX_LETTERS,
    MAX_LETTERS_BYTES,
    NOTHING_HANDLED,
    Letter,
    LetterId,
    Receipt,
    open_letter,
    parse_letter,
    receipt,
    require_current,
    sign_letter,
)
from protocol.statements import DAY_SECONDS, Timestamp

MAX_LETTERS_PER_DAY: Final = 1_000
"""New letters taken from one member of one circle in 24 hours; what is more stays in its outbox until the next day."""
MAX_EXCHANGES: Final = 20
"""Exchanges in one turn with one member; the next turn goes on."""

HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType(
    {**requests.HANDLERS, **soundings.HANDLERS, **token_steps.HANDLERS, **receipts.HANDLERS, **sponsor.HANDLERS}
)
"""What is done with each kind of letter. A test makes sure that none is missing."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One turn with one member."""

    brought: int
    """Letters of ours that it has settled."""
    fetched: int
    """Letters of its own that we have settled."""


def desk(node: Parts) -> Desk:
    """What reading and writing letters takes, now."""
    return Desk(node.settings, node.vault, node.keyring, node.vocabulary, node.clock.now())


def exchange(node: Parts, outbound: Outbound, roster: Roster, member: Member) -> Exchanged:
    """Bring a member what waits for it, and fetch what it has for us.

    Raises ``HanseError`` for what the network or the member does, and ``ProtocolError`` for an answer that is none.
    What was settled before stays so.
    """
    brought = bring(node, outbound, roster, member)
    return Exchanged(brought, fetch(node, outbound, roster, member))


def bring(node: Parts, outbound: Outbound, roster: Roster, member: Member) -> int:
    """Bring a member its letters until none waits, or it settles none; how many it settled. Raises as above."""
    settled = 0
    for _ in range(MAX_EXCHANGES):
        with node.database.read() as tx:
            found = waiting(tx, desk(node), roster, member)
        if not found:
            break
        answer = outbound.letters(member, roster.circle, found)
        with node.database.write() as tx:
            count = settle(tx, roster, member, answer, node.clock.now())
        settled += count
        if not count:
            break
    return settled


def fetch(node: Parts, outbound: Outbound, roster: Roster, member: Member) -> int:
    """Fetch what a member has for us until it has nothing new; how many letters were settled. Raises as above."""
    handled, settled = NOTHING_HANDLED, 0
    for _ in range(MAX_EXCHANGES):
        found = outbound.collect(member, roster.circle, handled)
        if not found:
            break
        handled = take(node, roster, member, found)
        count = len(handled.taken) + len(handled.refused)
        settled += count
        if not count:
            break
    return settled


def waiting(tx: Transaction, desk: Desk, roster: Roster, member: Member) -> list[bytes]:
    """What waits for a member, signed, as much as one exchange holds; a letter by a key that is gone stays."""
    found: list[bytes] = []
    size = 0
    for letter in storage.waiting(tx, desk.vault, roster.circle, member.identity, desk.now, limit=MAX_LETTERS):
        if not desk.keyring.holds(letter.author):
            continue
        signed = sign_letter(letter.payload, desk.keyring.contributor(letter.author))
        size += len(signed) + 1
        if size > MAX_LETTERS_BYTES:
            break
        found.append(signed)
    return found


def settle(tx: Transaction, roster: Roster, member: Member, handled: Receipt, now: Timestamp) -> int:
    """Believe a member what it made of letters that are for it, and of no others."""
    outcomes: dict[LetterId, VocabularyCode | None] = dict.fromkeys(handled.taken)
    outcomes |= handled.refused
    return storage.settle(tx, roster.circle, member.identity, outcomes, now)


def take(node: Parts, roster: Roster, member: Member, letters: Sequence[bytes]) -> Receipt:
    """Take what a member has written, each letter in a transaction of its own; what became of those that have a name.

    A letter that cannot be read, or is by somebody else, has no name that could be believed and is passed over. One
    that trouble of our own kept from being taken is left with its writer, who brings it again; where nothing else came
    of the exchange, that trouble is raised, so that it does so after a pause. Raises ``TOO_MANY_REQUESTS`` when this
    member has written more than its share of a day.
    """
    now = node.clock.now()
    with node.database.read() as tx:
        count = storage.count_received(tx, roster.circle, member.identity, Timestamp(now - DAY_SECONDS))
    if count + len(letters) > MAX_LETTERS_PER_DAY + MAX_LETTERS:
        raise HanseError(
            Code.TOO_MANY_REQUESTS,
            f"this member has written {MAX_LETTERS_PER_DAY:,} letters within a day.",
            remedy="They are kept at their writer and taken tomorrow.",
            fault=Fault.PEER,
        )
    outcomes: dict[LetterId, VocabularyCode | None] = {}
    trouble: HanseError | ProtocolError | None = None
    for jws in letters:
        try:
            letter = _read(roster, member, jws)
        except ProtocolError as error:
            _log(roster, member, error.code.value, "")
            continue
        try:
            outcomes[letter.id] = _take(node, Incoming(letter, roster, member))
        except (HanseError, ProtocolError) as error:
            _log(roster, member, error.code.value, letter.kind, event="letter-not-taken")
            trouble = error
    if trouble is not None and not outcomes:
        raise trouble
    return receipt(outcomes)


def _read(roster: Roster, member: Member, jws: bytes) -> Letter:
    """A letter that this member has written under any of its keys."""
    unverified = parse_letter(jws)
    line = roster.lines.get(unverified.key_id)
    if line is None or line.identity != member.identity:
        raise ProtocolError(ProtocolCode.WRONG_KEY, "a letter by another key than its bringer's")
    return open_letter(unverified, line.key, roster.circle)


def _take(node: Parts, incoming: Incoming) -> VocabularyCode | None:
    """Take one letter, or say why not; the same again when it comes again.

    Raises what is no fault of its writer, after which nothing of the letter is remembered.
    """
    letter, roster, sender = incoming.letter, incoming.roster, incoming.sender
    try:
        with node.database.write() as tx:
            if not _remember(tx, incoming, node.clock.now()):
                known = storage.outcome(tx, roster.circle, sender.identity, letter.id)
                return VocabularyCode(known) if known else None
            require_current(letter, node.clock.now())
            _handler(roster, letter)(tx, desk(node), incoming)
    except (HanseError, ProtocolError) as error:
        if error.fault is not Fault.PEER:
            raise
        code = error.code.value
    else:
        return None
    with node.database.write() as tx:
        _remember(tx, incoming, node.clock.now())
        storage.note_refusal(tx, roster.circle, sender.identity, letter.id, code)
    _log(roster, sender, code, letter.kind)
    return VocabularyCode(code)


def _remember(tx: Transaction, incoming: Incoming, now: Timestamp) -> bool:
    letter = incoming.letter
    return storage.remember(
        tx, incoming.roster.circle, incoming.sender.identity, letter.id, received=now, expires=letter.exp
    )


def _handler(roster: Roster, letter: Letter) -> Handler:
    if letter.to not in roster.own_keys:
        raise ProtocolError(ProtocolCode.WRONG_KEY, "a letter that is not for this node")
    kind = next((each for each in LetterKind if each.value == letter.kind), None)
    if kind is None:
        raise ProtocolError(ProtocolCode.UNKNOWN_CODE, "a kind of letter that this node does not know")
    return HANDLERS[kind]


def _log(roster: Roster, member: Member, code: str, kind: str, *, event: str = "letter-refused") -> None:
    """Pseudonyms and codes; nothing that a letter says."""
    structlog.get_logger().warning(event, circle=roster.circle, contributor=member.contributor, code=code, kind=kind)
