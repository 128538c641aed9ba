"""Whatever one client asks for at once, others are served in between: turns by what operations may cost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest

from execution import Engine
from tests.door import Context, Numbers, TryHub
from transport import Credentials, DoorSettings, RequestInfo
from transport.http.request import Parameters
from transport.operations.documents import PersistedDocuments
from transport.operations.levels import Rate
from transport.operations.running import Operations
from transport.operations.runs import Run
from transport.operations.throttle import Throttle
from transport.operations.turns import CostTurns

PLENTY = Rate(1_000_000, 1_000_000)
QUERY, EVENTS = "{ reports { id } }", "subscription { told { id } }"


class Watched(TryHub):
    """Counts how many operations of each address are worked on at once; `order` tells whose ended, in order."""

    def __init__(self) -> None:
        super().__init__()
        from graphql import build_schema

        schema = build_schema(
            "type Report { id: Int } type Query { reports: Report } type Mutation { act: Report }"
            " type Subscription { told: Report }"
        )
        assert schema.query_type and schema.subscription_type and schema.mutation_type
        schema.query_type.fields["reports"].resolve = schema.mutation_type.fields["act"].resolve = _a_while
        schema.subscription_type.fields["told"].subscribe = _three
        schema.subscription_type.fields["told"].resolve = _a_while
        self.engine = Engine(schema)
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.order: list[str] = []

    @asynccontextmanager
    async def operation(self, viewer: Any, request: RequestInfo) -> AsyncIterator[Context]:
        who = request.client_address or ""
        self.now[who] += 1
        self.most[who] = max(self.most[who], self.now[who])
        try:
            async with super().operation(viewer, request) as context:
                yield context
        finally:
            self.now[who] -= 1
            self.order.append(who)


async def _a_while(_: Any, info: Any, **more: Any) -> dict[str, int]:
    for _ in range(20):  # others have a turn of the event loop in between
        await asyncio.sleep(0)
    return {"id": 1}


async def _three(_: Any, info: Any) -> Numbers:
    return Numbers(0, 3)


class Door:
    """Operations on a hub that is watched, with turns for costs of `at_once`."""

    def __init__(self, at_once: int) -> None:
        self.hub = Watched()
        alone = DoorSettings(answer_seconds=0, join_queries=False)
        throttle = Throttle(PLENTY, PLENTY, at_once=at_once)
        self.operations = Operations(self.hub, PersistedDocuments(), throttle, alone)

    async def take(self, document: str, address: str) -> None:
        """All answers of an operation."""
        async with aclosing((await self._run(document, address)).answers()) as answers:
            async for answer in answers:
                assert not answer.errors

    async def _run(self, document: str, address: str) -> Run:
        nobody = await self.hub.identify(Credentials())
        prepared = self.operations.prepare(Parameters(document), nobody, address)
        info = RequestInfo(kind=prepared.kind, way="sse", client_address=address)
        return self.operations.run(prepared, nobody, info)


class TestAtTheDoor:
    @pytest.mark.parametrize("document", [QUERY, EVENTS])
    async def test_who_asks_for_much_at_once_waits_for_himself(self, document: str) -> None:
        door = Door(at_once=2)  # of these operations two
        crowd = [asyncio.create_task(door.take(document, "10.0.0.1")) for _ in range(40)]
        await asyncio.sleep(0)
        await door.take(QUERY, "10.0.0.2")
        assert door.hub.order.index("10.0.0.2") < 10
        await asyncio.gather(*crowd)
        assert door.hub.most == {"10.0.0.1": 2, "10.0.0.2": 1}

    async def test_his_queries_do_not_wait_for_his_subscriptions(self) -> None:
        door = Door(at_once=1)
        crowd = [asyncio.create_task(door.take(EVENTS, "10.0.0.1")) for _ in range(20)]
        await asyncio.sleep(0)
        await door.take(QUERY, "10.0.0.1")
        assert sum(each.done() for each in crowd) < 5
        await asyncio.gather(*crowd)

    async def test_mutations_wait_for_nobody(self) -> None:
        door = Door(at_once=1)
        await asyncio.gather(*(door.take("mutation { act { id } }", "10.0.0.1") for _ in range(7)))
        assert door.hub.most["10.0.0.1"] == 7


class TestTurns:
    async def test_what_fits_runs_side_by_side_and_the_rest_in_the_order_it_came(self) -> None:
        turns, seen = CostTurns(10), Seen()
        tasks = [
            asyncio.create_task(seen.through(turns, name, cost))
            for name, cost in zip("abcd", (4, 6, 1, 9), strict=True)
        ]
        assert await seen.running() == {"a", "b"}
        seen.end("a")
        assert await seen.running() == {"b", "c"}  # d does not fit yet
        seen.end("b")
        assert await seen.running() == {"c", "d"}
        seen.end("c", "d")
        await asyncio.gather(*tasks)

    async def test_what_is_dearer_than_all_runs_alone(self) -> None:
        turns, seen = CostTurns(10), Seen()
        tasks = [
            asyncio.create_task(seen.through(turns, name, cost)) for name, cost in zip("abc", (500, 1, 1), strict=True)
        ]
        assert await seen.running() == {"a"}
        seen.end("a")
        assert await seen.running() == {"b", "c"}
        seen.end("b", "c")
        await asyncio.gather(*tasks)

    async def test_who_leaves_while_he_waits_holds_up_nobody(self) -> None:
        turns, seen = CostTurns(10), Seen()
        names = ["a", "dear", "cheap"]
        tasks = [
            asyncio.create_task(seen.through(turns, name, cost)) for name, cost in zip(names, (6, 9, 2), strict=True)
        ]
        assert await seen.running() == {"a"}
        tasks[1].cancel()
        assert await seen.running() == {"a", "cheap"}
        seen.end("a", "cheap")
        await asyncio.gather(*tasks, return_exceptions=True)

    async def test_who_leaves_just_as_his_turn_comes_hands_it_on(self) -> None:
        turns, seen = CostTurns(10), Seen()
        async with turns.taken(10):
            tasks = [asyncio.create_task(seen.through(turns, name, 10)) for name in "bc"]
            assert await seen.running() == set()
        tasks[0].cancel()  # it has its turn, but has not gone on
        assert await seen.running() == {"c"}
        seen.end("c")
        await asyncio.gather(*tasks, return_exceptions=True)


class Seen:
    """Who runs; each until it is ended."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Event] = {}

    async def through(self, turns: CostTurns, name: str, cost: int) -> None:
        with suppress(asyncio.CancelledError):
            async with turns.taken(cost):
                self._running[name] = asyncio.Event()
                await self._running[name].wait()
                del self._running[name]

    async def running(self) -> set[str]:
        """Once everybody had a chance to go on."""
        for _ in range(10):
            await asyncio.sleep(0)
        return set(self._running)

    def end(self, *names: str) -> None:
        for name in names:
            self._running[name].set()
