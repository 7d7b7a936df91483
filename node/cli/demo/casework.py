"""The private side of the demo: what each university records, drafts, has approved by a second person, and shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from node.casework.assessments import get_assessment
from node.casework.drafts import prefill_finding
from node.casework.import_file import import_rows
from node.casework.public_cases import import_public_cases
from node.circles import roster as read_roster
from node.cli.demo.cast import CONTACT, FictionalRow, Player
from node.domain.accounts import AccountId
from node.domain.casework import Assessment, AssessmentId, ImportReport, RowRefusal
from node.domain.publishing import DraftId
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft
from node.publishing.preview import preview, submit
from node.publishing.publish import publish
from node.runtime import Runtime
from node.storage.database import Transaction
from protocol.identifiers import CircleId
from protocol.statements import Subject

Identify = Callable[[Transaction, str], Subject | None]


@dataclass(frozen=True, slots=True)
class Desk:
    """One university's office: its node, and the two people whom every finding needs."""

    player: Player
    runtime: Runtime
    circle: CircleId
    officer: AccountId
    approver: AccountId


@dataclass(frozen=True, slots=True)
class Shared:
    """What one university did with its rows."""

    rows: int
    published: int
    refused: tuple[RowRefusal, ...]
    stopped: tuple[str, ...]
    """Drafts that the privacy gate stopped, in its words."""


def share_fictional(desk: Desk, rows: list[FictionalRow], identify: Identify) -> Shared:
    """Import invented assessments, draft a finding from each answer, and publish it."""
    ours = [row for row in rows if row.node == desk.player.key]
    data = msgspec.json.encode([row.cells() for row in ours])
    runtime = desk.runtime
    with runtime.database.write() as tx:
        report = import_rows(
            tx,
            runtime.vault,
            runtime.vocabulary,
            desk.officer,
            data,
            lambda text: identify(tx, text),
            runtime.clock.now(),
        )
    return _share(desk, report, {row.reference: row for row in ours})


def share_public_cases(desk: Desk, cases: bytes, wanted: Callable[[str], bool], identify: Identify) -> Shared:
    """Import documented public cases; what is shared says what was reported, as press evidence of one article."""
    runtime = desk.runtime
    with runtime.database.write() as tx:
        report = import_public_cases(
            tx,
            runtime.vault,
            runtime.vocabulary,
            desk.officer,
            cases,
            lambda text: identify(tx, text),
            runtime.clock.now(),
            wanted,
        )
    return _share(desk, report, {})


def _share(desk: Desk, report: ImportReport, fictional: Mapping[str, FictionalRow]) -> Shared:
    published, stopped = 0, []
    for assessment in report.created:
        with desk.runtime.database.read() as tx:
            found = get_assessment(tx, desk.runtime.vault, assessment)
        try:
            published += _publish_answers(desk, found, fictional.get(found.data.reference))
        except HanseError as error:
            if error.code is not Code.PRIVACY_GATE:
                raise
            stopped.append(error.detail)
    return Shared(report.rows, published, report.refused, tuple(stopped))


def _publish_answers(desk: Desk, assessment: Assessment, row: FictionalRow | None) -> int:
    """The way that every finding goes: draft, preview, submission by its author, approval by a colleague."""
    for index in range(len(assessment.answers)):
        draft, digest = _draft_and_submit(desk, assessment.id, index, row)
        runtime = desk.runtime
        with runtime.database.write() as tx:
            now = runtime.clock.now()
            publish(tx, runtime.vault, runtime.keyring, runtime.vocabulary, desk.approver, draft, digest, now)
    return len(assessment.answers)


def _draft_and_submit(desk: Desk, case: AssessmentId, index: int, row: FictionalRow | None) -> tuple[DraftId, str]:
    runtime = desk.runtime
    with runtime.database.write() as tx:
        now = runtime.clock.now()
        assessment = get_assessment(tx, runtime.vault, case)
        answer = assessment.answers[index]
        contact = CONTACT.format(key=desk.player.key)
        roster = read_roster(tx, desk.circle)
        prefill = prefill_finding(assessment, answer, roster, runtime.vocabulary, contact=contact, now=now)
        # The summary is the officer's own sentence; of a public case it is the report, which is public.
        summary = row.summary if row else answer.data.observation
        scope = row.scope if row else prefill.content.body.scope
        body = msgspec.structs.replace(prefill.content.body, summary=summary, scope=scope)
        draft = create_draft(
            tx,
            runtime.vault,
            desk.officer,
            desk.circle,
            msgspec.structs.replace(prefill.content, body=body),
            expires=prefill.expires,
            case=(assessment.id, answer.id),
            now=now,
        )
        made = preview(tx, runtime.vault, desk.officer, draft.id, now)
        submit(tx, runtime.vault, runtime.vocabulary, desk.officer, draft.id, made.digest, now)
    return draft.id, made.digest
