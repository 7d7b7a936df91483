"""The product's fusion on judgements with known truth: ``python -m tests.bench.signals --answers A.csv --truth T.csv``.

Files have columns task, worker, label and task, label, with or without a head. Without files the public sets of the
shared data are read; ``--write`` puts their figures and the reliability plot into ``docs/signals.md``. What is measured
stands in :mod:`tests.bench.crowd_trials`, how a task becomes claims in :mod:`tests.bench.crowd_fusion`.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.bench import crowd_plot, crowd_trials
from tests.bench.crowd_data import Crowd, load
from tests.bench.crowd_fusion import CREDIBILITY, RELIABILITY, K, Score, in_full, majority, scored
from tests.bench.crowd_trials import COPIES, GOLD, SHARES, Baseline, More
from tests.support import ROOT, SHARED_DATA

DOCUMENT: Final = ROOT / "docs" / "signals.md"
PLOT: Final = ROOT / "docs" / "signals.svg"
PUBLIC: Final = {"RTE": "snow_rte", "TEMP": "snow_temp"}
_BEGIN: Final = "<!-- figures -->\n"
_END: Final = "<!-- end of figures -->\n"
_DRAWS: Final = 10
_MANY_ANSWERS: Final = 40_000
"""From here on three draws of gold tasks, so that a set takes minutes and not an hour."""
_BREAK: Final = 0.01
"""Accuracy lost at which liars count as noticed."""
_WORDS: Final = {
    "almost-no-chance": "below 5",
    "very-unlikely": "5 to 20",
    "unlikely": "20 to 45",
    "roughly-even": "45 to 55",
    "likely": "55 to 80",
    "very-likely": "80 to 95",
    "almost-certain": "above 95",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; with ``--write`` into the document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--answers", type=Path, help="a file of task, worker, label")
    parser.add_argument("--truth", type=Path, help="a file of task, label")
    parser.add_argument("--name", default="", help="what to call the set")
    parser.add_argument("--draws", type=int, default=0, help="draws of the 20 gold tasks (10; 3 for large sets)")
    parser.add_argument("--plot", type=Path, help="where to write the reliability plot of this set")
    parser.add_argument("--write", action="store_true", help="write the figures of the public sets into the document")
    given = parser.parse_args(arguments)
    if (given.answers is None) != (given.truth is None):
        parser.error("--answers and --truth go together")
    if given.answers is not None:
        text, lines = report(given.name or given.answers.stem, load(given.answers, given.truth), given.draws)
        sys.stdout.write(text)
        if given.plot is not None:
            given.plot.write_text(crowd_plot.plot(lines), "utf-8")
        return
    parts, lines = [], []
    for name, stem in PUBLIC.items():
        folder = SHARED_DATA / "crowd"
        text, more = report(name, load(folder / f"{stem}_answer.csv", folder / f"{stem}_truth.csv"), given.draws)
        sys.stdout.write(text)
        parts.append(text)
        lines += more
    if given.write:
        head, _, rest = DOCUMENT.read_text("utf-8").partition(_BEGIN)
        DOCUMENT.write_text(head + _BEGIN + "\n".join(parts) + _END + rest.partition(_END)[2], "utf-8")
        PLOT.write_text(crowd_plot.plot(lines), "utf-8")


def report(name: str, crowd: Crowd, draws: int = 0) -> tuple[str, list[crowd_plot.Line]]:
    """Every table of one set, and its lines in the plot."""
    answers = sum(len(given) for given in crowd.votes.values())
    draws = draws or (3 if answers > _MANY_ANSWERS else _DRAWS)
    baseline, equal, share = Baseline(crowd), scored(crowd, crowd.truth), majority(crowd, crowd.truth)
    gold = scored(crowd, crowd.truth, crowd_trials.learnt_trust(crowd, crowd_trials.gold_tasks(crowd, 0), 0.0))
    about = (
        f"{len(crowd.truth):,} tasks with known truth, {len(crowd.classes)} classes, {len(crowd.workers):,} workers,"
        f" {answers / len(crowd.votes):.1f} answers to a task; {RELIABILITY}{CREDIBILITY}, k = {K}; ties shared."
    )
    lines = [
        f"### {name}",
        "",
        about,
        *(f"{note}." for note in crowd.notes),
        "",
        *_quality(crowd, baseline, equal, share, draws),
        *_copies(crowd),
        *_liars(crowd, equal),
        *_left_out(crowd),
        *_calibration(equal, gold),
    ]
    plotted = [crowd_plot.line(f"{name}, equal trust", equal), crowd_plot.line(f"{name}, learnt trust", gold)]
    return "\n".join([*lines, ""]), plotted


def _quality(crowd: Crowd, baseline: Baseline, equal: Score, share: Score, draws: int) -> Iterator[str]:
    learnt = crowd_trials.learnt(crowd, baseline, draws)
    yield "| decided by | accuracy | Brier |"
    yield "| --- | ---: | ---: |"
    yield f"| majority vote; share of votes | {share.accuracy:.4f} | {share.mean_brier:.4f} |"
    yield f"| **signal, equal trust** | {equal.accuracy:.4f} | {equal.mean_brier:.4f} |"
    yield f"| Dawid and Skene (crowd-kit) | {baseline.accuracy(crowd.truth):.4f} | {baseline.brier(crowd):.4f} |"
    yield ""
    yield f"Over the tasks outside {GOLD} gold ones, mean of {draws} draws:"
    yield ""
    yield "| decided by | accuracy | Brier |"
    yield "| --- | ---: | ---: |"
    yield f"| majority vote | {learnt.majority:.4f} | |"
    yield f"| signal, equal trust | {learnt.equal:.4f} | |"
    yield f"| **signal, trust learnt from the gold tasks** | {learnt.gold:.4f} | {learnt.gold_brier:.4f} |"
    yield f"| **signal, learnt from the open ones too, at 0.3** | {learnt.open:.4f} | {learnt.open_brier:.4f} |"
    yield f"| Dawid and Skene, which has seen all answers | {learnt.dawid_skene:.4f} | |"
    yield ""


def _copies(crowd: Crowd) -> Iterator[str]:
    worst = crowd_trials.worst_worker(crowd)
    yield f"| copies that share one source | {' | '.join(str(number) for number in COPIES)} |"
    yield f"| --- |{' ---: |' * len(COPIES)}"
    bad: tuple[tuple[str, Callable[[int], More]], ...] = (
        (f"of the worst worker ({worst}), who is there already", lambda n: crowd_trials.copies_of(crowd, worst, n)),
        ("of a liar, who is not", lambda n: crowd_trials.liar_with_copies(crowd, n)),
    )
    for what, more in bad:
        signal = [scored(crowd, crowd.truth, in_full, more(number)).accuracy for number in COPIES]
        vote = [majority(crowd, crowd.truth, more(number)).accuracy for number in COPIES]
        yield f"| signal, copies {what} | {_row(signal)} |"
        yield f"| majority vote | {_row(vote)} |"
    yield ""


def _liars(crowd: Crowd, equal: Score) -> Iterator[str]:
    yield f"| coordinated liars' share of all opinions | 0 | {' | '.join(f'{share:.0%}' for share in SHARES)} |"
    yield f"| --- | ---: |{' ---: |' * len(SHARES)}"
    lies = [crowd_trials.coordinated(crowd, share) for share in SHARES]
    admitted = [scored(crowd, crowd.truth, in_full, lie).accuracy for lie in lies]
    voices = [scored(crowd, crowd.truth, in_full, crowd_trials.one_voice(lie)).accuracy for lie in lies]
    vote = [majority(crowd, crowd.truth, lie).accuracy for lie in lies]
    yield f"| signal, none of them admitted | {_row([equal.accuracy] * (len(SHARES) + 1))} |"
    yield f"| signal, all keys of one admitted institution | {_row([equal.accuracy, *voices])} |"
    yield f"| signal, each admitted as a member of its own | {_row([equal.accuracy, *admitted])} |"
    for what, patient in (("", False), (", liars truthful on gold tasks", True)):
        learnt = [crowd_trials.liars_with_learnt_trust(crowd, share, 0, patient=patient).accuracy for share in SHARES]
        without = crowd_trials.liars_with_learnt_trust(crowd, 0, 0, patient=patient).accuracy
        yield f"| the same, trust learnt from {GOLD} gold tasks{what} | {_row([without, *learnt])} |"
    yield f"| majority vote | {_row([majority(crowd, crowd.truth).accuracy, *vote])} |"
    yield ""
    noticed = [share for share, value in zip(SHARES, admitted, strict=True) if value < equal.accuracy - _BREAK]
    lost = [share for share, value in zip(SHARES, admitted, strict=True) if value < 1 / 2]
    yield (
        f"Break point without the admission rule and with equal trust: a point of accuracy is lost at "
        f"{f'{noticed[0]:.0%}' if noticed else 'none of these shares'}, more than half of all tasks at "
        f"{f'{lost[0]:.0%}' if lost else 'none of them'}."
    )
    yield ""


def _left_out(crowd: Crowd) -> Iterator[str]:
    found = crowd_trials.leave_one_out(crowd, crowd.truth)
    several = max(1, found.tasks)
    yield (
        f"One contributor less, on the {found.tasks:,} tasks where at least three agree: the side changes on"
        f" {found.side / several:.1%} of them at most, the word by more than one step on {found.words / several:.1%},"
        f" by one step on {(found.word - found.words) / several:.1%}. Of the {found.unanimous:,} among them that nobody"
        f" contests, the word changes on {found.unanimous_word:,}."
    )
    yield ""


def _calibration(equal: Score, gold: Score) -> Iterator[str]:
    yield "| what reads | in hundredths | claims | expected | was so | with learnt trust: claims | expected | was so |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for word, bounds in _WORDS.items():
        cells = " | ".join(_bin(score.bins.get(word, (0.0, 0.0, 0.0))) for score in (equal, gold))
        yield f"| {word.replace('-', ' ')} | {bounds} | {cells} |"


def _bin(values: Sequence[float]) -> str:
    claims, expected, so = values
    if not claims:
        return "0 | | "
    return f"{int(claims):,} | {100 * expected / claims:.0f} | {100 * so / claims:.0f}"


def _row(values: Sequence[float]) -> str:
    return " | ".join(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main()
