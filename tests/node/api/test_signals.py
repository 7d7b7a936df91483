"""Signals in the API: pages in every order, filters, and the explanation of one."""

from typing import Any

import pytest

from node import insight
from protocol.identifiers import SubjectId, VocabularyCode
from tests.node import statements as make
from tests.node.api.support import Api

ASSURANCE = VocabularyCode("conduct-reliable-delivery")


@pytest.fixture
def filled(api: Api) -> Api:
    """Seven subjects: each with a concern of one, two or three contributors and an assurance."""
    for number in range(7):
        about = SubjectId(f"circle:{make.new_id()}")
        for author in range(1, 2 + number % 3):
            api.pool.find(author, make.finding_body(about))
        api.pool.find(1, make.finding_body(about, ASSURANCE))
    runtime = api.pool.node.runtime
    insight.catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    return api


def pages(api: Api, limit: int, **parameters: str) -> list[list[dict[str, Any]]]:
    found, after = [], ""
    while True:
        page = api.get("/signals", 200, token=None, limit=str(limit), after=after, **parameters)
        found.append(page["items"])
        after = page["next"]
        if not after:
            return found


@pytest.mark.parametrize("order", ["subject", "moved-30", "moved-90", "newest", "contributors"])
def test_pages_of_every_order_hold_each_signal_once(filled: Api, order: str) -> None:
    (whole,) = pages(filled, 200, order=order)
    parts = pages(filled, 3, order=order)
    assert [len(part) for part in parts] == [3, 3, 3, 3, 2]
    assert [each for part in parts for each in part] == whole
    assert len({(each["subject"], each["indicator"]["id"]) for each in whole}) == 14


def test_the_greatest_come_first(filled: Api) -> None:
    counts = [each["contributors"] for each in filled.get("/signals", order="contributors")["items"]]
    moved = [abs(each["movement"]["moved_30_ppm"]) for each in filled.get("/signals")["items"]]
    assert counts == sorted(counts, reverse=True)
    assert moved == sorted(moved, reverse=True)
    assert counts[0] == 3
    assert moved[0] > 0


def test_filters_leave_what_they_say(filled: Api) -> None:
    def found(**parameters: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = filled.get("/signals", 200, token=None, **parameters)["items"]
        return items

    assert {each["indicator"]["polarity"] for each in found(polarity="assurance")} == {"assurance"}
    assert len(found(indicator=ASSURANCE)) == len(found(group="conduct")) == 7
    assert len(found(min_contributors="3", circle=filled.pool.circle)) == 2
    assert {each["likelihood"] for each in found(likelihood="very-likely")} == {"very-likely"}
    assert found(min_conflict_ppm="1") == []
    assert len(found(min_moved_ppm="300000", order="moved-90")) == 4


def test_what_is_no_list_is_refused(filled: Api) -> None:
    place = filled.get("/signals", limit="1")["next"]
    filled.get("/signals", 422, after=place, order="newest")
    filled.get("/signals", 422, after="nonsense")
    filled.get("/signals", 422, indicator="no-such-thing")
    filled.get("/signals", 422, subject=make.SUBJECT, order="newest", min_roots="1")
    filled.get("/signals", 404, circle=make.new_id() + make.new_id()[:20] + "A")


def test_a_signal_says_what_would_change_it(filled: Api) -> None:
    line = filled.get("/signals", order="contributors", limit="1")["items"][0]
    found = filled.get(f"/signals/{line['circle']}/{line['subject']}/{line['indicator']['id']}/{line['scope']}")
    assert found["signal"]["belief_ppm"] == line["belief_ppm"]
    assert len(found["signal"]["findings"]) == len(found["roots"]) == 3
    assert [each["changes_word"] for each in found["without_contributor"]] == [False, False, False]
    assert found["holds"] is True
    assert found["one_more_contesting"]["disbelief_ppm"] > 0
    assert found["one_more_supporting"]["belief_ppm"] > line["belief_ppm"]


def test_what_nobody_has_stated_has_no_explanation(filled: Api) -> None:
    filled.get(f"/signals/{filled.pool.circle}/{make.SUBJECT}/{make.INDICATOR}/whole", 404)
    filled.get(f"/signals/{filled.pool.circle}/{make.SUBJECT}/no-such-indicator/whole", 404)
