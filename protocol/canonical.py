"""One value, one encoding: RFC 8785 over strings, exact integers, booleans, null, arrays and objects.

A received object is accepted only if encoding what was decoded gives the received bytes again. That one
comparison refuses duplicate keys, unknown fields, coerced or exponent numbers, escapes that need not be,
stray spaces and every other second spelling of the same value (clauses 1.1 to 1.5).

Member names are printable ASCII in every wire type, so sorting by code point is sorting by UTF-16 code unit,
which is what RFC 8785 section 3.2.3 asks for. Floats do not exist: no two languages agree on them.
"""

from typing import Final, Generic, TypeAlias, TypeVar

import msgspec

from protocol.errors import Code, ProtocolError, words_of

MAX_INTEGER: Final = 2**53 - 1
"""RFC 7493 section 2.2: integers beyond this are not exact in every JSON implementation."""

MAX_DEPTH: Final = 8
"""Arrays and objects inside each other in a free value; deeper ones are an attack on a recursive parser."""

JsonValue: TypeAlias = "str | int | bool | list[JsonValue] | dict[str, JsonValue] | None"
"""A value of the kinds that exist on the wire; see :func:`decode_value`."""

_T = TypeVar("_T")
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_VALUES: Final = msgspec.json.Decoder()


class Codec(Generic[_T]):
    """Canonical encoding and strict decoding of one wire type."""

    def __init__(self, wire_type: type[_T], *, max_bytes: int) -> None:
        self.wire_type = wire_type
        self._decoder = msgspec.json.Decoder(wire_type)
        self._max_bytes = max_bytes

    def decode(self, data: bytes) -> _T:
        """Return the value, or raise ``TOO_LARGE``, ``MALFORMED`` or ``NON_CANONICAL``.

        Rules that a wire type states in ``__post_init__`` raise their own codes.
        """
        if len(data) > self._max_bytes:
            raise ProtocolError(Code.TOO_LARGE, f"{len(data)} bytes, at most {self._max_bytes} are allowed")
        value = self.decode_known(data)
        if _ENCODER.encode(value) != data:
            raise ProtocolError(
                Code.NON_CANONICAL,
                "not the canonical encoding: duplicate or unsorted keys, spaces or escapes",
            )
        return value

    def decode_known(self, data: bytes) -> _T:
        """The value of bytes that :meth:`decode` has accepted before, without the comparison; or ``MALFORMED``."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise ProtocolError(Code.MALFORMED, words_of(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolError(Code.MALFORMED, f"not JSON: {words_of(error)}") from error

    def encode(self, value: _T) -> bytes:
        """Return the canonical bytes of a value that :meth:`decode` accepts, or raise as it does.

        Constructing a wire type checks less than decoding one; what is encoded here has passed both.
        """
        data = encode(value)
        self.decode(data)
        return data


def decode_value(data: bytes, *, max_bytes: int) -> JsonValue:
    """A free value in its canonical encoding; raises as :meth:`Codec.decode` does.

    Clauses 1.1 to 1.5 and 1.7: no floats, integers exact everywhere, member names in printable ASCII, at most
    ``MAX_DEPTH`` levels.
    """
    if len(data) > max_bytes:
        raise ProtocolError(Code.TOO_LARGE, f"{len(data)} bytes, at most {max_bytes} are allowed")
    try:
        decoded: object = _VALUES.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(Code.MALFORMED, f"not JSON: {words_of(error)}") from error
    value = json_value(decoded)
    if _ENCODER.encode(value) != data:
        raise ProtocolError(Code.NON_CANONICAL, "not the canonical encoding: duplicate or unsorted keys, spaces")
    return value


def json_value(value: object, *, depth: int = MAX_DEPTH) -> JsonValue:
    """The same value, if it is of the kinds that exist on the wire; else raises ``MALFORMED``."""
    match value:
        case bool() | str() | None:
            return value
        case int() if -MAX_INTEGER <= value <= MAX_INTEGER:
            return value
        case list() if depth:
            return [json_value(item, depth=depth - 1) for item in value]
        case dict() if depth:
            return {_member_name(name): json_value(item, depth=depth - 1) for name, item in value.items()}
    raise ProtocolError(Code.MALFORMED, "a number that is not an exact integer, or a value nested too deeply")


def _member_name(name: object) -> str:
    """Printable ASCII, so that sorting by code point is sorting by UTF-16 code unit (clause 1.4)."""
    if isinstance(name, str) and name.isascii() and name.isprintable():
        return name
    raise ProtocolError(Code.MALFORMED, "a member name that is not printable ASCII")


def encode(value: object) -> bytes:
    """Canonical bytes of a value of the kinds named above; not checked against a wire type.

    Raises ``MALFORMED`` for lone surrogates, which UTF-8 cannot carry.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError as error:
        raise ProtocolError(Code.MALFORMED, "a string holds a lone surrogate") from error
