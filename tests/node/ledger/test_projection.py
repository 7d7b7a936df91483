"""What entries mean: corrections, retractions, duplicates, responses, expiry, and the day that comes."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from node.domain.statements import Claim
from node.ledger.sweep import sweep
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.database import Database
from node.storage.gone import find as find_gone
from protocol.errors import Code
from protocol.identifiers import CircleId, StatementId, VocabularyCode
from protocol.keys import SigningKey
from protocol.projection import ClaimKey, Projected, interpret
from protocol.replica import AcceptedEntry, Unreadable
from protocol.statements import DAY_SECONDS, Finding, Statement, Timestamp
from tests.node import statements as make
from tests.node.ledger.support import Home, receive

CIRCLE = CircleId("A" * 43)
OTHER_INDICATOR = VocabularyCode("fund-source-opaque")


def entries_of(*said: Statement | Unreadable) -> list[AcceptedEntry]:
    """Entries from index 0 on, as a replica hands them over."""
    return [AcceptedEntry(index, b"", bytes(32), each) for index, each in enumerate(said)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A log whose last entry cannot have its place."""

    name: str
    log: Callable[[Finding], list[Statement]]
    code: Code
    says: str


REFUSALS = (
    Refusal(
        "an identifier twice", lambda f: [f, make.finding(CIRCLE, statement_id=f.id)], Code.DUPLICATE_ID, "earlier"
    ),
    Refusal(
        "a correction of nothing",
        lambda _: [make.correction(CIRCLE, make.new_id(), make.finding_body())],
        Code.INCONSISTENT,
        "nowhere earlier",
    ),
    Refusal(
        "a correction before its target",
        lambda f: [make.correction(CIRCLE, f.id, make.finding_body())],
        Code.INCONSISTENT,
        "nowhere earlier",
    ),
    Refusal(
        "a finding corrected as a relation",
        lambda f: [f, make.correction(CIRCLE, f.id, make.relation(CIRCLE).body)],
        Code.INCONSISTENT,
        "as a relation",
    ),
    Refusal(
        "a correction of a retracted finding",
        lambda f: [f, make.retraction(CIRCLE, f.id), make.correction(CIRCLE, f.id, f.body)],
        Code.INCONSISTENT,
        "retracted before",
    ),
    Refusal(
        "a second retraction",
        lambda f: [f, make.retraction(CIRCLE, f.id), make.retraction(CIRCLE, f.id)],
        Code.INCONSISTENT,
        "retracted before",
    ),
    Refusal(
        "a retraction of nothing", lambda _: [make.retraction(CIRCLE, make.new_id())], Code.INCONSISTENT, "nowhere"
    ),
)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_an_entry_that_cannot_have_its_place_is_unreadable_and_acts_on_nothing(case: Refusal) -> None:
    log = case.log(make.finding(CIRCLE))
    after = make.finding(CIRCLE)

    reading = interpret(entries_of(*log, after), {})

    (refused,) = reading.unreadable
    assert (refused.index, refused.code) == (len(log) - 1, case.code)
    assert case.says in refused.detail
    assert after.id in reading.new
    expected = interpret(entries_of(*log[:-1], after), {}).new
    assert {i: (r.corrected_by, r.retracted_by) for i, r in reading.new.items()} == {
        i: (r.corrected_by, r.retracted_by) for i, r in expected.items()
    }


def test_a_retraction_of_a_correction_is_refused() -> None:
    finding = make.finding(CIRCLE)
    correction = make.correction(CIRCLE, finding.id, make.finding_body())
    result = interpret(entries_of(finding, correction, make.retraction(CIRCLE, correction.id)), {})
    assert [entry.code for entry in result.unreadable] == [Code.INCONSISTENT]


