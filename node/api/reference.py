"""The API's reference as one page at ``/api/reference``: every operation and every model, from the OpenAPI document.

Drawn on the server and cached for the life of the process, with the pages' own style sheet: it runs no script, loads
nothing from elsewhere, prints, and is searched with the browser's own search. As public as the document itself, which
says nothing of what is stored.
"""

import importlib.resources
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from node.api.authentication import Needs
from node.api.examples import Document, complete, operations

PATH: Final = "/api/reference"
PERMISSION: Final = "x-hanse-permission"
_TEMPLATE: Final = "reference.html"
_LIFETIME: Final = "public, max-age=300"
_CODE: Final = re.compile(r"``([^`]+)``|`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Line:
    """One parameter, or one member of a model."""

    name: str
    form: Markup
    required: bool
    place: str
    words: Markup


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that an operation may give."""

    status: str
    words: Markup
    forms: tuple[Markup, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    words: Markup
    permission: str
    parameters: tuple[Line, ...]
    body: Markup | None
    body_example: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """The operations of one tag."""

    name: str
    words: Markup
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One schema with its members, or the values that it may have."""

    name: str
    words: Markup
    members: tuple[Line, ...]
    values: tuple[str, ...]


def install(app: FastAPI) -> None:
    """Complete the OpenAPI document of ``app``, and add the page. After every router of the API."""
    generate = app.openapi
    lock, page = Lock(), list[str]()
    done: list[Document] = []

    def openapi() -> Document:
        with lock:
            if not done:
                document = complete(generate())
                for path, method, operation in operations(document):
                    operation[PERMISSION] = _permission(app, path, method)
                done.append(document)
        return done[0]

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document

    @app.get(PATH, include_in_schema=False)
    def reference() -> HTMLResponse:
        if not page:
            page.append(render(openapi()))
        return HTMLResponse(page[0], headers={"Cache-Control": _LIFETIME})


def render(document: Document) -> str:
    """The page of a document."""
    source = importlib.resources.files("node.api").joinpath("templates", _TEMPLATE).read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    rooms, models = tuple(_rooms(document)), tuple(_models(document))
    return environment.from_string(source).render(
        rooms=rooms,
        models=models,
        version=document["info"]["version"],
        count=sum(len(room.operations) for room in rooms),
    )


def _rooms(document: Document) -> Iterator[Room]:
    for tag in document["tags"]:
        found = tuple(
            _operation(path, method, operation)
            for path, method, operation in operations(document)
            if tag["name"] in operation.get("tags", ())
        )
        yield Room(tag["name"], prose(tag["description"]), found)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Operation:
    body = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
    return Operation(
        anchor=_anchor(f"{method} {path}"),
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=prose(operation["description"]),
        permission=operation[PERMISSION],
        parameters=tuple(
            Line(each["name"], _asked(each.get("schema", {})), each.get("required", False), each["in"], _words_of(each))
            for each in operation.get("parameters", ())
        ),
        body=None if body is None else form(body[1].get("schema", {})) or escape(body[0]),
        body_example="" if body is None else _shown(body[1].get("example")),
        answers=tuple(_answer(status, answer) for status, answer in operation["responses"].items()),
    )


def _answer(status: object, answer: Mapping[str, Any]) -> Answer:
    content = answer.get("content", {})
    good = str(status).startswith("2")
    forms = tuple(form(each.get("schema", {})) or escape(media) for media, each in content.items()) if good else ()
    example = next((_shown(each["example"]) for each in content.values() if "example" in each), "") if good else ""
    words = prose(answer.get("description", ""))
    if good and words == "Successful Response":
        words = Markup(HTTPStatus(int(str(status))).phrase)  # noqa: S704  # a fixed phrase of the standard library
    return Answer("other" if status == "default" else str(status), words, forms, example)


def _models(document: Document) -> Iterator[Model]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        required = set(schema.get("required", ()))
        yield Model(
            name=name,
            words=prose(schema.get("description", "")),
            members=tuple(
                Line(member, form(each), member in required, "", _words_of(each))
                for member, each in schema.get("properties", {}).items()
            ),
            values=tuple(str(value) for value in schema.get("enum", ())),
        )


def form(schema: Mapping[str, Any]) -> Markup:
    """The form of a value in a few words, with a link where it is a model."""
    options = next((schema[key] for key in ("oneOf", "anyOf", "allOf") if schema.get(key)), None)
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        words = Markup('<a href="#{}">{}</a>').format(_anchor(f"model {name}"), name)
    elif options:
        words = Markup(" or ").join(form(option) for option in options)
    elif values:
        words = Markup(", ").join(Markup("<code>{}</code>").format(value) for value in values)
    elif schema.get("type") == "array":
        words = Markup("list of {}").format(form(schema["items"]) if "items" in schema else "values")
    else:
        words = escape(" ".join([_basic(schema), *_bounds(schema)]))
    return words


def _asked(schema: Mapping[str, Any]) -> Markup:
    """The form of a parameter: nobody can send ``null``, and a list is sent by repeating the name."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    if len(options) == 1 and options[0].get("type") == "array" and "items" in options[0]:
        return Markup("{}, may be repeated").format(form(options[0]["items"]))
    return Markup(" or ").join(form(option) for option in options)


def prose(text: str) -> Markup:
    """Words with their code marked; everything else is text."""
    pieces, end = [], 0
    for found in _CODE.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        pieces.append(Markup("<code>{}</code>").format(found[1] or found[2]))
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _basic(schema: Mapping[str, Any]) -> str:
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    words["null"] = "null"
    formats = {"date": "day", "date-time": "moment", "binary": "bytes", "uuid": "UUID"}
    kind = str(schema.get("type", ""))
    return formats.get(str(schema.get("format", "")), words.get(kind, kind))


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    if "minimum" in schema or "maximum" in schema:
        yield f"{schema.get('minimum', '')} to {schema.get('maximum', '')}".strip()
    if "maxLength" in schema:
        yield f"of at most {schema['maxLength']} characters"
    if schema.get("default") not in (None, ""):
        yield f"(else {schema['default']})"


def _words_of(each: Mapping[str, Any]) -> Markup:
    return prose(each.get("description") or each.get("schema", {}).get("description", ""))


def _shown(example: object) -> str:
    if example is None or isinstance(example, str):
        return example or ""
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _permission(app: FastAPI, path: str, method: str) -> str:
    for route in iter_route_contexts(app.routes):
        found = route.original_route
        if isinstance(found, APIRoute) and route.path == path and method.upper() in (found.methods or ()):
            needs = [each for each in _calls(found.dependant) if isinstance(each, Needs)]
            return needs[0].permission.value if needs else ""
    return ""


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)
