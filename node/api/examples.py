"""An example for every answer and every request body in the OpenAPI document, made from its schema.

Values come from the schema where it has some; else a field's name says what an invented one looks like. So an operation
that is new has an example on the day it is written, and a test compares each with its schema. Nobody in the examples
exists.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Document = dict[str, Any]

TAGS: Final[Mapping[str, str]] = {
    "subjects": "Organisations, units and programmes: found by name or identifier, read from the registry.",
    "insight": "What pooled statements come to: signals, dossiers, ties and paths. Nothing adds them up.",
    "statements": "What contributors have stated, one by one, in the order in which this node received it.",
    "exports": "The same statements as files, with their handling marks.",
    "stream": "The same statements as they arrive.",
    "queries": "Questions that an account has kept under a name.",
    "releases": "Figures released to those outside a circle, after disclosure control.",
    "node": "The circles of this node, the vocabulary, and whether the node answers.",
    "engagements": "What the institution does with whom, planned, running or over. None of it leaves the node.",
    "assessments": "The institution's own casework. None of it leaves the node by itself.",
    "requests": "What this institution has asked of others: fields held back, and who has experience.",
    "evidence": "Files that answers rest on, encrypted at this node. They never leave it for another one.",
}
DESCRIPTIONS: Final[Mapping[str, str]] = {
    "GET /api/v1/subjects": "By name in any script, by domain or by identifier; the best hit comes first.",
    "GET /api/v1/subjects/{subject}": "Names, identifiers, relations and successors, as the registry has them.",
    "POST /api/v1/subjects/match": "Up to 200 texts at once. `ror_ids` are links that nobody has to look at.",
    "GET /api/v1/signals": "Each with its likelihood in words, its uncertainty, and how many roots it rests on.",
    "GET /api/v1/statements/{contributor}/{statement}": "As it stands now, with the bytes that its author signed.",
    "GET /api/v1/circles": "In numbers and under pseudonyms; there is no roster.",
    "GET /api/v1/vocabulary": "Indicators, groups, technology domains, kinds of evidence, relations, mitigations.",
    "GET /api/v1/requests": "Those that changed last first; what was released is with each one alone.",
    "GET /api/v1/requests/{request}": "With the fields that were released. They are not to be passed on.",
    "POST /api/v1/requests": "Goes to the contributor alone. Both texts pass the privacy gate.",
    "GET /api/v1/soundings": "Each with one of three answers, once it is counted; never with who said what.",
    "GET /api/v1/health": "For monitoring; anybody may ask, and nothing else is said.",
    "GET /api/v1/engagements": "Those of this institution, last changed first.",
    "GET /api/v1/engagements/{engagement}": "As it is written, with its version.",
    "POST /api/v1/engagements": "With whom, for what, how long, for how much. It begins as planned.",
    "PUT /api/v1/engagements/{engagement}": "All of it again; an open assessment of it may ask more from then on.",
    "PUT /api/v1/engagements/{engagement}/status": "Nothing else sets it: no date, no answer and no decision.",
    "PUT /api/v1/assessments/{assessment}/questions/{question}": "Nothing found, not known, or does not apply.",
    "POST /api/v1/evidence": "Its kind is known by its content. Name its identifier in an answer within a day.",
    "GET /api/v1/evidence/{file}": "As an attachment of a generic type. Each reading is in the access log.",
    "POST /api/v1/assessments": "Due diligence on one planned or running cooperation; it stays at this node.",
    "GET /api/v1/assessments": "Those of this institution, newest first.",
    "GET /api/v1/assessments/{assessment}": "With its answers and evidence.",
    "POST /api/v1/assessments/import": "Each row becomes an assessment; what cannot be read is said row by row.",
    "POST /api/v1/assessments/{assessment}/answers": "Under one indicator, with its grade and its evidence.",
}
"""For operations whose code says no more than their summary."""

_MAX_DEPTH: Final = 12
"""Schemas that contain themselves end here."""
_NAMED: Final[Mapping[str, object]] = {
    "subject": "ror:0hanse125",
    "asked": "ror:0hanse125",
    "object": "ror:0hanse117",
    "id": "Zk0x7uJ2QmWc9b1LQ4nT8g",
    "target": "Zk0x7uJ2QmWc9b1LQ4nT8g",
    "statement": "Zk0x7uJ2QmWc9b1LQ4nT8g",
    "assessment": "Zk0x7uJ2QmWc9b1LQ4nT8g",
    "circle": "3q2-7wQmSxXl1Yq0kq0b8d1bV9m2yXzq3n0J4p5r6sA",
    "contributor": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "target_contributor": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "pseudonym": "K7Q2-M4XD",
    "own": "K7Q2-M4XD",
    "label": "Aldermoor Institute of Tides",
    "subject_label": "Aldermoor Institute of Tides",
    "object_label": "Northport College",
    "name": "Aldermoor Institute of Tides",
    "matched": "Aldermoor Institute of Tides",
    "indicator": "recip-honoured",
    "relation": "joint-laboratory-of",
    "scope": "whole",
    "scope_label": "The whole organisation",
    "words": "Likely, on three independent roots from three contributors; a third of the question is open.",
    "summary": "Samples and data were exchanged as agreed, twice.",
    "definition": "Agreed exchange of data, samples, staff and credit took place as agreed.",
    "engagement_kind": "project",
    "country": "",
    "place": "Aldermoor",
    "purpose": "Sharing experience with partners.",
    "legal_basis": "Article 6(1)(e) of the GDPR, with the founding agreement.",
    "next": "AQAAAAAAAAAq",
    "position": "AQAAAAAAAAAq",
    "detail": "the question in words.",
    "reason": "factual-error",
    "language": "en",
    "code": "not-found",
}
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-09-04",
    "date-time": "2026-09-04T08:15:00Z",
    "uri": "https://node.example/",
    "uuid": "53dcf55d-5d8a-49ec-8395-e16db1ced948",
}
_TEXTS: Final[Mapping[str, str]] = {
    "text/csv": "kind,subject,indicator,handling\r\nfinding,ror:0hanse125,recip-honoured,TLP:AMBER\r\n",
    "application/x-ndjson": '{"type": "export"}\n{"type": "end", "rows": 0, "left_out": 0, "words": ""}\n',
    "text/event-stream": ': heartbeat\n\nevent: end\ndata: {"reason": "time"}\n\n',
}


def complete(document: Document) -> Document:
    """The document with an example in every body, a description for every operation, and words for every tag."""
    used: set[str] = set()
    for path, method, operation in operations(document):
        operation.setdefault("description", DESCRIPTIONS.get(f"{method.upper()} {path}", operation.get("summary", "")))
        used.update(operation.get("tags", ()))
        bodies = [response for code, response in operation["responses"].items() if str(code).startswith("2")]
        for body in (*bodies, operation.get("requestBody", {})):
            for media_type, content in body.get("content", {}).items():
                _exemplify(content, media_type, document)
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, "")} for tag in (*TAGS, *sorted(used - {*TAGS}))]
    document["tags"] = [tag for tag in document["tags"] if tag["name"] in used]
    return document


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation, in the order of the document."""
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield path, method, operation


