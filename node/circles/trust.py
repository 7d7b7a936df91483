"""Whom this node believes: a weight, or silence, for one voice of a circle, with a reason.

A decision is about an institution, not about one of its keys, and holds for whichever key it goes on under. It is this
node's own: nobody is told, and what others compute does not change by it. It changes what an opinion counts here, and
nothing else: statements stay, and are shown with the word that they have no weight.
"""

from typing import Final

from node.domain.accounts import AccountId
from node.domain.circles import FULL_TRUST, TrustDecision, TrustPolicy
from node.errors import Code, HanseError
from node.storage import circles, projection, trust
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp

MAX_REASON_CHARACTERS: Final = 2_000
"""Unicode code points in a reason: a page, for whoever reads the history."""


def set_trust(
    tx: Transaction,
    vault: Vault,
    account: AccountId | None,
    circle: CircleId,
    voice: KeyId,
    decision: TrustDecision,
    now: Timestamp,
) -> TrustPolicy:
    """Decide how far a voice is believed from now on; signals that it has spoken on are computed anew.

    ``voice`` is the identity of a line of the roster. Raises ``INVALID`` for our own voice, a weight outside 0 to one
    million, or without a reason; ``NO_SUCH_MEMBER`` for nobody's voice. The caller records the access.
    """
    roster = circles.get_roster(tx, circle)
    logs = {key for key, line in roster.lines.items() if line.identity == voice}
    if not logs:
        raise HanseError(Code.NO_SUCH_MEMBER, f"{voice} is no identity of a member of this circle.")
    if logs & roster.own_keys:
        raise HanseError(Code.INVALID, "our own word has its full weight here.", remedy="Correct or retract it.")
    if not 0 <= decision.weight_ppm <= FULL_TRUST:
        raise HanseError(Code.INVALID, f"a weight is a number from 0 to {FULL_TRUST} millionths.")
    text = decision.reason.strip()
    if not text or len(text) > MAX_REASON_CHARACTERS:
        raise HanseError(Code.INVALID, f"a decision has a reason, of at most {MAX_REASON_CHARACTERS} characters.")
    projection.lock_feed(tx)  # two decisions on one voice at once take turns
    policy = TrustPolicy(circle, voice, decision.state, decision.weight_ppm, text, account, now)
    trust.add(tx, vault, policy)
    projection.mark_dirty(tx, circle, projection.claims_of(tx, circle, logs))
    return policy
