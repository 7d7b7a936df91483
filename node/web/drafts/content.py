"""Between the form of a draft and what it says. The subject, the indicator and the sources are not typed here."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import msgspec

from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    Draft,
    DraftContent,
    FindingContent,
    HeldBack,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
)
from node.web.forms import FormView, sentence
from protocol.errors import ProtocolError
from protocol.identifiers import VocabularyCode
from protocol.statements import FindingBody, Grade, Period, RelationBody, ReplyBody, ResponseBody
from protocol.vocabulary import WHOLE, Vocabulary

_T = TypeVar("_T")


def filled(draft: Draft) -> FormView:
    """The form of a draft as it stands."""
    form = filled_from(draft.content, draft.expires)
    return FormView({**form.values, "version": (str(draft.version),)})


def filled_from(content: DraftContent, expires: date) -> FormView:
    """The form of what is not a draft yet."""
    values: dict[str, str | tuple[str, ...]] = {"expires": expires.isoformat()}
    match content:
        case FindingContent(body=body, held_back=held_back):
            values |= _observation(body) | _finding(body) | _held_back(held_back)
        case CorrectionContent(body=body, held_back=held_back, reason=reason):
            values |= _observation(body) | _finding(body) | _held_back(held_back) | {"reason": reason}
        case RelationContent(body=relation, held_back=held_back):
            values |= _observation(relation) | _held_back(held_back) | {"relation": relation.relation}
        case ResponseContent(body=response, held_back=held_back):
            values |= _observation(response) | _held_back(held_back) | {"stance": response.stance}
        case RetractionContent(reason=reason):
            values |= {"reason": reason}
        case SponsorAskContent(body=body, held_back=held_back):
            values |= _observation(body) | _finding(body) | _held_back(held_back)
        case ReplyContent(body=reply, note=note):
            values |= _reply(reply) | {"note": note}
        case AttributionContent() | TokenContent() | SponsoredContent():
            pass
    return FormView.of(**values)


def read(form: FormView, content: DraftContent, vocabulary: Vocabulary) -> tuple[DraftContent, date] | FormView:
    """What the form says in place of ``content``, and until when; or the form with what is wrong at each field."""
    reader = _Reader(form, vocabulary)
    expires = reader.day("expires", "Give the day on which it ends.")
    try:
        changed = _content(reader, content)
    except ProtocolError as error:
        return form.wrong({**reader.wrong, "": sentence(error.detail) + "."})
    if reader.wrong or expires is None:
        return form.wrong(reader.wrong)
    return changed, expires


class _Reader:
    """Reads fields and collects what is wrong with them; a wrong field reads as what was there before."""

    def __init__(self, form: FormView, vocabulary: Vocabulary) -> None:
        self.form = form
        self.vocabulary = vocabulary
        self.wrong: dict[str, str] = {}

    def day(self, name: str, words: str) -> date | None:
        try:
            return date.fromisoformat(self.form.text(name))
        except ValueError:
            self.wrong[name] = words
            return None

    def choice(self, name: str, known: Iterable[_T], words: str, before: _T) -> _T:
        text = self.form.one(name)
        found = next((value for value in known if str(value) == text), None)
        if found is None:
            self.wrong[name] = words
            return before
        return found

    def codes(self, name: str) -> tuple[VocabularyCode, ...]:
        return tuple(sorted(VocabularyCode(code) for code in self.form.many(name)))

    def period(self, before: Period) -> Period:
        start = self.day("observed_from", "Give the first day observed.")
        end = self.day("observed_until", "Give the last day observed.")
        if start is None or end is None:
            return before
        if end < start:
            self.wrong["observed_until"] = "The last day lies before the first."
            return before
        return Period(start=start, end=end)

    def grade(self, before: Grade) -> Grade:
        reliabilities, credibilities = self.vocabulary.reliabilities, self.vocabulary.credibilities
        return Grade(
            reliability=self.choice("reliability", reliabilities, "Grade the source.", before.reliability),
            credibility=self.choice("credibility", credibilities, "Grade the information.", before.credibility),
        )

    def held_back(self) -> HeldBack:
        return HeldBack(
            narrative=self.form.one("narrative").strip(),
            evidence=tuple(line.strip() for line in self.form.one("evidence").splitlines() if line.strip()),
            engagement=self.form.text("engagement"),
            contact=self.form.text("contact"),
        )


def _content(reader: _Reader, content: DraftContent) -> DraftContent:
    vocabulary = reader.vocabulary
    changed: DraftContent
    match content:
        case FindingContent(body=body):
            changed = FindingContent(body=_finding_body(reader, body), held_back=reader.held_back())
        case CorrectionContent(body=body):
            changed = CorrectionContent(
                target=content.target,
                reason=reader.choice("reason", vocabulary.correction_reasons, "Choose a reason.", content.reason),
                body=_finding_body(reader, body),
                held_back=reader.held_back(),
            )
        case RelationContent(body=body):
            changed = RelationContent(body=_relation_body(reader, body), held_back=reader.held_back())
        case ResponseContent(body=body):
            changed = ResponseContent(body=_response_body(reader, body), held_back=reader.held_back())
        case RetractionContent():
            reason = reader.choice("reason", vocabulary.retraction_reasons, "Choose a reason.", content.reason)
            changed = RetractionContent(target=content.target, reason=reason)
        case SponsorAskContent(body=body):
            asked = _finding_body(reader, body)
            changed = SponsorAskContent(sponsor=content.sponsor, body=asked, held_back=reader.held_back())
        case ReplyContent(body=body):
            changed = ReplyContent(body=_reply_body(reader, body), note=reader.form.text("note"))
        case AttributionContent() | TokenContent() | SponsoredContent():
            changed = content
    return changed


def _finding_body(reader: _Reader, body: FindingBody) -> FindingBody:
    vocabulary = reader.vocabulary
    scopes = (WHOLE, *vocabulary.technology_domains)
    return FindingBody(
        subject=body.subject,
        indicator=body.indicator,
        scope=reader.choice("scope", scopes, "Choose what it is limited to.", body.scope),
        observed=reader.period(body.observed),
        strength=reader.choice("strength", vocabulary.strengths, "Say how much.", body.strength),
        grade=reader.grade(body.grade),
        evidence_kinds=reader.codes("evidence_kinds"),
        sources=body.sources,
        technology_domains=reader.codes("technology_domains"),
        engagement_kind=reader.choice(
            "engagement_kind",
            vocabulary.engagement_kinds,
            "Choose the kind of cooperation.",
            body.engagement_kind,
        ),
        mitigations=reader.codes("mitigations"),
        summary=reader.form.text("summary"),
        handling=reader.choice("handling", vocabulary.handlings, "Choose how it is handled.", body.handling),
    )


def _relation_body(reader: _Reader, body: RelationBody) -> RelationBody:
    vocabulary = reader.vocabulary
    return RelationBody(
        subject=body.subject,
        relation=reader.choice("relation", vocabulary.relations, "Choose the tie.", body.relation),
        object=body.object,
        observed=reader.period(body.observed),
        grade=reader.grade(body.grade),
        evidence_kinds=reader.codes("evidence_kinds"),
        sources=body.sources,
        summary=reader.form.text("summary"),
        handling=reader.choice("handling", vocabulary.handlings, "Choose a marking.", body.handling),
    )


def _response_body(reader: _Reader, body: ResponseBody) -> ResponseBody:
    vocabulary = reader.vocabulary
    return ResponseBody(
        target=body.target,
        stance=reader.choice("stance", vocabulary.stances, "Choose what your evidence shows.", body.stance),
        observed=reader.period(body.observed),
        grade=reader.grade(body.grade),
        evidence_kinds=reader.codes("evidence_kinds"),
        sources=body.sources,
        summary=reader.form.text("summary"),
        handling=reader.choice("handling", vocabulary.handlings, "Choose a marking.", body.handling),
    )


def _reply_body(reader: _Reader, body: ReplyBody) -> ReplyBody:
    vocabulary = reader.vocabulary
    return msgspec.structs.replace(
        body,
        text=reader.form.text("text"),
        replied=reader.day("replied", "Give the day of the letter.") or body.replied,
        verified=reader.choice(
            "verified", vocabulary.reply_verifications, "Choose how it was verified.", body.verified
        ),
        handling=reader.choice("handling", vocabulary.handlings, "Choose a marking.", body.handling),
    )


def _reply(body: ReplyBody) -> dict[str, str | tuple[str, ...]]:
    return {
        "text": body.text,
        "replied": body.replied.isoformat(),
        "verified": body.verified,
        "handling": body.handling,
    }


def _observation(body: FindingBody | RelationBody | ResponseBody) -> dict[str, str | tuple[str, ...]]:
    return {
        "observed_from": body.observed.start.isoformat(),
        "observed_until": body.observed.end.isoformat(),
        "reliability": body.grade.reliability,
        "credibility": str(body.grade.credibility),
        "evidence_kinds": tuple(body.evidence_kinds),
        "summary": body.summary,
        "handling": body.handling,
    }


def _finding(body: FindingBody) -> dict[str, str | tuple[str, ...]]:
    return {
        "scope": body.scope,
        "strength": str(body.strength),
        "technology_domains": tuple(body.technology_domains),
        "engagement_kind": body.engagement_kind,
        "mitigations": tuple(body.mitigations),
    }


def _held_back(held_back: HeldBack) -> dict[str, str | tuple[str, ...]]:
    return {
        "narrative": held_back.narrative,
        "evidence": "\n".join(held_back.evidence),
        "engagement": held_back.engagement,
        "contact": held_back.contact,
    }
