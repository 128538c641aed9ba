"""What is hidden is not told again, whichever way it was hidden, by a hub that keeps answers for a whole minute."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.vocabulary import EventKind
from execution import Engine
from resolvers.pace import Pace
from resolvers.viewer import ANONYMOUS, Viewer
from schema.root import graphql_schema
from storage.store import Store
from tests.stream_world import World, alter, create, hide, show, world_over
from transport import Credentials, DoorSettings, graphql_app
from transport.hub import SimpulHub
from transport.identity.finding import Identity

LIST = {"query": "{ reports { nodes { code } } }"}
CONFIDE = (
    "mutation ($input: SetConfidentialInput!)"
    " { setConfidential(input: $input) { report { code } userErrors { message } } }"
)


@dataclass
class Known:
    """Knows a dispatcher by his name, and nobody else."""

    world: World

    async def identify(self, credentials: Credentials) -> Viewer:
        return self.world.dispatcher() if credentials.bearer == "dewi" else ANONYMOUS


class Counting(SimpulHub):
    """Counts what is executed."""

    executed = 0

    def operation(self, viewer: Any, request: Any) -> Any:
        self.executed += 1
        return super().operation(viewer, request)


@dataclass
class Door:
    world: World
    hub: Counting
    client: httpx.AsyncClient

    async def seen(self) -> set[str]:
        """The reports that nobody in particular is told of, and that it was executed for one of two who asked."""
        before = self.hub.executed
        first, again = [await self._codes() for _ in range(2)]
        assert first == again and self.hub.executed <= before + 1
        return first

    async def _codes(self) -> set[str]:
        answer = (await self.client.post("/graphql", json=LIST)).json()
        return {node["code"] for node in answer["data"]["reports"]["nodes"]}

    async def heard(self) -> None:
        """The log's tail has read all that was written."""
        tail = self.world.parts.log
        await tail.after(self.world.store.bell.seq - 1, tail.epoch)


@pytest.fixture
async def door(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Door]:
    async with world_over(sqlite_store, area_map, tmp_path) as world:
        world.parts.pace = Pace(world.store, world.parts.settings)
        hub = Counting(Engine(graphql_schema()), world.parts, cast(Identity, Known(world)))
        app = graphql_app(hub, DoorSettings(answer_seconds=60))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            yield Door(world, hub, client)


async def made(door: Door) -> int:
    return await door.world.write(lambda tx: create(tx, door.world))


async def test_by_a_mutation_before_it_is_acknowledged(door: Door) -> None:
    report = await made(door)
    assert len(await door.seen()) == 1
    given = {"reportId": door.world.parts.ids.encode(Kind.REPORT, report), "confidential": True}
    asked = {"query": CONFIDE, "variables": {"input": given}}
    answer = (await door.client.post("/graphql", json=asked, headers={"authorization": "Bearer dewi"})).json()
    assert answer["data"]["setConfidential"]["userErrors"] == []
    assert await door.seen() == set()


async def test_by_whoever_else_as_soon_as_the_log_is_read(door: Door) -> None:
    report = await made(door)
    assert len(await door.seen()) == 1
    await door.world.write(lambda tx: hide(tx, door.world, report), report)
    await door.heard()
    assert await door.seen() == set()


async def test_a_place_that_is_told_no_more_empties_it_too(door: Door) -> None:
    report = await made(door)
    await door.seen()
    executed = door.hub.executed
    sensitive = door.world.categories[min(door.world.sensitive)]
    await door.world.write(lambda tx: alter(tx, door.world, report, EventKind.UPDATED, category_id=sensitive), report)
    await door.heard()
    await door.seen()
    assert door.hub.executed == executed + 1


@pytest.mark.parametrize("kind", [EventKind.COMMENT_HIDDEN, EventKind.PHOTO_HIDDEN, EventKind.ERASED])
async def test_so_does_what_is_hidden_of_a_report(door: Door, kind: EventKind) -> None:
    report = await made(door)
    await door.seen()
    executed = door.hub.executed
    await door.world.write(lambda tx: alter(tx, door.world, report, kind), report)
    await door.heard()
    await door.seen()
    assert door.hub.executed == executed + 1


async def test_what_is_new_or_shown_again_does_not(door: Door) -> None:
    """It is told when what was told is old: the cache is not cleverer than that."""
    report = await made(door)
    await door.world.write(lambda tx: hide(tx, door.world, report), report)
    await door.heard()
    assert await door.seen() == set()
    await made(door)
    await door.world.write(lambda tx: show(tx, door.world, report), report)
    await door.heard()
    assert await door.seen() == set()
