"""Witnesses: every member cosigns the checkpoints that it has accepted, and passes on what others have cosigned.

A cosignature says that its witness saw the log so, and that the log continued everything that the witness had accepted
before. So an author that shows two members different histories is left with two checkpoints that few have witnessed,
and each note that travels brings the contradiction before more eyes. Counting is local: a line that does not verify is
dropped and harms nothing, whoever added it.
"""

from secrets import SystemRandom

from node.domain.circles import Member, Roster
from node.domain.ledger import Log, WitnessLine
from node.ledger.keyring import Keyring
from node.storage.database import Transaction
from node.storage.witnesses import list_lines
from protocol.identifiers import KeyId
from protocol.keys import PublicKey
from protocol.limits import MAX_COSIGNATURES
from protocol.merkle.cosignature import cosign, open_cosignatures, with_cosignatures
from protocol.statements import Timestamp


def possible_witnesses(roster: Roster, author: Member) -> dict[KeyId, PublicKey]:
    """Who may witness a log: the current members, but not the institution that writes it, under any key of its own."""
    return {key: each.key for key, each in roster.members.items() if each.identity != author.identity}


def _may_witness(roster: Roster, witness: KeyId, author: Member) -> bool:
    """Whether this is one of :func:`possible_witnesses`, of whom there may be a thousand, for each of as many logs."""
    member = roster.members.get(witness)
    return member is not None and member.identity != author.identity


def new_lines(
    tx: Transaction, roster: Roster, author: Member, log: Log | None, note: bytes, size: int
) -> tuple[WitnessLine, ...]:
    """The cosignatures in a note that verify and say more than what we have of their witnesses."""
    known = {} if log is None else {each.witness: each.size for each in list_lines(tx, log)}
    asked = {key: each for key, each in possible_witnesses(roster, author).items() if known.get(key, -1) < size}
    found = open_cosignatures(note, circle=roster.circle, witnesses=asked).cosignatures
    return tuple(WitnessLine(each.witness, size, each.line) for each in found)


def own_line(
    roster: Roster, author: Member, note: bytes, size: int, keyring: Keyring, now: Timestamp
) -> tuple[WitnessLine, ...]:
    """Our own cosignature of a checkpoint that we have come to hold; none if we are not asked for it.

    None either where our newest key is not here, since a backup is older than it, or a thief has made it: what others
    say is taken all the same.
    """
    if not _may_witness(roster, roster.own, author) or not keyring.holds(roster.own):
        return ()
    line = cosign(note, keyring.contributor(roster.own), circle=roster.circle, time=now)
    return (WitnessLine(roster.own, size, line),)


def cosigned_note(tx: Transaction, roster: Roster, log: Log, *, most: int = MAX_COSIGNATURES) -> bytes:
    """The checkpoint whose entries we all hold, with our own cosignature of it and those of others that we know.

    Where there are more than ``most``, some of them, drawn anew each time.
    """
    author = roster.lines.get(log.contributor)
    if author is None:
        return log.covered
    lines = [each for each in list_lines(tx, log) if each.size == log.covered_size]
    known = [each for each in lines if _may_witness(roster, each.witness, author)]
    drawn = SystemRandom().sample(known, len(known))
    drawn.sort(key=lambda each: each.witness != roster.own)
    return with_cosignatures(log.covered, [each.line for each in drawn[:most]])
