"""The JSON Schemas of statements, their header, disclosures and vocabularies."""

from collections.abc import Callable
from typing import Final

from protocol.canonical import MAX_INTEGER
from protocol.envelope import STATEMENT_TYPE
from protocol.identifiers import PATTERN_128_BITS, PATTERN_256_BITS, anchored
from protocol.statements import HELD_BACK, Statement
from protocol.vocabulary import VocabularyFile
from tests.protocol.schema_file import literal_schema_file, schema_file

_BEYOND: Final = (
    "What a schema cannot state is in docs/protocol.md and in the vectors flagged beyond-schema: the one canonical "
    "encoding, ascending order, check digits, and rules between members."
)


def statement() -> bytes:
    """The payload of a statement's JWS."""
    return schema_file(
        "statement", "Statement", f"The payload of a statement, decoded (clauses 4 and 5). {_BEYOND}", Statement
    )


def header() -> bytes:
    """The protected header of a statement's JWS."""
    return literal_schema_file(
        "header",
        "Protected header",
        f"The protected header of a statement, decoded (clauses 3.2 and 3.3). {_BEYOND}",
        {
            "type": "object",
            "properties": {
                "alg": {"const": "Ed25519"},
                "kid": {"type": "string", "pattern": anchored(PATTERN_256_BITS)},
                "typ": {"const": STATEMENT_TYPE},
            },
            "required": ["alg", "kid", "typ"],
            "additionalProperties": False,
        },
    )


def disclosure() -> bytes:
    """One disclosure, after base64url."""
    return literal_schema_file(
        "disclosure",
        "Disclosure",
        f"One held-back field as it is disclosed, decoded from base64url (clauses 5.3 to 5.5). {_BEYOND}",
        {
            "type": "array",
            "prefixItems": [
                {"type": "string", "pattern": anchored(PATTERN_128_BITS), "description": "the salt"},
                {"enum": list(HELD_BACK)},
                {"$ref": "#/$defs/value"},
            ],
            "items": False,
            "minItems": 3,
            "$defs": {
                "value": {
                    "anyOf": [
                        {"type": ["string", "boolean", "null"]},
                        {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER},
                        {"type": "array", "items": {"$ref": "#/$defs/value"}},
                        {
                            "type": "object",
                            "propertyNames": {
                                "pattern": anchored("[ -~]*"),
                                "not": {"enum": ["_sd", "_sd_alg", "..."]},
                            },
                            "additionalProperties": {"$ref": "#/$defs/value"},
                        },
                    ]
                }
            },
        },
    )


def vocabulary() -> bytes:
    """A vocabulary file."""
    return schema_file(
        "vocabulary",
        "Vocabulary",
        "A vocabulary file (clause 4.8). Beyond the schema: identifiers are unique in their list, and every code "
        "that an entry mentions exists.",
        VocabularyFile,
    )


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/statement.schema.json": statement,
    "v1/header.schema.json": header,
    "v1/disclosure.schema.json": disclosure,
    "v1/vocabulary.schema.json": vocabulary,
}
