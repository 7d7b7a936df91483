"""What person tokens cost: an operator, a member that asks, and whoever would guess names.

``python -m tests.bench.tokens [seconds for each part]`` prints one JSON object. Everything runs on one core, and
seconds are those of the processor, so that what else the machine does matters little; but for the part with a
database, which waits for its disk. The parts:

- ``operator``: elements that one operator multiplies and proves in a second, one by one and sixteen to a proof, and the
  same with the budget counted in a database (SQLite, one transaction each);
- ``member``: whole tokens a second by way of two operators, their work included, and what a proof costs to verify;
- ``guess``: names a second that somebody tests who holds every operator's key, by the code of this project: hash to the
  group, one multiplication by the product of the keys, two hashes.

From these, and from the budgets, ``docs/person-tokens.md`` says how long it takes to go through a dictionary.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from node.circles import token_keys
from node.publishing import token_operator
from node.storage import circles
from node.sync import sync_once
from protocol import person_tokens, voprf
from protocol.identifiers import CircleId
from protocol.messages.evaluation import (
    MAX_EVALUATIONS,
    encode_evaluation_answer,
    encode_evaluation_request,
    evaluation_answer,
    evaluation_request,
)
from protocol.person_inputs import orcid_input
from protocol.ristretto import Scalar, multiply_generator, product, wide_scalar
from tests.federation.support import InMemory, Node, circle_of, make_node
from tests.node import statements as make

PERSON: Final = orcid_input("0000-0002-1825-0097")
CIRCLE: Final = CircleId("A" * 43)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    seconds = float(arguments[0]) if arguments else 2.0
    keys = [_scalar(), _scalar()]
    figures = {
        "operator": {
            "evaluate_and_prove_per_second": _rate(seconds, lambda: _answer(keys[0], 1)),
            "elements_per_second_in_batches_of_16": MAX_EVALUATIONS
            * _rate(seconds, lambda: _answer(keys[0], MAX_EVALUATIONS)),
            "counted_in_a_database_per_second": _counted(seconds),
        },
        "member": {
            "tokens_by_two_operators_per_second": _rate(seconds, lambda: _token(keys)),
            "verify_per_second": _verify(seconds, keys[0]),
            "bytes_of_a_question_and_an_answer": _bytes(keys[0]),
        },
        "guess": {"names_per_second_with_every_key": _rate(seconds, lambda: _guess(product(*keys)))},
    }
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(figures), indent=2).decode() + "\n")


def _scalar() -> Scalar:
    return wide_scalar(os.urandom(64))


def _rate(seconds: float, act: Callable[[], object], clock: Callable[[], float] = time.process_time) -> int:
    act()
    count, begin = 0, clock()
    while (passed := clock() - begin) < seconds:
        act()
        count += 1
    return round(count / passed)


def _answer(key: Scalar, size: int) -> None:
    blinded = _BLINDED[:size]
    evaluated = voprf.evaluate(key, blinded)
    voprf.prove(key, blinded, evaluated, _scalar())


_BLINDED: Final = [multiply_generator(_scalar()) for _ in range(MAX_EVALUATIONS)]


def _token(keys: list[Scalar]) -> None:
    blinding = _scalar()
    element = person_tokens.begin(PERSON, blinding)
    for key in keys:
        returned = voprf.evaluate(key, [element])
        proof = voprf.prove(key, [element], returned, _scalar())
        (element,) = person_tokens.step(voprf.public_key(key), [element], returned, proof)
    person_tokens.finish(CIRCLE, 1, PERSON, blinding, element)


def _verify(seconds: float, key: Scalar) -> int:
    evaluated = voprf.evaluate(key, _BLINDED[:1])
    proof = voprf.prove(key, _BLINDED[:1], evaluated, _scalar())
    public = voprf.public_key(key)
    return _rate(seconds, lambda: voprf.verify(public, _BLINDED[:1], evaluated, proof))


def _bytes(key: Scalar) -> list[int]:
    evaluated = voprf.evaluate(key, _BLINDED[:1])
    proof = voprf.prove(key, _BLINDED[:1], evaluated, _scalar())
    question = encode_evaluation_request(evaluation_request(1, _BLINDED[:1]))
    return [len(question), len(encode_evaluation_answer(evaluation_answer(1, evaluated, proof)))]


def _guess(single: Scalar) -> None:
    """The blind 1 hides nothing and costs nothing."""
    element = voprf.blind(PERSON, _ONE)
    (evaluated,) = voprf.evaluate(single, [element])
    person_tokens.token_of(CIRCLE, 1, voprf.finalize(PERSON, evaluated))


_ONE: Final = Scalar((1).to_bytes(32, "little"))


def _counted(seconds: float) -> int:
    """As the route does it, without the signatures of the request."""
    with tempfile.TemporaryDirectory() as folder:
        nodes = [make_node(Path(folder), name) for name in ("alder", "birch")]
        circle = circle_of(nodes, operators=nodes)
        for node in nodes:
            publish_key(node, circle)
        for one, other in (nodes, reversed(nodes)):
            sync_once(one.runtime, transport=InMemory([other]))
        runtime = nodes[0].runtime
        settings = replace(runtime.settings, token_evaluations_per_day=10**9)
        request = evaluation_request(1, _BLINDED[:1])
        with runtime.database.read() as tx:
            roster = circles.get_roster(tx, circle)

        def act() -> None:
            with runtime.database.write() as tx:
                token_operator.evaluate(tx, settings, roster, roster.voice(nodes[1].own(circle)), request, make.IAT)

        figure = _rate(seconds, act, time.perf_counter)
        for node in nodes:
            node.runtime.database.close()
    return figure


def publish_key(node: Node, circle: CircleId) -> None:
    """What an operator's page does."""
    with node.runtime.database.write() as tx:
        token_keys.publish_key(tx, node.runtime.keyring, node.runtime.settings, circle, node.clock.now())


if __name__ == "__main__":
    main(sys.argv[1:])
