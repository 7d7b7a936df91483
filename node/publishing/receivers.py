"""Who has a statement of ours: from the roster that delivery uses, the signatures of witnesses, and what was released.

Nobody keeps a list of deliveries: any member may pass a log on. So everybody who is or was a member is on the list,
with what proves that it holds the entry. Whoever was admitted after the statement was taken back is on it as well: a
log is fetched from its beginning.
"""

from collections.abc import Mapping

from node.domain.circles import Member, Roster
from node.domain.receivers import Holding, Receiver
from node.errors import Code, HanseError
from node.storage import circles, gone, receipts, requests, statements, witnesses
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.statements import Timestamp


def receivers(
    tx: Transaction, vault: Vault, circle: CircleId, statement: StatementId, now: Timestamp
) -> tuple[Receiver, ...]:
    """By name. Raises ``NOT_FOUND`` for what does not stand in a log of ours."""
    roster = circles.get_roster(tx, circle)
    contributor, index = _place(tx, roster, statement, now)
    log = logs.find_log(tx, circle, contributor)
    lines = () if log is None else witnesses.list_lines(tx, log)
    signed = {line.witness for line in lines if line.size > index}
    applied = {who for who, each in receipts.of_log(tx, circle, contributor).items() if each.size > index}
    given = _given(tx, vault, contributor, statement)
    found: dict[KeyId, Receiver] = {}
    for key, line in roster.lines.items():
        if key in roster.own_keys or line.identity == _own_identity(roster):
            continue
        holding: Holding = "receipt" if line.identity in applied else "presumed"
        found[line.identity] = _receiver(line, found.get(line.identity), given, "signed" if key in signed else holding)
    return tuple(sorted(found.values(), key=lambda each: each.name.casefold()))


def _place(tx: Transaction, roster: Roster, statement: StatementId, now: Timestamp) -> tuple[KeyId, int]:
    for key in (roster.own, *sorted(roster.own_keys - {roster.own})):
        held = statements.get(tx, key, statement, now=now)
        if held is not None:
            return key, held.index
        erased = gone.find(tx, key, statement)
        if erased is not None:
            return key, erased.index
    raise HanseError(Code.NOT_FOUND, "no log of ours in this circle holds such a statement.")


def _own_identity(roster: Roster) -> KeyId | None:
    own = roster.lines.get(roster.own)
    return None if own is None else own.identity


def _given(tx: Transaction, vault: Vault, contributor: KeyId, statement: StatementId) -> Mapping[KeyId, frozenset[str]]:
    given: dict[KeyId, frozenset[str]] = {}
    for request in requests.about(tx, vault, contributor, statement, "in"):
        given[request.peer] = given.get(request.peer, frozenset()) | request.released
    return given


def _receiver(
    line: Member, earlier: Receiver | None, given: Mapping[KeyId, frozenset[str]], holding: Holding
) -> Receiver:
    """One institution, under the last of its keys that was seen; ``earlier`` is what its other keys say."""
    if earlier is not None and earlier.holding == "signed":
        holding = "signed"
    current = line.status == "current" or (earlier is not None and earlier.member)
    return Receiver(line.name, line.url, holding, current, tuple(sorted(given.get(line.identity, ()))))
