"""Peers: an address introduces itself, two people compare fingerprints, each side learns whether the other is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Response

from node.accounts.manage import list_accounts
from node.circles import anchors, identity, peering
from node.domain.accounts import AccountId, Permission
from node.domain.peering import COMMAND_LINE, How, Introduction, Peer, Pin
from node.errors import Code, HanseError
from node.storage import pins
from node.storage.database import Transaction
from node.sync.fetch import Fetcher
from node.web.formats import ago, day, moment
from node.web.forms import FormView, address_part
from node.web.visits import Requires, Visit, go
from protocol.identifiers import PATTERN_256_BITS, KeyId
from protocol.keys import PublicKey
from protocol.messages.card import fingerprint

ROUTER = APIRouter()
_Key = Annotated[KeyId, address_part(PATTERN_256_BITS)]
_Visit = Annotated[Visit, Depends(Requires(Permission.CIRCLES_MANAGE))]
_REFUSALS: Final = frozenset(
    {Code.INVALID, Code.CONFLICT, Code.PEER_UNREACHABLE, Code.PEER_REFUSED, Code.PEER_MISBEHAVED}
)
"""What a page says at its top and goes on; anything else is a page of its own."""
_HOW: Final[dict[How, str]] = {
    "fingerprint": "two people compared the fingerprint",
    "charter": "a charter that this node joined names it",
    "anchor": "a trust anchor of this node vouches for it",
}


_NOTICES: Final = {"both": "peer-confirmed", "alone": "peer-confirmed-first", "silent": "peer-confirmed-alone"}


@dataclass(frozen=True, slots=True)
class _Heard:
    """How it went to tell a peer of our confirmation: both sides have confirmed, ours alone, or it did not answer."""

    state: Literal["both", "alone", "silent"]
    error: HanseError | None = None


@dataclass(frozen=True, slots=True)
class PeerLine:
    """One peer in the list."""

    key: KeyId
    name: str
    url: str
    ours: str
    theirs: str
    waiting: bool


@ROUTER.get("/peers")
def show_peers(visit: _Visit) -> Response:
    """Everybody who was met, and the field for a further address."""
    return _list(visit, FormView())


@ROUTER.post("/peers")
def do_look_up(visit: _Visit) -> Response:
    """Ask an address who answers there. Nothing is confirmed by it."""
    try:
        found = _look_up(visit, visit.form.one("url"))
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _list(visit, visit.form.wrong({"url": visit.form.refused(error).errors[""]}))
    return go(f"/peers/{found.identity}", "peer-met")


@ROUTER.get("/peers/{key}")
def show_peer(visit: _Visit, key: _Key) -> Response:
    """One peer: what it says of itself, both fingerprints, and how far the two sides are."""
    return _peer(visit, key, FormView())


@ROUTER.post("/peers/{key}/confirm")
def do_confirm(visit: _Visit, key: _Key) -> Response:
    """Pin the key whose fingerprint was read to us, and tell the other side."""
    form = visit.form
    if not form.has("channel", "trusted"):
        return _peer(visit, key, form.wrong({"channel": "Say that you spoke over a channel that you trusted before."}))
    try:
        with visit.write() as tx:
            pin = peering.confirm(
                tx, _introduction(tx, key), form.one("typed"), by=visit.principal.account, now=visit.now
            )
            visit.note(tx, "peer-confirmed", key)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _peer(visit, key, form.wrong({"typed": form.refused(error).errors[""]}))
    return go(f"/peers/{key}", _NOTICES[_hear(visit, pin).state])


@ROUTER.post("/peers/{key}/vouch")
def do_vouch(visit: _Visit, key: _Key) -> Response:
    """Ask a configured trust anchor whether this key is whose it says; its word stands in for the telephone."""
    form = visit.form
    try:
        anchor = anchors.one(visit.runtime.settings, form.one("anchor"))
        with visit.read() as tx:
            introduction = _introduction(tx, key)
        with _fetcher(visit) as fetcher:
            anchors.require_vouched(fetcher.get, anchor, introduction, visit.now)
        with visit.write() as tx:
            pin = peering.pin(tx, introduction, "anchor", by=visit.principal.account, now=visit.now)
            visit.note(tx, "peer-vouched", key)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _peer(visit, key, form.refused(error))
    return go(f"/peers/{key}", _NOTICES[_hear(visit, pin).state])


@ROUTER.post("/peers/{key}/ask")
def do_ask(visit: _Visit, key: _Key) -> Response:
    """Ask a confirmed peer whether it has confirmed us."""
    with visit.read() as tx:
        pin = _pin(tx, key)
    heard = _hear(visit, pin)
    return (
        go(f"/peers/{key}", "peer-asked") if heard.error is None else _peer(visit, key, FormView().refused(heard.error))
    )


@ROUTER.post("/peers/{key}/again")
def do_look_again(visit: _Visit, key: _Key) -> Response:
    """Ask its address once more what it says of itself."""
    with visit.read() as tx:
        url = _known(tx, key).url
    try:
        found = _look_up(visit, url)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _peer(visit, key, FormView().refused(error))
    return go(f"/peers/{found.identity}", "peer-met")


@ROUTER.post("/peers/{key}/forget")
def do_forget(visit: _Visit, key: _Key) -> Response:
    """Take the confirmation back, and forget what the address said."""
    with visit.write() as tx:
        known = _known(tx, key)
        pins.forget_pin(tx, key)
        pins.forget_introduction(tx, known.url)
        visit.note(tx, "peer-forgotten", key)
    return go("/peers", "peer-forgotten")


def _fetcher(visit: Visit) -> Fetcher:
    return Fetcher(visit.runtime.settings)


def _look_up(visit: Visit, typed: str) -> Introduction:
    """Ask first, write afterwards: no transaction waits for another machine."""
    runtime = visit.runtime
    url = peering.base_url(typed)
    with _fetcher(visit) as fetcher:
        found = identity.look_up(fetcher.get, url, own=runtime.keyring.identity_public(), now=visit.now)
    with visit.write() as tx:
        peering.remember(tx, found)
        visit.note(tx, "peer-looked-up", found.identity)
    return found


def _hear(visit: Visit, pin: Pin) -> _Heard:
    """Exchange words with a confirmed peer; a failure leaves its side as unknown as it was."""
    try:
        with _fetcher(visit) as fetcher:
            said = peering.ask_whether_confirmed(fetcher.post, visit.runtime.keyring, pin, visit.now)
    except HanseError as error:
        if error.code not in _REFUSALS:
            raise
        return _Heard("silent", error)
    with visit.write() as tx:
        pins.record_their_side(tx, pin.identity, confirmed=said, now=visit.now)
    return _Heard("both" if said else "alone")


def _introduction(tx: Transaction, key: KeyId) -> Introduction:
    found = _known(tx, key).introduction
    if found is None:
        raise HanseError(Code.CONFLICT, "this address has not been asked.", remedy="Ask it again, then confirm.")
    return found


def _pin(tx: Transaction, key: KeyId) -> Pin:
    found = pins.find_pin(tx, key)
    if found is None:
        raise HanseError(
            Code.NOT_FOUND, "no confirmed peer has this identity key.", remedy="Look at the list of peers."
        )
    return found


def _known(tx: Transaction, key: KeyId) -> Peer:
    """A peer by its identity key; the introduction asked last where several addresses present it."""
    met = sorted((each for each in pins.list_introductions(tx) if each.identity == key), key=lambda each: each.at)
    peer = Peer(met[-1] if met else None, pins.find_pin(tx, key))
    if peer.introduction is None and peer.pin is None:
        raise HanseError(
            Code.NOT_FOUND, "no peer with this identity key is known.", remedy="Look at the list of peers."
        )
    return peer


def _list(visit: Visit, form: FormView) -> Response:
    with visit.read() as tx:
        lines = [_line(visit, peer) for peer in peering.list_peers(tx)]
    own = visit.runtime.keyring.identity_public()
    return visit.render(
        "peers.html",
        form=form,
        lines=lines,
        own=_groups(own),
        own_url=visit.runtime.settings.base_url,
        standing=identity.standing(visit.runtime.keyring, visit.runtime.settings, visit.now),
        status=422 if form.errors else 200,
    )


def _line(visit: Visit, peer: Peer) -> PeerLine:
    key = peer.pin.identity if peer.pin else peer.introduction.identity if peer.introduction else KeyId("")
    return PeerLine(
        key=key,
        name=peer.name,
        url=peer.url,
        ours=f"confirmed {day(peer.pin.at)}" if peer.pin else "not confirmed",
        theirs=_theirs(peer.pin, visit.now),
        waiting=peer.pin is None,
    )


def _theirs(pin: Pin | None, now: int) -> str:
    """The other side's own word, in ours."""
    if pin is None or pin.theirs is None or pin.theirs_at is None:
        return "unknown"
    when = f"{ago(max(now - pin.theirs_at, 0))} ago"
    return f"confirmed, it said {when}" if pin.theirs else f"not confirmed, {when}"


