"""Findings, relations, responses, subjects and contributors as STIX objects: views in, plain values out."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from node.domain.insight import FindingView, Observation, Provenance, RelationView, ReplyView, ResponseView
from node.insight.stix.definitions import EXTENSION, MAPPING_DAY, MARKINGS, SPEC_VERSION, StixObject
from node.insight.stix.identifiers import (
    Milliseconds,
    StatementType,
    StixId,
    contributor_id,
    milliseconds,
    statement_id,
    stix_time,
    subject_id,
)
from protocol.identifiers import CircleId, KeyId, SubjectId
from protocol.pseudonyms import pseudonym
from protocol.statements import DAY_SECONDS, Stance, Timestamp
from protocol.vocabulary import Vocabulary

CONFIDENCE: Final = {1: 90, 2: 70, 3: 50, 4: 30, 5: 10}
"""From the credibility of information to ``confidence`` (STIX 2.1, appendix A); 6, cannot be judged, has none."""
OPINIONS: Final[dict[Stance, str]] = {"corroborates": "agree", "disputes": "disagree", "adds-context": "neutral"}
_ROR: Final = "ror:"
_LEI: Final = "lei:"
_EPOCH: Final = date(1970, 1, 1)
_RETRACTED: Final = "Its author has withdrawn this statement."


def note(view: FindingView, vocabulary: Vocabulary, modified: Milliseconds) -> StixObject:
    """A finding as it stands; of a retracted one, that it was there."""
    indicator = vocabulary.indicators.get(view.indicator)
    label = indicator.label if indicator else view.indicator
    scope = vocabulary.scope_label(view.scope)
    strength = vocabulary.strengths.get(view.strength, "")
    words = [f"{view.label}: {label}{f' ({indicator.polarity})' if indicator else ''}.", f"Scope: {scope}."]
    words += [_observed(view.observation), f"Strength {view.strength} of 4 ({strength.lower()})."]
    words += _graded(view.observation, vocabulary)
    extension: StixObject = {
        "subject": view.subject,
        "indicator": view.indicator,
        **({"polarity": indicator.polarity} if indicator else {}),
        "scope": view.scope,
        "strength": view.strength,
        "technology_domains": list(view.technology_domains),
        "engagement_kind": view.engagement_kind,
        "mitigations": list(view.mitigations),
    }
    return {
        **_head("note", view.provenance, view.observation, modified),
        "labels": [each for each in (indicator.polarity if indicator else "", view.indicator) if each],
        "abstract": label,
        "content": _RETRACTED if _is_revoked(view.provenance) else " ".join(words),
        "object_refs": [subject_id(view.provenance.circle, view.subject)],
        **_extended(view.provenance, view.observation, extension),
    }


def relationship(view: RelationView, vocabulary: Vocabulary, modified: Milliseconds) -> StixObject:
    """A relation as it stands; its type is the relation's code, as STIX 2.1 section 5.1 leaves open."""
    kind = vocabulary.relations.get(view.relation)
    words = [f"{view.subject_label} {kind.label if kind else view.relation} {view.object_label}."]
    words += [_observed(view.observation), *_graded(view.observation, vocabulary)]
    circle = view.provenance.circle
    return {
        **_head("relationship", view.provenance, view.observation, modified),
        "relationship_type": view.relation,
        "description": _RETRACTED if _is_revoked(view.provenance) else " ".join(words),
        "source_ref": subject_id(circle, view.subject),
        "target_ref": subject_id(circle, view.object),
        **_extended(
            view.provenance,
            view.observation,
            {"subject": view.subject, "relation": view.relation, "object": view.object},
        ),
    }


def opinion(view: ResponseView, vocabulary: Vocabulary, modified: Milliseconds, target: StixId) -> StixObject:
    """A response as it stands, on the note or relationship that ``target`` names."""
    stance = vocabulary.stances[view.stance]
    words = [stance.definition, _observed(view.observation), *_graded(view.observation, vocabulary)]
    return {
        **_head("opinion", view.provenance, view.observation, modified),
        "explanation": _RETRACTED if _is_revoked(view.provenance) else " ".join(words),
        "opinion": OPINIONS[view.stance],
        "object_refs": [target],
        **_extended(view.provenance, view.observation, {"stance": view.stance}),
    }


