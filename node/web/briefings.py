"""Briefings: one page about a circle and a month, or about a partner, to read, to print, and as a PDF."""

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Depends, Query, Response

from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.briefing import AsOf, Briefing, SubjectFigures
from node.domain.dashboard import Month, first_day, month_of
from node.errors import Code, HanseError
from node.insight.briefing import (
    MOST_CLAIMS_OF_A_PAGE,
    circle_briefing,
    parse_as_of,
    parse_month,
    subject_briefing,
)
from node.insight.handling import Audience
from node.insight.pdf import pdf
from node.insight.sheet import Sheet, sheet
from node.insight.words import percent
from node.web import charts
from node.web.charts import Range
from node.web.dashboard import month_words
from node.web.dossier import subject_of
from node.web.figures import Figure
from node.web.forms import FormView, address_part
from node.web.visits import Requires, Visit
from protocol.identifiers import PATTERN_256_BITS, CircleId
from protocol.statements import Timestamp
from protocol.vocabulary import WHOLE, Polarity, Vocabulary

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(PATTERN_256_BITS)]
_Reader = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
_Taker = Annotated[Visit, Depends(Requires(Permission.POOL_EXPORT))]
_Choice = Annotated[str, Query(max_length=64)]
_MONTHS: Final = 24
_DRAWN: Final = 12
"""Readings in one drawing, so that the page stays one; the dossier has all."""
_AUDIENCES: Final[dict[str, Audience]] = {"": "institution", "institution": "institution", "partners": "partners"}
"""For whom a briefing is made. For anybody beyond them there are releases."""


@ROUTER.get("/circles/{circle}/briefing")
def show_circle_briefing(
    visit: _Reader, circle: _Circle, month: _Choice = "", as_of: _Choice = "", audience: _Choice = ""
) -> Response:
    """A circle and a month on one page."""
    made = _of_circle(visit, circle, month, as_of, audience)
    return _page(visit, made, f"/circles/{circle}/briefing", month, as_of, audience, months=_months(visit.now))


@ROUTER.get("/circles/{circle}/briefing.pdf")
def download_circle_briefing(
    visit: _Taker, circle: _Circle, month: _Choice = "", as_of: _Choice = "", audience: _Choice = ""
) -> Response:
    """The same as a file, for the institution or for its partners."""
    return _file(visit, _of_circle(visit, circle, month, as_of, audience))


@ROUTER.get("/subjects/{subject}/briefing")
def show_subject_briefing(visit: _Reader, subject: str, as_of: _Choice = "", audience: _Choice = "") -> Response:
    """What every circle says about a partner, on one page."""
    made = _of_subject(visit, subject, as_of, audience)
    return _page(visit, made, f"/subjects/{subject}/briefing", "", as_of, audience, months=[])


@ROUTER.get("/subjects/{subject}/briefing.pdf")
def download_subject_briefing(visit: _Taker, subject: str, as_of: _Choice = "", audience: _Choice = "") -> Response:
    """The same as a file."""
    return _file(visit, _of_subject(visit, subject, as_of, audience))


def _of_circle(visit: Visit, circle: CircleId, month: str, as_of: str, audience: str) -> Briefing:
    about, at, whom = parse_month(month) if month else None, _as_of(as_of), _audience(audience)
    visit.record("briefing-read", circle)
    with visit.read() as tx:
        return circle_briefing(
            tx,
            visit.runtime.vocabulary,
            circle,
            visit.now,
            month=about,
            as_of=at,
            audience=whom,
            most_claims=MOST_CLAIMS_OF_A_PAGE,
        )


def _of_subject(visit: Visit, subject: str, as_of: str, audience: str) -> Briefing:
    parsed, at, whom = subject_of(subject), _as_of(as_of), _audience(audience)
    visit.record("briefing-read", parsed)
    with visit.read() as tx:
        return subject_briefing(tx, visit.runtime.vocabulary, parsed, visit.now, as_of=at, audience=whom)


def _page(
    visit: Visit,
    made: Briefing,
    path: str,
    month: str,
    as_of: str,
    audience: str,
    *,
    months: list[tuple[str, str]],
) -> Response:
    return visit.render(
        "briefing.html",
        sheet=sheet(made, visit.runtime.vocabulary),
        figure=_ranges(made.figures, visit.runtime.vocabulary) if isinstance(made.figures, SubjectFigures) else None,
        briefing=made,
        path=path,
        asked={"month": month, "as_of": str(made.as_of), "audience": audience},
        form=FormView.of(
            month=month or _code(month_of(made.as_of.day)), as_of=as_of, audience=audience or "institution"
        ),
        months=months,
        audiences=[("institution", "People of this institution"), ("partners", "Partners who need it")],
        may_take=visit.may(Permission.POOL_EXPORT),
    )


def _ranges(figures: SubjectFigures, vocabulary: Vocabulary) -> Figure | None:
    """Every reading with weight on one scale, assurances first; those that carry none are in the words alone."""
    order: tuple[Polarity, ...] = ("assurance", "concern", "context")
    readings = [each for circle in figures.circles for each in circle.readings if each.likelihood != "unknown"]
    readings.sort(key=lambda each: (order.index(vocabulary.indicators[each.indicator].polarity), -each.expected_ppm))
    rows = [
        Range(
            f"{vocabulary.indicators[each.indicator].label} ({vocabulary.indicators[each.indicator].polarity})",
            percent(each.belief_ppm),
            percent(each.belief_ppm + each.uncertainty_ppm),
            percent(each.expected_ppm),
            was=percent(each.expected_ppm - each.moved_30_ppm),
            words="" if each.scope == WHOLE else vocabulary.scope_label(each.scope),
        )
        for each in readings[:_DRAWN]
    ]
    title = "What each reading expects, of 100, and what it leaves open"
    return charts.ranges("readings", title, rows, ("Reading", "Expected"), was="30 days ago") if rows else None


def _file(visit: Visit, made: Briefing) -> Response:
    words: Sheet = sheet(made, visit.runtime.vocabulary)
    return Response(
        pdf(words, made.as_of.day),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="briefing-{made.as_of}.pdf"'},
    )


def _as_of(text: str) -> AsOf | None:
    return parse_as_of(text) if text else None


def _audience(text: str) -> Audience:
    if text not in _AUDIENCES:
        raise HanseError(
            Code.INVALID,
            "a briefing is made for the institution or for partners.",
            remedy=f"Ask for one of: {', '.join(get_args(Audience)[1:3])}. For others there are releases.",
        )
    return _AUDIENCES[text]


def _months(now: Timestamp) -> list[tuple[str, str]]:
    last = month_of(day_of(now))
    return [(_code(Month(last - back)), month_words(Month(last - back))) for back in range(_MONTHS)]


def _code(month: Month) -> str:
    return first_day(month).isoformat()[:7]
