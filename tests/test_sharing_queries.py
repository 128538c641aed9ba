"""Queries that ask the same at the same time share one execution, and nobody gets what is another's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from graphql import GraphQLResolveInfo, GraphQLSchema

from execution import Engine
from tests.door import Mistake, TryHub, client_of, try_schema
from transport import DoorSettings, graphql_app

HELLO = {"query": "{ hello }"}
PERSONS = {"query": "{ seen }"}


class Gate:
    """A hub whose `hello` waits to be let on; `running` counts how often it is asked."""

    def __init__(self) -> None:
        self.hub = TryHub()
        self.hub.engine = Engine(self._schema())
        self.running = 0
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.fault: Exception | None = None

    def _schema(self) -> GraphQLSchema:
        schema = try_schema()
        assert schema.query_type
        for name in ("hello", "seen"):
            schema.query_type.fields[name].resolve = self._wait
        return schema

    async def _wait(self, _: Any, info: GraphQLResolveInfo[Any], **given: Any) -> str:
        self.running += 1
        self.entered.set()
        await self.open.wait()
        if self.fault is not None:
            raise self.fault
        return f"{info.context.viewer.name} {given.get('name', '')}"


@asynccontextmanager
async def gate_at_the_door(**settings: Any) -> AsyncIterator[tuple[Gate, httpx.AsyncClient]]:
    gate = Gate()
    async with client_of(graphql_app(gate.hub, DoorSettings(answer_seconds=0, **settings))) as client:
        yield gate, client


def ask(client: httpx.AsyncClient, asked: dict[str, Any], **headers: str) -> "asyncio.Task[httpx.Response]":
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.create_task(client.post("/graphql", json=asked, headers=named))


async def settled() -> None:
    """Everything that can go on without being let on has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def all_of(gate: Gate, *asked: "asyncio.Task[httpx.Response]") -> list[Any]:
    await settled()
    gate.open.set()
    return [(await each).json() for each in asked]


async def test_equal_queries_are_executed_once_and_each_is_charged() -> None:
    async with gate_at_the_door() as (gate, client):
        answers = await all_of(gate, *(ask(client, HELLO) for _ in range(5)))
        assert gate.running == 1
        assert [each["data"] for each in answers] == [{"hello": "nobody Jakarta"}] * 5
        assert all(each["extensions"]["cost"]["requested"] == 0 for each in answers)


async def test_what_asks_the_same_in_other_words_of_json_is_the_same() -> None:
    async with gate_at_the_door() as (gate, client):
        query = "query ($name: String) { hello(name: $name) }"
        one = ask(client, {"query": query, "variables": {"name": "Budi"}})
        other = ask(client, {"variables": {"name": "Budi"}, "operationName": None, "query": query})
        third = ask(client, {"query": query, "variables": {"name": "Sari"}})
        answers = await all_of(gate, one, other, third)
        assert [each["data"]["hello"] for each in answers] == ["nobody Budi", "nobody Budi", "nobody Sari"]
        assert gate.running == 2


async def test_no_two_persons_share() -> None:
    async with gate_at_the_door() as (gate, client):
        asked = [ask(client, PERSONS, authorization=f"Bearer {name}") for name in ("sari", "budi")] + [
            ask(client, PERSONS)
        ]
        answers = await all_of(gate, *asked)
        assert [each["data"]["seen"] for each in answers] == ["sari ", "budi ", "nobody "]
        assert gate.running == 3


async def test_who_shows_follow_tokens_shares_with_nobody() -> None:
    async with gate_at_the_door() as (gate, client):
        await all_of(gate, ask(client, HELLO), *(ask(client, HELLO, simpul_follow_token="mine") for _ in range(2)))
        assert gate.running == 3


async def test_who_came_first_may_leave() -> None:
    """The others lose nothing: one of them executes it anew, once for all that are left."""
    async with gate_at_the_door() as (gate, client):
        first = ask(client, HELLO)
        await gate.entered.wait()
        others = [ask(client, HELLO) for _ in range(3)]
        await settled()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        answers = await all_of(gate, *others)
        assert [each["data"] for each in answers] == [{"hello": "nobody Jakarta"}] * 3
        assert gate.running == 2


async def test_who_joined_may_leave() -> None:
    async with gate_at_the_door() as (gate, client):
        first, second, third = (ask(client, HELLO) for _ in range(3))
        await settled()
        second.cancel()
        answers = await all_of(gate, first, third)
        assert [each["data"] for each in answers] == [{"hello": "nobody Jakarta"}] * 2
        assert gate.running == 1


async def test_who_leaves_pays_if_it_was_begun_for_him_and_not_if_he_only_waited() -> None:
    async with gate_at_the_door(cost_bucket=100, cost_per_second=0.001) as (gate, client):
        of_one = {"query": "{ a: hello b: hello }"}
        begun = ask(client, of_one)
        await gate.entered.wait()
        waiting = [ask(client, of_one) for _ in range(4)]
        await settled()
        for each in (begun, *waiting[1:]):
            each.cancel()
        (answer,) = await all_of(gate, waiting[0])
        assert answer["extensions"]["cost"]["throttle"]["available"] == 100 - 2


async def test_errors_of_fields_reach_all() -> None:
    async with gate_at_the_door() as (gate, client):
        gate.fault = Mistake("Too soon.", "RATE_LIMITED")
        answers = await all_of(gate, *(ask(client, HELLO) for _ in range(3)))
        assert gate.running == 1
        assert [each["errors"][0]["message"] for each in answers] == ["Too soon."] * 3


async def test_a_failure_of_the_whole_reaches_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate_at_the_door() as (gate, client):
        times = 0

        async def execute(*_: Any) -> Any:
            nonlocal times
            times += 1
            await gate.open.wait()
            raise Mistake("The store is away.", "OVERLOADED")

        monkeypatch.setattr(gate.hub.engine, "execute", execute)
        answers = await all_of(gate, *(ask(client, HELLO) for _ in range(3)))
        assert times == 1
        assert [each["errors"][0]["extensions"]["code"] for each in answers] == ["OVERLOADED"] * 3


async def test_nobody_joins_what_began_before_a_commit() -> None:
    """Whoever was told that something is done finds it done."""
    gate, commits = Gate(), 0
    gate.hub.news = type(gate.hub.news)(commits=lambda: commits)
    async with client_of(graphql_app(gate.hub, DoorSettings(answer_seconds=0))) as client:
        before = [ask(client, HELLO) for _ in range(2)]
        await settled()
        commits = 1
        after = [ask(client, HELLO) for _ in range(2)]
        await all_of(gate, *before, *after)
        assert gate.running == 2


async def test_nor_what_began_before_a_mutation_of_this_process() -> None:
    async with gate_at_the_door() as (gate, client):
        gate.hub.go_on.set()
        before = ask(client, HELLO)
        await gate.entered.wait()
        await ask(client, {"query": "mutation { slowly }"})
        await all_of(gate, before, ask(client, HELLO))
        assert gate.running == 2


async def test_sharing_can_be_switched_off() -> None:
    async with gate_at_the_door(join_queries=False) as (gate, client):
        await all_of(gate, *(ask(client, HELLO) for _ in range(3)))
        assert gate.running == 3


async def test_nothing_is_left_behind() -> None:
    gate = Gate()
    door = graphql_app(gate.hub, DoorSettings(answer_seconds=0))
    async with client_of(door) as client:
        left = ask(client, HELLO)
        await settled()
        left.cancel()
        await all_of(gate, ask(client, HELLO), ask(client, HELLO))
    assert not door._operations.shared._under_way
