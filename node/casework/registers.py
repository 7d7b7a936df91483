"""Registers: the engagements of some kinds, with what was decided and when each is looked at again.

A register is read whole: every line is sealed and is opened to be compared. Ten thousand engagements are opened in
about half a second; an institution has hundreds.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from node.casework.engagements import all_engagements
from node.domain.decisions import CaseKind
from node.domain.engagements import STATUS_LABELS, Engagement
from node.domain.money import CURRENCIES, Money, spelled, typed_amount
from node.domain.registers import KINDS, FunderLine, Register, RegisterEntry, RegisterFilter
from node.storage import decisions
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.vocabulary import Vocabulary

_ASKED_TOGETHER: Final = 500
"""Engagements whose decisions are asked for in one query."""

HEADER: Final = (
    "title",
    "partners",
    "identifiers",
    "partner_unit",
    "our_unit",
    "kind",
    "status",
    "begins",
    "ends",
    "amount",
    "currency",
    "funder",
    "technology_domains",
    "governing_law",
    "decision",
    "review",
    "purpose",
    "benefit",
    "reference",
)
"""Columns of a register as a file. Those that an import knows have the names by which it knows them."""
FUNDER_HEADER: Final = ("funder", "engagements", "running", "amount", "currency", "reviews_due")


def entries(tx: Transaction, vault: Vault, register: Register, wanted: RegisterFilter) -> list[RegisterEntry]:
    """The lines of a register that fit: what is due first, then by the day on which it ends, then by title."""
    found = [
        entry
        for entry in _with_decisions(tx, vault, (each for each in all_engagements(tx, vault) if _is_in(each, register)))
        if _fits(entry, wanted)
    ]
    return sorted(found, key=_order)


def funders(found: Iterable[RegisterEntry], today: date) -> list[FunderLine]:
    """The same lines by who pays: the funder as written, or else the first partner. Largest number first."""
    grouped: dict[str, list[RegisterEntry]] = {}
    names: dict[str, str] = {}
    for entry in found:
        name = payer(entry.engagement)
        key = " ".join(name.split()).casefold()
        names.setdefault(key, name)
        grouped.setdefault(key, []).append(entry)
    lines = [_funder(names[key], group, today) for key, group in grouped.items()]
    return sorted(lines, key=lambda line: (-len(line.engagements), line.name.casefold()))


def payer(engagement: Engagement) -> str:
    """Who pays in the end, as far as it is written."""
    subject = engagement.subject
    return engagement.data.funder or (subject.label if subject else "not said")


def rows(found: Sequence[RegisterEntry], vocabulary: Vocabulary) -> Iterator[tuple[str, ...]]:
    """Lines as a file has them, in the order of :data:`HEADER`."""
    kinds = vocabulary.engagement_kinds
    for entry in found:
        data = entry.engagement.data
        yield (
            data.title,
            "; ".join(subject.label for subject in data.counterparts),
            "; ".join(subject.id for subject in data.counterparts),
            data.partner_unit,
            data.our_unit,
            kinds[data.kind].label if data.kind in kinds else data.kind,
            STATUS_LABELS[entry.engagement.status],
            _day(data.begins),
            _day(data.ends),
            typed_amount(data.amount) if data.amount else "",
            data.amount.currency if data.amount else "",
            data.funder,
            "; ".join(data.technology_domains),
            data.governing_law,
            _decision(entry, vocabulary),
            _day(entry.review),
            data.purpose,
            data.benefit,
            data.reference,
        )


def funder_rows(lines: Iterable[FunderLine]) -> Iterator[tuple[str, ...]]:
    """Funders as a file has them: one row for each currency, in the order of :data:`FUNDER_HEADER`."""
    for line in lines:
        counts = (str(len(line.engagements)), str(line.running))
        for currency, minor in sorted(line.sums.items()) or (("", 0),):
            amount = typed_amount(Money(minor=minor, currency=currency)) if currency in CURRENCIES else ""
            yield (line.name, *counts, amount, currency, str(line.due))


def sums(line: FunderLine) -> str:
    """What a funder gives, for a person to read."""
    return ", ".join(spelled(Money(minor=minor, currency=currency)) for currency, minor in sorted(line.sums.items()))


def _with_decisions(tx: Transaction, vault: Vault, found: Iterable[Engagement]) -> Iterator[RegisterEntry]:
    remaining = list(found)
    for start in range(0, len(remaining), _ASKED_TOGETHER):
        batch = remaining[start : start + _ASKED_TOGETHER]
        standing = decisions.standing(tx, vault, CaseKind.ENGAGEMENT, [each.id for each in batch])
        for each in batch:
            decision, review = standing.get(each.id, (None, None))
            yield RegisterEntry(engagement=each, decision=decision.data.outcome if decision else None, review=review)


def _is_in(engagement: Engagement, register: Register) -> bool:
    kinds = KINDS[register]
    if kinds is not None:
        return engagement.data.kind in kinds
    return bool(engagement.data.funder or engagement.data.amount)


def _fits(entry: RegisterEntry, wanted: RegisterFilter) -> bool:
    engagement = entry.engagement
    if wanted.status is not None and engagement.status is not wanted.status:
        return False
    if wanted.running and engagement.status.over:
        return False
    if wanted.due_before is not None and not entry.is_due(wanted.due_before):
        return False
    data = engagement.data
    text = " ".join(
        (
            data.title,
            data.partner_unit,
            data.our_unit,
            data.funder,
            data.reference,
            *(subject.label for subject in data.counterparts),
        )
    ).casefold()
    return all(word in text for word in wanted.words.casefold().split())


def _order(entry: RegisterEntry) -> tuple[str, str, str]:
    data = entry.engagement.data
    return (_day(entry.review) or "9999", _day(data.ends) or "9999", data.title.casefold())


def _funder(name: str, group: Sequence[RegisterEntry], today: date) -> FunderLine:
    totals: dict[str, int] = {}
    for entry in group:
        if amount := entry.engagement.data.amount:
            totals[amount.currency] = totals.get(amount.currency, 0) + amount.minor
    return FunderLine(
        name=name,
        engagements=tuple(entry.engagement for entry in group),
        sums=totals,
        running=sum(not entry.engagement.status.over for entry in group),
        due=sum(entry.is_due(today) for entry in group),
    )


def _decision(entry: RegisterEntry, vocabulary: Vocabulary) -> str:
    if entry.decision is None:
        return ""
    term = vocabulary.decisions.get(entry.decision)
    return term.label if term else entry.decision


def _day(value: date | None) -> str:
    return "" if value is None else value.isoformat()
