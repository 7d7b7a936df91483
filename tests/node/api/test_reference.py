"""The OpenAPI document is complete, its examples are true to it, and the reference page shows all of it."""

from html.parser import HTMLParser
from typing import Any

import jsonschema
import msgspec
import pytest

from node.api.examples import TAGS, example_of, operations
from node.api.reference import PATH, PERMISSION
from tests.node.api.support import Api


@pytest.fixture
def document(quick_api: Api) -> dict[str, Any]:
    """As a client reads it."""
    decoded: dict[str, Any] = msgspec.json.decode(quick_api.client.get("/api/v1/openapi.json").content, type=dict)
    return decoded


def test_every_operation_says_what_it_is(document: dict[str, Any]) -> None:
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert len(operation["description"]) > len(operation["summary"]) or operation["description"], path
        assert operation["description"] != operation["summary"], (method, path)
        (tag,) = operation["tags"]
        assert tags[tag], f"{tag} has no words in node.api.examples"
        assert PERMISSION in operation
        assert bool(operation[PERMISSION]) == ("security" in operation), path
    assert set(tags) <= set(TAGS)


def test_every_operation_declares_its_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        declared = operation["responses"]
        assert "application/problem+json" in declared["default"]["content"], (method, path)
        if operation[PERMISSION]:
            assert {"401", "403"} <= set(declared), (method, path)


def test_every_body_has_an_example_that_its_schema_permits(document: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(document):
        bodies = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert any(answer.get("content") or status == "204" for status, answer in operation["responses"].items()), path
        for body in (*bodies, operation.get("requestBody", {})):
            for media_type, content in body.get("content", {}).items():
                if not media_type.endswith("json"):
                    of_bytes = media_type in {"application/vnd.apache.parquet", "application/octet-stream"}
                    assert of_bytes or content["example"], (method, path, media_type)
                    continue
                schema = {**content["schema"], "components": document["components"]}
                jsonschema.Draft202012Validator(schema).validate(content["example"])
                checked += 1
    assert checked > 15


def test_examples_name_nobody(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    subjects = [part[:9] for part in text.split("ror:0")[1:]]
    assert subjects
    assert all(each.startswith(("hans", "0abcde")) for each in subjects), subjects


def test_a_schema_that_contains_itself_ends() -> None:
    document: dict[str, Any] = {
        "components": {
            "schemas": {
                "Node": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/Node"}, {"type": "null"}]}}}
            }
        }
    }
    assert example_of({"$ref": "#/components/schemas/Node"}, document)


class _Page(HTMLParser):
    """What a page loads, links to and names."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in {"src", "srcset"} or (tag == "link" and name == "href"):
                self.loads.append(value or "")
            if tag == "a" and name == "href" and value:
                self.links.append(value)
            assert name != "style"
            assert not name.startswith("on")


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(
    quick_api: Api, document: dict[str, Any]
) -> None:
    response = quick_api.client.get(PATH)
    assert response.headers["content-type"].startswith("text/html")
    page = _Page()
    page.feed(response.text)
    assert "script" not in page.tags
    assert all(each.startswith("/static/") for each in page.loads)
    assert len(page.ids) == len(set(page.ids))
    assert {each[1:] for each in page.links if each.startswith("#")} <= set(page.ids)
    for path, method, operation in operations(document):
        assert f"{method.upper()} {path}" in response.text
        assert operation["summary"] in response.text
    for name in document["components"]["schemas"]:
        assert f"model-{name.lower()}" in page.ids


def test_the_page_is_as_public_as_the_document(quick_api: Api) -> None:
    assert quick_api.client.get(PATH, headers={}).status_code == 200
    assert quick_api.client.get("/api/v1/openapi.json", headers={}).status_code == 200
