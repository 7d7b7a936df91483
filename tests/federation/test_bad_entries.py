"""A member's log with entries that cannot be read: each keeps its place, and the next one is fine."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from node.storage import ledger as logs
from node.storage import statements as reading
from node.sync import sync_once
from protocol import envelope, statements
from protocol.errors import Code
from protocol.identifiers import CircleId, VocabularyCode, encode_bytes
from protocol.keys import SigningKey
from protocol.limits import MAX_ENTRY_BYTES, MAX_PAYLOAD_BYTES, MAX_STREAM_ENTRIES
from protocol.statements import DAY_SECONDS, Finding
from tests.federation.conftest import MakeNode
from tests.federation.hostile import contributor_key, write_entries
from tests.federation.support import InMemory, circle_of, publish
from tests.node import statements as make

STRANGER = SigningKey(bytes([7] * 32))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a hostile writer starts from: its key, and a good statement that already stands in its log."""

    key: SigningKey
    circle: CircleId
    first: Finding

    @property
    def payload(self) -> bytes:
        """The good statement's payload."""
        return statements.encode(self.first)

    def signed(self, payload: bytes) -> bytes:
        """Any payload, rightly signed."""
        return envelope.sign(payload, self.key)

    def replaced(self, old: bytes, new: bytes) -> bytes:
        """The good payload with a change, rightly signed."""
        assert old in self.payload
        return self.signed(self.payload.replace(old, new, 1))

    def with_header(self, alg: str, key: SigningKey) -> bytes:
        """The good payload under a header that names the writer's key."""
        header = f'{{"alg":"{alg}","kid":"{self.key.public.key_id}","typ":"hanse+jwt"}}'
        signing_input = f"{encode_bytes(header.encode())}.{encode_bytes(self.payload)}".encode()
        return signing_input + b"." + encode_bytes(key.sign(signing_input)).encode()

    def tampered(self) -> bytes:
        """One character of the payload changed after signing."""
        jws = self.signed(self.payload)
        return jws[:200] + (b"A" if jws[200:201] != b"A" else b"B") + jws[201:]


@dataclass(frozen=True, slots=True)
class BadEntry:
    """One entry, and the code under which it is kept."""

    name: str
    craft: Callable[[Draft], bytes]
    code: Code


BAD = (
    BadEntry("empty", lambda _: b"", Code.MALFORMED),
    BadEntry("no JWS at all", lambda _: b"\x00\xff not a statement", Code.MALFORMED),
    BadEntry("not JSON", lambda d: d.signed(b"{"), Code.MALFORMED),
    BadEntry("nested without end", lambda d: d.signed(b"[" * 15_000), Code.MALFORMED),
    BadEntry("an oversized payload", lambda d: d.signed(b'"' + b"a" * MAX_PAYLOAD_BYTES + b'"'), Code.TOO_LARGE),
    BadEntry("a payload changed after signing", lambda d: d.tampered(), Code.BAD_SIGNATURE),
    BadEntry("signed by another key", lambda d: envelope.sign(d.payload, STRANGER), Code.WRONG_KEY),
    BadEntry("signed by another key in our name", lambda d: d.with_header("Ed25519", STRANGER), Code.BAD_SIGNATURE),
    BadEntry("another algorithm", lambda d: d.with_header("none", d.key), Code.BAD_HEADER),
    BadEntry("another type", lambda d: envelope.sign(d.payload, d.key, typ="hanse-card+jwt"), Code.BAD_HEADER),
    BadEntry(
        "for another circle",
        lambda d: d.signed(statements.encode(make.finding(CircleId("A" * 43)))),
        Code.WRONG_CIRCLE,
    ),
    BadEntry("a key twice", lambda d: d.replaced(b'"v":1', b'"v":1,"v":1'), Code.NON_CANONICAL),
    BadEntry("an unknown field", lambda d: d.replaced(b'"v":1', b'"v":1,"zeal":1'), Code.MALFORMED),
    BadEntry("a number as text", lambda d: d.replaced(b'"v":1', b'"v":"1"'), Code.MALFORMED),
    BadEntry("spaces between members", lambda d: d.replaced(b'"v":1', b'"v": 1'), Code.NON_CANONICAL),
    BadEntry("a number as exponent", lambda d: d.replaced(b'"strength":2', b'"strength":2e0'), Code.MALFORMED),
    BadEntry(
        "dated in the future",
        lambda d: d.signed(statements.encode(make.finding(d.circle, iat=make.IAT + 2 * DAY_SECONDS))),
        Code.FUTURE_DATED,
    ),
    BadEntry("valid for ever", lambda d: d.replaced(b'"exp":', b'"exp":9'), Code.MALFORMED),
    BadEntry("an identifier twice", lambda d: d.signed(d.payload), Code.DUPLICATE_ID),
)