def example_of(schema: Mapping[str, Any], document: Document, name: str = "", depth: int = 0) -> object:
    """A value that the schema permits."""
    schema = resolved(schema, document)
    given = [schema[key] for key in ("const", "example", "default") if schema.get(key) is not None]
    given += [schema[key][0] for key in ("examples", "enum") if schema.get(key)]
    options = next((schema[key] for key in ("oneOf", "anyOf", "allOf") if schema.get(key)), None)
    if given:
        return given[0]
    if options:
        return example_of(_richest(options, depth), document, name, depth + 1)
    return _of_type(schema, document, name, depth)


def _of_type(schema: Mapping[str, Any], document: Document, name: str, depth: int) -> object:
    match schema.get("type"):
        case "object":
            return _object(schema, document, depth)
        case "array":
            return _array(schema, document, name, depth)
        case "string":
            return _string(schema, name)
        case "integer" | "number":
            return _number(schema, name)
        case other:
            return False if other == "boolean" else None


def resolved(schema: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
    """The schema behind a reference; what stands beside the reference comes first."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found = document["components"]["schemas"][reference.rpartition("/")[2]]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def _exemplify(content: dict[str, Any], media_type: str, document: Document) -> None:
    if "example" in content or "examples" in content:
        return
    if media_type in _TEXTS:
        content["example"] = _TEXTS[media_type]
    elif media_type.endswith("json") and content.get("schema"):
        content["example"] = example_of(content["schema"], document)


def _richest(options: list[Mapping[str, Any]], depth: int) -> Mapping[str, Any]:
    """The first that says something; ``null`` where the schema contains itself too deeply."""
    nothing = [option for option in options if option.get("type") == "null"]
    something = [option for option in options if option.get("type") != "null"]
    return nothing[0] if nothing and (depth > _MAX_DEPTH or not something) else something[0]


def _object(schema: Mapping[str, Any], document: Document, depth: int) -> dict[str, object]:
    named = schema.get("properties", {})
    return {name: example_of(each, document, name, depth + 1) for name, each in named.items()}


def _array(schema: Mapping[str, Any], document: Document, name: str, depth: int) -> list[object]:
    if schema.get("prefixItems"):
        return [example_of(each, document, name, depth + 1) for each in schema["prefixItems"]]
    least = schema.get("minItems", 0)
    if "items" not in schema or (depth > _MAX_DEPTH and not least):
        return []
    return [example_of(schema["items"], document, name.removesuffix("s"), depth + 1)] * max(1, least)


def _string(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    text = str(_NAMED.get(name, name.replace("_", " ")))
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), ".")


def _number(schema: Mapping[str, Any], name: str) -> int | float:
    usual = 333_334 if name.endswith("_ppm") else 3
    least, most = schema.get("minimum", usual), schema.get("maximum", usual)
    value = max(least, min(usual, most))
    return int(value) if schema.get("type") == "integer" else value
