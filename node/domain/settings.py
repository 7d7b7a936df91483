"""What an operator decides about a node, as plain values; ``node.config`` reads them from file and environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from node.domain.openid import OpenIdSettings


@dataclass(frozen=True, slots=True)
class MailSettings:
    """A mail server."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "off"]
    user: str
    """Empty where the server asks for none."""
    secret: Path
    """The file of the password."""
    sender: str


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """A service that is told of notices."""

    url: str
    secret: Path
    """The file of the secret that signs what is sent."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One node's settings, checked."""

    name: str
    """The institution, as members of its circles read it."""
    base_url: str
    """Where peers reach this node: scheme, host and port, no path, no trailing slash."""
    data: Path
    """The directory with keys and, by default, the database."""
    database_url: str
    listen_host: str = "127.0.0.1"
    listen_port: int = 8000
    allow_private_addresses: bool = False
    """Whether peers on loopback and private networks may be contacted: for demos and closed networks."""
    private_peers: tuple[str, ...] = ()
    """Hosts, in lower case, each with its port, whose addresses may be private ones there; TLS is needed all the same.

    A port belongs to it, since a name is a machine, and other services of that machine are not a peer."""
    reachable: bool = True
    """Whether peers can connect to this node; if not, it brings them what it has published."""
    accept_push: bool = True
    """Whether members that nobody can connect to may bring what they have published."""
    sync_seconds: int = 60
    """Pause between two rounds of pulling from peers."""
    session_hours: int = 10
    """A signed-in session ends after this time, whatever happens in it."""
    openid: OpenIdSettings | None = None
    """The institution's sign-in service, where the operator has named one."""
    local_accounts: bool = True
    """Whether people may sign in with a password of this node's own."""
    mail: MailSettings | None = None
    """The mail server that takes notices to people of this institution, where the operator has named one."""
    webhook: WebhookSettings | None = None
    """A service of the institution that is told of notices, where the operator has named one."""
    casework_retention_months: int = 120
    """Closed casework that nobody has changed for so long is listed for deletion; 0: none ever is."""
    privacy_contact: str = ""
    """An office's address for data subjects and members; empty where none is named."""
    replies_intake: bool = False
    """Whether anybody may send this node a letter in reply to what is said of an organisation, by a public form."""
    token_evaluations_per_day: int = 20
    """As an operator of person tokens: how many evaluations each member of a circle may ask of it in a UTC day."""
    trust_anchors: Path | None = None
    """A file with the trust anchors whose word may stand in for a comparison of fingerprints."""

    @property
    def secure_cookies(self) -> bool:
        """Cookies are marked Secure wherever the node is reached over TLS."""
        return self.base_url.startswith("https://")

    @property
    def keys(self) -> Path:
        """The directory of the key files."""
        return self.data / "keys"

    @property
    def evidence(self) -> Path:
        """The folder of encrypted evidence files; processes that share a database share it."""
        return self.data / "evidence"

    @property
    def data_key(self) -> Path:
        """The file of the key that seals private columns."""
        return self.keys / "data.key"
