"""Person tokens: who is one person, what a cascade comes to, and which keys make an epoch."""

import itertools
from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol import voprf
from protocol.canonical import encode
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId, SubjectId, decode_bytes, encode_bytes
from protocol.limits import MAX_EPOCH
from protocol.messages import evaluation
from protocol.person_inputs import PersonInput, name_words, named_input, orcid_input
from protocol.person_tokens import PublishedKey, begin, decode_element, encode_element, finish, key_sets, step
from protocol.ristretto import multiply_generator, parse_scalar, wide_scalar
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator
from tests.protocol.vector_file import VECTORS
from tests.protocol.vectors_person_tokens import OPERATORS, UNIVERSITY

DECODE: Final = {
    "evaluation-request": evaluation.decode_evaluation_request,
    "evaluation-answer": evaluation.decode_evaluation_answer,
}


@pytest.mark.parametrize("case", cases("person_inputs"), ids=lambda case: case.name)
def test_inputs(case: Given) -> None:
    def made() -> bytes:
        if case.text("kind") == "orcid":
            return orcid_input(case.text("text"))
        return named_input(case.text("text"), SubjectId(case.text("organisation")))

    assert refusal(made) == case.error
    if case.error is None:
        assert made() == case.data("input")


def test_names_that_are_one() -> None:
    class File(msgspec.Struct):
        same: list[list[str]]

    groups = msgspec.json.decode((VECTORS / "person_inputs.json").read_bytes(), type=File).same
    for group in groups:
        assert len({named_input(name, UNIVERSITY) for name in group}) == 1


def test_a_refusal_never_repeats_what_was_typed() -> None:
    for case in cases("person_inputs"):
        if case.error and (typed := case.text("text").strip(" .,-")):
            with pytest.raises(ProtocolError) as refused:
                orcid_input(case.text("text")) if case.text("kind") == "orcid" else name_words(case.text("text"))
            assert typed not in str(refused.value)


@given_any(st.text(max_size=40))
@settings(deadline=None, max_examples=150)
def test_a_normalised_name_is_its_own_normal_form(text: str) -> None:
    try:
        words = name_words(text)
    except ProtocolError:
        return
    assert name_words(" ".join(reversed(words))) == words
    assert b"\n" not in " ".join(words).encode()


@given_any(st.text(max_size=70))
@settings(deadline=None, max_examples=100)
def test_no_text_is_taken_for_an_orcid_id_unless_it_is_one(text: str) -> None:
    with pytest.raises(ProtocolError):
        orcid_input(text)


class Hop(msgspec.Struct):
    """One operator's turn in vectors/person_tokens.json."""

    operator: KeyId
    private_key: str
    public_key: str
    nonce: str
    sent: str
    returned: str
    proof: str


@pytest.mark.parametrize("case", cases("person_tokens"), ids=lambda case: case.name)
def test_cascades(case: Given) -> None:
    person, blinding = case.data("input"), parse_scalar(case.data("blind"))
    circle, epoch = CircleId(case.text("circle")), case.number("epoch")
    hops = msgspec.convert(case.members["hops"], list[Hop])
    element = voprf.blind(person, blinding)
    for hop in hops:
        assert hop.sent == encode_element(element)
        key = parse_scalar(decode_bytes(hop.private_key))
        (product,) = voprf.evaluate(key, [element])
        proof = voprf.prove(key, [element], [product], parse_scalar(decode_bytes(hop.nonce)))
        assert (hop.returned, hop.proof) == (encode_element(product), encode_bytes(proof))
        (element,) = step(decode_element(hop.public_key), [element], [product], proof)
    token = finish(circle, epoch, PersonInput(person), blinding, element)
    assert token == case.text("token")
    (single,) = voprf.evaluate(parse_scalar(case.data("single_key")), [voprf.blind(person, blinding)])
    assert finish(circle, epoch, PersonInput(person), blinding, single) == token


@given_any(st.lists(st.binary(min_size=64, max_size=64).filter(any), min_size=2, max_size=4), st.randoms())
@settings(deadline=None, max_examples=10)
def test_the_order_of_operators_does_not_matter(seeds: Sequence[bytes], random: Random) -> None:
    keys = [wide_scalar(seed) for seed in seeds]
    person, circle = orcid_input("0000-0002-1825-0097"), CircleId("A" * 43)
    tokens = set()
    for order in itertools.islice(itertools.permutations(keys), 4):
        blinding = wide_scalar(random.randbytes(64))
        element = begin(person, blinding)
        for key in order:
            (element,) = voprf.evaluate(key, [element])
        tokens.add(finish(circle, 1, person, blinding, element))
    assert len(tokens) == 1


