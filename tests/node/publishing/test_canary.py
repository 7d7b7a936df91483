"""A unique word in every private field, searched in every byte that is stored in clear, leaves, or is said."""

import logging
from typing import Final

import pytest
import sqlalchemy as sa

from node.accounts.manage import create_account
from node.accounts.tokens import issue_token
from node.casework.assessments import add_answer, answer_plainly, change_answer, get_assessment
from node.casework.drafts import Wording, draft_finding
from node.casework.engagements import create_engagement
from node.casework.import_file import import_rows
from node.clock import day_of
from node.domain.accounts import Permission, Principal, Role, permissions_of
from node.domain.casework import AnswerData, AnswerId, AssessmentId, Edit, PlainData, PlainKind
from node.domain.engagements import EngagementData
from node.domain.money import Money
from node.domain.publishing import FindingContent, Published
from node.errors import HanseError
from node.publishing import drafts
from node.publishing.preview import preview, submit
from node.publishing.publish import publish
from node.storage import statements as reading
from node.storage.database import Transaction
from node.storage.tables.base import METADATA
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import Subject
from tests.node.casework.office import MAILBOX, NOW, Office, head, observation

PRIVATE: Final = "zyxcanary"
"""Stands in every private text, each time with another ending."""
PUBLIC: Final = "zyxpublic"
"""Stands in the summary and the label, which are meant to leave."""


def clear_text(office: Office) -> bytes:
    """Every column of every row as it is stored, as bytes."""
    parts: list[bytes] = []
    with office.database.read() as tx:
        for table in METADATA.sorted_tables:
            for row in tx.connection.execute(sa.select(table)):
                parts += [
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row
                ]
    return b"\n".join(parts)


def cooperation(subject: Subject) -> EngagementData:
    """An engagement with the word wherever somebody writes."""
    return EngagementData(
        title=f"{PRIVATE}engagement",
        counterparts=(subject,),
        partner_unit=f"{PRIVATE}unit",
        our_unit=f"{PRIVATE}ours",
        kind=VocabularyCode("project"),
        amount=Money(minor=1, currency="EUR"),
        funder=f"{PRIVATE}funder",
        governing_law=f"{PRIVATE}law",
        purpose=f"{PRIVATE}purpose",
        benefit=f"{PRIVATE}benefit",
        reference=f"{PRIVATE}file",
    )


def answers() -> tuple[AnswerData, PlainData]:
    """An observation and an answer without one, with the word wherever somebody writes."""
    said = observation(
        observation=f"{PRIVATE}observation",
        sources=(f"https://a.example/{PRIVATE}source",),
        registers=(f"{PRIVATE}register 7",),
        records=(f"{PRIVATE}record 2026/1",),
    )
    plain = PlainData(
        question=VocabularyCode("q04"),
        kind=PlainKind.NOT_KNOWN,
        words=f"{PRIVATE}words",
        day=day_of(NOW),
        records=(f"{PRIVATE}other record 3",),
    )
    return said, plain


def shared(office: Office, tx: Transaction, case: tuple[AssessmentId, AnswerId]) -> tuple[Published, bytes]:
    """Drafted, returned, approved and published; with the bytes that the preview showed."""
    draft = draft_finding(
        tx,
        office.vault,
        office.vocabulary,
        office.officer,
        case,
        office.circle,
        Wording(f"{PUBLIC} summary.", contact=MAILBOX),
        NOW,
    )
    assert isinstance(draft.content, FindingContent)
    assert PRIVATE in draft.content.held_back.narrative
    made = preview(tx, office.vault, office.officer, draft.id, NOW)
    submit(tx, office.vault, office.vocabulary, office.officer, draft.id, made.digest, NOW)
    drafts.send_back(tx, office.vault, office.approver, draft.id, f"{PRIVATE}note", NOW)
    made = preview(tx, office.vault, office.officer, draft.id, NOW)
    submit(tx, office.vault, office.vocabulary, office.officer, draft.id, made.digest, NOW)
    published = publish(
        tx, office.vault, office.keyring, office.vocabulary, office.approver, draft.id, made.digest, NOW
    )
    return published, made.payload


