"""A table of agreements comes in: guessed columns, a trial that stores nothing, rows stored once, whatever happens."""

from datetime import date

import pytest

from node.casework import engagement_import as imports
from node.casework.checks import FieldError
from node.casework.engagement_import import Find, Found
from node.casework.engagements import all_engagements
from node.domain.engagement_imports import DecimalMark, EngagementImport, ImportId, ImportState, Reading, RowState
from node.domain.engagements import Engagement, EngagementStatus
from node.domain.money import Money
from node.errors import HanseError
from node.storage import engagement_imports as storage
from node.storage.database import Transaction
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp
from tests.node.casework.office import NOW, PARTNER, Office

TABLE = """Vertrag;Partner;Art;Beginn;Ende;Betrag;Währung;Aktenzeichen
Tide tables;Institute of Invented Studies;Joint project;04.03.2026;2028-12-31;1.250,50;EUR;A-1
Wave rider;Somebody Unknown;contract;05.03.2026;;;;A-2
;Institute of Invented Studies;Gift or hospitality;31.02.2026;;;;A-3
Backwards;Institute of Invented Studies;project;2026-03-05;2026-03-01;;;A-4
Odd kind;Institute of Invented Studies;friendship;;;;;A-5
Odd sum;Institute of Invented Studies;grant;;;1,25,0;EUR;A-6
"""


def finder(tx: Transaction) -> Find:  # noqa: ARG001 - what the pages pass asks the registry
    """Knows one organisation, and offers it for what it does not know."""

    def find(text: str) -> Found:
        return Found(PARTNER) if text == PARTNER.label else Found(None, (PARTNER,))

    return find


def received(office: Office, data: str = TABLE) -> EngagementImport:
    """The table, read."""
    with office.database.write() as tx:
        return imports.receive(tx, office.vault, office.officer, "register.csv", data.encode(), NOW)


def chosen(office: Office, one: EngagementImport, **changes: object) -> None:
    """Its columns given a meaning: the guessed one."""
    values: dict[str, object] = {"columns": one.reading.columns, "decimals": DecimalMark.COMMA}
    with office.database.write() as tx:
        imports.choose(tx, office.vault, office.vocabulary, one, Reading(**(values | changes)), NOW)  # type: ignore[arg-type]


def worked(office: Office, wanted: ImportId, batches: int = 1_000) -> EngagementImport:
    """Worked through, or for some batches."""
    for _ in range(batches):
        if not imports.work(office.database, office.vault, office.vocabulary, wanted, finder, NOW):
            break
    with office.database.read() as tx:
        return imports.get_import(tx, office.vault, wanted, office.officer)


def stored(office: Office) -> list[Engagement]:
    with office.database.read() as tx:
        return list(all_engagements(tx, office.vault))


def test_columns_are_guessed_from_their_names_in_three_languages() -> None:
    assert imports.guessed(("Vertrag", "Partner", "Beginn", "Laufzeitende", "Betrag", "Aktenzeichen")) == {
        "title": 0,
        "partner": 1,
        "begins": 2,
        "ends": 3,
        "amount": 4,
        "reference": 5,
    }
    assert imports.guessed(("Intitulé", "Organisation", "Début", "Fin", "Montant")).keys() == {
        "title",
        "partner",
        "begins",
        "ends",
        "amount",
    }
    assert imports.guessed(("a", "b")) == {}


def test_a_trial_stores_nothing_and_says_what_is_wrong_with_each_row(office: Office) -> None:
    one = received(office)
    assert one.state is ImportState.CHOOSING
    chosen(office, one)
    tried = worked(office, one.id)
    assert tried.state is ImportState.CHECKED
    assert tried.counts == {RowState.GOOD: 1, RowState.OPEN: 1, RowState.REFUSED: 4}
    assert stored(office) == []
    with office.database.read() as tx:
        refused = storage.rows(tx, office.vault, one.id, (RowState.REFUSED,), limit=10)
        (open_row,) = storage.rows(tx, office.vault, one.id, (RowState.OPEN,), limit=10)
    assert [(row.row, row.column) for row in refused] == [(4, "begins"), (5, "ends"), (6, "kind"), (7, "amount")]
    assert not any("friendship" in row.reason for row in refused)
    assert open_row.offered == (PARTNER,)


