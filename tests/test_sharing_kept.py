"""What nobody in particular was told may be told again for a moment: never what is hidden, and never to whom it may mislead."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from execution import Answer
from tests.door import TryHub, client_of
from transport import DoorSettings, GraphQLDoor, graphql_app
from transport.door import News
from transport.operations import told
from transport.operations.sharing import SharedAnswers
from transport.operations.told import Told

HELLO = {"query": "{ hello }"}


@asynccontextmanager
async def door(hub: TryHub, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(hub, DoorSettings(**{"answer_seconds": 60.0, **settings}))) as client:
        yield client


def client_at(app: GraphQLDoor, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://hub")


async def ask(client: httpx.AsyncClient, asked: dict[str, Any] = HELLO, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await client.post("/graphql", json=asked, headers=named)).json()


class TestAtTheDoor:
    async def test_it_is_executed_once_and_each_is_charged(self) -> None:
        hub = TryHub()
        async with door(hub, cost_per_second=0.001) as client:
            asked = {"query": "{ reports(first: 3) { id } }"}
            first, again = await ask(client, asked), await ask(client, asked)
            assert len(hub.infos) == 1
            assert again["data"] == first["data"]
            left = [each["extensions"]["cost"]["throttle"]["available"] for each in (first, again)]
            assert left[0] - left[1] == first["extensions"]["cost"]["actual"] > 0

    @pytest.mark.parametrize(
        "headers",
        [{"authorization": "Bearer sari"}, {"simpul_api_key": "key"}, {"simpul_follow_token": "mine"}],
    )
    async def test_who_shows_anything_is_told_what_is(self, headers: dict[str, str]) -> None:
        hub = TryHub()
        async with door(hub) as client:
            for _ in range(2):
                await ask(client)
                await ask(client, **headers)
            assert len(hub.infos) == 3

    async def test_an_answer_with_errors_is_not_told_again(self) -> None:
        hub = TryHub()
        async with door(hub) as client:
            for _ in range(2):
                assert (await ask(client, {"query": "{ hello mistake }"}))["errors"]
            assert len(hub.infos) == 2

    async def test_off_it_is_executed_each_time(self) -> None:
        hub = TryHub()
        async with door(hub, answer_seconds=0) as client:
            await ask(client)
            await ask(client)
            assert len(hub.infos) == 2

    async def test_hiding_empties_it(self) -> None:
        hub, hidden = TryHub(), 0
        hub.news = News(hidden=lambda: hidden)
        async with door(hub) as client:
            await ask(client)
            hidden = 1
            await ask(client)
            await ask(client)
            assert len(hub.infos) == 2

    @pytest.mark.parametrize("harmless", [True, False])
    async def test_so_does_a_mutation_that_may_hide_and_its_own_client_reads_anew_after_any(
        self, harmless: bool
    ) -> None:
        hub = TryHub()
        hub.news = News(harmless=frozenset({"slowly"}) if harmless else frozenset())
        hub.go_on.set()
        app = graphql_app(hub, DoorSettings(answer_seconds=60))
        async with client_at(app, "10.0.0.1") as here, client_at(app, "10.0.0.2") as there:
            await ask(here)
            await ask(here, {"query": "mutation { slowly }"})
            hub.infos.clear()
            await ask(there)
            assert len(hub.infos) == (0 if harmless else 1)
            await ask(here)
            assert len(hub.infos) == 1

    async def test_tags_and_304_are_of_the_answer_that_was_kept(self) -> None:
        hub = TryHub()
        async with door(hub) as client:
            first = await client.get("/graphql", params=HELLO)
            again = await client.get("/graphql", params=HELLO, headers={"if-none-match": first.headers["etag"]})
            assert (again.status_code, len(hub.infos)) == (304, 1)

    async def test_it_is_compressed_once_in_each_coding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        begun: list[str] = []
        begin = told.begin

        def noted(front: bytes, coding: str) -> Any:
            begun.append(coding)
            return begin(front, coding)

        monkeypatch.setattr(told, "begin", noted)
        async with door(TryHub()) as client:
            asked = {"query": "{ reports(first: 200) { id area { name } } }"}
            for coding in ("gzip", "br", "zstd", "gzip", "br", "zstd"):
                headers = {"accept-encoding": coding}
                async with client.stream("POST", "/graphql", json=asked, headers=headers) as answer:
                    body = b"".join([piece async for piece in answer.aiter_raw()])
                assert answer.headers["content-encoding"] == coding
                if coding == "gzip":
                    assert len(json.loads(gzip.decompress(body))["data"]["reports"]) == 200
        assert begun == ["gzip", "br", "zstd"]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """Answers by name, and how often each was executed."""

    def __init__(self, **bounds: Any) -> None:
        self.clock, self.hidden = Clock(), 0
        self.shared = SharedAnswers(News(hidden=lambda: self.hidden), 1.0, clock=self.clock, **bounds)
        self.executed: list[str] = []

    async def ask(
        self, name: str, *, since: float = -1.0, takes: float = 0.0, size: int = 10, hides: bool = False
    ) -> Told:
        async def execute() -> Answer:
            self.executed.append(name)
            self.clock.now += takes
            self.hidden += hides
            return Answer({"name": name, "padding": "x" * size})

        return self.shared.kept(name, since=since) or await self.shared.execute(name, execute, keep=True)


class TestKeeping:
    async def test_for_so_long_and_no_longer(self) -> None:
        kept = Kept()
        await kept.ask("a")
        kept.clock.now = 0.99
        await kept.ask("a")
        kept.clock.now = 1.0
        await kept.ask("a")
        assert kept.executed == ["a", "a"]

    async def test_counted_from_when_its_reading_began(self) -> None:
        kept = Kept()
        await kept.ask("a", takes=0.9)
        kept.clock.now = 1.0
        await kept.ask("a")
        assert kept.executed == ["a", "a"]

    async def test_what_takes_longer_than_it_would_be_kept_is_not(self) -> None:
        kept = Kept()
        await kept.ask("a", takes=5)
        assert len(kept.shared) == 0

    async def test_nothing_counts_that_was_read_before_a_change_of_its_client(self) -> None:
        kept = Kept()
        await kept.ask("a")
        kept.clock.now = 0.5
        await kept.ask("a", since=0.2)
        await kept.ask("a", since=0.2)
        assert kept.executed == ["a", "a"]

    async def test_what_was_read_while_something_was_hidden_is_not_kept(self) -> None:
        kept = Kept()
        await kept.ask("a", hides=True)
        await kept.ask("a")
        assert kept.executed == ["a", "a"]

    async def test_bounded_in_number(self) -> None:
        kept = Kept(count=3)
        for name in "abcde":
            await kept.ask(name)
        assert len(kept.shared) == 3
        await kept.ask("e")
        await kept.ask("a")
        assert kept.executed == [*"abcde", "a"]

    async def test_bounded_in_bytes(self) -> None:
        kept = Kept(size=400_000)
        for number in range(30):
            await kept.ask(str(number), size=10_000)
            assert kept.shared.size <= 400_000
        assert 2 <= len(kept.shared) <= 5
        await kept.ask("huge", size=60_000)
        assert kept.shared.size <= 400_000
        kept.hidden += 1
        await kept.ask("small")
        assert len(kept.shared) == 1 and kept.shared.size < 800

    async def test_what_is_out_of_date_goes_when_something_else_comes(self) -> None:
        kept = Kept()
        for name in "abc":
            await kept.ask(name)
        kept.clock.now = 2.0
        await kept.ask("d")
        assert len(kept.shared) == 1

    async def test_what_is_out_of_date_goes_when_something_is_asked_for(self) -> None:
        kept = Kept()
        for name in "abc":
            await kept.ask(name)
        kept.clock.now = 2.0
        assert kept.shared.kept("d", since=0.0) is None
        assert len(kept.shared) == 0


async def test_a_long_answer_is_compressed_once_for_those_who_wait_for_it() -> None:
    long = Told(Answer({"text": "banjir " * 20_000}))
    bodies = await asyncio.gather(*(long.body(end, "gzip") for end in (b"}", b',"a":1}')))
    assert [json.loads(gzip.decompress(body)).get("a") for body in bodies] == [None, 1]
    assert len(long._beginning) == 1
