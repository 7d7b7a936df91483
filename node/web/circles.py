"""Circles: the list, the charter editor, and charters that go round to be signed."""

from dataclasses import dataclass
from typing import Annotated, Final, get_args

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from node import circles
from node.circles import Terms, proposals
from node.circles.proposals import Proposal
from node.domain.accounts import Permission
from node.errors import Code, HanseError
from node.web.forms import FormView, address_part, whole_number
from node.web.visits import Requires, Visit, go
from protocol.circles import (
    DEFAULT_THRESHOLD,
    MAX_QUOTA,
    MAX_QUOTA_BYTES,
    MAX_SIGNED_CHARTER_BYTES,
    MAX_TERMS_CHARACTERS,
    MIN_THRESHOLD,
    Attribution,
    encode_charter,
    encode_signed_charter,
)
from protocol.errors import ProtocolError
from protocol.identifiers import PATTERN_256_BITS, CircleId
from protocol.limits import MAX_LABEL_CHARACTERS, MAX_MEMBERS, MAX_RETENTION_DAYS

ROUTER = APIRouter()
_FORM_BYTES: Final = 65_536
"""What a form needs around its file."""
MAX_FILE_BYTES: Final = MAX_SIGNED_CHARTER_BYTES + _FORM_BYTES
_Circle = Annotated[CircleId, address_part(PATTERN_256_BITS)]
_Reader = Annotated[Visit, Depends(Requires(Permission.CIRCLES_READ))]
_Visit = Annotated[Visit, Depends(Requires(Permission.CIRCLES_MANAGE))]
_REFUSALS: Final = frozenset(
    {Code.INVALID, Code.CONFLICT, Code.BAD_FILE, Code.NO_SUCH_MEMBER, Code.IDENTITY_OFFLINE, Code.TOO_LARGE}
)
_ATTRIBUTIONS: Final = (
    (
        "pseudonymous",
        "By pseudonym",
        "Analysts, coordinators and exports see a pseudonym. Members still know each other: they hold the roster.",
    ),
    ("named", "By name", "Everybody who may read the pool sees which institution has said what."),
)
_MEGABYTE: Final = 1_000_000


_DEFAULTS: Final = Terms(name="", purpose="", legal_basis="")


@dataclass(frozen=True, slots=True)
class _Number:
    """One whole number among the terms."""

    field: str
    low: int
    high: int
    words: str


