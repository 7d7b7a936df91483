"""``hanse identity``: the key that outlives the others, and what this node says of itself."""

from typing import Annotated

import typer

from node import config
from node.circles import identity
from node.cli.open import DEFAULT_DATA, OUT, DataOption
from node.clock import SystemClock, day_of
from node.ledger.keyring import IDENTITY, Keyring
from protocol.messages.card import fingerprint
from protocol.messages.entity import WELL_KNOWN_PATH

app = typer.Typer(help="The identity key of this node, and its entity configuration.", no_args_is_help=True)


@app.command()
def show(
    digits: Annotated[  # noqa: FBT002  # an option of the command line
        bool, typer.Option("--fingerprint", help="The twelve groups alone, to be read aloud.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show the identity key's fingerprint, where its private half is, and until when the configuration holds."""
    settings = config.load(data)
    keyring = Keyring(settings.keys)
    key = keyring.identity_public()
    if digits:
        OUT.print(fingerprint(key))
        return
    found = identity.standing(keyring, settings, SystemClock().now())
    OUT.print(f"{settings.name}, at {settings.base_url}", markup=False)
    OUT.print(f"identity key {key.key_id}, {'on this machine' if found.holds_key else 'kept offline'}", markup=False)
    OUT.print(f"fingerprint {fingerprint(key)}")
    until = "none that still holds" if found.until is None else f"holds until {day_of(found.until).isoformat()}"
    OUT.print(f"entity configuration: {until}")
    if found.waits:
        OUT.print("Bring the identity key and run: hanse identity publish")


@app.command()
def publish(data: DataOption = DEFAULT_DATA) -> None:
    """Sign the entity configuration anew. Needs the private half of the identity key."""
    settings = config.load(data)
    made = identity.publish(Keyring(settings.keys), settings, SystemClock().now())
    OUT.print(f"{settings.base_url}{WELL_KNOWN_PATH} holds until {day_of(made.exp).isoformat()}.", markup=False)


@app.command()
def offline(data: DataOption = DEFAULT_DATA) -> None:
    """Prepare to keep the identity key elsewhere: its public half and the configuration stay. Moves no file."""
    settings = config.load(data)
    keyring = Keyring(settings.keys)
    path = keyring.keep_identity_offline()
    made = identity.publish(keyring, settings, SystemClock().now())
    OUT.print(f"Move {path} to two places that you trust, and delete it here.", markup=False, soft_wrap=True)
    OUT.print(
        f"Bring {IDENTITY} back to make a card, to change a key of a circle, and before {day_of(made.exp).isoformat()}"
        " for `hanse identity publish`.",
        markup=False,
    )
