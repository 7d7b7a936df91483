"""Vectors of person tokens: spellings of persons, the cascade, and its messages (section 11)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import Final

from protocol import ristretto, voprf
from protocol.canonical import encode
from protocol.errors import Code
from protocol.identifiers import CircleId, encode_bytes, parse_subject_id
from protocol.keys import SigningKey
from protocol.messages.evaluation import (
    MAX_EVALUATIONS,
    EvaluationAnswer,
    EvaluationRequest,
)
from protocol.person_inputs import named_input, orcid_input
from protocol.person_tokens import begin, encode_element, finish
from protocol.ristretto import Scalar, wide_scalar
from tests.protocol.fed_samples import in_bytes, wire_schema
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

CIRCLE: Final = CircleId(encode_bytes(sha256(b"a circle").digest()))
UNIVERSITY: Final = parse_subject_id("ror:05qghxh33")
OPERATORS: Final = sorted(SigningKey(bytes([seed]) * 32).public.key_id for seed in (1, 2, 3))


@dataclass(frozen=True)
class _Name:
    about: str
    same: tuple[str, ...]
    others: tuple[str, ...] = ()


_NAMES: Final = (
    _Name("order, case and punctuation", ("Jane Example", "EXAMPLE, Jane", " jane\u00a0example. ", "Example/Jane")),
    _Name(
        "a hyphen separates like a space",
        ("Anne-Marie Muster", "Muster Anne Marie", "anne\u2010marie MUSTER"),
        ("Annemarie Muster", "Anne Muster"),
    ),
    _Name("an apostrophe is left out", ("Pat O'Sample", "O\u2019Sample, Pat", "Pat OSample"), ("Pat Sample",)),
    _Name("marks count", ("J\u00f6rg Beispiel", "Jo\u0308rg Beispiel"), ("Jorg Beispiel", "Joerg Beispiel")),
    _Name("full case folding", ("Hans Stra\u00dfe", "HANS STRASSE"), ("Hans Strase",)),
    _Name("compatibility forms", ("\uff2a\uff41\uff4e\uff45 Example", "Jane Example"), ()),
    _Name("what is never seen", ("Ja\u00adne Exam\u200dple", "Jane\u200e Example"), ("Ja ne Example",)),
    _Name("no spaces", ("\u738b\u5c0f\u660e",), ("\u738b \u5c0f\u660e",)),
    _Name(
        "another script", ("\u0418\u0432\u0430\u043d \u041e\u0431\u0440\u0430\u0437\u0435\u0446",), ("Ivan Obrazets",)
    ),
)
_REFUSED_NAMES: Final = (
    ("initials", "J. Example", "false-hits"),
    ("an initial between", "Jane Q. Example", "false-hits"),
    ("one letter", "\u738b", "false-hits"),
    ("nothing", "", "no-person"),
    ("punctuation alone", " .,- ", "no-person"),
    ("too long", "ab " * 67, "no-person"),
    ("an unassigned character", "Jane \u0378xample", "versions"),
    ("a private character", "Jane \ue000xample", "versions"),
)
_ORCIDS: Final = (
    "0000-0002-1825-0097",
    "https://orcid.org/0000-0002-1825-0097",
    "http://www.orcid.org/0000-0002-1825-0097/",
    "orcid.org/0000000218250097",
    " ORCID: 0000-0002-1825-0097 ",
    "ORCID iD 0000\u20110002\u20131825\u22120097",
    "\uff10\uff10\uff10\uff10-0002-1825-0097",
)
_REFUSED_ORCIDS: Final = (
    ("a wrong check digit", "0000-0002-1825-0098"),
    ("two digits exchanged", "0000-0002-1285-0097"),
    ("a digit too few", "0000-0002-1825-009"),
    ("hyphens here and there", "0000-00021825-0097"),
    ("an X inside", "0000-0002-18X5-0097"),
    ("another site", "https://example.org/0000-0002-1825-0097"),
    ("something behind it", "0000-0002-1825-0097 Jane"),
    ("digits of another script", "\u0660000-0002-1825-0097"),
    ("nothing", ""),
)
_INPUT_FLAGS: Final = {
    "false-hits": "many persons would have one token, and each would be asked about for the others",
    "no-person": "a token that stands for nobody",
    "versions": "nodes with different versions of Unicode would come to different tokens",
    "mistyped": "a token of somebody else, or of nobody",
}


def _inputs() -> Iterable[Case]:
    for spelled in _ORCIDS:
        made = encode_bytes(orcid_input(spelled))
        yield Case(f"ORCID iD {spelled!a}", "11.3", {"kind": "orcid", "text": spelled, "input": made})
    x = "0000-0002-1694-233x"
    yield Case("a check digit X", "11.3", {"kind": "orcid", "text": x, "input": encode_bytes(orcid_input(x))})
    for name, spelled in _REFUSED_ORCIDS:
        refused = {"kind": "orcid", "text": spelled, "input": None}
        yield Case(f"ORCID iD: {name}", "11.3", refused, Code.BAD_IDENTIFIER, ["mistyped"])
    for each in _NAMES:
        for spelled in (*each.same, *each.others):
            made = encode_bytes(named_input(spelled, UNIVERSITY))
            given = {"kind": "name", "text": spelled, "organisation": UNIVERSITY, "input": made}
            yield Case(f"{each.about}: {spelled!a}", "11.4", given)
    elsewhere = parse_subject_id("circle:" + "A" * 22)
    made = encode_bytes(named_input("Jane Example", elsewhere))
    given = {"kind": "name", "text": "Jane Example", "organisation": elsewhere, "input": made}
    yield Case("the same name at another organisation", "11.4", given)
    for name, spelled, flag in _REFUSED_NAMES:
        refused = {"kind": "name", "text": spelled, "organisation": UNIVERSITY, "input": None}
        yield Case(f"a name: {name}", "11.4", refused, Code.MALFORMED, [flag])


def inputs() -> bytes:
    """Spellings of persons."""
    same = [list(each.same) for each in _NAMES]
    return vector_file(
        "What a person token is made from. input is base64url of the bytes that text gives; no person here exists "
        "(the ORCID iDs are those of ORCID's own documentation). same: names that are one.",
        _INPUT_FLAGS,
        list(_inputs()),
        same=same,
    )


def _scalar(name: str) -> Scalar:
    return wide_scalar(sha512(name.encode()).digest())


def _cascade(count: int, epoch: int, data: bytes) -> Mapping[str, object]:
    person = orcid_input("0000-0002-1825-0097") if not data else named_input(data.decode(), UNIVERSITY)
    blinding = _scalar(f"blinding {count} {epoch}")
    element, hops, single = begin(person, blinding), [], (1).to_bytes(32, "little")
    sent = element
    for operator in OPERATORS[:count]:
        key, nonce = _scalar(f"key of {operator} in {epoch}"), _scalar(f"nonce of {operator} in {epoch}")
        (returned,) = voprf.evaluate(key, [sent])
        hops.append(
            {
                "operator": operator,
                "private_key": encode_bytes(key),
                "public_key": encode_bytes(voprf.public_key(key)),
                "nonce": encode_bytes(nonce),
                "sent": encode_element(sent),
                "returned": encode_element(returned),
                "proof": encode_bytes(voprf.prove(key, [sent], [returned], nonce)),
            }
        )
        single = ristretto.product(Scalar(single), key)
        sent = returned
    return {
        "circle": CIRCLE,
        "epoch": epoch,
        "input": encode_bytes(person),
        "blind": encode_bytes(blinding),
        "hops": hops,
        "single_key": encode_bytes(single),
        "token": finish(CIRCLE, epoch, person, blinding, sent),
    }


def tokens() -> bytes:
    """Cascades of two and three operators."""
    cases = [
        Case("two operators", "11.8", _cascade(2, 1, b"")),
        Case("the same person in the next epoch", "11.8", _cascade(2, 2, b"")),
        Case("three operators", "11.8", _cascade(3, 1, b"Jane Example")),
    ]
    return vector_file(
        "The cascade: each operator multiplies what the one before returned. single_key is the product of all keys, "
        "under which one evaluation gives the same token. Binary is base64url.",
        {},
        cases,
    )


_MESSAGE_FLAGS: Final = {
    "unbounded": "one question could keep an operator busy, or be counted as one evaluation",
    "second-reading": "two nodes would act differently on the same bytes",
    "no-element": "an operator would work with what is no element, and its answer could tell its key",
}


def _message(name: str, kind: str, members: Mapping[str, object], error: Code | None = None, *flags: str) -> Case:
    return Case(name, "11.7", {"message": kind, **in_bytes(encode(members))}, error, flags)


def _messages() -> Iterable[Case]:
    element = encode_element(ristretto.multiply_generator(_scalar("an element")))
    request: dict[str, object] = {"v": 1, "epoch": 1, "elements": [element]}
    answer: dict[str, object] = request | {"proof": encode_bytes(bytes(64))}
    yield _message("a question", "evaluation-request", request)
    yield _message("a full question", "evaluation-request", request | {"elements": [element] * MAX_EVALUATIONS})
    yield _message("an answer, its proof not verified", "evaluation-answer", answer)
    for kind, good in (("evaluation-request", request), ("evaluation-answer", answer)):
        many = good | {"elements": [element] * (MAX_EVALUATIONS + 1)}
        yield _message(f"too many elements ({kind})", kind, many, Code.MALFORMED, "unbounded")
        yield _message(f"no elements ({kind})", kind, good | {"elements": []}, Code.MALFORMED, "second-reading")
        yield _message(f"epoch 0 ({kind})", kind, good | {"epoch": 0}, Code.MALFORMED, "second-reading")
        yield _message(f"another version ({kind})", kind, good | {"v": 2}, Code.MALFORMED, "second-reading")
        yield _message(f"an unknown member ({kind})", kind, good | {"input": ""}, Code.MALFORMED, "second-reading")
        for name, data in (("the identity", bytes(32)), ("no element", b"\xfc" + b"\xff" * 31)):
            bad = good | {"elements": [element, encode_bytes(data)]}
            yield _message(f"{name} ({kind})", kind, bad, Code.MALFORMED, "no-element", BEYOND_SCHEMA)
    short = answer | {"proof": encode_bytes(bytes(63))}
    yield _message("a proof of 63 bytes", "evaluation-answer", short, Code.MALFORMED, "second-reading")


def messages() -> bytes:
    """Questions to an operator, and its answers."""
    return vector_file("Questions to an operator and answers; bytes is the message.", _MESSAGE_FLAGS, list(_messages()))


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/evaluation-request.schema.json": wire_schema(
        "evaluation-request",
        "Evaluation request",
        "Elements for an operator to multiply (clause 11.7).",
        EvaluationRequest,
    ),
    "v1/evaluation-answer.schema.json": wire_schema(
        "evaluation-answer", "Evaluation answer", "The products and their proof (clause 11.7).", EvaluationAnswer
    ),
    "vectors/person_inputs.json": inputs,
    "vectors/person_tokens.json": tokens,
    "vectors/evaluation.json": messages,
}
