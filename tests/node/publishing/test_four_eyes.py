"""Nobody approves what they wrote: for every kind of draft, at every door, by the rule of the domain."""

import ast
from pathlib import Path
from typing import Final, get_args

import pytest
from typer.testing import CliRunner

from node.accounts.manage import create_account
from node.circles import join
from node.cli.main import app
from node.cli.open import node
from node.domain.accounts import Role
from node.domain.publishing import DraftContent, DraftState
from node.errors import Code, HanseError
from node.publishing.drafts import get_draft, send_back
from node.publishing.preview import preview
from node.publishing.publish import publish
from node.storage import circles
from protocol.identifiers import KeyId
from tests.node.casework.office import NOW, Office, charter
from tests.node.publishing.every_kind import contents, submitted

_NODE: Final = Path(__file__).resolve().parents[3] / "node"
_DOORS: Final = {"web/drafts/review.py", "cli/findings.py", "cli/demo/casework.py", "cli/demo/ties.py"}
"""Whoever may call the one function that lets something leave. The interface of programs has no such door."""


def test_every_kind_of_draft_is_tried(office: Office) -> None:
    kinds = {type(each) for each in contents(office.circle, _member(office)).values()}
    assert kinds == set(get_args(DraftContent))


def test_no_author_approves_or_sends_back_a_draft_of_any_kind(office: Office) -> None:
    for kind, content in contents(office.circle, _member(office)).items():
        with office.database.write() as tx:
            draft = submitted(tx, office.vault, office.officer, office.circle, content, NOW)
            digest = preview(tx, office.vault, office.officer, draft.id, NOW).digest
        with pytest.raises(HanseError) as approved, office.database.write() as tx:
            publish(tx, office.vault, office.keyring, office.vocabulary, office.officer, draft.id, digest, NOW)
        with pytest.raises(HanseError) as returned, office.database.write() as tx:
            send_back(tx, office.vault, office.officer, draft.id, "Again.", NOW)
        assert approved.value.code is returned.value.code is Code.FOUR_EYES, kind
        with office.database.read() as tx:
            found = get_draft(tx, office.vault, draft.id)
        assert (found.state, found.approver, found.statement) == (DraftState.SUBMITTED, None, None)


def test_there_is_no_other_door() -> None:
    doors = {
        path.relative_to(_NODE).as_posix()
        for path in _NODE.rglob("*.py")
        for each in ast.walk(ast.parse(path.read_text()))
        if isinstance(each, ast.ImportFrom)
        and (
            (each.module == "node.publishing.publish" and any(name.name == "publish" for name in each.names))
            or (each.module == "node.publishing" and any(name.name == "publish" for name in each.names))
        )
    }
    assert doors == _DOORS


def test_the_command_line_asks_for_somebody_else_and_shows_what_the_page_shows(tmp_path: Path) -> None:
    data = tmp_path / "aldermoor"
    run = CliRunner()
    url = "https://aldermoor.example"
    made = run.invoke(app, ["init", "--name", "Aldermoor University", "--url", url, "--data", str(data)])
    assert made.exit_code == 0, made.output
    with node(data) as runtime:
        now, vault = runtime.clock.now(), runtime.vault
        signed = charter(runtime.keyring, tmp_path, "named")
        with runtime.database.write() as tx:
            roles = frozenset({Role.OFFICER, Role.APPROVER})
            both = create_account(tx, vault, login="both", display_name="Ada Quill", roles=roles, now=now)[0].id
            roster = join(tx, runtime.keyring, signed, now)
            member = roster.others[0].identity
            drafts = {
                kind: submitted(tx, vault, both, roster.circle, content, now).id
                for kind, content in contents(roster.circle, member).items()
                if kind in {"finding", "reply", "attribution", "token", "sponsor-ask"}
            }
    for kind, draft in drafts.items():
        done = run.invoke(app, ["findings", "publish", "--as", "both", "--yes", "--data", str(data), "--", draft])
        assert isinstance(done.exception, HanseError), (kind, done.output, done.exception)
        assert done.exception.code is Code.FOUR_EYES, kind
        assert "until " in done.output
        assert ("The herons agreed." in done.output) is (kind == "sponsor-ask")


def _member(office: Office) -> KeyId:
    with office.database.read() as tx:
        return circles.get_roster(tx, office.circle).others[0].identity
