"""An observed tie between two organisations: the piece of a picture that only a circle can see whole."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.circles import list_circles, roster
from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.publishing import DEFAULT_HANDLING, HeldBack, RelationContent
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft, default_expiry
from node.storage.database import Transaction
from node.subjects.find import label_of
from node.web.dossier import subject_of
from node.web.drafts.content import filled_from, read
from node.web.drafts.review import make_preview
from node.web.drafts.writing import form_choices, refused
from node.web.formats import subject_path
from node.web.forms import FormView
from node.web.partners import Partner, partner_of, understand
from node.web.visits import Requires, Visit, go
from protocol.identifiers import CircleId, SubjectId
from protocol.sources import source_digests
from protocol.statements import Grade, Period, RelationBody, Subject

ROUTER = APIRouter()
_Writer = Annotated[Visit, Depends(Requires(Permission.DRAFTS_WRITE))]


@ROUTER.get("/drafts/tie/{subject}")
def show_tie(visit: _Writer, subject: str) -> Response:
    """Ask which tie, to whom, and how it is known."""
    one = subject_of(subject)
    with visit.read() as tx:
        circles = list_circles(tx)
        if not circles:
            raise HanseError(Code.CONFLICT, "this node is in no circle, so there is nobody to share with.")
        expires = default_expiry(roster(tx, circles[0].id), None, visit.now)
        content = _content(visit, tx, one, _placeholder(one), ())
    form = filled_from(content, expires)
    empty = dict.fromkeys(("relation", "reliability", "credibility", "evidence_kinds"), ())
    only = (circles[0].id,) if len(circles) == 1 else ()
    return _page(visit, FormView({**form.values, **empty, "circle": only}), content, Partner())


@ROUTER.post("/drafts/tie/{subject}")
def do_tie(visit: _Writer, subject: str) -> Response:
    """Keep it as a draft, with its first preview."""
    one, form, runtime = subject_of(subject), visit.form, visit.runtime
    match = understand(runtime, form)
    with visit.read() as tx:
        partner = partner_of(tx, form, match)
        circle = next((each.id for each in list_circles(tx) if each.id == form.one("circle")), None)
        other = partner.subject if partner.subject and partner.subject.id != one else _placeholder(one)
        lines = tuple(line.strip() for line in form.one("sources").splitlines() if line.strip())
        before = _content(visit, tx, one, other, lines)
    changed = read(form, before, runtime.vocabulary)
    wrong = _wrong_ends(partner, one, circle)
    if isinstance(changed, FormView) or wrong or circle is None:
        found = changed.errors if isinstance(changed, FormView) else {}
        return _page(visit, form.wrong({**wrong, **found}), before, partner)
    content, expires = changed
    try:
        with visit.write() as tx:
            account = visit.principal.account
            draft = create_draft(tx, runtime.vault, account, circle, content, expires=expires, now=visit.now)
            visit.note(tx, "draft-created", draft.id)
    except HanseError as error:
        return _page(visit, refused(form, error), before, partner)
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


def _wrong_ends(partner: Partner, one: SubjectId, circle: CircleId | None) -> dict[str, str]:
    """What is wrong with the other organisation and the circle."""
    wrong: dict[str, str] = {}
    if circle is None:
        wrong["circle"] = "Choose the circle that is to know."
    if partner.wrong or partner.subject is None:
        wrong["partner"] = partner.wrong or "Name the other organisation."
    elif partner.subject.id == one:
        wrong["partner"] = "A tie is between two different organisations."
    return wrong


def _placeholder(one: SubjectId) -> Subject:
    """Stands at the other end until a person has named it; any identifier but the first one's will do."""
    zeros, other = SubjectId("circle:" + "A" * 22), SubjectId("circle:" + "A" * 21 + "Q")
    return Subject(id=other if one == zeros else zeros, label="?")


def _content(
    visit: Visit, tx: Transaction, one: SubjectId, other: Subject, sources: tuple[str, ...]
) -> RelationContent:
    today = day_of(visit.now)
    vocabulary = visit.runtime.vocabulary
    body = RelationBody(
        subject=Subject(id=one, label=label_of(tx, one)),
        relation=next(iter(vocabulary.relations)),
        object=other,
        observed=Period(start=today, end=today),
        grade=Grade(reliability="F", credibility=6),
        evidence_kinds=(next(iter(vocabulary.evidence_sources)),),
        sources=source_digests(sources),
        summary="",
        handling=DEFAULT_HANDLING,
    )
    return RelationContent(body=body, held_back=HeldBack())


def _page(visit: Visit, form: FormView, content: RelationContent, partner: Partner) -> Response:
    subject = content.body.subject
    with visit.read() as tx:
        circles = [(each.id, each.name) for each in list_circles(tx)]
    return visit.render(
        "draft_form.html",
        form=form,
        action=f"/drafts/tie/{subject.id}",
        hidden={},
        back=subject_path(subject.id),
        heading="An observed tie",
        about=subject.label,
        circle="",
        circles=circles,
        offered=partner.offered,
        notes=(),
        new_sources=True,
        status=422 if form.errors else 200,
        **form_choices(visit.runtime.vocabulary, content),
    )
