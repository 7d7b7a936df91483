"""The OpenAPI document is kept: generated requests, good and bad, get the answers that it declares."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from node.domain.accounts import Role
from tests.node import statements as make
from tests.node.api.support import Api, api_of, token_of
from tests.node.insight.support import pools_of
from tests.node.subjects.registry import load_records, record, subject

EXAMPLES = 80
"""Generated requests over all operations: a few seconds."""
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


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_answers_are_as_the_document_says(filled_api: Api, mode: GenerationMode) -> None:
    contract = schemathesis.openapi.from_asgi("/api/v1/openapi.json", filled_api.app)
    # Pooled findings are the analyst's, casework the officer's: each is asked for what is theirs.
    runtime = filled_api.pool.node.runtime
    tokens = {
        True: token_of(runtime, f"officer-{mode.value}", Role.OFFICER),
        False: filled_api.token,
    }
    answered: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(contract.as_strategy(mode))
    def ask(case: Case[Any]) -> None:
        token = tokens[case.path.startswith("/api/v1/assessments")]
        response = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
        answered.add(response.status_code)

    ask()
    assert answered <= {200, 201, 400, 401, 404, 409, 422}
    assert len(answered) > 1
