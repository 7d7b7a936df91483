"""Sign-in through an institution's OpenID Connect provider: what an operator sets, and what is learnt of a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from node.domain.accounts import Role


@dataclass(frozen=True, slots=True)
class OpenIdSettings:
    """One provider, as the operator registered this node there."""

    issuer: str
    """Its issuer identifier, exactly as its metadata says it."""
    client_id: str
    secret: Path
    """The file of the client secret. Where it is not there, this node is a public client and PKCE alone protects it."""
    scopes: str
    login_claim: str
    name_claim: str
    roles_claim: str
    roles: Mapping[str, Role]
    """Values of the roles claim, and the role here that each gives. Other values give none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified ID token says of somebody who has signed in."""

    issuer: str
    subject: str = field(repr=False)
    """Stable at the issuer; the one claim by which an account is found again (OpenID Connect Core 1.0, section 5.7)."""
    login: str = field(repr=False)
    display_name: str = field(repr=False)
    roles: frozenset[Role]
