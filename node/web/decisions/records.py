"""The record of a decision and the paper before it: pages that print well, and PDFs."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from node.casework.case_files import decision_of
from node.casework.record import paper, since
from node.casework.record_pdf import record_pdf
from node.clock import day_of
from node.domain.decisions import MAX_DECISIONS, Decision
from node.domain.documents import Document, Section
from node.storage import decisions as storage
from node.storage.database import Transaction
from node.web.decisions.desk import CaseId, Desk, Kind, Reader, desk_of, ref_of
from node.web.decisions.pool import known_of
from node.web.formats import moment
from node.web.visits import Visit

ROUTER = APIRouter()
_SEALED: Final = "What stands above “Since then” was sealed when the decision was recorded, and is as it was."
_CHANGED: Final = (
    "What stands above “Since then” was sealed when the decision was recorded. Since then it has been changed, as when "
    "words about a person were removed at that person's request."
)
_Number = Annotated[int, Path(ge=1, le=MAX_DECISIONS)]


# Before the page, whose address would take the ending for a part of the number.
@ROUTER.get("/decisions/{kind}/{case}/records/{number}.pdf")
def send_record(visit: Reader, kind: Kind, case: CaseId, number: _Number) -> Response:
    """The same as a file."""
    visit.record("decision-record-taken", case)
    with visit.read() as tx:
        desk, decision, document, digest = _read(visit, tx, kind, case, number)
    today = day_of(visit.now)
    whole = replace(document, sections=(*document.sections, *_after(visit, desk, decision, digest)))
    return Response(
        record_pdf(whole, today),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="decision-{decision.data.decided}-{number}.pdf"'},
    )


@ROUTER.get("/decisions/{kind}/{case}/records/{number}")
def show_record(visit: Reader, kind: Kind, case: CaseId, number: _Number) -> Response:
    """The record on a page."""
    visit.record("decision-record-read", case)
    with visit.read() as tx:
        desk, decision, document, digest = _read(visit, tx, kind, case, number)
    return visit.render(
        "decision_record.html",
        desk=desk,
        record=document,
        later=_after(visit, desk, decision, digest),
        pdf=f"{desk.path}/records/{number}.pdf",
    )


@ROUTER.get("/decisions/{kind}/{case}/paper.pdf")
def send_paper(visit: Reader, kind: Kind, case: CaseId) -> Response:
    """What whoever decides has to read, as a file."""
    _, made = _paper(visit, kind, case)
    today = day_of(visit.now)
    return Response(
        record_pdf(made, today),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="paper-{today}.pdf"'},
    )


@ROUTER.get("/decisions/{kind}/{case}/paper")
def show_paper(visit: Reader, kind: Kind, case: CaseId) -> Response:
    """The same on a page."""
    desk, made = _paper(visit, kind, case)
    return visit.render("decision_record.html", desk=desk, record=made, later=(), pdf=f"{desk.path}/paper.pdf")


def _paper(visit: Visit, kind: str, case: str) -> tuple[Desk, Document]:
    visit.record("decision-paper-read", case)
    vocabulary = visit.runtime.vocabulary
    with visit.read() as tx:
        desk = desk_of(visit, tx, ref_of(visit, tx, kind, case))
        known = known_of(visit, tx, desk.material.subjects)
    return desk, paper(desk.material, desk.case, known.pool, vocabulary, day_of(visit.now))


def _read(visit: Visit, tx: Transaction, kind: str, case: str, number: int) -> tuple[Desk, Decision, Document, str]:
    vault = visit.runtime.vault
    desk = desk_of(visit, tx, ref_of(visit, tx, kind, case))
    decision = decision_of(desk.case, number)
    sealed = storage.record_bytes(tx, vault, decision.id)
    return desk, decision, storage.decode_record(sealed), sha256(sealed).hexdigest()


def _after(visit: Visit, desk: Desk, decision: Decision, digest: str) -> Sequence[Section]:
    """What came since, who typed the record and when, and what tells it from another."""
    this = Section(
        "This record",
        facts=(
            ("Institution", visit.runtime.settings.name),
            ("Recorded by", desk.who(decision.account)),
            ("Recorded", moment(decision.recorded).replace("\u00a0", " ")),
            ("SHA-256", digest),
            *((("SHA-256 when it was recorded", decision.digest),) if digest != decision.digest else ()),
        ),
        texts=(_SEALED if digest == decision.digest else _CHANGED,),
    )
    return (*since(desk.case, decision, visit.runtime.vocabulary, day_of(visit.now)), this)
