"""A node that is restored from a backup: it takes its own entries back before it signs, and never forks itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from starlette.testclient import TestClient
from structlog.testing import capture_logs
from typer.testing import CliRunner

from node import circles, config
from node.accounts.manage import create_account, find_account
from node.accounts.sign_in import begin_session
from node.app import application as whole_application
from node.cli.main import app
from node.clock import SystemClock
from node.domain.accounts import Role
from node.domain.publishing import RetractionContent
from node.errors import Code, HanseError
from node.ledger.check import Damage, check
from node.publishing.preview import preview, submit
from node.publishing.publish import draft_retraction
from node.storage import ledger as logs
from node.storage import migrations
from node.storage.database import Database
from node.storage.tables.base import METADATA
from node.sync import agenda, confirm_own_log, pull, sync_once
from node.sync.outbound import Outbound
from node.sync.pull import verifiers
from node.sync.restore import ALONE_SECONDS, NobodyAnsweredError, allow_alone, confirm_after_pulls
from node.web.security import session_cookie
from protocol.identifiers import CircleId, StatementId, VocabularyCode
from protocol.messages.stream import encode_stream
from tests.federation.conftest import MakeNode
from tests.federation.hostile import answering, contributor_key, section_of
from tests.federation.members import rotate
from tests.federation.support import InMemory, Node, application, circle_of, free_port, open_node, publish, serving
from tests.node import statements as make
from tests.node.web.house import Browser, hidden, text_of

Rows = dict[str, list[dict[str, Any]]]
ONE_DATABASE = pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
"""For what files and clocks decide."""
LATER = 10
"""Findings that are published after the backup."""


def back_up(database: Database) -> Rows:
    """Every row of every table, as a dump has them."""
    with database.read() as tx:
        return {
            table.name: [dict(row._mapping) for row in tx.connection.execute(sa.select(table))]  # noqa: SLF001
            for table in METADATA.sorted_tables
        }


def put_back(database: Database, rows: Rows) -> None:
    """The database as it was when it was backed up."""
    with database.write() as tx:
        for table in reversed(METADATA.sorted_tables):
            tx.connection.execute(sa.delete(table))
        for table in METADATA.sorted_tables:
            if rows[table.name]:
                tx.connection.execute(sa.insert(table), rows[table.name])


@dataclass(slots=True)
class Scene:
    """An author that was backed up, published on, and was restored; and a member that holds all of it."""

    circle: CircleId
    author: Node
    reader: Node
    network: InMemory
    first: StatementId
    whole: list[bytes]
    """Every entry that the author has ever signed."""

    def entries(self, node: Node) -> list[bytes]:
        """What a node holds of the author's log."""
        with node.runtime.database.read() as tx:
            log = logs.find_log(tx, self.circle, self.author.own(self.circle))
            return [] if log is None else logs.read_entries(tx, log, 0, log.size)

    def assert_one_history(self) -> None:
        """Nobody sees a fork, and the author's log begins with all that it ever signed."""
        report = sync_once(self.reader.runtime, transport=self.network)
        assert report.problems == ()
        held = self.entries(self.author)
        assert held[: len(self.whole)] == self.whole
        assert self.entries(self.reader) == held
        for node in (self.author, self.reader):
            assert [each for each in check(node.runtime.database, node.clock.now()) if isinstance(each, Damage)] == []


def restored(node_of: MakeNode, tmp_path: Path, urls: tuple[str, str] = ("", ""), others: Sequence[Node] = ()) -> Scene:
    """Back up, publish ten more, sync, restore the backup, start. The ``others`` have seen nothing of it."""
    author, reader = node_of("author", url=urls[0]), node_of("reader", url=urls[1])
    circle = circle_of([author, reader, *others])
    network = InMemory([author, reader])
    said = make.findings(circle, 3)
    publish(author, circle, *said)
    sync_once(reader.runtime, transport=network)
    backup = back_up(author.runtime.database)
    publish(author, circle, *make.findings(circle, LATER))
    assert sync_once(reader.runtime, transport=network).entries == LATER
    scene = Scene(circle, author, reader, network, said[0].id, [])
    scene.whole = scene.entries(author)
    put_back(author.runtime.database, backup)
    author.runtime.database.close()
    settings = author.runtime.settings
    scene.author = open_node(tmp_path, "author", url=settings.base_url, database_url=settings.database_url)
    network.connect(scene.author.url, application(scene.author))
    assert len(scene.entries(scene.author)) == 3
    return scene