def walk(office: Office) -> list[bytes]:
    """Everything an office does, with the word in every private field; what left, as signed."""
    database, vault, vocabulary = office.database, office.vault, office.vocabulary
    subject = Subject(id=SubjectId("circle:AAAAAAAAAAAAAAAAAAAAAA"), label=f"{PUBLIC} Institute")
    with database.write() as tx:
        case = create_engagement(tx, vault, vocabulary, office.officer, cooperation(subject), NOW).id
    data = head(
        engagement=case,
        title=f"{PRIVATE}title",
        subject=subject,
        unit=f"{PRIVATE}unit",
        purpose=f"{PRIVATE}purpose",
        benefit=f"{PRIVATE}benefit",
        reference=f"{PRIVATE}reference",
    )
    said, plain = answers()
    assessment, answer = office.assess(data, said)
    with database.write() as tx:
        account, _ = create_account(
            tx, vault, login="dd", display_name=f"{PRIVATE}name", roles=frozenset({Role.OFFICER}), now=NOW
        )
        principal = Principal(
            account.id, "dd", "", account.roles, permissions_of(account.roles), session=None, csrf_token=None
        )
        scope = frozenset({Permission.POOL_READ})
        issue_token(tx, vault, principal, name=f"{PRIVATE}token", permissions=scope, days=1, now=NOW)
        edit = Edit(office.officer, assessment.version, NOW)
        change_answer(tx, vault, vocabulary, assessment.id, answer.id, said, edit)
        edit = Edit(office.officer, assessment.version + 1, NOW)
        answer_plainly(tx, vault, vocabulary, assessment.id, plain, edit)
        csv = (
            "reference,title,subject,engagement_kind,purpose\n"
            f"{PRIVATE}row,{PRIVATE}title,,project,{PRIVATE}\n,{PRIVATE},{PRIVATE},project,\n,,,{PRIVATE},\n"
        )
        report = import_rows(tx, vault, vocabulary, office.officer, csv.encode(), lambda _: None, NOW)
        assert PRIVATE not in repr(report)
        published, payload = shared(office, tx, (assessment.id, answer.id))
    with database.read() as tx:
        stored = reading.get(tx, published.contributor, published.statement, now=NOW)
    assert stored is not None
    return [stored.jws, payload]


def test_no_private_word_is_stored_in_clear_leaves_or_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        left = walk(office)
    stored = clear_text(office)
    assert PUBLIC.encode() in left[1]
    assert PRIVATE.encode() not in left[0] + left[1]
    assert PRIVATE.encode() not in stored
    output = capsys.readouterr()
    assert PRIVATE not in caplog.text + output.out + output.err


def test_the_word_can_be_read_with_the_key(office: Office) -> None:
    walk(office)
    with office.database.read() as tx:
        rows = tx.connection.execute(sa.text("SELECT id FROM assessments")).all()
        opened = [get_assessment(tx, office.vault, row.id).data.title for row in rows]
    assert opened == [f"{PRIVATE}title"] * 2


def test_no_error_quotes_a_private_text(office: Office) -> None:
    assessment, _ = office.assess()
    long = PRIVATE * 2_000
    heads = (head(title=long), head(unit=f"{PRIVATE}\x07"), head(engagement_kind=VocabularyCode(PRIVATE)))
    for case in heads:
        with pytest.raises(HanseError) as error:
            office.assess(case)
        assert PRIVATE not in str(error.value)
    answers = (
        observation(observation=long),
        observation(sources=(long,)),
        observation(indicator=VocabularyCode(PRIVATE)),
        observation(evidence_kinds=(VocabularyCode(PRIVATE),)),
    )
    edit = Edit(office.officer, assessment.version, NOW)
    for said in answers:
        with office.database.write() as tx, pytest.raises(HanseError) as error:
            add_answer(tx, office.vault, office.vocabulary, assessment.id, said, edit)
        assert PRIVATE not in str(error.value)
    assert PRIVATE not in repr(head(title=PRIVATE, unit=PRIVATE)) + repr(observation(observation=PRIVATE))
