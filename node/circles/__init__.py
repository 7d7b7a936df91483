"""Circles, their rosters and what we know of peers."""

from node.circles.found import Terms, card, create, read_charter, sign
from node.circles.join import join
from node.storage.circles import get_roster as roster
from node.storage.circles import list_circles

__all__ = ["Terms", "card", "create", "join", "list_circles", "read_charter", "roster", "sign"]
