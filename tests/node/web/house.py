"""A node with pages for tests: invented members, an invented registry, statements that really came by exchange."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Final

import msgspec
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from node import web
from node.accounts.manage import create_account, find_account, redeem_setup_link
from node.accounts.sign_in import begin_session
from node.api import problems
from node.domain.accounts import Account, AccountId, Role
from node.sync import sync_once
from node.web.security import session_cookie
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import FindingBody, Grade, Period, Relation, Subject
from tests.federation.support import InMemory, Node, circle_of, make_node, publish
from tests.node import statements as make
from tests.node.subjects.registry import load_records, record, subject

PASSWORD: Final = "seven grey herons by the weir"  # noqa: S105 - invented, for accounts that live as long as a test
PARTNER: Final = subject(1)
PARTNER_NAME: Final = "Institute for Applied Tidal Mechanics"
WORKS: Final = subject(2)
UNKNOWN_PARTNER: Final = subject(3)
_ASSURANCE: Final = VocabularyCode("gov-transparent-governance")
_EXCHANGE: Final = VocabularyCode("recip-honoured")
_CONCERN: Final = VocabularyCode("fund-source-opaque")
_DRIFT: Final = VocabularyCode("conduct-scope-drift")
_TOKEN: Final = re.compile(r'name="csrf" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class House:
    """One node that serves pages, and the two others of its circle."""

    node: Node
    others: tuple[Node, ...]
    circle: CircleId
    app: FastAPI

    def account(self, login: str, *roles: Role, name: str = "", password: bool = False) -> Account:
        """An account, with :data:`PASSWORD` where the test signs in by hand: hashing one takes a while."""
        runtime = self.node.runtime
        with runtime.database.write() as tx:
            account, link = create_account(
                tx,
                runtime.vault,
                login=login,
                display_name=name or login.title(),
                roles=frozenset(roles),
                now=self.node.clock.now(),
            )
        if password:
            redeem_setup_link(runtime.database, runtime.vault, link.token, PASSWORD, self.node.clock.now())
        return account

    def setup_link(self, login: str, *roles: Role) -> tuple[AccountId, str]:
        """A new account whose owner has not chosen a password yet, and the path of its link."""
        runtime = self.node.runtime
        with runtime.database.write() as tx:
            account, link = create_account(
                tx,
                runtime.vault,
                login=login,
                display_name=login.title(),
                roles=frozenset(roles),
                now=self.node.clock.now(),
            )
        return account.id, f"/setup/{link.token}"

    def browser(self, login: str = "") -> "Browser":
        """A client with a cookie jar of its own; with a session of its own where a login is given."""
        client = TestClient(self.app, base_url=self.node.url, follow_redirects=False)
        if login:
            client.cookies.set(session_cookie(secure=self.node.runtime.settings.secure_cookies), self.session(login))
        return Browser(client)

    def session(self, login: str) -> str:
        """The token of a new session, as a sign-in gives it."""
        runtime, now = self.node.runtime, self.node.clock.now()
        with runtime.database.write() as tx:
            account = find_account(tx, runtime.vault, login)
            assert account is not None
            return begin_session(tx, account, now=now, session_seconds=36_000).token


@dataclass(slots=True)
class Browser:
    """Gets pages and submits forms with the token of the page that the form is on."""

    client: TestClient
    pages: list[str] = field(default_factory=list)

    def get(self, path: str, status: int = 200) -> str:
        """A page, which must have this status."""
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-600:])
        self.pages.append(answer.text)
        return answer.text

    def submit(
        self, path: str, values: Mapping[str, str | Sequence[str]], *, action: str = "", token: str | None = None
    ) -> Response:
        """Open the page at ``path`` and post a form of it, to ``action`` where that differs."""
        page = self.client.get(path)
        assert page.status_code == 200, (path, page.status_code)
        found = _TOKEN.search(page.text)
        assert found, f"no form with a token on {path}"
        data = {"csrf": found[1] if token is None else token, **values}
        return self.client.post(action or path, data=data)

    def follow(self, answer: Response) -> str:
        """The page that an accepted form leads to."""
        assert answer.status_code == 303, (answer.status_code, text_of(answer.text)[:1_500])
        return self.get(answer.headers["location"])


def text_of(html: str) -> str:
    """What a page says, without its tags."""
    body = re.sub(r"<(style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())
    return re.sub(r" ([,.;:)])", r"\1", words)


def hidden(html: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return unescape(found[1])


def make_house(directory: Path, url: str = "http://aldermoor.example", *, database_url: str = "") -> House:
    """Aldermoor with pages, Northport and Val d'Esk beside it, and what the two have shared about one partner."""
    node = make_node(directory, "aldermoor", url=url, database_url=database_url)
    node = _named(node, "University of Aldermoor")
    others = (
        _named(make_node(directory, "northport"), "Northport Institute of Technology"),
        _named(make_node(directory, "valdesk"), "Universit\u00e9 du Val d\u2019Esk"),
    )
    circle = circle_of([node, *others], name="Estuary Circle")
    load_records(
        node.runtime.database,
        directory,
        [
            record(1, PARTNER_NAME, names=[("IATM", "acronym"), ("Institut f\u00fcr Gezeitenmechanik", "alias")]),
            record(2, "Calder Composite Works", place="Port Calder"),
            record(3, "Verania School of Mines", place="Verania"),
            record(4, "Institute of Tidal History", place="Verania"),
        ],
    )
    _share(others, circle)
    reports = sync_once(node.runtime, transport=InMemory([node, *others]))
    assert reports.entries > 0
    app = FastAPI(openapi_url=None)
    problems.install(app, web.install(app, node.runtime))
    return House(node, others, circle, app)


