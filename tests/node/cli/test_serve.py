"""A server and the work beside it: neither goes on alone."""

import threading

import pytest
import uvicorn
from fastapi import FastAPI

from node.cli.operate import run_beside
from tests.federation.support import free_port


def server() -> uvicorn.Server:
    """A real one, without anything to serve."""
    return uvicorn.Server(uvicorn.Config(FastAPI(), host="127.0.0.1", port=free_port(), log_config=None))


@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_fails_stops_the_server() -> None:
    serving = server()

    def work(_: threading.Event) -> None:
        raise LookupError("what no loop expects")

    assert not run_beside(serving, work)
    assert serving.should_exit


@pytest.mark.enable_socket
def test_a_worker_that_returns_too_early_stops_the_server() -> None:
    assert not run_beside(server(), lambda _: None)


@pytest.mark.enable_socket
def test_a_server_that_stops_lets_its_worker_end() -> None:
    serving = server()
    rounds: list[bool] = []

    def work(stop: threading.Event) -> None:
        while not serving.started:
            stop.wait(0.01)
        serving.should_exit = True
        rounds.append(stop.wait(10))

    assert run_beside(serving, work)
    assert rounds == [True]
