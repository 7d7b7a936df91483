"""Vectors for which statements are the opinions on a claim (clause 10.10)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec
from msgspec.structs import replace

from protocol.identifiers import KeyId, parse_code
from protocol.opinions import Standing, by_claim, opinions
from protocol.projection import ClaimKey
from protocol.signals import Opinion
from protocol.statements import DAY_SECONDS, Grade, Period, Statement, Timestamp
from protocol.vocabulary import Vocabulary
from tests.protocol import logs, samples
from tests.protocol.samples import EXPIRY, NOW, codes, finding_body, fixed_digest
from tests.protocol.vector_file import Case, vector_file
from tests.protocol.vectors_projection import payloads
from tests.support import VOCABULARY_FILE

CLAIM: Final = ClaimKey(finding_body().subject.id, finding_body().indicator, finding_body().scope)
TRUST_PPM: Final = 1_000_000
_VOCABULARY: Final = Vocabulary.parse(VOCABULARY_FILE.read_bytes())
_MOVED: Final = replace(finding_body(), indicator=logs.OTHER_INDICATOR)
_EARLIER: Final = Period(start=date(2024, 1, 1), end=date(2024, 6, 30))
_WEAK: Final = replace(
    finding_body(),
    strength=1,
    observed=_EARLIER,
    grade=Grade(reliability="D", credibility=4),
    evidence_kinds=codes("media-report", "peer-finding"),
    sources=(),
)

STATEMENTS: Final[Mapping[str, Statement]] = {
    "finding": logs.finding("finding"),
    "weak finding": logs.finding("weak finding", _WEAK),
    "weak finding, signed earlier": replace(
        logs.finding("weak finding, signed earlier", _WEAK), iat=Timestamp(NOW - 90 * DAY_SECONDS)
    ),
    "short finding": logs.finding("short finding", exp=logs.SHORT),
    "finding with new evidence": logs.finding(
        "finding with new evidence", replace(finding_body(), evidence_kinds=codes("of-a-later-vocabulary"))
    ),
    "second-hand finding": logs.finding(
        "second-hand finding", replace(finding_body(), evidence_kinds=codes("peer-finding"))
    ),
    "finding elsewhere": logs.finding("finding elsewhere", _MOVED),
    "finding in a domain": logs.finding(
        "finding in a domain", replace(finding_body(), scope=parse_code("advanced-sensing"))
    ),
    "the finding's twin elsewhere": logs.finding("finding", _MOVED),
    "relation": logs.relation("relation"),
    "strengthens the finding": logs.correction(
        "strengthens the finding", "finding", replace(finding_body(), strength=4, sources=(fixed_digest("another"),))
    ),
    "moves the finding": logs.correction("moves the finding", "finding", _MOVED),
    "brings the finding here": logs.correction("brings the finding here", "finding elsewhere", finding_body()),
    "shortens the finding": logs.correction("shortens the finding", "finding", finding_body(), exp=logs.SHORT),
    "leaves": samples.leave(),
    "retracts the finding": logs.retraction("retracts the finding", "finding"),
    "retracts the weak finding": logs.retraction("retracts the weak finding", "weak finding"),
    "corroborates a's finding": logs.response("corroborates a's finding", "a", "finding"),
    "corroborates a's weak finding": logs.response("corroborates a's weak finding", "a", "weak finding"),
    "corroborates a's short finding": logs.response("corroborates a's short finding", "a", "short finding"),
    "corroborates b's finding": logs.response("corroborates b's finding", "b", "finding"),
    "corroborates c's finding": logs.response("corroborates c's finding", "c", "finding"),
    "disputes a's finding": logs.response("disputes a's finding", "a", "finding", "disputes"),
    "disputes a's finding for a while": logs.response(
        "disputes a's finding for a while", "a", "finding", "disputes", exp=logs.SHORT
    ),
    "adds to a's finding": logs.response("adds to a's finding", "a", "finding", "adds-context"),
    "disputes a's relation": logs.response("disputes a's relation", "a", "relation", "disputes"),
    "answers the answer": logs.response("answers the answer", "b", "corroborates a's finding", "disputes"),
    "retracts the corroboration": logs.retraction("retracts the corroboration", "corroborates a's finding"),
    "retracts the dispute": logs.retraction("retracts the dispute", "disputes a's finding"),
}


@dataclass(frozen=True)
class _Held:
    """What is held of a circle, by contributor, and when it is asked."""

    name: str
    logs: Mapping[str, Sequence[str | None]]
    now: Timestamp = NOW
    epochs: Sequence[str] = ()
    """The names of contributors that are one voice, in the order of their epochs."""


def _of_findings() -> Sequence[_Held]:
    return (
        _Held("nothing", {}),
        _Held("one finding", {"a": ["finding"]}),
        _Held("a finding of each", {"a": ["finding"], "b": ["weak finding"], "c": ["second-hand finding"]}),
        _Held("evidence of a later vocabulary", {"a": ["finding with new evidence"]}),
        _Held("the latest of two", {"a": ["finding", "weak finding"]}),
        _Held("the latest of two, the other way", {"a": ["weak finding", "finding"]}),
        _Held("later in the log, signed earlier", {"a": ["finding", "weak finding, signed earlier"]}),
        _Held("with unreadable entries between", {"a": [None, "finding", None, "weak finding", None]}),
        _Held("other claims", {"a": ["finding elsewhere"], "b": ["finding in a domain"], "c": ["relation"]}),
        _Held("other claims beside it", {"a": ["finding", "finding elsewhere", "finding in a domain", "relation"]}),
        _Held("a corrected finding", {"a": ["finding", "strengthens the finding"]}),
        _Held("a correction keeps its target's place", {"a": ["finding", "weak finding", "strengthens the finding"]}),
        _Held("corrected to another claim", {"a": ["finding", "moves the finding"], "b": ["corroborates a's finding"]}),
        _Held("corrected to this claim", {"a": ["weak finding", "finding elsewhere", "brings the finding here"]}),
        _Held(
            "corrected to this claim from an earlier place",
            {"a": ["finding elsewhere", "weak finding", "brings the finding here"]},
        ),
        _Held("a retracted finding", {"a": ["finding", "retracts the finding"]}),
        _Held(
            "retracted, so the one before", {"a": ["finding", "weak finding", "retracts the weak finding"], "b": [None]}
        ),
        _Held("a second before the end", {"a": ["finding", "short finding"]}, Timestamp(logs.SHORT - 1)),
        _Held("at the end, so the one before", {"a": ["finding", "short finding"]}, logs.SHORT),
        _Held("ended by a correction", {"a": ["finding", "shortens the finding"], "b": ["weak finding"]}, logs.SHORT),
        _Held("all ended", {"a": ["finding", "short finding"], "b": ["weak finding"]}, EXPIRY),
    )


def _of_responses() -> Sequence[_Held]:
    return (
        _Held(
            "corroborated and disputed",
            {"a": ["finding"], "b": ["corroborates a's finding"], "c": ["disputes a's finding"]},
        ),
        _Held("context is no opinion", {"a": ["finding"], "b": ["adds to a's finding"]}),
        _Held("context replaces none", {"a": ["finding"], "b": ["weak finding", "adds to a's finding"]}),
        _Held("a response after a finding", {"a": ["finding"], "b": ["weak finding", "disputes a's finding"]}),
        _Held("a finding after a response", {"a": ["finding"], "b": ["disputes a's finding", "weak finding"]}),
        _Held("two responses", {"a": ["finding"], "b": ["corroborates a's finding", "disputes a's finding"]}),
        _Held(
            "responses to two findings",
            {"a": ["finding", "weak finding"], "b": ["disputes a's finding", "corroborates a's weak finding"]},
        ),
        _Held("the strength of its target", {"a": ["weak finding"], "b": ["corroborates a's weak finding"]}),
        _Held(
            "the strength of its corrected target",
            {"a": ["finding", "strengthens the finding"], "b": ["corroborates a's finding"]},
        ),
        _Held("a response to one's own finding", {"a": ["finding", "disputes a's finding"]}),
        _Held("a target that is not held", {"b": ["corroborates a's finding"], "c": ["finding"]}),
        _Held("a response to a relation", {"a": ["relation", "finding"], "b": ["disputes a's relation"]}),
        _Held(
            "a response to a response",
            {"a": ["finding"], "b": ["corroborates a's finding"], "c": ["answers the answer"]},
        ),
        _Held(
            "responses to each other",
            {"a": ["finding", "corroborates b's finding"], "b": ["finding", "disputes a's finding"]},
        ),
        _Held(
            "one identifier in two logs",
            {"a": ["finding"], "b": ["corroborates c's finding"], "c": ["the finding's twin elsewhere"]},
        ),
        _Held(
            "it outlives a retracted target", {"a": ["finding", "retracts the finding"], "b": ["disputes a's finding"]}
        ),
        _Held(
            "it outlives a target that ended",
            {"a": ["short finding"], "b": ["corroborates a's short finding"]},
            logs.SHORT,
        ),
        _Held(
            "a retracted response", {"a": ["finding"], "b": ["corroborates a's finding", "retracts the corroboration"]}
        ),
        _Held(
            "a retracted response, so the one before",
            {"a": ["finding"], "b": ["corroborates a's finding", "disputes a's finding", "retracts the dispute"]},
        ),
        _Held("a response that ended", {"a": ["finding"], "b": ["disputes a's finding for a while"]}, logs.SHORT),
    )


def _of_voices() -> Sequence[_Held]:
    both = ("a", "b")
    return (
        _Held("two keys of one voice", {"a": ["finding"], "b": ["weak finding"]}, epochs=both),
        _Held("the other key is the later", {"a": ["finding"], "b": ["weak finding"]}, epochs=both[::-1]),
        _Held("a later key outweighs a longer log", {"a": [None, None, "finding"], "b": ["weak finding"]}, epochs=both),
        _Held("only the earlier key has an opinion", {"a": ["finding"], "b": ["finding elsewhere"]}, epochs=both),
        _Held(
            "the later key's opinion retracted",
            {"a": ["finding"], "b": ["weak finding", "retracts the weak finding"]},
            epochs=both,
        ),
        _Held(
            "a voice answers itself under a later key",
            {"a": ["finding"], "b": ["disputes a's finding"], "c": ["corroborates a's finding"]},
            epochs=both,
        ),
        _Held("beside what is said about membership", {"a": ["finding", "leaves"], "c": ["weak finding"]}, epochs=both),
    )


def opinions_of(
    held: Sequence[Standing], vocabulary: Vocabulary, voices: Mapping[KeyId, KeyId], order: Sequence[KeyId]
) -> list[Opinion]:
    """The opinions on the claim of the file, from statements in any order."""
    on_claim = by_claim(held, held).get(CLAIM)
    if on_claim is None:
        return []
    places = {key: place for place, key in enumerate(order)}
    return opinions(
        on_claim,
        vocabulary,
        lambda _: TRUST_PPM,
        lambda key: voices.get(key, key),
        lambda key: places.get(key, -1),
    )


def _plain(opinion: Opinion) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(opinion)
    return plain | {"sources": sorted(opinion.sources)}


def _case(held: _Held) -> Case:
    said = [
        each
        for name, log in held.logs.items()
        for each in logs.standing(logs.contributor(name), logs.entries(log, STATEMENTS), held.now)
    ]
    order = [logs.contributor(name) for name in held.epochs]
    voices = dict.fromkeys(order, logs.contributor("the voice"))
    return Case(
        held.name,
        "10.10",
        {
            "now": held.now,
            "voices": voices,
            "order": order,
            "logs": {logs.contributor(name): list(log) for name, log in held.logs.items()},
            "opinions": [_plain(opinion) for opinion in opinions_of(said, _VOCABULARY, voices, order)],
        },
    )


def chosen() -> bytes:
    """Logs of several contributors, and their opinions on one claim."""
    about = (
        "Logs of one circle by contributor, each from index 0 on by the names of its statements (null is an entry that "
        "cannot be read), and the opinions on the claim at the second now, whatever order the logs arrived in. voices "
        "has the contributors that speak with another's voice, order those keys from the earliest epoch on. The "
        "vocabulary is schemas/vocabularies/v1.json; the reader trusts everybody alike."
    )
    cases = [_case(held) for held in (*_of_findings(), *_of_responses(), *_of_voices())]
    more = {"claim": msgspec.to_builtins(CLAIM), "statements": payloads(STATEMENTS)}
    return vector_file(about, {}, cases, **more)


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/opinions.json": chosen}
