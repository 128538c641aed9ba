"""What lies below GraphQL's messages: WebSocket frames and handshakes, right and wrong, byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.door import Stage, served
from tests.raw_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawClient, frame, raw_client
from transport import DoorSettings
from transport.server.bounded_websocket import MOST_FRAGMENTS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(30)]

MOST = 10_000
HELLO = b'{"type":"subscribe","id":"1","payload":{"query":"{ hello }"}}'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server() -> AsyncIterator[Stage]:
    async with served(DoorSettings(body_bytes=MOST, head_seconds=0.5, head_bytes=20_000)) as stage:
        yield stage


@pytest.fixture
def stage(server: Stage) -> Stage:
    return server.renew(DoorSettings(body_bytes=MOST))


@pytest_asyncio.fixture(loop_scope="module")
async def client(stage: Stage) -> AsyncIterator[RawClient]:
    async with raw_client(stage.port) as client:
        await client.init()
        yield client


async def answers(client: RawClient) -> bool:
    """Whether the socket still serves."""
    await client.message(HELLO)
    opcode, payload = await client.frame()
    return opcode == TEXT and json.loads(payload)["payload"]["data"] == {"hello": "Halo, Jakarta!"}


class TestFragments:
    async def test_a_message_in_pieces_with_pings_between_is_one_message(self, client: RawClient) -> None:
        await client.message(HELLO[:10], TEXT, fin=False)
        await client.message(b"x", PING)
        for at in range(10, len(HELLO)):
            await client.message(HELLO[at : at + 1], CONTINUATION, fin=at == len(HELLO) - 1)
        assert await client.frame() == (PONG, b"x")
        assert json.loads((await client.frame())[1])["payload"]["data"] == {"hello": "Halo, Jakarta!"}

    async def test_empty_pieces_without_end_are_1009(self, client: RawClient) -> None:
        """They never become too large, and would fill the memory all the same."""
        await client.message(b"{", TEXT, fin=False)
        for _ in range(20):
            await client.write(frame(b"", CONTINUATION, fin=False) * (MOST_FRAGMENTS // 10))
        assert await client.closing() == (1009, f"A message in more than {MOST_FRAGMENTS} fragments")

    async def test_pieces_that_are_too_large_together_are_1009(self, client: RawClient) -> None:
        await client.message(b"x" * (MOST - 1), TEXT, fin=False)
        await client.message(b"xx", CONTINUATION)
        code, reason = await client.closing()
        assert code == 1009
        assert str(MOST) in reason


class TestWrongFrames:
    async def test_too_large_a_message_is_1009_that_reaches_who_still_sends(self, client: RawClient) -> None:
        await client.message(b'"' + b"x" * 3_000_000)
        code, reason = await client.closing()
        assert code == 1009
        assert str(MOST) in reason

    async def test_as_large_as_it_may_be_is_taken(self, client: RawClient) -> None:
        await client.message(b'{"type":"ping","payload":{"x":"' + b"x" * (MOST - 34) + b'"}}')
        assert (await client.frame())[1].startswith(b'{"type":"pong"')

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            (frame(HELLO, masked=False), 1002),
            (frame(HELLO, reserved=True), 1002),
            (frame(HELLO, opcode=3), 1002),
            (frame(HELLO, opcode=11), 1002),
            (frame(b"x" * 126, PING), 1002),
            (frame(b"", PING, fin=False), 1002),
            (frame(b"x", CONTINUATION), 1002),
            (frame(b"{", fin=False) + frame(HELLO), 1002),
            (frame(b"\x03", CLOSE), 1002),
            (frame(b"\x00\x00", CLOSE), 1002),
            (frame(b'"\xff\xfe"'), 1007),
            (frame(HELLO, BINARY), 4400),
        ],
        ids=[
            "unmasked",
            "reserved bit",
            "opcode 3",
            "opcode 11",
            "long ping",
            "ping in pieces",
            "continuation of nothing",
            "message within a message",
            "close of one byte",
            "close code 0",
            "not UTF-8",
            "binary",
        ],
    )
    async def test_each_is_closed_with_its_code_and_leaves_no_stack_in_the_log(
        self, client: RawClient, wrong: bytes, code: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        await client.write(wrong)
        assert (await client.closing())[0] == code
        assert await client.rest() == b""
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    async def test_an_unasked_pong_and_a_flood_of_pings_are_borne(self, client: RawClient) -> None:
        await client.message(b"never asked", PONG)
        await client.write(frame(b"p", PING) * 500)
        assert [await client.frame() for _ in range(500)] == [(PONG, b"p")] * 500
        assert await answers(client)

    async def test_a_flood_of_graphql_pings_is_answered_one_by_one(self, client: RawClient) -> None:
        await client.write(frame(b'{"type":"ping"}') * 500)
        assert {await client.frame() for _ in range(500)} == {(TEXT, b'{"type":"pong"}')}
        assert await answers(client)

    async def test_the_next_client_notices_nothing_of_all_this(self, client: RawClient) -> None:
        assert await answers(client)


class TestHandshakes:
    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (["X-Long: " + "x" * 10_000], b" 431 "),
            ([f"X-{n}: x" for n in range(200)], b" 431 "),
            (["X-Long: " + "x" * 30_000], b" 431 "),
        ],
        ids=["long line", "many lines", "longer than any head may be"],
    )
    async def test_one_that_cannot_be_read_is_answered_and_ended(
        self, stage: Stage, lines: list[str], status: bytes
    ) -> None:
        async with raw_client(stage.port) as client:
            head = await client.upgrade(*lines)
            assert status in head.splitlines()[0], head
            await client.rest()

    async def test_the_path_alone_is_a_websocket(self, stage: Stage) -> None:
        async with raw_client(stage.port) as client:
            await client.request("GET /graphql HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade")
            assert b" 400 " in (await client.rest()).splitlines()[0]


class TestHeads:
    async def test_one_that_never_ends_is_408(self, stage: Stage) -> None:
        async with raw_client(stage.port) as client:
            await client.write(b"POST /graphql HTTP/1.1\r\nHost: hub\r\nX-Slow: ")
            answer = await client.rest()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"0.5 seconds" in answer

    async def test_who_says_nothing_is_cut_off(self, stage: Stage) -> None:
        async with raw_client(stage.port) as client:
            assert await client.rest() == b""

    @pytest.mark.parametrize("begin", [b"GET /", b"GET / HTTP/1.1\r\nX-Long: ", b"GET / HTTP/1.1\r\n"])
    async def test_one_that_grows_is_431_before_it_is_there(self, stage: Stage, begin: bytes) -> None:
        more = b"X-More: more\r\n" if begin.endswith(b"\n") else b"x"
        async with raw_client(stage.port) as client:
            await client.write(begin)
            answer = asyncio.create_task(client.rest())
            sent = 0
            while not answer.done() and sent < 3_000_000:
                try:
                    await client.write(more * (4_096 // len(more)))
                except ConnectionError:
                    break
                sent += 4_096
                await asyncio.sleep(0)
            assert (await answer).startswith(b"HTTP/1.1 431 ")
            assert b"20000 bytes" in await answer
            assert sent < 3_000_000

    async def test_a_long_body_is_no_long_head(self, stage: Stage) -> None:
        body = json.dumps({"query": "{ hello }" + " " * 9_000}).encode()
        async with raw_client(stage.port) as client:
            for _ in range(5):
                await client.request("POST /graphql HTTP/1.1\r\nContent-Type: application/json", body)
                assert b"Halo" in await client.read_until(b"}}")
