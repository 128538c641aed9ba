"""An operation that takes too long is given up, its client is told, and the store has stopped working on it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from domain.areas import AreaMap
from execution import Engine, Limits, RequestRefused
from schema.root import graphql_schema
from storage.events.appending import read_head
from storage.postgres.store import PostgresStore
from storage.store import Store
from tests.door import Stage, TryHub, served, socket_to, try_schema
from tests.report_rows import City
from tests.test_stream_cancelled_reads import LONG, Reading
from transport import graphql_app

SECONDS = 0.2
TOLD = {"code": "TIMEOUT", "limited": "seconds", "limit": SECONDS, "value": SECONDS}
GRAPHQL = "application/graphql-response+json"
WORKING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    " AND query LIKE 'WITH RECURSIVE c%'"
)


class SlowHub(TryHub):
    """Answers `odd`, and the fields of a delivery, by a statement that takes far longer than an operation may."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.readings: list[Reading] = []
        schema = try_schema()
        assert schema.query_type and schema.subscription_type
        schema.query_type.fields["odd"].resolve = self._read
        schema.subscription_type.fields["count"].resolve = self._read
        schema.subscription_type.fields["expired"].subscribe = self._read
        self.engine = Engine(schema, Limits(seconds=SECONDS))

    async def _read(self, _: Any, info: Any, **arguments: Any) -> None:
        self.readings.append(Reading())
        await self.store.read(self.readings[-1].read)

    async def store_is_free(self) -> bool:
        """Whether what was asked is over, and the store does other things."""
        begun = [each for each in self.readings if each.begun.is_set()]  # a busy server may not have come to it in time
        assert self.readings and all(each.over for each in begun)
        if isinstance(self.store, PostgresStore):
            assert await self.store.read(lambda conn: conn.execute(WORKING).scalar_one()) == 0
        return (await self.store.read(read_head)).seq == 0


@pytest_asyncio.fixture
async def stage(store: Store) -> AsyncIterator[Stage]:
    async with served() as stage:
        stage.hub = SlowHub(store)
        stage.door = graphql_app(stage.hub)
        yield stage


def hub_of(stage: Stage) -> SlowHub:
    assert isinstance(stage.hub, SlowHub)
    return stage.hub


async def test_over_http(stage: Stage) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(stage.http, json={"query": "{ hello odd }"}, headers={"accept": GRAPHQL})
    assert response.status_code == 504
    (error,) = response.json()["errors"]
    assert error["extensions"] == TOLD
    assert "0.2 s" in error["message"]
    assert await hub_of(stage).store_is_free()


async def test_over_an_event_stream(stage: Stage) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(stage.http, json={"query": "{ odd }"}, headers={"accept": "text/event-stream"})
    (told,) = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]
    assert told["errors"][0]["extensions"] == TOLD
    assert response.text.endswith("event: complete\ndata:\n\n")
    assert await hub_of(stage).store_is_free()


@pytest.mark.parametrize("query", ["{ odd }", "subscription { count(to: 3) }", "subscription { expired }"])
async def test_over_a_socket_which_goes_on(stage: Stage, query: str) -> None:
    """Queries, single answers of a subscription, and the opening of one."""
    async with socket_to(stage) as socket:
        await socket.init()
        await socket.subscribe("slow", query)
        told = await socket.receive()
        assert (told["type"], told["id"]) == ("error", "slow")
        assert told["payload"][0]["extensions"] == TOLD
        await socket.subscribe("quick", "{ hello }")
        assert (await socket.receive())["payload"]["data"] == {"hello": "Halo, Jakarta!"}
    assert await hub_of(stage).store_is_free()


async def test_a_mutation_that_was_begun_takes_its_time(stage: Stage) -> None:
    async with socket_to(stage) as socket:
        await socket.init()
        await socket.subscribe("m", "mutation { slowly }")
        await stage.hub.slow_entered.wait()
        await socket.subscribe("q", "{ odd }")
        assert (await socket.receive())["type"] == "error"  # so the time of both is over
        stage.hub.go_on.set()
        assert (await socket.receive())["payload"]["data"] == {"slowly": "done"}


async def test_a_count_of_the_served_schema(store: Store, area_map: AreaMap, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a count's own limit far away the operation's holds: of the whole answer, not of one field."""
    city = await City(store, area_map, count_timeout=60).look_around()
    await city.add({})
    monkeypatch.setattr(
        "storage.statements.prepared._kept", {}
    )  # of its own: what is counted here is kept nowhere else
    monkeypatch.setattr("storage.reports.counts.total._counted", lambda *_: LONG)
    engine = Engine(graphql_schema(), Limits(seconds=SECONDS))
    prepared = engine.prepare("{ reports(filter: {hasPhotos: false}) { nodes { id } totalCount } }")
    async with city.asking() as ctx:
        with pytest.raises(RequestRefused) as refused:
            await engine.execute(prepared, ctx)
    assert refused.value.errors[0]["extensions"] == TOLD
    async with city.asking() as ctx:
        answer = await engine.execute(engine.prepare("{ reports { nodes { text } } }"), ctx)
    assert answer.errors is None
