"""What a sign-in service says is believed where it proves it, and nothing else; garbage is one clear refusal."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from node.accounts.openid import (
    LEEWAY_SECONDS,
    MAX_ROLE_VALUES,
    Pending,
    open_pending,
    read_keys,
    read_metadata,
    read_token,
    roles_in,
)
from node.domain.accounts import Role
from node.domain.openid import Identity, OpenIdSettings
from node.errors import Code, HanseError
from node.storage.vault import KEY_BYTES, Vault
from protocol.statements import Timestamp

NOW: Final = Timestamp(1_780_000_000)
ISSUER: Final = "https://login.aldermoor.example"
ACCESS: Final = "an access token"
NONCE: Final = "a nonce"
SETTINGS: Final = OpenIdSettings(
    issuer=ISSUER,
    client_id="hanse",
    secret=Path("nowhere"),
    scopes="openid profile",
    login_claim="preferred_username",
    name_claim="name",
    roles_claim="groups",
    roles={"security": Role.OFFICER, "readers": Role.ANALYST},
)
RSA: Final = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER: Final = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
KEYS: Final = KeySet([RSAKey.import_key(RSA.as_dict(private=False))])
_HALF: Final = sha256(ACCESS.encode()).digest()[:16]
CLAIMS: Final[dict[str, object]] = {
    "iss": ISSUER,
    "sub": "u-17",
    "aud": "hanse",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": NONCE,
    "at_hash": base64.urlsafe_b64encode(_HALF).rstrip(b"=").decode(),
    "preferred_username": "Tamsin",
    "name": "R. Tamsin",
    "groups": ["security", "choir"],
}


def _token(changes: Mapping[str, object] | None = None, *, key: Key = RSA, **header: str) -> str:
    claims = {name: value for name, value in {**CLAIMS, **(changes or {})}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one"} | header, claims, key, algorithms=[header.get("alg", "RS256")])


def _read(token: str, keys: KeySet = KEYS) -> Identity:
    return read_token(SETTINGS, keys, token, ACCESS, NONCE, NOW)


def test_a_token_that_holds_says_who_it_is() -> None:
    assert _read(_token()) == Identity(ISSUER, "u-17", "Tamsin", "R. Tamsin", frozenset({Role.OFFICER}))


def test_the_subject_is_taken_as_it_is() -> None:
    assert _read(_token({"sub": " u-17"})).subject == " u-17"


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSA, "PS256"),
        (ECKey.generate_key("P-256", {"kid": "e"}), "ES256"),
        (ECKey.generate_key("P-384", {"kid": "e"}), "ES384"),
        (OKPKey.generate_key("Ed25519", {"kid": "o"}), "Ed25519"),
    ],
    ids=["PS256", "ES256", "ES384", "Ed25519"],
)
def test_every_algorithm_that_is_allowed_works(key: Key, alg: str) -> None:
    assert key.kid is not None
    assert _read(_token({"at_hash": None}, key=key, alg=alg, kid=key.kid), KeySet([key])).subject == "u-17"


BAD: Final[dict[str, dict[str, object]]] = {
    "another issuer": {"iss": "https://login.elsewhere.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "somebody"},
    "no audience": {"aud": None},
    "two audiences and no authorised party": {"aud": ["hanse", "other"]},
    "another authorised party": {"azp": "other"},
    "expired": {"exp": NOW - LEEWAY_SECONDS - 1},
    "no expiry": {"exp": None},
    "an expiry that is no number": {"exp": "soon"},
    "issued later than now": {"iat": NOW + LEEWAY_SECONDS + 60},
    "not yet valid": {"nbf": NOW + LEEWAY_SECONDS + 60},
    "another nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 17},
    "a subject with a control character": {"sub": "u-17\x1f"},
    "a subject that is too long": {"sub": "u" * 501},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_a_token_that_does_not_hold_is_nobody(changes: Mapping[str, object]) -> None:
    with pytest.raises(HanseError) as caught:
        _read(_token(changes))
    assert caught.value.code is Code.SIGN_IN_FAILED


def _with_shared_secret(secret: bytes, payload: str) -> str:
    """RFC 8725 section 2.1: a public key, which everybody has, taken for the secret of an HMAC."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(hmac.digest(secret, f"{header}.{payload}".encode(), "sha256"))
    return f"{header}.{payload}.{signature.rstrip(b'=').decode()}"


