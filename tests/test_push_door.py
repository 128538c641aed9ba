"""The way in for systems that push: what is too much, or never comes, reaches no connector."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from starlette.applications import Starlette

from transport.push import PushOutcome, push_routes
from transport.settings.door_limits import DoorSettings

SETTINGS = DoorSettings(body_bytes=50_000, body_seconds=0.3)


@pytest.fixture
def pushed() -> list[bytes]:
    return []


@pytest.fixture
async def client(pushed: list[bytes]) -> AsyncIterator[httpx.AsyncClient]:
    async def receive(body: bytes, headers: Mapping[str, str]) -> PushOutcome:
        pushed.append(body)
        return PushOutcome(200, {"created": True})

    transport = httpx.ASGITransport(Starlette(routes=push_routes({"qlue": receive}, SETTINGS)))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client


async def test_what_comes_in_pieces_is_handed_on_whole(client: httpx.AsyncClient, pushed: list[bytes]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"x"

    assert (await client.post("/push/qlue", content=pieces())).json() == {"created": True}
    assert pushed == [b"x" * 1_000]


async def test_too_much_is_413(client: httpx.AsyncClient, pushed: list[bytes]) -> None:
    answer = await client.post("/push/qlue", content=b" " * 50_001)
    assert answer.status_code == 413
    assert "50000 bytes" in answer.json()["message"]
    assert pushed == []


async def test_what_never_comes_is_408(client: httpx.AsyncClient, pushed: list[bytes]) -> None:
    async def stopping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await client.post("/push/qlue", content=stopping())
    assert answer.status_code == 408
    assert pushed == []


async def test_a_source_that_takes_no_pushes_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.post("/push/lapor", content=b"{}")).status_code == 404
    assert (await client.get("/push/qlue")).status_code == 405
