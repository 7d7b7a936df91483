"""What an erasure takes away, and what it cannot; and that the log still verifies."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from node.insight import index
from node.insight.refresh import catch_up
from node.ledger.check import Damage, check
from node.ledger.reproject import read_again
from node.ledger.sweep import sweep
from node.storage import gone, statement_index
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.tables.ledger import ENTRIES, STATEMENTS
from node.storage.tables.statement_index import STATEMENT_POSTINGS
from node.storage.wipe import is_due, wipe
from protocol.identifiers import StatementId
from protocol.merkle.hashing import Leaf, leaf_hash
from protocol.statements import Correction, Finding, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.ledger.support import Home

WORD = "quillbrush"


def corrected(home: Home) -> tuple[Finding, Correction]:
    """A finding, another one, and a correction of the first: entries 0 to 2."""
    first = make.finding(home.circle, make.finding_body(summary=f"What the {WORD} said."))
    correction = make.correction(home.circle, first.id, make.finding_body(summary=f"What the {WORD}s said."))
    home.append(first, make.finding(home.circle), correction)
    return first, correction


def damages(home: Home) -> list[Damage]:
    return [event for event in check(home.database, make.IAT) if isinstance(event, Damage)]


def column(home: Home, column: sa.Column[int]) -> list[int]:
    with home.database.read() as tx:
        return sorted(tx.connection.execute(sa.select(column)).scalars())


def why_gone(home: Home, statement: StatementId) -> tuple[str, str, int | None] | None:
    with home.database.read() as tx:
        found = gone.find(tx, home.own, statement)
    return None if found is None else (found.kind, found.why, found.erased_by)


def test_an_erasure_takes_the_statement_and_its_corrections_and_nothing_else(home: Home) -> None:
    first, correction = corrected(home)
    before = home.log()
    with home.database.read() as tx:
        held = logs.read_entries(tx, before, 0, 3)

    home.append(make.erasure(home.circle, first.id, 0, 2))

    assert column(home, ENTRIES.c.idx) == column(home, STATEMENTS.c.idx) == [1, 3]
    assert why_gone(home, first.id) == ("finding", "erased", 3)
    assert why_gone(home, correction.id) == ("correction", "erased", 3)
    with home.database.read() as tx:
        assert reading.get(tx, home.own, first.id, now=make.IAT) is None
        places = logs.read_places(tx, home.log(), 0, 3)
    assert places == [Leaf(leaf_hash(held[0])), held[1], Leaf(leaf_hash(held[2]))]
    assert damages(home) == []


def test_words_and_terms_leave_the_index(home: Home, vocabulary: Vocabulary) -> None:
    first, _ = corrected(home)
    index.catch_up(home.database, make.IAT)
    catch_up(home.database, vocabulary, make.IAT)
    with home.database.read() as tx:
        assert f"w:{WORD}s" in statement_index.terms(tx)

    home.append(make.erasure(home.circle, first.id, 0, 2))
    index.catch_up(home.database, make.IAT)
    catch_up(home.database, vocabulary, make.IAT)

    with home.database.read() as tx:
        assert not [term for term in statement_index.terms(tx) if WORD in term]
        kept = tx.connection.execute(sa.select(STATEMENT_POSTINGS)).all()
    with home.database.write() as tx:
        statement_index.clear(tx)
    index.catch_up(home.database, make.IAT)
    with home.database.read() as tx:
        anew = tx.connection.execute(sa.select(STATEMENT_POSTINGS)).all()
    assert sorted(map(tuple, kept)) == sorted(map(tuple, anew))


def test_a_retracted_statement_is_erased_and_what_retracted_it_says_no_more_what_it_was_about(home: Home) -> None:
    first, _ = corrected(home)
    retraction = make.retraction(home.circle, first.id)
    home.append(retraction)
    home.append(make.erasure(home.circle, first.id, 0, 2))

    assert column(home, ENTRIES.c.idx) == [1, 3, 4]
    with home.database.read() as tx:
        rows = tx.connection.execute(sa.select(STATEMENTS).where(STATEMENTS.c.idx == 3)).one()
    assert (rows.subject, rows.indicator, rows.scope, rows.target_id) == (None, None, None, first.id)
    assert damages(home) == []


def test_an_erasure_takes_nothing_that_it_names_beside_its_target(home: Home) -> None:
    """An author cannot take away by it what members know of each other, nor another finding."""
    first, _ = corrected(home)
    home.append(make.erasure(home.circle, first.id, 0, 1, 2))
    assert column(home, ENTRIES.c.idx) == [1, 3]
    assert damages(home) == []


@pytest.mark.parametrize("indices", [(1, 2), (0, 9)], ids=["another's place", "what comes after it"])
def test_an_erasure_of_other_places_is_refused(home: Home, indices: tuple[int, ...]) -> None:
    first, _ = corrected(home)
    with pytest.raises(Exception, match="erases"):
        home.append(make.erasure(home.circle, first.id, *indices))
    assert column(home, ENTRIES.c.idx) == [0, 1, 2]


def test_reading_the_log_again_changes_nothing(home: Home) -> None:
    first, _ = corrected(home)
    second = make.relation(home.circle)
    home.append(second, make.retraction(home.circle, second.id), make.erasure(home.circle, first.id, 0, 2))
    key = home.keyring.contributor(home.own).public
    with home.database.write() as tx:
        found = read_again(tx, logs.lock_log(tx, home.circle, home.own), key, make.IAT)
    assert (found.statements, found.claims) == (0, set())
    assert damages(home) == []


def test_what_has_expired_goes_and_what_acted_on_it_stays(home: Home) -> None:
    first, correction = corrected(home)
    home.append(make.retraction(home.circle, first.id))
    end = Timestamp(correction.exp)

    sweep(home.database, end)

    assert column(home, ENTRIES.c.idx) == [3]
    assert why_gone(home, first.id) == ("finding", "expired", None)
    assert damages(home) == []
    home.append(make.erasure(home.circle, first.id, 0, 2))
    assert why_gone(home, first.id) == ("finding", "erased", 4)
    assert damages(home) == []


def test_a_correction_of_what_has_expired_does_not_stay(home: Home) -> None:
    finding = make.finding(home.circle, life=86_400)
    home.append(finding)
    sweep(home.database, Timestamp(finding.exp))
    home.append(make.correction(home.circle, finding.id, make.finding_body(summary=WORD)))
    assert column(home, ENTRIES.c.idx) == []
    assert damages(home) == []


def test_the_bytes_leave_the_files(home: Home, tmp_path: Path) -> None:
    first, _ = corrected(home)
    index.catch_up(home.database, make.IAT)
    home.append(make.erasure(home.circle, first.id, 0, 2))
    index.catch_up(home.database, make.IAT)
    with home.database.read() as tx:
        assert is_due(tx)
    assert wipe(home.database, make.IAT)
    with home.database.read() as tx:
        assert not is_due(tx)
    assert wipe(home.database, make.IAT)  # nothing is left to do
    for path in tmp_path.rglob("*.db*"):
        assert WORD.encode() not in path.read_bytes()


def test_a_missing_entry_is_still_damage(home: Home) -> None:
    corrected(home)
    with home.database.write() as tx:
        tx.connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.idx == 1))
    assert [(damage.index, damage.what) for damage in damages(home)] == [(1, "the entry is missing")]
    with home.database.read() as tx, pytest.raises(Exception, match="not all in the database"):
        logs.read_places(tx, home.log(), 0, 3)
