"""An institution with two officers and an approver, a circle of three, and invented partners."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from node import circles
from node.accounts.manage import create_account
from node.casework.assessments import add_answer, create_assessment, get_assessment
from node.domain.accounts import AccountId, Role
from node.domain.casework import Answer, AnswerData, Assessment, AssessmentData, Edit
from node.domain.settings import Settings
from node.ledger.keyring import Keyring
from node.storage.database import Database
from node.storage.vault import Vault
from protocol.circles import Attribution, SignedCharter
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import DAY_SECONDS, Grade, Period, Subject, Timestamp
from protocol.vocabulary import Vocabulary

NOW: Final = Timestamp(20_700 * DAY_SECONDS)
PARTNER: Final = Subject(id=SubjectId("circle:AAAAAAAAAAAAAAAAAAAAAA"), label="Institute of Invented Studies")
MAILBOX: Final = "research-security@aldermoor.example"


@dataclass(frozen=True, slots=True)
class Office:
    """What a test of casework or publishing holds."""

    database: Database
    vault: Vault
    keyring: Keyring
    vocabulary: Vocabulary
    circle: CircleId
    officer: AccountId
    colleague: AccountId
    approver: AccountId

    def assess(self, data: AssessmentData | None = None, answer: AnswerData | None = None) -> tuple[Assessment, Answer]:
        """An assessment with one answer."""
        with self.database.write() as tx:
            made = create_assessment(tx, self.vault, self.vocabulary, self.officer, data or head(), NOW)
            edit = Edit(self.officer, made.version, NOW)
            given = add_answer(tx, self.vault, self.vocabulary, made.id, answer or observation(), edit)
            return get_assessment(tx, self.vault, made.id), given


def open_office(
    database: Database,
    vault: Vault,
    keyring: Keyring,
    vocabulary: Vocabulary,
    directory: Path,
    attribution: Attribution = "named",
) -> Office:
    """Make the accounts and found the circle with two other institutions."""
    signed = charter(keyring, directory, attribution)
    with database.write() as tx:
        accounts = [
            create_account(tx, vault, login=login, display_name=name, roles=frozenset({role}), now=NOW)[0].id
            for login, name, role in (
                ("officer", "Ada Quillfeather", Role.OFFICER),
                ("colleague", "Bo Thistlewood", Role.OFFICER),
                ("approver", "Cy Umberglass", Role.APPROVER),
            )
        ]
        roster = circles.join(tx, keyring, signed, NOW)
    return Office(database, vault, keyring, vocabulary, roster.circle, *accounts)


def head(**changes: object) -> AssessmentData:
    """The head of an assessment about an invented partner."""
    values: dict[str, object] = {
        "title": "Joint laboratory on tides",
        "subject": PARTNER,
        "unit": "Department of Tides",
        "engagement_kind": VocabularyCode("joint-laboratory"),
        "technology_domains": (VocabularyCode("quantum"), VocabularyCode("energy")),
        "purpose": "Measuring tides together.",
        "benefit": "Better tide tables.",
    }
    return AssessmentData(**(values | changes))  # type: ignore[arg-type]


def observation(**changes: object) -> AnswerData:
    """An answer about owners that do not match."""
    values: dict[str, object] = {
        "question": VocabularyCode("q02"),
        "indicator": VocabularyCode("gov-opaque-control"),
        "observation": "Two registers name different owners.",
        "observed": Period(start=date(2025, 3, 1), end=date(2025, 3, 31)),
        "strength": 2,
        "grade": Grade(reliability="B", credibility=2),
        "evidence_kinds": (VocabularyCode("public-register"),),
        "sources": ("https://www.registers.example/owners?id=7&utm_source=x",),
        "mitigations": (),
    }
    return AnswerData(**(values | changes))  # type: ignore[arg-type]


def charter(keyring: Keyring, directory: Path, attribution: Attribution) -> SignedCharter:
    """A charter that an institution and two others have signed."""
    rings = [keyring]
    for name in ("northport", "val-desk"):
        ring = Keyring(directory / f"{name}-{os.urandom(4).hex()}")
        ring.create()
        rings.append(ring)
    cards = [
        circles.card(ring, Settings(name=name, base_url=f"http://{host}.example", data=directory, database_url=""))
        for ring, name, host in zip(
            rings,
            ("Aldermoor University", "Northport University", "Université du Val d'Esk"),
            ("aldermoor", "northport", "val-desk"),
            strict=True,
        )
    ]
    terms = circles.Terms(
        name="Tides", purpose="Trying things out.", legal_basis="None is needed.", attribution=attribution
    )
    signed = circles.create(keyring, terms, cards)
    for ring in rings[1:]:
        signed = circles.sign(ring, signed)
    return signed
