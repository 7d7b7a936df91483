"""Schema and parser agree on every vector, and the files are what the generator makes."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from protocol.canonical import encode as canonical
from protocol.errors import Code, ProtocolError
from protocol.identifiers import decode_bytes
from protocol.statements import decode, encode
from tests.protocol import generate
from tests.protocol.samples import every_kind
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, error_code, load_cases, vector_file
from tests.support import VOCABULARY_FILE

SCHEMAS = generate.SCHEMAS / "v1"


class _Case(msgspec.Struct):
    name: str
    error: Code | None
    flags: list[str]

    @property
    def fits(self) -> bool:
        """Whether the schema is expected to accept it."""
        return self.error is None or BEYOND_SCHEMA in self.flags


class StatementCase(_Case):
    """A case of vectors/statements.json."""

    payload: str


class DisclosureCase(_Case):
    """A case of vectors/sd_jwt.json."""

    disclosures: list[str]


class EnvelopeCase(_Case):
    """A case of vectors/envelope.json."""

    jws: str


def _validator(name: str) -> Draft202012Validator:
    schema = msgspec.json.decode((SCHEMAS / f"{name}.schema.json").read_bytes(), type=dict[str, Any])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _accepts(validator: Draft202012Validator, data: bytes) -> bool | None:
    """None where no JSON library would read the text."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return validator.is_valid(value)


STATEMENTS = _validator("statement")


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.schema.json")), ids=lambda path: path.name)
def test_every_schema_is_a_closed_schema_of_2020_12(path: Path) -> None:
    schema = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:hanse:schema:v1:{path.name.removesuffix('.schema.json')}"
    assert _open_objects(schema) == []


def _open_objects(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [fault for item in schema for fault in _open_objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [str(schema)] if "properties" in schema and schema.get("additionalProperties") is not False else []
    return own + [fault for item in schema.values() for fault in _open_objects(item)]


def test_schema_and_parser_agree_on_statements() -> None:
    validator = _validator("statement")
    cases = load_cases("statements.json", StatementCase)
    answers = {case.name: _accepts(validator, case.payload.encode()) for case in cases}
    wrong = [case.name for case in cases if answers[case.name] not in {case.fits, None if case.fits else False}]
    assert wrong == []
    assert [case.name for case in cases if case.error is None and not answers[case.name]] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 10) | st.text("aA-:é", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=3,
)


@given(st.sampled_from(sorted(every_kind())), st.data())
@settings(deadline=None, max_examples=60)
def test_what_the_parser_accepts_fits_the_schema(kind: str, data: st.DataObject) -> None:
    """One member of a good statement is replaced, taken out or added, at any depth."""
    value = msgspec.json.decode(encode(every_kind()[kind]))
    part = value
    name = data.draw(st.sampled_from(sorted(part)))
    while part[name] and isinstance(part[name], dict) and data.draw(st.booleans()):
        part = part[name]
        name = data.draw(st.sampled_from(sorted(part)))
    if data.draw(st.booleans()):
        part[name] = data.draw(JSON)
    else:
        del part[name]
    raw = canonical(value)
    assert _accepts(STATEMENTS, raw) or error_code(decode, raw) is not None


def test_schema_and_parser_agree_on_disclosures() -> None:
    validator = _validator("disclosure")
    wrong = []
    for case in load_cases("sd_jwt.json", DisclosureCase):
        answers = set()
        for text in case.disclosures:
            try:
                answers.add(_accepts(validator, decode_bytes(text)))
            except ProtocolError:
                answers.add(None)
        if answers - ({True, None} if case.fits else {False}) or (case.error is None and None in answers):
            wrong.append(case.name)
    assert wrong == []


def test_schema_and_parser_agree_on_headers() -> None:
    validator = _validator("header")
    wrong = []
    for case in load_cases("envelope.json", EnvelopeCase):
        try:
            answer = _accepts(validator, decode_bytes(case.jws.split(".")[0]))
        except ProtocolError:
            answer = None
        if answer not in ({True, None} if case.fits else {False}) or (case.error is None and answer is None):
            wrong.append(case.name)
    assert wrong == []


def test_the_vocabulary_fits_its_schema() -> None:
    assert _accepts(_validator("vocabulary"), VOCABULARY_FILE.read_bytes())


def test_the_files_are_what_the_generator_makes() -> None:
    assert generate.differences() == []


def test_check_names_each_file_that_differs(tmp_path: Path) -> None:
    number = generate.write(tmp_path)
    assert number == len(generate.generators())
    assert generate.differences(tmp_path) == []
    (tmp_path / "vectors" / "canonical.json").write_bytes(b"{}")
    (tmp_path / "v1" / "statement.schema.json").unlink()
    (tmp_path / "vectors" / "stray.json").write_bytes(b"{}")
    assert generate.differences(tmp_path) == [
        "missing: v1/statement.schema.json",
        "differs: vectors/canonical.json",
        "not generated: vectors/stray.json",
    ]


def test_the_command_answers_with_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("flags", "cases"),
    [
        ({}, [Case("refused without a flag", "1.1", {}, Code.MALFORMED)]),
        ({"flag": "harm"}, [Case("accepted with a flag", "1.1", {}, None, ("flag",))]),
        ({"unused": "harm"}, []),
        ({}, [Case("twice", "1.1", {}), Case("twice", "1.1", {})]),
    ],
)
def test_a_vector_file_explains_itself(flags: dict[str, str], cases: list[Case]) -> None:
    with pytest.raises(ValueError, match=r"flag|twice"):
        vector_file("about", flags, cases)
