"""Over the whole registry: no shared name is a link, and the longer name of a known trap wins."""

from collections import defaultdict

import pytest

from node.domain.subjects import normalise
from node.subjects.matching.files import read_registry
from node.subjects.matching.index import KINDS, build
from node.subjects.matching.places import load
from node.subjects.matching.resolve import Matcher, Mode, links, matcher, matches, weigh
from tests.support import shared_data

AERONAUTICS = "Nanjing University of Aeronautics and Astronautics"
MODES: tuple[Mode, ...] = ("safe", "balanced")


@pytest.fixture(scope="module")
def whole() -> Matcher:
    """A matcher on the full registry; skipped, with the reason, where that is not there."""
    return matcher(build(read_registry([shared_data("ror/organisations.jsonl.gz")]), load().names))


def test_no_name_that_two_organisations_bear_is_linked_by_itself(whole: Matcher) -> None:
    source, bearers = whole.index.source, defaultdict[str, set[int]](set)
    texts = defaultdict[str, set[str]](set)
    for name, owner in enumerate(source.name_owner):
        if KINDS[source.name_kind[name]] != "acronym":
            plain = normalise(source.name_text[name])
            bearers[plain].add(owner)
            texts[plain].add(source.name_text[name])
    shared = {plain: owners for plain, owners in bearers.items() if len(owners) > 1}
    assert len(shared) > 1_900
    for plain, owners in shared.items():
        for text in sorted(texts[plain]):
            weighed = weigh(whole, text)
            for mode in MODES:
                linked = {weighed[rank].candidate.organisation for rank in links(whole.model, weighed, mode)}
                assert not linked & owners, text


@pytest.mark.parametrize("mode", MODES)
def test_the_longer_name_wins(whole: Matcher, mode: Mode) -> None:
    for text in (
        AERONAUTICS,
        f"College of Civil Aviation, {AERONAUTICS}, Nanjing 210016, China",
        "Nanjing Univ. of Aeronaut. & Astronaut., Nanjing, China",
        "Nanjing University of Aeronautic and Astronautic, P.R. China",
    ):
        match = matches(whole, text, mode)
        assert match.suggestions[0].name == AERONAUTICS, text
        assert "Nanjing University" not in {each.name for each in match.links}, text
    assert [each.name for each in matches(whole, "Nanjing University, China", mode).links] == ["Nanjing University"]
