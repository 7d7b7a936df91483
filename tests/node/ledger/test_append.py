"""Appending: one transaction, one history, whoever calls at once."""

from node.ledger.append import append
from node.storage import ledger as logs
from protocol.replica import Replica
from tests.node import statements as make
from tests.node.ledger.support import Home


def test_appended_statements_are_a_log_that_a_peer_accepts(home: Home) -> None:
    new = make.findings(home.circle, 300)
    with home.database.write() as tx:
        appended = append(tx, home.keyring, home.circle, new[:1], make.IAT)
        appended += append(tx, home.keyring, home.circle, new[1:], make.IAT)

    assert [each.index for each in appended] == list(range(300))
    with home.database.read() as tx:
        log = logs.find_log(tx, home.circle, home.own)
        assert log is not None
        entries = logs.read_entries(tx, log, 0, log.size)
    key = home.keyring.contributor(home.own).public
    replica, accepted = Replica(home.circle, key).accept(log.covered, entries, make.IAT, start=0)
    assert replica.frontier == log.frontier
    assert [entry.content for entry in accepted] == list(new)
