"""Two observed ties, stated by two universities, and the path that neither of them could see alone."""

from node.circles import roster as read_roster
from node.cli.demo.casework import Desk
from node.cli.demo.cast import CONTACT, TIES, TIES_FROM, ObservedTie
from node.cli.demo.setup import Stage
from node.cli.open import OUT
from node.clock import day_of
from node.domain.graph import Path, PathReading
from node.domain.publishing import DEFAULT_HANDLING, HeldBack, RelationContent
from node.insight.paths import paths
from node.publishing.drafts import create_draft, default_expiry
from node.publishing.preview import preview, submit
from node.publishing.publish import publish
from protocol.identifiers import VocabularyCode
from protocol.sources import source_digests
from protocol.statements import Grade, Period, RelationBody, Subject


def share_ties(stage: Stage) -> int:
    """Each goes the way of a finding: draft, preview, submission by its author, approval by a colleague. How many."""
    for tie in TIES:
        desk = next(each for each in stage.desks if each.player.key == tie.node)
        _share(stage, desk, tie)
        OUT.print(f"  {desk.player.name}: one tie observed, approved and published")
    return len(TIES)


def tell_path(stage: Stage) -> None:
    """The path as the first university sees it now, though it has stated neither tie."""
    desk = stage.desks[0]
    runtime = desk.runtime
    with runtime.database.read() as tx:
        reading = paths(tx, runtime.vocabulary, stage.subjects[TIES_FROM], runtime.clock.now())
    OUT.print(f"\n[bold]{TIES_FROM}[/bold]: what it is tied to, as {desk.player.name} reads it now")
    for path in reading.paths:
        OUT.print(f"  {_in_words(stage, reading, path)}", markup=False)


def _share(stage: Stage, desk: Desk, tie: ObservedTie) -> None:
    runtime = desk.runtime
    with runtime.database.write() as tx:
        now = runtime.clock.now()
        expires = default_expiry(read_roster(tx, desk.circle), None, now)
        content = RelationContent(
            body=RelationBody(
                subject=Subject(id=stage.subjects[tie.subject], label=tie.subject),
                relation=VocabularyCode(tie.relation),
                object=Subject(id=stage.subjects[tie.object], label=tie.object),
                observed=Period(start=day_of(now), end=day_of(now)),
                grade=Grade(reliability="B", credibility=2),
                evidence_kinds=(VocabularyCode("official-publication"),),
                sources=source_digests([tie.source]),
                summary=tie.summary,
                handling=DEFAULT_HANDLING,
            ),
            held_back=HeldBack(contact=CONTACT.format(key=tie.node)),
        )
        draft = create_draft(tx, runtime.vault, desk.officer, desk.circle, content, expires=expires, now=now)
        made = preview(tx, runtime.vault, desk.officer, draft.id, now)
        submit(tx, runtime.vault, runtime.vocabulary, desk.officer, draft.id, made.digest, now)
    with runtime.database.write() as tx:
        now = runtime.clock.now()
        publish(tx, runtime.vault, runtime.keyring, runtime.vocabulary, desk.approver, draft.id, made.digest, now)


def _in_words(stage: Stage, reading: PathReading, path: Path) -> str:
    runtime = stage.desks[0].runtime
    words = reading.places[path.nodes[0]].label
    for hop in path.hops:
        tie = hop.ties[0]
        kind = runtime.vocabulary.relations[VocabularyCode(tie.relation)]
        word = kind.label if tie.subject == hop.start else kind.inverse_label
        words += f" — {word} → {reading.places[hop.end].label}"
    concerns = ", ".join(each.label for each in reading.places[path.nodes[-1]].concerns[:1])
    alone = "; no single node knew this path" if path.knowledge == "nobody-alone" else ""
    return f"{words} ({concerns}){alone}"
