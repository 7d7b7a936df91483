"""Circles, their rosters, whom we believe, and what we know of peers."""

from node.circles.changes import (
    confirm,
    prepare_endorse,
    prepare_leave,
    prepare_remove,
    prepare_rotate,
    read_prepared,
)
from node.circles.found import Terms, card, create, read_charter, sign
from node.circles.join import join
from node.circles.members import members_view
from node.circles.trust import set_trust
from node.storage.circles import get_roster as roster
from node.storage.circles import list_circles
from node.storage.circles import own_card as candidate_card
from node.storage.trust import history as trust_history
from node.storage.trust import policies as trust_policies

__all__ = [
    "Terms",
    "candidate_card",
    "card",
    "confirm",
    "create",
    "join",
    "list_circles",
    "members_view",
    "prepare_endorse",
    "prepare_leave",
    "prepare_remove",
    "prepare_rotate",
    "read_charter",
    "read_prepared",
    "roster",
    "set_trust",
    "sign",
    "trust_history",
    "trust_policies",
]
