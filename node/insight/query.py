"""Asking what this node holds: the feed of statements, single statements, circles, and counts.

The feed is numbered in commit order (:mod:`node.storage.statements`), so a reader that continues where it stopped
sees everything once: none lost to a clock or to a concurrent writer, none twice.
"""

from collections import Counter
from dataclasses import replace
from typing import Final

from node.domain.insight import (
    CircleSummary,
    FindingView,
    Overview,
    RelationView,
    ReplyView,
    StatementDetail,
    StatementView,
)
from node.domain.queries import NO_FILTER, StatementFilter, StatementsPage
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.insight.handling import strictest
from node.insight.replies import replies_of
from node.insight.search import search
from node.insight.views import view
from node.storage import bylines, circles, insight, statements
from node.storage import subjects as registry
from node.storage.database import Transaction
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId, Pseudonym, StatementId, decode_bytes, encode_bytes
from protocol.projection import live_body
from protocol.pseudonyms import pseudonym
from protocol.statements import Body, Correction, FindingBody, RelationBody, RetractionBody, Timestamp, TokenBody

MAX_PAGE: Final = 500
"""Statements in one page: about a megabyte of JSON."""
MAX_CURSOR_CHARACTERS: Final = 16
"""A cursor of ours has twelve; more is not read."""
_CURSOR_VERSION: Final = b"\x01"
_CURSOR_BYTES: Final = 8


def findings(
    tx: Transaction,
    after: str,
    limit: int,
    filters: StatementFilter = NO_FILTER,
    *,
    now: Timestamp,
    as_of: str = "",
) -> StatementsPage:
    """Statements behind the cursor ``after`` (empty: from the beginning), oldest first, at most ``limit``.

    Raises ``INVALID`` for a cursor that this node did not give, and for responses by subject or indicator, which
    the feed does not know. A statement that is corrected or retracted later stays in its place and shows how it stands
    now, or with ``as_of`` how it stood at that place of the feed; the correction or retraction is an item of its own.
    """
    limit = max(1, min(limit, MAX_PAGE))
    start = read_cursor(after)
    if filters.kinds == ("response",) and (filters.subjects is not None or filters.indicators is not None):
        raise HanseError(
            Code.INVALID,
            "a response names a statement, not a subject or an indicator.",
            remedy="Find it in the dossier of the subject, or ask for kind=response without the other filter.",
        )
    then = read_cursor(as_of) if as_of else None
    newest = statements.last_seq(tx)
    found = search(tx, filters, after=start, limit=limit, now=now, as_of=then)
    replies = replies_of(tx, found.items, now)
    return StatementsPage(
        tuple(answered(view(stored), replies.get(stored.name, ())) for stored in found.items),
        cursor(found.searched_to),
        found.more,
        cursor(newest if then is None else min(then, newest)),
    )


def statement(tx: Transaction, contributor: KeyId, statement_id: StatementId, *, now: Timestamp) -> StatementDetail:
    """One statement as it stands, with the signed bytes where they may be read; raises ``NOT_FOUND``."""
    stored = statements.find_shown(tx, contributor, statement_id, now=now)
    if stored is None:
        raise HanseError(
            Code.NOT_FOUND,
            "this node holds no such statement.",
            remedy="Identifiers are unique inside one log: check the contributor as well.",
        )
    shown = answered(view(stored), replies_of(tx, [stored], now).get(stored.name, ()))
    return StatementDetail(shown, stored.jws if may_read_bytes(tx, stored, now=now) else None)


def may_read_bytes(tx: Transaction, stored: StoredStatement, *, now: Timestamp) -> bool:
    """Whether the signed bytes may be shown: not those of what was retracted or has ended, or was narrowed since.

    The log keeps them, because its root covers them. A correction carries a body of its target, so it goes with it.
    Nor those of what bears its author's name, or answers what does: they name the key, and with it the pseudonym. Nor
    those of a person token (clause 11.9): equal ones would tie statements to one person for whoever sees them.
    """
    if stored.byline is not None or stored.named_targets or isinstance(stored.body, TokenBody):
        return False
    if isinstance(stored.body, RetractionBody):
        return True
    if isinstance(stored.statement, Correction):
        target = statements.get(tx, stored.contributor, stored.statement.body.target, now=now)
        signed = live_body(stored.statement, stored.statement)
        return target is not None and target.counts and stored.counts and not _is_wider(signed, target.body)
    return stored.counts and not _is_wider(stored.statement.body, stored.body)


