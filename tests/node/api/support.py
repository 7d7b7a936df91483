"""The API of one node in memory, and callers with tokens."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from starlette.testclient import TestClient

from node.accounts.manage import create_account
from node.accounts.tokens import issue_token
from node.api import problems, reference, v1
from node.domain.accounts import Permission, Principal, Role, permissions_of
from node.runtime import Runtime
from tests.node.insight.support import Pool

TOKEN_DAYS: Final = 30


def application(runtime: Runtime) -> FastAPI:
    """The API alone, with problem documents."""
    app = FastAPI(title="Hanse node", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(v1.build(runtime))
    reference.install(app)
    return app


def token_of(runtime: Runtime, login: str, role: Role, permissions: frozenset[Permission] | None = None) -> str:
    """A token of a new account with this role; by default with all that the role permits."""
    now = runtime.clock.now()
    granted = permissions_of(frozenset({role}))
    with runtime.database.write() as tx:
        account, _ = create_account(
            tx, runtime.vault, login=login, display_name="Nobody", roles=frozenset({role}), now=now
        )
        principal = Principal(account.id, login, "Nobody", account.roles, granted, session=None, csrf_token=None)
        issued = issue_token(
            tx, runtime.vault, principal, name="test", permissions=permissions or granted, days=TOKEN_DAYS, now=now
        )
    return issued.token


@dataclass(frozen=True, slots=True)
class Api:
    """One API and an analyst who calls it."""

    pool: Pool
    app: FastAPI
    client: TestClient
    token: str

    def get(self, path: str, status: int = 200, *, token: str | None = None, **parameters: str) -> Mapping[str, Any]:
        """The decoded answer to ``/api/v1`` + path, which must have this status."""
        response = self.client.get(
            f"{v1.PREFIX}{path}", params=parameters, headers={"Authorization": f"Bearer {token or self.token}"}
        )
        assert response.status_code == status, response.text
        assert response.headers["cache-control"] == "no-store"
        expected = "application/json" if status < 400 else problems.MEDIA_TYPE
        assert response.headers["content-type"].split(";")[0] == expected
        decoded: Mapping[str, Any] = msgspec.json.decode(response.content, type=dict)
        return decoded


@contextmanager
def api_of(pool: Pool) -> Iterator[Api]:
    """The API of a pool's node, with an analyst's token."""
    app = application(pool.node.runtime)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(pool, app, client, token_of(pool.node.runtime, "analyst", Role.ANALYST))
