"""``hanse privacy``: documents that say what the node is, lists that name whom to call, and a door that stays shut."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner, Result

from node.cli.legal.documents import Document, document
from node.cli.legal.facts import facts
from node.cli.main import app
from node.domain import retention
from node.domain.transfers import Basis, Transfer
from node.errors import Code, HanseError
from node.publishing.receivers import receivers
from node.publishing.transfers import missing, require_basis
from node.storage import circles, transfers
from node.sync import sync_once
from protocol.statements import Kind
from tests.federation.members import leave
from tests.federation.support import InMemory, publish
from tests.node import statements as make
from tests.node.cli.legal_example import EXAMPLE, FOLDER, page
from tests.node.web.house import House, make_house


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


@pytest.mark.parametrize("which", list(Document))
def test_the_documents_of_the_project_are_what_the_command_prints(which: Document) -> None:
    assert (FOLDER / f"{which.value}.md").read_text("utf-8") == page(which)


@pytest.mark.parametrize("which", list(Document))
def test_what_others_wrote_is_no_markup(which: Document) -> None:
    (circle,) = EXAMPLE.circles
    hostile = "<script>x</script> | [a](https://b.example)\n# *Heading* `code`"
    changed = replace(circle, name=hostile, purpose=hostile, legal_basis=hostile)
    text = document(which, replace(EXAMPLE, institution=hostile, circles=(changed,)))
    assert "<script>" not in text
    assert "\n# *Heading" not in text
    assert "[a](" not in text
    assert "\\<script\\>" in text


@pytest.mark.parametrize("which", list(Document))
def test_a_node_without_a_circle_has_its_documents(which: Document) -> None:
    assert "Aldermoor" in document(which, replace(EXAMPLE, circles=(), contact="", casework_months=0))


def test_the_facts_are_those_of_the_node(house: House) -> None:
    with house.node.runtime.database.read() as tx:
        found = facts(tx, house.node.runtime)
        roster = circles.get_roster(tx, house.circle)
    (circle,) = found.circles
    assert found.institution == "University of Aldermoor"
    assert (circle.legal_basis, circle.retention_days) == (roster.charter.legal_basis, roster.charter.retention_days)
    assert {each.name for each in circle.others} == {node.name for node in house.others}
    assert found.casework_months == house.node.runtime.settings.casework_retention_months


def test_receivers_are_all_members_with_what_proves_it(house: House) -> None:
    finding = make.finding(house.circle)
    runtime = house.node.runtime
    publish(house.node, house.circle, finding)
    now = house.node.clock.now()
    network = InMemory([house.node, *house.others])

    with runtime.database.read() as tx:
        before = receivers(tx, runtime.vault, house.circle, finding.id, now)
    sync_once(house.others[0].runtime, transport=network)
    leave(house.others[1], house.circle)
    sync_once(runtime, transport=network)
    with runtime.database.read() as tx:
        after = receivers(tx, runtime.vault, house.circle, finding.id, now)
        with pytest.raises(HanseError) as error:
            receivers(tx, runtime.vault, house.circle, make.new_id(), now)

    assert [(each.holding, each.member) for each in before] == [("presumed", True), ("presumed", True)]
    assert [(each.name, each.holding, each.member) for each in after] == [
        ("Northport Institute of Technology", "signed", True),
        ("Universit\u00e9 du Val d\u2019Esk", "presumed", False),
    ]
    assert error.value.code is Code.NOT_FOUND


def test_a_list_of_transfers_that_was_begun_has_to_be_whole(house: House) -> None:
    runtime = house.node.runtime
    with runtime.database.write() as tx:
        roster = circles.get_roster(tx, house.circle)
        north, esk = (each.identity for each in sorted(roster.others, key=lambda each: each.name))
        require_basis(tx, roster, "finding")
        transfers.record(tx, Transfer(north, Basis.SAME_LAW, "", None, house.node.clock.now()))
        with pytest.raises(HanseError) as refused:
            require_basis(tx, roster, "finding")
        transfers.record(tx, Transfer(esk, Basis.NONE, "", None, house.node.clock.now()))
        still = missing(tx, roster)
        for kind in ("correction", "retraction", "erasure"):
            require_basis(tx, roster, _kind(kind))
        transfers.record(tx, Transfer(esk, Basis.CLAUSES, "2026/17", None, house.node.clock.now()))
        assert missing(tx, roster) == ()
    assert refused.value.code is Code.TRANSFER_BASIS_MISSING
    assert "Val d" in refused.value.detail
    assert "Northport" not in refused.value.detail
    assert len(still) == 1


def test_a_charter_without_a_legal_basis_receives_nothing_new(house: House) -> None:
    with house.node.runtime.database.read() as tx:
        roster = circles.get_roster(tx, house.circle)
        blank = replace(roster, charter=structs.replace(roster.charter, legal_basis=" \n"))
        require_basis(tx, roster, "finding")
        require_basis(tx, blank, "retraction")
        with pytest.raises(HanseError) as refused:
            require_basis(tx, blank, "finding")
    assert "names no legal basis" in refused.value.detail


def _kind(text: str) -> Kind:
    kinds: dict[str, Kind] = {"correction": "correction", "retraction": "retraction", "erasure": "erasure"}
    return kinds[text]


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


def test_the_commands_answer_on_a_new_node(tmp_path: Path) -> None:
    data = tmp_path / "aldermoor"
    assert _run(data, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    for command in ("record", "dpia", "arrangement", "notice"):
        assert "Aldermoor" in _run(data, "privacy", command).output
    assert "0 past the limit of 120 months" in _run(data, "privacy", "due").output
    circle = "A" * 43
    refused = _run(data, "privacy", "transfer", circle, "Northport", "adequacy").exception
    assert isinstance(refused, HanseError)
    refused = _run(data, "privacy", "transfer", circle, "Northport", "adequacy", "--reference", "x" * 201).exception
    assert isinstance(refused, HanseError)
    assert refused.code is Code.INVALID


def test_the_usual_life_is_two_half_lives_within_the_charter() -> None:
    assert retention.usual_days(18, 3_653) == 2 * 18 * 30
    assert retention.usual_days(18, 365) == 365
    assert retention.usual_days(None, 365) == 365
    assert "18 months" in retention.usual_words(18)
    assert "36 months" in retention.usual_words(18)
    assert "does not age" in retention.usual_words(None)
    assert retention.limit(make.IAT, 0) is None
    assert date(1970, 1, 1) + timedelta(seconds=retention.limit(make.IAT, 12) or 0) < date(2026, 1, 1)
