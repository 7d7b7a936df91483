"""Files in: what is taken, what is refused and in which words, and what a second import changes."""

import contextlib
import csv
import io
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.casework.assessments import list_assessments
from node.casework.import_file import COLUMNS, import_rows
from node.casework.periods import read_period
from node.casework.public_cases import import_public_cases
from node.casework.tabular import MAX_FILE_BYTES, MAX_ROWS, Row, read_rows
from node.cli.demo.cast import DATA
from node.domain.casework import Assessment, ImportReport, RowRefusal
from node.errors import Code, HanseError
from protocol.statements import Subject
from tests.node.casework.office import NOW, PARTNER, Office
from tests.support import ROOT

ROW = {
    "reference": "T-1",
    "title": "Joint laboratory on tides",
    "subject": "Institute of Invented Studies",
    "engagement_kind": "joint-laboratory",
    "indicator": "gov-opaque-control",
    "observation": "Two registers name different owners.",
    "observed_from": "2025-03-01",
    "observed_until": "2025-03-31",
    "strength": "2",
    "reliability": "b",
    "credibility": "2",
    "evidence_kinds": "public-register|official-publication",
    "sources": "https://registers.example/7; A register, volume 3",
}


def identify(name: str) -> Subject | None:
    return PARTNER if name == PARTNER.label else None


def as_csv(*rows: Mapping[str, str], delimiter: str = ",") -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def take(office: Office, data: bytes) -> ImportReport:
    with office.database.write() as tx:
        return import_rows(tx, office.vault, office.vocabulary, office.officer, data, identify, NOW)


def stored(office: Office) -> list[Assessment]:
    with office.database.read() as tx:
        return list_assessments(tx, office.vault)


@pytest.mark.parametrize(
    "data",
    [
        as_csv(ROW),
        b"\xef\xbb\xbf" + as_csv(ROW),
        as_csv(ROW, delimiter=";"),
        as_csv(ROW, delimiter="\t"),
        msgspec.json.encode([ROW]),
        msgspec.json.encode(
            [ROW | {"strength": 2, "sources": ["https://registers.example/7", "A register, volume 3"]}]
        ),
        msgspec.json.encode(ROW) + b"\n",
    ],
)
def test_the_same_case_in_every_form(office: Office, data: bytes) -> None:
    report = take(office, data)
    assert (report.rows, len(report.created), report.refused) == (1, 1, ())
    (assessment,) = stored(office)
    assert assessment.data.subject == PARTNER
    (answer,) = assessment.answers
    assert answer.data.sources == ("https://registers.example/7", "A register, volume 3")
    assert answer.data.grade.reliability == "B"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"subject": "Institute"}, "subject"),
        ({"engagement_kind": ""}, "engagement_kind"),
        ({"engagement_kind": "lunch"}, "engagement_kind"),
        ({"indicator": "no-such-indicator"}, "indicator"),
        ({"question": "q11"}, "indicator"),
        ({"question": "q99"}, "question"),
        ({"observed_from": "1.3.2025"}, "observed_from"),
        ({"observed_until": "2025-02-30"}, "observed_until"),
        ({"observed_until": "2024-01-01"}, "observed_until"),
        ({"observed_until": "2099-01-01"}, "observed_until"),
        ({"strength": "5"}, "strength"),
        ({"strength": "some"}, "strength"),
        ({"reliability": "G"}, "reliability"),
        ({"credibility": "0"}, "credibility"),
        ({"evidence_kinds": ""}, "evidence_kinds"),
        ({"technology_domains": "Quantum!"}, "technology_domains"),
        ({"unit": "a\x07b"}, "unit"),
    ],
)
def test_a_bad_row_is_named_with_its_column_and_stops_no_other(
    office: Office, change: dict[str, str], column: str
) -> None:
    report = take(office, as_csv(ROW | change | {"reference": "T-0"}, ROW))
    (refusal,) = report.refused
    assert (refusal.row, refusal.column) == (2, column)
    assert refusal.reason.endswith(".")
    assert len(report.created) == 1
    assert [assessment.data.reference for assessment in stored(office)] == ["T-1"]


def test_importing_again_changes_nothing_and_says_so(office: Office) -> None:
    take(office, as_csv(ROW))
    before = stored(office)
    report = take(office, as_csv(ROW | {"title": "Another title"}))
    assert (report.created, report.unchanged) == ((), (2,))
    assert stored(office) == before


def test_rows_of_one_reference_are_answers_of_one_assessment(office: Office) -> None:
    further = ROW | {"indicator": "conduct-responsive"}
    differing = ROW | {"title": "Another title"}
    report = take(office, as_csv(ROW, further, differing))
    assert [refusal.row for refusal in report.refused] == [4]
    (assessment,) = stored(office)
    assert [answer.data.indicator for answer in assessment.answers] == ["gov-opaque-control", "conduct-responsive"]


