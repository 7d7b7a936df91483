"""Signals and grades in the few words that fit beside a number; ``node.insight.words`` has the whole sentence."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

from node.domain.insight import Observation, SignalView
from node.web.formats import day
from node.web.translation import say
from protocol.decay import PPM
from protocol.projection import State
from protocol.signals import Contribution, LikelihoodWord, Reason, Signal
from protocol.statements import Stance
from protocol.vocabulary import Vocabulary

_LIKELIHOODS: Final[Mapping[LikelihoodWord, str]] = {
    "almost-no-chance": "Almost no chance",
    "very-unlikely": "Very unlikely",
    "unlikely": "Unlikely",
    "roughly-even": "Roughly even",
    "likely": "Likely",
    "very-likely": "Very likely",
    "almost-certain": "Almost certain",
}
_RANGES: Final[Mapping[LikelihoodWord, str]] = {
    "almost-no-chance": "below 5 %",
    "very-unlikely": "5 to 20 %",
    "unlikely": "20 to 45 %",
    "roughly-even": "45 to 55 %",
    "likely": "55 to 80 %",
    "very-likely": "80 to 95 %",
    "almost-certain": "above 95 %",
}
_REASONS: Final[Mapping[Reason, str]] = {
    "no-basis": "no weight: the source or the information cannot be judged, or is unreliable",
    "tier-0": "no weight: second-hand or anonymous evidence never raises a reading",
    "trust-0": "no weight: this node gives its author none",
    "decayed": "no weight left: too old",
    "negligible": "less than a millionth of a unit was left",
    "needs-second-root": "no weight yet: press and reports of others count only beside a second source",
    "improbable": "counts against, because its author calls the information improbable",
}
_STANCES: Final[Mapping[Stance, str]] = {
    "corroborates": "corroborates",
    "disputes": "disputes",
    "adds-context": "adds context",
}
_STATES: Final[Mapping[State, str]] = {
    "live": "",
    "corrected": "corrected",
    "retracted": "retracted",
    "expired": "expired",
    "void": "void",
}
_LITTLE: Final = PPM // 4
_SOME: Final = 3 * PPM // 5
"""Conflict below a quarter is little, below three fifths some: words for reading, not for a rule."""


def likelihood(signal: Signal) -> str:
    """The word of the ICD 203 scale."""
    return say("Unknown") if signal.likelihood == "unknown" else say(_LIKELIHOODS[signal.likelihood])


def likelihood_range(signal: Signal) -> str:
    """What the word means in hundredths; empty for unknown."""
    return "" if signal.likelihood == "unknown" else say(_RANGES[signal.likelihood])


def conflict(signal: Signal) -> str:
    """How evenly the evidence is split."""
    if not signal.supporting_mass and not signal.contesting_mass:
        return ""
    if not signal.contesting_mass:
        return say("nobody contests it")
    if not signal.supporting_mass:
        return say("all contest it")
    if signal.conflict_ppm < _LITTLE:
        return say("little conflict")
    return say("some conflict") if signal.conflict_ppm < _SOME else say("marked conflict")


def strength(signal: Signal, vocabulary: Vocabulary) -> str:
    """How much was observed, from the least to the most."""
    if signal.strength is None:
        return ""
    least, most = (say(vocabulary.strengths[value]).lower() for value in signal.strength)
    said = say("strength: %(least)s") if least == most else say("strength: %(least)s to %(most)s")
    return said % {"least": least, "most": most}


def largest_share(signal: Signal) -> str:
    """How much of the counted evidence one contributor gives."""
    return f"the largest contributor gives {percent(signal.largest_share_ppm)} of 100" if signal.contributors else ""


def reason(contribution: Contribution) -> str:
    """Why nothing, or the opposite, was counted."""
    return "" if contribution.reason is None else _REASONS[contribution.reason]


def stance(value: Stance) -> str:
    """What a response does."""
    return say(_STANCES[value])


def state(value: State) -> str:
    """What has become of a statement; empty while it is live."""
    return say(_STATES[value])


def period(start: date, end: date) -> str:
    """The days of an observation."""
    return day(start) if start == end else say("%(first)s to %(last)s") % {"first": day(start), "last": day(end)}


def grade(observation: Observation) -> str:
    """``B2``: the Admiralty grade."""
    return f"{observation.reliability}{observation.credibility}"


def evidence(observation: Observation, vocabulary: Vocabulary) -> str:
    """The kinds of evidence by their labels; a code that is not in our vocabulary stays a code."""
    known = vocabulary.evidence_sources
    return "; ".join(say(known[kind].label) if kind in known else kind for kind in observation.evidence_kinds)


def statements_behind(view: SignalView) -> int:
    """Findings and the responses to them."""
    return len(view.findings) + sum(len(finding.responses) for finding in view.findings)


def percent(ppm: int) -> int:
    """Millionths as whole hundredths, half rounded up."""
    return (ppm * 100 + PPM // 2) // PPM


def moved(ppm: int) -> str:
    """A change of the expected probability, in hundredths."""
    if abs(ppm) < PPM // 200:
        return "unmoved"
    return f"{'up' if ppm > 0 else 'down'} {percent(abs(ppm))}"


def word(value: LikelihoodWord | Literal["unknown"]) -> str:
    """One word of the scale, inside a sentence."""
    return value.replace("-", " ")


def units(micro: int) -> str:
    """A mass of evidence in units, with three decimals."""
    return f"{micro // PPM}.{micro % PPM // 1_000:03}"
