"""Pooled statements by what they say: a question in the address, its answer in pages, and the same as a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from node import insight
from node.domain.accounts import Permission
from node.domain.exports import MEDIA_TYPES, Format
from node.domain.insight import FindingView, RelationView, ReplyView, StatementView
from node.errors import Code, HanseError
from node.insight import export, saved
from node.insight.asking import PARAMETERS, Question, read_question
from node.insight.handling import Taker
from node.insight.query import MAX_CURSOR_CHARACTERS
from node.web.forms import FormView
from node.web.statements import TITLES
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
_PATH: Final = "/findings"
_PAGE: Final = 50
_Read = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
_Take = Annotated[Visit, Depends(Requires(Permission.POOL_EXPORT))]
_Cursor = Annotated[str, Query(max_length=MAX_CURSOR_CHARACTERS)]


@ROUTER.get(_PATH)
def show_findings(visit: _Read, request: Request, after: _Cursor = "", as_of: _Cursor = "") -> Response:
    """The form, what fits, and ways on."""
    return _page(visit, _question(request), after, as_of, FormView())


@ROUTER.get(_PATH + "/file.{form}")
def take_findings(visit: _Take, request: Request, form: Annotated[Format, Path()], audience: Taker) -> Response:
    """The same as a file."""
    runtime = visit.runtime
    runtime.rates.require("export", visit.principal.account)
    with visit.read() as tx:
        wanted = read_question(tx, runtime.vocabulary, _question(request))
        cover = export.begin(tx, wanted, institution=runtime.settings.name, audience=audience, clock=runtime.clock)
    visit.record(export.ACTION, f"{form}/{audience}/{cover.position}")

    def pieces() -> Iterator[bytes]:
        with runtime.rates.held("export", visit.principal.account):
            yield from export.write(runtime.database, runtime.clock, wanted, cover, audience, form)

    return StreamingResponse(pieces(), headers=export.headers(cover, form), media_type=MEDIA_TYPES[form])


@ROUTER.post(_PATH + "/save")
def save_question(visit: _Read, request: Request) -> Response:
    """Keep the question of the address under a name."""
    question = _question(request)
    try:
        with visit.write() as tx:
            saved.save(
                tx,
                visit.runtime.vault,
                visit.runtime.vocabulary,
                visit.principal.account,
                visit.form.text("name"),
                question,
                visit.now,
            )
            visit.note(tx, "query-saved")
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.CONFLICT}:
            raise
        return _page(visit, question, "", "", visit.form.refused(error))
    return go(f"{_PATH}?{_address(question)}")


@ROUTER.post(_PATH + "/forget")
def forget_question(visit: _Read) -> Response:
    """Forget one."""
    with visit.write() as tx:
        saved.remove(tx, visit.runtime.vault, visit.principal.account, visit.form.one("name"))
        visit.note(tx, "query-removed")
    return go(_PATH)


def _page(visit: Visit, question: Question, after: str, as_of: str, kept: FormView) -> Response:
    vocabulary = visit.runtime.vocabulary
    form = FormView({name: tuple(values) for name, values in question.items()})
    page = None
    with visit.read() as tx:
        own = saved.list_saved(tx, visit.runtime.vault, visit.principal.account)
        try:
            wanted = read_question(tx, vocabulary, question)
            page = insight.findings(tx, after, _PAGE, wanted, now=visit.now, as_of=as_of)
        except HanseError as error:
            if error.code is not Code.INVALID:
                raise
            form = form.refused(error)
    visit.record("findings-read")
    shown = {"text", "kind", "state", "polarity", "group", "technology_domain", "handling"}
    return visit.render(
        "findings.html",
        form=form,
        kept=kept,
        page_of=page,
        lines=[(view, TITLES[view.provenance.kind], _about(view)) for view in page.items] if page else [],
        vocabulary=vocabulary,
        options=_options(visit),
        others=[(name, value) for name, values in question.items() if name not in shown for value in values],
        address=_address(question),
        first=f"{_PATH}?{_address(question)}",
        further=_address(question, after=page.next, as_of=as_of) if page and page.more else "",
        saved=[(each.name, _address(each.question)) for each in own],
        as_of=as_of,
        after=after,
        may_export=visit.may(Permission.POOL_EXPORT),
    )


def _options(visit: Visit) -> Mapping[str, Sequence[tuple[str, str]]]:
    vocabulary = visit.runtime.vocabulary
    return {
        "kind": [(kind, title) for kind, title in TITLES.items()],
        "state": [(each, each.capitalize()) for each in ("live", "corrected", "retracted", "expired", "void")],
        "polarity": [("assurance", "Assurances"), ("concern", "Concerns"), ("context", "Context")],
        "group": [(code, group.label) for code, group in vocabulary.groups.items()],
        "technology_domain": [(code, domain.label) for code, domain in vocabulary.technology_domains.items()],
        "handling": [(code, f"{code}, {words.lower()}") for code, words in _handlings(visit)],
    }


def _handlings(visit: Visit) -> list[tuple[str, str]]:
    return [(code, str(getattr(term, "label", term))) for code, term in visit.runtime.vocabulary.handlings.items()]


def _question(request: Request) -> dict[str, list[str]]:
    """The filters of an address; an empty field of the form is no filter."""
    question: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name in PARAMETERS and value.strip():
            question.setdefault(name, []).append(value.strip())
    return question


def _address(question: Question, **more: str) -> str:
    pairs = [(name, value) for name, values in question.items() for value in values]
    return urlencode([*pairs, *((name, value) for name, value in more.items() if value)])


def _about(view: StatementView) -> str:
    match view:
        case FindingView():
            return view.label
        case RelationView():
            return f"{view.subject_label} and {view.object_label}"
        case ReplyView():
            return view.label
        case _:
            return ""
