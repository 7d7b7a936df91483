"""``@sd-jwt/core`` (JavaScript) verifies our statements with their disclosures, and refuses tampered ones.

Needs node 20, npm and, for the first installation, a package registry or npm's cache; skips where they are not
there, and says which.
"""

import subprocess
from pathlib import Path
from typing import Final

import msgspec
import pytest

from protocol.envelope import sign
from protocol.errors import Code
from protocol.identifiers import decode_bytes, encode_bytes
from protocol.sd_jwt import disclose, presentation, verify
from protocol.statements import HELD_BACK, encode
from tests.interop.npm import install
from tests.protocol.samples import KEY, NOW, disclosures, every_kind, finding
from tests.protocol.vector_file import error_code

HERE: Final = Path(__file__).parent / "sd_jwt"
RUN_SECONDS: Final = 60


class Answer(msgspec.Struct):
    """What the library said of one presentation."""

    payload: dict[str, object] | None = None
    header: dict[str, object] | None = None
    refused: str | None = None


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned library installed by its lock file."""
    return install(HERE, tmp_path_factory.mktemp("sd_jwt"))


def _ask(library: Path, presentations: dict[str, bytes]) -> dict[str, Answer]:
    texts = {name: data.decode() for name, data in presentations.items()}
    question = msgspec.json.encode({"key": KEY.public.encode(), "now": NOW, "presentations": texts})
    command = ["node", str(HERE / "verify.mjs"), str(library)]
    done = subprocess.run(command, input=question, capture_output=True, timeout=RUN_SECONDS, check=True)  # noqa: S603 - fixed words
    return msgspec.json.decode(done.stdout, type=dict[str, Answer])


def test_statements_of_every_kind_are_verified(library: Path) -> None:
    answers = _ask(library, {kind: presentation(sign(encode(it), KEY), []) for kind, it in every_kind().items()})
    assert {kind: answer.refused for kind, answer in answers.items()} == dict.fromkeys(every_kind())
    assert answers["finding"].header == {"alg": "Ed25519", "kid": KEY.public.key_id, "typ": "hanse+jwt"}


def test_disclosed_fields_appear_and_no_others(library: Path) -> None:
    jws = sign(encode(finding()), KEY)
    full = {one.name: one for one in disclosures()}
    answers = _ask(
        library,
        {name: presentation(jws, [one.encoded]) for name, one in full.items()}
        | {"none": presentation(jws, []), "all": presentation(jws, [one.encoded for one in full.values()])},
    )
    for name, one in full.items():
        payload = answers[name].payload
        assert payload is not None
        assert {key: payload[key] for key in HELD_BACK if key in payload} == {name: one.value}
    everything, nothing = answers["all"].payload, answers["none"].payload
    assert everything is not None
    assert nothing is not None
    assert {name: everything[name] for name in HELD_BACK} == {name: one.value for name, one in full.items()}
    assert not set(HELD_BACK) & set(nothing)


def test_tampered_statements_are_refused(library: Path) -> None:
    jws = sign(encode(finding()), KEY)
    one = disclosures()[0]
    header, payload, signature = jws.split(b".")
    flipped = bytearray(decode_bytes(signature.decode()))
    flipped[0] ^= 1
    changed = encode_bytes(encode(every_kind()["relation"])).encode()
    answers = _ask(
        library,
        {
            "signature": presentation(_joined(header, payload, encode_bytes(bytes(flipped)).encode()), [one.encoded]),
            "payload": presentation(_joined(header, changed, signature), [one.encoded]),
            "header": presentation(_joined(encode_bytes(b'{"alg":"none"}').encode(), payload, b""), []),
        },
    )
    assert [name for name, answer in answers.items() if answer.refused is None] == []


def test_a_forged_disclosure_proves_nothing(library: Path) -> None:
    """Version 0.19 passes over a disclosure that no digest refers to, where ours refuses: no value may appear."""
    jws = sign(encode(finding()), KEY)
    forged = disclose("contact", "somebody@example.org", salt=bytes(16))
    answer = _ask(library, {"forged": presentation(jws, [forged.encoded])})["forged"]
    assert answer.payload is None or "contact" not in answer.payload
    assert error_code(verify, finding().sd, [forged.encoded]) is Code.BAD_DISCLOSURE


def _joined(*parts: bytes) -> bytes:
    return b".".join(parts)
