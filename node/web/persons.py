"""Data subjects: what the node holds on a person, shown to be answered with, and put right or taken out.

The name that is looked for stands in no address and in no log: it is posted, and the access log says only that a
search was made and how much was found.
"""

from collections import Counter
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.accounts.persons import REMOVED, replace, replaceable, traces
from node.domain.accounts import Permission
from node.domain.persons import Redaction, Trace
from node.errors import Code, HanseError
from node.storage.person_search import MAX_NAME_CHARACTERS, MAX_TRACES
from node.web.forms import FormView
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
_PATH: Final = "/persons"
KINDS: Final = {
    "accounts": "Accounts",
    "alerts": "Notices",
    "answers": "Answers of assessments",
    "assessments": "Assessments",
    "case_events": "History of assessments",
    "case_file_events": "History of decisions",
    "case_reviews": "Reviews",
    "decisions": "Decisions",
    "draft_events": "History of drafts",
    "drafts": "Drafts",
    "engagement_events": "History of engagements",
    "engagement_import_rows": "Tables brought in",
    "engagement_imports": "Tables brought in",
    "engagements": "Engagements",
    "entries": "Signed statements, ours and others'",
    "evidence": "Names of evidence files",
    "measures": "Measures",
    "partner_questions": "Questions to partners",
    "private_ties": "Private ties",
    "publications": "Fields held back",
    "reply_intakes": "Letters of organisations",
    "subjects": "The registry",
}
"""What a table is called here; a table without words of its own is called by its name."""
_Visit = Annotated[Visit, Depends(Requires(Permission.PERSONS_MANAGE))]


@ROUTER.get(_PATH)
def show_persons(visit: _Visit) -> Response:
    """Ask for the name."""
    return _page(visit, FormView())


@ROUTER.post(_PATH)
def do_search(visit: _Visit) -> Response:
    """Search every store."""
    name = visit.form.text("name")
    try:
        with visit.read() as tx:
            found = traces(tx, visit.runtime.vault, name)
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        return _page(visit, visit.form.wrong({"name": FormView().refused(error).errors[""]}))
    visit.record("person-searched", str(len(found)))
    return _page(visit, visit.form, found=found, name=name)


@ROUTER.post(_PATH + "/replace")
def do_replace(visit: _Visit) -> Response:
    """Count first; change where the count was seen and confirmed."""
    words, instead = visit.form.text("words"), visit.form.text("instead")
    confirmed = visit.form.one("confirmed")
    try:
        if not confirmed:
            with visit.read() as tx:
                places = replaceable(tx, visit.runtime.vault, words)
            visit.record("person-rectification-tried", str(len(places)))
            return _page(visit, visit.form, places=places, words=words, instead=instead)
        with visit.write() as tx:
            places = replace(tx, visit.runtime.vault, words, instead)
            visit.note(tx, "person-rectified", str(len(places)))
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        return _page(visit, visit.form.wrong({"words": FormView().refused(error).errors[""]}))
    return _page(visit, FormView(), places=places, words=words, instead=instead, done=True)


def _page(
    visit: Visit,
    form: FormView,
    *,
    found: list[Trace] | None = None,
    name: str = "",
    places: list[Redaction] | None = None,
    words: str = "",
    instead: str = "",
    done: bool = False,
) -> Response:
    counted = Counter(KINDS.get(place.table, place.table) for place in places or ())
    return visit.render(
        "persons.html",
        form=form,
        found=found,
        name=name,
        many=found is not None and len(found) >= MAX_TRACES,
        kinds=KINDS,
        places=None if places is None else sorted(counted.items()),
        words=words,
        instead=instead or REMOVED,
        typed=instead,
        done=done,
        removed=REMOVED,
        longest=MAX_NAME_CHARACTERS,
        may_open=visit.may(Permission.ASSESSMENTS_READ),
        status=422 if form.errors else 200,
    )
