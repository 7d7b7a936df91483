"""Joining a circle: as one of its founders, or under a card for its members to endorse.

A candidate knows the charter and asks members for what they hold. They answer once enough of them have endorsed its
card; from what they send it learns that it is a member, and publishes nothing before. Whoever was removed or has
left comes back the same way, under a fresh card.
"""

from node.circles.found import ourselves
from node.circles.peering import pin_founders
from node.domain.circles import Roster
from node.domain.peering import COMMAND_LINE
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from node.ledger.membership import refresh_roster
from node.storage import circles as storage
from node.storage import projection
from node.storage.database import Transaction
from protocol import circles as charters
from protocol.circles import SignedCharter
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.messages.card import open_card
from protocol.statements import Timestamp


def join(
    tx: Transaction,
    keyring: Keyring,
    signed: SignedCharter,
    now: Timestamp,
    *,
    card: bytes | None = None,
    again: bool = False,
    by: str = COMMAND_LINE,
) -> Roster:
    """Become a member of the circle that this charter founds, or with ``card`` a candidate, or one again.

    Every founder must have signed (``BAD_CHARTER``, ``BAD_SIGNATURE``). Without a card one of them must be us with the
    keys we hold (``NO_SUCH_MEMBER``, ``BAD_KEY_FILE``). No contributor key may be used in another circle that we are in
    (``CONFLICT``): a key in two circles would tie the two pseudonyms together, and a statement, which is named by its
    contributor and its identifier, would not be one statement any more.

    ``again`` is for whoever was removed and cannot know it, because nobody answers it any more: we stop being a member
    in our own eyes until the new card is endorsed.

    Joining says that the founders are who the charter says: their identity keys are confirmed by it, in the name of
    ``by``.
    """
    circle = charters.require_in_force(signed)
    own = keyring.contributor(
        ourselves(keyring, signed.charter).key_id if card is None else _on_card(keyring, card, circle)
    )
    _require_unused(tx, circle, own.public.key_id, signed)
    projection.lock_feed(tx)  # before the circle's lock, as everybody else
    known = storage.find_roster(tx, circle)
    if known is None:
        storage.insert(tx, circle, signed, own.public.key_id, now, card=card)
    elif card is None or (known.status == "member" and not again):
        raise HanseError(
            Code.CONFLICT,
            f"this node is already a member of circle {circle}.",
            remedy="For a new key here, use `hanse circle rotate`; if members have removed this node, say --again.",
        )
    else:
        storage.add_own_key(tx, circle, own.public.key_id, now, card=card)
    refresh_roster(tx, circle, now)
    pin_founders(tx, signed.charter.founders, keyring.identity_public(), by, now)
    return storage.get_roster(tx, circle)


def _on_card(keyring: Keyring, card: bytes, circle: CircleId) -> KeyId:
    content = open_card(card)
    if content.circle != circle:
        raise HanseError(
            Code.INVALID,
            "the card was not made for this circle.",
            remedy=f"Make one with `hanse circle card --circle {circle}`.",
        )
    ours = (keyring.identity_public().encode(), keyring.request().public.encode())
    if (content.identity_key, content.request_key) != ours:
        raise HanseError(
            Code.NO_SUCH_MEMBER,
            "the card names other keys than those of this node.",
            remedy=f"Make one with `hanse circle card --circle {circle}` on this node.",
        )
    return PublicKey.decode(content.contributor_key).key_id


def _require_unused(tx: Transaction, circle: CircleId, own: KeyId, signed: SignedCharter) -> None:
    in_use = storage.circle_of_own_key(tx, own)
    if in_use is not None and in_use != circle:
        raise HanseError(
            Code.CONFLICT,
            f"our contributor key {own} is in use in circle {in_use}.",
            remedy="Make a new card with `hanse circle card`: every circle gets a key of its own.",
        )
    founders = {key_id: each.name for key_id, each in charters.members(signed.charter).items()}
    for known in storage.list_rosters(tx):
        shared = [name for key_id, name in founders.items() if key_id in known.lines]
        if shared and known.circle != circle:
            raise HanseError(
                Code.CONFLICT,
                f"the contributor key of {shared[0]} is in use in circle {known.circle}.",
                remedy="Ask for a new card from it and for a new charter: every circle gets keys of its own.",
            )
