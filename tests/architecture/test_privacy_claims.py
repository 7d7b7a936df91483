"""docs/privacy.md claims nothing without a test, and says where it has none."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest

from tests.support import ROOT

DOCUMENT: Final = (ROOT / "docs" / "privacy.md").read_text("utf-8")
_ROW: Final = re.compile(r"^\| P(\d+) \| (.+?) \|(?: (.+?) \|)?$", re.MULTILINE)
_NODE: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_MORE_THAN_IT_IS: Final = re.compile(r"(?<!pseud)anonym", re.IGNORECASE)
_MIN_CLAIMS: Final = 20


def _section(title: str) -> str:
    """One section of the second level."""
    start = DOCUMENT.index(f"\n## {title}\n")
    end = DOCUMENT.find("\n## ", start + 1)
    return DOCUMENT[start : end if end > 0 else len(DOCUMENT)]


PROVEN: Final = _ROW.findall(_section("Claims"))
UNPROVEN: Final = _ROW.findall(_section("Not yet proven"))


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("number", "words", "proof"), PROVEN, ids=[f"P{number}" for number, *_ in PROVEN])
def test_each_claim_names_tests_that_exist(number: str, words: str, proof: str) -> None:
    named = _NODE.findall(proof)
    assert words, number
    assert named, f"P{number} names no test"
    assert re.sub(r"[,\s]", "", _NODE.sub("", proof)) == "", f"P{number} holds more than names of tests"
    for path, function in named:
        assert function.startswith("test_")
        assert (ROOT / path).is_file(), path
        assert function in _tests_of(path), f"{path} has no {function}"


def test_what_is_not_proven_names_no_test() -> None:
    assert [number for number, _, proof in UNPROVEN if proof] == []


def test_no_number_is_used_twice() -> None:
    numbers = [int(number) for number, *_ in [*PROVEN, *UNPROVEN]]
    assert len(numbers) == len(set(numbers))
    assert len(PROVEN) >= _MIN_CLAIMS


def test_every_row_that_looks_like_a_claim_was_read() -> None:
    assert DOCUMENT.count("\n| P") == len(PROVEN) + len(UNPROVEN)


def _pages() -> Iterator[tuple[str, str]]:
    for folder, pattern in (("docs", "*.md"), ("node/web/templates", "*.html"), (".", "README.md")):
        for path in sorted((ROOT / folder).rglob(pattern) if folder != "." else [ROOT / pattern]):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def test_nobody_is_promised_more_than_a_pseudonym() -> None:
    assert [name for name, text in _pages() if _MORE_THAN_IT_IS.search(text)] == []
