"""What the gate learns from a case: every place in which an officer may have written down a name. All are invented."""

from datetime import date

from node.clock import day_of
from node.domain.casework import Answer, Assessment
from node.domain.decisions import (
    CaseKind,
    CaseRef,
    Decision,
    DecisionData,
    DecisionId,
    PartnerQuestion,
    PartnerQuestionId,
    QuestionData,
    Review,
    ReviewData,
    ReviewKind,
)
from node.domain.engagements import Engagement, EngagementData, EngagementId, EngagementStatus
from node.domain.evidence import ContentName, EvidenceFile, EvidenceId, FileKind
from node.domain.identifiers import new_id
from node.domain.publishing import CorrectionContent, Draft, FindingContent, HeldBack, Published, ReplyContent
from node.publishing.drafts import create_draft, default_expiry
from node.publishing.preview import gate_hits
from node.storage import circles, decisions, engagements, evidence, publishing
from node.storage.database import Transaction
from protocol.identifiers import KeyId, StatementId, VocabularyCode
from protocol.statements import ReplyBody, Target
from tests.node import statements as make
from tests.node.casework.office import NOW, PARTNER, Office, head, observation

NAMES = {
    "Engagement title": "Orla Windlass",
    "The partner's unit": "Perrin Capstan",
    "Question": "Ines Bollard",
    "Answer of the partner": "Tove Fairlead",
    "Decision": "Hugo Binnacle",
    "Review": "Mara Gunwale",
    "File of an answer": "Elin Halyard",
    "File of the partner": "Noor Mainsail",
    "Observation": "Ugo Topsail",
}


def _file(tx: Transaction, office: Office, name: str) -> EvidenceId:
    file = EvidenceFile(
        id=EvidenceId(new_id()),
        content=ContentName("A" * 43),
        kind=FileKind.PDF,
        size=9,
        name=name,
        account=office.officer,
        created=NOW,
    )
    evidence.add(tx, office.vault, file)
    return file.id


def _engagement(tx: Transaction, office: Office) -> EngagementId:
    made = Engagement(
        id=EngagementId(new_id()),
        version=1,
        owner=office.officer,
        status=EngagementStatus.RUNNING,
        created=NOW,
        updated=NOW,
        data=EngagementData(
            title="Agreement with Dr Orla Windlass",
            counterparts=(PARTNER,),
            partner_unit="Group of Prof. Perrin Capstan",
            kind=VocabularyCode("joint-laboratory"),
        ),
    )
    engagements.add(tx, office.vault, made)
    return made.id


def _later(tx: Transaction, office: Office, ref: CaseRef) -> None:
    decisions.open_file(tx, ref, office.officer)
    case = decisions.find(tx, office.vault, ref)
    assert case is not None
    asked = QuestionData(
        question="Dear Ines Bollard, who owns it?",
        answer="Nobody does. Regards, Tove Fairlead",
        evidence=(_file(tx, office, "Mainsail_Noor_reply.pdf"),),
    )
    question = PartnerQuestion(id=PartnerQuestionId(new_id()), data=asked)
    decisions.put_question(tx, office.vault, case.id, question, position=0)
    data = DecisionData(
        outcome=VocabularyCode("pause"), office="Rectorate", decided=date(2026, 9, 1), reasons="Mr Hugo Binnacle asked."
    )
    decision = Decision(id=DecisionId(new_id()), number=1, recorded=NOW, account=office.officer, data=data)
    decisions.add_decision(tx, office.vault, case.id, decision, b"[]")
    looked = ReviewData(kind=ReviewKind.STILL_RIGHT, reason="As contact: Mara Gunwale said.", next=None)
    decisions.add_review(tx, office.vault, case.id, Review(number=1, at=NOW, account=office.officer, data=looked))


def _case(office: Office) -> tuple[Assessment, Answer]:
    with office.database.write() as tx:
        engagement = _engagement(tx, office)
        file = _file(tx, office, "CV Elin Halyard 2025.pdf")
    case, answer = office.assess(
        head(engagement=engagement),
        observation(observation="Asked ugo.topsail@partner.example again.", files=(file,)),
    )
    with office.database.write() as tx:
        _later(tx, office, CaseRef(CaseKind.ENGAGEMENT, engagement))
    return case, answer


def _draft(office: Office, case: tuple[str, str] | None, content: FindingContent | CorrectionContent) -> Draft:
    with office.database.write() as tx:
        expires = default_expiry(circles.get_roster(tx, office.circle), None, NOW)
        return create_draft(
            tx, office.vault, office.officer, office.circle, content, expires=expires, case=case, now=NOW
        )


def _names_hit(office: Office, draft: Draft) -> set[str]:
    with office.database.read() as tx:
        hits = gate_hits(tx, office.vault, office.vocabulary, draft)
    assert all(hit.explanation for hit in hits)
    return {hit.matched for hit in hits if hit.rule == "known-name"}


def test_a_name_written_anywhere_in_the_case_does_not_leave(office: Office) -> None:
    case, answer = _case(office)
    summary = "; ".join(NAMES.values())
    content = FindingContent(body=make.finding_body(summary=summary), held_back=HeldBack())
    finding = _draft(office, (case.id, answer.id), content)
    assert _names_hit(office, finding) == set(NAMES.values())
    # Its correction is held to the same case, though its author writes no word about it.
    target = StatementId(new_id())
    with office.database.write() as tx:
        publishing.add_publication(
            tx, office.vault, Published(finding.id, office.circle, KeyId("A" * 43), target, 0), (), NOW
        )
    correction = CorrectionContent(
        target=target, reason=VocabularyCode("wording"), body=content.body, held_back=HeldBack()
    )
    assert _names_hit(office, _draft(office, None, correction)) == set(NAMES.values())


def test_a_draft_of_no_case_knows_none_of_them(office: Office) -> None:
    _case(office)
    content = FindingContent(body=make.finding_body(summary="; ".join(NAMES.values())), held_back=HeldBack())
    assert _names_hit(office, _draft(office, None, content)) == set()


def test_the_partner_itself_may_be_named(office: Office) -> None:
    case, answer = office.assess(answer=observation(observation="Contact: Invented Studies."))
    summary = f"{PARTNER.label} answered."
    content = FindingContent(body=make.finding_body(summary=summary), held_back=HeldBack())
    assert _names_hit(office, _draft(office, (case.id, answer.id), content)) == set()


def test_who_was_called_about_a_reply_is_not_named_in_it(office: Office) -> None:
    body = ReplyBody(
        subject=PARTNER,
        targets=(Target(contributor=KeyId("A" * 43), id=StatementId("A" * 22)),),
        text="Nothing of it is so, says Jory Keelson.",
        replied=day_of(NOW),
        verified=VocabularyCode("official-letter"),
        handling="TLP:AMBER",
    )
    content = ReplyContent(body=body, note="Called the registrar, Mr Jory Keelson.")
    with office.database.write() as tx:
        expires = default_expiry(circles.get_roster(tx, office.circle), None, NOW)
        draft = create_draft(tx, office.vault, office.officer, office.circle, content, expires=expires, now=NOW)
    assert _names_hit(office, draft) == {"Jory Keelson"}
