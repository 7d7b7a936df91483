"""The tour for newcomers: one finding from an officer's desk to another university's dossier, step by step.

The steps are those of the table in :mod:`node`. Two nodes, each with its own database and keys; what passes
between them passes through the same requests, signatures and streams as between two machines.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
from starlette.testclient import TestClient

from node.accounts.manage import create_account
from node.accounts.tokens import issue_token
from node.app import application
from node.casework.assessments import add_answer, create_assessment, get_assessment
from node.casework.drafts import Wording, draft_finding
from node.circles import roster
from node.domain.accounts import AccountId, Permission, Principal, Role
from node.domain.casework import AnswerData, AnswerId, AssessmentData, AssessmentId, Edit
from node.domain.publishing import DraftId, Preview, Published
from node.insight.dossier import dossier
from node.insight.refresh import catch_up
from node.publishing.drafts import get_draft
from node.publishing.preview import gate_hits, open_hits, preview, submit
from node.publishing.publish import publish
from node.storage.ledger import find_log
from node.subjects.mint import mint
from node.sync.worker import sync_once
from protocol import envelope, statements
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.statements import Grade, Period, Subject
from tests.federation.support import InMemory, Node, circle_of

PRIVATE_NOTE = "The quartermaster of the invented institute was late, twice."
SUMMARY = "Milestones were met; one delay was announced early and made good."
INDICATOR = VocabularyCode("conduct-reliable-delivery")


def _account(node: Node, login: str, role: Role) -> AccountId:
    with node.runtime.database.write() as tx:
        account, _ = create_account(
            tx, node.runtime.vault, login=login, display_name=login, roles=frozenset({role}), now=node.clock.now()
        )
    return account.id


def test_one_finding_from_the_desk_to_the_dossier(node_of: Callable[..., Node]) -> None:
    aldermoor, northport = node_of("aldermoor"), node_of("northport")
    circle = circle_of([aldermoor, northport])
    officer = _account(aldermoor, "officer", Role.OFFICER)
    approver = _account(aldermoor, "approver", Role.APPROVER)
    with aldermoor.runtime.database.write() as tx:
        partner = Subject(id=mint(tx, circle, "Institute of Invented Studies"), label="Institute of Invented Studies")

    case = _step_1_record(aldermoor, officer, partner)
    draft = _step_2_draft(aldermoor, officer, circle, case)
    made = _step_3_preview_and_submit(aldermoor, officer, draft)
    published = _steps_4_and_5_approve_sign_append(aldermoor, approver, made)
    _step_6_to_8_pull_verify_store(aldermoor, northport, circle, published)
    _step_9_fuse(northport, partner.id)
    _step_10_read(northport, partner.id, circle)


def _step_1_record(node: Node, officer: AccountId, partner: Subject) -> tuple[AssessmentId, AnswerId]:
    runtime, now = node.runtime, node.clock.now()
    head = AssessmentData(title="Doctoral network", subject=partner, engagement_kind=VocabularyCode("project"))
    answer = AnswerData(
        question=VocabularyCode("q27"),
        indicator=INDICATOR,
        observation=PRIVATE_NOTE,
        observed=Period(start=date(2025, 1, 1), end=date(2026, 6, 30)),
        strength=3,
        grade=Grade(reliability="A", credibility=2),
        evidence_kinds=(VocabularyCode("institution-record"),),
    )
    with runtime.database.write() as tx:
        case = create_assessment(tx, runtime.vault, runtime.vocabulary, officer, head, now)
        given = add_answer(tx, runtime.vault, runtime.vocabulary, case.id, answer, Edit(officer, case.version, now))
    with runtime.database.read() as tx:
        assert get_assessment(tx, runtime.vault, case.id).answers[0].data.observation == PRIVATE_NOTE
    return case.id, given.id


def _step_2_draft(node: Node, officer: AccountId, circle: CircleId, case: tuple[AssessmentId, AnswerId]) -> DraftId:
    runtime = node.runtime
    with runtime.database.write() as tx:
        draft = draft_finding(
            tx, runtime.vault, runtime.vocabulary, officer, case, circle, Wording(SUMMARY), node.clock.now()
        )
    return draft.id


def _step_3_preview_and_submit(node: Node, officer: AccountId, draft: DraftId) -> Preview:
    """The privacy gate has nothing to say, and the author sees every byte and every recipient."""
    runtime, now = node.runtime, node.clock.now()
    with runtime.database.write() as tx:
        found = get_draft(tx, runtime.vault, draft)
        assert open_hits(found, gate_hits(tx, runtime.vault, runtime.vocabulary, found)) == []
        made = preview(tx, runtime.vault, officer, draft, now)
        submit(tx, runtime.vault, runtime.vocabulary, officer, draft, made.digest, now)
    assert made.recipients == ("northport",)
    assert SUMMARY.encode() in made.payload
    assert PRIVATE_NOTE.encode() not in made.payload
    return made


def _steps_4_and_5_approve_sign_append(node: Node, approver: AccountId, made: Preview) -> Published:
    """A second person approves exactly those bytes; signature, log and checkpoint are one transaction."""
    runtime = node.runtime
    with runtime.database.write() as tx:
        published = publish(
            tx,
            runtime.vault,
            runtime.keyring,
            runtime.vocabulary,
            approver,
            made.draft,
            made.digest,
            node.clock.now(),
        )
    with runtime.database.read() as tx:
        key = roster(tx, published.circle).members[published.contributor].key
        log = find_log(tx, published.circle, published.contributor)
        assert log is not None
    checkpoint = open_checkpoint(log.covered, origin=origin(published.circle, key.key_id), key=key)
    assert (checkpoint.size, checkpoint.root) == (1, log.frontier.root())
    return published


def _step_6_to_8_pull_verify_store(author: Node, reader: Node, circle: CircleId, published: Published) -> None:
    report = sync_once(reader.runtime, transport=InMemory([author, reader]))
    assert (report.entries, report.problems) == (1, ())
    with reader.runtime.database.read() as tx:
        key = roster(tx, circle).members[published.contributor].key
    page = _api(reader, f"/api/v1/statements/{published.contributor}/{published.statement}")
    jws = page["jws"].encode("ascii")
    verified = envelope.verify(envelope.parse(jws), key)
    assert statements.read(verified, circle=circle, now=reader.clock.now()).id == published.statement
    assert PRIVATE_NOTE.encode() not in verified.payload


def _step_9_fuse(node: Node, subject: SubjectId) -> None:
    """One contributor with k = 3 gives a third of belief and no more, however well it grades its own evidence."""
    runtime, now = node.runtime, node.clock.now()
    assert catch_up(runtime.database, runtime.vocabulary, now) == 1
    with runtime.database.read() as tx:
        reading = dossier(tx, runtime.vocabulary, subject, now)
    (signal,) = [view for group in reading.circles[0].groups for view in group.assurances]
    assert signal.indicator.id == INDICATOR
    assert signal.signal.belief_ppm == 333_333
    assert (signal.signal.roots, signal.signal.contributors) == (1, 1)


def _step_10_read(node: Node, subject: SubjectId, circle: CircleId) -> None:
    """The analyst reads it by API, under a pseudonym: no institution is named as contributor."""
    page = _api(node, f"/api/v1/subjects/{subject}/dossier")
    text = msgspec.json.encode(page).decode()
    assert SUMMARY in text
    assert page["circles"][0]["circle"] == circle
    assert "aldermoor" not in text.lower()


def _api(node: Node, path: str) -> Any:  # noqa: ANN401  # JSON of several shapes
    """What the analyst API of a node answers to a program with a token."""
    runtime, now = node.runtime, node.clock.now()
    scopes = frozenset({Permission.POOL_READ, Permission.SUBJECTS_READ})
    with runtime.database.write() as tx:
        account, _ = create_account(
            tx, runtime.vault, login=f"a{path[-6:]}".lower(), display_name="A", roles=frozenset({Role.ANALYST}), now=now
        )
        asking = Principal(account.id, account.login, account.display_name, account.roles, scopes, None, None)
        token = issue_token(tx, runtime.vault, asking, name="tour", permissions=scopes, days=1, now=now).token
    answer = TestClient(application(runtime)).get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()