def test_reading_a_log_in_pieces_is_reading_it_at_once() -> None:
    first, second = make.finding(CIRCLE), make.relation(CIRCLE)
    log: list[Statement] = [
        first,
        second,
        make.correction(CIRCLE, first.id, make.finding_body(indicator=OTHER_INDICATOR)),
        make.correction(
            CIRCLE, second.id, make.relation(CIRCLE, tied_to=make.SUBJECT, subject=make.OTHER_SUBJECT).body
        ),
        make.correction(CIRCLE, first.id, make.finding_body(), life=DAY_SECONDS),
        make.retraction(CIRCLE, second.id),
        make.finding(CIRCLE, statement_id=first.id),
    ]
    entries = entries_of(*log)
    whole = interpret(entries, {})
    for cuts in itertools.combinations(range(1, len(log)), 2):
        state: dict[StatementId, Projected] = {}
        unreadable = []
        for start, end in itertools.pairwise((0, *cuts, len(log))):
            piece = interpret(entries[start:end], state)
            state |= piece.changed | piece.new
            unreadable += piece.unreadable
        assert state == whole.new
        assert unreadable == whole.unreadable
    assert whole.new[first.id].exp == make.IAT + DAY_SECONDS
    assert whole.claims == {
        ClaimKey(make.SUBJECT, make.INDICATOR, VocabularyCode("whole")),
        ClaimKey(make.SUBJECT, OTHER_INDICATOR, VocabularyCode("whole")),
    }


def test_the_latest_correction_holds_and_a_retraction_is_final(home: Home) -> None:
    finding = make.finding(home.circle)
    home.append(finding)
    assert home.get(finding.id).state == "live"

    bodies = [make.finding_body(summary=f"Version {number}.", indicator=OTHER_INDICATOR) for number in range(3)]
    home.append(*(make.correction(home.circle, finding.id, body) for body in bodies))
    stored = home.get(finding.id)
    assert (stored.state, stored.body, stored.statement) == ("corrected", bodies[-1], finding)

    home.append(make.retraction(home.circle, finding.id))
    assert home.get(finding.id).state == "retracted"
    assert home.get(finding.id, now=Timestamp(finding.exp)).state == "retracted"


def test_a_correction_marks_the_old_and_the_new_claim_dirty(home: Home) -> None:
    finding = make.finding(home.circle)
    home.append(finding)
    whole = VocabularyCode("whole")
    old = Claim(home.circle, make.SUBJECT, make.INDICATOR, whole)
    assert take_dirty(home.database) == [old]
    assert take_dirty(home.database) == []

    home.append(make.correction(home.circle, finding.id, make.finding_body(make.OTHER_SUBJECT)))
    assert take_dirty(home.database) == [old, Claim(home.circle, make.OTHER_SUBJECT, make.INDICATOR, whole)]
    with home.database.read() as tx:
        assert reading.of_claim(tx, old, now=make.IAT) == []
        (moved,) = reading.of_subject(tx, home.circle, make.OTHER_SUBJECT, now=make.IAT)
    assert moved.statement == finding


def test_expiry_is_seen_when_read_and_marks_the_claim_dirty_once(home: Home) -> None:
    finding = make.finding(home.circle, life=30 * DAY_SECONDS)
    answer = make.response(home.circle, home.own, finding.id, life=10 * DAY_SECONDS)
    home.append(finding, answer)
    claim = Claim(home.circle, make.SUBJECT, make.INDICATOR, VocabularyCode("whole"))
    take_dirty(home.database)

    assert sweep(home.database, make.IAT) == 0
    assert sweep(home.database, Timestamp(answer.exp)) == 1
    assert take_dirty(home.database) == [claim]
    with home.database.read() as tx:
        assert reading.get(tx, home.own, answer.id, now=Timestamp(answer.exp)) is None
        gone = find_gone(tx, home.own, answer.id)
    assert gone is not None
    assert (gone.kind, gone.why, gone.index) == ("response", "expired", 1)
    assert home.get(finding.id, now=Timestamp(finding.exp - 1)).state == "live"

    assert sweep(home.database, Timestamp(finding.exp)) == 1
    assert sweep(home.database, Timestamp(finding.exp)) == 0
    assert take_dirty(home.database) == [claim]


