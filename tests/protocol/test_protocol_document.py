"""The protocol document, the vectors and the code speak of the same clauses and codes."""

import re
from typing import Final

import msgspec

from tests.protocol.vector_file import VECTORS
from tests.support import ROOT

DOCUMENT: Final = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
CLAUSES: Final = re.findall(r"^\*\*(\d+\.\d+)[ .]", DOCUMENT, re.MULTILINE)


class _Case(msgspec.Struct):
    clause: str = ""
    error: str | None = None


class _File(msgspec.Struct):
    cases: list[_Case] = []


def _vector_files() -> dict[str, _File]:
    return {path.name: msgspec.json.decode(path.read_bytes(), type=_File) for path in sorted(VECTORS.glob("*.json"))}


def test_clauses_are_numbered_without_holes() -> None:
    expected = []
    for section in sorted({int(clause.partition(".")[0]) for clause in CLAUSES}):
        count = sum(clause.startswith(f"{section}.") for clause in CLAUSES)
        expected += [f"{section}.{number}" for number in range(1, count + 1)]
    assert expected == CLAUSES


def test_every_clause_that_a_vector_or_the_code_cites_exists() -> None:
    cited = {case.clause: name for name, file in _vector_files().items() for case in file.cases if case.clause}
    for path in (ROOT / "protocol").rglob("*.py"):
        for words in re.findall(r"[Cc]lauses?\s((?:\d+\.\d+|,|to|and|\s)+)", path.read_text(encoding="utf-8")):
            cited |= dict.fromkeys(re.findall(r"\d+\.\d+", words), path.name)
    assert len(cited) > 40
    assert {clause: where for clause, where in cited.items() if clause not in CLAUSES} == {}


def test_every_vector_file_is_named_in_the_document() -> None:
    assert [name for name in _vector_files() if name not in DOCUMENT] == []


def test_every_code_of_a_vector_is_explained_in_the_document() -> None:
    codes = {case.error for file in _vector_files().values() for case in file.cases if case.error}
    assert [code for code in sorted(codes) if f"`{code}`" not in DOCUMENT] == []
