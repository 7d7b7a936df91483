"""From an assessment to a decision: the file of a case, the form, the record, and what is due.

With ``node.web.assessments`` and its neighbours the only part of the pages that may see casework types; the overview
gets from here what it shows, in types of its own.
"""

from fastapi import APIRouter

from node.web.decisions import deciding, files, lists, measures, questions, records, reviews
from node.web.decisions.lists import needs

__all__ = ["ROUTER", "needs"]

ROUTER = APIRouter()
# Fixed paths before those with an identifier in the same place.
ROUTER.include_router(lists.ROUTER)
ROUTER.include_router(deciding.ROUTER)
ROUTER.include_router(measures.ROUTER)
ROUTER.include_router(questions.ROUTER)
ROUTER.include_router(reviews.ROUTER)
ROUTER.include_router(records.ROUTER)
ROUTER.include_router(files.ROUTER)
