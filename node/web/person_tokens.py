"""Person tokens: ask whether a circle knows of somebody, and attach a token to a finding of ours.

Only in a circle whose charter names operators; in any other these addresses lead to nothing, and no page offers them.
What is typed here names a person: it is in no address, no log and no title, and is forgotten when the operators have
answered. It is shown again only beside what was wrong with it.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node import circles
from node.domain.accounts import Permission
from node.domain.circles import Roster
from node.domain.person_tokens import Attachment, Evaluation, EvaluationState, Hit, TokenCircle
from node.errors import Code, HanseError
from node.publishing import person_tokens
from node.publishing.letters import Desk
from node.publishing.token_circle import require_target, require_token_circle
from node.storage import statements
from node.storage.database import Transaction
from node.subjects.find import subject_named
from node.sync.letters import desk as desk_of
from node.sync.token_evaluation import ask
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.visits import Requires, Visit, go
from protocol.errors import ProtocolError
from protocol.identifiers import PATTERN_128_BITS, PATTERN_256_BITS, CircleId, StatementId, VocabularyCode
from protocol.person_inputs import PersonInput, named_input, orcid_input
from protocol.statements import FindingBody, RelationBody

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(PATTERN_256_BITS)]
_Name = Annotated[str, address_part(LOCAL_ID)]
_Statement = Annotated[StatementId, address_part(PATTERN_128_BITS)]
_Visit = Annotated[Visit, Depends(Requires(Permission.TOKENS_USE))]
_REFUSALS: Final = frozenset({Code.INVALID, Code.CONFLICT, Code.NO_SUCH_MEMBER, Code.QUOTA_EXCEEDED})
_SPELLINGS: Final = (
    ("orcid", "An ORCID iD", "The better one: it means one person, and has one spelling."),
    ("name", "A name, at an organisation", "Two people may bear one name, and one person several."),
)


@dataclass(frozen=True, slots=True)
class _Here:
    """One circle, as these pages need it."""

    roster: Roster
    tokens: TokenCircle

    @property
    def operators(self) -> list[str]:
        """The institutions that evaluate, by name, ours last."""
        named = [operator for operator in self.tokens.operators if operator.member is not None]
        return [
            ("this institution" if each.own else each.member.name) if each.member else ""
            for each in sorted(named, key=lambda each: each.own)
        ]


@ROUTER.get("/circles/{circle}/person-tokens")
def show_tokens(visit: _Visit, circle: _Circle) -> Response:
    """The form of a look-up, and what was looked up before."""
    return _page(visit, circle, FormView.of(spelling="orcid"))


@ROUTER.post("/circles/{circle}/person-tokens")
def do_look_up(visit: _Visit, circle: _Circle) -> Response:
    """Ask the operators, and compare. The address of the answer names nobody."""
    person = _person(visit, visit.form)
    if isinstance(person, FormView):
        return _page(visit, circle, person)
    try:
        with visit.write() as tx:
            begun = person_tokens.look_up(tx, _desk(visit), circle, visit.principal.account, person)
            visit.note(tx, "person-looked-up", begun.id)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _page(visit, circle, visit.form.refused(error))
    ask(visit.runtime, begun.id)
    return go(f"/circles/{circle}/person-tokens/{begun.id}")


@ROUTER.post("/circles/{circle}/person-tokens/renew")
def do_renew(visit: _Visit, circle: _Circle) -> Response:
    """Make tokens anew, under the operators' newest keys, of what was kept for it. Drafts come of it."""
    try:
        with visit.write() as tx:
            begun = person_tokens.renew(tx, _desk(visit), circle, visit.principal.account)
            visit.note(tx, "person-tokens-renewed", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _page(visit, circle, FormView.of(spelling="orcid").refused(error))
    for each in begun:
        ask(visit.runtime, each.id)
    return go(f"/circles/{circle}/person-tokens", fragment="asked")


@ROUTER.get("/circles/{circle}/person-tokens/at/{statement}")
def show_attach(visit: _Visit, circle: _Circle, statement: _Statement) -> Response:
    """The form that attaches a token to a finding of ours."""
    return _attach(visit, circle, statement, FormView.of(spelling="orcid"))


@ROUTER.post("/circles/{circle}/person-tokens/at/{statement}")
def do_attach(visit: _Visit, circle: _Circle, statement: _Statement) -> Response:
    """Have the operators make the token; a draft comes of it, and nothing leaves before a second person agrees."""
    form = visit.form
    person = _person(visit, form)
    role = VocabularyCode(form.one("role"))
    wrong = dict(person.errors) if isinstance(person, FormView) else {}
    if role not in visit.runtime.vocabulary.person_roles:
        wrong["role"] = "Choose what this person is in it."
    if wrong or isinstance(person, FormView):
        return _attach(visit, circle, statement, form.wrong(wrong))
    attachment = Attachment(target=statement, role=role, keep=form.has("keep", "yes"))
    try:
        with visit.write() as tx:
            begun = person_tokens.attach(tx, _desk(visit), circle, visit.principal.account, person, attachment)
            visit.note(tx, "person-token-asked", begun.id)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _attach(visit, circle, statement, form.refused(error))
    ask(visit.runtime, begun.id)
    with visit.read() as tx:
        made = person_tokens.get(tx, _desk(visit), circle, visit.principal.account, begun.id)
    if made.outcome.draft is not None:
        return go(f"/drafts/{made.outcome.draft}", "token-made")
    return go(f"/circles/{circle}/person-tokens/{begun.id}")


@ROUTER.get("/circles/{circle}/person-tokens/{name}")
def show_answer(visit: _Visit, circle: _Circle, name: _Name) -> Response:
    """What came of one evaluation."""
    with visit.write() as tx:
        here = _here(tx, circle)
        found = person_tokens.get(tx, _desk(visit), circle, visit.principal.account, name)
        titles = [(hit, _title(visit, tx, hit)) for hit in found.outcome.hits]
        visit.note(tx, "person-token-read", found.id)
    return visit.render(
        "person_answer.html",
        circle=circle,
        charter=here.roster.charter,
        found=found,
        purpose=found.purpose.value,
        waits_for=_waits_for(here, found),
        hits=titles,
        may_request=visit.may(Permission.REQUESTS_ASK),
        roles=visit.runtime.vocabulary.person_roles,
        budget=visit.runtime.settings.token_evaluations_per_day,
    )


def _page(visit: Visit, circle: CircleId, form: FormView) -> Response:
    with visit.read() as tx:
        here = _here(tx, circle)
        found = person_tokens.list_own(tx, _desk(visit), circle, visit.principal.account)
        renewable = person_tokens.to_renew(tx, _desk(visit), circle)
    return visit.render(
        "person_tokens.html",
        circle=circle,
        charter=here.roster.charter,
        operators=here.operators,
        usable=here.tokens.current is not None and here.tokens.complete,
        epoch=here.tokens.current.epoch if here.tokens.current else 0,
        form=form,
        spellings=_SPELLINGS,
        found=found,
        renewable=renewable,
        most=person_tokens.MAX_RENEWED,
        manages=visit.may(Permission.CIRCLES_MANAGE),
        status=422 if form.errors else 200,
    )


def _attach(visit: Visit, circle: CircleId, statement: StatementId, form: FormView) -> Response:
    with visit.read() as tx:
        here = _here(tx, circle)
        target = require_target(tx, circle, statement, visit.now)
    vocabulary = visit.runtime.vocabulary
    return visit.render(
        "person_attach.html",
        circle=circle,
        charter=here.roster.charter,
        operators=here.operators,
        usable=here.tokens.current is not None and here.tokens.complete,
        members=len(here.roster.others),
        contributor=target.shown,
        statement=statement,
        form=form,
        spellings=_SPELLINGS,
        roles=[(role.id, role.label, role.definition) for role in vocabulary.person_roles.values()],
        status=422 if form.errors else 200,
    )


def _person(visit: Visit, form: FormView) -> PersonInput | FormView:
    """Who is meant, in the one spelling that members share; or the form with what is wrong."""
    try:
        if form.one("spelling") == "orcid":
            return orcid_input(form.text("orcid"))
    except ProtocolError as error:
        return form.wrong({"orcid": sentence(error.detail) + "."})
    if form.one("spelling") != "name":
        return form.wrong({"spelling": "Say how you know this person."})
    with visit.read() as tx:
        organisation = subject_named(tx, form.text("organisation"))
    if organisation is None:
        words = "No organisation, or more than one, is called exactly so. Give its ROR id, LEI or circle identifier."
        return form.wrong({"organisation": words})
    try:
        return named_input(form.text("name"), organisation.id)
    except ProtocolError as error:
        return form.wrong({"name": sentence(error.detail) + "."})


def _here(tx: Transaction, circle: CircleId) -> _Here:
    roster = circles.roster(tx, circle)
    return _Here(roster, require_token_circle(tx, roster))


def _title(visit: Visit, tx: Transaction, hit: Hit) -> str:
    """What the statement of a hit is about; empty where it is not here any more."""
    found = statements.find_shown(tx, hit.contributor, hit.target, now=visit.now)
    if found is None or not found.counts:
        return ""
    vocabulary = visit.runtime.vocabulary
    match found.body:
        case FindingBody() as body:
            known = vocabulary.indicators.get(body.indicator)
            return f"{body.subject.label}: {known.label if known else body.indicator}"
        case RelationBody() as body:
            return f"{body.subject.label}, {body.object.label}"
        case _:
            return ""


def _waits_for(here: _Here, found: Evaluation) -> list[str]:
    """The operators whose turn it is."""
    if found.state is not EvaluationState.WAITING or found.secrets is None:
        return []
    turns = [here.tokens.operators[leg.hop].member for leg in found.secrets.legs if leg.token is None]
    return list(dict.fromkeys(member.name for member in turns if member is not None))


def _desk(visit: Visit) -> Desk:
    return desk_of(visit.runtime)
