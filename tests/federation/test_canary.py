"""A word of its own in every private field, typed at the pages; then every byte that leaves is searched for them.

The fields are not listed here: whatever can be typed into a form is typed into, and what is stored is read back through
the vault. A private field that somebody adds later is either planted by itself or fails the test that looks for it. One
node serves over a real socket, two others fetch from it as members do.
"""

import base64
import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
import pytest
import pytest_socket
import sqlalchemy as sa
from starlette.testclient import TestClient

from node.accounts.tokens import issue_token
from node.app import application
from node.domain.accounts import Permission, Principal, Role, permissions_of
from node.storage import person_search
from node.storage.tables.base import METADATA
from node.sync import sync_once
from tests.federation.support import InMemory, free_port, serving
from tests.node.web.doors import Guard, doors
from tests.node.web.filling import WORD
from tests.node.web.furnished import PUBLIC, Furnished, furnish

pytestmark = pytest.mark.enable_socket

CASEWORK: Final = {"assessments", "drafts", "evidence", "decisions", "replies", "requests", "persons"}
UNPLANTED: Final = {
    "drafts.preview": "holds the same texts as the draft, as bytes in base64url",
    "engagement_imports.sealed": "the name of a file and of its columns, which this test chooses",
    "publications.disclosures": "the held-back texts of the draft, in base64url",
    "request_events.sealed": "the steps of a request, in codes: tests/federation/test_letters",
    "watches.sealed": "an organisation of the registry",
    "watches.told": "codes and identifiers of signals",
    "alerts.sealed": "codes and identifiers of signals: tests/node/insight/test_watch",
    "letters_out.sealed": "planted where a letter waits: tests/federation/test_letters",
    "sounding_forwards.sealed": "needs a circle of more members: tests/federation/test_soundings",
    "sounding_tallies.sealed": "needs a circle of more members: tests/federation/test_soundings",
    "soundings.lot": "needs a circle of more members: tests/federation/test_soundings",
    "soundings.sealed": "needs a circle of more members: tests/federation/test_soundings",
    "sponsorings.sealed": "a signed finding on its way: tests/federation/test_sponsors",
    "request_values.sealed": "what the other side released: tests/federation/test_letters",
    "token_evaluations.sealed": "needs operators: tests/federation/test_person_tokens",
    "token_evaluations.secrets": "needs operators: tests/federation/test_person_tokens",
    "token_inputs.sealed": "needs operators: tests/federation/test_person_tokens",
}
"""Sealed columns that this walk does not reach, and where they are tried."""
CODED: Final = set(
    re.findall(
        r"\w+",
        """
        about begins cause circle contributor created currency day days decided decimals digest disclosures draft due
        ends engagement_kind evidence_kinds expires fields files from handling held_back id indicator issued kind mark
        measure mitigations next observed outcome payload question received recipients relation reliability responsive
        review round scope sent settled state statement status technology_domains thread to type until updated
        """,
    )
)
"""Members of stored objects, by their names, that hold codes, days, identifiers and digests."""
PUBLIC_TEXTS: Final = {
    "assessments.sealed.data.subject.label": "an organisation's name in the registry",
    "drafts.sealed.content.body.subject.label": "an organisation's name in the registry",
    "engagements.sealed.counterparts[].label": "an organisation's name in the registry",
    "private_ties.sealed.subject.label": "an organisation's name in the registry",
    "private_ties.sealed.object.label": "an organisation's name in the registry",
    "watches.sealed.label": "an organisation's name in the registry",
    "watches.sealed.subject": "an organisation's identifier",
    "reply_intakes.sealed.letter.identifier": "an organisation's identifier",
    "requests.sealed.title": "the label of an indicator",
    "decisions.record.subtitle": "number and day",
    "decisions.record.sections[].heading": "our own words",
    "decisions.record.sections[].empty": "our own words",
    "decisions.record.sections[].entries[].lines[]": "how to read it again",
    "drafts.sealed.content.body.sources[]": "digests of public sources",
    "engagement_imports.sealed.header[]": "the columns of the table that this test brings in",
    "engagement_imports.sealed.name": "the name of the file that this test brings in",
    "requests.sealed.role": "the role of who asks, by its word in the table of roles",
    "saved_queries.sealed.name": "small letters only; the question beside it is planted",
}
"""Texts of stored objects that are no secret, and why; every other text must have been planted."""


@dataclass
class Recorded:
    """Everything that went to other nodes, as bytes."""

    answers: list[bytes] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)


