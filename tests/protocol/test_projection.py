"""What the statements of a log do to each other: the vectors, and the properties that hold for all logs."""

import itertools
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import statements
from protocol.errors import Code
from protocol.identifiers import StatementId
from protocol.projection import (
    WHOLE,
    ClaimKey,
    Cut,
    Projected,
    Reading,
    UnreadableEntry,
    interpret,
    live_body,
    named,
    state_at,
)
from protocol.replica import AcceptedEntry, Erased
from protocol.statements import DAY_SECONDS, Timestamp
from tests.protocol import logs
from tests.protocol.samples import EXPIRY, NOW, finding_body, fixed_id, relation_body
from tests.protocol.vector_file import VECTORS, load_cases
from tests.protocol.vectors_projection import STATEMENTS


class _Unreadable(msgspec.Struct, frozen=True):
    index: int
    code: Code


class _Case(msgspec.Struct, frozen=True):
    name: str
    log: list[str | None]
    cut: Cut
    rows: list[Projected]
    unreadable: list[_Unreadable]


class _File(msgspec.Struct, frozen=True):
    statements: dict[str, str]


SAID: Final = {
    name: statements.decode(payload.encode())
    for name, payload in msgspec.json.decode((VECTORS / "projections.json").read_bytes(), type=_File).statements.items()
}
ABOUT_MEMBERSHIP: Final = {"endorsement", "removal", "leave", "key", "token-key"}
LOGS: Final = st.lists(st.one_of(st.none(), st.just(logs.GONE), st.sampled_from(sorted(STATEMENTS))), max_size=12)


def read(
    log: list[AcceptedEntry], *cuts: int, cut: Cut = WHOLE
) -> tuple[dict[StatementId, Projected], list[UnreadableEntry]]:
    """A log read in pieces, each knowing of the earlier ones no more than what it names."""
    state: dict[StatementId, Projected] = {}
    unreadable: list[UnreadableEntry] = []
    for start, end in itertools.pairwise((0, *cuts, len(log))):
        piece = log[start:end]
        gone = {entry.index for entry in log[:start] if isinstance(entry.content, Erased)}
        reading = interpret(piece, {name: state[name] for name in named(piece) & state.keys()}, cut, gone)
        state |= reading.changed | reading.new
        unreadable += reading.unreadable
    return state, unreadable


@pytest.mark.parametrize("case", load_cases("projections.json", _Case), ids=lambda case: case.name)
def test_vectors(case: _Case) -> None:
    log = logs.entries(case.log, SAID)
    for cut in range(len(log) + 1):
        state, unreadable = read(log, cut, cut=case.cut)
        assert list(state.values()) == case.rows
        assert [(each.index, each.code) for each in unreadable] == [(each.index, each.code) for each in case.unreadable]


@given(names=LOGS, data=st.data())
def test_a_log_read_in_pieces_is_the_log_read_at_once(names: list[str | None], data: st.DataObject) -> None:
    log = logs.entries(names, STATEMENTS)
    cuts = data.draw(st.lists(st.integers(0, len(log)), max_size=4).map(sorted))
    assert read(log, *cuts) == read(log)


@given(names=LOGS)
def test_every_entry_has_a_row_or_a_reason_and_nothing_unreadable_acts(names: list[str | None]) -> None:
    log = logs.entries(names, STATEMENTS)
    state, unreadable = read(log)
    refused = {each.index for each in unreadable}
    gone = [entry.index for entry in log if isinstance(entry.content, Erased)]
    assert sorted([*refused, *gone, *(row.index for row in state.values())]) == list(range(len(log)))
    readable = [entry for entry in log if entry.index not in refused]
    assert read(readable)[0] == state


@given(names=LOGS)
def test_nothing_comes_back_and_no_life_is_lengthened(names: list[str | None]) -> None:
    log = logs.entries(names, STATEMENTS)
    before: dict[StatementId, Projected] = {}
    for end in range(len(log) + 1):
        after, _ = read(log[:end])
        for name, row in before.items():
            assert after[name].exp <= row.exp
            assert row.retracted_by in {None, after[name].retracted_by}
            assert row.erased_by in {None, after[name].erased_by}
        before = after


def _reading(*names: str) -> Reading:
    return interpret(logs.entries(names, STATEMENTS), {})


def test_the_claims_that_may_change_are_the_old_and_the_new() -> None:
    body = finding_body()
    old = ClaimKey(body.subject.id, body.indicator, body.scope)
    new = ClaimKey(body.subject.id, logs.OTHER_INDICATOR, body.scope)
    earlier = _reading("finding", "relation", "answer")
    assert earlier.claims == {old}
    later = interpret(logs.entries(["moves the finding", "retracts the answer"], STATEMENTS), earlier.new)
    assert later.claims == {old, new}
    assert earlier.answered == later.answered == {(logs.contributor("other"), fixed_id("finding"))}
    assert set(later.changed) == {fixed_id("finding"), fixed_id("answer")}


def test_a_claim_sorts_by_subject_first() -> None:
    claims = [each.claim for each in _reading("finding", "about a subject of the circle").new.values() if each.claim]
    assert [each.subject[:4] for each in sorted(claims)] == ["circ", "ror:"]


@pytest.mark.parametrize(
    ("corrected_by", "retracted_by", "now", "state"),
    [
        (None, None, NOW, "live"),
        (3, None, NOW, "corrected"),
        (None, None, EXPIRY - 1, "live"),
        (None, None, EXPIRY, "expired"),
        (3, None, EXPIRY, "expired"),
        (3, 4, NOW, "retracted"),
        (None, 4, EXPIRY + DAY_SECONDS, "retracted"),
    ],
)
def test_how_a_statement_stands(corrected_by: int | None, retracted_by: int | None, now: int, state: str) -> None:
    assert state_at(Timestamp(now), exp=EXPIRY, corrected_by=corrected_by, retracted_by=retracted_by) == state


def test_what_is_void_counts_for_nothing() -> None:
    assert state_at(NOW, exp=EXPIRY, corrected_by=1, retracted_by=2, void=True) == "void"


CUTS: Final = st.builds(Cut, st.none() | st.integers(0, 8), st.none() | st.integers(0, 8))


@given(names=LOGS, at=st.integers(0, 12))
def test_what_stands_before_the_cut_reads_as_if_nothing_followed(names: list[str | None], at: int) -> None:
    log = logs.entries(names, STATEMENTS)
    cut, _ = read(log, cut=Cut(void_from=at))
    before, _ = read(log[:at])
    assert {name: row for name, row in cut.items() if not row.void and row.kind not in ABOUT_MEMBERSHIP} == {
        name: row for name, row in before.items() if row.kind not in ABOUT_MEMBERSHIP
    }


@given(names=LOGS, cut=CUTS, data=st.data())
def test_a_cut_log_read_in_pieces_is_the_log_read_at_once(
    names: list[str | None], cut: Cut, data: st.DataObject
) -> None:
    log = logs.entries(names, STATEMENTS)
    places = data.draw(st.lists(st.integers(0, len(log)), max_size=4).map(sorted))
    assert read(log, *places, cut=cut) == read(log, cut=cut)


def test_the_live_body_is_that_of_the_latest_correction() -> None:
    finding, relation = STATEMENTS["finding"], STATEMENTS["relation"]
    assert live_body(finding, None) == finding.body
    strong = replace(finding_body(), strength=4)
    assert live_body(finding, logs.correction("correction", "finding", strong)) == strong
    turned = replace(relation_body(), subject=relation_body().object, object=relation_body().subject)
    assert live_body(relation, logs.correction("correction", "relation", turned)) == turned
