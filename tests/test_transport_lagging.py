"""Readers that lag behind: they are told to come back, after so many bytes and so long, and not before."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.door import Stage, served
from tests.raw_client import RawClient, raw_client
from transport import DoorSettings
from transport.server import bounded_websocket
from transport.server.ports import take_port

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

SIZE = 16_000
FLOOD = f"subscription {{ flood(size: {SIZE}) }}"
LAGGING = DoorSettings(lag_seconds=0.3, ping_seconds=60)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server() -> AsyncIterator[Stage]:
    async with served(LAGGING) as stage:
        yield stage


@pytest.fixture
def stage(server: Stage) -> Stage:
    return server.renew(LAGGING)


async def closed(stage: Stage) -> None:
    async with asyncio.timeout(20):
        await stage.hub.sources[0].closed.wait()


def cursor_of(frame: tuple[int, bytes]) -> str:
    cursor: str = json.loads(frame[1])["payload"]["extensions"]["cursor"]
    return cursor


class TestSockets:
    async def test_1013_once_it_reads_on(self, stage: Stage) -> None:
        """All that was written before comes first, each event once; the cursor of the last is where it resumes."""
        async with raw_client(stage.port) as client:
            await client.init()
            await client.subscribe(FLOOD)
            cursors = [cursor_of(await client.frame())]
            await closed(stage)
            async with asyncio.timeout(20):
                while (frame := await client.frame())[0] != 8:
                    cursors.append(cursor_of(frame))
        assert (int.from_bytes(frame[1][:2], "big"), frame[1][2:].decode()) == (1013, bounded_websocket.LAGGING)
        assert cursors == [f"c{number}" for number in range(1, len(cursors) + 1)]
        assert len(cursors) <= stage.hub.sources[0].handed_out

    async def test_who_does_not_read_on_is_cut_off(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounded_websocket, "DRAIN_SECONDS", 0.05)
        async with raw_client(stage.port) as client:
            await client.init()
            await client.subscribe(FLOOD)
            await client.frame()
            await closed(stage)
            async with asyncio.timeout(10):
                while len(stage.door._sockets):  # noqa: ASYNC110  nothing is told when a socket is gone
                    await asyncio.sleep(0.01)

    async def test_the_system_holds_little_for_it_too(self) -> None:
        """On the port as the hub takes it; as Linux would have it, 2.8 MB were written before anybody noticed."""
        async with served(LAGGING, taken=take_port("127.0.0.1", 0)) as stage, raw_client(stage.port) as client:
            await client.init()
            await client.subscribe(FLOOD)
            await client.frame()
            await closed(stage)
            assert stage.hub.sources[0].handed_out * SIZE < 1_000_000

    async def test_nobody_is_closed_who_reads_slowly_but_steadily(self, stage: Stage) -> None:
        for _ in range(5):
            async with raw_client(stage.renew(LAGGING).port) as client:
                await client.init()
                await client.subscribe(FLOOD)
                longest_pause = await read_slowly(client)
                was_closed = stage.hub.sources[0].closed.is_set()
            if longest_pause < LAGGING.lag_seconds:  # else the machine stood still, and it was not steadily
                break
        assert not was_closed


async def read_slowly(client: RawClient) -> float:
    """Reads for more than a second, or to the end; gives the seconds of the longest time without reading."""
    longest, last = 0.0, time.monotonic()
    for _ in range(12):
        await asyncio.sleep(0.1)
        left = 1_000_000
        while left > 0 and (piece := await client.read()):
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            left -= len(piece)
    return longest


class TestAnswersOverHttp:
    async def test_an_event_stream_is_broken_off(self, stage: Stage) -> None:
        body = json.dumps({"query": FLOOD}).encode()
        async with raw_client(stage.port) as client:
            head = "POST /graphql HTTP/1.1\r\nAccept: text/event-stream\r\nContent-Type: application/json"
            await client.request(head, body)
            await client.read_until(b"event: next")
            await closed(stage)
            assert b"event: complete" not in await client.rest()

    async def test_so_is_any_other_answer(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else whoever reads none of a large one would hold its bytes in memory for ever."""
        size = 20_000_000

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"content-length", str(size).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": bytes(size)})

        monkeypatch.setattr(stage, "door", answer)
        async with raw_client(stage.port) as client:
            await client.request("GET / HTTP/1.1")
            await client.read_until(b"\r\n\r\n")
            await asyncio.sleep(0.5)
            assert len(await client.rest()) < size / 2
