"""What publication metadata tells of an organisation on a topic: with whom it publishes, and who pays.

Reads OpenAlex works, one JSON object a line, plain or gzip. Only what is named in the types below is decoded: authors,
their identifiers, the raw lines in which they give their affiliation, titles and abstracts are passed over while a
line is read and never become values. What is kept are counts by organisation, evidence to look at and no finding.

Co-affiliation is told in two ways. *Joint*: works on which both are named. *Shared*: works on which one author gave
both; a count of works, and who the author is was never read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from node.domain.lists import MAX_LISTED_NAME_CHARACTERS, MAX_TOPIC_CHARACTERS, PublicationReport, PublicationTie
from node.domain.subjects import SkippedRecord, normalise, parse_identifier
from node.errors import Code, HanseError
from node.storage import lists as storage
from node.storage.database import Transaction
from node.subjects.source import open_source
from protocol.identifiers import SubjectId

YEARS: Final = 5
"""Years that are looked at, the one asked for included: what is older says little of a partner today."""
MAX_PARTNERS: Final = 500
"""Organisations kept of each kind: those with the most works. A large university publishes with thousands."""
MAX_INSTITUTIONS: Final = 2_000
"""Institutions of one work; the largest collaborations name some hundreds."""


class _Institution(msgspec.Struct):
    """An organisation that a work names."""

    display_name: str | None = None
    ror: str | None = None


class _Authorship(msgspec.Struct):
    """One author's affiliations. There is no member for the author."""

    institutions: list[_Institution] = []


class _Topic(msgspec.Struct):
    """A topic and the wider fields that it is part of."""

    display_name: str | None = None
    subfield: "_Topic | None" = None
    field: "_Topic | None" = None
    domain: "_Topic | None" = None


class _Funder(msgspec.Struct):
    """Who paid for a work; older files say it with ``funder_display_name``."""

    display_name: str | None = None
    funder_display_name: str | None = None
    ror: str | None = None


class _Work(msgspec.Struct):
    """All that is looked at of a work."""

    publication_year: int | None = None
    authorships: list[_Authorship] = []
    topics: list[_Topic] = []
    primary_topic: _Topic | None = None
    funders: list[_Funder] | None = None
    grants: list[_Funder] | None = None


_DECODER: Final = msgspec.json.Decoder(_Work)
_Name = tuple[SubjectId | None, str]


@dataclass(slots=True)
class _Seen:
    """Works and years by organisation, of one kind."""

    works: Counter[_Name] = field(default_factory=Counter)
    first: dict[_Name, int] = field(default_factory=dict)
    last: dict[_Name, int] = field(default_factory=dict)

    def add(self, names: Iterable[_Name], year: int) -> None:
        """One work that names these."""
        for name in names:
            self.works[name] += 1
            self.first[name] = min(year, self.first.get(name, year))
            self.last[name] = max(year, self.last.get(name, year))


def import_publications(
    tx: Transaction, source: Path, subject: SubjectId, topic: str, *, last_year: int
) -> PublicationReport:
    """Count, over the five years that end with ``last_year``, the works of one organisation on one topic.

    ``topic`` is compared with the names of topics and of the fields above them, without case and accents; empty takes
    every work. Takes the place of what an earlier import told of this organisation and topic.
    """
    if len(topic) > MAX_TOPIC_CHARACTERS:
        raise HanseError(Code.INVALID, f"a topic has at most {MAX_TOPIC_CHARACTERS} characters.")
    first_year = last_year - YEARS + 1
    seen = {"joint": _Seen(), "shared": _Seen(), "funder": _Seen()}
    read = used = refused = 0
    for work in _works(source):
        read += 1
        if work is None:
            refused += 1
        elif _counts(work, subject, normalise(topic), range(first_year, last_year + 1)):
            used += 1
            year = work.publication_year or last_year
            seen["joint"].add(_all(work) - _own(subject, _all(work)), year)
            seen["shared"].add(_shared(work, subject), year)
            seen["funder"].add(_funders(work), year)
    label = topic.strip()
    ties = [tie for kind in ("joint", "shared", "funder") for tie in _ties(kind, label, seen[kind])]
    storage.replace_publications(tx, subject, label, ties)
    return PublicationReport(
        read=read,
        used=used,
        refused=refused,
        partners=len(seen["joint"].works),
        funders=len(seen["funder"].works),
        first_year=first_year,
        last_year=last_year,
    )


def _works(source: Path) -> Iterator[_Work | None]:
    """Every line as a work; None where it is none. What is wrong with it is not said: it could quote a name."""
    with open_source(source) as opened:
        for record in opened.records():
            if isinstance(record, SkippedRecord):
                yield None
                continue
            try:
                yield _DECODER.decode(record.text)
            except msgspec.DecodeError:
                yield None


def _counts(work: _Work, subject: SubjectId, topic: str, years: range) -> bool:
    if work.publication_year not in years or not _own(subject, _all(work)):
        return False
    return not topic or topic in _topics(work)


def _topics(work: _Work) -> set[str]:
    found = set()
    for each in [*work.topics, *([work.primary_topic] if work.primary_topic else [])]:
        for level in (each, each.subfield, each.field, each.domain):
            if level is not None and level.display_name:
                found.add(normalise(level.display_name))
    return found


def _all(work: _Work) -> set[_Name]:
    return {name for authorship in work.authorships for name in _names(authorship)}


def _names(authorship: _Authorship) -> set[_Name]:
    return {
        name
        for institution in authorship.institutions[:MAX_INSTITUTIONS]
        if (name := _name(institution.ror, institution.display_name))
    }


def _shared(work: _Work, subject: SubjectId) -> set[_Name]:
    found: set[_Name] = set()
    for authorship in work.authorships:
        names = _names(authorship)
        if own := _own(subject, names):
            found |= names - own
    return found


def _funders(work: _Work) -> set[_Name]:
    said = [*(work.funders or []), *(work.grants or [])]
    return {name for each in said if (name := _name(each.ror, each.display_name or each.funder_display_name))}


def _own(subject: SubjectId, names: Iterable[_Name]) -> set[_Name]:
    return {name for name in names if name[0] == subject}


def _name(ror: str | None, label: str | None) -> _Name | None:
    text = " ".join((label or "").replace("\x00", "").split())[:MAX_LISTED_NAME_CHARACTERS]
    subject = parse_identifier(ror) if ror else None
    return (subject, text) if text else None


def _ties(kind: str, topic: str, seen: _Seen) -> list[PublicationTie]:
    """Those with the most works; one organisation under two spellings of its name counts under the one used more."""
    by_name: dict[str, PublicationTie] = {}
    for (other, label), works in sorted(seen.works.items(), key=lambda item: (-item[1], item[0][1]))[:MAX_PARTNERS]:
        name = (other, label)
        tie = PublicationTie(
            kind="joint" if kind == "joint" else "shared" if kind == "shared" else "funder",
            topic=topic,
            other=other,
            name=label,
            works=works,
            first_year=seen.first[name],
            last_year=seen.last[name],
        )
        by_name.setdefault(label, tie)
    return list(by_name.values())
