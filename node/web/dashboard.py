"""The dashboard of a circle: what moved, where the pool disagrees, what it covers, who contributes, how it goes.

Filters are in the address, so that a view can be sent to somebody, printed, and opened again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from node.circles import list_circles
from node.circles.members import members_view
from node.domain.accounts import Permission
from node.domain.circles import CircleView
from node.domain.dashboard import Board, BoardFilter, Covered, Days, Month, SubjectCounts, first_day
from node.errors import Code, HanseError
from node.insight.dashboard import board
from node.storage import dashboard
from node.storage.database import Transaction
from node.web import charts
from node.web.charts import Bar, MatrixCell, MatrixRow, Series
from node.web.figures import Figure
from node.web.forms import FormView, address_part
from node.web.visits import Requires, Visit, go
from protocol.identifiers import PATTERN_256_BITS, CircleId, VocabularyCode
from protocol.vocabulary import WHOLE, Polarity, Vocabulary

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(PATTERN_256_BITS)]
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
_Choice = Annotated[str, Query(max_length=64)]
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_Cell: TypeAlias = Callable[[Sequence[Covered]], MatrixCell]
_MONTHS_OF_MATRIX: Final = 12
_ROWS_OF_MATRIX: Final = 20
"""Contributors drawn one by one; those with the least are summed up below, and the table has them all together too."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One circle in the list of dashboards."""

    circle: CircleView
    subjects: SubjectCounts


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """Candidates that too few have endorsed yet, and members against whom too few have voted yet."""

    candidates: int
    removals: int


@ROUTER.get("/dashboards")
def show_dashboards(visit: _Visit) -> Response:
    """The circles of this node, or the dashboard of the only one."""
    with visit.read() as tx:
        circles = list_circles(tx)
        glances = [Glance(each, dashboard.subject_counts(tx, each.id)) for each in circles]
    if len(glances) == 1:
        return go(f"/circles/{glances[0].circle.id}/dashboard")
    return visit.render("dashboards.html", glances=glances)


@ROUTER.get("/circles/{circle}/dashboard")
def show_dashboard(
    visit: _Visit,
    circle: _Circle,
    days: _Choice = "",
    group: _Choice = "",
    domain: _Choice = "",
    polarity: _Choice = "",
) -> Response:
    """One circle on one page."""
    vocabulary = visit.runtime.vocabulary
    filters = read_filter(vocabulary, days=days, group=group, domain=domain, polarity=polarity)
    visit.record("dashboard-read", circle)
    with visit.read() as tx:
        found = board(tx, vocabulary, circle, filters, visit.now)
        waiting = _open_requests(visit, tx, circle) if visit.may(Permission.ROSTERS_READ) else None
    return visit.render(
        "dashboard.html",
        board=found,
        form=FormView.of(days=str(filters.days), group=group, domain=domain, polarity=polarity),
        choices=_choices(vocabulary),
        filtered=_filter_words(vocabulary, filters),
        figures=figures(found, vocabulary),
        signals_path=signals_path(found),
        waiting=waiting,
    )


def _open_requests(visit: Visit, tx: Transaction, circle: CircleId) -> OpenRequests:
    """What waits for the word of members; in counts, whose it is stands on the circle's page."""
    view = members_view(tx, visit.runtime.vault, circle)
    return OpenRequests(
        candidates=len(view.candidates),
        removals=sum(bool(line.removal_votes) for line in view.lines if line.member.status == "current"),
    )


def read_filter(vocabulary: Vocabulary, *, days: str, group: str, domain: str, polarity: str) -> BoardFilter:
    """The filter in an address; raises ``INVALID`` for what the page would not offer."""
    wanted = {"": 30, **{str(each): each for each in get_args(Days)}}
    sides = {"": None, **{each: each for each in get_args(Polarity)}}
    scopes = {"", WHOLE, *vocabulary.technology_domains}
    if days not in wanted or polarity not in sides or domain not in scopes or group not in {"", *vocabulary.groups}:
        raise HanseError(
            Code.INVALID,
            "the address asks for a view that does not exist.",
            remedy="Open the dashboard without anything behind its address and choose there.",
        )
    return BoardFilter(
        days=90 if days == "90" else 30,
        group=VocabularyCode(group) if group else None,
        scope=VocabularyCode(domain) if domain else None,
        side=next((each for each in get_args(Polarity) if each == polarity), None),
    )


def figures(found: Board, vocabulary: Vocabulary) -> dict[str, Figure]:
    """The charts of a dashboard, by name."""
    stated = {each.group for each in found.coverage}
    return {
        "partners": charts.bars(
            "coverage-partners",
            "Partners with a live finding",
            [
                Bar(
                    vocabulary.groups[group].label,
                    number.any,
                    f"assurance {number.assurances:,}, concern {number.concerns:,}"
                    if group in stated
                    else "unknown: nothing was ever stated",
                )
                for group, number in found.subjects_by_group.items()
            ],
            ("Group of indicators", "Partners"),
        ),
        "live": _matrix(found, vocabulary, "coverage-live", "Findings that count today", _live),
        "fresh": _matrix(
            found, vocabulary, "coverage-fresh", "Of these, seen in the last twelve months, of 100", _fresh, whole=100
        ),
        "months": _months(found),
        "contributors": _contributors(found),
    }


