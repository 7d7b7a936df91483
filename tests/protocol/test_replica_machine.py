"""Any mixture of appending, catching up in pieces, relaying and tampering: a replica is always a signed prefix.

The oracle is the author's list of entries: after every step the replica must be exactly its beginning, and both
notes must be the author's. A second machine lets the author sign two histories, and asks that no replica ever
comes to hold entries of both that cannot stand in one log.
"""

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.errors import Code, ProtocolError
from protocol.merkle.checkpoint import open_checkpoint
from protocol.merkle.frontier import EMPTY
from protocol.replica import AcceptedEntry, Replica
from tests.protocol.signed_log import CIRCLE, KEY, TODAY, SignedLog

_REPLICAS: Final = 3
_TAMPERED: Final = {Code.WRONG_ROOT, Code.BAD_PROOF, Code.GAP, Code.INCONSISTENT, Code.STALE_CHECKPOINT}


class _Holder:
    """A replica with the entries that it has accepted so far."""

    def __init__(self) -> None:
        self.replica = Replica(CIRCLE, KEY.public)
        self.entries: list[bytes] = []

    def offer(
        self, log: SignedLog, size: int, start: int, end: int, *, entries: list[bytes] | None = None
    ) -> Code | None:
        """What a relay at ``size`` serves; the code of the refusal, or None."""
        proof = log.proof(end, size) if 0 < end < size else ()
        served = list(log.entries[start:end]) if entries is None else entries
        try:
            self.replica, accepted = self.replica.accept(log.note(size), served, TODAY, start=start, proof=proof)
        except ProtocolError as error:
            return error.code
        self._store(accepted)
        return None

    def _store(self, accepted: tuple[AcceptedEntry, ...]) -> None:
        for each in accepted:
            assert each.index == len(self.entries)
            self.entries.append(each.jws)


class ReplicaMachine(RuleBasedStateMachine):
    """One honest author, replicas that hear of its log in every way."""

    def __init__(self) -> None:
        super().__init__()
        self.log = SignedLog([])
        self.holders = [_Holder() for _ in range(_REPLICAS)]

    @rule(count=st.integers(1, 9))
    def append(self, count: int) -> None:
        size = len(self.log.entries)
        more = [b"entry %d" % number for number in range(size, size + count)]
        self.log = SignedLog([*self.log.entries, *more])

    @rule(who=st.integers(0, _REPLICAS - 1), data=st.data())
    def pull(self, who: int, data: st.DataObject) -> None:
        """From the author or a relay at any size, any piece that continues what is held."""
        holder = self.holders[who]
        held = len(holder.entries)
        size = data.draw(st.integers(0, len(self.log.entries)))
        start = data.draw(st.integers(0, min(held, size)))
        end = data.draw(st.integers(start, size))
        refusal = holder.offer(self.log, size, start, end)
        assert refusal is None if size >= held else refusal is Code.STALE_CHECKPOINT

    @rule(who=st.integers(0, _REPLICAS - 1))
    def finish(self, who: int) -> None:
        holder = self.holders[who]
        size = len(self.log.entries)
        assert holder.offer(self.log, size, len(holder.entries), size) is None
        assert holder.replica.covered == holder.replica.head == self.log.note()

    @precondition(lambda self: self.log.entries)
    @rule(who=st.integers(0, _REPLICAS - 1), data=st.data())
    def tamper(self, who: int, data: st.DataObject) -> None:
        """A relay changes, drops, repeats or adds an entry."""
        holder = self.holders[who]
        before = holder.replica
        held, size = len(holder.entries), len(self.log.entries)
        if held == size:
            return
        end = data.draw(st.integers(held + 1, size))
        served = list(self.log.entries[held:end])
        place = data.draw(st.integers(0, len(served) - 1))
        # Dropping the only entry is not tampering: it is handing over nothing yet.
        wrong = data.draw(st.sampled_from(["change", "repeat", "add", *(["drop"] if len(served) > 1 else [])]))
        if wrong == "change":
            served[place] += b"!"
        elif wrong == "drop":
            del served[place]
        elif wrong == "repeat":
            served.insert(place, served[place])
        else:
            served.append(b"another")
        assert holder.offer(self.log, size, held, end, entries=served) in _TAMPERED
        assert holder.replica == before

    @invariant()
    def every_replica_is_a_signed_beginning(self) -> None:
        for holder in self.holders:
            held = len(holder.entries)
            assert tuple(holder.entries) == self.log.entries[:held]
            assert holder.replica.frontier == EMPTY.extend(self.log.hashes[:held])
            for note in (holder.replica.covered, holder.replica.head):
                if note:
                    checkpoint = open_checkpoint(note, origin=self.log.origin, key=KEY.public)
                    assert checkpoint == self.log.checkpoint(checkpoint.size)


class ForkMachine(RuleBasedStateMachine):
    """An author that signs two histories, shown in turns to one replica."""

    @initialize(common=st.integers(0, 6), left=st.integers(1, 9), right=st.integers(1, 9))
    def sign(self, common: int, left: int, right: int) -> None:
        beginning = [b"common %d" % number for number in range(common)]
        self.histories = [
            SignedLog([*beginning, *(b"%s %d" % (name, number) for number in range(count))])
            for name, count in ((b"left", left), (b"right", right))
        ]
        self.holder = _Holder()

    @rule(side=st.integers(0, 1), data=st.data())
    def show(self, side: int, data: st.DataObject) -> None:
        log = self.histories[side]
        size = data.draw(st.integers(0, len(log.entries)))
        start = min(len(self.holder.entries), size)
        self.holder.offer(log, size, start, data.draw(st.integers(start, size)))

    @invariant()
    def what_is_held_is_one_history(self) -> None:
        held = tuple(self.holder.entries)
        assert any(held == log.entries[: len(held)] for log in self.histories)
        if head := self.holder.replica.head:
            origin = self.histories[0].origin
            size = open_checkpoint(head, origin=origin, key=KEY.public).size
            if size <= len(held):
                assert any(head == log.note(size) and held == log.entries[: len(held)] for log in self.histories)


TestReplica = ReplicaMachine.TestCase
TestReplica.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestFork = ForkMachine.TestCase
TestFork.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
