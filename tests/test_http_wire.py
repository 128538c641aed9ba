"""HTTP byte by byte, as clients that are slow, odd or wrong send it: each gets an answer it can read, none hangs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.door import Stage, served
from transport import DoorSettings
from transport.http import request
from transport.server import lingering

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = b'{"query": "{ hello }"}'
LIMIT = 20_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with served(DoorSettings(body_bytes=LIMIT, body_seconds=0.3)) as stage:
        yield stage


class Wire:
    """A connection of bare TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self, *, to_head: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Read one answer whole."""
        async with asyncio.timeout(10):
            status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            length = 0 if to_head else int(headers.get("content-length", 0))
            return int(status.split()[1]), headers, await self.reader.readexactly(length)

    async def closed(self) -> bool:
        """Wait until the hub closes the connection, having said nothing more."""
        async with asyncio.timeout(10):
            return await self.reader.read() == b""


@asynccontextmanager
async def wire(stage: Stage) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def head(*lines: str, method: str = "POST", path: str = "/graphql") -> bytes:
    every = [f"{method} {path} HTTP/1.1", "Host: hub", *lines, "", ""]
    return "\r\n".join(every).encode()


JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
NEW = "Accept: application/graphql-response+json"


async def test_chunks_of_one_byte_are_read(stage: Stage) -> None:
    async with wire(stage) as client:
        chunks = [b"1\r\n%c\r\n" % byte for byte in HELLO]
        await client.send(head(JSON, CHUNKED), *chunks, b"0\r\n\r\n")
        status, _, body = await client.answer()
    assert (status, json.loads(body)["data"]) == (200, {"hello": "Halo, Jakarta!"})


async def test_head_says_how_long_the_body_would_be_and_sends_none(stage: Stage) -> None:
    async with wire(stage) as client:
        asked = "/graphql?query=%7B%20hello%20%7D"
        await client.send(head(method="HEAD", path=asked))
        status, headers, _ = await client.answer(to_head=True)
        await client.send(head(method="GET", path=asked))
        again, same, body = await client.answer()
    assert (status, again) == (200, 200)
    assert headers["content-length"] == same["content-length"] == str(len(body))


class TestExpectContinue:
    async def test_who_asks_first_is_told_to_go_on(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, f"Content-Length: {len(HELLO)}", "Expect: 100-continue"))
            assert (await client.answer())[0] == 100
            await client.send(HELLO)
            assert (await client.answer())[0] == 200

    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            ([JSON, f"Content-Length: {LIMIT + 1}"], 413),
            (["Content-Type: text/plain", "Content-Length: 10"], 415),
            ([JSON, "Content-Length: 10", "Accept: image/png"], 406),
            ([JSON, "Content-Length: 10", "Authorization: Basic x"], 401),
        ],
    )
    async def test_who_will_be_refused_is_spared_the_sending(self, stage: Stage, lines: list[str], status: int) -> None:
        async with wire(stage) as client:
            await client.send(head(*lines, "Expect: 100-continue"))
            assert (await client.answer())[0] == status


class TestTooMuch:
    @pytest.mark.parametrize("framing", [f"Content-Length: {30 * LIMIT}", CHUNKED])
    async def test_who_sends_it_all_the_same_can_read_the_answer_and_go_on(self, stage: Stage, framing: str) -> None:
        piece = b" " * LIMIT
        pieces = [b"%x\r\n%b\r\n" % (LIMIT, piece) if framing == CHUNKED else piece] * 30
        async with wire(stage) as client:
            await client.send(head(JSON, framing, NEW), *pieces, b"0\r\n\r\n" if framing == CHUNKED else b"")
            status, _, body = await client.answer()
            assert status == 413
            extensions = json.loads(body)["errors"][0]["extensions"]
            assert extensions["limited"] == "body_bytes"
            assert extensions["limit"] == LIMIT < extensions["value"]
            await client.send(head(JSON, f"Content-Length: {len(HELLO)}"), HELLO)
            assert (await client.answer())[0] == 200

    async def test_it_is_answered_while_it_is_still_being_sent(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, f"Content-Length: {30 * LIMIT}"), b" " * LIMIT)
            assert (await client.answer())[0] == 413

    @pytest.mark.parametrize("version", ["1.1", "1.0"])
    async def test_who_wants_the_connection_closed_can_read_the_answer_too(self, stage: Stage, version: str) -> None:
        size = 30 * LIMIT
        begun = head(JSON, f"Content-Length: {size}", "Connection: close").replace(
            b"HTTP/1.1", f"HTTP/{version}".encode()
        )
        async with wire(stage) as client:
            await client.send(begun, b" " * (size // 2))
            await client.reader.readexactly(1)  # it is answered
            await client.send(b" " * (size // 2))  # after which a closed connection would be reset
            async with asyncio.timeout(10):
                answer = b"H" + await client.reader.read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.endswith(b"}]}")

    async def test_what_never_ends_is_cut_off(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lingering, "LINGER_BYTES", 10 * LIMIT)
        sent = 0
        async with wire(stage) as client:
            await client.send(head(JSON, CHUNKED))
            with pytest.raises(ConnectionError):
                while sent < 10_000:
                    await client.send(b"%x\r\n%b\r\n" % (LIMIT, b" " * LIMIT))
                    sent += 1
        assert sent < 10_000

    async def test_who_stops_in_the_middle_is_not_waited_for(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.1)
        async with wire(stage) as client:
            await client.send(head("Content-Type: text/plain", "Content-Length: 10"), b"x")
            assert (await client.answer())[0] == 415
            await client.send(b"x")  # which stops the clock of idle connections
            assert await client.closed()


class TestLengthsThatLie:
    async def test_less_than_announced_is_given_up_with_408(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, "Content-Length: 500", NEW), HELLO)
            status, headers, body = await client.answer()
            assert (status, headers["connection"]) == (408, "close")
            extensions = json.loads(body)["errors"][0]["extensions"]
            assert (extensions["limited"], extensions["limit"], extensions["value"]) == ("body_seconds", 0.3, 0.3)
            assert await client.closed()

    async def test_a_body_that_drips_is_given_up_too(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(request, "_PATIENCE", 2)

        async def drip(client: Wire) -> None:
            while True:
                await client.send(b" ")
                await asyncio.sleep(0.1)

        async with wire(stage) as client:
            await client.send(head(JSON, "Content-Length: 19000"))
            dripping = asyncio.create_task(drip(client))
            assert (await client.answer())[0] == 408
            dripping.cancel()

    async def test_who_leaves_in_the_middle_leaves_nothing_behind(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, "Content-Length: 500"), HELLO)
        async with wire(stage) as client:
            await client.send(head(JSON, f"Content-Length: {len(HELLO)}"), HELLO)
            assert (await client.answer())[0] == 200

    async def test_more_than_announced_is_no_second_request(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, f"Content-Length: {len(HELLO)}"), HELLO + b" and more\r\n\r\n")
            assert (await client.answer())[0] == 200  # that of the request that is there, and no other's
            assert await client.closed()

    @pytest.mark.parametrize(
        "lines",
        [
            ["Content-Length: 22", CHUNKED],
            ["Content-Length: 22", "Content-Length: 23"],
            ["Content-Length: -1"],
            ["Content-Length: 0x16"],
            ["Content-Length: 1e1"],
            ["Transfer-Encoding: chunked, identity"],
        ],
    )
    async def test_what_two_servers_might_read_in_two_ways_is_refused(self, stage: Stage, lines: list[str]) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, *lines), HELLO)
            assert (await client.answer())[0] == 400
            assert await client.closed()


class TestHost:
    @pytest.mark.parametrize(
        ("version", "hosts"), [(b"1.1", b""), (b"1.1", b"Host: a\r\nhost: b\r\n"), (b"1.0", b"Host: a\r\nHost: a\r\n")]
    )
    async def test_none_or_two_is_400_and_says_why(self, stage: Stage, version: bytes, hosts: bytes) -> None:
        async with wire(stage) as client:
            await client.send(b"GET /graphql?query={hello} HTTP/" + version + b"\r\n" + hosts + b"\r\n")
            status, _, body = await client.answer()
            assert (status, b"Host" in body) == (400, True)
            assert await client.closed()

    async def test_http_1_0_needs_none(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(b"GET /graphql?query={hello} HTTP/1.0\r\n\r\n")
            assert (await client.answer())[0] == 200

    async def test_what_was_asked_before_is_answered(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(method="GET", path="/graphql?query={hello}") + b"GET / HTTP/1.1\r\n\r\n")
            assert (await client.answer())[0] == 200
            assert await client.closed()


class TestOldHttp:
    @pytest.mark.parametrize("query", ["subscription { count(to: 2) }", "{ hello }"])
    async def test_an_event_stream_has_no_chunks_and_ends_with_its_connection(self, stage: Stage, query: str) -> None:
        asked = json.dumps({"query": query}).encode()
        sent = head(JSON, "Accept: text/event-stream", "Connection: keep-alive", f"Content-Length: {len(asked)}")
        async with wire(stage) as client:
            await client.send(sent.replace(b"HTTP/1.1", b"HTTP/1.0"), asked)
            async with asyncio.timeout(10):
                told, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in told.lower()
        assert b"\r\nconnection: close" in told.lower()
        assert body.startswith((b":\n\n", b"event: next\n", b"id: "))
        assert b"\nevent: next\ndata: {" in b"\n" + body
        assert body.endswith(b"event: complete\ndata:\n\n")
        assert b"\r" not in body

    async def test_an_answer_of_known_length_says_it(self, stage: Stage) -> None:
        async with wire(stage) as client:
            await client.send(head(JSON, f"Content-Length: {len(HELLO)}").replace(b"HTTP/1.1", b"HTTP/1.0"), HELLO)
            status, _, body = await client.answer()
            assert (status, json.loads(body)["data"]) == (200, {"hello": "Halo, Jakarta!"})
            assert await client.closed()


async def test_requests_sent_at_once_are_answered_in_order(stage: Stage) -> None:
    async with wire(stage) as client:
        for name in ("a", "b", "c"):
            await client.send(head(method="GET", path=f"/graphql?query=%7Bhello(name%3A%22{name}%22)%7D"))
        told = [json.loads((await client.answer())[2])["data"]["hello"] for _ in range(3)]
    assert told == ["Halo, a!", "Halo, b!", "Halo, c!"]