def signals_path(found: Board) -> str:
    """The whole list of signals behind the short ones."""
    filters = found.filters
    chosen = {"circle": found.circle, "order": f"moved-{filters.days}"}
    chosen |= {"group": filters.group} if filters.group else {}
    chosen |= {"polarity": filters.side} if filters.side else {}
    return "/signals?" + urlencode(chosen)


def short_month(month: Month) -> str:
    """``Sep 26``."""
    day = first_day(month)
    return f"{_MONTHS[day.month - 1]} {day.year % 100:02}"


def month_words(month: Month) -> str:
    """``Sep 2026``."""
    day = first_day(month)
    return f"{_MONTHS[day.month - 1]} {day.year}"


def _live(covered: Sequence[Covered]) -> MatrixCell:
    if not covered:
        return MatrixCell(None)
    live, stated = sum(each.live for each in covered), sum(each.stated for each in covered)
    newest = max((each.newest for each in covered if each.newest is not None), default=None)
    parts = [f"newest evidence {month_words(newest)}"] if newest is not None else []
    parts += [f"{stated - live:,} no longer count"] if stated > live else []
    return MatrixCell(live, "; ".join(parts))


def _fresh(covered: Sequence[Covered]) -> MatrixCell:
    live = sum(each.live for each in covered)
    fresh = sum(each.fresh for each in covered)
    return MatrixCell(fresh * 100 // live, f"{fresh:,} of {live:,}") if live else MatrixCell(None)


def _matrix(
    found: Board, vocabulary: Vocabulary, name: str, title: str, cell: _Cell, *, whole: int | None = None
) -> Figure:
    by_field: dict[tuple[VocabularyCode, VocabularyCode], list[Covered]] = {}
    for each in found.coverage:
        by_field.setdefault((each.group, each.scope), []).append(each)
    scopes = [found.filters.scope] if found.filters.scope else [WHOLE, *vocabulary.technology_domains]
    groups = [found.filters.group] if found.filters.group else list(vocabulary.groups)
    rows = [
        MatrixRow(vocabulary.groups[group].label, [cell(by_field.get((group, scope), ())) for scope in scopes])
        for group in groups
    ]
    columns = [_short(vocabulary, scope) for scope in scopes]
    return charts.matrix(name, title, columns, rows, "Group of indicators", whole=whole)


def _short(vocabulary: Vocabulary, scope: VocabularyCode) -> str:
    return "Not limited to a domain" if scope == WHOLE else vocabulary.technology_domains[scope].label


def _months(found: Board) -> Figure:
    def sums(side: Polarity) -> list[int]:
        by_month: dict[Month, int] = {}
        for each in found.contributions:
            if each.side == side:
                by_month[each.month] = by_month.get(each.month, 0) + each.stated
        return [by_month.get(month, 0) for month in found.months]

    series = [
        Series("Assurances", "full", sums("assurance")),
        Series("Concerns", "hatch", sums("concern")),
        Series("Context", "open", sums("context")),
    ]
    shown = [each for each in series if found.filters.side is None or any(each.values)]
    return charts.stacked(
        "contributions-months", "Findings stated, by month", [month_words(month) for month in found.months], shown
    )


def _contributors(found: Board) -> Figure:
    """Pseudonyms in the order of what they stated; a member that stated nothing has a row of zeros."""
    months = found.months[-_MONTHS_OF_MATRIX:]
    given = {key: dict.fromkeys(months, 0) for key in found.pseudonyms}
    for each in found.contributions:
        if each.month in given[each.contributor]:
            given[each.contributor][each.month] += each.stated
    order = sorted(given, key=lambda key: (-sum(given[key].values()), found.pseudonyms[key]))
    rows = [
        MatrixRow(found.pseudonyms[key], [MatrixCell(value) for value in given[key].values()])
        for key in order[:_ROWS_OF_MATRIX]
    ]
    rest = order[_ROWS_OF_MATRIX:]
    if rest:
        sums = [sum(given[key][month] for key in rest) for month in months]
        rows.append(MatrixRow(f"{len(rest):,} others together", [MatrixCell(value) for value in sums]))
    return charts.matrix(
        "contributions-contributors",
        "Findings stated, by contributor",
        [short_month(month) for month in months],
        rows,
        "Contributor",
    )


def _choices(vocabulary: Vocabulary) -> Mapping[str, Sequence[tuple[str, str]]]:
    return {
        "days": [("30", "30 days"), ("90", "90 days")],
        "group": [(each.id, each.label) for each in vocabulary.groups.values()],
        "domain": [(WHOLE, "Not limited to a domain")]
        + [(each.id, each.label) for each in vocabulary.technology_domains.values()],
        "polarity": [("assurance", "Assurances"), ("concern", "Concerns"), ("context", "Context")],
    }


def _filter_words(vocabulary: Vocabulary, filters: BoardFilter) -> list[str]:
    """What the filters leave, for a printed page."""
    words = []
    if filters.group:
        words.append(vocabulary.groups[filters.group].label)
    if filters.scope:
        words.append(_short(vocabulary, filters.scope))
    if filters.side:
        words.append({"assurance": "assurances", "concern": "concerns", "context": "context"}[filters.side] + " only")
    return words
