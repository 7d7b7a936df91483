"""Drafts: from an answer to the exact bytes that leave, and the second person who lets them.

With ``node.web.assessments`` the only part of the pages that may see casework types.
"""

from fastapi import APIRouter

from node.web.drafts import changes, lists, review, ties, writing
from node.web.drafts.lists import needs

__all__ = ["ROUTER", "needs"]

ROUTER = APIRouter()
# Fixed paths before those with a draft's identifier in the same place.
ROUTER.include_router(writing.ROUTER)
ROUTER.include_router(changes.ROUTER)
ROUTER.include_router(ties.ROUTER)
ROUTER.include_router(lists.ROUTER)
ROUTER.include_router(review.ROUTER)
