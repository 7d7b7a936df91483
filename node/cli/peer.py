"""``hanse peer``: other nodes before any circle, and whose key somebody here has confirmed."""

import sys
from typing import Annotated

import typer
from rich.table import Column, Table

from node.circles import anchors, identity, peering
from node.cli.open import DEFAULT_DATA, OUT, DataOption, node
from node.domain.peering import COMMAND_LINE, Introduction, Peer, Pin
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import pins
from node.storage.database import Transaction
from node.sync.fetch import Fetcher
from protocol.messages.card import fingerprint

app = typer.Typer(help="Other nodes, and whose identity key is whose.", no_args_is_help=True)

UrlArgument = Annotated[str, typer.Argument(help="The address of the node, such as https://hanse.example.")]


@app.command()
def add(url: UrlArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Ask an address who answers there, and show its fingerprint. Nothing is confirmed by it."""
    with node(data) as runtime:
        found = _look_up(runtime, url)
        _tell(runtime, found)


@app.command()
def show(
    url: Annotated[str, typer.Argument(help="The address of one peer; nothing lists all.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show the peers of this node, or one with both fingerprints."""
    with node(data) as runtime:
        with runtime.database.read() as tx:
            peers = peering.list_peers(tx)
        if url:
            _tell(runtime, _introduction(peers, peering.base_url(url)))
            return
        table = Table("institution", Column("address", overflow="fold"), "our side", "their side", box=None)
        for peer in peers:
            table.add_row(peer.name, peer.url, *_sides(peer.pin))
        OUT.print(table)


@app.command()
def confirm(
    url: UrlArgument,
    fingerprint: Annotated[
        str, typer.Option(help="The sixty digits that they read to you, in quotes; nothing asks for them.")
    ] = "",
    anchor: Annotated[str, typer.Option(help="A trust anchor of the settings, to be asked instead.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Confirm whose identity key answers at an address, by what was read to you over a channel you trusted before."""
    with node(data) as runtime:
        with runtime.database.read() as tx:
            introduction = _introduction(peering.list_peers(tx), peering.base_url(url))
        now = runtime.clock.now()
        if anchor:
            with Fetcher(runtime.settings) as fetcher:
                anchors.require_vouched(fetcher.get, anchors.one(runtime.settings, anchor), introduction, now)
            with runtime.database.write() as tx:
                pin = peering.pin(tx, introduction, "anchor", by=COMMAND_LINE, now=now)
        else:
            typed = fingerprint or _asked(introduction)
            with runtime.database.write() as tx:
                pin = peering.confirm(tx, introduction, typed, by=COMMAND_LINE, now=now)
        OUT.print(f"confirmed: {pin.name} ({pin.url}).", markup=False)
        _hear(runtime, pin)


@app.command()
def ask(url: UrlArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Ask a confirmed peer whether it has confirmed us."""
    with node(data) as runtime:
        with runtime.database.read() as tx:
            pin = _pin(tx, peering.base_url(url))
        _hear(runtime, pin, must=True)


@app.command()
def forget(url: UrlArgument, data: DataOption = DEFAULT_DATA) -> None:
    """Take a confirmation back, and forget what the address said of itself."""
    with node(data) as runtime, runtime.database.write() as tx:
        wanted = peering.base_url(url)
        found = [peer for peer in peering.list_peers(tx) if peer.url == wanted]
        for peer in found:
            if peer.pin is not None:
                pins.forget_pin(tx, peer.pin.identity)
        pins.forget_introduction(tx, wanted)
        OUT.print(f"forgotten: {wanted}." if found else f"nothing was known of {wanted}.", markup=False)


def _look_up(runtime: Runtime, typed: str) -> Introduction:
    url = peering.base_url(typed)
    with Fetcher(runtime.settings) as fetcher:
        own = runtime.keyring.identity_public()
        found = identity.look_up(fetcher.get, url, own=own, now=runtime.clock.now())
    with runtime.database.write() as tx:
        peering.remember(tx, found)
    return found


def _tell(runtime: Runtime, found: Introduction) -> None:
    with runtime.database.read() as tx:
        pin = pins.find_pin(tx, found.identity)
        earlier = peering.earlier_keys(tx, found)
    ours, theirs = _sides(pin)
    OUT.print(f"{found.name}, at {found.url}", markup=False)
    OUT.print(f"identity key {found.identity}", markup=False)
    OUT.print(f"our side: {ours}; their side: {theirs}", markup=False)
    if earlier:
        OUT.print("Another identity key was confirmed at this address before. Ask people there what happened.")
    OUT.print("\nTheir fingerprint, as this address presents it:")
    _print_groups(fingerprint(found.identity_key))
    OUT.print("\nYours, to be read to them:")
    _print_groups(fingerprint(runtime.keyring.identity_public()))
    if pin is None:
        OUT.print(
            "\nAll twelve groups carry 199 bits; compare all of them, over a channel that you trusted before. Then:"
        )
        OUT.print(f'hanse peer confirm {found.url} --fingerprint "what they read to you"', markup=False, soft_wrap=True)


def _print_groups(text: str) -> None:
    groups = text.split()
    for start in range(0, len(groups), 4):
        OUT.print("  " + "  ".join(groups[start : start + 4]))


def _sides(pin: Pin | None) -> tuple[str, str]:
    if pin is None:
        return "not confirmed", "unknown"
    theirs = {None: "unknown", True: "confirmed", False: "not confirmed"}[pin.theirs]
    return f"confirmed ({pin.how})", theirs


def _introduction(peers: list[Peer], url: str) -> Introduction:
    found = next((peer.introduction for peer in peers if peer.introduction and peer.introduction.url == url), None)
    if found is None:
        raise HanseError(Code.NOT_FOUND, f"{url} has not been asked yet.", remedy=f"Ask it first: hanse peer add {url}")
    return found


def _pin(tx: Transaction, url: str) -> Pin:
    found = next((pin for pin in pins.list_pins(tx) if pin.url == url), None)
    if found is None:
        raise HanseError(Code.NOT_FOUND, f"nobody here has confirmed {url}.", remedy="Confirm it first.")
    return found


def _asked(introduction: Introduction) -> str:
    """What somebody types at the prompt; refused where nobody sits at a terminal."""
    if not sys.stdin.isatty():
        raise HanseError(
            Code.INVALID,
            f"what {introduction.name} reads to you is needed.",
            remedy="Give it with --fingerprint, or name a trust anchor with --anchor.",
        )
    return str(typer.prompt("The sixty digits that they read to you"))


def _hear(runtime: Runtime, pin: Pin, *, must: bool = False) -> None:
    """Tell a peer that we have confirmed it; that it does not answer undoes nothing."""
    now = runtime.clock.now()
    try:
        with Fetcher(runtime.settings) as fetcher:
            said = peering.ask_whether_confirmed(fetcher.post, runtime.keyring, pin, now)
    except HanseError as error:
        if must or error.code not in {Code.PEER_UNREACHABLE, Code.PEER_MISBEHAVED}:
            raise
        OUT.print(f"It could not be told: {error.detail}", markup=False)
        return
    with runtime.database.write() as tx:
        pins.record_their_side(tx, pin.identity, confirmed=said, now=now)
    OUT.print("The other side has confirmed us." if said else "The other side has not confirmed us yet.")
