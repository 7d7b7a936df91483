"""Engagements from a table that an institution keeps: columns are chosen, a trial says what would come, then it comes.

Four steps, each of which a person takes: the file is read (:func:`receive`), its columns are given a meaning
(:func:`choose`), every row is tried and nothing stored (:func:`work` in ``checking``), the good rows are stored
(:func:`work` in ``storing``). The rows are worked through in small transactions: a process that ends in the middle
loses nothing and stores nothing twice, and the next call goes on. A row that is refused stops no other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias

from node.casework.checks import FieldError, checked_engagement
from node.casework.engagements import all_engagements, create_engagement
from node.casework.sheets import Table, read_table
from node.casework.tabular import MAX_ROWS, split_list
from node.domain.accounts import AccountId
from node.domain.casework import MAX_TITLE_CHARACTERS
from node.domain.engagement_imports import (
    FIELDS,
    DayOrder,
    DecimalMark,
    EngagementImport,
    ImportId,
    ImportRow,
    ImportState,
    Reading,
    RowState,
)
from node.domain.engagements import STATUS_LABELS, EngagementData, EngagementStatus
from node.domain.identifiers import new_id
from node.domain.money import Money, parse_money
from node.errors import Code, HanseError
from node.storage import casework as locks
from node.storage import engagement_imports as storage
from node.storage.database import Database, Transaction
from node.storage.vault import Vault
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject, Timestamp
from protocol.vocabulary import Vocabulary

MAX_IMPORTS: Final = 20
"""Of one account, unfinished and finished: what was done with is forgotten by hand or after the days below."""
KEPT_DAYS: Final = 30
"""Days after which an import that nobody touches is forgotten, with the copy of the table in it."""
BATCH: Final = 50
"""Rows in one transaction: about 100 ms, so that others can write between two."""
_DAY_SECONDS: Final = 86_400
_GROUP: Final = 3
"""Digits between two marks of thousands."""
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_PARTS: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_WORDS: Final = re.compile(r"[^\w]+")

_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title", "name of agreement", "agreement", "project", "project title", "titel", "vertrag", "intitulé"),
    "partner": ("partner", "counterpart", "institution", "organisation", "organization", "donor", "partnereinrichtung"),
    "partner_unit": ("partner unit", "partner department", "faculty of the partner"),
    "our_unit": ("our unit", "unit", "department", "faculty", "institut", "fakultät", "einrichtung", "département"),
    "kind": ("kind", "type", "type of agreement", "art", "vertragsart", "nature"),
    "status": ("status", "state", "stand", "statut"),
    "begins": ("begins", "begin", "start", "start date", "from", "signed", "beginn", "von", "début"),
    "ends": ("ends", "end", "end date", "until", "expires", "expiry", "ende", "bis", "laufzeitende", "fin"),
    "amount": ("amount", "value", "sum", "volume", "betrag", "summe", "montant"),
    "currency": ("currency", "währung", "devise"),
    "funder": ("funder", "final funder", "funding", "sponsor", "geldgeber", "drittmittelgeber", "financeur"),
    "technology_domains": ("technology domains", "technology", "field", "research field", "fachgebiet"),
    "governing_law": ("governing law", "law", "applicable law", "recht", "anwendbares recht"),
    "purpose": ("purpose", "description", "aim", "subject matter", "zweck", "beschreibung", "objet"),
    "benefit": ("benefit", "benefits", "value to us", "nutzen"),
    "reference": ("reference", "file reference", "id", "number", "no", "aktenzeichen", "nummer", "référence"),
}
"""Names under which institutions keep these columns; a help for choosing, which a person confirms."""


@dataclass(frozen=True, slots=True)
class Found:
    """Who may be meant by a partner's name."""

    subject: Subject | None
    """The one organisation, where it is safe to take it."""
    offered: tuple[Subject, ...] = ()


Find: TypeAlias = Callable[[str], Found]


def receive(
    tx: Transaction, vault: Vault, account: AccountId, name: str, data: bytes, now: Timestamp
) -> EngagementImport:
    """Read a file and keep its rows; nothing is an engagement yet. Raises ``BAD_FILE`` or ``TOO_MANY``."""
    table = read_table(data)
    if len(storage.of_account(tx, vault, account)) >= MAX_IMPORTS:
        raise HanseError(
            Code.CONFLICT, f"{MAX_IMPORTS} imports of yours are kept already.", remedy="Forget those that are done."
        )
    one = EngagementImport(
        id=ImportId(new_id()),
        account=account,
        state=ImportState.CHOOSING,
        created=now,
        updated=now,
        name=" ".join(name.split())[:MAX_TITLE_CHARACTERS],
        header=table.header,
        reading=Reading(columns=guessed(table.header)),
        counts={},
    )
    storage.add(tx, vault, one, _rows(table))
    return _get(tx, vault, one.id)


