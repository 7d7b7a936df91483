"""Partners that one watches: what has moved about them, and how one is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.watch import Alert, Change, Pace
from node.errors import Code, HanseError
from node.insight import watch
from node.storage import circles as rosters
from node.storage import watch as storage
from node.storage.database import Transaction
from node.subjects import label_of
from node.web.dossier import subject_of
from node.web.formats import counted
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.needs import Need
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
_PATH: Final = "/watch"
_PACES: Final = (
    (Pace.NEVER.value, "Never", "The first page says so, when you come."),
    (Pace.AT_ONCE.value, "At once", "At most every quarter of an hour."),
    (Pace.DAILY.value, "Once a day", "If there is something new."),
)
_CHANGES: Final = {Change.NEW: "new", Change.MOVED: "reads differently", Change.GONE: "no longer stated"}
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
_Watch = Annotated[str, address_part(LOCAL_ID)]


@dataclass(frozen=True, slots=True)
class Line:
    """One alert in words."""

    alert: Alert
    what: str
    circle: str
    indicator: str
    polarity: str


@ROUTER.get(_PATH)
def show_watch(visit: _Visit) -> Response:
    """What has moved, what is watched, and how one is told. Whoever reads it has seen it."""
    return _page(visit, FormView())


@ROUTER.post(_PATH)
def do_watch(visit: _Visit) -> Response:
    """Watch an organisation."""
    subject = subject_of(visit.form.one("subject"))
    with visit.write() as tx:
        watch.add(
            tx,
            visit.runtime.vault,
            visit.principal.account,
            subject,
            label_of(tx, subject),
            relatives=visit.form.has("relatives", "yes"),
            now=visit.now,
        )
        visit.note(tx, "watch-begun", subject)
    return go(f"/subjects/{subject}", "watch-begun")


@ROUTER.post("/watch/delivery")
def do_delivery(visit: _Visit) -> Response:
    """How one is told."""
    try:
        pace = _pace(visit.form)
        with visit.write() as tx:
            address = visit.form.one("address")
            watch.set_delivery(tx, visit.runtime.vault, visit.principal.account, address, pace)
            visit.note(tx, "watch-delivery-set")
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        return _page(visit, visit.form.wrong({"address": FormView().refused(error).errors[""]}))
    return go(_PATH, "watch-delivery")


@ROUTER.post("/watch/{item}/end")
def do_end(visit: _Visit, item: _Watch) -> Response:
    """End a watch."""
    with visit.write() as tx:
        if not storage.remove(tx, visit.principal.account, item):
            raise HanseError(Code.NOT_FOUND, "there is no such watch of yours.")
        visit.note(tx, "watch-ended", item)
    return go(_PATH, "watch-ended")


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """Signals about watched partners that their watcher has not looked at."""
    unseen = storage.count_unseen(tx, visit.principal.account) if visit.may(Permission.POOL_READ) else 0
    if not unseen:
        return ()
    reads = "reads" if unseen == 1 else "read"
    words = f"{sentence(counted(unseen, 'signal'))} {reads} differently since you last looked"
    return (Need(words=f"{words}, about partners you watch", path=_PATH, count=unseen),)


def _pace(form: FormView) -> Pace:
    chosen = next((pace for pace in Pace if form.has("pace", pace.value)), None)
    if chosen is None:
        raise HanseError(Code.INVALID, "choose when you want to be told.")
    return chosen


def _page(visit: Visit, form: FormView) -> Response:
    runtime, account = visit.runtime, visit.principal.account
    with visit.read() as tx:
        watches = storage.of_account(tx, runtime.vault, account)
        alerts = storage.alerts(tx, runtime.vault, account, watch.MAX_ALERTS)
        wanted = storage.delivery(tx, runtime.vault, account)
        names = {roster.circle: roster.charter.name for roster in rosters.list_rosters(tx)}
    with visit.write() as tx:
        if any(not alert.seen for alert in alerts):
            storage.mark_seen(tx, account)
        visit.note(tx, "watch-read")
    if not form.errors:
        form = FormView.of(address=wanted.address, pace=wanted.pace.value)
    lines = [_line(visit, alert, names.get(alert.circle, "a circle that this node has left")) for alert in alerts]
    return visit.render(
        "watch.html",
        watches=watches,
        fresh=[line for line in lines if not line.alert.seen],
        earlier=[line for line in lines if line.alert.seen],
        form=form,
        paces=_PACES,
        carriers=_carriers(visit),
        status=422 if form.errors else 200,
    )


def _line(visit: Visit, alert: Alert, circle: str) -> Line:
    indicator = visit.runtime.vocabulary.indicators.get(alert.indicator)
    return Line(
        alert=alert,
        what=_CHANGES[alert.change],
        circle=circle,
        indicator=alert.indicator if indicator is None else indicator.label,
        polarity="" if indicator is None else indicator.polarity,
    )


def _carriers(visit: Visit) -> str:
    """Who would take a notice outside, in words; empty where nobody would."""
    settings = visit.runtime.settings
    named = [settings.mail and "by e-mail", settings.webhook and "through your institution's own service"]
    return " and ".join(each for each in named if each)
