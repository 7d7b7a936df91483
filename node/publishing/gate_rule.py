"""The names of the gate's rules, and what a rule says of a stretch of text."""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Rule(StrEnum):
    """Stable names; ``docs/privacy-gate.md`` explains each."""

    EMAIL = "email"
    PHONE = "phone"
    ORCID = "orcid"
    RESEARCHER_ID = "researcher-id"
    PERSONAL_PAGE = "personal-page"
    PERSONAL_MAILBOX = "personal-mailbox"
    CONTACT_FORM = "contact-form"
    TITLED_NAME = "titled-name"
    NAME_WITH_INITIALS = "name-with-initials"
    KNOWN_NAME = "known-name"
    SMALL_UNIT = "small-unit"
    ORIGIN_OF_PERSONS = "origin-of-persons"
    SPECIAL_CATEGORY = "special-category"
    OWN_INSTITUTION = "own-institution"
    CASE_REFERENCE = "case-reference"
    TLP_RED = "tlp-red"
    SUBJECT_NOT_ASKED = "subject-not-asked"
    VOCABULARY = "vocabulary"


@dataclass(frozen=True, slots=True)
class Match:
    """One hit in a folded text."""

    rule: Rule
    start: int
    end: int
    explanation: str
    overridable: bool