def reply(view: ReplyView, modified: Milliseconds, refs: Sequence[StixId]) -> StixObject:
    """What an organisation says, on the notes and relationships of ``refs`` and on the organisation itself."""
    of = view.provenance
    extension: StixObject = {
        "extension_type": "property-extension",
        "circle": of.circle,
        "contributor": of.contributor,
        "statement": of.id,
        "issued": of.issued.isoformat(),
        "expires": of.expires.isoformat(),
        "subject": view.subject,
        "reply": True,
        "replied": view.replied.isoformat(),
        "verified": view.verified,
        "handling": view.handling,
    }
    return {
        "type": "note",
        "spec_version": SPEC_VERSION,
        "id": statement_id("note", of.circle, of.contributor, of.id),
        "created_by_ref": contributor_id(of.circle, of.contributor),
        "created": stix_time(_created(of)),
        "modified": stix_time(modified),
        "object_marking_refs": [MARKINGS[view.handling]],
        **({"revoked": True} if _is_revoked(of) else {}),
        "labels": ["reply"],
        "abstract": f"Reply of {view.label}",
        "content": _RETRACTED if _is_revoked(of) else view.text,
        "object_refs": [subject_id(of.circle, view.subject), *refs],
        "extensions": {EXTENSION: extension},
    }


def subject(circle: CircleId, identifier: SubjectId, name: str) -> StixObject:
    """An organisation, unit or programme: its name, and its identifier where others know it. No sector, no country."""
    reference: dict[str, str] = {"source_name": "hanse", "external_id": identifier}
    if identifier.startswith(_ROR):
        reference = {"source_name": "ror", "external_id": f"https://ror.org/{identifier.removeprefix(_ROR)}"}
    elif identifier.startswith(_LEI):
        reference = {"source_name": "lei", "external_id": identifier.removeprefix(_LEI)}
    return {
        "type": "identity",
        "spec_version": SPEC_VERSION,
        "id": subject_id(circle, identifier),
        "created": stix_time(MAPPING_DAY),
        "modified": stix_time(MAPPING_DAY),
        "name": name,
        "identity_class": "organization",
        "external_references": [reference],
    }


def contributor(circle: CircleId, key: KeyId, name: str = "") -> StixObject:
    """A member of the circle, under the pseudonym that it has there, or the name that it has signed to statements."""
    return {
        "type": "identity",
        "spec_version": SPEC_VERSION,
        "id": contributor_id(circle, key),
        "created": stix_time(MAPPING_DAY),
        "modified": stix_time(MAPPING_DAY),
        "name": name or pseudonym(circle, key),
        "description": "A contributor to this circle, under " + ("its name." if name else "its pseudonym."),
        "identity_class": "organization",
    }


def _head(kind: StatementType, of: Provenance, observation: Observation, modified: Milliseconds) -> dict[str, object]:
    confidence = CONFIDENCE.get(observation.credibility)
    return {
        "type": kind,
        "spec_version": SPEC_VERSION,
        "id": statement_id(kind, of.circle, of.contributor, of.id),
        "created_by_ref": contributor_id(of.circle, of.contributor),
        "created": stix_time(_created(of)),
        "modified": stix_time(modified),
        "object_marking_refs": [MARKINGS[observation.handling]],
        **({} if confidence is None else {"confidence": confidence}),
        **({"revoked": True} if _is_revoked(of) else {}),
    }


def _extended(of: Provenance, observation: Observation, own: StixObject) -> dict[str, object]:
    members: StixObject = {
        "extension_type": "property-extension",
        "circle": of.circle,
        "contributor": of.contributor,
        "statement": of.id,
        "issued": of.issued.isoformat(),
        "expires": of.expires.isoformat(),
        **own,
        "observed_from": observation.observed_from.isoformat(),
        "observed_until": observation.observed_until.isoformat(),
        "reliability": observation.reliability,
        "credibility": observation.credibility,
        "evidence_kinds": list(observation.evidence_kinds),
        "sources": list(observation.sources),
        "handling": observation.handling,
    }
    # STIX 2.1 section 2.8: a list is never empty; what has none is left out.
    return {"extensions": {EXTENSION: {name: value for name, value in members.items() if value != []}}}


def _created(of: Provenance) -> Milliseconds:
    return milliseconds(Timestamp((of.issued - _EPOCH).days * DAY_SECONDS))


def _is_revoked(of: Provenance) -> bool:
    return of.state == "retracted"


def _observed(observation: Observation) -> str:
    if observation.observed_from == observation.observed_until:
        return f"Observed on {observation.observed_from}."
    return f"Observed from {observation.observed_from} until {observation.observed_until}."


def _graded(observation: Observation, vocabulary: Vocabulary) -> list[str]:
    reliability = vocabulary.reliabilities[observation.reliability].lower()
    credibility = vocabulary.credibilities[observation.credibility].lower()
    words = [
        f"Source {observation.reliability} ({reliability}), information {observation.credibility} ({credibility})."
    ]
    return [*words, observation.summary] if observation.summary else words
