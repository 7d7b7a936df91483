"""Looking for a person's name in every store of the node (GDPR, Articles 15 to 17).

Every table and every column is read: what is sealed is opened, log entries are decoded. When a table is added, only
how its binary columns are read has to be said here, and a test fails until it is.

A place answers when it holds every word of the name, whatever their order, case and accents. So "Ada Lovelace" finds
"Lovelace, A. and Ada King" too: too much is looked through by a person, too little would be a wrong answer to somebody
who has a right to a true one.
"""

import string
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from node.domain.persons import Trace
from node.errors import Code, HanseError
from node.storage import tables
from node.storage.database import Transaction
from node.storage.tables.base import METADATA
from node.storage.vault import Vault
from protocol import envelope
from protocol.errors import ProtocolError

MAX_NAME_CHARACTERS: Final = 200
MIN_NAME_CHARACTERS: Final = 3
"""Letters of a name: what is shorter stands in every second text."""
MAX_TRACES: Final = 1_000
"""Places of one search. Who is in more has a common name, or the search is for an organisation."""
_AROUND: Final = 60
"""Characters shown before and after the first word."""
_ROWS: Final = 1_000
"""Read at a time, so that a log of a million entries is never in memory."""

SEALED: Final = frozenset(
    {
        "accounts.display_name",
        "alert_deliveries.address",
        "alerts.sealed",
        "answers.sealed",
        "api_tokens.name",
        "assessments.sealed",
        "case_events.sealed",
        "case_file_events.sealed",
        "case_reviews.sealed",
        "decisions.record",
        "decisions.sealed",
        "draft_events.sealed",
        "drafts.preview",
        "drafts.sealed",
        "engagement_events.sealed",
        "engagement_import_rows.sealed",
        "engagement_imports.sealed",
        "engagements.sealed",
        "evidence.sealed",
        "measures.sealed",
        "partner_questions.sealed",
        "private_ties.sealed",
        "letters_out.sealed",
        "request_events.sealed",
        "request_values.sealed",
        "requests.sealed",
        "sounding_forwards.sealed",
        "sounding_tallies.sealed",
        "soundings.lot",
        "soundings.sealed",
        "publications.disclosures",
        "reply_intakes.sealed",
        "saved_queries.sealed",
        "settlements.reason",
        "sponsorings.sealed",
        "subject_links.reason",
        "token_evaluations.sealed",
        "token_evaluations.secrets",
        "token_inputs.sealed",
        "trust_policies.reason",
        "watches.sealed",
        "watches.told",
    }
)
"""Columns whose text goes through the vault, under the place ``table.column:key``."""
ENTRIES: Final = frozenset({"entries.jws"})
"""Signed statements: the payload is read."""
AS_TEXT: Final = frozenset(
    {
        "circles.charter",
        "circles.roster",
        "claim_tallies.tally",
        "listings.identifiers",
        "logs.evidence",
        "own_keys.card",
        "proposals.charter",
        "releases.data",
        "signals.signal",
        "subjects.record",
    }
)
"""JSON and other text that is stored as bytes."""
WITHOUT_TEXT: Final = frozenset(
    {
        "access_log_head.sealed",
        "cosignatures.line",
        "logs.beyond_note",
        "logs.beyond_proof",
        "logs.covered",
        "logs.frontier",
        "logs.head",
        "second_factors.secret",
        "statement_postings.bits",
        "subjects.source_digest",
        "tiles.hashes",
    }
)
"""Digests, keys, signatures and bits: no word of anybody is in them."""
_PATHS: Final = {
    "accounts": "/accounts/{key}",
    "answers": "/assessments",
    "assessments": "/assessments/{key}",
    "case_events": "/assessments",
    "drafts": "/drafts/{key}",
    "engagements": "/engagements/{key}",
    "engagement_events": "/engagements",
    "evidence": "/evidence/{key}",
    "draft_events": "/drafts",
}
"""Pages on which a person of this node reads and changes a row."""


def find(tx: Transaction, vault: Vault, name: str) -> Iterator[Trace]:
    """Every place that holds the words of this name, at most :data:`MAX_TRACES`, table by table.

    Raises ``INVALID`` for a name of fewer than :data:`MIN_NAME_CHARACTERS` letters.
    """
    words = [word for word in (each.strip(string.punctuation) for each in folded(name).split()) if word]
    if len(name) > MAX_NAME_CHARACTERS or sum(len(word) for word in words) < MIN_NAME_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"a name to look for has {MIN_NAME_CHARACTERS} to {MAX_NAME_CHARACTERS} letters.",
            remedy="Give first and last name, an e-mail address or an ORCID iD.",
        )
    tables.load()
    left = MAX_TRACES
    for table in METADATA.sorted_tables:
        for trace in _in_table(tx, vault, table, words):
            yield trace
            left -= 1
            if not left:
                return


def folded(text: str) -> str:
    """Without case, accents and differences of form."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()


def _in_table(tx: Transaction, vault: Vault, table: sa.Table, words: list[str]) -> Iterator[Trace]:
    columns = [column for column in table.columns if _has_text(column)]
    if not columns:
        return
    keys = list(table.primary_key.columns)
    query = sa.select(*{column.name: column for column in (*keys, *columns)}.values()).order_by(*keys)
    for row in tx.connection.execute(query.execution_options(yield_per=_ROWS)):
        key = "/".join(str(getattr(row, each.name)) for each in keys)
        for column in columns:
            text = _text(vault, f"{table.name}.{column.name}", key, getattr(row, column.name))
            found = folded(text)
            if all(word in found for word in words):
                path = _PATHS.get(table.name, "").format(key=key)
                yield Trace(table.name, column.name, key, path, _excerpt(text, found, words[0]))


def _has_text(column: sa.Column[Any]) -> bool:
    if isinstance(column.type, sa.LargeBinary):
        return f"{column.table.name}.{column.name}" in SEALED | ENTRIES | AS_TEXT
    return isinstance(column.type, sa.String)


def _text(vault: Vault, column: str, key: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes | memoryview):
        return ""
    data = bytes(value)
    if column in SEALED:
        data = vault.open(data, place=f"{column}:{key}")
    elif column in ENTRIES:
        try:
            data = envelope.parse(data).payload
        except ProtocolError:  # an entry that nobody could read is searched as it came
            return data.decode("utf-8", "replace")
    return data.decode("utf-8", "replace")


def _excerpt(text: str, found: str, word: str) -> str:
    """What stands around the word. Folding may change lengths, so the place is a guess in long texts with marks."""
    place = min(found.index(word), len(text))
    before, after = max(0, place - _AROUND), place + len(word) + _AROUND
    return ("…" if before else "") + " ".join(text[before:after].split()) + ("…" if after < len(text) else "")
