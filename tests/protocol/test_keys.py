"""Ed25519 keys and their names."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Code
from protocol.identifiers import decode_bytes
from protocol.keys import PublicKey, SigningKey
from tests.protocol.vector_file import error_code, load_cases
from tests.support import shared_data

SMALL_ORDER_8 = (
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
)


class KeyCase(msgspec.Struct):
    """A case of vectors/keys.json."""

    name: str
    seed: str
    x: str
    kid: str


class WycheproofKey(msgspec.Struct):
    """The key of a group."""

    pk: str


class WycheproofTest(msgspec.Struct, rename={"number": "tcId"}):
    """One signature."""

    number: int
    msg: str
    sig: str
    result: str


class WycheproofGroup(msgspec.Struct, rename={"public_key": "publicKey"}):
    """Signatures of one key."""

    public_key: WycheproofKey
    tests: list[WycheproofTest]


class Wycheproof(msgspec.Struct, rename={"groups": "testGroups"}):
    """The file."""

    groups: list[WycheproofGroup]


@pytest.mark.parametrize("case", load_cases("keys.json", KeyCase), ids=lambda case: case.name)
def test_vectors(case: KeyCase) -> None:
    key = SigningKey(decode_bytes(case.seed))
    assert key.public.encode() == case.x
    assert key.public.key_id == case.kid
    assert PublicKey.decode(case.x) == key.public


def test_the_thumbprint_published_in_rfc_8037_appendix_a_3() -> None:
    key = PublicKey.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    assert key.key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_signature_published_in_rfc_8037_appendix_a_4() -> None:
    key = SigningKey(decode_bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
    signature = decode_bytes("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
    message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert key.sign(message) == signature
    assert key.public.verify(signature, message)
    assert not key.public.verify(signature, message + b".")


def test_wycheproof_ed25519() -> None:
    vectors = msgspec.json.decode(shared_data("vectors/wycheproof_ed25519_test.json").read_bytes(), type=Wycheproof)
    wrong = []
    for group in vectors.groups:
        key = PublicKey(bytes.fromhex(group.public_key.pk))
        for test in group.tests:
            verified = key.verify(bytes.fromhex(test.sig), bytes.fromhex(test.msg))
            if verified != (test.result == "valid"):
                wrong.append(test.number)
    assert sum(len(group.tests) for group in vectors.groups) == 151
    assert wrong == []


@given(st.binary(max_size=40), st.binary(max_size=70), st.binary(max_size=40))
@settings(deadline=None)
def test_garbage_raises_nothing_but_protocol_errors(raw: bytes, signature: bytes, message: bytes) -> None:
    assert error_code(PublicKey, raw) in ({None, Code.BAD_KEY} if len(raw) == 32 else {Code.BAD_KEY})
    assert not SigningKey(bytes(32)).public.verify(signature, message)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
@settings(deadline=None)
def test_what_a_key_signs_its_public_half_verifies(seed: bytes, message: bytes) -> None:
    key = SigningKey(seed)
    assert key.public.verify(key.sign(message), message)


def test_a_key_of_small_order_would_verify_what_nobody_signed() -> None:
    assert error_code(PublicKey, b"\x01" + bytes(31)) is Code.BAD_KEY
    assert error_code(PublicKey, b"\x01" + bytes(30) + b"\x80") is Code.BAD_KEY


def test_every_point_of_small_order_is_refused_in_every_spelling() -> None:
    """Derived here from the curve equation -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1), not from a list.

    The double of a point of order 8 has order 4, so y = 0, which asks for x^2 = -y^2 and so 2 y^2 = 1 - d y^4.
    """
    p = 2**255 - 19
    d = -121_665 * pow(121_666, -1, p) % p
    refused = [
        int.from_bytes(raw, "little") & (2**255 - 1)
        for raw in (bytes.fromhex(text) for text in SMALL_ORDER_8)
        if error_code(PublicKey, raw) is Code.BAD_KEY
    ]
    assert len(refused) == len(SMALL_ORDER_8)
    assert all((2 * y * y - 1 + d * y**4) % p == 0 for y in refused)
    for y in (0, 1, p - 1, p, p + 1):
        for sign in (0, 1):
            assert error_code(PublicKey, (y | sign << 255).to_bytes(32, "little")) is Code.BAD_KEY


def test_a_seed_has_32_bytes() -> None:
    assert error_code(SigningKey, bytes(31)) is Code.BAD_KEY


def test_equality_and_repr_show_the_public_half_only() -> None:
    key = SigningKey(bytes([7]) * 32)
    same = PublicKey(key.public.raw)
    assert {key.public, same} == {same}
    assert key.public != key.public.raw
    assert key.public.encode() in repr(key)
    assert decode_bytes(key.public.encode()) == key.public.raw
    assert "Bwc" not in repr(key)