class _Listening:
    """An application, and every byte that it answers to a member."""

    def __init__(self, app: Any, recorded: Recorded) -> None:  # noqa: ANN401 - an ASGI application
        self.app = app
        self.recorded = recorded

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI calls it
        async def noted(message: Any) -> None:  # noqa: ANN401 - as ASGI sends it
            self.recorded.answers.append(message.get("body", b"") + repr(message.get("headers", "")).encode())
            await send(message)

        await self.app(scope, receive, noted)


class _Both(httpx2.BaseTransport):
    """To the one node by a real connection, to the others in memory; every request of a node is kept."""

    def __init__(self, url: str, others: InMemory, recorded: list[bytes], real: httpx2.HTTPTransport) -> None:
        self.url, self.others, self.recorded, self.real = url, others, recorded, real

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange."""
        self.recorded.append(request.read() + str(request.url).encode() + repr(request.headers).encode())
        there = str(request.url).startswith(self.url)
        return self.real.handle_request(request) if there else self.others.handle_request(request)


@dataclass
class Scene:
    """What was done, what left, and what was said meanwhile."""

    done: Furnished
    left: Recorded
    said: str
    directory: Path
    client: TestClient

    @property
    def words(self) -> dict[str, str]:
        """Every planted word, with the place where it was typed."""
        return self.done.planter.planted


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything is done once at the pages, then the members fetch it, and fetch again."""
    pytest_socket.enable_socket()
    directory, recorded, port = tmp_path_factory.mktemp("canary"), Recorded(), free_port()
    url = f"http://127.0.0.1:{port}"
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.addFilter(lambda record: not record.name.startswith("httpx2"))  # this test's own requests
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    with redirect_stdout(said), redirect_stderr(said):
        done = furnish(directory, url)
        house = done.house
        app = application(house.node.runtime)
        everyone = InMemory(house.others)
        with serving(_Listening(app, recorded), port), httpx2.HTTPTransport() as real:  # type: ignore[arg-type] # ASGI
            ours = _Both(url, everyone, recorded.requests, real)
            sync_once(house.node.runtime, transport=ours)
            fetched = [sync_once(other.runtime, transport=_Both(url, everyone, [], real)) for other in house.others]
            sync_once(house.node.runtime, transport=ours)
        assert sum(report.entries for report in fetched) > 0
        client = TestClient(app, base_url=url, follow_redirects=False, raise_server_exceptions=False)
        client.get("/api/v1/health")
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)
    yield Scene(done, recorded, said.getvalue(), directory, client)
    for node in (house.node, *house.others):
        node.runtime.database.close()
    pytest_socket.disable_socket(allow_unix_socket=True)


