"""Releases to readers beyond the members: the list, preparing one, approving it, reading it, and the public page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.disclosure import Content, Period, Release, ReleaseAudience, ReleaseId, ReleaseState
from node.errors import Code, HanseError
from node.insight import releases
from node.insight.handling import left_out_words, marks
from node.insight.release_format import HANDLING, decode, table
from node.insight.releases import SETTLE_DAYS, Order
from node.storage import circles
from node.storage import releases as storage
from node.storage.database import Transaction
from node.web import release_tables
from node.web.formats import counted
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.needs import MAX_ITEMS, Item, Need
from node.web.visits import Guest, Open, Requires, Visit, go
from protocol.errors import ProtocolError
from protocol.identifiers import parse_circle_id, parse_subject_id
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
MONTHS_OFFERED: Final = 12
"""Months and quarters that end in the last year are offered; what is older has been released or forgone."""
MAX_NAMES_CHARACTERS: Final = 2_000
_Id = Annotated[ReleaseId, address_part(LOCAL_ID)]
_Reader = Annotated[Visit, Depends(Requires(Permission.RELEASES_READ))]
_Manager = Annotated[Visit, Depends(Requires(Permission.RELEASES_MANAGE))]
_Approver = Annotated[Visit, Depends(Requires(Permission.RELEASES_APPROVE))]
_Operator = Annotated[Visit, Depends(Requires(Permission.OPERATIONS_MANAGE))]
_Guest = Annotated[Guest, Depends(Open())]
_REFUSALS: Final = frozenset({Code.INVALID, Code.CONFLICT, Code.FOUR_EYES, Code.NO_SUCH_MEMBER})


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """Releases that somebody else has prepared and that wait for a second person."""
    if not visit.may(Permission.RELEASES_APPROVE):
        return ()
    prepared = storage.list_releases(tx, "prepared")
    others = [release for release in prepared if release.prepared_by != visit.principal.account]
    if not others:
        return ()
    names, labels = _names(tx), release_tables.AUDIENCE_LABELS
    waits = "waits" if len(others) == 1 else "wait"
    return (
        Need(
            words=f"{sentence(counted(len(others), 'release'))} {waits} for your approval",
            path="/releases",
            count=len(others),
            items=tuple(
                Item(
                    f"{names.get(release.circle, 'A circle')}, {release.period}",
                    f"/releases/{release.id}",
                    labels[release.audience],
                )
                for release in others[:MAX_ITEMS]
            ),
        ),
    )


@ROUTER.get("/releases")
def show_releases(visit: _Reader) -> Response:
    """What was issued, what waits, and for the operator which circles have a public page."""
    visit.record("releases-read")
    works = _works(visit)
    operates = visit.may(Permission.OPERATIONS_MANAGE)
    with visit.read() as tx:
        issued = storage.list_releases(tx, "issued")
        prepared = storage.list_releases(tx, "prepared") if works else []
        names = _names(tx) if works or operates else {}
        public = storage.public_circles(tx) if operates else frozenset()
    return visit.render(
        "releases.html",
        issued=[(release, decode(release.data)) for release in issued],
        prepared=prepared,
        names=names,
        audiences=release_tables.AUDIENCE_LABELS,
        public=public,
        may_prepare=visit.may(Permission.RELEASES_MANAGE),
        may_operate=operates,
    )


@ROUTER.get("/releases/new")
def show_new(visit: _Manager) -> Response:
    """The form."""
    return _form(visit, FormView.of(audience="partners"))


@ROUTER.post("/releases/new")
def do_new(visit: _Manager) -> Response:
    """Prepare it. Nothing has left: a second person looks at the same numbers."""
    try:
        order = _order(visit.form)
        with visit.read() as tx:
            made = releases.preview(tx, visit.runtime.vocabulary, order, visit.now)
        with visit.write() as tx:
            release = releases.prepare(tx, order, made, visit.principal.account, visit.now)
            visit.note(tx, "release-prepared", release.id)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _form(visit, visit.form.refused(error))
    return go(f"/releases/{release.id}", "release-prepared")


@ROUTER.get("/releases/{release}")
def show_release(visit: _Reader, release: _Id) -> Response:
    """What readers have; one that waits is shown to those who work on it, with what is hidden and why."""
    with visit.read() as tx:
        found = _find(tx, release, visible="issued" if not _works(visit) else None)
    visit.record("release-read", release)
    if found.state == "prepared":
        return _prepared(visit, found, FormView())
    vocabulary = visit.runtime.vocabulary
    return visit.render(
        "release.html",
        shown=_shown(found, vocabulary, f"/releases/{release}"),
        bands=release_tables.BAND_LABELS,
        indicators=vocabulary.indicators,
    )


@ROUTER.get("/releases/{release}/release.json")
def read_json(visit: _Reader, release: _Id) -> Response:
    """Exactly the bytes that were approved."""
    return _file(visit, release, "json")


@ROUTER.get("/releases/{release}/table.csv")
def read_csv(visit: _Reader, release: _Id) -> Response:
    """The same as a table."""
    return _file(visit, release, "csv")


@ROUTER.post("/releases/{release}/approve")
def do_approve(visit: _Approver, release: _Id) -> Response:
    """Issue it, for ever."""
    try:
        with visit.read() as tx:
            found = _find(tx, release, visible=None)
            looked = releases.look_again(tx, visit.runtime.vocabulary, found, visit.now)
        with visit.write() as tx:
            releases.approve(tx, release, visit.form.one("digest"), looked, visit.principal.account, visit.now)
            visit.note(tx, "release-issued", release)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        with visit.read() as tx:
            found = _find(tx, release, visible=None)
        if found.state == "issued":
            raise
        return _prepared(visit, found, visit.form.refused(error))
    return go(f"/releases/{release}", "release-issued")


@ROUTER.post("/releases/{release}/discard")
def do_discard(visit: _Approver, release: _Id) -> Response:
    """Forget one that waits."""
    with visit.write() as tx:
        releases.discard(tx, release)
        visit.note(tx, "release-discarded", release)
    return go("/releases", "release-discarded")


@ROUTER.post("/releases/public")
def do_public(visit: _Operator) -> Response:
    """Switch the public page of one circle on or off."""
    on = visit.form.one("public") == "on"
    with visit.write() as tx:
        roster = next((each for each in circles.list_rosters(tx) if each.circle == visit.form.one("circle")), None)
        if roster is None:
            raise HanseError(Code.NOT_FOUND, "this node is in no such circle.")
        storage.set_public(tx, roster.circle, visit.now, public=on)
        visit.note(tx, "public-page-on" if on else "public-page-off", roster.circle)
    return go("/releases", "public-page-on" if on else "public-page-off")


@ROUTER.get("/published")
def show_published(guest: _Guest) -> Response:
    """The public releases of circles whose public page is on. Nobody signs in for it."""
    with guest.house.runtime.database.read() as tx:
        issued = storage.list_releases(tx, "issued", audience="public", circles=storage.public_circles(tx))
    return guest.render("published.html", issued=[(release, decode(release.data)) for release in issued])


@ROUTER.get("/published/{release}")
def show_public_release(guest: _Guest, release: _Id) -> Response:
    """One of them."""
    found = _public(guest, release)
    vocabulary = guest.house.runtime.vocabulary
    return guest.render(
        "release.html",
        shown=_shown(found, vocabulary, f"/published/{release}"),
        bands=release_tables.BAND_LABELS,
        indicators=vocabulary.indicators,
    )


@ROUTER.get("/published/{release}/release.json")
def read_public_json(guest: _Guest, release: _Id) -> Response:
    """Exactly the bytes that were approved."""
    return _download(_public(guest, release), "json")


@ROUTER.get("/published/{release}/table.csv")
def read_public_csv(guest: _Guest, release: _Id) -> Response:
    """The same as a table."""
    return _download(_public(guest, release), "csv")


def _works(visit: Visit) -> bool:
    """Whether somebody sees releases that wait: both roles read the pool anyway."""
    return visit.may(Permission.RELEASES_MANAGE) or visit.may(Permission.RELEASES_APPROVE)


def _find(tx: Transaction, release: ReleaseId, *, visible: ReleaseState | None) -> Release:
    found = storage.get(tx, release)
    if found is None or visible not in {None, found.state}:
        raise _unknown()
    return found


def _public(guest: Guest, release: ReleaseId) -> Release:
    """A public release; one that is not public is not known to exist."""
    with guest.house.runtime.database.read() as tx:
        found = _find(tx, release, visible="issued")
        if found.audience != "public" or found.circle not in storage.public_circles(tx):
            raise _unknown()
    return found


def _unknown() -> HanseError:
    return HanseError(Code.NOT_FOUND, "there is no such release.")


def _file(visit: Visit, release: ReleaseId, kind: str) -> Response:
    with visit.read() as tx:
        found = _find(tx, release, visible=None if _works(visit) else "issued")
    visit.record("release-taken", release)
    return _download(found, kind)


def _download(release: Release, kind: str) -> Response:
    """A file whose name says which release it is; the digest is the same wherever it is read."""
    data, media = (release.data, "application/json") if kind == "json" else (_csv(release), "text/csv; charset=utf-8")
    headers = {
        "Content-Disposition": f'attachment; filename="release-{release.period}-{release.id}.{kind}"',
        "ETag": f'"{release.digest}-{kind}"',
    }
    return Response(data, media_type=media, headers=headers)


def _csv(release: Release) -> bytes:
    return table(decode(release.data)).encode()


def _order(form: FormView) -> Order:
    """What the form asks for; raises ``INVALID``. Whether we are in the circle is asked later."""
    audience: ReleaseAudience
    match form.one("audience"):
        case "partners":
            audience = "partners"
        case "public":
            audience = "public"
        case _:
            raise HanseError(Code.INVALID, "choose who the readers are.")
    named = form.text("named")[:MAX_NAMES_CHARACTERS].split()
    try:
        subjects = tuple(dict.fromkeys(parse_subject_id(each) for each in named))
        circle = parse_circle_id(form.one("circle"))
    except ProtocolError as error:
        raise HanseError(Code.INVALID, "choose a circle; a subject is named by its identifier.") from error
    return Order(circle, Period.parse(form.one("period")), audience, subjects)


def _form(visit: Visit, form: FormView) -> Response:
    with visit.read() as tx:
        names = _names(tx)
    return visit.render(
        "release_new.html",
        form=form,
        circles=list(names.items()),
        periods=[(str(period), period_words(period)) for period in offered(visit.now)],
        settle_days=SETTLE_DAYS,
        status=422 if form.errors else 200,
    )


def offered(now: Timestamp) -> Sequence[Period]:
    """Months and quarters that are over and settled, the latest first."""
    settled = day_of(now) - timedelta(days=SETTLE_DAYS)
    found: list[Period] = []
    year, month = settled.year, settled.month
    for _ in range(MONTHS_OFFERED + 1):
        periods = [Period(year, month, 1)]
        if (month - 1) % 3 == 0:
            periods.insert(0, Period(year, month, 3))
        found += [period for period in periods if period.last < settled]
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return sorted(found, key=lambda period: (period.last, period.months), reverse=True)


def period_words(period: Period) -> str:
    """A period as people say it."""
    if period.months == 1:
        return f"{period.first:%B} {period.year}"
    return f"{period.first:%B} to {period.last:%B} {period.year}"


def _names(tx: Transaction) -> dict[str, str]:
    return {roster.circle: roster.charter.name for roster in circles.list_rosters(tx)}


def _prepared(visit: Visit, release: Release, form: FormView) -> Response:
    """What waits, computed again: where the pool has changed since, the page says so."""
    vocabulary = visit.runtime.vocabulary
    refusal, now_it_is = "", None
    try:
        with visit.read() as tx:
            now_it_is = releases.look_again(tx, vocabulary, release, visit.now)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        refusal = error.detail
    return visit.render(
        "release_prepared.html",
        status=422 if form.errors else 200,
        form=form,
        preview=now_it_is,
        refusal=refusal,
        changed=now_it_is is not None and now_it_is.digest != release.digest,
        left_out=left_out_words(now_it_is.left_out) if now_it_is else "",
        own=release.prepared_by == visit.principal.account,
        hidden=release_tables.hidden(now_it_is.hidden, now_it_is.content.rules, vocabulary) if now_it_is else (),
        shown=_shown(release, vocabulary, f"/releases/{release.id}"),
        bands=release_tables.BAND_LABELS,
        indicators=vocabulary.indicators,
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """What the reader's page says. All of it follows from the bytes of the release."""

    release: Release
    content: Content
    period: str
    sides: Sequence[release_tables.SideTable]
    handling: str
    path: str


def _shown(release: Release, vocabulary: Vocabulary, path: str) -> Shown:
    content = decode(release.data)
    return Shown(
        release,
        content,
        period_words(content.period),
        release_tables.tables(content, vocabulary),
        marks(HANDLING[content.audience]),
        path,
    )