@pytest.fixture
def scene(node_of: MakeNode, tmp_path: Path) -> Iterator[Scene]:
    """A restored node; the member can be reached in memory."""
    made = restored(node_of, tmp_path)
    yield made
    made.author.runtime.database.close()


def test_nothing_is_signed_before_members_were_asked(scene: Scene) -> None:
    with pytest.raises(HanseError) as caught:
        publish(scene.author, scene.circle, make.finding(scene.circle))
    assert caught.value.code is Code.CONFLICT
    assert len(scene.entries(scene.author)) == 3


def test_its_own_entries_come_back_before_the_first_signature(scene: Scene) -> None:
    with capture_logs() as said:
        found = confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)

    assert (found.asked, found.answered, found.recovered, found.size) == (1, 1, LATER, 3 + LATER)
    assert ("own-log-recovered", LATER) in {(line["event"], line.get("entries")) for line in said}
    assert scene.entries(scene.author) == scene.whole
    publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.assert_one_history()
    assert confirm_own_log(scene.author.runtime, scene.circle).asked == 0  # once in a process is enough


@ONE_DATABASE
def test_a_member_that_knows_less_is_not_believed_while_others_are_not_asked(node_of: MakeNode, tmp_path: Path) -> None:
    """A worker asks one member after the other; the first may have been away when the lost entries were published."""
    stale = node_of("stale")
    scene = restored(node_of, tmp_path, others=[stale])
    scene.network.connect(stale.url, application(stale))
    runtime = scene.author.runtime
    reports = {}
    with Outbound(runtime, transport=scene.network) as outbound, verifiers() as executor:
        for job in sorted(agenda.everybody(runtime), key=lambda each: each.member.name, reverse=True):
            reports[job.member.name] = pull(runtime, outbound, job.roster, job.member, executor)
            if job.member.name == "stale":
                confirm_after_pulls(runtime, reports.values())
                assert len(scene.entries(scene.author)) == 3
                with pytest.raises(HanseError, match="has not been compared"):
                    publish(scene.author, scene.circle, make.finding(scene.circle))
    confirm_after_pulls(runtime, reports.values())
    publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.assert_one_history()
    runtime.database.close()


@ONE_DATABASE
def test_a_backup_older_than_a_change_of_keys_replicates_all_the_same(node_of: MakeNode, tmp_path: Path) -> None:
    """The newest key is lost, and nothing can be signed with it; what others say must still come in."""
    nodes = author, reader = node_of("author"), node_of("reader")
    circle = circle_of(nodes)
    network = InMemory(nodes)
    publish(author, circle, make.finding(circle))
    backup = back_up(author.runtime.database)
    new = rotate(author, circle)
    publish(author, circle, make.finding(circle))
    sync_once(reader.runtime, transport=network)
    put_back(author.runtime.database, backup)
    author.runtime.database.close()
    settings = author.runtime.settings
    (settings.keys / "contributors" / f"{new}.key").unlink()
    author = open_node(tmp_path, "author", url=settings.base_url, database_url=settings.database_url)
    network.connect(author.url, application(author))

    for _ in range(2):
        sync_once(author.runtime, transport=network)
    assert author.own(circle) == new
    with pytest.raises(HanseError) as caught:
        publish(author, circle, make.finding(circle))
    assert caught.value.code is Code.BAD_KEY_FILE
    said = make.finding(circle)
    publish(reader, circle, said)
    report = sync_once(author.runtime, transport=network)
    assert (report.entries, report.problems) == (1, ())
    author.runtime.database.close()


def test_the_first_pull_of_the_worker_is_as_good(scene: Scene) -> None:
    report = sync_once(scene.author.runtime, transport=scene.network)

    assert report.entries == LATER
    (problem,) = report.problems
    assert (problem.code, problem.log) == (Code.CONFLICT, scene.author.own(scene.circle))
    assert "restored from a backup" in problem.detail
    publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.assert_one_history()


def test_what_a_process_has_signed_itself_must_still_be_there(scene: Scene) -> None:
    """A database server is put back while the node runs on: to a size that it had after the comparison."""
    confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)
    publish(scene.author, scene.circle, make.finding(scene.circle))
    backup = back_up(scene.author.runtime.database)
    publish(scene.author, scene.circle, make.finding(scene.circle))
    sync_once(scene.reader.runtime, transport=scene.network)
    put_back(scene.author.runtime.database, backup)

    with pytest.raises(HanseError, match="has not been compared"):
        publish(scene.author, scene.circle, make.finding(scene.circle))

    confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)
    publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.assert_one_history()


