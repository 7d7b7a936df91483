"""The pages of person tokens: asking, attaching, keys; and nothing of them in a circle without operators."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from node.accounts.access_log import read_access_log
from node.circles import token_keys
from node.domain.accounts import Role
from node.domain.person_tokens import Attachment, EvaluationState
from node.insight.query import may_read_bytes
from node.publishing import drafts, person_tokens
from node.storage import person_tokens as storage
from node.sync import sync_once
from node.sync.outbound import Outbound
from node.sync.post import exchange_all
from node.sync.token_evaluation import ask
from protocol.identifiers import CircleId, StatementId, decode_bytes
from protocol.person_inputs import named_input
from tests.federation.people import Staff, staff
from tests.federation.support import InMemory, Node, circle_of, free_port, make_node, publish
from tests.federation.test_person_tokens import ROLE
from tests.node import statements as make
from tests.node.web.house import PARTNER, Browser, House, make_house, text_of

pytestmark = pytest.mark.enable_socket
"""A page tries the operators directly first; at the one of these tests nobody listens."""
PERSON = "Wilhelmina Quarrelwick"
ASKED = {"spelling": "name", "name": PERSON, "organisation": PARTNER}


@dataclass
class Desk:
    """A house whose second circle has two operators: this node, and one that letters alone reach."""

    house: House
    operator_node: Node
    third: Node
    circle: CircleId
    network: InMemory
    officer: Browser
    operator: Browser
    staff: Staff | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.house.node, self.operator_node, self.third

    def letters(self) -> None:
        """Everybody exchanges letters until nothing waits."""
        for _ in range(4):
            for node in self.nodes:
                with Outbound(node.runtime, transport=self.network) as outbound:
                    exchange_all(node.runtime, outbound)

    def path(self, rest: str = "") -> str:
        return f"/circles/{self.circle}/person-tokens{rest}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all tests: each looks at what it has done itself."""
    yield from _make(tmp_path_factory.mktemp("tokens"))


@pytest.fixture
def fresh_place(tmp_path: Path) -> Iterator[Desk]:
    """For a test that changes keys."""
    yield from _make(tmp_path)


def _make(directory: Path) -> Iterator[Desk]:
    house = make_house(directory)
    nobody_listens = f"http://127.0.0.1:{free_port()}"
    neighbour = make_node(directory, "eastmarch", url=nobody_listens)
    nodes = [house.node, neighbour, house.others[1]]
    circle = circle_of(nodes, name="Careful Circle", operators=nodes[:2])
    house.account("ada", Role.OFFICER)
    house.account("ove", Role.OPERATOR)
    network = InMemory(nodes)
    found = Desk(house, neighbour, nodes[2], circle, network, house.browser("ada"), house.browser("ove"))
    answer = found.operator.submit(f"/circles/{circle}/token-keys", {})
    assert answer.status_code == 303, answer.text
    runtime = nodes[1].runtime
    with runtime.database.write() as tx:
        token_keys.publish_key(tx, runtime.keyring, runtime.settings, circle, runtime.clock.now())
    for node in nodes:
        sync_once(node.runtime, transport=network)
    yield found
    for node in (neighbour, house.node, *house.others):
        node.runtime.database.close()


def staff_of(place: Desk) -> Staff:
    """The people of the third member, once for all tests."""
    if place.staff is None:
        place.staff = staff(place.third)
    return place.staff


def test_a_circle_without_operators_offers_nothing_of_it(place: Desk) -> None:
    house = place.house
    roster = place.officer.get(f"/circles/{house.circle}")
    assert "Person tokens" not in text_of(roster)
    assert "person-tokens" not in roster
    place.officer.get(f"/circles/{house.circle}/person-tokens", 404)
    place.operator.get(f"/circles/{house.circle}/token-keys", 404)
    assert f'href="{place.path()}"' in place.officer.get(f"/circles/{place.circle}")


def test_who_has_no_part_in_it_does_not_enter(place: Desk) -> None:
    house = place.house
    house.account("ann", Role.ANALYST, Role.APPROVER)
    other = house.browser("ann")
    other.get(place.path(), 403)
    other.get(f"/circles/{place.circle}/token-keys", 403)
    place.operator.get(place.path(), 403)


def test_somebody_is_looked_up_and_the_answer_names_nobody(place: Desk) -> None:
    at = staff_of(place)
    finding = at.publish(place.circle)
    _token(place, at, finding.statement)
    with structlog.testing.capture_logs() as logs:
        answer = place.officer.submit(place.path(), ASKED)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    assert re.fullmatch(rf"{place.path()}/[A-Za-z0-9_-]{{22}}", where)
    assert "Not answered yet" in place.officer.get(where)
    place.letters()
    page = place.officer.get(where)
    assert "A hit" in page
    assert f'href="/statements/{place.circle}' in page or finding.statement in page
    assert "recruitment intermediary" in page
    assert "Institute of Invented Studies" in text_of(page)
    assert f'href="/requests/ask/{finding.contributor}/{finding.statement}"' in page
    shown = place.officer.get(place.path())
    assert "hit" in text_of(shown)
    for text in (page, shown, where, repr(logs)):
        assert "quarrelwick" not in text.lower()
    runtime = place.house.node.runtime
    with runtime.database.read() as tx:
        rows = read_access_log(tx, limit=50)
    assert {"person-looked-up", "person-token-read"} <= {row.action for row in rows}
    assert "quarrelwick" not in repr(rows).lower()


