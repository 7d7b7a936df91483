"""A table of agreements on its way in: the file, what its columns mean, a trial, and then the rows."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from starlette.background import BackgroundTask

from node.casework import engagement_import as imports
from node.casework.engagement_import import Find, Found
from node.casework.sheets import MAX_COLUMNS
from node.casework.tabular import MAX_FILE_BYTES
from node.domain.accounts import Permission
from node.domain.engagement_imports import (
    FIELDS,
    DayOrder,
    DecimalMark,
    EngagementImport,
    ImportId,
    Reading,
    RowState,
)
from node.domain.engagements import STATUS_LABELS, EngagementStatus
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import engagement_imports as storage
from node.storage.database import Transaction
from node.subjects.find import subject_named
from node.subjects.offers import offers, safe_link, understood
from node.web.forms import LOCAL_ID, FormView, address_part
from node.web.uploads import FORM_BYTES, RequiresWithFile
from node.web.visits import Requires, Visit, go
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject, as_label

ROUTER = APIRouter()
PATH: Final = "/registers/import"
MAX_SHOWN: Final = 200
"""Rows of each outcome on the page of a trial; the counts say how many there are."""
STALLED_SECONDS: Final = 30
"""After which rows that nobody works on are said to have stopped: a batch takes a second at the most."""
REFRESH_SECONDS: Final = 2
"""After which a page that shows progress is loaded again, without a script."""
_OFFERED: Final = 3
LABELS: Final = {
    "title": "Title",
    "partner": "Partner (name or id)",
    "partner_unit": "Unit of the partner",
    "our_unit": "Our unit",
    "kind": "Kind",
    "status": "Status",
    "begins": "Begins",
    "ends": "Ends",
    "amount": "Amount",
    "currency": "Currency",
    "funder": "Final funder",
    "technology_domains": "Technology domains",
    "governing_law": "Governing law",
    "purpose": "Purpose",
    "benefit": "What it is worth to us",
    "reference": "Our file reference",
}
"""What a column can be, in words."""
_Id = Annotated[ImportId, address_part(LOCAL_ID)]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_Sender = Annotated[Visit, Depends(RequiresWithFile(Permission.ASSESSMENTS_WRITE))]


@ROUTER.get(PATH)
def show_imports(visit: _Writer) -> Response:
    """Ask for a file; the imports that are under way."""
    return _start(visit, FormView())


@ROUTER.post(PATH, max_body_size=MAX_FILE_BYTES + FORM_BYTES)
def do_receive(visit: _Sender) -> Response:
    """Read the file and go on to its columns."""
    file = visit.form.file
    data = b"" if file is None else file.content.read()
    if file is None or not data:
        return _start(visit, visit.form.wrong({"file": "Choose a file that is not empty."}))
    try:
        with visit.write() as tx:
            imports.forget_old(tx, visit.now)
            one = imports.receive(tx, visit.runtime.vault, visit.principal.account, file.name, data, visit.now)
            visit.note(tx, "register-import-received", one.id)
    except HanseError as error:
        if error.code not in {Code.BAD_FILE, Code.TOO_LARGE, Code.CONFLICT}:
            raise
        return _start(visit, visit.form.wrong({"file": FormView().refused(error).errors[""]}))
    return go(f"{PATH}/{one.id}")


@ROUTER.get(PATH + "/{wanted}")
def show_import(visit: _Writer, wanted: _Id) -> Response:
    """Where this import is: its columns, how far it has come, or what came of it."""
    return _page(visit, wanted, None)


@ROUTER.post(PATH + "/{wanted}/columns")
def do_choose(visit: _Writer, wanted: _Id) -> Response:
    """Take the meaning of the columns, and try every row."""
    try:
        with visit.write() as tx:
            one = imports.get_import(tx, visit.runtime.vault, wanted, visit.principal.account)
            imports.choose(tx, visit.runtime.vault, visit.runtime.vocabulary, one, _reading(visit.form), visit.now)
            visit.note(tx, "register-import-tried", wanted)
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        return _page(visit, wanted, visit.form.refused(error))
    return _go_on(visit, wanted)


@ROUTER.post(PATH + "/{wanted}/store")
def do_store(visit: _Writer, wanted: _Id) -> Response:
    """Store the rows that were found good."""
    with visit.write() as tx:
        one = imports.get_import(tx, visit.runtime.vault, wanted, visit.principal.account)
        imports.confirm(tx, visit.runtime.vault, one, visit.now)
        visit.note(tx, "register-import-stored", wanted)
    return _go_on(visit, wanted)


@ROUTER.post(PATH + "/{wanted}/go-on")
def do_go_on(visit: _Writer, wanted: _Id) -> Response:
    """Take up an import that stopped in the middle."""
    with visit.read() as tx:
        imports.get_import(tx, visit.runtime.vault, wanted, visit.principal.account)
    return _go_on(visit, wanted)


@ROUTER.post(PATH + "/{wanted}/forget")
def do_forget(visit: _Writer, wanted: _Id) -> Response:
    """Forget the table."""
    with visit.write() as tx:
        imports.forget(tx, imports.get_import(tx, visit.runtime.vault, wanted, visit.principal.account))
        visit.note(tx, "register-import-forgotten", wanted)
    return go(PATH, "import-forgotten")


def _go_on(visit: Visit, wanted: ImportId) -> Response:
    """Work through the rows behind the answer. If this process ends meanwhile, the page offers to go on."""
    response = go(f"{PATH}/{wanted}")
    response.background = BackgroundTask(_work, visit.runtime, wanted)
    return response


def _work(runtime: Runtime, wanted: ImportId) -> None:
    while not runtime.stopping.is_set() and imports.work(
        runtime.database, runtime.vault, runtime.vocabulary, wanted, _finder(runtime), runtime.clock.now()
    ):
        pass


def _finder(runtime: Runtime) -> Callable[[Transaction], Find]:
    runtime.names.matcher()  # may have to build its index, which is not for a transaction that writes

    def of(tx: Transaction) -> Find:
        def find(text: str) -> Found:
            if (exact := subject_named(tx, text)) is not None:
                return Found(exact)
            match = understood(runtime.names, text)
            if (safe := safe_link(tx, match)) is not None:
                return Found(Subject(id=safe.id, label=as_label(safe.label)))
            offered = offers(tx, match, text, _OFFERED)
            return Found(None, tuple(Subject(id=each.id, label=as_label(each.label)) for each in offered))

        return find

    return of


def _reading(form: FormView) -> Reading:
    try:
        return Reading(
            columns=_columns(form),
            kind=VocabularyCode(form.text("kind")) if form.text("kind") else None,
            status=EngagementStatus(form.text("status") or EngagementStatus.RUNNING),
            currency=form.text("currency").upper(),
            days=DayOrder(form.text("days") or DayOrder.DAY_FIRST),
            decimals=DecimalMark(form.text("decimals") or DecimalMark.POINT),
            take_open=bool(form.text("take_open")),
        )
    except ValueError as error:
        raise HanseError(Code.INVALID, "a choice was sent that this form does not offer.") from error


def _columns(form: FormView) -> dict[str, int]:
    """What each column of the file was said to be; raises ``INVALID`` where two are said to be the same."""
    columns: dict[str, int] = {}
    for place in range(MAX_COLUMNS):
        field = form.one(f"column-{place}")
        if not field:
            continue
        if field not in FIELDS:
            raise HanseError(Code.INVALID, "a choice was sent that this form does not offer.")
        if field in columns:
            raise HanseError(
                Code.INVALID, f"two columns are said to be “{LABELS[field]}”.", remedy="Leave one of them out."
            )
        columns[field] = place
    return columns


def _start(visit: Visit, form: FormView) -> Response:
    with visit.read() as tx:
        under_way = storage.of_account(tx, visit.runtime.vault, visit.principal.account)
    return visit.render(
        "register_import.html",
        form=form,
        under_way=under_way,
        megabytes=MAX_FILE_BYTES // 1_000_000,
        status=422 if form.errors else 200,
    )


def _page(visit: Visit, wanted: ImportId, form: FormView | None) -> Response:
    vocabulary = visit.runtime.vocabulary
    with visit.read() as tx:
        one = imports.get_import(tx, visit.runtime.vault, wanted, visit.principal.account)
        shown = {
            state: storage.rows(tx, visit.runtime.vault, wanted, (state,), limit=MAX_SHOWN)
            for state in (RowState.OPEN, RowState.REFUSED, RowState.GOOD, RowState.STORED)
        }
        first = storage.rows(tx, visit.runtime.vault, wanted, tuple(RowState), limit=3)
    visit.record("register-import-read", wanted)
    response = visit.render(
        "register_import_rows.html",
        one=one,
        form=form or _filled(one),
        rows=shown,
        states=RowState,
        samples=[[row.cells[place] if row.cells else "" for row in first] for place in range(len(one.header))],
        labels=LABELS,
        columns=[name or f"column {place + 1}" for place, name in enumerate(one.header)],
        kinds=[(code, term.label) for code, term in vocabulary.engagement_kinds.items()],
        domains=[(code, term.label) for code, term in vocabulary.technology_domains.items()],
        statuses=[(status.value, label) for status, label in STATUS_LABELS.items()],
        stalled=one.state.running and visit.now - one.updated > STALLED_SECONDS,
        shown=MAX_SHOWN,
        status=422 if form is not None and form.errors else 200,
    )
    if one.state.running:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


def _filled(one: EngagementImport) -> FormView:
    reading = one.reading
    values = {f"column-{place}": field for field, place in reading.columns.items()}
    return FormView.of(
        **values,
        kind=reading.kind or "",
        status=reading.status.value,
        currency=reading.currency,
        days=reading.days.value,
        decimals=reading.decimals.value,
        take_open="yes" if reading.take_open else "",
    )
