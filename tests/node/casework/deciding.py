"""What tests of decisions need: an act as somebody would record it, and the pool as the pages would hand it over."""

from datetime import date
from typing import Final

from node.casework.case_files import case_file, case_of
from node.casework.decisions import Act, record_decision
from node.casework.record import Pool, gather, state_of
from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.casework import Edit
from node.domain.decisions import CaseKind, CaseRef, Decision, DecisionData, MeasureData
from node.domain.documents import Section
from node.storage.database import Transaction
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp
from tests.node.casework.office import NOW, Office

TODAY: Final = day_of(NOW)
POOL: Final = Pool((Section("What the pool knew on that day", texts=("Two sources, likely.",)),), ("digest",))
OFFICE: Final = "Vice-President for Research"


def decision(**changes: object) -> DecisionData:
    """To go on with measures, looked at again in half a year."""
    values: dict[str, object] = {
        "outcome": VocabularyCode("proceed-with-mitigations"),
        "office": OFFICE,
        "decided": TODAY,
        "reasons": "The benefit is large.\nThe owners can be asked for.",
        "review": date(2027, 3, 1),
    }
    return DecisionData(**(values | changes))  # type: ignore[arg-type]


def measure(**changes: object) -> MeasureData:
    """The partner says who owns it."""
    values: dict[str, object] = {
        "measure": VocabularyCode("m-structure-disclosure"),
        "words": "Before signature.",
        "owner": "Legal office",
        "due": date(2026, 10, 1),
    }
    return MeasureData(**(values | changes))  # type: ignore[arg-type]


def edit(account: AccountId, version: int, now: Timestamp = NOW) -> Edit:
    """A change by somebody who saw this version of the file."""
    return Edit(account, version, now)


def new_case(office: Office) -> CaseRef:
    """The case of a new assessment with one answer."""
    assessment, _ = office.assess()
    with office.database.read() as tx:
        return case_of(tx, office.vault, CaseKind.ASSESSMENT, assessment.id)


def decide(
    tx: Transaction,
    office: Office,
    ref: CaseRef,
    data: DecisionData | None = None,
    measures: tuple[MeasureData, ...] | None = None,
    now: Timestamp = NOW,
) -> Decision:
    """Record a decision on what is there now."""
    case = case_file(tx, office.vault, ref)
    seen = state_of(gather(tx, office.vault, ref), case, POOL)
    act = Act(data or decision(), (measure(),) if measures is None else measures, POOL, seen)
    return record_decision(tx, office.vault, office.vocabulary, ref, act, edit(office.officer, case.version, now))
