"""Findings and relations as MISP events: views in, plain values out, for the feed of :mod:`node.api.misp`.

One event for each finding or relation, by an organisation that is the contributor's pseudonym. The vocabulary is in
tags and not in attributes, because MISP correlates equal attributes: two events meet where they are about one subject,
not where two strangers were measured with the same indicator. Nothing is an indicator of compromise (``to_ids``), and
the distribution is "your organisation only": what may go further is for a person there to decide, by the TLP tag.

A withdrawn statement stays an event with deleted attributes: a platform that reads feeds removes nothing by itself.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.domain.insight import FindingView, RelationView, ReplyView, ResponseView
from node.insight.handling import marks
from node.insight.stix.identifiers import StatementType, contributor_id, statement_id
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.vocabulary import Vocabulary

MispValue: TypeAlias = Mapping[str, object]

ORGANISATION_ONLY: Final = "0"
COMPLETE: Final = "2"
UNDEFINED_THREAT: Final = "4"
_MAX_INFO_CHARACTERS: Final = 1_000
_WITHDRAWN: Final = "withdrawn by its author"


@dataclass(frozen=True, slots=True)
class Event:
    """One statement with the responses to it, and when any of it changed last, in seconds since 1970."""

    view: FindingView | RelationView
    responses: tuple[ResponseView, ...]
    changed: int
    replies: tuple[ReplyView, ...] = ()

    @property
    def uuid(self) -> str:
        """The same as that of the note or relationship in STIX."""
        of = self.view.provenance
        return event_uuid(_kind(self.view), of.circle, of.contributor, of.id)


def event_uuid(kind: StatementType, circle: CircleId, contributor: KeyId, statement: StatementId) -> str:
    """The event of a finding (``note``) or relation (``relationship``)."""
    return statement_id(kind, circle, contributor, statement).partition("--")[2]


def summary(event: Event, vocabulary: Vocabulary) -> MispValue:
    """What the manifest of a feed says of an event."""
    return {
        "Orgc": _organisation(event),
        "Tag": _tags(event, vocabulary),
        "info": _info(event, vocabulary),
        "date": event.view.provenance.issued.isoformat(),
        "analysis": COMPLETE,
        "threat_level_id": UNDEFINED_THREAT,
        "timestamp": str(event.changed),
    }


def document(event: Event, vocabulary: Vocabulary) -> MispValue:
    """The event in full, as one file of a feed."""
    return {
        "Event": {
            "uuid": event.uuid,
            **summary(event, vocabulary),
            "published": True,
            "publish_timestamp": str(event.changed),
            "extends_uuid": "",
            "distribution": ORGANISATION_ONLY,
            "Attribute": attributes(event, vocabulary),
        }
    }


def attributes(event: Event, vocabulary: Vocabulary) -> Sequence[MispValue]:
    """Subjects, the summary, its limits, and each response with its author's pseudonym."""
    view = event.view
    ends = [("subject", view.subject, view.label if isinstance(view, FindingView) else view.subject_label)]
    if isinstance(view, RelationView):
        ends.append(("object", view.object, view.object_label))
    made = [_attribute(event, name, value, comment, "Internal reference", "text") for name, value, comment in ends]
    seen = view.observation
    texts = [("summary", seen.summary, "What was observed")] if seen.summary or _withdrawn(event) else []
    texts.append(("limits", _limits(event, vocabulary), "How it is known"))
    texts.append(("handling", marks(seen.handling), "How it may be passed on"))
    for response in event.responses:
        words = f"{vocabulary.stances[response.stance].label}: {response.observation.summary}".rstrip(": ")
        texts.append((f"response {response.provenance.contributor} {response.provenance.id}", words, _by(response)))
    for reply in event.replies:
        words = f"{reply.label} says: {reply.text}"
        texts.append(
            (f"reply {reply.provenance.contributor} {reply.provenance.id}", words, "What the organisation says")
        )
    return [*made, *(_attribute(event, name, value, comment, "Other", "comment") for name, value, comment in texts)]


def _attribute(event: Event, name: str, value: str, comment: str, category: str, kind: str) -> MispValue:
    gone = _withdrawn(event)
    return {
        "uuid": str(uuid.uuid5(uuid.UUID(event.uuid), name)),
        "type": kind,
        "category": category,
        "value": _WITHDRAWN if gone else value,
        "comment": "" if gone else comment,
        "to_ids": False,
        "disable_correlation": name not in {"subject", "object"},
        "deleted": gone,
        "timestamp": str(event.changed),
    }


def _organisation(event: Event) -> MispValue:
    of = event.view.provenance
    return {"name": of.pseudonym, "uuid": contributor_id(of.circle, of.contributor).partition("--")[2]}


def _tags(event: Event, vocabulary: Vocabulary) -> list[MispValue]:
    view, seen = event.view, event.view.observation
    names = [
        seen.handling.lower(),
        f'admiralty-scale:source-reliability="{seen.reliability.lower()}"',
        f'admiralty-scale:information-credibility="{seen.credibility}"',
    ]
    if isinstance(view, FindingView):
        indicator = vocabulary.indicators.get(view.indicator)
        names += [f'hanse:indicator="{view.indicator}"', f'hanse:scope="{view.scope}"']
        names += [f'hanse:polarity="{indicator.polarity}"'] if indicator else []
        names += [f'hanse:technology-domain="{each}"' for each in view.technology_domains]
    else:
        names.append(f'hanse:relation="{view.relation}"')
    return [{"name": name, "colour": "#ffffff", "local": False} for name in names]


def _info(event: Event, vocabulary: Vocabulary) -> str:
    view = event.view
    if _withdrawn(event):
        return f"Withdrawn by its author ({view.provenance.id})"
    if isinstance(view, FindingView):
        indicator = vocabulary.indicators.get(view.indicator)
        words = f"{view.label}: {indicator.label if indicator else view.indicator}"
    else:
        kind = vocabulary.relations.get(view.relation)
        words = f"{view.subject_label} {kind.label if kind else view.relation} {view.object_label}"
    return words[:_MAX_INFO_CHARACTERS]


def _limits(event: Event, vocabulary: Vocabulary) -> str:
    seen = event.view.observation
    words = [f"Observed from {seen.observed_from} until {seen.observed_until}."]
    if isinstance(event.view, FindingView):
        words.append(f"Strength {event.view.strength} of 4 ({vocabulary.strengths[event.view.strength].lower()}).")
    return " ".join([*words, f"Kinds of evidence: {', '.join(seen.evidence_kinds)}."])


def _by(response: ResponseView) -> str:
    return f"Response of {response.provenance.pseudonym}"


def _withdrawn(event: Event) -> bool:
    return event.view.provenance.state == "retracted"


def _kind(view: FindingView | RelationView) -> StatementType:
    return "note" if isinstance(view, FindingView) else "relationship"
