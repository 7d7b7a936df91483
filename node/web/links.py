"""Which identifiers this node reads as one organisation: proposed by members, decided here by a person, undone here."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.subjects import parse_identifier
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.subjects.find import get, label_of
from node.subjects.links import MAX_REASON_CHARACTERS, accept, history, proposals, undo
from node.web.dossier import subject_of
from node.web.formats import subject_path
from node.web.forms import FormView
from node.web.partners import NOBODY, partner_of
from node.web.visits import Requires, Visit, go
from protocol.identifiers import SubjectId

ROUTER = APIRouter()
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_REFUSALS: Final = frozenset({Code.INVALID, Code.CONFLICT})


@ROUTER.get("/subjects/{subject}/links")
def show_links(visit: _Visit, subject: str) -> Response:
    """What is read as one with this subject, what is proposed, and what was undone."""
    one = subject_of(subject)
    visit.record("subject-links-read", one)
    return _page(visit, one, FormView())


@ROUTER.post("/subjects/{subject}/links")
def do_link(visit: _Writer, subject: str) -> Response:
    """Read this subject and another one as one organisation."""
    one, form = subject_of(subject), visit.form
    with visit.read() as tx:
        chosen = _other(tx, form)
    if chosen is None:
        words = "Give the identifier of the other organisation: a name may be borne by several."
        return _page(visit, one, form.wrong({"partner": words}))
    try:
        with visit.write() as tx:
            link = accept(
                tx, visit.runtime.vault, visit.principal.account, (one, chosen), form.text("reason"), visit.now
            )
            visit.note(tx, "subjects-linked", f"{link.alias}/{link.canonical}")
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        field = "reason" if error.code == Code.INVALID else "partner"
        return _page(visit, one, form.wrong({field: form.refused(error).errors[""]}))
    return go(f"{subject_path(one)}/links", "subjects-linked")


@ROUTER.post("/subjects/{subject}/links/{link}/undo")
def do_undo(visit: _Writer, subject: str, link: str) -> Response:
    """Read the two apart again."""
    one = subject_of(subject)
    with visit.write() as tx:
        undo(tx, link, visit.principal.account, visit.now)
        visit.note(tx, "subjects-unlinked", link)
    return go(f"{subject_path(one)}/links", "subjects-unlinked")


def _other(tx: Transaction, form: FormView) -> SubjectId | None:
    """The other identifier: chosen, typed, or of the one organisation that bears the name typed."""
    identified = parse_identifier(form.text("other")) or parse_identifier(form.text("partner"))
    if identified is not None:
        return identified
    partner = partner_of(tx, form, NOBODY)
    return partner.subject.id if partner.subject is not None else None


def _page(visit: Visit, one: SubjectId, form: FormView) -> Response:
    with visit.read() as tx:
        links = history(tx, visit.runtime.vault, one)
        ids = {one, *(end for link in links for end in (link.alias, link.canonical))}
        return visit.render(
            "subject_links.html",
            subject=one,
            labels={each: label_of(tx, each) for each in ids},
            known=get(tx, one) is not None,
            live=[link for link in links if link.is_live],
            undone=[link for link in links if not link.is_live],
            proposals=proposals(tx, one, visit.now),
            max_reason=MAX_REASON_CHARACTERS,
            may_link=visit.may(Permission.ASSESSMENTS_WRITE),
            form=form,
            status=422 if form.errors else 200,
        )
