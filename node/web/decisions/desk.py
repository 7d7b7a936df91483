"""What every page of a case's file needs: the case from the address, what was typed as a day, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

from fastapi import Depends

from node.accounts.manage import display_names
from node.casework.case_files import case_file, case_of
from node.casework.record import Material, gather
from node.domain.accounts import AccountId, Permission
from node.domain.casework import Edit
from node.domain.decisions import CaseFile, CaseKind, CaseRef
from node.storage.database import Transaction
from node.web.forms import LOCAL_ID, FormView, address_part, whole_number
from node.web.uploads import RequiresWithFile
from node.web.visits import Requires, Visit

PATH: Final = "/decisions"
KIND: Final = r"^(engagement|assessment)$"
Kind = Annotated[str, address_part(KIND)]
CaseId = Annotated[str, address_part(LOCAL_ID)]
Reader = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]
Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
Sender = Annotated[Visit, Depends(RequiresWithFile(Permission.ASSESSMENTS_WRITE))]
Decider = Annotated[Visit, Depends(Requires(Permission.DECISIONS_RECORD))]
MAX_VERSION: Final = 1_000_000
"""Changes of one file: a bound for a number that a form sends back."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One case, opened."""

    ref: CaseRef
    case: CaseFile
    material: Material = field(repr=False)
    names: dict[AccountId, str] = field(repr=False)

    @property
    def path(self) -> str:
        """Where the file of the case is."""
        return path_of(self.ref)

    @property
    def title(self) -> str:
        """What the officer calls the case."""
        return self.material.title

    def who(self, account: AccountId | None) -> str:
        """The name of an account, as people here see it."""
        return "nobody" if account is None else self.names.get(account, "a former account")


def path_of(ref: CaseRef) -> str:
    """Where the file of a case is."""
    return f"{PATH}/{ref.kind.value}/{ref.id}"


def ref_of(visit: Visit, tx: Transaction, kind: str, case: str) -> CaseRef:
    """The case that an address names; raises ``NOT_FOUND``."""
    return case_of(tx, visit.runtime.vault, CaseKind(kind), case)


def desk_of(visit: Visit, tx: Transaction, ref: CaseRef) -> Desk:
    """A case with everything in its file."""
    vault = visit.runtime.vault
    return Desk(ref, case_file(tx, vault, ref), gather(tx, vault, ref), display_names(tx, vault))


def open_desk(visit: Visit, kind: str, case: str) -> Desk:
    """The same in a transaction of its own, with a line in the access log."""
    visit.record("case-file-read", case)
    with visit.read() as tx:
        return desk_of(visit, tx, ref_of(visit, tx, kind, case))


def edit_of(visit: Visit) -> Edit:
    """Who changes the file, when, and which version they had before them."""
    version = whole_number(visit.form.one("version"), low=0, high=MAX_VERSION)
    return Edit(visit.principal.account, version, visit.now)


def typed_day(form: FormView, name: str) -> date | None:
    """The day that a field holds; None where it is empty or no day."""
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        return None


def wrong_days(form: FormView, names: Sequence[str]) -> dict[str, str]:
    """What to say of fields that hold something and no day."""
    return {
        name: "Give a day as year-month-day, for example 2027-03-01."
        for name in names
        if form.text(name) and typed_day(form, name) is None
    }
