"""From an answer to a signed entry: four eyes, exact bytes, one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from node import circles
from node.casework.drafts import Wording, draft_finding
from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.publishing import (
    CorrectionContent,
    Draft,
    DraftState,
    FindingContent,
    Override,
    Preview,
    Published,
    RetractionContent,
)
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.publishing import drafts, publish
from node.publishing.preview import current_preview, gate_hits, preview, submit
from node.storage import statements as reading
from protocol import envelope, sd_jwt
from protocol.identifiers import VocabularyCode
from protocol.statements import DAY_SECONDS, Correction, Finding, FindingBody, Timestamp
from tests.node.casework.office import MAILBOX, NOW, Office
from tests.node.statements import new_id

SUMMARY = "Two public registers name different owners, and the answer given to us named a third."


@dataclass(frozen=True, slots=True)
class Desk:
    """The steps of one draft, each in a transaction of its own."""

    office: Office

    def draft(self, summary: str = SUMMARY, contact: str = MAILBOX) -> Draft:
        office = self.office
        assessment, answer = office.assess()
        with office.database.write() as tx:
            case, wording = (assessment.id, answer.id), Wording(summary, contact=contact)
            return draft_finding(tx, office.vault, office.vocabulary, office.officer, case, office.circle, wording, NOW)

    def preview(self, draft: Draft, actor: AccountId | None = None, now: Timestamp = NOW) -> Preview:
        with self.office.database.write() as tx:
            return preview(tx, self.office.vault, actor or self.office.officer, draft.id, now)

    def submit(self, draft: Draft, digest: str, now: Timestamp = NOW) -> Draft:
        office = self.office
        with office.database.write() as tx:
            return submit(tx, office.vault, office.vocabulary, office.officer, draft.id, digest, now)

    def publish(self, draft: Draft, digest: str, approver: AccountId | None = None, now: Timestamp = NOW) -> Published:
        office = self.office
        with office.database.write() as tx:
            return publish.publish(
                tx,
                office.vault,
                office.keyring,
                office.vocabulary,
                approver or office.approver,
                draft.id,
                digest,
                now,
            )

    def get(self, draft: Draft) -> Draft:
        with self.office.database.read() as tx:
            return drafts.get_draft(tx, self.office.vault, draft.id)

    def leave(self, draft: Draft) -> Published:
        made = self.preview(draft)
        self.submit(draft, made.digest)
        return self.publish(draft, made.digest)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def refused(error: pytest.ExceptionInfo[HanseError]) -> Code:
    return error.value.code


def test_what_was_previewed_is_what_leaves_byte_for_byte(desk: Desk) -> None:
    draft = desk.draft()
    made = desk.preview(draft)
    desk.submit(draft, made.digest)
    published = desk.publish(draft, made.digest)
    with desk.office.database.read() as tx:
        stored = reading.get(tx, published.contributor, published.statement, now=NOW)
        kept = publish.disclosures(tx, desk.office.vault, published.contributor, published.statement)
    assert stored is not None
    assert envelope.parse(stored.jws).payload == made.payload
    assert isinstance(stored.statement, Finding)
    assert stored.statement.id == made.statement == published.statement
    held_back = sd_jwt.verify(stored.statement.sd, kept)
    assert held_back["contact"] == MAILBOX
    assert held_back["narrative"] == "Two registers name different owners."
    assert desk.get(draft).state is DraftState.PUBLISHED
    assert desk.get(draft).statement == published.statement


def test_the_preview_names_recipients_end_and_what_is_held_back(desk: Desk) -> None:
    made = desk.preview(desk.draft())
    assert set(made.recipients) == {"Northport University", "Université du Val d'Esk"}
    assert made.until > day_of(NOW)
    assert made.held_back == ("contact", "engagement", "evidence", "narrative")
    assert made.payload.decode().count(SUMMARY) == 1


def test_prefill_takes_over_everything_but_the_summary(desk: Desk) -> None:
    draft = desk.draft()
    assert isinstance(draft.content, FindingContent)
    body = draft.content.body
    assert body.summary == SUMMARY
    assert body.handling == "TLP:AMBER+STRICT"
    assert body.technology_domains == ("energy", "quantum")
    assert len(body.sources) == 1
    # gov-opaque-control halves in 24 months: two half-lives.
    assert draft.expires == day_of(NOW) + timedelta(days=2 * 24 * 30)


def test_nobody_approves_their_own_draft(desk: Desk) -> None:
    draft = desk.draft()
    made = desk.preview(draft)
    desk.submit(draft, made.digest)
    with pytest.raises(HanseError) as error:
        desk.publish(draft, made.digest, approver=desk.office.officer)
    assert refused(error) is Code.FOUR_EYES
    assert desk.get(draft).state is DraftState.SUBMITTED


def test_another_digest_than_the_previewed_one_is_a_conflict(desk: Desk) -> None:
    draft = desk.draft()
    first = desk.preview(draft)
    desk.submit(draft, first.digest)
    second = desk.preview(draft, actor=desk.office.approver)
    assert second.digest != first.digest
    with pytest.raises(HanseError) as error:
        desk.publish(draft, first.digest)
    assert refused(error) is Code.CONFLICT
    desk.publish(draft, second.digest)


def test_an_edit_takes_the_preview_away(desk: Desk) -> None:
    draft = desk.draft()
    made = desk.preview(draft)
    office = desk.office
    assert isinstance(draft.content, FindingContent)
    body = msgspec.structs.replace(draft.content.body, summary="Something else was observed.")
    content = msgspec.structs.replace(draft.content, body=body)
    with office.database.write() as tx:
        drafts.edit_draft(
            tx, office.vault, office.officer, draft.id, content, expires=draft.expires, version=1, now=NOW
        )
    assert current_preview(desk.get(draft), NOW) is None
    with pytest.raises(HanseError) as error:
        desk.submit(draft, made.digest)
    assert refused(error) is Code.CONFLICT


def test_a_submitted_draft_cannot_be_edited(desk: Desk) -> None:
    draft = desk.draft()
    desk.submit(draft, desk.preview(draft).digest)
    with desk.office.database.write() as tx, pytest.raises(HanseError) as error:
        drafts.edit_draft(
            tx,
            desk.office.vault,
            desk.office.officer,
            draft.id,
            draft.content,
            expires=draft.expires,
            version=1,
            now=NOW,
        )
    assert refused(error) is Code.CONFLICT


def test_on_another_day_a_new_preview_is_needed_and_the_approver_can_make_it(desk: Desk) -> None:
    draft = desk.draft()
    made = desk.preview(draft)
    desk.submit(draft, made.digest)
    tomorrow = Timestamp(NOW + DAY_SECONDS)
    with pytest.raises(HanseError) as error:
        desk.publish(draft, made.digest, now=tomorrow)
    assert refused(error) is Code.CONFLICT
    fresh = desk.preview(draft, actor=desk.office.approver, now=tomorrow)
    assert fresh.statement != made.statement
    assert desk.publish(draft, fresh.digest, now=tomorrow).statement == fresh.statement


def test_a_draft_that_is_not_submitted_is_its_authors_alone(desk: Desk) -> None:
    draft = desk.draft()
    with pytest.raises(HanseError) as error:
        desk.preview(draft, actor=desk.office.colleague)
    assert refused(error) is Code.FORBIDDEN
    with desk.office.database.write() as tx, pytest.raises(HanseError) as error:
        drafts.withdraw(tx, desk.office.vault, desk.office.colleague, draft.id, NOW)
    assert refused(error) is Code.FORBIDDEN


def test_what_was_sent_back_can_be_changed_and_submitted_again(desk: Desk) -> None:
    office, draft = desk.office, desk.draft()
    desk.submit(draft, desk.preview(draft).digest)
    with office.database.write() as tx:
        back = drafts.send_back(tx, office.vault, office.approver, draft.id, "Say which registers.", NOW)
    assert (back.state, back.note) == (DraftState.SENT_BACK, "Say which registers.")
    assert desk.leave(desk.get(draft)).index == 0
    with office.database.read() as tx:
        actions = [event.action for event in drafts.history(tx, office.vault, draft.id)]
    assert actions == ["create", "preview", "submit", "send-back", "preview", "submit", "approve", "publish"]


def test_nothing_leads_out_of_published_or_withdrawn(desk: Desk) -> None:
    office = desk.office
    gone, given_up = desk.draft(), desk.draft()
    desk.leave(gone)
    with office.database.write() as tx:
        drafts.withdraw(tx, office.vault, office.officer, given_up.id, NOW)
    for draft in (gone, given_up):
        with pytest.raises(HanseError) as error:
            desk.preview(draft)
        assert refused(error) is Code.CONFLICT
        with pytest.raises(HanseError) as error:
            desk.publish(draft, "x")
        assert refused(error) is Code.CONFLICT


def test_a_failure_after_the_append_leaves_nothing_behind(desk: Desk) -> None:
    office, draft = desk.office, desk.draft()
    made = desk.preview(draft)
    desk.submit(draft, made.digest)

    def fail_at_the_end() -> None:
        with office.database.write() as tx:
            publish.publish(
                tx, office.vault, office.keyring, office.vocabulary, office.approver, draft.id, made.digest, NOW
            )
            raise HanseError(Code.INVALID, "the edge fails after all")

    with pytest.raises(HanseError):
        fail_at_the_end()
    assert desk.get(draft).state is DraftState.SUBMITTED
    with office.database.read() as tx:
        assert publish.shared(tx, NOW) == []
        assert reading.count(tx) == 0
    assert desk.publish(draft, made.digest).index == 0


def test_the_gate_stops_submission_and_an_override_with_a_reason_lets_it_pass(desk: Desk) -> None:
    office = desk.office
    draft = desk.draft(summary="The Prof. Quintus Foundation pays for the laboratory.")
    made = desk.preview(draft)
    with pytest.raises(HanseError) as error:
        desk.submit(draft, made.digest)
    assert refused(error) is Code.PRIVACY_GATE
    assert "Quintus" not in str(error.value)
    with office.database.read() as tx:
        (hit,) = gate_hits(tx, office.vault, office.vocabulary, draft)
    assert (hit.rule, hit.field, hit.overridable) == ("titled-name", "summary", True)
    override = Override(
        rule=hit.rule,
        field=hit.field,
        matched=hit.matched,
        reason="A foundation named after a person long dead.",
        account=office.officer,
    )
    with office.database.write() as tx:
        drafts.add_override(tx, office.vault, draft.id, override, NOW)
    made = desk.preview(draft)
    desk.submit(draft, made.digest)
    assert desk.publish(draft, made.digest).index == 0


def test_a_hit_that_cannot_be_wrong_cannot_be_overridden(desk: Desk) -> None:
    office = desk.office
    draft = desk.draft(summary="Ask ada@aldermoor.example for more.")
    override = Override(
        rule="email", field="summary", matched="ada@aldermoor.example", reason="Please.", account=office.officer
    )
    with office.database.write() as tx:
        drafts.add_override(tx, office.vault, draft.id, override, NOW)
    with pytest.raises(HanseError) as error:
        desk.submit(draft, desk.preview(draft).digest)
    assert refused(error) is Code.PRIVACY_GATE


def test_shared_shows_what_has_become_of_each_statement(desk: Desk) -> None:
    office = desk.office
    first, second = desk.leave(desk.draft()), desk.leave(desk.draft())
    with office.database.write() as tx:
        correction = publish.prefill_correction(
            tx, office.vault, office.circle, first.statement, VocabularyCode("wording"), NOW
        )
        assert correction.held_back.contact == MAILBOX
        body = msgspec.structs.replace(correction.body, summary="Three registers name different owners.")
        correcting = publish.draft_correction(
            tx,
            office.vault,
            office.officer,
            office.circle,
            msgspec.structs.replace(correction, body=body),
            expires=day_of(NOW) + timedelta(days=100),
            now=NOW,
        )
        retracting = publish.draft_retraction(
            tx,
            office.vault,
            office.officer,
            office.circle,
            RetractionContent(target=second.statement, reason=VocabularyCode("superseded")),
            NOW,
        )
    with pytest.raises(HanseError) as error:
        desk.publish(correcting, "x", approver=office.officer)
    assert refused(error) is Code.CONFLICT
    desk.leave(correcting)
    desk.leave(retracting)
    with office.database.read() as tx:
        views = {view.statement: view for view in publish.shared(tx, NOW)}
        corrected = reading.get(tx, first.contributor, first.statement, now=NOW)
    assert views[first.statement].state == "corrected"
    assert views[first.statement].summary == "Three registers name different owners."
    assert views[second.statement].state == "retracted"
    assert {view.kind for view in views.values()} == {"finding", "correction", "retraction"}
    assert corrected is not None
    assert isinstance(corrected.body, FindingBody)


def test_only_our_own_live_statements_can_be_corrected_or_retracted(desk: Desk) -> None:
    office, published = desk.office, desk.leave(desk.draft())
    unknown = RetractionContent(target=new_id(), reason=VocabularyCode("superseded"))
    with office.database.write() as tx, pytest.raises(HanseError) as error:
        publish.draft_retraction(tx, office.vault, office.officer, office.circle, unknown, NOW)
    assert refused(error) is Code.NOT_FOUND
    retraction = RetractionContent(target=published.statement, reason=VocabularyCode("superseded"))
    with office.database.write() as tx:
        desk_draft = publish.draft_retraction(tx, office.vault, office.officer, office.circle, retraction, NOW)
    gone = desk.leave(desk_draft)
    for target, code in ((published.statement, Code.CONFLICT), (gone.statement, Code.INVALID)):
        again = RetractionContent(target=target, reason=VocabularyCode("superseded"))
        with office.database.write() as tx, pytest.raises(HanseError) as error:
            publish.draft_retraction(tx, office.vault, office.officer, office.circle, again, NOW)
        assert refused(error) is code


def test_a_correction_carries_its_own_held_back_fields(desk: Desk) -> None:
    office, published = desk.office, desk.leave(desk.draft())
    with office.database.write() as tx:
        content = publish.prefill_correction(
            tx, office.vault, office.circle, published.statement, VocabularyCode("wording"), NOW
        )
        changed: CorrectionContent = msgspec.structs.replace(
            content, held_back=msgspec.structs.replace(content.held_back, narrative="Told anew.")
        )
        draft = publish.draft_correction(
            tx,
            office.vault,
            office.officer,
            office.circle,
            changed,
            expires=day_of(NOW) + timedelta(days=100),
            now=NOW,
        )
    corrected = desk.leave(draft)
    with office.database.read() as tx:
        stored = reading.get(tx, corrected.contributor, corrected.statement, now=NOW)
        kept = publish.disclosures(tx, office.vault, corrected.contributor, corrected.statement)
    assert stored is not None
    assert isinstance(stored.statement, Correction)
    assert sd_jwt.verify(stored.statement.sd, kept)["narrative"] == "Told anew."


def test_what_a_former_key_said_is_retracted_in_its_own_log(desk: Desk, tmp_path: Path) -> None:
    office, published = desk.office, desk.leave(desk.draft())
    settings = Settings("Aldermoor University", "https://aldermoor.example", tmp_path, "")
    with office.database.write() as tx:
        prepared = circles.prepare_rotate(tx, office.keyring, settings, office.circle, NOW)
        circles.confirm(tx, office.keyring, office.circle, prepared.payload, NOW)
        retraction = RetractionContent(target=published.statement, reason=VocabularyCode("superseded"))
        draft = publish.draft_retraction(tx, office.vault, office.officer, office.circle, retraction, NOW)
    gone, new = desk.leave(draft), desk.leave(desk.draft())
    assert gone.contributor == published.contributor != new.contributor
    with office.database.read() as tx:
        assert circles.roster(tx, office.circle).own == new.contributor
        views = {view.statement: view.state for view in publish.shared(tx, NOW)}
    assert views == {published.statement: "retracted", gone.statement: "live", new.statement: "live"}


def test_whoever_has_left_previews_nothing(desk: Desk) -> None:
    office, draft = desk.office, desk.draft()
    with office.database.write() as tx:
        prepared = circles.prepare_leave(tx, office.circle, NOW)
        circles.confirm(tx, office.keyring, office.circle, prepared.payload, NOW)
    with pytest.raises(HanseError) as error:
        desk.preview(draft)
    assert refused(error) is Code.NO_SUCH_MEMBER


def test_statement_ids_and_salts_are_never_used_twice(desk: Desk) -> None:
    draft = desk.draft()
    previews = [desk.preview(draft) for _ in range(5)]
    assert len({made.statement for made in previews}) == 5
    assert len({disclosure for made in previews for disclosure in made.disclosures}) == 20


@pytest.mark.parametrize("days", [0, -1, 3_654])
def test_a_draft_ends_after_today_and_within_the_charter(desk: Desk, days: int) -> None:
    office = desk.office
    content = desk.draft().content
    with office.database.write() as tx, pytest.raises(HanseError) as error:
        drafts.create_draft(
            tx,
            office.vault,
            office.officer,
            office.circle,
            content,
            expires=day_of(NOW) + timedelta(days=days),
            now=NOW,
        )
    assert refused(error) is Code.INVALID


def test_a_body_that_the_wire_cannot_carry_is_refused_when_it_is_drafted(desk: Desk) -> None:
    office = desk.office
    content = desk.draft().content
    assert isinstance(content, FindingContent)
    for summary in ("x" * 601, "bell\x07"):
        body = msgspec.structs.replace(content.body, summary=summary)
        with office.database.write() as tx, pytest.raises(HanseError) as error:
            drafts.create_draft(
                tx,
                office.vault,
                office.officer,
                office.circle,
                msgspec.structs.replace(content, body=body),
                expires=day_of(NOW) + timedelta(days=10),
                now=NOW,
            )
        assert refused(error) is Code.INVALID
        assert summary not in str(error.value)
