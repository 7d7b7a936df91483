"""The vocabulary: complete in itself, and what a statement may use of it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import parse_code
from protocol.statements import Correction, Finding, Relation, Response, Retraction, Statement, encode
from protocol.vocabulary import WHOLE, Vocabulary
from tests.protocol import samples
from tests.protocol.vector_file import error_code
from tests.support import VOCABULARY_FILE

# A vocabulary as plain JSON, to be broken on purpose.
Plain = dict[str, Any]


def _plain() -> Plain:
    return msgspec.json.decode(VOCABULARY_FILE.read_bytes(), type=dict[str, Any])


def test_the_shipped_vocabulary_has_what_the_design_names(vocabulary: Vocabulary) -> None:
    polarities = [indicator.polarity for indicator in vocabulary.indicators.values()]
    assert {word: polarities.count(word) for word in set(polarities)} == {"concern": 31, "assurance": 12, "context": 2}
    assert (len(vocabulary.groups), len(vocabulary.checklist), len(vocabulary.mitigations)) == (10, 28, 27)
    assert (len(vocabulary.decisions), len(vocabulary.technology_domains), len(vocabulary.evidence_sources)) == (
        5,
        11,
        16,
    )
    assert vocabulary.version == 1


def test_the_light_checklist_asks_six_questions(vocabulary: Vocabulary) -> None:
    light = [question.id for question in vocabulary.checklist.values() if question.tier == "light"]
    assert light == ["q01", "q04", "q07", "q09", "q10", "q11"]


def test_every_indicator_can_be_reached_from_a_question(vocabulary: Vocabulary) -> None:
    asked = {indicator for question in vocabulary.checklist.values() for indicator in question.indicators}
    assert asked == set(vocabulary.indicators)


def test_scales_name_every_grade_of_the_wire_format(vocabulary: Vocabulary) -> None:
    assert list(vocabulary.strengths) == [1, 2, 3, 4]
    assert list(vocabulary.reliabilities) == list("ABCDEF")
    assert list(vocabulary.credibilities) == [1, 2, 3, 4, 5, 6]
    assert set(vocabulary.handlings) == {"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"}
    assert set(vocabulary.stances) == {"corroborates", "disputes", "adds-context"}


def test_labels_are_short_and_words_name_no_state(vocabulary: Vocabulary) -> None:
    labels = [indicator.label for indicator in vocabulary.indicators.values()]
    assert max(map(len, labels)) <= 60
    assert len(set(labels)) == len(labels)
    text = VOCABULARY_FILE.read_text(encoding="utf-8").lower()
    assert not [word for word in ("china", "chinese", "russia", "iran", "american", "israel") if word in text]


def test_a_parsed_vocabulary_cannot_be_changed(vocabulary: Vocabulary) -> None:
    with pytest.raises(TypeError):
        vocabulary.indicators[WHOLE] = vocabulary.indicators[parse_code("fund-dependence")]  # type: ignore[index]
    with pytest.raises(AttributeError):
        vocabulary.version = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kinds", "tier"),
    [
        ((), 0),
        (("peer-finding",), 0),
        (("media-report", "peer-finding"), 2),
        (("media-report", "public-register"), 1),
        (("a-later-kind",), 0),
        (("a-later-kind", "ngo-thinktank-report"), 2),
    ],
)
def test_the_best_tier_of_evidence(vocabulary: Vocabulary, kinds: tuple[str, ...], tier: int) -> None:
    assert vocabulary.best_tier(map(parse_code, kinds)) == tier


def test_scopes_have_words(vocabulary: Vocabulary) -> None:
    assert vocabulary.scope_label(WHOLE) == "The whole organisation"
    assert vocabulary.scope_label(parse_code("quantum")) == "Quantum technologies"
    assert vocabulary.scope_label(parse_code("a-later-domain")) == "a-later-domain"


@pytest.mark.parametrize("kind", samples.every_kind())
def test_the_samples_use_known_codes(vocabulary: Vocabulary, kind: str) -> None:
    vocabulary.require_known(samples.every_kind()[kind])
    assert vocabulary.unknown_codes(samples.every_kind()[kind]) == ()


NEW = parse_code("a-later-code")


def _finding(**changes: object) -> Finding:
    return msgspec.structs.replace(samples.finding(), body=msgspec.structs.replace(samples.finding_body(), **changes))


def _relation(**changes: object) -> Relation:
    return msgspec.structs.replace(samples.relation(), body=msgspec.structs.replace(samples.relation_body(), **changes))


def _response(**changes: object) -> Response:
    body = msgspec.structs.replace(samples.response().body, **changes)
    return msgspec.structs.replace(samples.response(), body=body)


def _correction(**changes: object) -> Correction:
    body = msgspec.structs.replace(samples.correction().body, **changes)
    return msgspec.structs.replace(samples.correction(), body=body)


def _retraction() -> Retraction:
    body = msgspec.structs.replace(samples.retraction().body, reason=NEW)
    return msgspec.structs.replace(samples.retraction(), body=body)


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        (_finding(indicator=NEW), "body.indicator"),
        (_finding(scope=NEW), "body.scope"),
        (_finding(engagement_kind=NEW), "body.engagement_kind"),
        (_finding(technology_domains=(NEW,)), "body.technology_domains"),
        (_finding(mitigations=(NEW,)), "body.mitigations"),
        (_finding(evidence_kinds=(NEW,)), "body.evidence_kinds"),
        (_relation(relation=NEW), "body.relation"),
        (_relation(evidence_kinds=(NEW,)), "body.evidence_kinds"),
        (_response(evidence_kinds=(NEW,)), "body.evidence_kinds"),
        (_correction(reason=NEW), "body.reason"),
        (_correction(finding=_finding(indicator=NEW).body), "body.finding.indicator"),
        (_correction(finding=None, relation=_relation(relation=NEW).body), "body.relation.relation"),
        (_retraction(), "body.reason"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unknown_code_is_reported_here_and_refused_there(
    vocabulary: Vocabulary, statement: Statement, field: str
) -> None:
    assert encode(statement)
    assert vocabulary.unknown_codes(statement) == (f"{field}: {NEW}",)
    with pytest.raises(ProtocolError) as refused:
        vocabulary.require_known(statement)
    assert (refused.value.code, refused.value.fault) == (Code.UNKNOWN_CODE, Fault.OURS)
    assert f"{field}: {NEW}" in refused.value.detail


def test_every_code_field_of_every_kind_is_looked_up(vocabulary: Vocabulary) -> None:
    """A body with nothing but unknown codes: as many reports as there are codes, so no field is forgotten."""
    everything = dict.fromkeys(("indicator", "scope", "engagement_kind"), NEW)
    lists = dict.fromkeys(("technology_domains", "mitigations", "evidence_kinds"), (NEW,))
    correction = _correction(reason=NEW, finding=_finding(**everything, **lists).body)
    assert len(vocabulary.unknown_codes(correction)) == encode(correction).count(NEW.encode()) == 7


def test_an_unsigned_report_stays_at_home(vocabulary: Vocabulary) -> None:
    statement = _finding(evidence_kinds=samples.codes("anonymous-report"))
    assert vocabulary.unknown_codes(statement) == ()
    assert error_code(vocabulary.require_known, statement) is Code.UNKNOWN_CODE


def _twice(name: str) -> Callable[[Plain], object]:
    return lambda plain: plain[name].append(plain[name][0])


def _set(name: str, member: str, value: object) -> Callable[[Plain], object]:
    return lambda plain: plain[name][0].update({member: value})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        *((_twice(name), Code.INCONSISTENT) for name, value in _plain().items() if isinstance(value, list)),
        (_set("indicators", "group", "no-group"), Code.INCONSISTENT),
        (_set("indicators", "evidence", ["no-evidence"]), Code.INCONSISTENT),
        (_set("checklist", "indicators", ["no-indicator"]), Code.INCONSISTENT),
        (_set("relations", "symmetric", False), Code.INCONSISTENT),  # noqa: FBT003 - the value under test
        (_set("technology_domains", "id", "whole"), Code.INCONSISTENT),
        (_set("indicators", "polarity", "danger"), Code.MALFORMED),
        (_set("indicators", "half_life_months", 0), Code.MALFORMED),
        (_set("indicators", "id", "Not A Code"), Code.MALFORMED),
        (_set("indicators", "country", "AA"), Code.MALFORMED),
        (_set("evidence_sources", "tier", 3), Code.MALFORMED),
        (lambda plain: plain.pop("groups"), Code.MALFORMED),
        (lambda plain: plain.update(version=0), Code.MALFORMED),
    ],
)
def test_a_broken_vocabulary_is_refused(change: Callable[[Plain], object], error: Code) -> None:
    plain = _plain()
    change(plain)
    with pytest.raises(ProtocolError) as refused:
        Vocabulary.parse(msgspec.json.encode(plain))
    assert (refused.value.code, refused.value.fault) == (error, Fault.OPERATOR)


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff", b'"\\ud800"'])
def test_what_is_no_vocabulary_is_refused(data: bytes) -> None:
    assert error_code(Vocabulary.parse, data) is Code.MALFORMED


def test_a_vocabulary_is_bounded() -> None:
    assert error_code(Vocabulary.parse, b" " * (1_048_576 + 1)) is Code.TOO_LARGE


@given(st.binary(max_size=100))
@settings(deadline=None)
def test_garbage_raises_nothing_but_protocol_errors(data: bytes) -> None:
    assert error_code(Vocabulary.parse, data) is Code.MALFORMED
