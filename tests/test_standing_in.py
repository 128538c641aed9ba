"""A process that serves takes who comes to a neighbour that is away, also where it could not at first."""

import asyncio
import logging
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest

from tests.door import Stage
from transport.server import listening
from transport.server.listening import HubServer
from transport.server.ports import take_ports


@asynccontextmanager
async def beside(neighbour: str) -> AsyncIterator[tuple[HubServer, int]]:
    """A server with one neighbour, which nobody serves, and that one's port."""
    own, theirs = (take_ports("127.0.0.1", 0, 1)[0] for _ in range(2))
    stage, ready = Stage(0), asyncio.Event()
    server = HubServer(stage, stage.door, ready=ready.set)
    server.beside({neighbour: theirs}, lambda: None)
    serving = asyncio.create_task(server._serve([own]))
    await ready.wait()
    try:
        yield server, theirs.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@contextmanager
def no_files_left() -> Iterator[None]:
    """The process may open no file more."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


class Told(logging.Handler):
    """Hears the first warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warned: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        if not self.warned.done():
            self.warned.set_result(record.getMessage())


async def test_it_stands_in_once_it_may_open_files_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and tries again: else whoever comes to that neighbour waits until somebody dies once more."""
    monkeypatch.setattr(listening, "STAND_IN_AGAIN_SECONDS", 0.01, raising=False)
    told, transport = Told(), logging.getLogger("simpul.transport")
    transport.addHandler(told)
    try:
        async with asyncio.timeout(20), beside("process 1") as (server, port):
            with no_files_left():
                server.stand_in({"process 1"})
                assert "cannot stand in for process 1" in await told.warned
            async with httpx.AsyncClient() as client:
                answer = None
                while answer is None:
                    try:
                        answer = await client.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ __typename }"})
                    except httpx.ConnectError:
                        await asyncio.sleep(0.01)
            assert answer.json()["data"] == {"__typename": "Query"}
    finally:
        transport.removeHandler(told)
