"""Which statements are the opinions on a claim: the vectors, in every order in which logs can arrive."""

import itertools
import random
from collections.abc import Sequence
from typing import Final

import msgspec
import pytest

from protocol import statements
from protocol.identifiers import KeyId
from protocol.opinions import OnClaim, Standing, by_claim, opinions
from protocol.projection import ClaimKey, Cut
from protocol.signals import Opinion
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary
from tests.protocol import logs
from tests.protocol.samples import NOW
from tests.protocol.vector_file import VECTORS, load_cases
from tests.protocol.vectors_opinions import STATEMENTS, TRUST_PPM

_SHUFFLES: Final = 20


class _Case(msgspec.Struct, frozen=True):
    name: str
    now: Timestamp
    logs: dict[KeyId, list[str | None]]
    voices: dict[KeyId, KeyId]
    order: list[KeyId]
    opinions: list[Opinion]


class _File(msgspec.Struct, frozen=True):
    claim: ClaimKey
    statements: dict[str, str]


FILE: Final = msgspec.json.decode((VECTORS / "opinions.json").read_bytes(), type=_File)
SAID: Final = {name: statements.decode(payload.encode()) for name, payload in FILE.statements.items()}
CASES: Final = load_cases("opinions.json", _Case)


def chosen(held: Sequence[Standing], vocabulary: Vocabulary, case: _Case) -> list[Opinion]:
    """The opinions on the claim of the file."""
    on_claim = by_claim(held, held).get(FILE.claim)
    if on_claim is None:
        return []
    if not case.voices:
        return opinions(on_claim, vocabulary, lambda _: TRUST_PPM)
    return opinions(
        on_claim,
        vocabulary,
        lambda _: TRUST_PPM,
        lambda key: case.voices.get(key, key),
        [*case.order, *case.logs].index,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vectors(case: _Case, vocabulary: Vocabulary) -> None:
    read = [logs.standing(author, logs.entries(log, SAID), case.now) for author, log in case.logs.items()]
    for order in itertools.permutations(read):
        assert chosen(list(itertools.chain(*order)), vocabulary, case) == case.opinions
    held = list(itertools.chain(*read))
    shuffle = random.Random(case.name).shuffle  # noqa: S311 - an order, not a secret
    for _ in range(_SHUFFLES):
        shuffle(held)
        assert chosen(held, vocabulary, case) == case.opinions


def test_there_is_at_most_one_opinion_of_each_contributor() -> None:
    for case in CASES:
        authors = [each.contributor for each in case.opinions]
        assert authors == sorted(set(authors))
    assert max(len(case.opinions) for case in CASES) > 1


def test_claims_come_in_their_order_with_the_responses_to_them() -> None:
    log = ["finding elsewhere", "finding in a domain", "finding", "relation", "moves the finding"]
    own = logs.standing(logs.contributor("a"), logs.entries(log, STATEMENTS), NOW)
    answers = logs.standing(logs.contributor("b"), logs.entries(["disputes a's finding"], STATEMENTS), NOW)
    found = by_claim([*answers, *own], [*own, *answers])
    assert list(found) == sorted(found)
    moved = ClaimKey(FILE.claim.subject, logs.OTHER_INDICATOR, FILE.claim.scope)
    assert [each.index for each in found[moved].findings] == [0, 2]
    assert found[moved].responses == tuple(answers)
    assert FILE.claim not in found


def test_trust_is_the_readers_own(vocabulary: Vocabulary) -> None:
    a, b = logs.contributor("a"), logs.contributor("b")
    held = [each for key in (a, b) for each in logs.standing(key, logs.entries(["finding"], STATEMENTS), NOW)]
    trust = {a: 0, b: 300_000}
    (on_claim,) = by_claim(held, ()).values()
    assert {each.contributor: each.trust_ppm for each in opinions(on_claim, vocabulary, trust.__getitem__)} == trust


def test_what_takes_no_stance_is_no_opinion(vocabulary: Vocabulary) -> None:
    log = logs.entries(["relation", "finding", "strengthens the finding", "retracts the finding"], STATEMENTS)
    held = [each for each in logs.standing(logs.contributor("a"), log, NOW) if each.counts]
    assert [each.index for each in held] == [0, 2, 3]
    assert opinions(OnClaim(tuple(held), ()), vocabulary, lambda _: TRUST_PPM) == []


def test_what_is_void_is_no_opinion_and_retracts_none(vocabulary: Vocabulary) -> None:
    """A thief's retraction beyond the cut leaves the finding; its finding beyond the cut is nobody's opinion."""
    log = logs.entries(["finding", "retracts the finding", "weak finding"], STATEMENTS)
    held = logs.standing(logs.contributor("a"), log, NOW, Cut(void_from=1))
    assert [each.state for each in held] == ["live", "void", "void"]
    (on_claim,) = by_claim(held, ()).values()
    (opinion,) = opinions(on_claim, vocabulary, lambda _: TRUST_PPM)
    assert opinion.statement == held[0].name


def test_a_response_to_what_is_void_is_no_opinion_and_replaces_none(vocabulary: Vocabulary) -> None:
    """Behind a fork point one node holds the target and another does not: both shall come to the same opinions."""
    a, b = logs.contributor("a"), logs.contributor("b")
    answers = logs.standing(b, logs.entries(["weak finding", "disputes a's finding"], STATEMENTS), NOW)
    forked = logs.standing(a, logs.entries(["finding"], STATEMENTS), NOW, Cut(void_from=0))

    def said(*held: Standing) -> list[Opinion]:
        return opinions(by_claim(held, held)[FILE.claim], vocabulary, lambda _: TRUST_PPM)

    assert said(*answers, *forked) == said(*answers)
    assert [each.statement for each in said(*answers)] == [answers[0].name]
    live = logs.standing(a, logs.entries(["finding"], STATEMENTS), NOW)
    assert answers[1].name in [each.statement for each in said(*answers, *live)]