_NUMBERS: Final = (
    _Number("small_number_threshold", MIN_THRESHOLD, MAX_MEMBERS, "the small-number threshold"),
    _Number("retention_days", 1, MAX_RETENTION_DAYS, "the days that statements are kept"),
    _Number("quota_entries_per_day", 1, MAX_QUOTA, "the entries a day"),
    _Number("quota_megabytes_per_day", 1, MAX_QUOTA_BYTES // _MEGABYTE, "the megabytes a day"),
)


async def read_file(request: Request) -> bytes:
    """The file that a form sent, or nothing. The form was read, with its bounds, by the route's guard before."""
    upload = (await request.form()).get("file")
    return await upload.read() if isinstance(upload, UploadFile) else b""


File = Annotated[bytes, Depends(read_file)]


@ROUTER.get("/circles")
def show_circles(visit: _Reader) -> Response:
    """Every circle of this node, and the charters that go round."""
    return _list(visit, FormView())


@ROUTER.post("/circles/card")
def do_card(visit: _Visit) -> Response:
    """A card with a contributor key made for it, as a file to hand over."""
    try:
        card = circles.card(visit.runtime.keyring, visit.runtime.settings)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _list(visit, FormView().refused(error))
    with visit.write() as tx:
        visit.note(tx, "card-made")
    return download(card + b"\n", "our-card.txt")


@ROUTER.post("/circles/upload", max_body_size=MAX_FILE_BYTES)
def do_upload(visit: _Visit, data: File) -> Response:
    """A charter that was sent to us, or that has come back with further signatures."""
    content = data or visit.form.text("charter").encode()
    try:
        signed = circles.read_charter(content)
        with visit.write() as tx:
            circle = proposals.keep(tx, signed, visit.now)
            visit.note(tx, "charter-received", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _list(visit, visit.form.wrong({"file": FormView().refused(error).errors[""]}))
    return go(f"/circles/proposals/{circle}", "charter-received")


@ROUTER.get("/circles/new")
def show_new(visit: _Visit) -> Response:
    """The charter editor, with defaults that suit most circles."""
    form = FormView.of(
        small_number_threshold=str(DEFAULT_THRESHOLD),
        retention_days=str(MAX_RETENTION_DAYS),
        quota_entries_per_day=str(_DEFAULTS.quota_entries_per_day),
        quota_megabytes_per_day=str(_DEFAULTS.quota_bytes_per_day // _MEGABYTE),
        attribution="pseudonymous",
        ours="make",
    )
    return _editor(visit, form)


@ROUTER.post("/circles/new", max_body_size=MAX_FILE_BYTES)
def do_new(visit: _Visit, data: File) -> Response:
    """Draft the charter from the terms and the cards. It founds nothing before everybody has signed."""
    form = visit.form
    wrong = _wrong(form)
    try:
        cards = proposals.read_cards(f"{form.one('cards')}\n{data.decode('utf-8', 'replace')}")
        if not cards and not form.has("ours", "make"):
            wrong["cards"] = "Give at least one card."
    except HanseError as error:
        wrong["cards"] = FormView().refused(error).errors[""]
        cards = []
    if wrong:
        return _editor(visit, form.wrong(wrong))
    keyring = visit.runtime.keyring
    try:
        if form.has("ours", "make"):
            cards.append(circles.card(keyring, visit.runtime.settings))
        signed = circles.create(keyring, _terms(form), cards)
        with visit.write() as tx:
            circle = proposals.keep(tx, signed, visit.now)
            visit.note(tx, "charter-drafted", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _editor(visit, form.refused(error))
    except ProtocolError as error:
        return _editor(visit, form.wrong({"": f"The charter cannot be made of this: {error.detail}."}))
    return go(f"/circles/proposals/{circle}", "charter-drafted")


@ROUTER.get("/circles/proposals/{circle}")
def show_proposal(visit: _Visit, circle: _Circle) -> Response:
    """The terms, the founders and who has signed."""
    return _proposal(visit, circle, FormView())


@ROUTER.get("/circles/proposals/{circle}/file")
def show_file(visit: _Visit, circle: _Circle) -> Response:
    """The charter as the file that goes round."""
    with visit.read() as tx:
        found = proposals.get(tx, visit.runtime.keyring, circle)
    return download(encode_signed_charter(found.signed) + b"\n", f"{circle[:8]}.charter")


@ROUTER.post("/circles/proposals/{circle}/sign")
def do_sign(visit: _Visit, circle: _Circle) -> Response:
    """Sign exactly these terms."""
    try:
        with visit.write() as tx:
            proposals.sign(tx, visit.runtime.keyring, circle, visit.now)
            visit.note(tx, "charter-signed", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _proposal(visit, circle, FormView().refused(error))
    return go(f"/circles/proposals/{circle}", "charter-signed")


@ROUTER.post("/circles/proposals/{circle}/join")
def do_join(visit: _Visit, circle: _Circle) -> Response:
    """Become a member of the circle that everybody has signed for."""
    runtime = visit.runtime
    try:
        with visit.write() as tx:
            found = proposals.get(tx, runtime.keyring, circle)
            circles.join(tx, runtime.keyring, found.signed, visit.now, by=visit.principal.account)
            proposals.discard(tx, circle)
            visit.note(tx, "circle-joined", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _proposal(visit, circle, FormView().refused(error))
    return go(f"/circles/{circle}", "circle-joined")


@ROUTER.post("/circles/proposals/{circle}/candidate")
def do_candidate(visit: _Visit, circle: _Circle) -> Response:
    """Wait for the endorsements of a circle that exists: the card made now goes to its members."""
    runtime = visit.runtime
    try:
        card = circles.card(runtime.keyring, runtime.settings, circle)
        with visit.write() as tx:
            found = proposals.get(tx, runtime.keyring, circle)
            circles.join(tx, runtime.keyring, found.signed, visit.now, card=card, by=visit.principal.account)
            proposals.discard(tx, circle)
            visit.note(tx, "circle-candidate", circle)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _proposal(visit, circle, FormView().refused(error))
    return visit.render(
        "candidate.html", circle=circle, name=found.charter.name, card=card.decode("ascii"), quorum=_quorum(found)
    )


@ROUTER.post("/circles/proposals/{circle}/discard")
def do_discard(visit: _Visit, circle: _Circle) -> Response:
    """Forget a charter that goes round."""
    with visit.write() as tx:
        proposals.discard(tx, circle)
        visit.note(tx, "charter-discarded", circle)
    return go("/circles", "charter-discarded")


def download(content: bytes, name: str, media_type: str = "text/plain; charset=utf-8") -> Response:
    """A file to be kept, never one to be shown in place."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _quorum(found: Proposal) -> int:
    return found.charter.endorsement_quorum


def _wrong(form: FormView) -> dict[str, str]:
    """What is missing or out of bounds, by field."""
    wrong = {
        name: f"{words} is needed, in at most {limit:,} characters."
        for name, words, limit in (
            ("name", "A name", MAX_LABEL_CHARACTERS),
            ("purpose", "A purpose", MAX_TERMS_CHARACTERS),
            ("legal_basis", "A legal basis", MAX_TERMS_CHARACTERS),
        )
        if not 0 < len(form.text(name)) <= limit
    }
    for number in _NUMBERS:
        try:
            whole_number(form.text(number.field), low=number.low, high=number.high)
        except HanseError:
            wrong[number.field] = f"Give {number.words} as a whole number from {number.low} to {number.high:,}."
    for name in ("endorsement_quorum", "removal_quorum"):
        try:
            _optional(form.text(name))
        except HanseError:
            wrong[name] = "Give a whole number, or leave it empty for a majority of the founders."
    if form.one("attribution") not in get_args(Attribution):
        wrong["attribution"] = "Choose one."
    return wrong


def _optional(text: str) -> int | None:
    return whole_number(text, low=1, high=MAX_MEMBERS) if text else None


def _terms(form: FormView) -> Terms:
    """The terms of a form in which nothing is wrong."""
    return Terms(
        name=form.text("name"),
        purpose=form.text("purpose"),
        legal_basis=form.text("legal_basis"),
        endorsement_quorum=_optional(form.text("endorsement_quorum")),
        removal_quorum=_optional(form.text("removal_quorum")),
        retention_days=int(form.text("retention_days")),
        small_number_threshold=int(form.text("small_number_threshold")),
        attribution="named" if form.one("attribution") == "named" else "pseudonymous",
        token_operators=tuple(form.one("token_operators").split()),
        quota_entries_per_day=int(form.text("quota_entries_per_day")),
        quota_bytes_per_day=int(form.text("quota_megabytes_per_day")) * _MEGABYTE,
    )


def _list(visit: Visit, form: FormView) -> Response:
    manages = visit.may(Permission.CIRCLES_MANAGE)
    with visit.read() as tx:
        found = circles.list_circles(tx)
        going = proposals.list_proposals(tx, visit.runtime.keyring) if manages else ()
    return visit.render(
        "circles.html",
        form=form,
        circles=found,
        proposals=going,
        manages=manages,
        may_read_pool=visit.may(Permission.POOL_READ),
        status=422 if form.errors else 200,
    )


def _editor(visit: Visit, form: FormView) -> Response:
    return visit.render(
        "circle_new.html",
        form=form,
        attributions=_ATTRIBUTIONS,
        holds_identity=visit.runtime.keyring.holds_identity,
        status=422 if form.errors else 200,
    )


def _proposal(visit: Visit, circle: CircleId, form: FormView) -> Response:
    with visit.read() as tx:
        found = proposals.get(tx, visit.runtime.keyring, circle)
        joined = any(view.id == circle for view in circles.list_circles(tx))
    return visit.render(
        "proposal.html",
        form=form,
        proposal=found,
        charter=found.charter,
        bytes=encode_charter(found.charter).decode(),
        joined=joined,
        holds_identity=visit.runtime.keyring.holds_identity,
        status=422 if form.errors else 200,
    )