def _unwrapped(data: bytes) -> bytes:
    """The bytes, and what stands in them as base64: payloads of signed statements, disclosures, and those within."""
    parts = [data]
    for _ in range(2):
        inner = []
        for token in re.findall(rb"[A-Za-z0-9_+/-]{16,}", parts[-1]):
            urlsafe = token.replace(b"+", b"-").replace(b"/", b"_")
            inner.append(base64.urlsafe_b64decode(urlsafe[: len(urlsafe) // 4 * 4]))
        parts.append(b"\n".join(inner))
    return b"\n".join(parts)


def _found(words: dict[str, str], data: bytes) -> dict[str, str]:
    """The planted words in some bytes, with the places where they were typed."""
    seen = {each.decode() for each in re.findall(rb"zyxcanary\d{4}", _unwrapped(data))}
    return {word: words[word] for word in seen & words.keys()}


def test_the_members_have_what_was_meant_for_them(scene: Scene) -> None:
    assert PUBLIC.encode() in _unwrapped(b"\n".join(scene.left.answers))
    assert len(scene.left.requests) > 2
    assert len(scene.words) > 40


def test_no_private_word_is_in_any_byte_that_a_member_was_given(scene: Scene) -> None:
    """What is asked of one member goes to that member by a letter; all else to nobody."""
    assert _found(scene.words, b"\n".join(scene.left.answers)) == {}
    asked = _found(scene.words, b"\n".join(scene.left.requests))
    assert {place.partition(" ")[2] for place in asked.values()} <= {"purpose", "basis"}, asked
    assert all(place.startswith("/requests/ask/") for place in asked.values())


def test_no_private_word_is_on_the_disk_in_clear(scene: Scene) -> None:
    """The database, its journals, the files of evidence: all that a copy of the disk would have."""
    files = [path for path in (scene.directory / "aldermoor").rglob("*") if path.is_file()]
    assert {"hanse.db", "data.key"} <= {path.name for path in files}
    assert any(path.parent.name == "evidence" or "evidence" in path.parts for path in files)
    for path in files:
        data = path.read_bytes()
        assert _found(scene.words, data) == {}, path
        assert b"zyxcanaryfile" not in data, path


def test_no_private_word_was_said_in_a_log(scene: Scene) -> None:
    assert WORD not in scene.said
    assert len(scene.said) > 0 or sys.stdout is not None


def test_every_sealed_column_was_planted_or_says_where_it_is(scene: Scene) -> None:
    planted = {column for column, text in _opened(scene) if WORD in text}
    lacking = person_search.SEALED - planted - UNPLANTED.keys()
    assert " ".join(sorted(lacking)) == ""
    assert set(UNPLANTED) <= person_search.SEALED


def test_every_text_that_is_stored_has_a_word_of_ours(scene: Scene) -> None:
    """A text of a stored object that never holds a planted word is a code or public, or a field was forgotten."""
    held: dict[str, bool] = {}
    for column, text in _opened(scene):
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError:
            continue  # one text alone; the test of columns has it
        for place, leaf in _leaves(value, column):
            held[place] = held.get(place, False) or WORD in leaf or PUBLIC in leaf
    forgotten = {place for place, has in held.items() if not has and place.rpartition(".")[2].strip("[]") not in CODED}
    assert sorted(place for place in forgotten - PUBLIC_TEXTS.keys() if not place.startswith("watches.told")) == []
    assert sum(held.values()) > 30


def _opened(scene: Scene) -> Iterator[tuple[str, str]]:
    """Every sealed value with its column, as the vault opens it."""
    runtime = scene.done.house.node.runtime
    with runtime.database.read() as tx:
        for table in METADATA.sorted_tables:
            for column in table.columns:
                name = f"{table.name}.{column.name}"
                if name not in person_search.SEALED:
                    continue
                for row in tx.connection.execute(sa.select(*table.primary_key.columns, column)):
                    if row[-1] is not None:
                        key = "/".join(str(part) for part in row[:-1])
                        yield name, runtime.vault.open(bytes(row[-1]), place=f"{name}:{key}").decode()


def _leaves(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{place}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, f"{place}[]")
    elif isinstance(value, str) and value:
        yield place, value


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.OPERATOR, Role.AUDITOR, None])
def test_no_private_word_is_shown_to_those_who_see_no_casework(scene: Scene, role: Role | None) -> None:
    """Every page, operation, export and refusal, at the addresses of the very records.

    Names are shown to who manages accounts; see ``WITHIN`` for what is said inside the node about the pool.
    """
    done, client = scene.done, scene.client
    client.cookies.clear()
    headers = {}
    if role is not None:
        login = f"walker-{role.value}"
        account = done.house.account(login, role, name="Walker")
        client.cookies.set("hanse-session", done.house.session(login))
        runtime, granted = done.house.node.runtime, permissions_of(frozenset({role}))
        principal = Principal(account.id, login, "", account.roles, granted, session=None, csrf_token=None)
        with runtime.database.write() as tx:
            issued = issue_token(
                tx, runtime.vault, principal, name="walk", permissions=granted, days=1, now=done.house.node.clock.now()
            )
        headers = {"authorization": f"Bearer {issued.token}"}
        assert not {each for each in granted if each.value.partition(":")[0] in CASEWORK} - {
            Permission.REQUESTS_READ,
            Permission.REQUESTS_ASK,
        }
    seen = 0
    told: dict[str, dict[str, str]] = {}
    for door in doors(application(done.house.node.runtime)):
        if door.method != "GET" or door.name == "GET /api/v1/stream" or door.guard is Guard.MEMBER:
            continue
        answer = client.get(done.paths.get(door.route, door.path), headers=headers)
        shown = _found(scene.words, answer.content)
        private = {word: place for word, place in shown.items() if not _may_see(role, door.route, place)}
        told |= {door.name: private} if private else {}
        seen += answer.status_code == 200
    assert told == {}
    assert seen > 3


WITHIN: Final = {
    "reason": "why two identifiers are read as one: beside the readings that it changes",
    "reason_settled": "how a claim turned out: beside the reading",
    "reason_trust": "why a contributor has its weight: for those who read rosters",
}
"""What the forms themselves call kept inside this node: shown to those who read there what it is about."""


def _may_see(role: Role | None, route: str, place: str) -> bool:
    if role in {None, Role.OBSERVER}:
        return False
    if place.rpartition(" ")[2] in WITHIN and route.startswith(("/subjects", "/signals", "/circles")):
        return True
    if role is Role.OPERATOR:
        return place.startswith("account ")
    if role in {Role.ANALYST, Role.COORDINATOR}:  # they may ask, and read what their institution has asked
        return route.startswith("/requests") and place.startswith("/requests/ask/")
    return False
