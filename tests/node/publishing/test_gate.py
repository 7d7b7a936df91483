"""The gate's rules as tables: what is found, and what only looks like it. All persons are invented."""

import time
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.publishing import (
    MAX_NARRATIVE_CHARACTERS,
    FindingContent,
    GateHit,
    HeldBack,
    RetractionContent,
    SponsorAskContent,
)
from node.publishing.gate import Known, check
from node.publishing.gate_persons import likely_names_in, likely_names_in_file, names_in
from node.publishing.gate_text import fold
from protocol.identifiers import KeyId, VocabularyCode
from protocol.statements import Subject
from protocol.vocabulary import Vocabulary
from tests.node.statements import SUBJECT, finding_body, new_id


class _Cases(msgspec.Struct, forbid_unknown_fields=True):
    hits: list[tuple[str, str]]
    near_misses: list[str]


CASES: Final = msgspec.json.decode(Path(__file__).with_name("gate_cases.json").read_bytes(), type=_Cases)
"""Texts and the rule that must find something in them, and texts in which none may. Invented, in many scripts."""
BEARABLE_SECONDS: Final = 2.0
"""For the longest narrative; a pattern that backtracks without bound takes hours."""
KNOWN = Known(frozenset({"Ada Quillfeather"}), frozenset({"2026/TIDE-7"}), "Aldermoor University")


def hits(vocabulary: Vocabulary, text: str) -> list[GateHit]:
    content = FindingContent(body=finding_body(summary=text), held_back=HeldBack())
    return check(content, vocabulary, known=KNOWN)


@pytest.mark.parametrize(("rule", "text"), CASES.hits)
def test_what_must_not_leave_is_found(vocabulary: Vocabulary, rule: str, text: str) -> None:
    found = hits(vocabulary, text)
    assert rule in {hit.rule for hit in found}
    for hit in found:
        assert text[hit.start : hit.end] == hit.matched
        assert hit.matched
        assert hit.explanation.endswith(".")


def test_a_known_name_is_one_hit_and_its_surname_alone_another(vocabulary: Vocabulary) -> None:
    found = hits(vocabulary, "Ada Quillfeather answered. Quillfeather, Ada signed; Quillfeather did not.")
    assert [(hit.matched, hit.overridable) for hit in found] == [
        ("Ada Quillfeather", False),
        ("Quillfeather, Ada", False),
        ("Quillfeather", True),
    ]


@pytest.mark.parametrize("text", CASES.near_misses)
def test_what_only_looks_like_it_passes(vocabulary: Vocabulary, text: str) -> None:
    assert hits(vocabulary, text) == []


@pytest.mark.parametrize("rule", ["email", "tlp-red", "case-reference"])
def test_rules_that_cannot_be_wrong_cannot_be_overridden(vocabulary: Vocabulary, rule: str) -> None:
    text = "jane.roe@uni.example TLP:RED 2026/TIDE-7"
    assert [hit.overridable for hit in hits(vocabulary, text) if hit.rule == rule] == [False]


@pytest.mark.parametrize(
    ("field", "held_back"),
    [
        ("held_back.narrative", HeldBack(narrative="Ask roe@uni.example.")),
        ("held_back.engagement", HeldBack(engagement="Ask roe@uni.example.")),
        ("held_back.evidence[1]", HeldBack(evidence=("A register.", "Ask roe@uni.example."))),
    ],
)
def test_what_is_held_back_is_checked_too(vocabulary: Vocabulary, field: str, held_back: HeldBack) -> None:
    (hit,) = check(FindingContent(body=finding_body(), held_back=held_back), vocabulary)
    assert (hit.rule, hit.field, hit.overridable) == ("email", field, False)


@pytest.mark.parametrize(
    ("contact", "rule"),
    [
        ("", None),
        ("research-security@uni.example", None),
        ("international.office@uni.example", None),
        ("jane.roe@uni.example", "personal-mailbox"),
        ("roe@uni.example", "personal-mailbox"),
        ("Jane Roe, research-security@uni.example", "contact-form"),
        ("https://uni.example/contact", "contact-form"),
    ],
)
def test_the_contact_is_the_mailbox_of_an_office(vocabulary: Vocabulary, contact: str, rule: str | None) -> None:
    found = check(FindingContent(body=finding_body(), held_back=HeldBack(contact=contact)), vocabulary)
    assert [hit.rule for hit in found] == ([] if rule is None else [rule])
    assert [hit.overridable for hit in found] == ([] if rule is None else [rule == "personal-mailbox"])


@pytest.mark.parametrize(
    "label",
    ["Chair of Prof. Roe", "Lehrstuhl Tannwald", "Roe Lab", "王小明课题组", "кафедра Дубова", "Arbeitsgruppe Tannwald"],
)
def test_a_unit_that_is_one_persons_is_no_subject(vocabulary: Vocabulary, label: str) -> None:
    body = msgspec.structs.replace(finding_body(), subject=Subject(id=SUBJECT, label=label))
    content = FindingContent(body=body, held_back=HeldBack())
    assert "small-unit" in {hit.rule for hit in check(content, vocabulary)}


