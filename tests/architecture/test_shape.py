"""The code keeps its shape: contracts, sizes, and documents that say what the code says."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from node.cli.main import app as cli
from node.config import Source
from node.errors import Code as NodeCode
from protocol import statements
from protocol.errors import Code as ProtocolCode
from tests.support import ROOT

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


def _sources() -> Iterator[Path]:
    for folder in ("protocol", "node", "tests"):
        # A migration is a list of statements in the order of the tables; it has no name that it could outgrow.
        yield from (path for path in (ROOT / folder).rglob("*.py") if path.parent.name != "versions")


def test_import_contracts_hold() -> None:
    done = subprocess.run(  # our own interpreter and our own configuration
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", list(_sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_or_function_outgrows_its_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    long = [
        f"{node.name} ({size} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_every_setting_is_documented_with_its_default() -> None:
    documented = dict(
        re.findall(r"^\| `(\w+)` \| (.+?) \|", (ROOT / "docs/settings.md").read_text("utf-8"), re.MULTILINE)
    )
    expected = {
        name: "required" if field.is_required() else f"`{field.default!r}`"
        for name, field in Source.model_fields.items()
    }
    assert documented == expected


def test_every_error_code_is_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE))
    assert documented == {code.value for code in NodeCode} | {code.value for code in ProtocolCode}


def test_every_command_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    groups = {group.name: group.typer_instance for group in cli.registered_groups}
    plain = {command.name for command in cli.registered_commands}
    for first, second in re.findall(r"^(?:\$ )?hanse ([a-z]+)(?: ([a-z]+))?", readme, re.MULTILINE):
        if first in plain:
            continue
        assert first in groups, f"hanse {first}"
        instance = groups[first]
        assert instance is not None
        names = {command.name or getattr(command.callback, "__name__", "") for command in instance.registered_commands}
        assert second in names, f"hanse {first} {second}"
    make_targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", readme, re.MULTILINE)) <= make_targets


def _members(wire_type: type, seen: set[type]) -> Iterator[str]:
    if wire_type in seen:
        return
    seen.add(wire_type)
    for field in msgspec.structs.fields(wire_type):
        yield field.encode_name
        for part in _structs(field.type):
            yield from _members(part, seen)


def _structs(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _structs(argument)


def test_no_statement_has_a_member_for_a_person() -> None:
    """An allow-list: a new member of any statement has to be looked at here, by somebody who asks whose it is."""
    seen: set[type] = set()
    union: tuple[type, ...] = statements.Statement.__args__
    names = {name for kind in union for name in _members(kind, seen)}
    assert names == {
        "_sd",
        "_sd_alg",
        "body",
        "card",
        "circle",
        "contributor",
        "credibility",
        "engagement_kind",
        "epoch",
        "evidence_kinds",
        "exp",
        "finding",
        "from",
        "from_index",
        "grade",
        "handling",
        "iat",
        "id",
        "indicator",
        "indices",
        "key",
        "label",
        "mitigations",
        "object",
        "observed",
        "reason",
        "relation",
        "reliability",
        "replied",
        "role",
        "scope",
        "sources",
        "stance",
        "statement",
        "strength",
        "subject",
        "summary",
        "target",
        "targets",
        "technology_domains",
        "text",
        "token",  # of a person, and only where the charter names operators (clause 4.25)
        "until",
        "v",
        "verified",
    }
