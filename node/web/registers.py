"""Registers: the engagements as an institution's own registers, filtered by the address, and the same as files."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request, Response

from node.casework import registers
from node.casework.sheets import write_csv, write_workbook
from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.engagements import STATUS_LABELS, EngagementStatus
from node.domain.money import spelled
from node.domain.registers import Register, RegisterEntry, RegisterFilter
from node.errors import Code, HanseError
from node.web.forms import FormView
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
PATH: Final = "/registers"
TITLES: Final = {
    Register.AGREEMENTS: "Agreements",
    Register.CENTRES: "Hosted centres and joint laboratories",
    Register.GIFTS: "Gifts and donations",
    Register.FUNDERS: "Funders",
}
MAX_SHOWN: Final = 200
"""Lines on one page; the file has them all."""
MAX_WORDS: Final = 200
_PARAMETERS: Final = ("status", "running", "due", "words")
Form: TypeAlias = Literal["csv", "xlsx"]
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_Read = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]


@ROUTER.get(PATH)
def show_registers(visit: _Read, request: Request) -> Response:
    """The register of agreements, with the way to the others."""
    return show_register(visit, request, Register.AGREEMENTS)


@ROUTER.get(PATH + "/{register}")
def show_register(visit: _Read, request: Request, register: Annotated[Register, Path()]) -> Response:
    """One register."""
    form = _form(request)
    today = day_of(visit.now)
    found: list[RegisterEntry] = []
    try:
        found = _found(visit, register, form)
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        form = form.refused(error)
    lines = registers.funders(found, today) if register is Register.FUNDERS else []
    visit.record("register-read", register.value)
    return visit.render(
        "registers.html",
        register=register,
        registers=[(each, TITLES[each]) for each in Register],
        title=TITLES[register],
        form=form,
        entries=found[:MAX_SHOWN],
        lines=lines[:MAX_SHOWN],
        number=len(lines or found),
        shown=MAX_SHOWN,
        sums=registers.sums,
        spelled=spelled,
        today=today,
        statuses=[(status.value, label) for status, label in STATUS_LABELS.items()],
        labels=STATUS_LABELS,
        kinds=visit.runtime.vocabulary.engagement_kinds,
        decisions=visit.runtime.vocabulary.decisions,
        address=_address(form),
        may_write=visit.may(Permission.ASSESSMENTS_WRITE),
        status=422 if form.errors else 200,
    )


@ROUTER.get(PATH + "/{register}/file.{form}")
def take_register(
    visit: _Read, request: Request, register: Annotated[Register, Path()], form: Annotated[Form, Path()]
) -> Response:
    """The same lines as a file."""
    found = _found(visit, register, _form(request))
    header, rows = _file(visit, register, found)
    visit.record("register-exported", f"{register.value}/{form}")
    data = write_workbook(TITLES[register], header, rows) if form == "xlsx" else write_csv(header, rows)
    name = f"{register.value}-{day_of(visit.now).isoformat()}.{form}"
    return Response(data, media_type=_MEDIA[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _file(visit: Visit, register: Register, found: list[RegisterEntry]) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    if register is Register.FUNDERS:
        return registers.FUNDER_HEADER, list(registers.funder_rows(registers.funders(found, day_of(visit.now))))
    return registers.HEADER, list(registers.rows(found, visit.runtime.vocabulary))


def _found(visit: Visit, register: Register, form: FormView) -> list[RegisterEntry]:
    with visit.read() as tx:
        return registers.entries(tx, visit.runtime.vault, register, _filter(form))


def _filter(form: FormView) -> RegisterFilter:
    status, due = form.text("status"), form.text("due")
    try:
        return RegisterFilter(
            status=EngagementStatus(status) if status else None,
            running=bool(form.text("running")),
            due_before=date.fromisoformat(due) if due else None,
            words=form.text("words")[:MAX_WORDS],
        )
    except ValueError as error:
        raise HanseError(
            Code.INVALID, "the filter holds a status or a day that there is not.", remedy="Choose it again."
        ) from error


def _form(request: Request) -> FormView:
    given = {name: request.query_params.get(name, "").strip() for name in _PARAMETERS}
    return FormView.of(**{name: value for name, value in given.items() if value})


def _address(form: FormView) -> str:
    return urlencode([(name, form.one(name)) for name in _PARAMETERS if form.one(name)])
