"""Signals: the list of them, and one explained down to the statements it came from, with what would change its word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from node.circles import list_circles
from node.domain.accounts import Permission
from node.domain.explanation import Alternative, Name, SignalDetail
from node.domain.insight import FindingView, ResponseView, SignalFilter, SignalOrder, SignalView
from node.domain.settling import Settled
from node.errors import Code, HanseError
from node.insight import settling
from node.insight.explain import claim_of, detail
from node.insight.signals import MAX_PLACE_CHARACTERS, indicators_of, listed
from node.storage import settlements
from node.web.dossier import subject_of
from node.web.forms import FormView, whole_number
from node.web.visits import Requires, Visit, go
from protocol.decay import PPM
from protocol.identifiers import CircleId, VocabularyCode
from protocol.signals import PRIOR_WEIGHT, Contribution, LikelihoodWord
from protocol.vocabulary import WHOLE, Polarity, Vocabulary

ROUTER = APIRouter()
PER_PAGE: Final = 50
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
_Settler = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_Choice = Annotated[str, Query(max_length=64)]
_Place = Annotated[str, Query(max_length=MAX_PLACE_CHARACTERS)]
_ORDERS: Final[Mapping[SignalOrder, str]] = {
    "moved-30": "What moved most in 30 days",
    "moved-90": "What moved most in 90 days",
    "newest": "Newest evidence first",
    "contributors": "Most contributors first",
    "subject": "By identifier",
}
_MOST: Final = 1_000
_CONFLICTS: Final = (("250000", "Some or more"), ("600000", "Marked"))
_WORDS: Final[tuple[LikelihoodWord, ...]] = get_args(LikelihoodWord)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks a list of signals for; every field as it is written there."""

    circle: str = ""
    group: str = ""
    indicator: str = ""
    domain: str = ""
    polarity: str = ""
    likelihood: str = ""
    min_roots: str = ""
    min_contributors: str = ""
    conflict: str = ""
    order: str = ""

    def filters(self, vocabulary: Vocabulary) -> SignalFilter:
        """The filter; raises ``INVALID`` for what the page does not offer."""
        if self.domain not in {"", WHOLE, *vocabulary.technology_domains}:
            raise _no_such_list()
        words_ = {each: each for each in (*_WORDS, "unknown")}
        if self.likelihood and self.likelihood not in words_:
            raise _no_such_list()
        polarity = next((each for each in get_args(Polarity) if each == self.polarity), None)
        if self.polarity and polarity is None:
            raise _no_such_list()
        likelihood = next((each for each in (*_WORDS, "unknown") if each == self.likelihood), None)
        return SignalFilter(
            indicators=indicators_of(
                vocabulary, group=self.group or None, indicator=self.indicator or None, polarity=polarity
            ),
            likelihoods=None if likelihood is None else frozenset({likelihood}),  # type: ignore[arg-type] # one of them
            min_roots=whole_number(self.min_roots or "0", low=0, high=_MOST),
            min_contributors=whole_number(self.min_contributors or "0", low=0, high=_MOST),
            min_conflict_ppm=whole_number(self.conflict or "0", low=0, high=PPM),
            scope=VocabularyCode(self.domain) if self.domain else None,
        )

    @property
    def by(self) -> SignalOrder:
        """The order; raises ``INVALID``."""
        if not self.order:
            return "moved-30"
        found = next((each for each in _ORDERS if each == self.order), None)
        if found is None:
            raise _no_such_list()
        return found

    def path(self, after: str = "") -> str:
        """The address of this list, or of the page of it behind a place."""
        chosen = {name: value for name in self.__slots__ if (value := getattr(self, name))}
        return "/signals" + ("?" + urlencode(chosen | ({"after": after} if after else {})) if chosen or after else "")


@ROUTER.get("/signals")
def show_signals(visit: _Visit, asked: Annotated[Asked, Depends()], after: _Place = "") -> Response:
    """Signals as last computed, concerns and assurances as lines of equal standing."""
    vocabulary = visit.runtime.vocabulary
    filters, order = asked.filters(vocabulary), asked.by
    visit.record("signals-listed", asked.circle)
    with visit.read() as tx:
        circles = list_circles(tx)
        circle = CircleId(asked.circle) if asked.circle else None
        page = listed(tx, vocabulary, filters, circle=circle, order=order, after=after, limit=PER_PAGE, now=visit.now)
    return visit.render(
        "signals.html",
        page_of=page,
        asked=asked,
        order=order,
        orders=_ORDERS,
        circles={each.id: each.name for each in circles},
        form=FormView.of(**{name: getattr(asked, name) for name in asked.__slots__}),
        choices=_choices(vocabulary, [(each.id, each.name) for each in circles]),
        next_path=asked.path(page.next) if page.next else "",
        first_path=asked.path() if after else "",
        filtered=filters != SignalFilter(),
    )