def test_a_log_that_became_shorter_while_the_process_ran_is_compared_again(scene: Scene) -> None:
    backup = back_up(scene.author.runtime.database)
    confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)
    put_back(scene.author.runtime.database, backup)

    with pytest.raises(HanseError):
        publish(scene.author, scene.circle, make.finding(scene.circle))

    confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)
    publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.assert_one_history()


def draft_for_approval(scene: Scene) -> str:
    """A retraction that was handed over, for the account ``approver``."""
    runtime, now = scene.author.runtime, scene.author.clock.now()
    with runtime.database.write() as tx:
        officer, _ = (
            create_account(tx, runtime.vault, login=name, display_name=name, roles=frozenset({role}), now=now)[0]
            for name, role in (("officer", Role.OFFICER), ("approver", Role.APPROVER))
        )
        content = RetractionContent(target=scene.first, reason=VocabularyCode("factual-error"))
        draft = draft_retraction(tx, runtime.vault, officer.id, scene.circle, content, now)
        made = preview(tx, runtime.vault, officer.id, draft.id, now)
        submit(tx, runtime.vault, runtime.vocabulary, officer.id, draft.id, made.digest, now)
    return draft.id


def approve(scene: Scene, draft: str) -> str:
    """Approve on the page, as a second person does; what the page says then."""
    runtime, now = scene.author.runtime, scene.author.clock.now()
    client = TestClient(whole_application(runtime), base_url=scene.author.url, follow_redirects=False)
    with runtime.database.write() as tx:
        account = find_account(tx, runtime.vault, "approver")
        assert account is not None
        token = begin_session(tx, account, now=now, session_seconds=36_000).token
    client.cookies.set(session_cookie(secure=False), token)
    browser = Browser(client)
    digest = hidden(browser.get(f"/drafts/{draft}"), "digest")
    answer = browser.submit(f"/drafts/{draft}", {"digest": digest}, action=f"/drafts/{draft}/approve")
    return text_of(browser.follow(answer) if answer.status_code == HTTPStatus.SEE_OTHER else answer.text)


@pytest.mark.enable_socket
def test_approving_on_the_page_brings_everything_back_first(node_of: MakeNode, tmp_path: Path) -> None:
    port = free_port()
    scene = restored(node_of, tmp_path, ("http://127.0.0.1:1", f"http://127.0.0.1:{port}"))
    draft = draft_for_approval(scene)

    refused = approve(scene, draft)
    assert "one of 1 members answered" in refused
    assert "--nobody-else-answers" in refused
    assert len(scene.entries(scene.author)) == 3

    with serving(application(scene.reader), port):
        assert "now live" in approve(scene, draft)
    assert len(scene.entries(scene.author)) == 3 + LATER + 1
    scene.assert_one_history()
    scene.author.runtime.database.close()


@pytest.mark.enable_socket
def test_publishing_by_the_command_line_brings_everything_back_first(node_of: MakeNode, tmp_path: Path) -> None:
    port = free_port()
    scene = restored(node_of, tmp_path, ("http://127.0.0.1:1", f"http://127.0.0.1:{port}"))
    for node in (scene.author, scene.reader):
        node.clock.moment = SystemClock().now()
    draft = draft_for_approval(scene)
    settings = scene.author.runtime.settings
    with scene.author.runtime.database.write() as tx:  # as a migration leaves it
        MigrationContext.configure(tx.connection).stamp(ScriptDirectory(str(Path(migrations.__file__).parent)), "head")
    values: dict[str, config.Value] = {
        "name": settings.name,
        "base_url": settings.base_url,
        "database_url": settings.database_url,
        "allow_private_addresses": True,
    }
    config.write(settings.data, values)
    command = ["findings", "publish", draft, "--as", "approver", "--yes", "--data", str(settings.data)]

    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, NobodyAnsweredError)

    with serving(application(scene.reader), port):
        done = CliRunner().invoke(app, command)
        told = CliRunner().invoke(app, ["ledger", "confirm", "--circle", scene.circle, "--data", str(settings.data)])
    assert done.exit_code == 0, done.output
    assert told.exit_code == 0, told.output
    assert "1 of 1 members" in told.output
    assert len(scene.entries(scene.author)) == 3 + LATER + 1
    scene.assert_one_history()
    scene.author.runtime.database.close()


