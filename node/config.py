"""The one module that reads the configuration: ``DATA/hanse.toml``, overridden by ``HANSE_*`` variables.

The file holds settings, never secrets; a database password belongs into the environment or into PostgreSQL's
own password file. ``docs/settings.md`` lists every setting, and a test compares it with :class:`Source`.
"""

import re
import tomllib
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

import tomlkit
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from node.domain.accounts import Role
from node.domain.openid import OpenIdSettings
from node.domain.retention import MAX_CASEWORK_MONTHS
from node.domain.settings import MailSettings, Settings, WebhookSettings
from node.errors import Code, HanseError
from protocol.circles import MAX_URL_CHARACTERS, PATTERN_URL

FILE_NAME: Final = "hanse.toml"
OPENID_SECRET: Final = "openid.secret"  # noqa: S105 - the name of a file
"""The file, below `keys/`, of the secret that the sign-in service has given this node."""
_HTTPS_PORT: Final = 443
SMTP_SECRET: Final = "smtp.secret"  # noqa: S105 - the name of a file
"""The file, below `keys/`, of the password for the mail server."""
WEBHOOK_SECRET: Final = "webhook.secret"  # noqa: S105 - the name of a file
"""The file, below `keys/`, of the secret that signs notices to the webhook."""

Value: TypeAlias = str | int | bool


