"""Reading the published vectors: from the files, not from the code that wrote them."""

from collections.abc import Callable
from typing import Final

import msgspec
from jsonschema import Draft202012Validator

from protocol.errors import Code, ProtocolError
from protocol.identifiers import decode_bytes
from tests.protocol.generate import SCHEMAS
from tests.protocol.vector_file import BEYOND_SCHEMA


class Given(msgspec.Struct):
    """One case of a vector file."""

    name: str
    error: Code | None
    flags: list[str]
    members: dict[str, object]

    def text(self, member: str) -> str:
        """A member that is text."""
        value = self.members[member]
        assert isinstance(value, str)
        return value

    def number(self, member: str) -> int:
        """A member that is a number."""
        value = self.members[member]
        assert isinstance(value, int)
        return value

    def data(self, member: str = "bytes") -> bytes:
        """A member that is base64url."""
        return decode_bytes(self.text(member))


_CASES: Final = msgspec.json.Decoder(dict[str, object])


def cases(name: str) -> list[Given]:
    """The cases of ``schemas/vectors/<name>.json``."""
    listed = _CASES.decode((SCHEMAS / "vectors" / f"{name}.json").read_bytes())["cases"]
    assert isinstance(listed, list)
    return [
        Given(each["name"], None if each["error"] is None else Code(each["error"]), each["flags"], each)
        for each in listed
    ]


def validator(name: str) -> Draft202012Validator:
    """The published schema."""
    return Draft202012Validator(_CASES.decode((SCHEMAS / "v1" / f"{name}.schema.json").read_bytes()))


def schema_agrees(schema: Draft202012Validator, value: object, given: Given) -> bool:
    """Whether the schema refuses what the parser refuses, but for what it cannot state."""
    return schema.is_valid(value) == (given.error is None or BEYOND_SCHEMA in given.flags)


def refusal(attempt: Callable[[], object]) -> Code | None:
    """The code with which the attempt is refused, or None."""
    try:
        attempt()
    except ProtocolError as error:
        return error.code
    return None
