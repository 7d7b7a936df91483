"""The objects that every collection begins with: TLP 2.0 markings, our extension, and who defined it.

The markings are those of OASIS (``tlp-2.0`` among the common objects of its committee on cyber threat intelligence):
identifiers and members are fixed there, so that a platform which knows TLP 2.0 recognises them.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from node.insight.stix.identifiers import Milliseconds, StixId, stix_time
from protocol.statements import Handling

StixObject: TypeAlias = Mapping[str, object]
"""A STIX object as plain values, ready to be written as JSON."""

SPEC_VERSION: Final = "2.1"
MAPPING_DAY: Final = Milliseconds(1_767_225_600_000)
"""2026-01-01: ``created`` of what has no day of its own, such as a subject. A fixed one, so that two nodes agree."""
EXTENSION: Final = StixId("extension-definition--b2fc49f9-feb3-4ddd-89aa-eb319bd4bcb5")
PROJECT: Final = StixId("identity--2ca67c87-e65a-4ab4-befe-8f8ec91f9252")
TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
MARKINGS: Final[Mapping[Handling, StixId]] = {
    "TLP:CLEAR": StixId("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"),
    "TLP:GREEN": StixId("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
    "TLP:AMBER": StixId("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
    "TLP:AMBER+STRICT": StixId("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"),
}
MARKING_DAY: Final = Milliseconds(1_664_582_400_000)
"""2022-10-01, from when OASIS has these markings; nothing of a marking is ever modified."""
_EXTENSION_WORDS: Final = (
    "What a pooled statement about a research partner says and STIX 2.1 has no property for. circle, contributor,"
    " statement: which statement it is. issued, expires, observed_from, observed_until: full-dates of RFC 3339."
    " reliability A to F and credibility 1 to 6: the Admiralty scale. evidence_kinds, technology_domains,"
    " engagement_kind, mitigations, indicator, scope, relation, stance: codes of the vocabulary. polarity: concern,"
    " assurance or context, of the indicator; a concern and an assurance are never set off against each other."
    " strength 1 to 4: how much was observed, not how sure the author is. sources: SHA-256 digests of the public"
    " sources, base64url. subject, object: ror:, lei: or circle: and the identifier. handling: TLP 2.0."
)


def definitions() -> dict[StixId, StixObject]:
    """All of them by identifier, what is referred to before what refers to it."""
    found: dict[StixId, StixObject] = {PROJECT: _project(), EXTENSION: _extension()}
    for handling, identifier in MARKINGS.items():
        found[identifier] = _marking(handling, identifier)
    return found


def _project() -> StixObject:
    return {
        "type": "identity",
        "spec_version": SPEC_VERSION,
        "id": PROJECT,
        "created": stix_time(MAPPING_DAY),
        "modified": stix_time(MAPPING_DAY),
        "name": "Hanse",
        "description": "The project that defines how pooled statements are written as STIX 2.1.",
        "identity_class": "group",
    }


def _extension() -> StixObject:
    return {
        "type": "extension-definition",
        "spec_version": SPEC_VERSION,
        "id": EXTENSION,
        "created_by_ref": PROJECT,
        "created": stix_time(MAPPING_DAY),
        "modified": stix_time(MAPPING_DAY),
        "name": "Hanse statement",
        "description": "One observation about a research partner, with its grade and its limits.",
        "schema": _EXTENSION_WORDS,
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }


def _marking(handling: Handling, identifier: StixId) -> StixObject:
    return {
        "type": "marking-definition",
        "spec_version": SPEC_VERSION,
        "id": identifier,
        "created": stix_time(MARKING_DAY),
        "name": handling,
        "extensions": {
            TLP_EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": handling.removeprefix("TLP:").lower(),
            }
        },
    }
