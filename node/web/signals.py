"""One signal, explained down to the statements it came from: grade, trust and decay, roots, averaging, cap."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.insight import CircleReading, FindingView, ResponseView, SignalView
from node.errors import Code, HanseError
from node.insight.dossier import dossier
from node.web.dossier import subject_of
from node.web.visits import Requires, Visit
from protocol.identifiers import KeyId, StatementId
from protocol.signals import PRIOR_WEIGHT, Contribution

ROUTER = APIRouter()
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]


@ROUTER.get("/signals/{circle}/{subject}/{indicator}/{scope}")
def show_signal(visit: _Visit, circle: str, subject: str, indicator: str, scope: str) -> Response:
    """How one reading is computed, with every number that goes into it."""
    parsed = subject_of(subject)
    visit.record("signal-read", parsed)
    with visit.read() as tx:
        found = dossier(tx, visit.runtime.vocabulary, parsed, visit.now)
    reading = next((each for each in found.circles if each.circle == circle), None)
    signal = _find(reading, indicator, scope)
    if reading is None or signal is None:
        raise HanseError(
            Code.NOT_FOUND,
            "nobody has stated anything that leads to such a reading: it is unknown.",
            remedy="Open the dossier to see what is known.",
        )
    return visit.render(
        "signal.html",
        dossier=found,
        reading=reading,
        view=signal,
        signal=signal.signal,
        indicator=visit.runtime.vocabulary.indicators[signal.indicator.id],
        rows=[(each, *_source(signal, each)) for each in signal.signal.contributions],
        prior=PRIOR_WEIGHT,
        vocabulary=visit.runtime.vocabulary,
    )


def _find(reading: CircleReading | None, indicator: str, scope: str) -> SignalView | None:
    groups = reading.groups if reading else ()
    return next(
        (
            signal
            for group in groups
            for signal in (*group.assurances, *group.concerns, *group.context)
            if signal.indicator.id == indicator and signal.scope == scope
        ),
        None,
    )


def _source(signal: SignalView, contribution: Contribution) -> tuple[FindingView | ResponseView | None, int]:
    """The statement behind a contribution, and how old its evidence is, in days."""
    statements: dict[tuple[KeyId, StatementId], FindingView | ResponseView] = {}
    for finding in signal.findings:
        statements[finding.provenance.contributor, finding.provenance.id] = finding
        for response in finding.responses:
            statements[response.provenance.contributor, response.provenance.id] = response
    found = statements.get(contribution.statement)
    return found, (signal.as_of - found.observation.observed_until).days if found else 0
