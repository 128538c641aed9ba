"""So many connections may be open in all, and so many of one client: who holds them all keeps nobody else out."""

import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.door import Stage, served, socket_to
from tests.raw_client import RawClient, raw_client
from transport import DoorSettings
from transport.server import connections as connections_module
from transport.server.connections import Connections, raise_open_files

HALF = b"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
WHOLE = b"GET /graphql?query={hello} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A door at which one client has places for three connections."""
    monkeypatch.setattr(connections_module, "OTHERS", 1)
    async with served(DoorSettings(sockets_per_client=1, streams_per_client=1)) as stage:
        yield stage


@asynccontextmanager
async def holding(stage: Stage, count: int) -> AsyncIterator[list[RawClient]]:
    """Requests of one client that never end."""
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(raw_client(stage.port)) for _ in range(count)]
        for each in held:
            await each.write(HALF)
        yield held


async def answer(stage: Stage, address: str = "127.0.0.1") -> bytes:
    """The first line of an answer to a question of its own."""
    async with raw_client(stage.port, from_address=address) as client:
        await client.write(WHOLE)
        return (await client.read_until(b"\r\n")).partition(b"\r\n")[0]


class TestAtTheDoor:
    async def test_who_holds_all_of_his_is_told_and_others_get_in(self, stage: Stage) -> None:
        async with holding(stage, 3):
            assert await answer(stage) == b"HTTP/1.1 429 Too Many Requests"
            assert await answer(stage, "127.0.0.2") == b"HTTP/1.1 200 OK"
        assert await answer(stage) == b"HTTP/1.1 200 OK"

    async def test_a_socket_keeps_its_place_until_it_closes(self, stage: Stage) -> None:
        async with holding(stage, 2):
            async with socket_to(stage) as socket:
                await socket.init()
                assert await answer(stage) == b"HTTP/1.1 429 Too Many Requests"
            assert await answer(stage) == b"HTTP/1.1 200 OK"


class TestBounds:
    def test_all_together_are_fewer_than_the_files_there_are(self) -> None:
        connections = Connections(DoorSettings(), files=1024)
        assert sum(connections.enter(number, f"10.0.{number % 9}.1") for number in range(2_000)) == 768
        connections.leave(3)
        connections.leave(3)
        connections.leave("never in")
        assert (len(connections), connections.enter("one", "10.9.9.9"), connections.enter("two", "10.9.9.9")) == (
            767,
            True,
            False,
        )

    def test_one_client_has_half_of_them_at_most(self) -> None:
        connections = Connections(DoorSettings(), files=1024)
        assert sum(connections.enter(number, f"2001:db8::{number:x}") for number in range(1_000)) == 384
        assert Connections(DoorSettings(), files=1_000_000).most_of_one == 2_500

    def test_a_balancer_that_is_trusted_brings_as_many_as_there_are(self) -> None:
        connections = Connections(DoorSettings(trusted_proxies=("10.0.0.0/8",)), files=1024)
        assert sum(connections.enter(number, "10.1.2.3") for number in range(1_000)) == 768

    def test_the_process_opens_as_many_files_as_it_is_let(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (900, before[1]))
            assert raise_open_files() == before[1]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
