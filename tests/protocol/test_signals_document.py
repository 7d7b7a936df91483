"""The examples of ``docs/signals.md`` are what the code computes."""

import re
from typing import Final

from protocol.signals import Opinion, fuse
from protocol.statements import Reliability
from tests.protocol.opinions import TODAY, opinion
from tests.support import ROOT

_GRADED: Final[tuple[Reliability, ...]] = ("A", "B", "C", "D")
EXAMPLES: dict[str, tuple[Opinion, ...]] = {
    "none": (),
    "one": (opinion("a"),),
    "two": (opinion("a"), opinion("b")),
    "three": (opinion("a"), opinion("b"), opinion("c")),
    "one for, one against": (opinion("a"), opinion("b", stance="contests")),
    "two that cite the same newspaper (tier 2)": (
        opinion("a", tier=2, sources="paper"),
        opinion("b", tier=2, sources="paper"),
    ),
    "two that cite different ones": (opinion("a", tier=2, sources="paper"), opinion("b", tier=2, sources="journal")),
    "one of reliability F, one of credibility 6": (opinion("a", reliability="F"), opinion("b", credibility=6)),
    "two, each ten years old (half-life 2 years)": (opinion("a", age=3_653), opinion("b", age=3_653)),
}


def _thousandths(text: str) -> int:
    return round(float(text) * 1_000)


def test_the_examples_are_computed() -> None:
    document = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
    examples = document.partition("## Examples")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([.\d]+) \| ([.\d]+) \| ([.\d]+) \| ([^|]+) \|$", examples, re.MULTILINE)
    assert [row[0] for row in rows] == list(EXAMPLES)
    for name, belief, disbelief, uncertainty, words in rows:
        signal = fuse(EXAMPLES[name], half_life_months=24, k=3, today=TODAY)
        shown = [_thousandths(each) for each in (belief, disbelief, uncertainty)]
        parts = (signal.belief_ppm, signal.disbelief_ppm, signal.uncertainty_ppm)
        assert all(abs(text * 1_000 - part) <= 1_000 for text, part in zip(shown, parts, strict=True)), name
        assert words.startswith(signal.likelihood.replace("-", " ")), name
        if signal.contributors:
            assert f"{signal.confidence} confidence" in words, name


def test_the_grades_whose_word_one_departure_changes_are_those_of_the_table() -> None:
    document = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| ([3-6]) \| ([^|]+) \|$", document, re.MULTILINE))
    assert sorted(table) == ["3", "4", "5", "6"]
    for number, words in table.items():
        changing = {
            f"{reliability}{credibility}"
            for reliability in _GRADED
            for credibility in range(1, 5)
            if _word(reliability, credibility, int(number)) != _word(reliability, credibility, int(number) - 1)
        }
        assert set(re.findall(r"\b[A-D][1-4]\b", words)) == changing


def _word(reliability: Reliability, credibility: int, number: int) -> str:
    held = [opinion(str(each), reliability=reliability, credibility=credibility) for each in range(number)]
    return fuse(held, half_life_months=24, k=3, today=TODAY).likelihood
