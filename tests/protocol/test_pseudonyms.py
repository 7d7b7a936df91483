"""Pseudonyms: the same everywhere, linked to nothing."""

import msgspec
import pytest

from protocol.identifiers import CircleId, KeyId
from protocol.pseudonyms import pseudonym
from tests.protocol.vector_file import load_cases


class PseudonymCase(msgspec.Struct):
    """A case of vectors/pseudonyms.json."""

    name: str
    circle: CircleId
    contributor: KeyId
    pseudonym: str


CASES = load_cases("pseudonyms.json", PseudonymCase)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vectors(case: PseudonymCase) -> None:
    assert pseudonym(case.circle, case.contributor) == case.pseudonym


def test_one_key_has_another_name_in_each_circle() -> None:
    assert len({case.pseudonym for case in CASES}) == len(CASES)
    assert len({case.contributor for case in CASES}) < len(CASES)


def test_no_letter_that_is_read_as_a_digit() -> None:
    assert not set("".join(case.pseudonym for case in CASES)) & set("ILOU")
