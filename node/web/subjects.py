"""Finding a partner by name or identifier, and naming one that no registry lists."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.circles import list_circles
from node.domain.accounts import Permission
from node.domain.subjects import MAX_SEARCH_CHARACTERS, NameKind, SearchHit, Status, parse_identifier
from node.errors import Code, HanseError
from node.subjects.find import bearers, search
from node.subjects.mint import mint
from node.web.formats import identifier, subject_path
from node.web.forms import FormView
from node.web.translation import say
from node.web.visits import Requires, Visit, go
from protocol.identifiers import CircleId, SubjectId

ROUTER = APIRouter()
MIN_SEARCH_CHARACTERS: Final = 2
"""One letter names half the registry."""
MAX_RESULTS: Final = 25
"""Hits on one page: whoever needs more adds a word."""
_KINDS: Final[dict[NameKind, str]] = {
    "display": "its name",
    "label": "its name in another language",
    "alias": "another name",
    "acronym": "an acronym",
}
STATUS_WORDS: Final[dict[Status, str]] = {
    "active": "active in the registry",
    "inactive": "no longer active, says the registry",
    "withdrawn": "withdrawn from the registry",
    "unknown": "status not stated",
}
_Visit = Annotated[Visit, Depends(Requires(Permission.SUBJECTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]


@ROUTER.get("/search")
def show_search(visit: _Visit, q: Annotated[str, Query()] = "") -> Response:
    """The search field, and what it found."""
    text = " ".join(q.split())
    problem = ""
    hits: list[SearchHit] = []
    if len(text) > MAX_SEARCH_CHARACTERS:
        problem = say("A search has at most %(number)s characters.") % {"number": MAX_SEARCH_CHARACTERS}
    elif text and len(text) < MIN_SEARCH_CHARACTERS:
        problem = say("Type at least two characters of the name, or an identifier.")
    elif text:
        visit.record("subjects-searched")
        with visit.read() as tx:
            hits = search(tx, text, MAX_RESULTS)
    return visit.render(
        "search.html",
        query=text[:MAX_SEARCH_CHARACTERS],
        problem=problem,
        searched=bool(text) and not problem,
        is_identifier=parse_identifier(text) is not None,
        hits=[(hit, why(hit)) for hit in hits],
        full=len(hits) == MAX_RESULTS,
        statuses=STATUS_WORDS,
        may_name=visit.may(Permission.ASSESSMENTS_WRITE),
    )


@ROUTER.get("/subjects/new")
def show_new(visit: _Writer, name: Annotated[str, Query()] = "") -> Response:
    """The form for a partner that no registry lists."""
    return _form(visit, FormView.of(name=name[:MAX_SEARCH_CHARACTERS]))


@ROUTER.post("/subjects/new")
def do_new(visit: _Writer) -> Response:
    """Give it an identifier that means something in one circle; ask first where the name is borne already."""
    form = visit.form
    try:
        with visit.write() as tx:
            circle = next((c.id for c in list_circles(tx) if c.id == form.one("circle")), None)
            if circle is None:
                return _form(visit, form.wrong({"circle": "Choose the circle in which this name is used."}))
            there = bearers(tx, form.one("name"))
            if there and form.one("another") != "yes":
                return _form(visit, form, there)
            subject = mint(tx, CircleId(circle), form.one("name"))
            visit.note(tx, "subject-named", subject)
    except HanseError as error:
        if error.code != Code.INVALID:
            raise
        return _form(visit, form.wrong({"name": form.refused(error).errors[""]}))
    return go(subject_path(SubjectId(subject)))


def why(hit: SearchHit) -> str:
    """Why this organisation answers the search, in words."""
    said = {"what": say(_KINDS[hit.kind]), "text": hit.matched}
    match hit.match:
        case "identifier":
            given = parse_identifier(hit.matched)
            return say("the identifier %(text)s") % {"text": identifier(given) if given else hit.matched}
        case "exact":
            return say("%(what)s, exactly: \u201c%(text)s\u201d") % said
        case "prefix":
            return say("the beginning of %(what)s: \u201c%(text)s\u201d") % said
        case "word":
            return say("the words of %(what)s: \u201c%(text)s\u201d") % said
        case "domain":
            return say("its domain %(text)s") % said
        case "spelling":
            return say("a spelling near yours in %(what)s: \u201c%(text)s\u201d") % said


def _form(visit: Visit, form: FormView, there: Sequence[SearchHit] = ()) -> Response:
    with visit.read() as tx:
        circles = [(circle.id, circle.name) for circle in list_circles(tx)]
    return visit.render(
        "subject_new.html", form=form, circles=circles, bearers=there, status=422 if form.errors else 200
    )
