"""Lists of drafts: what waits for an approver, what is mine, what has left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.accounts.manage import display_names
from node.circles import list_circles
from node.domain.accounts import Permission
from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    Draft,
    DraftState,
    FindingContent,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
)
from node.publishing.assemble import sponsored_finding
from node.publishing.drafts import list_drafts
from node.storage.database import Transaction
from node.web.formats import counted, day
from node.web.forms import sentence
from node.web.needs import MAX_ITEMS, Item, Need
from node.web.visits import Requires, Visit
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
MAX_LISTED: Final = 100
_Visit = Annotated[Visit, Depends(Requires(Permission.DRAFTS_READ))]
STATE_WORDS: Final[dict[DraftState, str]] = {
    DraftState.DRAFT: "being written",
    DraftState.SUBMITTED: "waits for a second person",
    DraftState.APPROVED: "approved",
    DraftState.PUBLISHED: "published",
    DraftState.SENT_BACK: "sent back",
    DraftState.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class DraftItem:
    """One draft, as a list shows it."""

    id: str
    title: str = field(repr=False)
    about: str = field(repr=False)
    state: str
    circle: str
    author: str = field(repr=False)
    updated: Timestamp

    @property
    def path(self) -> str:
        """Where it is looked at."""
        return f"/drafts/{self.id}"


@ROUTER.get("/drafts")
def show_drafts(visit: _Visit) -> Response:
    """What waits first, then what is in hand, then what has left."""
    visit.record("drafts-listed")
    runtime = visit.runtime
    me = visit.principal.account
    with visit.read() as tx:
        found = list_drafts(tx, runtime.vault, limit=MAX_LISTED)
        submitted = list_drafts(tx, runtime.vault, states={DraftState.SUBMITTED}, limit=MAX_LISTED)
        items = _items(visit, tx, [*submitted, *found])
    writing = {DraftState.DRAFT, DraftState.SENT_BACK}
    return visit.render(
        "drafts.html",
        lists=(
            (
                "Waiting for a second person",
                "Nobody approves a draft of their own.",
                [(items[draft.id], draft.author == me) for draft in submitted],
            ),
            (
                "Being written",
                "Nothing of these has left.",
                [(items[draft.id], draft.author == me) for draft in found if draft.state in writing],
            ),
            (
                "Done",
                "Published or withdrawn, latest first.",
                [
                    (items[draft.id], draft.author == me)
                    for draft in found
                    if draft.state in {DraftState.PUBLISHED, DraftState.WITHDRAWN}
                ],
            ),
        ),
        may_approve=visit.may(Permission.DRAFTS_APPROVE),
    )


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """What waits for the person who asks: drafts to approve, own ones that came back, own ones not yet sent on."""
    vault, me = visit.runtime.vault, visit.principal.account
    groups: list[tuple[str, str, list[Draft]]] = []
    if visit.may(Permission.DRAFTS_APPROVE):
        submitted = list_drafts(tx, vault, states={DraftState.SUBMITTED}, limit=MAX_LISTED)
        others = [draft for draft in submitted if draft.author != me]
        # Who has waited longest comes first.
        groups.append(("waits for your approval", "wait for your approval", others[::-1]))
    if visit.may(Permission.DRAFTS_WRITE):
        mine = list_drafts(tx, vault, author=me, states={DraftState.SENT_BACK, DraftState.DRAFT}, limit=MAX_LISTED)
        back = [draft for draft in mine if draft.state is DraftState.SENT_BACK]
        writing = [draft for draft in mine if draft.state is DraftState.DRAFT]
        groups.append(("came back to you", "came back to you", back))
        groups.append(("of yours is being written", "of yours are being written", writing))
    shown = _items(visit, tx, [draft for *_, found in groups for draft in found[:MAX_ITEMS]])
    return [
        Need(
            words=f"{sentence(counted(len(found), 'draft'))} {one if len(found) == 1 else several}",
            path="/drafts",
            count=len(found),
            items=tuple(_line(shown[draft.id]) for draft in found[:MAX_ITEMS]),
        )
        for one, several, found in groups
        if found
    ]


def _line(item: DraftItem) -> Item:
    return Item(item.title, item.path, f"{item.about} \u00b7 {item.circle} \u00b7 {day(item.updated)}")


def title_of(draft: Draft, vocabulary: Vocabulary) -> tuple[str, str]:
    """What a draft says in a line, and about whom."""
    words: tuple[str, str]
    match draft.content:
        case FindingContent(body=body):
            words = vocabulary.indicators[body.indicator].label, body.subject.label
        case RelationContent(body=relation):
            label = vocabulary.relations[relation.relation].label
            words = f"{relation.subject.label} {label} {relation.object.label}", relation.subject.label
        case ResponseContent(body=response):
            words = f"A response: {vocabulary.stances[response.stance].label.lower()}", "a statement of another member"
        case CorrectionContent(body=body):
            words = f"Correction: {vocabulary.indicators[body.indicator].label}", body.subject.label
        case RetractionContent() | AttributionContent() | TokenContent() as content:
            words = _about_ours(content, vocabulary), "a statement of ours"
        case ReplyContent(body=reply):
            words = f"Reply of {reply.subject.label}", reply.subject.label
        case SponsorAskContent(body=body):
            words = f"To be sponsored: {vocabulary.indicators[body.indicator].label}", body.subject.label
        case SponsoredContent() as sponsored:
            inner = sponsored_finding(sponsored)
            known = vocabulary.indicators.get(inner.indicator)
            words = f"Sponsored: {known.label if known else inner.indicator}", inner.subject.label
    return words


def _about_ours(content: RetractionContent | AttributionContent | TokenContent, vocabulary: Vocabulary) -> str:
    match content:
        case RetractionContent(reason=reason):
            return f"Retraction: {vocabulary.retraction_reasons[reason].label.lower()}"
        case AttributionContent():
            return "Our name under a statement"
        case TokenContent(role=role):
            return f"A person token: {vocabulary.person_roles[role].label.lower()}"


def _items(visit: Visit, tx: Transaction, drafts: Sequence[Draft]) -> dict[str, DraftItem]:
    names = display_names(tx, visit.runtime.vault)
    circles = {circle.id: circle.name for circle in list_circles(tx)}
    items: dict[str, DraftItem] = {}
    for draft in drafts:
        title, about = title_of(draft, visit.runtime.vocabulary)
        items[draft.id] = DraftItem(
            id=draft.id,
            title=title,
            about=about,
            state=STATE_WORDS[draft.state],
            circle=circles.get(draft.circle, draft.circle),
            author=names.get(draft.author, "a former account"),
            updated=draft.updated,
        )
    return items