def guessed(header: tuple[str, ...]) -> dict[str, int]:
    """Which column is probably which, by its name."""
    plain = [" ".join(_WORDS.sub(" ", name).casefold().split()) for name in header]
    chosen: dict[str, int] = {}
    for field in FIELDS:
        usual = (field.replace("_", " "), *_USUAL[field])
        place = next((plain.index(name) for name in usual if name in plain), None)
        if place is not None and place not in chosen.values():
            chosen[field] = place
    return chosen


def get_import(tx: Transaction, vault: Vault, wanted: ImportId, account: AccountId) -> EngagementImport:
    """One import of this account; raises ``NOT_FOUND``, for another's as well."""
    one = _get(tx, vault, wanted)
    if one.account != account:
        raise _unknown()
    return one


def choose(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, one: EngagementImport, reading: Reading, now: Timestamp
) -> None:
    """Say how the table is read; its rows are then tried. Raises ``INVALID``, or ``CONFLICT`` once rows are stored."""
    if one.state not in {ImportState.CHOOSING, ImportState.CHECKED}:
        raise HanseError(Code.CONFLICT, "the rows of this table are being worked through.", remedy="Wait for the end.")
    if not {"title", "partner"} & reading.columns.keys():
        raise FieldError("title", "choose the column of the title or of the partner.")
    places = list(reading.columns.values())
    if len(set(places)) != len(places) or any(not 0 <= place < len(one.header) for place in places):
        raise FieldError("", "a column cannot be two things at once.")
    if reading.kind is None and "kind" not in reading.columns:
        raise FieldError("kind", "choose the column, or a kind for all rows.")
    if reading.kind is not None and reading.kind not in vocabulary.engagement_kinds:
        raise FieldError("kind", "this is not a kind of engagement.")
    if "amount" in reading.columns and "currency" not in reading.columns and not reading.currency:
        raise FieldError("currency", "choose the column, or a currency for all amounts.")
    storage.begin_again(tx, vault, one.id, MAX_ROWS)
    storage.change(tx, vault, replace(one, reading=reading), ImportState.CHECKING, now)


def confirm(tx: Transaction, vault: Vault, one: EngagementImport, now: Timestamp) -> None:
    """Have the rows that were found good stored; raises ``CONFLICT`` before they were tried."""
    if one.state is not ImportState.CHECKED:
        raise HanseError(Code.CONFLICT, "the rows of this table have not all been tried.", remedy="Wait for the end.")
    storage.change(tx, vault, one, ImportState.STORING, now)


def forget(tx: Transaction, one: EngagementImport) -> None:
    """Forget the table. What was stored of it stays."""
    storage.remove(tx, one.id)


def forget_old(tx: Transaction, now: Timestamp) -> int:
    """Forget imports that nobody has touched for :data:`KEPT_DAYS`; how many."""
    return storage.remove_before(tx, Timestamp(now - KEPT_DAYS * _DAY_SECONDS))


def work(
    database: Database,
    vault: Vault,
    vocabulary: Vocabulary,
    wanted: ImportId,
    find: Callable[[Transaction], Find],
    now: Timestamp,
) -> bool:
    """One batch of rows in one transaction; whether there is more to do.

    Two callers of one import take turns: each batch is read again under the import's lock.
    """
    with database.write() as tx:
        one = storage.get(tx, vault, wanted, lock=True)
        if one is None or not one.state.running:
            return False
        if one.state is ImportState.CHECKING:
            batch = storage.rows(tx, vault, wanted, (RowState.RAW,), limit=BATCH)
            known = _references(tx, vault) if batch else set()
            finder = find(tx)
            storage.put_rows(tx, vault, wanted, [_tried(row, one.reading, vocabulary, finder, known) for row in batch])
            after = ImportState.CHECKED
        else:
            batch = storage.rows(tx, vault, wanted, _stored_states(one.reading), limit=BATCH)
            locks.lock_import(tx)
            storage.put_rows(tx, vault, wanted, _stored(tx, vault, vocabulary, one, batch, now))
            after = ImportState.DONE
        if batch:
            storage.change(tx, vault, one, one.state, now)
        else:
            storage.change(tx, vault, one, after, now)
        return bool(batch)


def _stored_states(reading: Reading) -> tuple[RowState, ...]:
    return (RowState.GOOD, RowState.OPEN) if reading.take_open else (RowState.GOOD,)


def _stored(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    one: EngagementImport,
    batch: list[ImportRow],
    now: Timestamp,
) -> list[ImportRow]:
    known = _references(tx, vault)
    changed = []
    for row in batch:
        if row.data is None or (row.data.reference and row.data.reference in known):
            changed.append(replace(row, state=RowState.KNOWN))
            continue
        create_engagement(tx, vault, vocabulary, one.account, row.data, now, row.status)
        known.add(row.data.reference)
        changed.append(replace(row, state=RowState.STORED))
    return changed


def _references(tx: Transaction, vault: Vault) -> set[str]:
    return {each.data.reference for each in all_engagements(tx, vault) if each.data.reference}


