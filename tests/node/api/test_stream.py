"""The live stream: what it sends, how it is taken up again, how it ends, and that it keeps nobody waiting."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import httpx2
import msgspec
import pytest

from node.accounts.tokens import authenticate_token, list_tokens, revoke_token
from node.api.authentication import Caller
from node.api.v1.stream import events
from node.domain.accounts import Permission, Role
from node.domain.queries import NO_FILTER, StatementFilter
from node.insight.query import cursor
from protocol.statements import Timestamp
from tests.federation.support import free_port, serving
from tests.node import statements as make
from tests.node.api.support import Api, api_of, application, token_of
from tests.node.insight.support import pools_of

STREAMS = 20


def caller_of(api: Api) -> Caller:
    runtime = api.pool.node.runtime
    with runtime.database.read() as tx:
        holder = authenticate_token(tx, runtime.vault, api.token, runtime.clock.now())
    assert holder is not None
    return Caller(runtime, holder.principal, runtime.clock.now(), api.token, holder.token.expires)


def told(
    caller: Caller, after: str, seconds: float, wanted: StatementFilter = NO_FILTER, heartbeat: float = 9.0
) -> list[dict[str, str]]:
    """The events of a stream that is open for so long."""

    async def listen() -> bytes:
        stream = events(caller, wanted, after, anyio.CapacityLimiter(2), seconds=seconds, heartbeat=heartbeat)
        return b"".join([piece async for piece in stream])

    found = []
    for block in anyio.run(listen).decode().split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        found.append({name: value for name, _, value in lines} | ({"comment": ""} if "\n:" in block else {}))
    return [each for each in found if "event" in each or "comment" in each]


def test_a_stream_sends_what_there_is_and_is_taken_up_where_it_ended(api: Api) -> None:
    pool = api.pool
    first = pool.find(1)
    second = pool.find(2, make.finding_body(make.OTHER_SUBJECT))
    pool.say(3, make.response(pool.circle, pool.contributor(1), first))
    caller = caller_of(api)
    all_of_it = told(caller, cursor(0), 0.1)
    assert [each["event"] for each in all_of_it] == ["finding", "finding", "response", "end"]
    assert msgspec.json.decode(all_of_it[1]["data"])["provenance"]["id"] == second
    assert msgspec.json.decode(all_of_it[-1]["data"]) == {"reason": "time"}
    rest = told(caller, all_of_it[0]["id"], 0.1)
    assert rest == all_of_it[1:]
    some = told(caller, cursor(0), 0.1, StatementFilter(subjects=(make.OTHER_SUBJECT,)))
    assert [each.get("id") for each in some] == [cursor(2), cursor(3)]
    assert told(caller, cursor(3), 0.1, heartbeat=0.0)[0]["id"] == cursor(3)


def test_a_stream_ends_with_its_token_and_with_the_node(quick_api: Api) -> None:
    caller, runtime = caller_of(quick_api), quick_api.pool.node.runtime
    over = replace(caller, expires=Timestamp(runtime.clock.now()))
    assert told(over, cursor(0), 60)[-1]["data"] == '{"reason":"token-expired"}'
    with runtime.database.write() as tx:
        (token,) = list_tokens(tx, runtime.vault, caller.principal.account)
        revoke_token(tx, caller.principal.account, token.id)
    assert told(caller, cursor(0), 60, heartbeat=0.0)[-1]["data"] == '{"reason":"token-expired"}'
    quick_api.pool.find(1)
    assert [each["event"] for each in told(caller, cursor(0), 60, heartbeat=0.0)] == ["end"]  # also where there is news
    runtime.stopping.set()
    assert told(caller, cursor(0), 60)[-1]["data"] == '{"reason":"stopping"}'


def test_who_may_not_take_away_may_not_listen(quick_api: Api) -> None:
    token = token_of(quick_api.pool.node.runtime, "reader", Role.ANALYST, frozenset({Permission.POOL_READ}))
    assert quick_api.get("/stream", 403, token=token)["code"] == "forbidden"
    assert quick_api.get("/exports/findings.csv", 403, token=token)["code"] == "forbidden"
    assert quick_api.get("/stream", 422, after="nonsense")["code"] == "invalid"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Api, str]]:
    """A real server on loopback."""
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}")
    port = free_port()
    with api_of(pool) as api, serving(application(pool.node.runtime), port):
        yield api, f"http://127.0.0.1:{port}/api/v1"
        pool.node.runtime.stopping.set()
    pool.database.close()


@pytest.mark.enable_socket
def test_twenty_streams_hear_of_one_statement_while_pages_are_answered(served: tuple[Api, str]) -> None:
    api, url = served
    runtime = api.pool.node.runtime
    tokens = [token_of(runtime, f"analyst-{number}", Role.ANALYST) for number in range(STREAMS // 5)]
    heard: list[str] = []
    opened = threading.Barrier(STREAMS + 1)

    def listen(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(timeout=30) as client, client.stream("GET", f"{url}/stream", headers=headers) as answer:
            lines = answer.iter_lines()
            next(lines)
            opened.wait(30)
            heard.append(next(line for line in lines if line.startswith("event: ")))

    threads = [threading.Thread(target=listen, args=(token,)) for token in tokens for _ in range(5)]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join, 30)
        opened.wait(30)
        with httpx2.Client(headers={"Authorization": f"Bearer {api.token}"}) as client:
            assert client.get(f"{url}/stream", headers={"Authorization": f"Bearer {tokens[0]}"}).status_code == 429
            began = time.perf_counter()
            for _ in range(10):
                assert client.get(f"{url}/findings").status_code == 200
            seconds = (time.perf_counter() - began) / 10
        api.pool.find(1)
    assert heard == ["event: finding"] * STREAMS
    assert seconds < 1  # a page waits for no stream
