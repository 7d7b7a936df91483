"""Three of the queries over HTTP, on the application that a node serves: sign-in, permission, access log and all.

A real server on a loopback port in a thread of this process, one connection kept open. So processor time counts the
client too; the baseline of the same run is ``/api/v1/health``, which reads nothing.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeAlias

import httpx2
import structlog

from node import app
from node.accounts.manage import create_account
from node.accounts.rate import Rates
from node.accounts.sign_in import begin_session
from node.accounts.tokens import issue_token
from node.domain.accounts import Principal, Role, permissions_of
from node.web.security import session_cookie
from tests.bench.meter import Meter
from tests.bench.pool import Pool
from tests.federation.support import free_port, serving
from tests.node.statements import new_id

_WARMING: Final = 3
_UNLIMITED: Final = 1_000_000
"""Requests of one token in a minute: what is measured is not how they are refused."""
_DAYS: Final = 30
_SEED: Final = 20_260_904

Request: TypeAlias = Callable[[random.Random], str]
"""The path of one request."""


def measured(pool: Pool, rounds: int) -> Iterator[tuple[str, Meter, Meter]]:
    """Each request's times by name, and those of the baseline that was asked in turns with it."""
    author, indicators = pool.author, list(pool.node.runtime.vocabulary.indicators)
    circle = author.logs[0].circle
    requests: dict[str, Request] = {
        "page of a subject, over HTTP": lambda choose: f"/subjects/{author.subject(choose.randrange(author.subjects))}",
        "findings by one field, over HTTP": lambda choose: (
            f"/api/v1/findings?limit=50&indicator={choose.choice(indicators)}"
        ),
        "signals of a circle, over HTTP": lambda _: f"/api/v1/signals?limit=50&circle={circle}",
    }
    with _client(pool) as client:
        for name, request in requests.items():
            choose = random.Random(_SEED)  # noqa: S311
            asked, bare = Meter(pool.node.runtime.database), Meter(pool.node.runtime.database)
            for _ in range(_WARMING):
                _get(client, request(choose))
            for _ in range(rounds):
                with asked.timed():
                    _get(client, request(choose))
                with bare.timed():
                    _get(client, "/api/v1/health")
            yield name, asked, bare


def _get(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != httpx2.codes.OK:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")


@contextmanager
def _client(pool: Pool) -> Iterator[httpx2.Client]:
    """Somebody who is signed in as an analyst, by cookie for pages and by token for the API."""
    port = free_port()
    runtime = pool.node.runtime
    settings = replace(runtime.settings, base_url=f"http://127.0.0.1:{port}")
    runtime = replace(runtime, settings=settings, rates=Rates(_UNLIMITED))
    now, login = runtime.clock.now(), f"bench-{new_id()}".lower().replace("_", "-")
    granted = permissions_of(frozenset({Role.ANALYST}))
    with runtime.database.write() as tx:
        account, _ = create_account(
            tx, runtime.vault, login=login, display_name="Nobody", roles=frozenset({Role.ANALYST}), now=now
        )
        principal = Principal(account.id, login, "Nobody", account.roles, granted, session=None, csrf_token=None)
        token = issue_token(tx, runtime.vault, principal, name="bench", permissions=granted, days=_DAYS, now=now).token
        session = begin_session(tx, account, now=now, session_seconds=86_400).token
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    cookies = {session_cookie(secure=settings.secure_cookies): session}
    headers = {"Authorization": f"Bearer {token}"}
    with (
        serving(app.application(runtime), port),
        httpx2.Client(base_url=settings.base_url, cookies=cookies, headers=headers, timeout=60) as client,
    ):
        yield client
