"""Signals on judgements of real people with known truth: recognising entailment, and the order of events.

The workers stand for contributors, each with one opinion of the same grade on each task they judged
(:mod:`tests.bench.crowd_fusion`). ``python -m tests.bench.signals`` measures more.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from tests.bench.crowd_data import Crowd, load
from tests.bench.crowd_fusion import K, in_full, majority, scored
from tests.bench.crowd_trials import (
    Baseline,
    More,
    coordinated,
    copies_of,
    gold_tasks,
    learnt_trust,
    leave_one_out,
    liar_with_copies,
    liars_with_learnt_trust,
    worst_worker,
)
from tests.bench.signals import main
from tests.support import shared_data

SETS = pytest.mark.parametrize(("name", "dawid_skene"), [("rte", 0.9275), ("temp", 0.9416)])
RANGES = {
    "almost-no-chance": (0, 5),
    "very-unlikely": (5, 20),
    "unlikely": (20, 45),
    "likely": (55, 80),
    "very-likely": (80, 95),
    "almost-certain": (95, 100),
}


@lru_cache
def crowd(name: str) -> Crowd:
    folder = shared_data("crowd")
    return load(folder / f"snow_{name}_answer.csv", folder / f"snow_{name}_truth.csv")


@SETS
def test_with_equal_trust_decisions_are_the_majority_s_and_probabilities_better(name: str, dawid_skene: float) -> None:
    judged = crowd(name)
    signal, vote = scored(judged, judged.truth), majority(judged, judged.truth)
    assert signal.accuracy == pytest.approx(vote.accuracy)
    assert signal.mean_brier < 0.8 * vote.mean_brier
    assert Baseline(judged).accuracy(judged.truth) == pytest.approx(dawid_skene, abs=0.001)


@SETS
def test_with_trust_learnt_from_twenty_tasks_near_dawid_skene(name: str, dawid_skene: float) -> None:
    judged = crowd(name)
    for draw in (0, 1):
        gold = gold_tasks(judged, draw)
        rest = {task: label for task, label in judged.truth.items() if task not in gold}
        learnt = scored(judged, rest, learnt_trust(judged, gold, 0.0))
        assert learnt.accuracy >= dawid_skene - 0.01
        assert learnt.mean_brier < scored(judged, rest).mean_brier


@SETS
def test_words_happen_about_as_often_as_they_say(name: str, dawid_skene: float) -> None:
    """Within three hundredths of their range; what is too timid is said in ``docs/signals.md``."""
    del dawid_skene
    judged = crowd(name)
    for word, (claims, _, so) in scored(judged, judged.truth).bins.items():
        if claims >= 40 and word in RANGES:
            low, high = RANGES[word]
            assert low - 3.1 <= 100 * so / claims <= high + 3.1, word


@SETS
def test_copies_of_a_bad_worker_weigh_like_one(name: str, dawid_skene: float) -> None:
    del dawid_skene
    judged = crowd(name)
    worst = worst_worker(judged)
    bad: tuple[Callable[[int], More], ...] = (
        lambda number: copies_of(judged, worst, number),
        lambda number: liar_with_copies(judged, number),
    )
    for more in bad:
        accuracies = [scored(judged, judged.truth, in_full, more(number)).accuracy for number in (1, 5, 20)]
        assert max(accuracies) - min(accuracies) <= 0.005
    copied = [majority(judged, judged.truth, liar_with_copies(judged, number)).accuracy for number in (1, 20)]
    assert copied[0] > 0.8
    assert copied[1] < 0.01


def test_liars_who_lie_on_settled_tasks_weigh_nothing_and_patient_ones_do() -> None:
    judged = crowd("temp")
    clean = liars_with_learnt_trust(judged, 0.0, 0, patient=False).accuracy
    assert liars_with_learnt_trust(judged, 0.3, 0, patient=False).accuracy >= clean - 0.005
    assert liars_with_learnt_trust(judged, 0.3, 0, patient=True).accuracy < clean - 0.1
    assert scored(judged, judged.truth, in_full, coordinated(judged, 0.3)).accuracy < clean - 0.1


@SETS
def test_one_contributor_less_never_moves_by_more_than_one_word(name: str, dawid_skene: float) -> None:
    del dawid_skene
    judged = crowd(name)
    found = leave_one_out(judged, judged.truth)
    assert found.tasks == len(judged.truth)
    assert found.words == found.unanimous_word == 0
    assert K == 3


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Answers and truth as other people write them."""
    answers, truth = tmp_path / "answers.csv", tmp_path / "truth.csv"
    rows = [(f"t{task}", f"w{worker}", (task + (worker == task % 5)) % 3) for task in range(12) for worker in range(5)]
    answers.write_text(
        '"Worker ID","Label","Question"\n'
        + "".join(f'"{who}","{label}.0","{task}, ""said"""\n' for task, who, label in rows)
        + '"w1","","t1"\n"w0","1.0","t0, ""said"""\n'
    )
    truth.write_text(
        "\ufeffquestion;truth\n"
        + "".join(f'"t{task}, ""said""";{task % 3}\n' for task in range(9))
        + "nobody judged this;1\n"
    )
    return answers, truth


def test_files_of_others_are_read_as_they_are(files: tuple[Path, Path], tmp_path: Path) -> None:
    judged = load(*files)
    assert (len(judged.votes), len(judged.truth), judged.classes) == (12, 9, ("0", "1", "2"))
    assert judged.votes['t0, "said"']["w0"] == "1"
    assert len(judged.notes) == 4
    bare = tmp_path / "bare.tsv", tmp_path / "bare-truth.tsv"
    bare[0].write_text("".join(f"{t}\t{w}\tclass {x}\n" for t, given in judged.votes.items() for w, x in given.items()))
    bare[1].write_text("".join(f"{task}\tclass {label}\n" for task, label in judged.truth.items()))
    again = load(*bare)
    assert (len(again.votes), len(again.truth), again.classes) == (12, 9, ("class 0", "class 1", "class 2"))


def test_the_command_prints_every_table(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "plot.svg"
    main(["--answers", str(files[0]), "--truth", str(files[1]), "--draws", "1", "--plot", str(plot)])
    told = capsys.readouterr().out
    for words in (
        "signal, equal trust",
        "Dawid and Skene",
        "copies",
        "coordinated liars",
        "One contributor less",
        "what reads",
    ):
        assert words in told
    assert plot.read_text().startswith("<svg")
