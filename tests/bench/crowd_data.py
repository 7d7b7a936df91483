"""Judgements of many people with known truth, from whatever file they come in."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TASKS: Final = ("task", "question", "item", "example", "instance", "id")
_WORKERS: Final = ("worker", "annotator", "user", "performer", "source", "rater")
_LABELS: Final = ("label", "answer", "response", "truth", "gt", "gold", "class", "judgement", "value", "result")
_DELIMITERS: Final = "\t;|,"
"""Those that stand in fewer texts first."""
_TELLING: Final = 4
"""Characters of a name that is looked for inside a longer one."""
_MAX_CHARACTERS: Final = 1_000_000
"""Of one field: some sets hold whole documents as tasks."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Votes by task and worker, and the truth of some of the tasks."""

    votes: Mapping[str, Mapping[str, str]]
    truth: Mapping[str, str]
    """Of tasks that somebody has judged."""
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    """What was left out in reading."""

    @property
    def workers(self) -> Sequence[str]:
        """Everybody who has judged, in order."""
        return sorted({worker for given in self.votes.values() for worker in given})


def load(answers: Path, truth: Path) -> Crowd:
    """Read both files, with or without a head, in any order of columns that the head names.

    A worker's later judgement of a task replaces the earlier one, as a contributor's later finding does. Empty fields
    are left out, and so is the truth of tasks that nobody judged; both are counted. Labels that are all whole numbers
    are compared as numbers, so that ``1.0`` is ``1``.
    """
    given, empty = _read(answers, (_TASKS, _WORKERS, _LABELS))
    known, unknown = _read(truth, (_TASKS, _LABELS))
    numbers = all(_is_whole(row[-1]) for row in (*given, *known))
    votes: dict[str, dict[str, str]] = {}
    for task, worker, label in given:
        votes.setdefault(task, {})[worker] = _plain(label, numbers=numbers)
    labels = {task: _plain(label, numbers=numbers) for task, label in known}
    true = {task: label for task, label in labels.items() if task in votes}
    replaced = len(given) - sum(len(each) for each in votes.values())
    notes = (
        (empty, "rows of answers with an empty field"),
        (replaced, "answers that their worker gave again later"),
        (unknown, "rows of the truth with an empty field"),
        (len(labels) - len(true), "true labels of tasks that nobody judged"),
        (len(votes) - len(true), "tasks without a true label, which are judged but not scored"),
    )
    classes = {label for each in votes.values() for label in each.values()} | set(true.values())
    return Crowd(votes, true, tuple(sorted(classes)), tuple(f"{number:,} {what}" for number, what in notes if number))


def _read(path: Path, columns: Sequence[Sequence[str]]) -> tuple[list[tuple[str, ...]], int]:
    """Rows with one value for each column, and how many were left out because one was empty."""
    csv.field_size_limit(_MAX_CHARACTERS)
    text = path.read_text(encoding="utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = [[field.strip() for field in row] for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter)]
    rows = [row for row in rows if any(row)]
    places = _places(rows[0] if rows else [], columns)
    if places is None:
        places = list(range(len(columns)))
        rows = rows[1:] if _is_head([row[: len(columns)] for row in rows]) else rows
    else:
        rows = rows[1:]
    full = [row for row in rows if len(row) > max(places) and all(row[place] for place in places)]
    return [tuple(row[place] for place in places) for row in full], len(rows) - len(full)


def _places(head: Sequence[str], columns: Sequence[Sequence[str]]) -> list[int] | None:
    """Where each column stands by the names in the head; None if this is no head."""
    names = [re.sub(r"[^a-z]", "", name.lower()) for name in head]
    places: list[int] = []
    for aliases in columns:
        exact = [at for alias in aliases for at, name in enumerate(names) if name in {alias, f"{alias}id"}]
        within = [at for alias in aliases for at, name in enumerate(names) if len(alias) >= _TELLING and alias in name]
        found = [at for at in (*exact, *within) if at not in places]
        if not found:
            return None
        places.append(found[0])
    return places


def _is_head(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names its columns in words that we do not know: its label is no row's label."""
    labels = [row[-1] for row in rows[1:]]
    return len(labels) > len(set(labels)) and rows[0][-1] not in labels


def _is_whole(label: str) -> bool:
    try:
        return float(label).is_integer()
    except ValueError:
        return False


def _plain(label: str, *, numbers: bool) -> str:
    return str(int(float(label))) if numbers else label
