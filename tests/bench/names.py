"""Name resolution on the development data, beside the exact normalised name: how right, how fast, how large.

``python -m tests.bench.names [--registry FILE …] [--names DIR]`` prints one JSON object. It measures the committed
weights, which were made from the same data: `tests.bench.names_train` prints what held-out folds say. With
``--wrong`` it prints the false links too.

Precision, recall and F1 count each link and each meant organisation once. Seconds are those of the processor, on one
core: others may use the machine. `first` and `first five` are over texts in which somebody is meant; the list is that
of the suggestions, links included.
"""

import argparse
import csv
import re
import resource
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Final

import msgspec

from node.domain.subjects import Organisation, normalise
from node.subjects.matching.files import read_registry
from node.subjects.matching.index import Index, Source, gather
from node.subjects.matching.places import load as load_places
from node.subjects.matching.resolve import Matcher, Mode, matcher, matches
from node.subjects.matching.store import read, write
from protocol.identifiers import SubjectId
from tests.bench.names_data import CROSSREF, NAMES, REGISTRY, S2AFF, SETS, Labelled, read_set
from tests.bench.names_score import score_links, score_rank
from tests.support import ROOT, SHARED_DATA

_MODES: Final[tuple[Mode, ...]] = ("safe", "balanced")
_COUNTRIES: Final = SHARED_DATA / "vocab" / "country-codes.csv"
_SCRIPT: Final = re.compile(r"^[A-Z]+")
_OWN_COMMAND: Final = "tests.bench.names"


@dataclass(frozen=True, slots=True)
class Link:
    """One link that was made."""

    text: str
    subject: SubjectId
    right: bool


class Exact:
    """The baseline: a text is linked when, as a whole, it is the full name of exactly one organisation."""

    def __init__(self, source: Source) -> None:
        self._bearers: dict[str, set[int]] = defaultdict(set)
        self._ids = source.ids
        for name, owner in enumerate(source.name_owner):
            self._bearers[normalise(source.name_text[name])].add(owner)

    def link(self, text: str) -> list[SubjectId]:
        """Nobody, or one."""
        bearers = self._bearers.get(normalise(text), set())
        return [SubjectId(self._ids[each]) for each in bearers] if len(bearers) == 1 else []


def rates(having: Matcher, exact: Exact, name: str, texts: Sequence[Labelled]) -> tuple[dict[str, float], list[Link]]:
    """The figures of one set in both modes, and the safe links of it."""
    figures: dict[str, float] = {}
    safe: list[Link] = []
    for mode in _MODES:
        found = [matches(having, each.text, mode) for each in texts]
        made = [
            (len(each.meant), [link.subject in each.meant for link in match.links])
            for each, match in zip(texts, found, strict=True)
        ]
        score = score_links(made)
        figures |= {
            f"{name}_{mode}_precision": round(score.precision, 4),
            f"{name}_{mode}_recall": round(score.recall, 4),
            f"{name}_{mode}_F1": round(score.f1, 4),
            f"{name}_{mode}_exact_set": round(score.exact / score.texts, 4),
        }
        if mode == "safe":
            ranked = score_rank(
                (len(each.meant), [one.subject in each.meant for one in match.suggestions])
                for each, match in zip(texts, found, strict=True)
            )
            figures[f"{name}_first"] = round(ranked.first / ranked.texts, 4)
            figures[f"{name}_first_five"] = round(ranked.five / ranked.texts, 4)
            safe = [
                Link(each.text, link.subject, link.subject in each.meant)
                for each, match in zip(texts, found, strict=True)
                for link in match.links
            ]
    plain = score_links((len(each.meant), [link in each.meant for link in exact.link(each.text)]) for each in texts)
    figures[f"{name}_exact_name_precision"] = round(plain.precision, 4)
    figures[f"{name}_exact_name_recall"] = round(plain.recall, 4)
    return figures, safe


def misses(having: Matcher, organisations: Sequence[Organisation], texts: Sequence[Labelled]) -> dict[str, float]:
    """Why the first suggestion for a text of S2AFF is none of those meant, by what the registry says of the two.

    S2AFF counts a text as right when the first candidate is any of its labels, and leaves out texts without a label.
    """
    ties: dict[tuple[SubjectId, SubjectId], str] = {
        (each.id, tie.subject): tie.relation for each in organisations for tie in each.relations
    }
    names = {each.id: {normalise(name.value) for name in each.names} for each in organisations}
    kinds: Counter[str] = Counter()
    for each in texts:
        found = [one.subject for one in matches(having, each.text).suggestions]
        if not each.meant or (found and found[0] in each.meant):
            continue
        relations = {ties[found[0], one] for one in each.meant if found and (found[0], one) in ties}
        if not found or not each.meant & set(found):
            kinds["none_meant_suggested"] += not relations
        kinds["same_in_another_age"] += bool(relations & {"predecessor", "successor"})
        kinds["part_or_whole"] += bool(relations & {"parent", "child"})
        kinds["otherwise_related"] += relations == {"related"}
        if found and not relations and each.meant & set(found):
            alike = any(names[found[0]] & names.get(one, set()) for one in each.meant)
            kinds["namesake" if alike else "wrong_order"] += 1
    return {f"s2aff_not_first_{kind}": count for kind, count in sorted(kinds.items())}


