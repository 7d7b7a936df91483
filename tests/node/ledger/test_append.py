"""Appending: one transaction, one history, whoever calls at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from node.errors import Code, HanseError
from node.ledger.append import append
from node.storage import forks
from node.storage import ledger as logs
from node.storage import statements as reading
from protocol.identifiers import CircleId
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.replica import Replica
from protocol.statements import DAY_SECONDS, Statement
from tests.node import statements as make
from tests.node.ledger.support import Home


def accepted_by_a_peer(home: Home) -> list[object]:
    """What a replica that starts from nothing makes of the log as it is stored."""
    log = home.log()
    with home.database.read() as tx:
        entries = logs.read_entries(tx, log, 0, log.size)
    key = home.keyring.contributor(home.own).public
    replica, accepted = Replica(home.circle, key).accept(log.covered, entries, make.IAT, start=0)
    assert replica.frontier == log.frontier
    return [entry.content for entry in accepted]


def test_appended_statements_are_a_log_that_a_peer_accepts(home: Home) -> None:
    new = make.findings(home.circle, 300)

    appended = home.append(*new[:1]) + home.append(*new[1:])

    assert [each.index for each in appended] == list(range(300))
    assert [each.id for each in appended] == [each.id for each in new]
    assert accepted_by_a_peer(home) == list(new)


def test_concurrent_callers_take_turns(home: Home) -> None:
    batches = [make.findings(home.circle, 3) for _ in range(16)]
    with ThreadPoolExecutor(4) as threads:
        indices = [each.index for result in threads.map(lambda batch: home.append(*batch), batches) for each in result]
    assert sorted(indices) == list(range(48))
    assert len(accepted_by_a_peer(home)) == 48


def test_nothing_of_a_failed_transaction_is_left(home: Home) -> None:
    kept, lost = make.finding(home.circle), make.finding(home.circle)
    home.append(kept)
    before = home.log()
    with pytest.raises(InterruptedError):
        append_and_crash(home, lost)
    assert home.log() == before
    assert accepted_by_a_peer(home) == [kept]


def append_and_crash(home: Home, statement: Statement) -> None:
    with home.database.write() as tx:
        append(tx, home.keyring, home.circle, [statement], make.IAT)
        raise InterruptedError


def refused(home: Home, *statements: Statement) -> HanseError:
    before = home.log()
    with pytest.raises(HanseError) as caught:
        home.append(*statements)
    assert home.log() == before
    return caught.value


def test_what_readers_would_refuse_is_not_signed(home: Home) -> None:
    known = make.finding(home.circle)
    home.append(known)
    elsewhere = CircleId("A" * 43)
    cases: dict[str, Statement] = {
        "for another circle": make.finding(elsewhere),
        "dated in the future": make.finding(home.circle, iat=make.IAT + 5 * DAY_SECONDS),
        "an identifier twice": make.finding(home.circle, statement_id=known.id),
        "a retraction of nothing": make.retraction(home.circle, make.new_id()),
    }
    for name, statement in cases.items():
        error = refused(home, make.finding(home.circle), statement)
        assert error.code is Code.INVALID, name
        assert statement.id in error.detail, name


def test_a_circle_that_we_are_not_in_is_refused(home: Home) -> None:
    elsewhere = CircleId("A" * 43)
    with pytest.raises(HanseError) as caught, home.database.write() as tx:
        append(tx, home.keyring, elsewhere, [make.finding(elsewhere)], make.IAT)
    assert caught.value.code is Code.NO_SUCH_MEMBER
    assert caught.value.remedy


def test_a_missing_key_file_is_named(home: Home) -> None:
    path = home.keys / "contributors" / f"{home.own}.key"
    path.unlink()
    with pytest.raises(HanseError) as caught:
        home.append(make.finding(home.circle))
    assert caught.value.code is Code.BAD_KEY_FILE
    assert path.name in caught.value.detail


def test_a_forked_log_takes_nothing_more(home: Home) -> None:
    home.append(make.finding(home.circle))
    with home.database.write() as tx:
        forks.declare(tx, home.log(), index=None, evidence=None, problem="two signed roots for size 1.", now=make.IAT)
    assert refused(home, make.finding(home.circle)).code is Code.CONFLICT


def test_a_log_that_is_being_restored_takes_nothing(home: Home) -> None:
    """A checkpoint between what we hold and what we once signed would be a fork."""
    home.append(make.finding(home.circle))
    log = home.log()
    with home.database.write() as tx:
        logs.save_checkpoints(tx, log, covered=log.covered, covered_size=1, head=b"a larger one, seen at a peer")
    assert refused(home, make.finding(home.circle)).code is Code.CONFLICT


def test_the_checkpoint_names_the_log_and_its_size(home: Home) -> None:
    home.append(*make.findings(home.circle, 3))
    log = home.log()
    key = home.keyring.contributor(home.own).public
    checkpoint = open_checkpoint(log.covered, origin=origin(home.circle, home.own), key=key)
    assert (checkpoint.size, log.covered_size, checkpoint.root) == (3, 3, log.frontier.root())
    with home.database.read() as tx:
        assert reading.counts(tx)[home.circle][home.own] == 3