def test_a_published_token_is_not_shown(place: Desk) -> None:
    at = staff_of(place)
    finding = at.publish(place.circle)
    _token(place, at, finding.statement)
    runtime = place.house.node.runtime
    with runtime.database.read() as tx:
        found = [
            pair for pair in storage.live_tokens(tx, place.circle, make.IAT) if pair[1].target == finding.statement
        ]
        ((stored, body),) = found
        assert not may_read_bytes(tx, stored, now=make.IAT)
    page = place.officer.get(f"/statements/{stored.contributor}/{stored.statement.id}")
    assert "The token is no name and is not shown" in text_of(page)
    for path in ("/findings", f"/statements/{stored.contributor}/{finding.statement}", "/"):
        page += place.officer.get(path)
    assert body.token not in page
    assert decode_bytes(body.token).hex() not in page


def test_nobody_else_sees_what_was_asked(place: Desk) -> None:
    where = place.officer.submit(place.path(), ASKED).headers["location"]
    place.house.account("eva", Role.OFFICER)
    other = place.house.browser("eva")
    other.get(where, 404)
    assert where not in other.get(place.path())


def _token(place: Desk, at: Staff, statement: str) -> None:
    """A token as another member has published it."""
    attachment = Attachment(target=StatementId(statement), role=ROLE, keep=False)
    with at.node.runtime.database.write() as tx:
        begun = person_tokens.attach(tx, at.desk, place.circle, at.officer, named_input(PERSON, PARTNER), attachment)
    ask(at.node.runtime, begun.id, transport=place.network)
    with at.node.runtime.database.read() as tx:
        made = person_tokens.get(tx, at.desk, place.circle, at.officer, begun.id)
        assert made.state is EvaluationState.DONE, made.outcome.words
        assert made.outcome.draft is not None
        draft = drafts.get_draft(tx, at.node.runtime.vault, made.outcome.draft)
    at.leave(draft)
    sync_once(place.house.node.runtime, transport=place.network)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"spelling": "orcid", "orcid": "0000-0002-1825-0098"}, "orcid"),
        ({"spelling": "name", "name": "W. Quarrelwick", "organisation": PARTNER}, "name"),
        ({"spelling": "name", "name": PERSON, "organisation": "Nowhere"}, "organisation"),
        ({"name": PERSON}, "spelling"),
    ],
)
def test_what_is_wrong_stands_at_its_field(place: Desk, values: dict[str, str], field: str) -> None:
    answer = place.officer.submit(place.path(), values)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text


def test_a_token_beside_a_finding_goes_by_four_eyes(place: Desk) -> None:
    node, house = place.house.node, place.house
    house.account("bea", Role.APPROVER)
    finding = make.finding(place.circle)
    publish(node, place.circle, finding)
    at = place.path(f"/at/{finding.id}")
    page = place.officer.get(at)
    assert "by asking all operators" in text_of(page)
    wrong = place.officer.submit(at, ASKED)
    assert 'id="role-wrong"' in wrong.text
    asked = place.officer.submit(at, ASKED | {"role": ROLE, "keep": "yes"})
    assert asked.status_code == 303, asked.text
    place.letters()
    page = place.officer.get(asked.headers["location"])
    (draft,) = set(re.findall(r'href="(/drafts/[A-Za-z0-9_-]{22})"', page))
    shown = text_of(place.officer.get(draft))
    assert "All operators together can, without any limit." in shown
    assert "a pseudonym of a person" in shown
    assert PERSON not in shown
    assert "only its end can be chosen" in text_of(place.officer.get(f"{draft}/edit"))
    made = place.officer.submit(draft, {}, action=f"{draft}/preview")
    assert made.status_code == 303
    preview = place.officer.get(draft)
    assert '"kind":"token"' in preview.replace("&#34;", '"').replace(" ", "")


def test_a_token_is_no_business_of_another_statement(place: Desk) -> None:
    place.officer.get(place.path(f"/at/{make.new_id()}"), 404)


def test_keys_are_published_and_destroyed_by_the_operator(fresh_place: Desk) -> None:
    path = f"/circles/{fresh_place.circle}/token-keys"
    page = text_of(fresh_place.operator.get(path, 200))
    assert "New tokens are made in epoch 1." in page
    assert "Publish our key for epoch 2" in page
    assert fresh_place.operator.submit(path, {}).status_code == 303
    again = fresh_place.operator.submit(path, {})
    assert again.status_code == 422
    assert "not every operator has" in text_of(again.text)
    refused = fresh_place.operator.submit(path, {"epoch": "1"}, action=f"{path}/destroy")
    assert "This epoch is in use." in text_of(refused.text)
    runtime = fresh_place.operator_node.runtime
    sync_once(runtime, transport=fresh_place.network)
    with runtime.database.write() as tx:
        token_keys.publish_key(tx, runtime.keyring, runtime.settings, fresh_place.circle, runtime.clock.now())
    sync_once(fresh_place.house.node.runtime, transport=fresh_place.network)
    assert "New tokens are made in epoch 2." in text_of(fresh_place.operator.get(path))
    assert fresh_place.operator.submit(path, {"epoch": "1"}, action=f"{path}/destroy").status_code == 303
    assert "is not here" in text_of(fresh_place.operator.get(path))