def fairness(index: Index, links: Sequence[Link]) -> dict[str, float]:
    """False links by the script of the text and the region of the organisation, with how many links there were."""
    region = _regions()
    country = dict(zip(index.source.ids, index.source.countries, strict=True))
    made: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for link in links:
        for group in (f"script_{_script(link.text)}", f"region_{region.get(country[link.subject], 'unknown')}"):
            made[group] += 1
            wrong[group] += not link.right
    figures: dict[str, float] = {}
    for group in sorted(made):
        figures[f"safe_links_{group}"] = made[group]
        figures[f"safe_links_{group}_false"] = wrong[group]
    return figures


def _script(text: str) -> str:
    counts = Counter(_SCRIPT.findall(unicodedata.name(letter, "?"))[0] for letter in text if letter.isalpha())
    other = {script: count for script, count in counts.items() if script != "LATIN"}
    return (max(other, key=lambda script: other[script]) if sum(other.values()) > len(text) / 4 else "LATIN").title()


def _regions() -> Mapping[str, str]:
    if not _COUNTRIES.exists():
        return {}
    with _COUNTRIES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {row["ISO3166-1-Alpha-2"]: row["Sub-region Name"].replace(" ", "_") or "other" for row in rows}


def from_disk(path: Path, names: Path) -> dict[str, float]:
    """What a node pays: the index read from its file, then the texts matched, in a process that did nothing else."""
    began = process_time()
    source = read(path)
    if source is None:
        sys.exit("the index could not be read back")
    having = matcher(Index(source))
    ready = process_time() - began
    texts = [each.text for name in SETS for each in read_set(names, name)]
    crossref = [each.text for each in read_set(names, CROSSREF)]
    rate = _rate(lambda: [matches(having, text) for text in crossref], len(crossref))
    every = _rate(lambda: [matches(having, text) for text in texts], len(texts))
    return {
        "index_from_disk_seconds": round(ready, 1),
        "index_resident_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024),
        "crossref_texts_per_second": round(rate),
        "all_texts_per_second": round(every),
    }


def _rate(work: Callable[[], object], count: int) -> float:
    began = process_time()
    work()
    return count / (process_time() - began)


def _link_all(exact: Exact, texts: Sequence[str]) -> None:
    for text in texts:
        exact.link(text)


def measure(registries: Sequence[Path], names: Path, *, wrong: bool) -> dict[str, float]:
    """Everything; ``wrong`` also lists false links on standard error."""
    began = process_time()
    organisations = list(read_registry(registries))
    read_seconds = process_time() - began
    began = process_time()
    source = gather(organisations, load_places().names)
    having = matcher(Index(source))
    built = process_time() - began
    began = process_time()
    exact = Exact(source)
    plain = process_time() - began
    figures: dict[str, float] = {
        "organisations": len(having.index),
        "registry_read_seconds": round(read_seconds, 1),
        "index_built_seconds": round(built, 1),
        "exact_name_index_seconds": round(plain, 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.bin"
        write(path, source)
        figures["index_file_megabytes"] = round(path.stat().st_size / 1e6)
        command = [sys.executable, "-m", _OWN_COMMAND, "--from-disk", str(path), "--names", str(names)]
        child = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
        figures |= msgspec.json.decode(child.stdout, type=dict[str, float])
    links: list[Link] = []
    for name in SETS:
        texts = read_set(names, name)
        found, safe = rates(having, exact, name, texts)
        figures |= found
        links += safe if name == CROSSREF else []
        if name == S2AFF:
            figures |= misses(having, organisations, texts)
        if name == CROSSREF:
            plain_texts = [each.text for each in texts]
            rate = _rate(partial(_link_all, exact, plain_texts), len(texts))
            figures["exact_name_texts_per_second"] = round(rate)
    figures |= fairness(having.index, links)
    if wrong:
        label = dict(zip(having.index.source.ids, having.index.source.labels, strict=True))
        for link in links:
            if not link.right:
                sys.stderr.write(f"{label[link.subject]} <- {link.text[:200]!r}\n")
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, action="append", help="registry files; by default the shared one")
    parser.add_argument("--names", type=Path, default=NAMES, help="the folder with the labelled texts")
    parser.add_argument("--wrong", action="store_true", help="print the false links in safe mode")
    parser.add_argument("--from-disk", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    registries = options.registry or [REGISTRY]
    if not options.names.is_dir() or not all(each.is_file() for each in registries):
        sys.exit("The full registry or the labelled names are not there; give --registry and --names.")
    if options.from_disk:
        figures = from_disk(options.from_disk, options.names)
    else:
        figures = measure(registries, options.names, wrong=options.wrong)
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main()
