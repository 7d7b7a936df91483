"""What this node knows and a text that leaves must not say: names of persons, case references, our own name."""

from node.domain.casework import AssessmentId
from node.domain.publishing import Draft
from node.publishing.gate import Known
from node.publishing.gate_persons import names_in
from node.storage import accounts, casework
from node.storage.database import Transaction
from node.storage.vault import Vault


def known(tx: Transaction, vault: Vault, draft: Draft, *, institution: str) -> Known:
    """Display names of this node's accounts, names beside a title in the draft's case, and the case's reference."""
    names = {account.display_name for account in accounts.list_accounts(tx, vault)}
    case = None if draft.assessment is None else casework.get_assessment(tx, vault, AssessmentId(draft.assessment))
    if case is None:
        return Known(frozenset(names), frozenset(), institution)
    texts = [case.data.title, case.data.unit, case.data.purpose, case.data.benefit]
    texts += [answer.data.observation for answer in case.answers]
    texts += [source for answer in case.answers for source in answer.data.sources]
    for text in texts:
        names |= names_in(text)
    references = frozenset({case.data.reference} - {""})
    return Known(frozenset(names), references, institution)
