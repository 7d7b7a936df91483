"""People at nodes: who publishes with fields held back, asks for them, and answers."""

from dataclasses import dataclass
from datetime import timedelta

from node.accounts.manage import create_account
from node.clock import day_of
from node.domain.accounts import AccountId, Role
from node.domain.publishing import Draft, FindingContent, HeldBack, Published
from node.domain.requests import Request, RequestId
from node.domain.statements import StoredStatement
from node.publishing import drafts, requests
from node.publishing.letters import Desk
from node.publishing.preview import preview, submit
from node.publishing.publish import publish
from node.storage import requests as storage
from node.storage import statements
from node.sync.letters import desk as desk_of
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.messages import requests as wire
from protocol.messages.requests import Field
from protocol.statements import FindingBody, Target
from tests.federation.support import Node
from tests.node import statements as make

NARRATIVE = "The second register names a holding that was struck off, and the zebrafinch clause was never signed."
ENGAGEMENT = "A joint doctoral programme, four places a year."
HELD_BACK = HeldBack(
    narrative=NARRATIVE, evidence=("Extract of a company register",), engagement=ENGAGEMENT, contact=""
)
PURPOSE = "We prepare a joint laboratory with this institute and weigh whether its owners can be relied upon."
BASIS = "Article 6(1)(e) GDPR: the university's duty to protect its research."


@dataclass(frozen=True, slots=True)
class Staff:
    """Two people at one node."""

    node: Node
    officer: AccountId
    approver: AccountId

    @property
    def desk(self) -> Desk:
        """What letters take, now."""
        return desk_of(self.node.runtime)

    def publish(self, circle: CircleId, body: FindingBody | None = None, held_back: HeldBack = HELD_BACK) -> Published:
        """A finding with fields held back, by way of a draft and a second person."""
        runtime, now = self.node.runtime, self.node.clock.now()
        content = FindingContent(body=body or make.finding_body(), held_back=held_back)
        with runtime.database.write() as tx:
            expires = day_of(now) + timedelta(days=365)
            draft = drafts.create_draft(tx, runtime.vault, self.officer, circle, content, expires=expires, now=now)
        return self.leave(draft)

    def leave(self, draft: Draft) -> Published:
        """Preview, submit and approve."""
        runtime, now = self.node.runtime, self.node.clock.now()
        with runtime.database.write() as tx:
            made = preview(tx, runtime.vault, self.officer, draft.id, now)
        with runtime.database.write() as tx:
            submit(tx, runtime.vault, runtime.vocabulary, self.officer, draft.id, made.digest, now)
        with runtime.database.write() as tx:
            parts = (runtime.vault, runtime.keyring, runtime.vocabulary)
            return publish(tx, *parts, self.approver, draft.id, made.digest, now)

    def stored(self, contributor: KeyId, statement: StatementId) -> StoredStatement:
        """A statement that this node holds."""
        with self.node.runtime.database.read() as tx:
            found = statements.get(tx, contributor, statement, now=self.node.clock.now())
        assert found is not None
        return found

    def ask(self, about: Published, *fields: Field, purpose: str = PURPOSE, checked: bool = False) -> RequestId:
        """Ask the contributor of a finding."""
        stored = self.stored(about.contributor, about.statement)
        asked = wire.Ask(
            target=Target(contributor=about.contributor, id=about.statement),
            fields=tuple(sorted(fields or ("narrative",))),
            purpose=purpose,
            legal_basis=BASIS,
            role="officer",
            until=day_of(self.node.clock.now()) + timedelta(days=14),
        )
        with self.node.runtime.database.write() as tx:
            return requests.ask(tx, self.desk, stored, asked, self.officer, checked=checked)

    def incoming(self) -> list[Request]:
        """Who asks this node."""
        with self.node.runtime.database.read() as tx:
            return storage.listed(tx, self.node.runtime.vault, "in", limit=50)

    def request(self, request: RequestId) -> Request:
        """A request as this node has it."""
        with self.node.runtime.database.read() as tx:
            found = storage.get(tx, self.node.runtime.vault, request)
        assert found is not None
        return found

    def given(self, request: RequestId) -> dict[str, object]:
        """What this node was given."""
        with self.node.runtime.database.read() as tx:
            return {each.name: each.value for each in storage.values(tx, self.node.runtime.vault, request)}

    def release(self, request: RequestId, *fields: Field) -> None:
        """Give fields, one by one."""
        for name in fields:
            with self.node.runtime.database.write() as tx:
                requests.release(tx, self.desk, self.officer, request, name)


def staff(node: Node) -> Staff:
    """An officer and an approver."""
    people = []
    for role in (Role.OFFICER, Role.APPROVER):
        with node.runtime.database.write() as tx:
            account, _ = create_account(
                tx,
                node.runtime.vault,
                login=role.value,
                display_name=f"Invented {role.value.title()}",
                roles=frozenset({role}),
                now=node.clock.now(),
            )
        people.append(account.id)
    return Staff(node, *people)