def alone(scene: Scene) -> HanseError:
    """What a node is told that nobody answers."""
    with pytest.raises(NobodyAnsweredError) as caught:
        confirm_own_log(scene.author.runtime, scene.circle, transport=InMemory([]))
    return caught.value


def allow(scene: Scene) -> None:
    """The operator's word."""
    runtime = scene.author.runtime
    with runtime.database.read() as tx:
        allow_alone(runtime.settings, circles.roster(tx, scene.circle), tx, runtime.clock.now())


@ONE_DATABASE
def test_with_all_members_away_it_refuses_and_says_what_to_do(scene: Scene) -> None:
    refusal = alone(scene)
    assert refusal.code is Code.CONFLICT
    assert f"hanse ledger confirm --circle {scene.circle} --nobody-else-answers" in refusal.remedy
    with pytest.raises(HanseError):
        publish(scene.author, scene.circle, make.finding(scene.circle))


@ONE_DATABASE
def test_the_operator_can_let_it_go_on_alone_once(scene: Scene) -> None:
    """Here the word is wrong: the node was restored, and forks its log, as its operator was warned."""
    allow(scene)
    with capture_logs() as said:
        confirm_own_log(scene.author.runtime, scene.circle, transport=InMemory([]))
    assert [(line["event"], line.get("allowed"), line.get("size")) for line in said] == [
        ("own-log-not-compared", None, None),
        ("own-log-goes-on-alone", True, 3),
    ]
    publish(scene.author, scene.circle, make.finding(scene.circle))

    settings = scene.author.runtime.settings
    again = open_node(settings.data.parent, "author", url=settings.base_url, database_url=settings.database_url)
    with pytest.raises(HanseError):
        confirm_own_log(again.runtime, scene.circle, transport=InMemory([]))
    again.runtime.database.close()


@ONE_DATABASE
@pytest.mark.parametrize("seconds", [-1, ALONE_SECONDS + 1], ids=["dated ahead", "an hour old"])
def test_the_word_is_for_this_hour(scene: Scene, seconds: int) -> None:
    allow(scene)
    scene.author.clock.advance(seconds)
    alone(scene)
    scene.author.clock.advance(-seconds)
    alone(scene)  # it was used up


@ONE_DATABASE
def test_the_word_is_for_this_size(scene: Scene) -> None:
    allow(scene)
    sync_once(scene.author.runtime, transport=scene.network)
    settings = scene.author.runtime.settings
    scene.author = open_node(settings.data.parent, "author", url=settings.base_url, database_url=settings.database_url)
    alone(scene)


@ONE_DATABASE
def test_a_member_that_answers_outweighs_the_word(scene: Scene) -> None:
    allow(scene)
    assert confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network).recovered == LATER
    publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.assert_one_history()


def test_a_member_that_holds_another_history_stops_it(scene: Scene) -> None:
    """Its key signs elsewhere, too: what was signed there cannot be taken back, and must not be added to."""
    key = contributor_key(scene.author, scene.circle)
    other = section_of(key, scene.circle, [*scene.whole[:2], b"another"])
    scene.network.connect(scene.reader.url, answering(scene.reader, lambda _: encode_stream([other], more=False)))

    with pytest.raises(HanseError) as caught:
        confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)

    assert caught.value.code is Code.CONFLICT
    assert "forked" in caught.value.detail
    with pytest.raises(HanseError):
        publish(scene.author, scene.circle, make.finding(scene.circle))


@ONE_DATABASE
def test_a_member_that_cannot_be_believed_is_no_answer(scene: Scene) -> None:
    key = contributor_key(scene.author, scene.circle)
    lie = section_of(key, scene.circle, scene.whole, 3)
    lie = replace(lie, entries=(*lie.entries[:-1], b"garbage"))
    scene.network.connect(scene.reader.url, answering(scene.reader, lambda _: encode_stream([lie], more=False)))
    with pytest.raises(NobodyAnsweredError):
        confirm_own_log(scene.author.runtime, scene.circle, transport=scene.network)
    assert len(scene.entries(scene.author)) == 3


@ONE_DATABASE
def test_a_circle_of_one_needs_nobody(node_of: MakeNode, tmp_path: Path) -> None:
    node = node_of("alone")
    circle = circle_of([node])
    settings = node.runtime.settings
    opened = open_node(tmp_path, "alone", database_url=settings.database_url)
    assert confirm_own_log(opened.runtime, circle, transport=InMemory([])).asked == 0
    publish(opened, circle, make.finding(circle))
    opened.runtime.database.close()
