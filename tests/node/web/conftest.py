"""Houses for the tests of pages: one to read from, made once, and a new one for each test that changes something."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain.accounts import Role
from tests.node.web.house import House, make_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all tests that only read, with an account for each role."""
    made = make_house(tmp_path_factory.mktemp("house"))
    for role in Role:
        made.account(role.value, role, password=role is Role.OFFICER)
    yield made
    _close(made)


@pytest.fixture
def fresh_house(tmp_path: Path) -> Iterator[House]:
    """A house for one test."""
    made = make_house(tmp_path)
    yield made
    _close(made)


def _close(house: House) -> None:
    for node in (house.node, *house.others):
        node.runtime.database.close()
