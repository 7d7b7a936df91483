"""Taking statements away: every row through the gate, batch by batch, so that a file may be of any length.

An export ends at the place of the feed at which it began and shows statements as they stood there: what comes in while
it is written is not half in it. Each batch is a transaction of its own; nothing is held open between two of them,
neither a connection nor a thread, however slowly the reader reads. What is retracted while a file is being written
loses its words from that moment on.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from node.clock import Clock, day_of
from node.domain.exports import Cover, Format, Row
from node.domain.insight import ReplyView
from node.domain.queries import StatementFilter
from node.domain.statements import StoredStatement
from node.insight.export_csv import write_csv
from node.insight.export_ndjson import write_ndjson
from node.insight.handling import Audience, Gate, marks, permitted, strictest
from node.insight.index import bodies_of
from node.insight.query import cursor, read_cursor
from node.insight.search import search
from node.insight.views import reply_view, shown_summary
from node.storage import statement_index, statements
from node.storage.database import Database, Transaction
from protocol.identifiers import CircleId, KeyId, Pseudonym
from protocol.pseudonyms import pseudonym
from protocol.statements import (
    AttributionBody,
    Body,
    CorrectionBody,
    ErasureBody,
    FindingBody,
    Handling,
    RelationBody,
    ReplyBody,
    ResponseBody,
    RetractionBody,
    TokenBody,
    kind_of,
)

ACTION: Final = "findings-exported"
"""What the access log calls it."""
BATCH: Final = 500
"""Statements read in one transaction and written as one piece: about half a megabyte."""


def begin(
    tx: Transaction, wanted: StatementFilter, *, institution: str, audience: Audience, clock: Clock, as_of: str = ""
) -> Cover:
    """Fix what a file is to hold: up to which place of the feed, for whom, and how it is marked."""
    newest = statements.last_seq(tx)
    end = min(read_cursor(as_of), newest) if as_of else newest
    offered = permitted(audience)
    handling = strictest(each for each in offered if wanted.handlings is None or each in wanted.handlings)
    return Cover(
        institution=institution,
        position=cursor(end),
        day=day_of(clock.now()),
        audience=audience,
        handling=handling,
        marks=marks(handling),
    )


def write(
    database: Database, clock: Clock, wanted: StatementFilter, cover: Cover, audience: Audience, form: Format
) -> Iterator[bytes]:
    """The file, in pieces. What the audience may not be given is left out, counted, and said in the file."""
    gate: Gate[Row] = Gate(audience, lambda row: row.handling)
    batches = (list(gate.let_through(batch)) for batch in rows(database, clock, wanted, cover))
    match form:
        case "ndjson":
            return write_ndjson(cover, batches, gate)
        case "csv":
            return write_csv(batches, gate)
        case "parquet":
            # Forty megabytes of library, for those alone who want this format.
            from node.insight.export_parquet import write_parquet  # noqa: PLC0415

            return write_parquet(cover, batches, gate)


def headers(cover: Cover, form: Format) -> dict[str, str]:
    """What a file is sent with: kept by nobody on the way, and named by its day and its mark."""
    mark = cover.handling.replace(":", "-").replace("+", "-")
    return {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="hanse-{cover.day}-{mark}.{form}"',
        "Hanse-Handling": cover.handling,
        "Hanse-Position": cover.position,
    }


def rows(database: Database, clock: Clock, wanted: StatementFilter, cover: Cover) -> Iterator[list[Row]]:
    """Every statement that fits, up to the place at which the file ends, before the gate."""
    after, end = 0, read_cursor(cover.position)
    while after < end:
        with database.read() as tx:
            found = search(tx, wanted, after=after, limit=BATCH, now=clock.now(), as_of=end)
            batch = rows_of(tx, found.items)
        after = found.searched_to if found.more else end
        yield batch


def rows_of(tx: Transaction, items: Sequence[StoredStatement]) -> list[Row]:
    """Statements as rows, each with its handling."""
    acting = [each.seq for each in items if isinstance(each.body, RetractionBody | CorrectionBody)]
    acting += [each.seq for each in items if kind_of(each.statement) == "correction"]
    recorded = {each.place.seq: each for each in statement_index.recorded(tx, acting)} if acting else {}
    names: dict[tuple[CircleId, KeyId], Pseudonym | str] = {}
    found = []
    for stored in items:
        who = (stored.circle, stored.shown)
        if who not in names:
            names[who] = pseudonym(*who) if stored.byline is None else stored.byline.name
        record = recorded.get(stored.seq)
        bodies: Sequence[Body] = (stored.body,) if record is None else bodies_of(record)
        found.append(_row(stored, names[who], strictest(_handlings(bodies))))
    return found


def _handlings(bodies: Sequence[Body]) -> list[Handling]:
    """Of what acts on something that is not here nothing is known: it stays in the institution."""
    found = [
        body.handling for body in bodies if isinstance(body, FindingBody | RelationBody | ResponseBody | ReplyBody)
    ]
    return found or ["TLP:AMBER+STRICT"]


def _row(stored: StoredStatement, name: Pseudonym | str, handling: Handling) -> Row:
    body = stored.body
    values: dict[str, Any] = {
        "seq": stored.seq,
        "circle": stored.circle,
        "contributor": stored.shown,
        "pseudonym": name,
        "id": stored.statement.id,
        "kind": kind_of(stored.statement),
        "state": stored.state,
        "issued": day_of(stored.statement.iat),
        "expires": day_of(stored.statement.exp),
        "handling": handling,
    }
    if isinstance(body, FindingBody | RelationBody | ResponseBody):
        values |= _observed(stored, body) | _said(stored, body)
    elif isinstance(body, ReplyBody):
        values |= _replied(reply_view(stored, body))
    elif isinstance(body, CorrectionBody | RetractionBody | ErasureBody):
        values |= {"target_contributor": stored.shown, "target": body.target, "reason": body.reason}
    elif isinstance(body, AttributionBody | TokenBody):
        values |= {"target_contributor": stored.shown, "target": body.target}
    return Row(**values)


def _observed(stored: StoredStatement, body: FindingBody | RelationBody | ResponseBody) -> dict[str, Any]:
    return {
        "observed_from": body.observed.start,
        "observed_until": body.observed.end,
        "reliability": body.grade.reliability,
        "credibility": body.grade.credibility,
        "evidence_kinds": body.evidence_kinds,
        "sources": body.sources,
        "summary": shown_summary(stored, body),
    }


def _replied(view: ReplyView) -> dict[str, Any]:
    return {
        "subject": view.subject,
        "subject_label": view.label,
        "summary": view.text,
        "answers": tuple(f"{contributor}/{name}" for contributor, name in view.targets),
        "replied": view.replied,
        "verified": view.verified,
    }


def _said(stored: StoredStatement, body: FindingBody | RelationBody | ResponseBody) -> dict[str, Any]:
    match body:
        case FindingBody():
            return {
                "subject": body.subject.id,
                "subject_label": body.subject.label,
                "indicator": body.indicator,
                "scope": body.scope,
                "strength": body.strength,
                "technology_domains": body.technology_domains,
                "engagement_kind": body.engagement_kind,
                "mitigations": body.mitigations,
            }
        case RelationBody():
            return {
                "subject": body.subject.id,
                "subject_label": body.subject.label,
                "relation": body.relation,
                "object": body.object.id,
                "object_label": body.object.label,
            }
        case ResponseBody():
            target = stored.shown_target(body.target.contributor, body.target.id)
            return {"stance": body.stance, "target_contributor": target, "target": body.target.id}
