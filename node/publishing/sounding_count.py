"""The counting of soundings: shares out, shares added up by two tally members, and the answer opened by the asker.

Each step rests on what is in the database and is taken once: a tally member adds up one set of members for a sounding,
whatever it is told afterwards, since two sums of which one has a member more would give that member away.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from node.domain.circles import Roster
from node.domain.letters import Incoming, LetterKind
from node.domain.soundings import Sounding, SoundingState, Tally
from node.errors import Code, HanseError
from node.publishing.letters import Desk, Handler, current_line, offer
from node.storage import circles
from node.storage import soundings as storage
from node.storage.database import Transaction
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import KeyId, decode_bytes, encode_bytes
from protocol.messages import soundings as wire
from protocol.statements import DAY_SECONDS

GRACE_SECONDS: Final = 2 * DAY_SECONDS
"""How long a tally member waits for the shares of those who cannot be reached, after the close, in seconds."""
PATIENCE_SECONDS: Final = 14 * DAY_SECONDS
"""How long an asker waits for its answer after the close, in seconds."""
MAX_SHARES_WAITING: Final = 200
"""Shares of one member that wait to be counted."""


def send_shares(tx: Transaction, desk: Desk, sounding: Sounding, bit: int) -> None:
    """Send both shares of our bit; our own, where we are a tally member ourselves, stays here."""
    roster = circles.get_roster(tx, sounding.circle)
    own = roster.members.get(roster.own)
    if own is None:
        return
    for identity, share in zip(sounding.tally, wire.split(bit, secrets.randbelow(wire.MODULUS)), strict=True):
        if identity == own.identity:
            storage.add_share(tx, sounding.circle, sounding.asker, sounding.thread, identity, share, desk.now)
            continue
        body = wire.Share(asker=sounding.asker, share=f"{share:04d}")
        _tell(tx, desk, roster, sounding, identity, LetterKind.SOUNDING_SHARE, body)


def count(tx: Transaction, desk: Desk, sounding: Sounding) -> None:
    """What a tally member does next, if it is our turn: name whose shares are here, then add up those both have."""
    roster = circles.get_roster(tx, sounding.circle)
    own = roster.members.get(roster.own)
    if own is None or own.identity not in sounding.tally:
        storage.replace(tx, desk.vault, replace(sounding, state=SoundingState.ANSWERED))  # our part is done
        return
    tally = _tally(tx, desk, sounding)
    if tally.done:
        return
    shares = storage.shares(tx, sounding.circle, sounding.asker, sounding.thread)
    expected = {member.identity for member in roster.members.values()} - {sounding.asker}
    if not tally.told:
        if not expected <= shares.keys() and desk.now < sounding.closes + GRACE_SECONDS:
            return
        tally = replace(tally, told=tuple(sorted(shares.keys() & expected)))
        body = wire.Counted(asker=sounding.asker, members=tally.told, seed=tally.seed)
        _tell(tx, desk, roster, sounding, _other(sounding, own.identity), LetterKind.SOUNDING_SET, body)
        storage.put_tally(tx, desk.vault, sounding.circle, sounding.asker, sounding.thread, tally)
    if tally.heard is not None:
        _add_up(tx, desk, roster, sounding, replace(tally, done=True), shares)


def _add_up(
    tx: Transaction, desk: Desk, roster: Roster, sounding: Sounding, tally: Tally, shares: Mapping[KeyId, int]
) -> None:
    """The one sum, of the members whose shares both tally members have; its part goes to the asker."""
    own = roster.own_member().identity
    both = sorted(set(tally.told) & set(tally.heard or ()))
    k = roster.charter.small_number_threshold
    enough = len(both) >= wire.least_counted(k, len({each.identity for each in roster.members.values()}) - 1)
    added = [shares[member] for member in both] if enough else []
    if own == sounding.tally[0]:
        seed = decode_bytes(tally.seed)
        entries = wire.table(added, k, seed) if enough else ()
        part: wire.Table | wire.Entry = wire.Table(counted=len(added), entries=entries)
        kind = LetterKind.SOUNDING_TABLE
    else:
        place, key = wire.entry(added, decode_bytes(tally.heard_seed))
        part, kind = wire.Entry(counted=len(added), place=place, key=key), LetterKind.SOUNDING_ENTRY
    if enough or own == sounding.tally[0]:
        _tell(tx, desk, roster, sounding, sounding.asker, kind, part)
    storage.put_tally(tx, desk.vault, sounding.circle, sounding.asker, sounding.thread, tally)
    storage.replace(tx, desk.vault, replace(sounding, state=SoundingState.ANSWERED))


def wait(tx: Transaction, desk: Desk, sounding: Sounding) -> None:
    """What an asker does as time goes by: it looks for its answer, and gives up some day."""
    state = SoundingState.CLOSED if sounding.closes <= desk.now else sounding.state
    if sounding.closes + PATIENCE_SECONDS <= desk.now:
        state = SoundingState.UNCOUNTED
        storage.keep_lot(tx, desk.vault, sounding.id, None)
    if state is not sounding.state:
        seen = state is SoundingState.UNCOUNTED
        storage.replace(tx, desk.vault, replace(sounding, state=state, unseen=seen or sounding.unseen))


def take_share(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """A member's share. It may come before the sounding itself does, so it is kept without asking for that."""
    said = wire.SHARE.decode(bytes(incoming.letter.body))
    circle, member = incoming.roster.circle, incoming.sender.identity
    if storage.count_shares_of(tx, circle, member) >= MAX_SHARES_WAITING:
        raise _refused(Code.QUOTA_EXCEEDED, "too many shares of this member wait to be counted.")
    found = storage.of_thread(tx, desk.vault, "in", circle, said.asker, incoming.letter.thread)
    if found is not None and _tally(tx, desk, found).told:
        raise _refused(Code.CONFLICT, "the shares of this sounding have been counted.")
    if not storage.add_share(tx, circle, said.asker, incoming.letter.thread, member, int(said.share), desk.now):
        raise _refused(Code.CONFLICT, "this member's share is here already.")