@ROUTER.get("/signals/{circle}/{subject}/{indicator}/{scope}")
def show_signal(visit: _Visit, circle: str, subject: str, indicator: str, scope: str) -> Response:
    """How one reading is computed, with every number that goes into it, and what would change it."""
    return _page(visit, circle, subject, indicator, scope, FormView())


@ROUTER.post("/signals/{circle}/{subject}/{indicator}/{scope}/settle")
def do_settle(visit: _Settler, circle: str, subject: str, indicator: str, scope: str) -> Response:
    """Say that a claim has turned out so or not so, or take that back. Changes no reading."""
    visit.principal.require(Permission.POOL_READ)
    form, wrong = visit.form, {}
    answer = next((each for each in get_args(Settled) if each == form.one("settled")), None)
    if answer is None:
        wrong["settled"] = "Choose one."
    if not form.text("reason_settled"):
        wrong["reason_settled"] = "Say how it is known. Whoever reads this later has only this."
    if wrong or answer is None:
        return _page(visit, circle, subject, indicator, scope, form.wrong(wrong))
    claim = claim_of(circle, subject_of(subject), indicator, scope)
    runtime = visit.runtime
    with visit.write() as tx:
        found = detail(tx, runtime.vocabulary, claim, visit.now)
        claim = claim_of(circle, found.view.subject, indicator, scope)
        reason = form.text("reason_settled")
        settling.settle(tx, runtime.vault, claim, answer, reason, visit.principal.account, visit.now)
        visit.note(tx, "claim-settled", claim.subject)
    return go(f"/signals/{circle}/{claim.subject}/{indicator}/{scope}", "claim-settled", "settle")


def _page(visit: Visit, circle: str, subject: str, indicator: str, scope: str, form: FormView) -> Response:
    claim = claim_of(circle, subject_of(subject), indicator, scope)
    visit.record("signal-read", claim.subject)
    with visit.read() as tx:
        found = detail(tx, visit.runtime.vocabulary, claim, visit.now)
        claim = claim_of(circle, found.view.subject, indicator, scope)
        settled = settlements.history(tx, visit.runtime.vault, claim)
    view = found.view
    return visit.render(
        "signal.html",
        status=422 if form.errors else 200,
        detail=found,
        view=view,
        signal=view.signal,
        explanation=found.explanation,
        rows=[(each, *_source(view, each)) for each in view.signal.contributions],
        replies=list(
            {
                (each.provenance.contributor, each.provenance.id): each
                for finding in view.findings
                for each in finding.replies
            }.values()
        ),
        answers=[each for finding in view.findings for each in finding.responses],
        without=[(_who(found, each), each) for each in found.explanation.without_contributor],
        without_root=[(_numbers(found, each), each) for each in found.explanation.without_root],
        names=_names(view),
        prior=PRIOR_WEIGHT,
        vocabulary=visit.runtime.vocabulary,
        form=form,
        settled=settled,
        may_settle=visit.may(Permission.ASSESSMENTS_WRITE),
    )


def _statements(view: SignalView) -> dict[Name, FindingView | ResponseView]:
    found: dict[Name, FindingView | ResponseView] = {}
    for finding in view.findings:
        found[finding.provenance.contributor, finding.provenance.id] = finding
        for response in finding.responses:
            found[response.provenance.contributor, response.provenance.id] = response
    return found


def _names(view: SignalView) -> dict[Name, str]:
    """The pseudonym behind each statement."""
    return {name: each.provenance.pseudonym for name, each in _statements(view).items()}


def _source(view: SignalView, contribution: Contribution) -> tuple[FindingView | ResponseView | None, int]:
    """The statement behind a contribution, and how old its evidence is, in days."""
    found = _statements(view).get(contribution.statement)
    return found, (view.as_of - found.observation.observed_until).days if found else 0


def _who(found: SignalDetail, alternative: Alternative) -> Sequence[str]:
    names = _names(found.view)
    return [names[each] for each in alternative.left_out if each in names]


def _numbers(found: SignalDetail, alternative: Alternative) -> Sequence[int]:
    """The root that an alternative leaves out."""
    return [each.number for each in found.explanation.roots if set(each.statements) & set(alternative.left_out)]


def _choices(vocabulary: Vocabulary, circles: Sequence[tuple[str, str]]) -> dict[str, Sequence[tuple[str, str]]]:
    return {
        "order": list(_ORDERS.items()),
        "circle": circles,
        "polarity": [("assurance", "Assurances"), ("concern", "Concerns"), ("context", "Context")],
        "group": [(each.id, each.label) for each in vocabulary.groups.values()],
        "indicator": [(each.id, each.label) for each in vocabulary.indicators.values()],
        "likelihood": [(each, each.replace("-", " ")) for each in (*_WORDS, "unknown")],
        "conflict": _CONFLICTS,
        "least": [(str(number), f"{number} or more") for number in (2, 3, 5, 10)],
    }


def _no_such_list() -> HanseError:
    return HanseError(
        Code.INVALID,
        "the address asks for a list that does not exist.",
        remedy="Open the list without anything behind its address and choose there.",
    )