def _tried(row: ImportRow, reading: Reading, vocabulary: Vocabulary, find: Find, known: set[str]) -> ImportRow:
    cells = {field: row.cells[place] for field, place in reading.columns.items()}
    try:
        found = find(cells["partner"]) if cells.get("partner") else Found(None)
        data = checked_engagement(_data(cells, reading, vocabulary, found), vocabulary)
        status = _status(cells.get("status", ""), reading)
    except FieldError as error:
        return replace(row, state=RowState.REFUSED, column=error.field, reason=error.words)
    if data.reference and data.reference in known:
        return replace(row, state=RowState.KNOWN, data=data, status=status)
    state = RowState.OPEN if cells.get("partner") and found.subject is None else RowState.GOOD
    return replace(row, state=state, data=data, status=status, column="", reason="", offered=found.offered)


def _data(cells: Mapping[str, str], reading: Reading, vocabulary: Vocabulary, found: Found) -> EngagementData:
    partner = cells.get("partner", "")
    title = cells.get("title") or partner
    if partner and found.subject is None and partner not in title:
        title = f"{partner}: {title}"  # else the one thing that says whom it is about would be lost
    return EngagementData(
        title=title[:MAX_TITLE_CHARACTERS],
        counterparts=() if found.subject is None else (found.subject,),
        partner_unit=cells.get("partner_unit", ""),
        our_unit=cells.get("our_unit", ""),
        kind=_kind(cells.get("kind", ""), reading, vocabulary),
        begins=_day("begins", cells.get("begins", ""), reading.days),
        ends=_day("ends", cells.get("ends", ""), reading.days),
        amount=_amount(cells.get("amount", ""), cells.get("currency") or reading.currency, reading.decimals),
        funder=cells.get("funder", ""),
        technology_domains=tuple(
            _term("technology_domains", each, {code: one.label for code, one in vocabulary.technology_domains.items()})
            for each in split_list(cells.get("technology_domains", ""))
        ),
        governing_law=cells.get("governing_law", ""),
        purpose=cells.get("purpose", ""),
        benefit=cells.get("benefit", ""),
        reference=cells.get("reference", ""),
    )


def _kind(cell: str, reading: Reading, vocabulary: Vocabulary) -> VocabularyCode:
    if not cell:
        if reading.kind is None:
            raise FieldError("kind", "the row says none, and none was chosen for such rows.")
        return reading.kind
    return _term("kind", cell, {code: one.label for code, one in vocabulary.engagement_kinds.items()})


def _status(cell: str, reading: Reading) -> EngagementStatus:
    if not cell:
        return reading.status
    words = {status.value: label for status, label in STATUS_LABELS.items()}
    found = next((code for code, label in words.items() if cell.casefold() in {code, label.casefold()}), None)
    if found is None:
        raise FieldError("status", f"one of: {', '.join(words.values())}.")
    return EngagementStatus(found)


def _term(field: str, cell: str, labels: Mapping[VocabularyCode, str]) -> VocabularyCode:
    """A code of the vocabulary, or its words in capitals or not."""
    wanted = cell.casefold()
    found = next((code for code, label in labels.items() if wanted in {code, label.casefold()}), None)
    if found is None:
        raise FieldError(field, "a code of the vocabulary or its words; see the list below.")
    return found


def _day(field: str, cell: str, order: DayOrder) -> date | None:
    if not cell:
        return None
    if parts := _ISO.fullmatch(cell):
        year, month, day = (int(each) for each in parts.groups())
    elif parts := _PARTS.fullmatch(cell):
        first, second, year = (int(each) for each in parts.groups())
        day, month = (first, second) if order is DayOrder.DAY_FIRST else (second, first)
    else:
        raise FieldError(field, "a day as 2026-11-22, 22.11.2026 or 22/11/2026.")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise FieldError(field, "there is no such day.") from error


def _amount(cell: str, currency: str, mark: DecimalMark) -> Money | None:
    if not cell:
        return None
    point, thousands = (".", ",") if mark is DecimalMark.POINT else (",", ".")
    whole, _, decimals = cell.partition(point)
    if thousands in decimals or any(len(group) != _GROUP for group in whole.split(thousands)[1:]):
        # Else 1,25 would become 125 where a point was chosen.
        raise FieldError("amount", f"a “{thousands}” stands where it does not part thousands.")
    try:
        return parse_money(f"{whole.replace(thousands, '')}{'.' if decimals else ''}{decimals}", currency)
    except HanseError as error:
        raise FieldError("amount", error.detail) from error


def _rows(table: Table) -> list[ImportRow]:
    lines = [ImportRow(row=line.number, state=RowState.RAW, cells=line.cells) for line in table.lines]
    refused = [ImportRow(row=each.row, state=RowState.REFUSED, cells=(), reason=each.reason) for each in table.refused]
    return [*lines, *refused]


def _get(tx: Transaction, vault: Vault, wanted: ImportId) -> EngagementImport:
    one = storage.get(tx, vault, wanted)
    if one is None:
        raise _unknown()
    return one


def _unknown() -> HanseError:
    return HanseError(Code.NOT_FOUND, "there is no such import, or it was forgotten.")
