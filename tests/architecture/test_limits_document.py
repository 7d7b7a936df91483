"""Every limit is a named constant that says what it bounds, and the settings reference shows it."""

from tests.architecture.limits_table import table, written


def test_the_limits_in_the_settings_reference_are_those_of_the_code() -> None:
    assert written() == table(), "run `python -m tests.architecture.limits_table --write`"


def test_every_limit_says_what_it_bounds() -> None:
    rows = [line.split(" | ") for line in table().splitlines() if " | `" in line]
    assert len(rows) > 60
    assert [row[0] for row in rows if not row[2].strip()] == []