def test_another_circle_and_another_epoch_have_other_tokens() -> None:
    person, blinding = orcid_input("0000-0002-1825-0097"), wide_scalar(b"\x05" * 64)
    element = begin(person, blinding)
    made = {finish(CircleId(c * 43), epoch, person, blinding, element) for c in "AB" for epoch in (1, 2)}
    assert len(made) == 4


def test_an_operator_that_uses_another_key_is_found_out() -> None:
    honest, other = wide_scalar(b"\x07" * 64), wide_scalar(b"\x08" * 64)
    sent = begin(orcid_input("0000-0002-1825-0097"), wide_scalar(b"\x09" * 64))
    (returned,) = voprf.evaluate(other, [sent])
    proof = voprf.prove(other, [sent], [returned], wide_scalar(b"\x0a" * 64))
    public = voprf.public_key(honest)
    assert refusal(lambda: step(public, [sent], [returned], proof)) == Code.BAD_PROOF


def _key(seed: int) -> str:
    return encode_element(multiply_generator(wide_scalar(bytes([seed]) * 64)))


A, B, STRANGER = OPERATORS
IDENTITY: Final = encode_bytes(bytes(32))


def test_an_epoch_needs_a_key_of_every_operator() -> None:
    one, two = PublishedKey(A, 0, 4, 1, _key(1)), PublishedKey(B, 0, 9, 1, _key(2))
    (found,) = key_sets((A, B), [two, one])
    assert (found.epoch, found.key_of(A), found.key_of(B)) == (1, decode_element(_key(1)), decode_element(_key(2)))
    assert [name for name, _ in found.keys] == [A, B]
    for published in (
        [],
        [one],
        [one, PublishedKey(B, 0, 9, 2, _key(2))],
        [one, PublishedKey(STRANGER, 0, 1, 1, _key(3))],
    ):
        assert key_sets((A, B), published) == ()
    assert key_sets((), [one, two]) == ()
    assert key_sets((A,), [one]) == ()


def test_the_first_key_that_is_one_counts() -> None:
    published = [
        PublishedKey(A, 0, 7, 1, _key(9)),
        PublishedKey(A, 1, 0, 1, _key(8)),
        PublishedKey(A, 0, 4, 1, _key(1)),
        PublishedKey(A, 0, 2, 1, IDENTITY),
        PublishedKey(A, 0, 3, 1, "A" * 42 + "B"),
        PublishedKey(B, 0, 0, 1, _key(2)),
        PublishedKey(B, 0, 1, 3, _key(4)),
        PublishedKey(A, 1, 1, 3, _key(3)),
    ]
    first, third = key_sets((A, B), published)
    assert (first.epoch, first.key_of(A)) == (1, decode_element(_key(1)))
    assert (third.epoch, third.key_of(A)) == (3, decode_element(_key(3)))
    assert key_sets((A, B), reversed(published)) == (first, third)


@pytest.mark.parametrize("case", cases("evaluation"), ids=lambda case: case.name)
def test_messages(case: Given) -> None:
    kind = case.text("message")
    assert refusal(lambda: DECODE[kind](case.data())) == case.error
    assert schema_agrees(validator(kind), msgspec.json.decode(case.data()), case)


def test_messages_round_trip_and_the_largest_fit() -> None:
    elements = [multiply_generator(wide_scalar(bytes([n + 1]) * 64)) for n in range(evaluation.MAX_EVALUATIONS)]
    request = evaluation.evaluation_request(MAX_EPOCH, elements)
    read = evaluation.decode_evaluation_request(evaluation.encode_evaluation_request(request))
    assert (read, list(read.parsed())) == (request, elements)
    answer = evaluation.evaluation_answer(MAX_EPOCH, elements, b"\x01" * 64)
    again = evaluation.decode_evaluation_answer(evaluation.encode_evaluation_answer(answer))
    assert (again, list(again.parsed()), again.proof_bytes()) == (answer, elements, b"\x01" * 64)


@given_any(st.sampled_from(sorted(DECODE)), st.binary(max_size=200) | st.dictionaries(st.text(), st.none()).map(encode))
@settings(max_examples=60)
def test_garbage_raises_protocol_errors_only(kind: str, garbage: bytes) -> None:
    with pytest.raises(ProtocolError):
        DECODE[kind](garbage)
