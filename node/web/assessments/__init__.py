"""My assessments: private casework, from the list to the answer of one question.

With ``node.web.drafts`` the only part of the pages that may see casework types; other pages get from here what
they show, in types of their own.
"""

from fastapi import APIRouter

from node.web.assessments import answers, due, heads, imports, lists, ties
from node.web.assessments.due import needs
from node.web.assessments.lists import open_work
from node.web.assessments.ties import own_ties

__all__ = ["ROUTER", "needs", "open_work", "own_ties"]

ROUTER = APIRouter()
# Fixed paths before those with an identifier in the same place.
ROUTER.include_router(due.ROUTER)
ROUTER.include_router(heads.ROUTER)
ROUTER.include_router(imports.ROUTER)
ROUTER.include_router(answers.ROUTER)
ROUTER.include_router(ties.ROUTER)
ROUTER.include_router(lists.ROUTER)
