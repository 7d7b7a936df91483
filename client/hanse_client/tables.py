"""Statements and signals as flat rows, and as tables for pandas or polars, whichever is installed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from hanse_client import models

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # it has stubs in another package
    import polars as pl

Cell: TypeAlias = str | int | float | bool | object | None
Row: TypeAlias = dict[str, Cell]


def rows(items: Iterable[models.Statement | models.Signal]) -> list[Row]:
    """One flat row for each; every row has the columns of its kind, and lists stay lists."""
    return [_signal(each) if isinstance(each, models.Signal) else _statement(each) for each in items]


def to_pandas(items: Iterable[models.Statement | models.Signal]) -> "pd.DataFrame":
    """A pandas table; install ``hanse-client[pandas]``."""
    import pandas as pd  # noqa: PLC0415  # an extra: not everybody has it

    return pd.DataFrame(rows(items))


def to_polars(items: Iterable[models.Statement | models.Signal]) -> "pl.DataFrame":
    """A polars table; install ``hanse-client[polars]``."""
    import polars as pl  # noqa: PLC0415  # an extra: not everybody has it

    return pl.DataFrame(rows(items), infer_schema_length=None)


def _statement(each: models.Statement) -> Row:
    of = each.provenance
    row: Row = {
        "kind": _KINDS[type(each)],
        "seq": of.seq,
        "circle": of.circle,
        "pseudonym": of.pseudonym,
        "contributor": of.contributor,
        "id": of.id,
        "state": of.state,
        "issued": of.issued,
        "expires": of.expires,
        "received": of.received,
    }
    match each:
        case models.Finding():
            row |= {
                "subject": each.subject,
                "label": each.label,
                "indicator": each.indicator,
                "scope": each.scope,
                "strength": each.strength,
                "technology_domains": list(each.technology_domains),
                "engagement_kind": each.engagement_kind,
                "mitigations": list(each.mitigations),
            } | _observation(each.observation)
        case models.Relation():
            row |= {
                "subject": each.subject,
                "label": each.subject_label,
                "relation": each.relation,
                "object": each.object,
                "object_label": each.object_label,
            } | _observation(each.observation)
        case models.Response():
            row |= {
                "target_contributor": each.target_contributor,
                "target": each.target,
                "stance": each.stance,
            } | _observation(each.observation)
        case models.Correction() | models.Retraction() | models.Erasure():
            row |= {"target": each.target, "reason": each.reason}
        case models.Reply():
            row |= {
                "subject": each.subject,
                "label": each.label,
                "summary": each.text,
                "handling": each.handling,
            }
        case models.Attribution() | models.Token():
            row |= {"target": each.target}
    return row


def _observation(seen: models.Observation) -> Row:
    return {
        "observed_from": seen.observed_from,
        "observed_until": seen.observed_until,
        "reliability": seen.reliability,
        "credibility": seen.credibility,
        "evidence_kinds": list(seen.evidence_kinds),
        "sources": list(seen.sources),
        "summary": seen.summary,
        "handling": seen.handling,
    }


def _signal(each: models.Signal) -> Row:
    return {
        "circle": each.circle,
        "subject": each.subject,
        "indicator": each.indicator.id,
        "polarity": each.indicator.polarity,
        "scope": each.scope,
        "as_of": each.as_of,
        "likelihood": each.likelihood,
        "confidence": each.confidence,
        "belief_ppm": each.belief_ppm,
        "disbelief_ppm": each.disbelief_ppm,
        "uncertainty_ppm": each.uncertainty_ppm,
        "roots": each.roots,
        "contributors": each.contributors,
        "conflict_ppm": each.conflict_ppm,
        "largest_share_ppm": each.largest_share_ppm,
        "newest": each.newest,
        "oldest": each.oldest,
        "words": each.words,
    }


_KINDS: dict[type[models.Statement], str] = {
    models.Finding: "finding",
    models.Relation: "relation",
    models.Response: "response",
    models.Correction: "correction",
    models.Retraction: "retraction",
    models.Reply: "reply",
    models.Erasure: "erasure",
    models.Attribution: "attribution",
    models.Token: "token",
}
