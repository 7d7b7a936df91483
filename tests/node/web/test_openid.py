"""Sign-in through the institution, as far as it needs no institution: what strangers can do to the entrance."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.testclient import TestClient

from node.accounts.access_log import read_access_log
from node.accounts.openid import CALLBACK, Provider, Reach
from node.accounts.rate import NOTES_PER_WINDOW, WINDOW_SECONDS
from node.api import problems
from node.domain.openid import OpenIdSettings
from node.errors import Code, HanseError
from node.web import install
from tests.federation.support import make_node

SETTINGS: Final = OpenIdSettings(
    issuer="https://login.aldermoor.example",
    client_id="hanse",
    secret=Path("nowhere"),
    scopes="openid",
    login_claim="preferred_username",
    name_claim="name",
    roles_claim="groups",
    roles={},
)


@contextmanager
def _nobody() -> Iterator[Reach]:
    raise HanseError(Code.PEER_UNREACHABLE, "nobody is there.")
    yield  # a context manager is a generator


def test_a_stranger_cannot_fill_the_access_log(tmp_path: Path) -> None:
    node = make_node(tmp_path, "aldermoor")
    openid = Provider(SETTINGS, node.url, _nobody)
    runtime = replace(node.runtime, openid=openid, settings=replace(node.runtime.settings, openid=SETTINGS))
    app = FastAPI(openapi_url=None)
    problems.install(app, install(app, runtime))

    def refused() -> int:
        with runtime.database.read() as tx:
            return [entry.action for entry in read_access_log(tx, limit=1_000)].count("sign-in-refused")

    with TestClient(app, base_url=node.url, follow_redirects=False) as client:
        for _ in range(NOTES_PER_WINDOW + 5):
            assert client.get(CALLBACK, params={"code": "x", "state": "y"}).status_code == 403
        assert client.get("/sign-in/openid").status_code == 503
        assert refused() == NOTES_PER_WINDOW
        node.clock.advance(WINDOW_SECONDS)
        assert client.get(CALLBACK).status_code == 403
        assert refused() == NOTES_PER_WINDOW + 1
    runtime.database.close()
