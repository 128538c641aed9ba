"""A client that does not read costs bounded memory, and holds up nobody else. On asyncio's loop and on uvloop."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import uvloop

from tests.door import Stage, served, socket_to
from tests.raw_client import PING, RawClient, raw_client
from transport.server import bounded_websocket

SIZE = 16_000
MOST_IN_FLIGHT = 6_000_000 // SIZE
"""Kernel buffers of the loopback may take some megabytes; the hub itself may hold 64 KB and a few events."""
MANY = 3 * MOST_IN_FLIGHT

Test = Callable[[], Awaitable[None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Test], None]:
    def run_on_loop(test: Test) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(_in_time(test))

    return run_on_loop


async def _in_time(test: Test) -> None:
    async with asyncio.timeout(20):
        await test()


async def subscribe_and_read_nothing(client: RawClient) -> None:
    await client.init()
    await client.subscribe(f"subscription {{ flood(size: {SIZE}) }}")


async def read_along(stage: Stage, events: int) -> None:
    """Read `events` of the same kind on a socket of one's own, which takes as long as it takes."""
    async with socket_to(stage, max_queue=4) as reader:
        await reader.init()
        await reader.subscribe("1", f"subscription {{ flood(size: {SIZE}) }}")
        for _ in range(events):
            await reader.receive()


def test_a_socket_that_is_not_read_stops_its_source_and_nobody_else(run: Callable[[Test], None]) -> None:
    async def test() -> None:
        async with served() as stage, raw_client(stage.port) as idler:
            await subscribe_and_read_nothing(idler)
            await read_along(stage, MANY)
            assert 0 < stage.hub.sources[0].handed_out < MOST_IN_FLIGHT

    run(test)


def test_it_goes_on_without_a_gap_when_it_reads_again(run: Callable[[Test], None]) -> None:
    async def test() -> None:
        async with served() as stage, raw_client(stage.port) as idler:
            await subscribe_and_read_nothing(idler)
            await read_along(stage, MANY)
            stopped_at = stage.hub.sources[0].handed_out
            data = b""
            for number in range(1, stopped_at + 10):
                marker = f'{{"flood":"{number:08}'.encode()
                while marker not in data:
                    data += await idler.read()
                data = data[data.index(marker) :]

    run(test)


def test_pings_without_reading_the_pongs_are_bounded_too(
    run: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    owed: list[bounded_websocket.BoundedWebSocket] = []
    made = bounded_websocket.BoundedWebSocket.connection_made
    monkeypatch.setattr(
        bounded_websocket.BoundedWebSocket,
        "connection_made",
        lambda self, transport: (owed.append(self), made(self, transport))[1],
    )

    async def test() -> None:
        async with served() as stage, raw_client(stage.port) as idler:
            await subscribe_and_read_nothing(idler)
            await read_along(stage, MANY)
            buffered = owed[0].transport.get_write_buffer_size()
            for _ in range(3_000):
                await idler.message(b"x" * 100, opcode=PING)
            await read_along(stage, 10)
            assert owed[0].transport.get_write_buffer_size() <= buffered + 1_000

    run(test)


def test_a_stopping_hub_does_not_wait_for_who_does_not_read(
    run: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transport.sockets.graphql_ws._CLOSING_SECONDS", 0.05)
    monkeypatch.setattr(bounded_websocket, "DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(bounded_websocket, "ANSWER_SECONDS", 0.05)

    async def test() -> None:
        async with AsyncExitStack() as outlasting:
            async with served() as stage:
                idler = await outlasting.enter_async_context(raw_client(stage.port))
                await subscribe_and_read_nothing(idler)
                await read_along(stage, MANY)
            assert stage.hub.sources[0].closed.is_set()

    run(test)


def test_a_stopping_hub_hears_out_a_client_that_still_sends(
    run: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would see a broken connection, and might never read why it was closed."""
    monkeypatch.setattr(bounded_websocket, "ANSWER_SECONDS", 60)
    shutdown = bounded_websocket.BoundedWebSocket.shutdown

    async def test() -> None:
        stopping = asyncio.Event()
        monkeypatch.setattr(
            bounded_websocket.BoundedWebSocket, "shutdown", lambda self: (shutdown(self), stopping.set())
        )

        async def still_sends(client: RawClient) -> bytes:
            await stopping.wait()
            for _ in range(3):
                await client.message(b'{"type": "pong"}')
            assert await client.closing() == (1012, "The hub is stopping")
            return await client.read()

        async with AsyncExitStack() as outlasting:
            async with served() as stage:
                client = await outlasting.enter_async_context(raw_client(stage.port))
                await client.init()
                sending = asyncio.create_task(still_sends(client))
            assert await sending == b""

    run(test)


async def listen_and_read_no_more(client: RawClient) -> None:
    body = json.dumps({"query": f"subscription {{ flood(size: {SIZE}) }}"}).encode()
    await client.write(
        b"POST /graphql HTTP/1.1\r\nHost: hub\r\nAccept: text/event-stream\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    await client.read_until(b"event: next")


def test_an_event_stream_that_is_not_read_stops_its_source_too(run: Callable[[Test], None]) -> None:
    async def test() -> None:
        async with served() as stage, raw_client(stage.port) as idler:
            await listen_and_read_no_more(idler)
            await read_along(stage, MANY)
            assert stage.hub.sources[0].handed_out < MOST_IN_FLIGHT

    run(test)


def test_nor_does_a_stopping_hub_wait_for_it_longer_than_for_any_request(
    run: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transport.http.graphql_sse._CLOSING_SECONDS", 0.05)

    async def test() -> None:
        async with AsyncExitStack() as outlasting:
            async with served(timeout_graceful_shutdown=1) as stage:
                idler = await outlasting.enter_async_context(raw_client(stage.port))
                await listen_and_read_no_more(idler)
                await read_along(stage, MANY)
            assert stage.hub.sources[0].closed.is_set()

    run(test)


def test_what_comes_while_a_full_socket_is_being_closed_is_not_done(run: Callable[[Test], None]) -> None:
    """Whose token was revoked could else still act, for as long as he does not read that he was."""

    async def test() -> None:
        async with served() as stage, raw_client(stage.port) as client:
            await client.upgrade("Authorization: Bearer somebody")
            await client.message(b'{"type": "connection_init"}')
            await client.frame()
            await client.subscribe(f"subscription {{ flood(size: {SIZE}) }}")
            (held,) = stage.door._sockets._open
            while held._line.writable.is_set():  # noqa: ASYNC110  nothing is told when a socket is full
                await asyncio.sleep(0.01)
            stage.hub.revoked.set()
            while not held._closed:  # noqa: ASYNC110  the client cannot know
                await asyncio.sleep(0.01)
            acting = {"type": "subscribe", "id": "2", "payload": {"query": "mutation { slowly }"}}
            await client.message(json.dumps(acting).encode())
            while len(stage.door._sockets):  # noqa: ASYNC110  nothing is told when a socket is gone
                await asyncio.sleep(0.01)
            assert not stage.hub.slow_entered.is_set()

    run(test)
