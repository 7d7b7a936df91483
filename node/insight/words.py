"""One exact sentence for a signal: what a number means, in words that say no more than it does."""

from collections.abc import Mapping
from typing import Final

from protocol.decay import PPM
from protocol.signals import Confidence, LikelihoodWord, Reason, Signal

_LIKELIHOOD: Final[Mapping[LikelihoodWord, str]] = {
    "almost-no-chance": "Almost no chance (below 5 %)",
    "very-unlikely": "Very unlikely (5 to 20 %)",
    "unlikely": "Unlikely (20 to 45 %)",
    "roughly-even": "Roughly even (45 to 55 %)",
    "likely": "Likely (55 to 80 %)",
    "very-likely": "Very likely (80 to 95 %)",
    "almost-certain": "Almost certain (above 95 %)",
}
_CONFIDENCE: Final[Mapping[Confidence, str]] = {"low": "low", "moderate": "moderate", "high": "high"}
_REASONS: Final[Mapping[Reason, str]] = {
    "no-basis": "the source or the information cannot be judged, or is unreliable",
    "tier-0": "it is second-hand or anonymous",
    "trust-0": "this node gives its author no weight",
    "decayed": "it is too old",
    "needs-second-root": "press and reports of others count only beside a second, independent root",
    "improbable": "its author calls the information improbable",
}


def words(signal: Signal) -> str:
    """The signal in one sentence; it names no subject and no contributor."""
    if signal.likelihood == "unknown":
        return _without_weight(signal)
    who = _plural(signal.contributors, "contributor")
    roots = _plural(signal.roots, "independent root")
    return (
        f"{_LIKELIHOOD[signal.likelihood]}, with {_CONFIDENCE[signal.confidence]} confidence "
        f"(uncertainty {percent(signal.uncertainty_ppm)} %): {who} on {roots}, {_period(signal)}; {_conflict(signal)}."
    )


def percent(ppm: int) -> int:
    """Millionths as whole per cent, half rounded up: for reading, never for comparing."""
    return (ppm * 100 + PPM // 2) // PPM


def _without_weight(signal: Signal) -> str:
    if not signal.contributions:
        return "Unknown: nothing that is said of this counts today."
    reasons = sorted({_REASONS[each.reason] for each in signal.contributions if each.reason is not None})
    said = _plural(len(signal.contributions), "statement")
    verb = "carries" if len(signal.contributions) == 1 else "carry"
    return f"Unknown: {said} {verb} no weight, because {'; '.join(reasons)}."


def _period(signal: Signal) -> str:
    if signal.oldest == signal.newest:
        return f"evidence until {signal.newest}"
    return f"evidence from {signal.oldest} to {signal.newest}"


def _conflict(signal: Signal) -> str:
    supporting = sum(1 for each in signal.contributions if each.mass and each.counts_as == "supports")
    contesting = signal.contributors - supporting
    if not contesting:
        return "nobody contests it"
    if not supporting:
        return "all contest it"
    return f"{supporting} support and {contesting} contest it (conflict {percent(signal.conflict_ppm)} %)"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
