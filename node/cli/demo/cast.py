"""Who plays in the demo. Every institution, person, partner and observation here is invented.

The public cases are the exception, and are what their name says: documented reports about organisations that exist, in
the project's own words, each with its source.
"""

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from node.domain.accounts import Role
from protocol.identifiers import VocabularyCode

DATA: Final = importlib.resources.files("node.cli.demo") / "data"


@dataclass(frozen=True, slots=True)
class Player:
    """One invented university."""

    key: str
    name: str


PLAYERS: Final = (
    Player("aldermoor", "Aldermoor University"),
    Player("northport", "Northport Institute of Technology"),
    Player("valdesk", "Université du Val d'Esk"),
)

ACCOUNTS: Final[Mapping[str, tuple[str, Role]]] = {
    "officer": ("Research security office", Role.OFFICER),
    "approver": ("Vice-rectorate for research", Role.APPROVER),
    "analyst": ("Analysis desk", Role.ANALYST),
    "operator": ("IT operations", Role.OPERATOR),
}
"""Login, the name shown to colleagues, and the role."""

CIRCLE_NAME: Final = "Three Ports circle"
PURPOSE: Final = "Members share what they observed of research partners, so that each can decide well for itself."
LEGAL_BASIS: Final = "Public task of the members, as their joint-controller arrangement sets out."
CONTACT: Final = "research-security@{key}.example"

PROXY_PARTNER: Final = "Karvel Institute of Applied Photonics"
"""The partner of which each university holds one piece."""

CIRCLE_SUBJECTS: Final = (
    "Karvel Institute of Applied Photonics",
    "Sundqvist University of Technology",
    "Halvorsen Marine Research Foundation",
    "Tamarind Bay Polytechnic",
    "Quillhaven Centre for Data Science",
    "Brennick School of Engineering",
)
"""Invented partners. None has an identifier, so one member names each for the circle."""


@dataclass(frozen=True, slots=True)
class ObservedTie:
    """One invented tie: who observed it, and the sentence that is shared."""

    node: str
    subject: str
    relation: str
    object: str
    source: str
    summary: str


TIES_FROM: Final = "Tamarind Bay Polytechnic"
"""A partner about which nobody has a concern, two ties away from one about which there are several."""

TIES: Final = (
    ObservedTie(
        node="northport",
        subject=TIES_FROM,
        relation="joint-laboratory-of",
        object="Sundqvist University of Technology",
        source="Annual report 2025 of the Tamarind Bay Polytechnic",
        summary="Its annual report names a joint laboratory for marine sensors.",
    ),
    ObservedTie(
        node="valdesk",
        subject="Sundqvist University of Technology",
        relation="hosts-centre-of",
        object=PROXY_PARTNER,
        source="Staff pages of the Sundqvist University of Technology, read in 2026",
        summary="A centre of the institute works in its buildings, by its own pages.",
    ),
)

PUBLIC_SUBJECTS: Final[Mapping[str, str]] = {
    "Hanban headquarters": "Hanban headquarters",
    "a foundation of Fudan University": "Foundation of Fudan University",
    "Czech-Chinese centre (within the Centre for Security Policy) and the Chinese embassy": "Czech-Chinese centre, "
    "Charles University in Prague",
    "Confucius Institute, Vrije Universiteit Brussel": "Confucius Institute, Vrije Universiteit Brussel",
    "Confucius Institute, Université Libre de Bruxelles": "Confucius Institute, Université Libre de Bruxelles",
    "Confucius Institute, University of Düsseldorf": "Confucius Institute, University of Düsseldorf",
    "Confucius Institute, University of Basel": "Confucius Institute, University of Basel",
}
"""Organisations of the public cases that the registry does not list: as the cases call them, and the name to show."""


class FictionalRow(msgspec.Struct, frozen=True, kw_only=True):
    """One invented observation: who made it, what the import takes, and the sentence that is shared."""

    node: str
    summary: str
    scope: VocabularyCode
    reference: str
    subject: str
    indicator: VocabularyCode
    question: VocabularyCode
    observation: str
    observed_from: str
    observed_until: str
    strength: int
    reliability: str
    credibility: int
    evidence_kinds: list[str]
    sources: list[str]
    engagement_kind: str
    technology_domains: list[str]
    mitigations: list[str]

    def cells(self) -> dict[str, str]:
        """The row as the import of assessments wants it."""
        return {
            "reference": self.reference,
            "title": f"Due diligence {self.reference}",
            "subject": self.subject,
            "engagement_kind": self.engagement_kind,
            "technology_domains": "; ".join(self.technology_domains),
            "purpose": "Invented for the demo.",
            "question": self.question,
            "indicator": self.indicator,
            "observation": self.observation,
            "observed_from": self.observed_from,
            "observed_until": self.observed_until,
            "strength": str(self.strength),
            "reliability": self.reliability,
            "credibility": str(self.credibility),
            "evidence_kinds": "; ".join(self.evidence_kinds),
            "sources": "; ".join(self.sources),
            "mitigations": "; ".join(self.mitigations),
        }


def fictional_rows() -> list[FictionalRow]:
    """The invented observations, in the order in which they are told."""
    return msgspec.json.decode(DATA.joinpath("fictional_assessments.json").read_bytes(), type=list[FictionalRow])
