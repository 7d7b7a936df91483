"""Registers: which engagements stand in which, in what order, and as what files."""

from datetime import date, timedelta

from node.casework import registers
from node.casework.engagements import create_engagement
from node.casework.sheets import read_table, write_csv, write_workbook
from node.clock import day_of
from node.domain.engagements import EngagementData, EngagementStatus
from node.domain.money import Money
from node.domain.registers import Register, RegisterEntry, RegisterFilter
from protocol.identifiers import VocabularyCode
from tests.node.casework.office import NOW, PARTNER, Office

TODAY = day_of(NOW)


def enter(
    office: Office, title: str, kind: str, status: EngagementStatus = EngagementStatus.RUNNING, **more: object
) -> None:
    """One engagement."""
    data = EngagementData(title=title, kind=VocabularyCode(kind), **more)  # type: ignore[arg-type]
    with office.database.write() as tx:
        create_engagement(tx, office.vault, office.vocabulary, office.officer, data, NOW, status)


def filled(office: Office) -> Office:
    """Engagements of several kinds."""
    euros = Money(minor=10_000_00, currency="EUR")
    enter(office, "Tide tables", "project", counterparts=(PARTNER,), funder="Tidal Fund", amount=euros)
    enter(office, "Old wave rider", "contract", EngagementStatus.ENDED, ends=TODAY - timedelta(days=400))
    enter(office, "Overdue", "contract", ends=TODAY - timedelta(days=4))
    enter(office, "Centre for Estuaries", "hosted-centre", funder="tidal  fund", amount=Money(minor=5, currency="JPY"))
    enter(office, "A vase", "gift", amount=euros, counterparts=(PARTNER,))
    return office


def titles(office: Office, register: Register, wanted: RegisterFilter | None = None) -> list[str]:
    return [each.engagement.data.title for each in entries(office, register, wanted)]


def entries(office: Office, register: Register, wanted: RegisterFilter | None = None) -> list[RegisterEntry]:
    with office.database.read() as tx:
        return registers.entries(tx, office.vault, register, wanted or RegisterFilter())


def test_each_register_has_its_kinds_and_what_ends_first_stands_first(office: Office) -> None:
    filled(office)
    assert titles(office, Register.AGREEMENTS) == ["Old wave rider", "Overdue", "Centre for Estuaries", "Tide tables"]
    assert titles(office, Register.CENTRES) == ["Centre for Estuaries"]
    assert titles(office, Register.GIFTS) == ["A vase"]
    assert set(titles(office, Register.FUNDERS)) == {"Tide tables", "Centre for Estuaries", "A vase"}


def test_filters_by_status_words_and_what_is_due(office: Office) -> None:
    filled(office)
    agreements = Register.AGREEMENTS
    assert titles(office, agreements, RegisterFilter(status=EngagementStatus.ENDED)) == ["Old wave rider"]
    assert "Old wave rider" not in titles(office, agreements, RegisterFilter(running=True))
    assert titles(office, agreements, RegisterFilter(words="INVENTED studies")) == ["Tide tables"]
    # Ended and nobody has said so: that is due; what was said to have ended is not.
    assert titles(office, agreements, RegisterFilter(due_before=TODAY)) == ["Overdue"]


def test_funders_are_grouped_and_currencies_are_never_added(office: Office) -> None:
    filled(office)
    lines = registers.funders(entries(office, Register.FUNDERS), TODAY)
    assert [(line.name.casefold().split(), len(line.engagements), dict(line.sums)) for line in lines] == [
        (["tidal", "fund"], 2, {"EUR": 1_000_000, "JPY": 5}),
        (PARTNER.label.casefold().split(), 1, {"EUR": 1_000_000}),
    ]
    assert list(registers.funder_rows(lines))[:2] == [
        (lines[0].name, "2", "2", "10000.00", "EUR", "0"),
        (lines[0].name, "2", "2", "5", "JPY", "0"),
    ]


def test_a_register_as_a_file_can_be_brought_in_again(office: Office) -> None:
    filled(office)
    rows = list(registers.rows(entries(office, Register.AGREEMENTS), office.vocabulary))
    for data in (write_csv(registers.HEADER, rows), write_workbook("Agreements", registers.HEADER, rows)):
        table = read_table(data)
        assert table.header == registers.HEADER
        assert [line.cells[0] for line in table.lines] == titles(office, Register.AGREEMENTS)
        tide = next(line.cells for line in table.lines if line.cells[0] == "Tide tables")
        assert (tide[1], tide[2], tide[9], tide[10]) == (PARTNER.label, PARTNER.id, "10000.00", "EUR")


def test_an_empty_register_is_empty(office: Office) -> None:
    assert titles(office, Register.AGREEMENTS) == []
    assert registers.funders([], date(2026, 1, 1)) == []