def test_codes_outside_the_vocabulary_are_named_with_their_field(vocabulary: Vocabulary) -> None:
    body = finding_body(indicator=VocabularyCode("gov-no-such-thing"))
    (hit,) = check(FindingContent(body=body, held_back=HeldBack()), vocabulary)
    assert (hit.rule, hit.field, hit.overridable) == ("vocabulary", "indicator", False)
    retraction = RetractionContent(target=new_id(), reason=VocabularyCode("no-such-reason"))
    assert [hit.field for hit in check(retraction, vocabulary)] == ["reason"]


def test_names_beside_a_title_are_learnt_from_the_case() -> None:
    text = "Prof. Jane Roe and Frau Dr. Tannwald signed; a professor position was offered."
    assert names_in(text) == {"Jane Roe", "Tannwald"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Contact: Jane Tannwald, by telephone.", {"Jane Tannwald", "Tannwald"}),
        ("Dear Jane van Tannwald,", {"Jane van Tannwald", "Tannwald"}),
        ("Projektleiterin: Jane K. Tannwald", {"Jane K. Tannwald", "Tannwald"}),
        ("Asked at jane.tannwald@uni.example again.", {"Jane Tannwald", "Tannwald"}),
        ("J. Tannwald signed.", {"Tannwald"}),
        ("Contact: Northport University. Mail research.office@uni.example.", set()),
        ("The contact was lost. Dear as it was.", set()),
    ],
)
def test_names_are_learnt_from_what_stands_before_them(text: str, names: set[str]) -> None:
    assert likely_names_in(text) == names


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("CV_Jane_Tannwald.pdf", {"Jane Tannwald", "Tannwald"}),
        ("Dr_Tannwald_reply.pdf", {"Tannwald"}),
        ("Tannwald-Jane-agreement-2025.docx", {"Tannwald Jane"}),
        ("Joint Laboratory Agreement.pdf", set()),
        ("accounts.pdf", set()),
        ("2025.txt", set()),
    ],
)
def test_names_are_learnt_from_names_of_files(file: str, names: set[str]) -> None:
    assert likely_names_in_file(file) == names


def test_a_likely_name_is_found_in_either_order_and_can_be_explained(vocabulary: Vocabulary) -> None:
    known = Known(likely=frozenset({"Jane Tannwald", "Tannwald"}))
    content = FindingContent(
        body=finding_body(summary="Tannwald, Jane signed. A tannwald is a wood."), held_back=HeldBack()
    )
    (hit,) = check(content, vocabulary, known=known)
    assert (hit.rule, hit.matched, hit.overridable) == ("known-name", "Tannwald, Jane", True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Roebuck's laboratory asked for more.", True),
        ("It was Lehrstuhl Tannwald that asked.", True),
        ("Asked by the chair of Prof. Tannwald.", True),
        ("The University's laboratory and the Joint Lab asked.", False),
        ("The Department of Tides asked for more.", True),
    ],
)
def test_a_small_unit_is_found_in_a_text(vocabulary: Vocabulary, text: str, found: bool) -> None:  # noqa: FBT001
    known = Known(units=frozenset({"Department of Tides"}))
    content = FindingContent(body=finding_body(summary=text), held_back=HeldBack())
    rules = {hit.rule: hit.overridable for hit in check(content, vocabulary, known=known)}
    assert rules.get("small-unit", False) is found


def test_the_partners_unit_may_stand_in_what_is_held_back(vocabulary: Vocabulary) -> None:
    known = Known(units=frozenset({"Department of Tides"}))
    content = FindingContent(body=finding_body(), held_back=HeldBack(engagement="Department of Tides"))
    assert check(content, vocabulary, known=known) == []


@given(st.text(max_size=200))
def test_folding_keeps_track_of_every_character(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.origin)
    for start, end in folded.origin:
        assert 0 <= start < end <= len(text)


@given(text=st.text(max_size=300))
def test_no_text_stops_the_gate(vocabulary: Vocabulary, text: str) -> None:
    for hit in hits(vocabulary, text):
        assert text[hit.start : hit.end] == hit.matched


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "a.", "a-", "a@", "a@a.", "a at ", "A. ", "M. ", "Prof. ", "Dr. A. ", "Dr. von ", "Aa-", "0 ", "+1 "),
        *("1-", "students from A", "Xese a-", "a.a/", "https://a/"),
    ],
)
def test_no_text_takes_the_gate_long(vocabulary: Vocabulary, piece: str) -> None:
    text = (piece * MAX_NARRATIVE_CHARACTERS)[:MAX_NARRATIVE_CHARACTERS]
    content = FindingContent(body=finding_body(), held_back=HeldBack(narrative=text))
    begun = time.process_time()
    check(content, vocabulary, known=KNOWN)
    assert time.process_time() - begun < BEARABLE_SECONDS


def test_our_own_name_is_found_in_all_that_a_sponsor_may_give_to_others(vocabulary: Vocabulary) -> None:
    body = finding_body(summary="Two owners.")
    held_back = HeldBack(narrative="Seen in the joint laboratory at Aldermoor  University.")
    asked = SponsorAskContent(sponsor=KeyId("A" * 43), body=body, held_back=held_back)
    found = check(asked, vocabulary, known=KNOWN)
    assert [(hit.field, hit.rule) for hit in found] == [("held_back.narrative", "own-institution")]
    assert check(FindingContent(body=body, held_back=held_back), vocabulary, known=KNOWN) == []