def _named(node: Node, name: str) -> Node:
    """The same node under an institution's name."""
    settings = replace(node.runtime.settings, name=name)
    return Node(replace(node.runtime, settings=settings), node.clock)


def _body(indicator: VocabularyCode, summary: str, grade: str = "B2", **more: object) -> FindingBody:
    reliability, credibility = grade[0], int(grade[1])
    return msgspec.structs.replace(
        make.finding_body(PARTNER, indicator, summary=summary),
        subject=Subject(id=PARTNER, label=PARTNER_NAME),
        grade=Grade(reliability=reliability, credibility=credibility),  # type: ignore[arg-type] # a letter of the scale
        **more,
    )


def _share(others: Sequence[Node], circle: CircleId) -> None:
    """What the two other members have shared: agreement, a dispute, a correction, a retraction, a tie."""
    north, esk = others
    governance = make.finding(circle, _body(_ASSURANCE, "Statutes and owners match the company register of 2026."))
    exchange = make.finding(
        circle,
        _body(
            _EXCHANGE,
            "Samples and staff were exchanged as agreed over three years.",
            strength=3,
            observed=Period(start=date(2023, 9, 1), end=date(2026, 6, 30)),
        ),
    )
    opaque = make.finding(circle, _body(_CONCERN, "Two of the four funders could not be traced to their owners."))
    mistaken = make.finding(circle, _body(_DRIFT, "Access to further data was asked for."))
    publish(north, circle, governance, exchange, opaque, mistaken)
    corrected = _body(_EXCHANGE, "Samples were exchanged as agreed; staff only in the second year.", strength=2)
    publish(north, circle, make.correction(circle, exchange.id, corrected), make.retraction(circle, mistaken.id))
    publish(
        esk,
        circle,
        make.finding(circle, _body(_ASSURANCE, "The annual accounts name the same foundation.", "A2")),
        make.finding(circle, _body(_EXCHANGE, "Joint results were published with both names.", "C3")),
        make.response(circle, north.own(circle), opaque.id, "disputes"),
        _tie(circle),
    )


def _tie(circle: CircleId) -> Relation:
    tie = make.relation(circle, PARTNER, SubjectId(WORKS))
    body = msgspec.structs.replace(
        tie.body,
        subject=Subject(id=PARTNER, label=PARTNER_NAME),
        object=Subject(id=WORKS, label="Calder Composite Works"),
    )
    return msgspec.structs.replace(tie, body=body)
