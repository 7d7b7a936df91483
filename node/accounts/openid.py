"""OpenID Connect, the relying party's side: the authorisation code flow with PKCE.

The browser is sent to the institution's provider with a state, a nonce and a code challenge, and comes back with a
code, which this node exchanges for an ID token. What makes that safe, each with its clause:

- *Who began it ends it.* State, nonce and verifier are sealed into a cookie of the browser that began; an answer that
  does not carry its state is refused (RFC 9700 section 4.7). Nobody can be signed in to somebody else's account.
- *The right provider answers.* The issuer of the metadata is the one in the settings (Discovery 1.0 section 4.3), the
  ``iss`` of the answer, where it is there or was announced, as well (RFC 9207).
- *The code is worth nothing alone*: S256 code challenge (RFC 7636).
- *The token is for us and of now*: signature by a key of the provider under one of :data:`ALGORITHMS`, issuer,
  audience, authorised party, expiry, nonce, and the hash of the access token (Core 1.0 section 3.1.3.7).

Metadata and keys are fetched at the first sign-in and again after an hour, and at once when a token is signed by a key
that we have not seen, so that a provider may change its keys. Every request goes out by the rules of every way out.
The access token is used for nothing and kept nowhere.
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from threading import BoundedSemaphore, Lock
from typing import Final, Protocol, TypeVar
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from node.accounts.secrets import same_secret
from node.domain.accounts import Role
from node.domain.openid import Identity, OpenIdSettings
from node.errors import Code, HanseError
from node.storage import secret_files
from node.storage.vault import Vault
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import decode_bytes, encode_bytes
from protocol.statements import Timestamp

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "Ed25519")
"""Signatures that an ID token may have. Never ``none``, never one with a shared secret."""
CALLBACK: Final = "/sign-in/openid/callback"
"""Where the provider sends the browser back to, below the node's address; registered there."""
PENDING_SECONDS: Final = 600
"""From the first redirect to the answer: somebody looks for a second factor; longer is another sign-in."""
MAX_DOCUMENT_BYTES: Final = 65_536
"""Metadata, keys or a token response, in bytes: a provider with fifty keys needs half of that."""
FRESH_SECONDS: Final = 3_600
"""How long metadata and keys are used before they are asked for again."""
MIN_ASK_SECONDS: Final = 2
"""Between two questions for metadata and keys, whatever tokens say: strangers can send any."""
MAX_AT_ONCE: Final = 8
"""Sign-ins that wait for the provider at one moment: a provider that does not answer must not hold every thread."""
LEEWAY_SECONDS: Final = 60
"""By which the provider's clock may differ."""
MAX_KEYS: Final = 50
"""Keys of a provider that are looked at; usual are two to four."""
MAX_CLAIM_CHARACTERS: Final = 500
MAX_ROLE_VALUES: Final = 1_000
"""Values of the roles claim that are looked at: somebody is in hundreds of groups, not in thousands."""
MAX_CODE_CHARACTERS: Final = 4_000
_RANDOM_BYTES: Final = 32
_PLACE: Final = "cookie.openid:pending"
_MAX_COOKIE_CHARACTERS: Final = 4_096
_T = TypeVar("_T")


class Answer(Protocol):
    """An answer to a POST, as the transport gives it."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def content(self) -> bytes:
        """The body, in full."""
        ...


class Reach(Protocol):
    """How a provider is asked (:class:`node.sync.fetch.Fetcher`): pinned addresses, no redirects, bounds on all."""

    def get(self, url: str, max_bytes: int) -> bytes:
        """The content under an address, which must answer 200; raises :class:`HanseError`."""
        ...

    def post(self, url: str, headers: dict[str, str], body: bytes, max_bytes: int) -> Answer:
        """The answer, whatever its status; raises :class:`HanseError`."""
        ...


class Pending(msgspec.Struct, frozen=True):
    """A sign-in that has begun in one browser."""

    state: str
    nonce: str
    verifier: str
    target: str
    """Where the person wanted to go."""
    expires: int

    def seal(self, vault: Vault) -> str:
        """As the value of a cookie: only this node can read or make it."""
        return encode_bytes(vault.seal(msgspec.json.encode(self), place=_PLACE))


class Metadata(msgspec.Struct, frozen=True):
    """What is used of a provider's metadata (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct):
    """What is used of a token response (OpenID Connect Core 1.0, section 3.1.3.3)."""

    id_token: str
    access_token: str


@dataclass(frozen=True, slots=True)
class _Known:
    metadata: Metadata
    keys: KeySet
    asked: Timestamp


