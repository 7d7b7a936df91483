"""Our own entity configuration, and reading those of others.

The configuration is signed by the identity key, which may be away for months, so it is kept as a file and served as the
bytes that were signed. While the key is here it is renewed by itself: when its end comes near, and when what it says is
no longer so. While the key is away somebody has to bring it back before the configuration ends.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from node.circles import anchors
from node.domain.peering import Introduction
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from protocol.errors import Fault, ProtocolError
from protocol.keys import PublicKey
from protocol.limits import MAX_ENTITY_STATEMENT_BYTES
from protocol.messages.entity import (
    WELL_KNOWN_PATH,
    EntityConfiguration,
    FederationEntity,
    HanseNode,
    Jwk,
    Metadata,
    OwnKeys,
    open_configuration,
    sign_configuration,
)
from protocol.statements import DAY_SECONDS, Timestamp

FILE_NAME: Final = "entity-configuration.jwt"
FEDERATION_PATH: Final = "/federation/v1"
_LIFETIME: Final = 180 * DAY_SECONDS
"""Half a year: an identity key in a safe is brought out twice a year."""
_RENEW_BEFORE: Final = 60 * DAY_SECONDS
"""From here on it is renewed where the key is, and asked for where it is not: two months to open a safe."""

Get = Callable[[str, int], bytes]
"""Address and the longest answer that is read; raises what the way out raises."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How our own identity stands, for the operator."""

    holds_key: bool
    """Whether the private half of the identity key is on this machine."""
    until: Timestamp | None
    """When the entity configuration ends; none where there is none that still holds."""
    waits: bool
    """Whether somebody has to bring the key and sign it anew."""


def publish(keyring: Keyring, settings: Settings, now: Timestamp) -> EntityConfiguration:
    """Sign a fresh configuration and put it in the place of the old one; raises ``IDENTITY_OFFLINE``."""
    configuration = _current(keyring, settings, now)
    _write(settings.data / FILE_NAME, sign_configuration(configuration, keyring.identity()))
    return configuration


def serve(keyring: Keyring, settings: Settings, now: Timestamp) -> bytes | None:
    """The bytes to be served, renewed if need be and possible; ``None`` where there are none that still hold."""
    found = _stored(settings, now)
    if _is_due(found, keyring, settings, now) and keyring.holds_identity:
        publish(keyring, settings, now)
        found = _stored(settings, now)
    return None if found is None else found[0]


def standing(keyring: Keyring, settings: Settings, now: Timestamp) -> Standing:
    """Where the key is, and how long the configuration holds. Changes nothing."""
    found = _stored(settings, now)
    due = _is_due(found, keyring, settings, now)
    until = None if found is None else found[1].exp
    return Standing(keyring.holds_identity, until, waits=due and not keyring.holds_identity)


def look_up(get: Get, url: str, *, own: PublicKey, now: Timestamp) -> Introduction:
    """What the node at this address says of itself. Proves that it has an identity key, not whose it is.

    Raises ``CONFLICT`` for our own address, ``PEER_MISBEHAVED`` for a configuration that does not hold, and what
    ``get`` raises.
    """
    data = get(url + WELL_KNOWN_PATH, MAX_ENTITY_STATEMENT_BYTES)
    try:
        found = open_configuration(data, now=now)
    except ProtocolError as error:
        raise _misbehaved(url, f"did not present itself rightly ({error.detail})") from error
    if found.sub != url:
        raise _misbehaved(url, f"presented itself as {found.sub}")
    if found.identity == own:
        raise HanseError(Code.CONFLICT, "this is the address of this node itself.", remedy="Give that of another one.")
    if found.metadata.hanse_node.federation_path != FEDERATION_PATH:
        raise _misbehaved(url, "speaks another version of the protocol")
    return Introduction(
        url=url,
        name=found.metadata.federation_entity.organization_name,
        identity_key=found.identity,
        request_key=found.request_key,
        until=found.exp,
        at=now,
        issued=found.iat,
    )


def _current(keyring: Keyring, settings: Settings, now: Timestamp) -> EntityConfiguration:
    """What there is to say now."""
    hints = anchors.names(settings)
    return EntityConfiguration(
        iss=settings.base_url,
        sub=settings.base_url,
        iat=now,
        exp=Timestamp(now + _LIFETIME),
        jwks=OwnKeys(keys=(Jwk.of(keyring.identity_public()),)),
        metadata=Metadata(
            federation_entity=FederationEntity(organization_name=settings.name),
            hanse_node=HanseNode(
                request_key=Jwk.of(keyring.request().public),
                federation_path=FEDERATION_PATH,
                protocol_versions=(1,),
            ),
        ),
        authority_hints=hints or msgspec.UNSET,
    )


def _stored(settings: Settings, now: Timestamp) -> tuple[bytes, EntityConfiguration] | None:
    """The file, where it still holds."""
    try:
        data = (settings.data / FILE_NAME).read_bytes()
        return data, open_configuration(data, now=now)
    except (OSError, ProtocolError):
        return None


def _is_due(
    found: tuple[bytes, EntityConfiguration] | None, keyring: Keyring, settings: Settings, now: Timestamp
) -> bool:
    """Whether it is missing, ends soon, or says what is no longer so."""
    if found is None or found[1].exp - now < _RENEW_BEFORE:
        return True
    configuration = found[1]
    wanted = _current(keyring, settings, now)
    return msgspec.structs.replace(wanted, iat=configuration.iat, exp=configuration.exp) != configuration


def _write(path: Path, data: bytes) -> None:
    """In one step, so that whoever asks at this moment gets the old bytes or the new ones."""
    beside = path.with_suffix(f".{secrets.token_hex(8)}.new")  # several requests at once may find it due
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def _misbehaved(url: str, words: str) -> HanseError:
    return HanseError(
        Code.PEER_MISBEHAVED,
        f"{url} {words}.",
        remedy="Ask its operator to run `hanse identity publish`, and check that both clocks are right.",
        fault=Fault.PEER,
    )