def take_set(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The other tally member names whose shares it has."""
    said = wire.COUNTED.decode(bytes(incoming.letter.body))
    roster = incoming.roster
    found = storage.of_thread(tx, desk.vault, "in", roster.circle, said.asker, incoming.letter.thread)
    own = roster.own_member().identity
    if found is None or own not in found.tally or _other(found, own) != incoming.sender.identity:
        raise _refused(Code.NOT_FOUND, "no sounding of this thread is counted here with this member.")
    tally = _tally(tx, desk, found)
    if tally.heard is not None:
        raise _refused(Code.CONFLICT, "this was said before.")
    heard = replace(tally, heard=said.members, heard_seed=said.seed)
    storage.put_tally(tx, desk.vault, found.circle, found.asker, found.thread, heard)
    if found.state is SoundingState.CLOSED:
        count(tx, desk, found)


def take_table(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The first tally member's part of our answer."""
    said = wire.TABLE.decode(bytes(incoming.letter.body))
    found = _ours(tx, desk, incoming, 0)
    if not said.counted:
        storage.keep_lot(tx, desk.vault, found.id, None)
        storage.replace(tx, desk.vault, replace(found, state=SoundingState.UNCOUNTED, unseen=True))
        return
    _open(tx, desk, found, storage.Lot(said, storage.lot(tx, desk.vault, found.id).entry))


def take_entry(tx: Transaction, desk: Desk, incoming: Incoming) -> None:
    """The second tally member's part of our answer."""
    said = wire.ENTRY.decode(bytes(incoming.letter.body))
    found = _ours(tx, desk, incoming, 1)
    _open(tx, desk, found, storage.Lot(storage.lot(tx, desk.vault, found.id).table, said))


HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType(
    {
        LetterKind.SOUNDING_SHARE: take_share,
        LetterKind.SOUNDING_SET: take_set,
        LetterKind.SOUNDING_TABLE: take_table,
        LetterKind.SOUNDING_ENTRY: take_entry,
    }
)


def _open(tx: Transaction, desk: Desk, sounding: Sounding, lot: storage.Lot) -> None:
    """Read the answer once both parts are here; what it was read from is forgotten."""
    if lot.table is None or lot.entry is None:
        storage.keep_lot(tx, desk.vault, sounding.id, lot)
        return
    if lot.table.counted != lot.entry.counted:
        state, outcome = SoundingState.UNCOUNTED, None
    else:
        state = SoundingState.ANSWERED
        outcome = wire.open_entry(lot.table.entries, lot.entry.place, lot.entry.key)
    storage.keep_lot(tx, desk.vault, sounding.id, None)
    answered = replace(sounding, state=state, outcome=outcome, counted=lot.table.counted, unseen=True)
    storage.replace(tx, desk.vault, answered)


def _ours(tx: Transaction, desk: Desk, incoming: Incoming, place: int) -> Sounding:
    """Our sounding that a tally member answers: the one that has this place in it, and as long as we wait."""
    roster = incoming.roster
    own = roster.own_member().identity
    found = storage.of_thread(tx, desk.vault, "out", roster.circle, own, incoming.letter.thread)
    if found is None or found.tally[place] != incoming.sender.identity:
        raise _refused(Code.NOT_FOUND, "no sounding of this thread is counted by this member.")
    if found.state not in {SoundingState.OPEN, SoundingState.CLOSED}:
        raise _refused(Code.CONFLICT, "this sounding is over.")
    return found


def _tally(tx: Transaction, desk: Desk, sounding: Sounding) -> Tally:
    seed = encode_bytes(os.urandom(wire.SEED_BYTES))
    return storage.tally(tx, desk.vault, sounding.circle, sounding.asker, sounding.thread, seed=seed, now=desk.now)


def _other(sounding: Sounding, own: KeyId) -> KeyId:
    first, second = sounding.tally
    return second if own == first else first


def _tell(
    tx: Transaction,
    desk: Desk,
    roster: Roster,
    sounding: Sounding,
    identity: KeyId,
    kind: LetterKind,
    body: wire.Share | wire.Counted | wire.Table | wire.Entry,
) -> None:
    """A letter to whoever has its part in the counting; nothing where that one is none any more, or takes none."""
    receiver = current_line(roster, identity)
    if receiver is None:
        return
    try:
        offer(tx, desk, roster, receiver, kind, sounding.thread, body)
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this cannot be sent: {error.detail}.") from error


def _refused(code: Code, words: str) -> HanseError:
    return HanseError(code, words, fault=Fault.PEER)