def test_bad_entries_keep_their_place_and_block_nothing(node_of: MakeNode) -> None:
    """One log with all of them, a good entry after each; pulled from its writer and relayed to a third."""
    hostile, victim, third = (node_of(name) for name in ("hostile", "victim", "third"))
    circle = circle_of([hostile, victim, third])
    key = contributor_key(hostile, circle)
    first = make.finding(circle)
    good = [make.finding(circle) for _ in BAD]
    draft = Draft(key, circle, first)
    entries = [draft.signed(draft.payload)]
    for case, following in zip(BAD, good, strict=True):
        entries += [case.craft(draft), draft.signed(statements.encode(following))]
    write_entries(hostile, circle, entries)
    network = InMemory([hostile, victim, third])

    report = sync_once(victim.runtime, transport=network)
    network.disconnect(hostile.url)
    relayed = sync_once(third.runtime, transport=network)

    assert report.problems == ()
    assert [(pull.entries, pull.unreadable) for pull in report.pulls if pull.entries] == [(len(entries), len(BAD))]
    assert relayed.entries == len(entries)
    for node in (victim, third):
        with node.runtime.database.read() as tx:
            log = logs.find_log(tx, circle, key.public.key_id)
            assert log is not None
            unreadable = logs.list_unreadable(tx, log)
            feed = reading.feed(tx, after=0, limit=100, now=make.IAT)
        assert [(entry.index, entry.code) for entry in unreadable] == [
            (2 * number + 1, case.code) for number, case in enumerate(BAD)
        ]
        assert all(entry.detail for entry in unreadable)
        assert [stored.statement for stored in feed] == [first, *good]


def test_an_expired_statement_is_kept_and_counts_for_nothing(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    old = make.finding(circle, iat=make.IAT - 60 * DAY_SECONDS, life=59 * DAY_SECONDS)
    publish(author, circle, old, make.finding(circle))

    assert sync_once(reader.runtime, transport=InMemory([author, reader])).problems == ()

    with reader.runtime.database.read() as tx:
        stored = reading.get(tx, author.own(circle), old.id, now=make.IAT)
    assert stored is not None
    assert stored.state == "expired"
    assert not stored.counts


def test_an_unknown_code_is_kept_and_counted(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    newer = make.finding(circle, make.finding_body(indicator=VocabularyCode("gov-of-a-later-version")))
    publish(author, circle, newer, make.finding(circle))

    (pull,) = sync_once(reader.runtime, transport=InMemory([author, reader])).pulls

    assert (pull.entries, pull.unreadable, pull.unknown_codes, pull.problems) == (2, 0, 1, ())
    with reader.runtime.database.read() as tx:
        stored = reading.get(tx, author.own(circle), newer.id, now=make.IAT)
    assert stored is not None
    assert stored.state == "live"


@pytest.mark.parametrize("entry", [b"x" * (MAX_ENTRY_BYTES + 1), b"two\nlines"], ids=["too long", "a line feed"])
def test_an_entry_that_no_line_can_carry_harms_its_author_alone(node_of: MakeNode, entry: bytes) -> None:
    """Clause 8.8. The reader is told; everybody else's log arrives."""
    hostile, honest, victim = (node_of(name) for name in ("hostile", "honest", "victim"))
    circle = circle_of([hostile, honest, victim])
    key = contributor_key(hostile, circle)
    draft = Draft(key, circle, make.finding(circle))
    write_entries(hostile, circle, [draft.signed(draft.payload), entry])
    publish(honest, circle, make.finding(circle))

    report = sync_once(victim.runtime, transport=InMemory([hostile, honest, victim]))

    assert report.entries == 1
    (problem,) = report.problems
    assert "hostile" in problem.detail


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_log_of_empty_entries_comes_in_bounded_answers(node_of: MakeNode) -> None:
    """A few bytes could announce millions of entries, each of which becomes rows."""
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    write_entries(author, circle, [b""] * (MAX_STREAM_ENTRIES + 2))

    (pull,) = sync_once(reader.runtime, transport=InMemory([author, reader])).pulls

    assert (pull.entries, pull.unreadable) == (MAX_STREAM_ENTRIES + 2, MAX_STREAM_ENTRIES + 2)
    assert (pull.requests, pull.problems) == (2, ())