class Source(BaseSettings):
    """What the file and the environment may say."""

    model_config = SettingsConfigDict(env_prefix="HANSE_", extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, description="The institution, as members read it.")]
    base_url: Annotated[
        str, Field(description="Where peers reach this node: scheme and host, with a port if needed, and no path.")
    ]
    database_url: Annotated[
        str,
        Field(description="`sqlite:///file` or `postgresql+psycopg://…`; by default `hanse.db` in the data folder."),
    ] = ""
    listen_host: Annotated[str, Field(description="The address on which the server listens.")] = "127.0.0.1"
    listen_port: Annotated[int, Field(ge=1, le=65_535, description="The port on which the server listens.")] = 8000
    allow_private_addresses: Annotated[
        bool, Field(description="Whether peers on loopback and private networks, and without TLS, may be contacted.")
    ] = False
    private_peers: Annotated[
        tuple[str, ...],
        Field(max_length=1_000, description="Peers, by host and port, whose addresses may be private; TLS is needed."),
    ] = ()
    reachable: Annotated[
        bool, Field(description="Whether peers can connect to this node; if not, it pushes what it has published.")
    ] = True
    accept_push: Annotated[
        bool, Field(description="Whether members that cannot be reached may push what they have published.")
    ] = True
    sync_seconds: Annotated[
        int, Field(ge=1, le=86_400, description="Pause between two rounds of pulling, in seconds.")
    ] = 60
    session_hours: Annotated[int, Field(ge=1, le=72, description="How long a signed-in session lasts, in hours.")] = 10

    openid_issuer: Annotated[
        str, Field(description="The institution's OpenID Connect provider: its issuer identifier. Empty means none.")
    ] = ""
    openid_client_id: Annotated[str, Field(max_length=500, description="The name of this node at the provider.")] = ""
    openid_scopes: Annotated[
        str, Field(pattern=r"^openid( [!-~]+)*$", description="The scopes that are asked for, `openid` first.")
    ] = "openid profile"
    openid_login_claim: Annotated[
        str, Field(min_length=1, description="The claim that a new account's login is taken from.")
    ] = "preferred_username"
    openid_name_claim: Annotated[str, Field(min_length=1, description="The claim with a person's name.")] = "name"
    openid_roles_claim: Annotated[
        str, Field(min_length=1, description="The claim, of the ID token, that lists what a person is.")
    ] = "roles"
    openid_roles: Annotated[
        dict[str, Role], Field(max_length=1_000, description="Values of that claim, and the role here that each gives.")
    ] = {}
    local_accounts: Annotated[
        bool, Field(description="Whether people may sign in with a password of this node's own.")
    ] = True

    smtp_host: Annotated[str, Field(description="The mail server for notices about watched partners.")] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65_535, description="Its port.")] = 587
    smtp_tls: Annotated[
        Literal["starttls", "tls", "off"], Field(description="How the connection to it is protected.")
    ] = "starttls"
    smtp_user: Annotated[str, Field(description="Who signs in there; empty where nobody must.")] = ""
    smtp_from: Annotated[str, Field(description="The address that notices come from.")] = ""
    notices_webhook: Annotated[
        str, Field(description="An address of the institution that is told of notices, with a signature.")
    ] = ""

    casework_retention_months: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_CASEWORK_MONTHS,
            description="After how many months without a change closed casework is listed for deletion; 0: never.",
        ),
    ] = 120
    privacy_contact: Annotated[
        str, Field(max_length=200, description="Whom data subjects and members write to: an office, never a person.")
    ] = ""
    replies_intake: Annotated[
        bool,
        Field(description="Whether anybody may send a reply to what is said of an organisation, by a public form."),
    ] = False
    token_evaluations_per_day: Annotated[
        int,
        Field(ge=0, le=10_000, description="Evaluations of person tokens that each member may ask of this operator."),
    ] = 20
    trust_anchors: Annotated[
        str,
        Field(description="A file with trust anchors of OpenID Federation; relative names start at the data folder."),
    ] = ""

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        url = urllib.parse.urlsplit(self.base_url)
        extra = url.path or url.query or url.fragment or url.username
        if url.scheme not in {"https", "http"} or not url.hostname or extra:
            raise ValueError("base_url is scheme and host, with a port if needed, and nothing after it")
        if not re.fullmatch(PATTERN_URL, self.base_url) or len(self.base_url) > MAX_URL_CHARACTERS:
            raise ValueError("base_url has a host or port that no charter may name (docs/protocol.md, clause 6.4)")
        if url.scheme == "http" and not self.allow_private_addresses:
            raise ValueError("base_url without TLS is for closed networks: set allow_private_addresses, or use https")
        return self

    @field_validator("private_peers", mode="after")
    @classmethod
    def _check_private_peers(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            _host_and_port(entry)
        return entries

    @model_validator(mode="after")
    def _check_openid(self) -> Self:
        if not self.openid_issuer:
            if not self.local_accounts:
                raise ValueError("local_accounts is off and no openid_issuer is named: nobody could sign in")
            return self
        url = urllib.parse.urlsplit(self.openid_issuer)
        if url.scheme not in {"https", "http"} or not url.hostname or url.query or url.fragment or url.username:
            raise ValueError("openid_issuer is an https address without query, as the provider's metadata give it")
        if url.scheme == "http" and not self.allow_private_addresses:
            raise ValueError("openid_issuer without TLS is for closed networks: use https")
        if not self.openid_client_id or not self.openid_roles:
            raise ValueError("openid_issuer needs openid_client_id and at least one entry in openid_roles")
        return self

    @model_validator(mode="after")
    def _check_notices(self) -> Self:
        if self.smtp_host and "@" not in self.smtp_from:
            raise ValueError("smtp_host needs smtp_from, the address that notices come from")
        if self.smtp_host and self.smtp_tls == "off" and not self.allow_private_addresses:
            raise ValueError("smtp_tls off is for closed networks: use starttls or tls")
        if (
            self.notices_webhook
            and not self.notices_webhook.startswith("https://")
            and not self.allow_private_addresses
        ):
            raise ValueError("notices_webhook is an https address")
        return self

    @classmethod
    def settings_customise_sources(  # the signature is the library's
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is read."""
        return env_settings, init_settings


def load(data: Path) -> Settings:
    """Read and check the settings of the node in ``data``; every problem names the setting and the file."""
    path = data / FILE_NAME
    if not path.is_file():
        raise HanseError(
            Code.BAD_CONFIGURATION,
            f"there is no node in {data}: {FILE_NAME} is missing.",
            remedy="Run `hanse init`, or name the right folder with --data.",
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # not UTF-8, or not TOML
        raise HanseError(
            Code.BAD_CONFIGURATION, f"{path} is not TOML: {error}.", remedy="Correct the line that is named."
        ) from error
    source = _check(values, where=str(path))
    return Settings(
        name=source.name,
        base_url=source.base_url,
        data=data,
        database_url=source.database_url or f"sqlite:///{data.resolve() / 'hanse.db'}",
        listen_host=source.listen_host,
        listen_port=source.listen_port,
        allow_private_addresses=source.allow_private_addresses,
        private_peers=tuple(_host_and_port(entry) for entry in source.private_peers),
        reachable=source.reachable,
        accept_push=source.accept_push,
        sync_seconds=source.sync_seconds,
        session_hours=source.session_hours,
        openid=_openid(source, data),
        local_accounts=source.local_accounts,
        mail=_mail(source, data),
        webhook=WebhookSettings(source.notices_webhook, data / "keys" / WEBHOOK_SECRET)
        if source.notices_webhook
        else None,
        casework_retention_months=source.casework_retention_months,
        privacy_contact=source.privacy_contact,
        replies_intake=source.replies_intake,
        token_evaluations_per_day=source.token_evaluations_per_day,
        trust_anchors=data / source.trust_anchors if source.trust_anchors else None,
    )


def write(data: Path, values: Mapping[str, Value]) -> Path:
    """Write a new settings file with what differs from the defaults; refuses to overwrite one."""
    path = data / FILE_NAME
    if path.exists():
        raise HanseError(
            Code.CONFLICT,
            f"there is a node in {data} already.",
            remedy="Name another folder, or remove that one first.",
        )
    _check(values, where="the options")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = tomlkit.document()
    document.add(tomlkit.comment("A Hanse node. docs/settings.md explains every setting."))
    for name, value in values.items():
        document.add(name, tomlkit.item(value))
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


def _host_and_port(entry: str) -> str:
    """One of ``private_peers`` as connections are compared with it; raises ``ValueError`` for anything else."""
    parsed = urllib.parse.urlsplit(f"//{entry.lower()}")
    port = parsed.port or _HTTPS_PORT
    if not re.fullmatch(PATTERN_URL, f"https://{entry.lower()}") or parsed.path or parsed.username:
        raise ValueError(f"{entry!r} is not the host of a peer, with its port unless that is {_HTTPS_PORT}")
    return f"{parsed.hostname}:{port}"


def _openid(source: Source, data: Path) -> OpenIdSettings | None:
    if not source.openid_issuer:
        return None
    return OpenIdSettings(
        issuer=source.openid_issuer,
        client_id=source.openid_client_id,
        secret=data / "keys" / OPENID_SECRET,
        scopes=source.openid_scopes,
        login_claim=source.openid_login_claim,
        name_claim=source.openid_name_claim,
        roles_claim=source.openid_roles_claim,
        roles=source.openid_roles,
    )


def _mail(source: Source, data: Path) -> MailSettings | None:
    if not source.smtp_host:
        return None
    return MailSettings(
        host=source.smtp_host,
        port=source.smtp_port,
        tls=source.smtp_tls,
        user=source.smtp_user,
        secret=data / "keys" / SMTP_SECRET,
        sender=source.smtp_from,
    )


def _check(values: Mapping[str, Value], *, where: str) -> Source:
    try:
        # pydantic checks the types that the signature asks for; the file may hold anything.
        return Source.model_validate(dict(values))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise HanseError(
            Code.BAD_CONFIGURATION, f"{where}: {problems}.", remedy="Correct it there or in the HANSE_ variable named."
        ) from error