class Provider:
    """One institution's sign-in service, as one process of a node knows it. Safe to use from several threads."""

    def __init__(
        self, settings: OpenIdSettings, base_url: str, reach: Callable[[], AbstractContextManager[Reach]]
    ) -> None:
        self.settings = settings
        self._callback = base_url + CALLBACK
        self._reach = reach
        self._lock = Lock()
        self._places = BoundedSemaphore(MAX_AT_ONCE)
        self._known: _Known | None = None
        self._failed: Timestamp | None = None

    def begin(self, target: str, now: Timestamp) -> tuple[str, Pending]:
        """The address to send the browser to, and what it must bring back."""
        metadata = self._provider(now).metadata
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        url = prepare_grant_uri(
            metadata.authorization_endpoint,
            self.settings.client_id,
            "code",
            redirect_uri=self._callback,
            scope=self.settings.scopes,
            state=state,
            nonce=nonce,
            code_challenge=encode_bytes(sha256(verifier.encode()).digest()),
            code_challenge_method="S256",
        )
        return url, Pending(state, nonce, verifier, target, now + PENDING_SECONDS)

    def finish(self, pending: Pending, answer: Mapping[str, str], now: Timestamp) -> Identity:
        """Who has signed in, by the answer that the browser brought.

        Raises ``FORBIDDEN`` for an answer to another sign-in, a late one, or a person who declined; and
        ``SIGN_IN_FAILED`` where the provider cannot be reached or its token does not hold.
        """
        known = self._provider(now)
        _require_own(pending, answer, known.metadata, now)
        with self._place():
            tokens = self._exchange(known.metadata, answer["code"], pending.verifier)
        return self._identity(tokens, pending.nonce, now)

    def _exchange(self, metadata: Metadata, code: str, verifier: str) -> _Tokens:
        secret = secret_files.read(self.settings.secret) or ""
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._callback, code_verifier=verifier
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        client = self.settings.client_id
        if secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(client)}:{quote_plus(secret)}"  # RFC 6749 section 2.3.1: form-encoded before base64
            headers["Authorization"] = "Basic " + b64encode(pair.encode("ascii")).decode("ascii")
        else:
            more = {"client_id": client} | ({"client_secret": secret} if secret else {})
            body += "&" + urlencode(more)
        reply = self._ask(lambda reach: reach.post(metadata.token_endpoint, headers, body.encode(), MAX_DOCUMENT_BYTES))
        if reply.status != HTTPStatus.OK:
            raise _failed(f"refused the code ({reply.status}); perhaps this node is registered there with other values")
        try:
            return msgspec.json.decode(reply.content, type=_Tokens)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _failed("answered without the tokens that were asked for") from error

    def _identity(self, tokens: _Tokens, nonce: str, now: Timestamp) -> Identity:
        known = self._provider(now)
        try:
            return read_token(self.settings, known.keys, tokens.id_token, tokens.access_token, nonce, now)
        except HanseError:
            # It may have changed its keys since: look again, once.
            fresh = self._provider(now, newer_than=known)
            if fresh is known:
                raise
        return read_token(self.settings, fresh.keys, tokens.id_token, tokens.access_token, nonce, now)

    def _provider(self, now: Timestamp, *, newer_than: _Known | None = None) -> _Known:
        """Metadata and keys, asked for where what is known is old or, by a token, not enough."""
        known = self._known
        if known is not None and known is not newer_than and now - known.asked < FRESH_SECONDS:
            return known
        with self._place(), self._lock:
            known = self._known
            recent = known is not None and now - known.asked < MIN_ASK_SECONDS
            if known is not None and (recent or (known is not newer_than and now - known.asked < FRESH_SECONDS)):
                return known
            if self._failed is not None and now - self._failed < MIN_ASK_SECONDS:
                raise _failed("did not answer a moment ago")
            try:
                metadata, keys = self._ask(self._read)
            except HanseError:
                self._failed = now
                raise
            self._known, self._failed = _Known(metadata, keys, now), None
            return self._known

    def _read(self, reach: Reach) -> tuple[Metadata, KeySet]:
        url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = read_metadata(self.settings.issuer, reach.get(url, MAX_DOCUMENT_BYTES))
        return metadata, read_keys(reach.get(metadata.jwks_uri, MAX_DOCUMENT_BYTES))

    def _ask(self, question: Callable[[Reach], _T]) -> _T:
        try:
            with self._reach() as reach:
                return question(reach)
        except HanseError as error:
            if error.code is Code.SIGN_IN_FAILED:
                raise
            raise _failed(f"could not be asked ({error.detail.rstrip('.')})") from error

    def _place(self) -> "_Place":
        return _Place(self._places)


class _Place:
    """One of the sign-ins that may wait for the provider."""

    def __init__(self, places: BoundedSemaphore) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.acquire(blocking=False):
            raise HanseError(
                Code.TOO_MANY_REQUESTS,
                "too many people are signing in at this moment.",
                remedy="Try again in a minute.",
            )

    def __exit__(self, *_: object) -> None:
        self._places.release()


