"""JSON Schemas made from the wire types, so that a bound is written once."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tests.protocol.vector_file import json_file

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_file(name: str, title: str, about: str, wire_type: object) -> bytes:
    """The schema of one wire type; ``about`` says what a schema cannot: see the vectors flagged ``beyond-schema``."""
    return literal_schema_file(name, title, about, msgspec.json.schema(wire_type))


def literal_schema_file(name: str, title: str, about: str, schema: Mapping[str, object]) -> bytes:
    """The same for a schema that is written by hand."""
    tidy = _tidy(schema)
    if not isinstance(tidy, dict):
        raise TypeError("a schema is an object")
    head = {"$schema": _DIALECT, "$id": f"urn:hanse:schema:v1:{name}", "title": title, "description": about}
    file = json_file(head | {key: value for key, value in tidy.items() if key not in head})
    # Patterns name characters that nobody can see: in a file for people they are escaped.
    return "".join(map(_visible, file.decode())).encode("ascii")


def _tidy(value: object) -> object:
    """Docstrings on one line, closed objects; no ``discriminator``, which is OpenAPI's and not JSON Schema's."""
    if isinstance(value, dict):
        tidy = {
            key: " ".join(item.split()) if key == "description" and isinstance(item, str) else _tidy(item)
            for key, item in value.items()
            if key != "discriminator"
        }
        if value.get("type") == "object" and "properties" in value:
            tidy.setdefault("additionalProperties", False)
        return tidy
    return [_tidy(item) for item in value] if isinstance(value, list) else value


def _visible(character: str) -> str:
    if character.isascii():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[start]:02x}{units[start + 1]:02x}" for start in range(0, len(units), 2))
