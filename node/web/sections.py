"""The two rows above every page: groups of sections, and the sections of the group that one is in.

A group leads to its first section that the visitor may open; a group without one is not shown, and the second row only
where there is a choice.
"""

from typing import Final

from node.domain.accounts import Permission, Principal
from node.web.rendering import Rows, Section

_Entry = tuple[str, str, Permission]

GROUPS: Final[tuple[tuple[str, tuple[_Entry, ...]], ...]] = (
    ("Overview", (("/", "Overview", Permission.OWN_ACCOUNT),)),
    (
        "Partners",
        (
            ("/search", "Search", Permission.SUBJECTS_READ),
            ("/watch", "Watched", Permission.POOL_READ),
            ("/lists", "Public lists", Permission.ASSESSMENTS_READ),
        ),
    ),
    (
        "Cases",
        (
            ("/engagements", "Engagements", Permission.ASSESSMENTS_READ),
            ("/assessments", "Assessments", Permission.ASSESSMENTS_READ),
            ("/decisions", "Decisions", Permission.ASSESSMENTS_READ),
            ("/registers", "Registers", Permission.ASSESSMENTS_READ),
        ),
    ),
    (
        "Sharing",
        (
            ("/drafts", "Drafts", Permission.DRAFTS_READ),
            ("/shared", "Shared", Permission.SHARED_READ),
            ("/requests", "Requests", Permission.REQUESTS_READ),
            ("/soundings", "Soundings", Permission.REQUESTS_READ),
            ("/sponsors", "Sponsoring", Permission.DRAFTS_READ),
            ("/replies", "Replies", Permission.REPLIES_WRITE),
        ),
    ),
    (
        "Pool",
        (
            ("/findings", "Findings", Permission.POOL_READ),
            ("/signals", "Signals", Permission.POOL_READ),
            ("/dashboards", "Dashboards", Permission.POOL_READ),
            ("/releases", "Releases", Permission.RELEASES_READ),
        ),
    ),
    (
        "Circles",
        (
            ("/circles", "Circles", Permission.CIRCLES_READ),
            ("/peers", "Peers", Permission.CIRCLES_MANAGE),
        ),
    ),
    (
        "Node",
        (
            ("/node", "State", Permission.CIRCLES_READ),
            ("/accounts", "Accounts", Permission.ACCOUNTS_MANAGE),
        ),
    ),
    (
        "Oversight",
        (
            ("/access", "Access log", Permission.ACCESS_LOG_READ),
            ("/persons", "Data subjects", Permission.PERSONS_MANAGE),
        ),
    ),
)
"""Every section with its path, its name and what it needs, in the order of the page."""
_UNDER: Final = {
    "/subjects": "/search",
    "/statements": "/search",
    "/evidence": "/assessments",
    "/recall": "/shared",
    "/names": "/shared",
}
"""Pages that belong to another section than their path says."""
_OF_A_CIRCLE: Final = {"/dashboard": "/dashboards", "/briefing": "/dashboards"}
"""The same for pages of one circle, by the last part of their paths."""


def rows(principal: Principal, path: str) -> Rows:
    """The groups that somebody may open, and the sections beside the one that this path is in."""
    current = section_of(path)
    groups: list[Section] = []
    entries: tuple[Section, ...] = ()
    for label, all_of_it in GROUPS:
        open_to = [(target, name) for target, name, permission in all_of_it if principal.may(permission)]
        if not open_to:
            continue
        inside = current in {target for target, _, _ in all_of_it}
        groups.append(Section(open_to[0][0], label if len(all_of_it) > 1 else open_to[0][1], current=inside))
        if inside and len(open_to) > 1:
            entries = tuple(Section(target, name, current=target == current) for target, name in open_to)
    return Rows(tuple(groups), entries)


def section_of(path: str) -> str:
    """The section that a page belongs to, by the first part of its path."""
    first = "/" + path.removeprefix("/").partition("/")[0]
    last = "/" + path.rpartition("/")[2]
    return _UNDER.get(first, _OF_A_CIRCLE.get(last, first) if first == "/circles" else first)
