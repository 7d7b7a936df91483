"""Engagements: recorded, changed under version, listed, and their history; money without rounding."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from node.casework.assessments import create_assessment, get_assessment
from node.casework.checks import FieldError
from node.casework.drafts import prefill_finding
from node.casework.engagements import (
    all_engagements,
    assessments_of,
    change_engagement,
    create_engagement,
    get_engagement,
    hand_over,
    head_from,
    history,
    list_engagements,
    set_status,
    titles_of,
)
from node.domain.accounts import AccountId
from node.domain.casework import Edit
from node.domain.engagements import Engagement, EngagementData, EngagementId, EngagementStatus
from node.domain.evidence import EvidenceId
from node.domain.money import CURRENCIES, MAX_MINOR_UNITS, Money, parse_money, spelled, typed_amount
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft
from node.publishing.known import known
from node.storage import circles
from protocol.identifiers import VocabularyCode
from protocol.sources import source_digests
from protocol.statements import Timestamp
from tests.node.casework.office import MAILBOX, NOW, PARTNER, Office, head, observation


def data(**changes: object) -> EngagementData:
    """An engagement with an invented partner."""
    values: dict[str, object] = {
        "title": "Tidal test stand",
        "counterparts": (PARTNER,),
        "partner_unit": "Department of Tides",
        "our_unit": "Coastal Engineering",
        "kind": VocabularyCode("joint-laboratory"),
        "begins": date(2026, 10, 1),
        "ends": date(2029, 9, 30),
        "amount": Money(minor=8_500_000, currency="EUR"),
        "funder": "Foundation for Estuary Research",
        "technology_domains": (VocabularyCode("energy"),),
        "governing_law": "Law of Verania",
        "purpose": "Measuring tides together.",
        "benefit": "Two doctoral posts.",
        "reference": "AL-2026-118",
    }
    return EngagementData(**(values | changes))  # type: ignore[arg-type]


def engage(office: Office, account: AccountId | None = None, **changes: object) -> Engagement:
    with office.database.write() as tx:
        return create_engagement(tx, office.vault, office.vocabulary, account or office.officer, data(**changes), NOW)


def edit(office: Office, version: int) -> Edit:
    return Edit(office.officer, version, Timestamp(NOW + version))


def test_every_change_is_kept_with_what_it_replaced(office: Office) -> None:
    made = engage(office)
    with office.database.write() as tx:
        change_engagement(tx, office.vault, office.vocabulary, made.id, data(title="Renamed"), edit(office, 1))
        set_status(tx, office.vault, made.id, EngagementStatus.RUNNING, edit(office, 2))
        hand_over(tx, office.vault, made.id, office.colleague, edit(office, 3))
    with office.database.read() as tx:
        found = get_engagement(tx, office.vault, made.id)
        events = history(tx, office.vault, made.id)
    assert (found.version, found.status, found.owner) == (4, EngagementStatus.RUNNING, office.colleague)
    assert found.data == data(title="Renamed")
    assert [event.kind for event in events] == ["created", "changed", "status", "handed-over"]
    assert "Tidal test stand" in events[1].before
    assert "Renamed" in events[1].after
    assert '"status":"running"' in events[2].after


def test_the_second_of_two_officers_is_told(office: Office) -> None:
    made = engage(office)
    with office.database.write() as tx:
        set_status(tx, office.vault, made.id, EngagementStatus.AGREED, edit(office, 1))
    for change in (EngagementStatus.ENDED, EngagementStatus.AGREED):
        with office.database.write() as tx, pytest.raises(HanseError) as error:
            set_status(tx, office.vault, made.id, change, edit(office, 1))
        assert error.value.code is Code.CONFLICT
    with office.database.read() as tx, pytest.raises(HanseError) as error:
        get_engagement(tx, office.vault, EngagementId("A" * 22))
    assert error.value.code is Code.NOT_FOUND


def test_lists_are_by_owner_and_status(office: Office) -> None:
    first, second = engage(office), engage(office, office.colleague, title="Second")
    with office.database.write() as tx:
        set_status(tx, office.vault, second.id, EngagementStatus.DECLINED, edit(office, 1))
        open_ = frozenset(status for status in EngagementStatus if not status.over)
        assert [each.id for each in list_engagements(tx, office.vault, statuses=open_)] == [first.id]
        assert [each.id for each in list_engagements(tx, office.vault, owner=office.colleague)] == [second.id]
        assert len(list_engagements(tx, office.vault, limit=1)) == 1
        assert {each.id for each in all_engagements(tx, office.vault)} == {first.id, second.id}
        assert titles_of(tx, office.vault, [second.id]) == {second.id: "Second"}


def test_an_assessment_takes_over_what_is_known_and_belongs_to_the_engagement(office: Office) -> None:
    made = engage(office)
    with office.database.write() as tx:
        begun = create_assessment(tx, office.vault, office.vocabulary, office.officer, head_from(made), NOW)
        assert assessments_of(tx, office.vault, made.id) == [begun]
        assert get_assessment(tx, office.vault, begun.id).data.benefit == "Two doctoral posts."
        stray = head(engagement=EngagementId("A" * 22))
        with pytest.raises(FieldError) as error:
            create_assessment(tx, office.vault, office.vocabulary, office.officer, stray, NOW)
    assert error.value.field == "engagement"
    assert begun.data.subject == PARTNER


def test_everything_written_is_sealed_and_stays_in_its_row(office: Office) -> None:
    made, other = engage(office), engage(office)
    with office.database.write() as tx:
        sealed = tx.connection.execute(sa.text("SELECT * FROM engagements WHERE id = :id"), {"id": made.id}).one()
        assert b"Tidal" not in repr(sealed).encode()
        assert PARTNER.id not in repr(sealed)
        tx.connection.execute(
            sa.text("UPDATE engagements SET sealed = :sealed WHERE id = :id"), {"sealed": sealed.sealed, "id": other.id}
        )
        with pytest.raises(HanseError) as error:
            get_engagement(tx, office.vault, other.id)
    assert error.value.code is Code.CORRUPTED
    assert "Tidal" not in repr(made)


def test_register_entries_are_sources_and_own_records_and_files_never_leave(office: Office) -> None:
    register, record, file = "Company register of Verania 4711", "AZ 2026/0815", EvidenceId("B" * 22)
    assessment, answer = office.assess(answer=observation(registers=(register,), records=(record,)))
    answer = replace(answer, data=replace(answer.data, files=(file,)))
    with office.database.write() as tx:
        roster = circles.get_roster(tx, office.circle)
        prefill = prefill_finding(assessment, answer, roster, office.vocabulary, contact=MAILBOX, now=NOW)
        draft = create_draft(
            tx,
            office.vault,
            office.officer,
            office.circle,
            prefill.content,
            expires=prefill.expires,
            case=(assessment.id, answer.id),
            now=NOW,
        )
        refused = known(tx, office.vault, draft, institution="")
    assert prefill.content.body.sources == source_digests((*answer.data.sources, register))
    assert register in prefill.content.held_back.evidence
    assert record not in repr(prefill)
    assert file not in repr(prefill)
    assert record in refused.references


def test_the_gate_knows_what_was_written_in_the_engagement(office: Office) -> None:
    made = engage(office, purpose="Asked for by Prof. Ottoline Brackwater.")
    begun, answer = office.assess(head(engagement=made.id))
    with office.database.write() as tx:
        roster = circles.get_roster(tx, office.circle)
        prefill = prefill_finding(begun, answer, roster, office.vocabulary, contact=MAILBOX, now=NOW)
        draft = create_draft(
            tx,
            office.vault,
            office.officer,
            office.circle,
            prefill.content,
            expires=prefill.expires,
            case=(begun.id, answer.id),
            now=NOW,
        )
        found = known(tx, office.vault, draft, institution="")
    assert any("Brackwater" in name for name in found.names)
    assert "AL-2026-118" in found.references


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": VocabularyCode("piracy")}, "kind"),
        ({"ends": date(2020, 1, 1)}, "ends"),
        ({"begins": date(1066, 10, 14)}, "begins"),
        ({"amount": Money(minor=-1, currency="EUR")}, "amount"),
        ({"amount": Money(minor=MAX_MINOR_UNITS + 1, currency="EUR")}, "amount"),
        ({"amount": Money(minor=1, currency="eur")}, "currency"),
        ({"funder": "x" * 201}, "funder"),
        ({"governing_law": "a\x00b"}, "governing_law"),
        ({"technology_domains": (VocabularyCode("dowsing"),)}, "technology_domains"),
        ({"benefit": "x" * 10_001}, "benefit"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_wrong_is_named_by_its_field(office: Office, change: dict[str, object], field: str) -> None:
    wrong = data(**change)
    with office.database.write() as tx, pytest.raises(FieldError) as error:
        create_engagement(tx, office.vault, office.vocabulary, office.officer, wrong, NOW)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("85000", "EUR", 8_500_000),
        ("85 000.5", "eur", 8_500_050),
        ("1'234'567.89", "CHF", 123_456_789),
        ("1\u202f000", "JPY", 1_000),
        ("0.125", "KWD", 125),
        ("0", "USD", 0),
    ],
)
def test_an_amount_is_read(amount: str, currency: str, minor: int) -> None:
    assert parse_money(amount, currency) == Money(minor=minor, currency=currency.upper())


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1,5", "EUR"),
        ("1.555", "EUR"),
        ("1.5", "JPY"),
        ("-1", "EUR"),
        ("1e3", "EUR"),
        ("\u0661\u0662", "EUR"),
        ("", "EUR"),
        (".5", "EUR"),
        ("12 34", "EUR"),
        ("1", "XXX"),
        ("1", ""),
        ("9" * 16, "EUR"),
    ],
)
def test_an_amount_that_could_mean_two_things_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(HanseError) as error:
        parse_money(amount, currency)
    assert error.value.code is Code.INVALID


@given(st.integers(0, MAX_MINOR_UNITS), st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_comes_back_as_it_was(minor: int, currency: str) -> None:
    money = Money(minor=minor, currency=currency)
    assert parse_money(typed_amount(money), currency) == money
    assert spelled(money).endswith(f"\u00a0{currency}")


def test_an_amount_is_spelled_for_people() -> None:
    assert spelled(Money(minor=8_500_000, currency="EUR")) == "85\u202f000\u00a0EUR"
    assert spelled(Money(minor=8_500_050, currency="EUR")) == "85\u202f000.50\u00a0EUR"
    assert spelled(Money(minor=5, currency="EUR")) == "0.05\u00a0EUR"
    assert spelled(Money(minor=5, currency="JPY")) == "5\u00a0JPY"
