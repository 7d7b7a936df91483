"""Letters from those whom statements are about: taken in from anybody, verified by somebody, or set aside.

Taking one in looks at nothing that this node holds, so what the writer sees cannot depend on it: whether a finding
exists, which circle this node is in, whether anybody has written before. What bounds the queue is the number of
letters alone, which anybody could fill.
"""

from dataclasses import replace
from typing import Final

from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.publishing import DraftId
from node.domain.replies import (
    KEPT_DAYS,
    MAX_WAITING,
    Intake,
    IntakeId,
    IntakeState,
    Letter,
    Verification,
    checked_letter,
    checked_verification,
)
from node.errors import Code, HanseError
from node.storage import replies as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import VocabularyCode
from protocol.statements import DAY_SECONDS, Timestamp
from protocol.vocabulary import Vocabulary

_IN_HAND: Final = frozenset({IntakeState.WAITING, IntakeState.VERIFIED})


def receive(tx: Transaction, vault: Vault, letter: Letter, now: Timestamp) -> None:
    """Keep a letter, sealed. Raises ``INVALID``, or ``TOO_MANY_REQUESTS`` where too many wait already.

    Gives back nothing: the writer is told no number under which somebody else could ask for the letter.
    """
    kept = checked_letter(letter)
    forget_old(tx, now)
    if storage.count_intakes(tx, _IN_HAND) >= MAX_WAITING:
        raise too_many()
    storage.add_intake(tx, vault, Intake(id=IntakeId(new_id()), received=now, state=IntakeState.WAITING, letter=kept))


def too_many() -> HanseError:
    """The one answer to whoever writes too often, or when too many have written."""
    return HanseError(
        Code.TOO_MANY_REQUESTS,
        "no more letters can be taken at this moment.",
        remedy="Try again tomorrow, or write to the institution by post or mail.",
    )


def forget_old(tx: Transaction, now: Timestamp) -> int:
    """Delete letters that were kept for as long as they may be; how many."""
    return storage.delete_intakes_before(tx, Timestamp(now - KEPT_DAYS * DAY_SECONDS))


def verify(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    by: AccountId,
    intake: IntakeId,
    method: str,
    note: str,
    now: Timestamp,
) -> Intake:
    """Record how somebody made sure that the organisation wrote; may be recorded anew until the letter is taken up."""
    found = get(tx, vault, intake)
    known = verification_method(vocabulary, method)
    verification = checked_verification(Verification(known, note.strip(), by, now))
    if found.state is IntakeState.TAKEN_UP:
        raise _moved()
    return _store(tx, vault, found, replace(found, state=IntakeState.VERIFIED, verification=verification))


def verification_method(vocabulary: Vocabulary, method: str) -> VocabularyCode:
    """The code, or ``INVALID`` where the vocabulary has no such one."""
    known = next((code for code in vocabulary.reply_verifications if code == method), None)
    if known is None:
        raise HanseError(Code.INVALID, "method: choose how it was verified.")
    return known


def take_up(tx: Transaction, vault: Vault, intake: IntakeId, draft: DraftId) -> Intake:
    """Note which draft a verified letter has become."""
    found = get(tx, vault, intake)
    if found.state is not IntakeState.VERIFIED:
        raise HanseError(Code.CONFLICT, "a letter is verified before it is taken up.")
    return _store(tx, vault, found, replace(found, state=IntakeState.TAKEN_UP, draft=draft))


def set_aside(tx: Transaction, intake: IntakeId) -> None:
    """Delete a letter that becomes no reply: advertising, or not from whom it says."""
    if not storage.delete_intake(tx, intake):
        raise _unknown()


def get(tx: Transaction, vault: Vault, intake: IntakeId) -> Intake:
    """One letter; raises ``NOT_FOUND``."""
    found = storage.get_intake(tx, vault, intake)
    if found is None:
        raise _unknown()
    return found


def in_hand(tx: Transaction, vault: Vault) -> list[Intake]:
    """What waits, the oldest first."""
    return storage.list_intakes(tx, vault, MAX_WAITING)


def _store(tx: Transaction, vault: Vault, old: Intake, new: Intake) -> Intake:
    if not storage.replace_intake(tx, vault, new, state=old.state):
        raise _moved()
    return new


def _moved() -> HanseError:
    return HanseError(Code.CONFLICT, "somebody has taken this letter up meanwhile.", remedy="Open it again.")


def _unknown() -> HanseError:
    return HanseError(Code.NOT_FOUND, "there is no such letter.")