def _is_wider(signed: Body, live: Body) -> bool:
    """Whether bytes bear a handling that has been narrowed since."""
    if not isinstance(signed, FindingBody | RelationBody) or not isinstance(live, FindingBody | RelationBody):
        return False
    return strictest((signed.handling, live.handling)) != signed.handling


def answered(shown: StatementView, replies: tuple[ReplyView, ...]) -> StatementView:
    """The view with what the organisation says to it."""
    return replace(shown, replies=replies) if replies and isinstance(shown, FindingView | RelationView) else shown


def circle_summaries(tx: Transaction) -> tuple[CircleSummary, ...]:
    """Our circles in numbers; members appear under their pseudonyms, in the order of these."""
    counts, named, names = statements.counts(tx), bylines.counts(tx), bylines.names(tx)
    joined = {each.id: each.joined for each in circles.list_circles(tx)}
    summaries = []
    for roster in circles.list_rosters(tx):
        charter, held = roster.charter, counts.get(roster.circle, {})
        # A former member's statements are still here, under the pseudonym that they came with.
        keys = [key for key, line in roster.lines.items() if line.status == "current" or key in held]
        contributors: list[tuple[Pseudonym | str, KeyId, int]] = [
            (
                pseudonym(roster.circle, key),
                key,
                held.get(key, 0) - sum(named.get(roster.circle, {}).get(key, {}).values()),
            )
            for key in keys
        ]
        under_names = Counter[KeyId]()
        for signed in named.get(roster.circle, {}).values():
            under_names.update(signed)
        contributors += [(names[roster.circle, each], each, number) for each, number in under_names.items()]
        summaries.append(
            CircleSummary(
                circle=roster.circle,
                name=charter.name,
                purpose=charter.purpose,
                legal_basis=charter.legal_basis,
                k=charter.small_number_threshold,
                retention_days=charter.retention_days,
                vocabulary_version=charter.vocabulary_version,
                joined=joined[roster.circle],
                own=pseudonym(roster.circle, roster.own),
                contributors=tuple((key, name, number) for name, key, number in sorted(contributors)),
            )
        )
    return tuple(summaries)


def overview(tx: Transaction) -> Overview:
    """What this node holds, in counts."""
    rosters = circles.list_rosters(tx)
    return Overview(
        circles=len(rosters),
        contributors=sum(len(roster.members) for roster in rosters),
        statements=statements.count(tx),
        subjects=insight.count_assessed_subjects(tx),
        organisations=registry.count(tx),
        signals=insight.count_signals(tx),
        last_sync=insight.last_sync(tx),
    )


def cursor(seq: int) -> str:
    """The opaque text of a place in the feed."""
    return encode_bytes(_CURSOR_VERSION + seq.to_bytes(_CURSOR_BYTES, "big"))


def read_cursor(text: str) -> int:
    """Undo :func:`cursor`; raises ``INVALID``. Empty text is the beginning."""
    if not text:
        return 0
    try:
        data = decode_bytes(text[: MAX_CURSOR_CHARACTERS + 1])
    except ProtocolError as error:
        raise _bad_cursor() from error
    seq = int.from_bytes(data[1:], "big")
    if len(data) != 1 + _CURSOR_BYTES or data[:1] != _CURSOR_VERSION or seq >= 1 << 63:
        raise _bad_cursor()
    return seq


def _bad_cursor() -> HanseError:
    return HanseError(
        Code.INVALID,
        "this is no cursor of this node.",
        remedy="Give the value of `next` from an earlier page, or leave it out to begin at the beginning.",
    )
