"""The worked example of ``docs/client.md`` answers its three questions, as a program and as functions."""

import runpy
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node import insight
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import FindingBody, Period
from tests.client.conftest import Desk
from tests.node import statements as make
from tests.node.subjects.registry import subject
from tests.support import ROOT

pytestmark = pytest.mark.enable_socket

SCRIPT = ROOT / "docs" / "examples" / "three_questions.py"
CONTESTED = SubjectId("circle:QAAAAAAAAAAAAAAAAAAAAA")
BOTH_WAYS = SubjectId("circle:gAAAAAAAAAAAAAAAAAAAAA")
LONG_AGO = SubjectId("circle:wAAAAAAAAAAAAAAAAAAAAA")
TODAY = date(2026, 9, 4)


def body(about: SubjectId, indicator: str, until: date = date(2026, 6, 30)) -> FindingBody:
    made = make.finding_body(about, VocabularyCode(indicator))
    return msgspec.structs.replace(made, observed=Period(start=date(2022, 1, 1), end=until))


@pytest.fixture
def asked(desk: Desk) -> Desk:
    """A pool in which each question has an answer; told once for the module."""
    pool = desk.pool
    with pool.database.read() as tx:
        if insight.dossier(tx, pool.node.runtime.vocabulary, CONTESTED, make.IAT).circles[0].is_unknown:
            tell(desk)
    runtime = pool.node.runtime
    insight.catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    return desk


def tell(desk: Desk) -> None:
    breach = make.finding(desk.pool.circle, body(CONTESTED, "conduct-commitment-breach"))
    desk.pool.say(1, breach)
    desk.pool.say(2, make.response(desk.pool.circle, desk.pool.contributor(1), breach.id, "disputes"))
    desk.pool.say(3, make.response(desk.pool.circle, desk.pool.contributor(1), breach.id, "disputes"))
    desk.pool.say(1, make.finding(desk.pool.circle, body(BOTH_WAYS, "recip-honoured")))
    desk.pool.say(2, make.finding(desk.pool.circle, body(BOTH_WAYS, "recip-data-asymmetry")))
    desk.pool.say(1, make.finding(desk.pool.circle, body(LONG_AGO, "recip-honoured", until=date(2024, 1, 31))))


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    """The functions of the script."""
    return runpy.run_path(str(SCRIPT))


def test_what_is_new_continues_where_it_stopped(asked: Desk, example: dict[str, Any]) -> None:
    everything = date(2020, 1, 1)
    first = example["what_is_new"](asked.client, [LONG_AGO], everything)
    assert [each.subject for each in first.statements] == [LONG_AGO]
    assert example["what_is_new"](asked.client, [LONG_AGO], everything, first.cursor).statements == ()
    asked.pool.say(3, make.finding(asked.pool.circle, body(LONG_AGO, "fund-transparent", until=date(2024, 2, 1))))
    (new,) = example["what_is_new"](asked.client, [LONG_AGO], everything, first.cursor).statements
    assert new.indicator == "fund-transparent"
    assert example["what_is_new"](asked.client, [LONG_AGO], date(2030, 1, 1)).statements == ()


def test_disagreement_inside_a_claim_and_between_two(asked: Desk, example: dict[str, Any]) -> None:
    found = {each.subject: each for each in example["where_members_disagree"](asked.client)}
    assert found[CONTESTED].contested
    both = found[BOTH_WAYS]
    assert ([each.indicator.id for each in both.concerns], [each.indicator.id for each in both.assurances]) == (
        ["recip-data-asymmetry"],
        ["recip-honoured"],
    )
    assert LONG_AGO not in found
    assert subject(1) not in found


def test_assurances_without_fresh_evidence(asked: Desk, example: dict[str, Any]) -> None:
    found = {each.subject: each for each in example["assured_without_fresh_evidence"](asked.client, TODAY)}
    assert found[LONG_AGO].newest <= date(2024, 2, 1)
    assert BOTH_WAYS not in found


def test_the_program_runs_and_keeps_its_place(asked: Desk, tmp_path: Path) -> None:
    place = tmp_path / "place.txt"
    command = [sys.executable, str(SCRIPT), asked.url, asked.token, "--follow", LONG_AGO, "--place", str(place)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(2)]  # noqa: S603
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert f"{CONTESTED} (conduct)" in runs[0].stdout
    assert runs[1].stdout.startswith("New about 1 followed partners")
    assert runs[1].stdout.splitlines()[0].endswith(": 0")
    assert place.read_text("utf-8")


def test_the_page_tells_what_the_program_says() -> None:
    page = (ROOT / "docs" / "client.md").read_text("utf-8")
    assert "docs/examples/three_questions.py" in page
    for name in ("what_is_new", "where_members_disagree", "assured_without_fresh_evidence"):
        assert name in page
        assert f"def {name}" in SCRIPT.read_text("utf-8")
