"""The OpenAPI document is kept: generated requests, good and bad, get the answers that it declares."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from node.api.examples import operations
from node.api.reference import PERMISSION
from node.domain.accounts import Permission, Role, permissions_of
from tests.node import statements as make
from tests.node.api.support import Api, api_of, token_of
from tests.node.insight.support import pools_of
from tests.node.subjects.registry import load_records, record, subject

EXAMPLES = 25
"""Generated requests over all operations, for each role and way of generating: two seconds."""
UNREAD = frozenset({400, 404, 405, 413, 422})
"""What a request may meet before it is looked at who asks: a path that leads nowhere, a body that cannot be read."""
_NUMBERS = itertools.count()
ENDLESS = "/stream$"
"""A live stream has no end to wait for; it has tests of its own."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def filled_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with something to answer."""
    directory: Path = tmp_path_factory.mktemp("contract")
    (pool,) = pools_of(directory, f"sqlite:///{directory / 'hanse.db'}")
    load_records(pool.database, directory, [record(1, "Aldermoor University"), record(2, "Northport College")])
    finding = make.finding(pool.circle, make.finding_body(subject(1)))
    pool.say(1, finding)
    pool.say(2, make.response(pool.circle, pool.contributor(1), finding.id, "disputes"), make.relation(pool.circle))
    with api_of(pool) as api:
        yield api
    pool.database.close()


class Asker:
    """Somebody with all permissions of one role, or a stranger without a token."""

    def __init__(self, api: Api, role: Role | None) -> None:
        runtime = api.pool.node.runtime
        self.permissions = permissions_of(frozenset({role})) if role else frozenset()
        self.headers = {}
        if role:
            token = token_of(runtime, f"{role.value}-{next(_NUMBERS)}", role)
            self.headers["Authorization"] = f"Bearer {token}"
        self.answered: Counter[int] = Counter()

    def ask(self, case: Case[Any]) -> None:
        """One generated request: the answer is declared, and nobody gets past a permission that they lack."""
        needed = case.operation.definition.raw[PERMISSION]
        response = case.call_and_validate(headers=self.headers, checks=CHECKS)
        status = response.status_code
        self.answered[status] += 1
        # Some requests are generated without the token or with another, to see that it is needed.
        known = self.headers.get("Authorization") in [*response.request.headers.values()]
        if not needed or (known and Permission(needed) in self.permissions):
            assert status not in {401, 403}, case.path
        else:  # a body that is no JSON is refused before anybody is asked who they are
            assert status in {403 if known else 401, *UNREAD}, (status, case.path)


@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "stranger")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_answers_are_as_the_document_says(filled_api: Api, mode: GenerationMode, role: Role | None) -> None:
    contract = schemathesis.openapi.from_asgi("/api/v1/openapi.json", filled_api.app).exclude(path_regex=ENDLESS)
    asker = Asker(filled_api, role)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(contract.as_strategy(mode))
    def ask(case: Case[Any]) -> None:
        asker.ask(case)

    ask()
    assert asker.answered.total() >= EXAMPLES // 2
    assert not [status for status in asker.answered if status >= 500]


def test_every_operation_is_asked(filled_api: Api) -> None:
    """By those who may ask it and by those who may not."""
    contract = schemathesis.openapi.from_asgi("/api/v1/openapi.json", filled_api.app).exclude(path_regex=ENDLESS)
    askers = [Asker(filled_api, role) for role in (None, Role.ANALYST, Role.OFFICER)]
    asked = set()
    for result in contract.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(), st.sampled_from(askers))
        def ask(case: Case[Any], asker: Asker) -> None:
            asker.ask(case)

        ask()
        asked.add((operation.method.lower(), operation.path))
    described = {(method, path) for path, method, _ in operations(filled_api.app.openapi())}
    assert asked == {(method, path) for method, path in described if not path.endswith("/stream")}