def _forged() -> dict[str, str]:
    header, payload, signature = _token().split(".")
    nothing = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    return {
        "another key of the same name": _token(key=OTHER),
        "no signature": f"{header}.{payload}.",
        "alg none": f"{nothing}.{payload}.",
        "alg none with the signature": f"{nothing}.{payload}.{signature}",
        "the public key as a shared secret": _with_shared_secret(RSA.as_pem(private=False), payload),
        "a key that is not there": _token(kid="two"),
        "another payload": f"{header}.{_token({'sub': 'u-1'}).split('.')[1]}.{signature}",
        "garbage": "not a token",
        "nothing": "",
        "not ASCII": "a.b.\u00e9",
    }


@pytest.mark.parametrize("token", _forged().values(), ids=_forged().keys())
def test_a_forged_token_is_nobody(token: str) -> None:
    with pytest.raises(HanseError) as caught:
        _read(token)
    assert caught.value.code is Code.SIGN_IN_FAILED


@given(token=st.text(max_size=200) | st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_garbage_for_a_token_is_one_clear_refusal(token: str) -> None:
    with pytest.raises(HanseError):
        _read(token)


@given(data=st.binary(max_size=300) | st.recursive(st.none() | st.text(max_size=5), st.lists).map(msgspec.json.encode))
def test_garbage_for_keys_and_metadata_is_one_clear_refusal(data: bytes) -> None:
    for read in (read_keys, lambda found: read_metadata(ISSUER, found)):
        with pytest.raises(HanseError) as caught:
            read(data)
        assert caught.value.code is Code.SIGN_IN_FAILED


def test_keys_that_cannot_be_used_are_passed_over() -> None:
    offered = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "of tomorrow", "kid": "unknown"},
        {"kty": "RSA", "n": "AQAB", "e": "", "kid": "broken"},
        RSA.as_dict(private=False) | {"use": "enc", "kid": "for encryption"},
        RSA.as_dict(private=False),
    ]
    keys = read_keys(msgspec.json.encode({"keys": offered}))
    assert [key.kid for key in keys] == ["one"]


METADATA: Final[dict[str, object]] = {
    "issuer": ISSUER,
    "authorization_endpoint": ISSUER + "/authorize",
    "token_endpoint": ISSUER + "/token",
    "jwks_uri": ISSUER + "/keys",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ISSUER + "/"},
        {"issuer": "https://login.elsewhere.example"},
        {"token_endpoint": "http://login.aldermoor.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://[broken"},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_metadata_of_another_issuer_or_with_bad_addresses_are_refused(changes: Mapping[str, object]) -> None:
    assert read_metadata(ISSUER, msgspec.json.encode(METADATA)).issuer == ISSUER
    with pytest.raises(HanseError) as caught:
        read_metadata(ISSUER, msgspec.json.encode(METADATA | dict(changes)))
    assert caught.value.code is Code.SIGN_IN_FAILED


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["security", "readers"], {Role.OFFICER, Role.ANALYST}),
        ("readers choir", {Role.ANALYST}),
        (["Security", "operator", "officer"], set()),
        ([["security"], 3, None], set()),
        ({"security": True}, set()),
        (None, set()),
        (["choir"] * MAX_ROLE_VALUES + ["security"], set()),
    ],
    ids=["a list", "one text", "other values", "no texts", "an object", "none", "too late in the list"],
)
def test_only_the_values_in_the_settings_give_roles(claim: object, roles: set[Role]) -> None:
    assert roles_in(SETTINGS, {"groups": claim}) == roles
    assert roles_in(replace(SETTINGS, roles_claim="other"), {"groups": claim}) == set()


def test_a_pending_sign_in_is_read_by_the_node_that_sealed_it_alone() -> None:
    vault, other = Vault(bytes(KEY_BYTES)), Vault(bytes([1]) * KEY_BYTES)
    pending = Pending("state", "nonce", "verifier", "/search", NOW + 600)
    cookie = pending.seal(vault)
    assert open_pending(vault, cookie) == pending
    for wrong in ("", "AAAA", cookie[:-2], cookie + "A" * 5_000, "\u00e9", other_cookie := pending.seal(other)):
        assert open_pending(vault, wrong) is None
    assert open_pending(other, other_cookie) == pending
