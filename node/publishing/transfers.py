"""The legal basis and the basis of a transfer, required before anything new is published to a circle."""

from typing import Final

from node.domain.circles import Roster
from node.domain.transfers import Basis
from node.errors import Code, HanseError
from node.storage import transfers
from node.storage.database import Transaction
from protocol.statements import Kind

_ALWAYS: Final[frozenset[Kind]] = frozenset({"correction", "retraction", "erasure"})
"""What mends, narrows or takes back goes out whatever the list says."""


def missing(tx: Transaction, roster: Roster) -> tuple[str, ...]:
    """The names of current members to whom nothing new may go.

    Empty where the institution keeps no list for this circle: whether it needs one is not for a machine to say.
    """
    recorded = transfers.all_transfers(tx)
    others = roster.others
    if not any(member.identity in recorded for member in others):
        return ()
    return tuple(
        sorted(
            member.name
            for member in others
            if (found := recorded.get(member.identity)) is None or found.basis is Basis.NONE
        )
    )


def require_basis(tx: Transaction, roster: Roster, kind: Kind) -> None:
    """Raise where a statement of this kind may not go to everybody who would receive it.

    ``INVALID``: the charter names no legal basis (the wire knows only that its text is there, not that it says
    something); ``TRANSFER_BASIS_MISSING``: somebody is under another law.
    """
    if kind in _ALWAYS:
        return
    if not roster.charter.legal_basis.strip():
        raise HanseError(
            Code.INVALID,
            f"the charter of {roster.charter.name} names no legal basis.",
            remedy="Found the circle anew with one: a charter cannot be changed.",
        )
    without = missing(tx, roster)
    if without:
        raise HanseError(
            Code.TRANSFER_BASIS_MISSING,
            f"no basis is recorded for sending data to {', '.join(without)}.",
            remedy="The operator records it with `hanse privacy transfer`, or another circle is chosen.",
        )