def _peer(visit: Visit, key: KeyId, form: FormView) -> Response:
    with visit.read() as tx:
        peer = _known(tx, key)
        earlier = peering.earlier_keys(tx, peer.introduction) if peer.introduction else []
        logins = {each.id: each.login for each in list_accounts(tx, visit.runtime.vault)}
    shown = peer.introduction or peer.pin
    return visit.render(
        "peer.html",
        form=form,
        peer=peer,
        shown=shown,
        key=key,
        theirs=_groups(shown.identity_key) if shown else [],
        own=_groups(visit.runtime.keyring.identity_public()),
        institution=visit.runtime.settings.name,
        how=_how(peer.pin, logins),
        their_side=_theirs(peer.pin, visit.now),
        earlier=[(each, moment(each.at)) for each in earlier],
        anchors=anchors.names(visit.runtime.settings),
        status=422 if form.errors else 200,
    )


def _how(pin: Pin | None, logins: Mapping[AccountId, str]) -> str:
    if pin is None:
        return ""
    who = (
        "on the command line"
        if pin.by == COMMAND_LINE
        else f"by {logins.get(AccountId(pin.by), 'an account that is gone')}"
    )
    return f"{moment(pin.at)}, {who}: {_HOW[pin.how]}"


def _groups(key: PublicKey) -> list[str]:
    return fingerprint(key).split()