def test_good_rows_are_stored_once_and_the_rest_is_kept_to_be_seen(office: Office) -> None:
    one = received(office)
    chosen(office, one)
    tried = worked(office, one.id)
    with office.database.write() as tx:
        imports.confirm(tx, office.vault, tried, NOW)
    done = worked(office, one.id)
    assert done.state is ImportState.DONE
    (engagement,) = stored(office)
    data = engagement.data
    assert (data.title, data.counterparts, data.kind) == ("Tide tables", (PARTNER,), "project")
    assert (data.begins, data.ends) == (date(2026, 3, 4), date(2028, 12, 31))
    assert data.amount == Money(minor=125_050, currency="EUR")
    assert engagement.status is EngagementStatus.RUNNING
    assert engagement.owner == office.officer
    # The same file again: what has a reference is known.
    again = received(office)
    chosen(office, again)
    assert worked(office, again.id).counts[RowState.KNOWN] == 1
    assert len(stored(office)) == 1


def test_rows_without_an_identified_partner_come_in_only_when_that_was_chosen(office: Office) -> None:
    one = received(office)
    chosen(office, one, take_open=True)
    tried = worked(office, one.id)
    with office.database.write() as tx:
        imports.confirm(tx, office.vault, tried, NOW)
    worked(office, one.id)
    titles = {each.data.title: each.data.counterparts for each in stored(office)}
    assert titles == {"Tide tables": (PARTNER,), "Somebody Unknown: Wave rider": ()}


def test_a_table_that_stops_in_the_middle_goes_on_and_stores_nothing_twice(office: Office) -> None:
    lines = "".join(f"Agreement {number},R-{number}\n" for number in range(120))
    one = received(office, "title,reference\n" + lines)
    chosen(office, one, kind=VocabularyCode("contract"))
    tried = worked(office, one.id)
    with office.database.write() as tx:
        imports.confirm(tx, office.vault, tried, NOW)
    middle = worked(office, one.id, batches=1)
    assert middle.state is ImportState.STORING
    assert middle.counts[RowState.STORED] == imports.BATCH == len(stored(office))
    assert worked(office, one.id).state is ImportState.DONE
    assert sorted(each.data.reference for each in stored(office)) == sorted(f"R-{number}" for number in range(120))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"columns": {"begins": 0}}, "title"),
        ({"columns": {"title": 0, "partner": 0}}, ""),
        ({"columns": {"title": 99}}, ""),
        ({"columns": {"title": 0}}, "kind"),
        ({"columns": {"title": 0}, "kind": VocabularyCode("friendship")}, "kind"),
        ({"columns": {"title": 0, "amount": 5}, "kind": VocabularyCode("gift")}, "currency"),
    ],
    ids=["no-title", "twice", "beyond", "no-kind", "odd-kind", "no-currency"],
)
def test_a_choice_that_cannot_be_meant_is_refused(office: Office, changes: dict[str, object], field: str) -> None:
    one = received(office)
    with pytest.raises(FieldError) as caught:
        chosen(office, one, **changes)
    assert caught.value.field == field


def test_a_table_is_its_bringers_alone_and_is_forgotten(office: Office) -> None:
    one = received(office)
    with office.database.read() as tx, pytest.raises(HanseError, match="no such import"):
        imports.get_import(tx, office.vault, one.id, office.colleague)
    with office.database.write() as tx:
        assert imports.forget_old(tx, Timestamp(NOW + 29 * 86_400)) == 0
        assert imports.forget_old(tx, Timestamp(NOW + 31 * 86_400)) == 1
        assert storage.of_account(tx, office.vault, office.officer) == []


def test_no_more_tables_than_somebody_can_keep_in_mind(office: Office) -> None:
    for _ in range(imports.MAX_IMPORTS):
        received(office, "title\nOne\n")
    with pytest.raises(HanseError, match="kept already"):
        received(office, "title\nOne\n")
