"""Signals, dossiers and queries over pooled statements. Nothing here names an institution as a contributor."""

from node.insight.dossier import dossier
from node.insight.query import circle_summaries, findings, overview, statement
from node.insight.refresh import catch_up, freshen, rebuild, refresh
from node.insight.signals import listed, signals
from node.insight.words import percent, words

__all__ = [
    "catch_up",
    "circle_summaries",
    "dossier",
    "findings",
    "freshen",
    "listed",
    "overview",
    "percent",
    "rebuild",
    "refresh",
    "signals",
    "statement",
    "words",
]