def test_cells_that_look_like_formulas_stay_text(office: Office) -> None:
    take(office, as_csv(ROW | {"title": "=HYPERLINK(1)", "unit": "@SUM(A1)", "observation": "+1-2"}))
    (assessment,) = stored(office)
    assert (assessment.data.title, assessment.data.unit) == ("=HYPERLINK(1)", "@SUM(A1)")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (as_csv(ROW).decode().encode("utf-16"), "UTF-16"),
        (as_csv(ROW).decode().encode("utf-16-le"), "zero bytes"),
        (as_csv(ROW | {"title": "Café"}).decode().encode("latin-1"), "line 2 reads like Latin-1"),
        (b"title,subject\na,b\n", "lacks engagement_kind"),
        (b"title,subject,engagement_kind,colour\na,b,project,red\n", "column 4"),
        (b"title,title,subject,engagement_kind\n", "twice"),
        (b"title,subject,engagement_kind\n", "no rows"),
        (b"", "lacks title"),
        (b"[1, 2", "begins like a JSON array"),
        (b"[" * 100_000, "begins like a JSON array"),
        (b" " * (MAX_FILE_BYTES + 1), "bytes"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(office: Office, data: bytes, words: str) -> None:
    with pytest.raises(HanseError) as error:
        take(office, data)
    assert error.value.code is Code.BAD_FILE
    assert words in error.value.detail
    assert error.value.remedy
    assert stored(office) == []


def test_a_quote_that_is_never_closed_ends_the_reading_and_is_reported(office: Office) -> None:
    head = "title,subject,engagement_kind\n"
    report = take(office, f'{head}One,,project\n"Two,,project\nThree,,project\n'.encode())
    assert len(report.created) == 1
    assert "quote" in report.refused[0].reason


def test_rows_of_another_length_are_refused_alone(office: Office) -> None:
    report = take(office, b"title,subject,engagement_kind\nOne,,project\nTwo,project\nThree,,project,x\n")
    assert [refusal.row for refusal in report.refused] == [3, 4]
    assert len(report.created) == 1


def test_rows_beyond_the_limit_are_not_read() -> None:
    data = b"title,subject,engagement_kind\n" + b"One,,project\n" * (MAX_ROWS + 5)
    items = list(read_rows(data, COLUMNS, ()))
    assert len(items) == MAX_ROWS + 1
    assert "at most" in repr(items[-1])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_garbage_gives_rows_or_our_own_error(data: bytes) -> None:
    for prefix in (b"", b"[", b"{", b"title,subject,engagement_kind\n"):
        with contextlib.suppress(HanseError):
            assert all(isinstance(item, Row | RowRefusal) for item in read_rows(prefix + data, COLUMNS, ()))


@pytest.mark.parametrize(
    ("phrase", "period"),
    [
        ("2020-04-22", ("2020-04-22", "2020-04-22")),
        ("January 2020", ("2020-01-01", "2020-01-31")),
        ("revealed January 2020", ("2020-01-01", "2020-01-31")),
        ("late November 2019", ("2019-11-01", "2019-11-30")),
        ('about April 2020 ("last week"; article undated)', ("2020-04-01", "2020-04-30")),
        ("spring 2020 (no exact date given)", ("2020-03-01", "2020-05-31")),
        ("winter 2019", ("2019-12-01", "2020-02-29")),
        ('2019 ("last year")', ("2019-01-01", "2019-12-31")),
        ("after December 2019", ("2020-01-01", "2020-01-31")),
        ("before spring 2020", ("2019-03-01", "2020-02-29")),
        ("by spring 2020", ("2019-06-01", "2020-05-31")),
        ("not stated", None),
        ("", None),
        ("April", None),
        ("2020-13-01", None),
        ("year 0000", None),
        ("0000", None),
        ("after after 2020", None),
    ],
)
def test_phrases_become_periods(phrase: str, period: tuple[str, str] | None) -> None:
    found = read_period(phrase)
    assert (None if found is None else (found.start.isoformat(), found.end.isoformat())) == period


@given(st.text(max_size=60))
def test_any_phrase_is_read_or_not(phrase: str) -> None:
    period = read_period(phrase)
    assert period is None or period.start <= period.end


def test_public_cases_that_name_an_organisation_are_taken_and_the_others_explained(office: Office) -> None:
    data = (DATA / "public_cases.csv").read_bytes()

    def one(name: str) -> Subject | None:
        return PARTNER if name == "Liaoning University" else None

    def run() -> ImportReport:
        with office.database.write() as tx:
            return import_public_cases(tx, office.vault, office.vocabulary, office.officer, data, one, NOW)

    report = run()
    assert (report.rows, len(report.created), len(report.refused)) == (49, 1, 48)
    reasons = {refusal.reason for refusal in report.refused}
    assert any("pattern" in reason for reason in reasons)
    assert any("group of persons" in reason for reason in reasons)
    assert any("unclassified" in reason for reason in reasons)
    assert any("the vocabulary has this indicator" in reason for reason in reasons)
    assert run().unchanged == (4,)
    (assessment,) = stored(office)
    assert assessment.answers[0].data.evidence_kinds == ("media-report",)


def test_the_page_about_import_names_every_column() -> None:
    page = (ROOT / "docs" / "import.md").read_text("utf-8")
    assert [column for column in COLUMNS if f"| `{column}` |" not in page] == []