def open_pending(vault: Vault, cookie: str) -> Pending | None:
    """Undo :meth:`Pending.seal`; None for a cookie that this node has not made."""
    if not cookie or len(cookie) > _MAX_COOKIE_CHARACTERS:
        return None
    try:
        return msgspec.json.decode(vault.open(decode_bytes(cookie), place=_PLACE), type=Pending)
    except (HanseError, ProtocolError, msgspec.DecodeError):
        return None


def read_metadata(issuer: str, data: bytes) -> Metadata:
    """A provider's metadata; raises ``SIGN_IN_FAILED`` unless they are this issuer's and can be used."""
    try:
        metadata = msgspec.json.decode(data, type=Metadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _failed("has no metadata where OpenID Connect Discovery looks for them") from error
    if metadata.issuer != issuer:
        raise _failed("calls itself by another issuer identifier than the settings say")
    scheme = urlsplit(issuer).scheme
    for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
        parts = _parts(url)
        if parts is None or parts.scheme not in {scheme, "https"} or not parts.hostname or parts.fragment:
            raise _failed("names an address that cannot be used")
    return metadata


def read_keys(data: bytes) -> KeySet:
    """A provider's public keys for signatures; others and unknown ones are passed over (RFC 7517, section 5).

    Raises ``SIGN_IN_FAILED`` where there is none.
    """
    try:
        offered = msgspec.json.decode(data, type=_Keys).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _failed("has no keys where its metadata name them") from error
    keys: list[Key] = []
    for each in offered[:MAX_KEYS]:
        if each.get("use", "sig") == "sig" and each.get("kty") != "oct":
            with suppress(JoseError, ValueError, TypeError, KeyError):
                keys.append(import_key(each))
    if not keys:
        raise _failed("has no keys that can be used")
    return KeySet(keys)


def read_token(
    settings: OpenIdSettings, keys: KeySet, id_token: str, access_token: str, nonce: str, now: Timestamp
) -> Identity:
    """Who the ID token is about, if it holds (OpenID Connect Core 1.0, section 3.1.3.7); raises ``SIGN_IN_FAILED``."""
    try:
        token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            params={"client_id": settings.client_id, "nonce": nonce, "access_token": access_token},
        )
        claims.validate(now=now, leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _failed(f"gave a token that does not hold ({type(error).__name__})") from error
    subject = _line(token.claims, "sub")  # as it is: two that differ in a space are two people
    if not subject:
        raise _failed("gave a token about nobody")
    login = _text(token.claims, settings.login_claim)
    return Identity(
        issuer=settings.issuer,
        subject=subject,
        login=login,
        display_name=_text(token.claims, settings.name_claim) or login,
        roles=roles_in(settings, token.claims),
    )


def roles_in(settings: OpenIdSettings, claims: Mapping[str, object]) -> frozenset[Role]:
    """The roles that the roles claim gives: a list of texts, or one text with spaces between them."""
    value = claims.get(settings.roles_claim)
    values = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    named = [each for each in values[:MAX_ROLE_VALUES] if isinstance(each, str)]
    return frozenset(settings.roles[each] for each in named if each in settings.roles)


class _Keys(msgspec.Struct):
    """A JWK Set (RFC 7517, section 5)."""

    keys: list[dict[str, str | list[str]]]


def _require_own(pending: Pending, answer: Mapping[str, str], metadata: Metadata, now: Timestamp) -> None:
    if now > pending.expires or not same_secret(pending.state, answer.get("state", "")):
        raise HanseError(
            Code.FORBIDDEN,
            "this answer belongs to no sign-in that this browser has begun, or to one long ago.",
            remedy="Begin again.",
        )
    issuer = answer.get("iss", "")
    if (issuer or metadata.authorization_response_iss_parameter_supported) and issuer != metadata.issuer:
        raise _failed("is not the one that answered")
    if "error" in answer or not 0 < len(answer.get("code", "")) <= MAX_CODE_CHARACTERS:
        raise HanseError(
            Code.FORBIDDEN,
            "the sign-in service of your institution did not let you in.",
            remedy="Begin again, or ask the people who run it.",
        )


def _text(claims: Mapping[str, object], name: str) -> str:
    return _line(claims, name).strip()


def _line(claims: Mapping[str, object], name: str) -> str:
    """A claim that is one line of text; what is missing, something else or too long is empty."""
    value = claims.get(name)
    if not isinstance(value, str) or len(value) > MAX_CLAIM_CHARACTERS or not value.isprintable():
        return ""
    return value


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _failed(words: str) -> HanseError:
    return HanseError(
        Code.SIGN_IN_FAILED,
        f"the sign-in service of the institution {words}.",
        remedy="Try again in a minute; if it stays so, tell the operator of this node.",
        fault=Fault.PEER,
    )