def test_a_response_counts_for_its_target_whichever_arrives_first(home: Home) -> None:
    author, answerer = SigningKey(bytes([1] * 32)), SigningKey(bytes([2] * 32))
    finding = make.finding(home.circle)
    answer = make.response(home.circle, author.public.key_id, finding.id, "disputes")
    claim = Claim(home.circle, make.SUBJECT, make.INDICATOR, VocabularyCode("whole"))
    target = (author.public.key_id, finding.id)

    receive(home, answerer, answer)
    assert take_dirty(home.database) == []
    with home.database.read() as tx:
        assert [r.statement for r in reading.responses_to(tx, home.circle, [target], now=make.IAT)] == [answer]
    receive(home, author, finding)
    assert take_dirty(home.database) == [claim]

    receive(home, answerer, make.retraction(home.circle, answer.id))
    assert take_dirty(home.database) == [claim]
    with home.database.read() as tx:
        (gone,) = reading.responses_to(tx, home.circle, [target], now=make.IAT)
        about = reading.feed(tx, after=0, limit=10, now=make.IAT, subject=make.SUBJECT)
        under = reading.feed(tx, after=0, limit=10, now=make.IAT, indicator=make.INDICATOR)
        elsewhere = reading.feed(tx, after=0, limit=10, now=make.IAT, subject=make.OTHER_SUBJECT)
    assert gone.state == "retracted"
    assert [each.statement for each in about] == [finding]
    assert [each.statement for each in under] == [finding]
    assert elsewhere == []


def test_a_response_to_another_log_with_the_same_identifier_is_not_taken_for_ours(home: Home) -> None:
    author, other, answerer = (SigningKey(bytes([number] * 32)) for number in (1, 2, 3))
    finding = make.finding(home.circle)
    twin = make.finding(home.circle, make.finding_body(make.OTHER_SUBJECT), statement_id=finding.id)
    receive(home, author, finding)
    receive(home, other, twin)
    take_dirty(home.database)
    answer = make.response(home.circle, other.public.key_id, finding.id)

    receive(home, answerer, answer)

    assert [claim.subject for claim in take_dirty(home.database)] == [make.OTHER_SUBJECT]
    with home.database.read() as tx:
        targets = [(author.public.key_id, finding.id)]
        assert reading.responses_to(tx, home.circle, targets, now=make.IAT) == []
        about = reading.feed(tx, after=0, limit=10, now=make.IAT, subject=make.SUBJECT)
    assert [each.statement for each in about] == [finding]


def test_an_entry_from_the_future_is_what_it_says_once_its_day_has_come(home: Home) -> None:
    tomorrow = Timestamp(make.IAT + 2 * DAY_SECONDS)
    early = make.finding(home.circle, iat=tomorrow)
    twin = make.finding(home.circle, make.finding_body(make.OTHER_SUBJECT), statement_id=early.id)
    rash = make.correction(home.circle, early.id, make.finding_body(strength=4))
    key = home.keyring.contributor(home.own)
    receive(home, key, early, rash, twin)
    assert home.get(early.id).statement == twin
    with home.database.read() as tx:
        codes = [entry.code for entry in logs.list_unreadable(tx, home.log())]
    assert codes == [Code.FUTURE_DATED, Code.INCONSISTENT]
    take_dirty(home.database)

    assert sweep(home.database, make.IAT) == 0
    assert sweep(home.database, tomorrow) == 3  # two became readable, one lost its identifier

    stored = home.get(early.id, now=tomorrow)
    assert (stored.statement, stored.state, stored.body) == (early, "corrected", rash.body.finding)
    with home.database.read() as tx:
        assert [(e.index, e.code) for e in logs.list_unreadable(tx, home.log())] == [(2, Code.DUPLICATE_ID)]
    assert [claim.subject for claim in take_dirty(home.database)] == [make.SUBJECT, make.OTHER_SUBJECT]
    assert sweep(home.database, tomorrow) == 0


def take_dirty(database: Database) -> list[Claim]:
    with database.write() as tx:
        return reading.take_dirty_claims(tx, 100)
