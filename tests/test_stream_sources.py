"""The subscription `sources`: each source as it is, then each change of state, and the end of a sync that was asked for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.sink import Health
from domain.visibility import Visibility
from domain.vocabulary import SourceState
from resolvers import source_stream
from resolvers.context import Context
from resolvers.source_stream import SourceSource, SourceWatch
from storage.rows import SourceRow
from storage.sources.keeping import record_health, source_lock
from storage.store import Store
from storage.writing.transaction import Operation
from tests.stream_world import World, close_all, take, world_over


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path) as made:
        made.parts.source_watch = SourceWatch(store)
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_stream, "POLL_SECONDS", 0.02)


async def subscribe(world: World) -> SourceSource:
    async with world.reading() as ctx:
        return await source_stream.sources(ctx)


async def read(source: SourceSource, count: int) -> list[SourceRow]:
    return [told.value for told in await take(source, count)]


async def report_health(world: World, code: str, state: SourceState, *, answers_request: bool = False) -> None:
    health = Health(
        source=code,
        state=state,
        at=datetime.now(UTC),
        succeeded=state is SourceState.UP,
        error=None,
        next_attempt_at=None,
        answers_request=answers_request,
    )
    await world.store.write(Operation(lambda tx: record_health(tx, health), frozenset({source_lock(code)})))


@pytest.mark.usefixtures("quick")
class TestSources:
    async def test_are_told_as_they_are_first(self, world: World) -> None:
        source = await subscribe(world)
        assert [row.code for row in await read(source, 3)] == ["simpul", "peta", "qlue"]
        await source.aclose()

    async def test_are_told_again_when_their_state_changes(self, world: World) -> None:
        source = await subscribe(world)
        await read(source, 3)
        await report_health(world, "qlue", SourceState.DOWN)
        assert [(row.code, row.state) for row in await read(source, 1)] == [("qlue", "DOWN")]
        await report_health(world, "qlue", SourceState.UP)
        await report_health(world, "peta", SourceState.DEGRADED)
        found = {(row.code, row.state) for row in await read(source, 2)}
        assert found == {("qlue", "UP"), ("peta", "DEGRADED")}
        await source.aclose()

    async def test_are_not_told_again_for_a_run_like_the_last(self, world: World) -> None:
        source = await subscribe(world)
        await read(source, 3)
        await report_health(world, "qlue", SourceState.UP)
        await report_health(world, "peta", SourceState.UP, answers_request=True)
        assert [row.code for row in await read(source, 1)] == ["peta"]
        await source.aclose()

    async def test_have_no_place_to_come_back_to(self, world: World) -> None:
        source = await subscribe(world)
        (told,) = await take(source, 1)
        assert (told.cursor, source.progress()) == (None, None)
        await source.aclose()


@pytest.mark.usefixtures("quick")
class TestTheWatch:
    async def test_is_one_for_all_who_watch_and_ends_with_the_last(self, world: World) -> None:
        watching = await asyncio.gather(*(subscribe(world) for _ in range(5)))
        for each in watching:
            await read(each, 3)
        assert looking() == 1
        await report_health(world, "qlue", SourceState.DOWN)
        for each in watching:
            assert [row.code for row in await read(each, 1)] == ["qlue"]
        await close_all(watching[:4])
        assert looking() == 1
        await watching[4].aclose()
        assert looking() == 0

    async def test_begins_again_for_who_comes_later(self, world: World) -> None:
        first = await subscribe(world)
        await read(first, 3)
        await first.aclose()
        await first.aclose()  # closing twice takes nobody else's place
        await report_health(world, "qlue", SourceState.DOWN)
        second = await subscribe(world)
        assert {(row.code, row.state) for row in await read(second, 3)} >= {("qlue", "DOWN")}
        await report_health(world, "qlue", SourceState.UP)
        assert [row.state for row in await read(second, 1)] == ["UP"]
        await second.aclose()

    async def test_nobody_watches_for_who_left_while_it_was_opened(self, world: World) -> None:
        class Slow(Context):
            asked = asyncio.Event()

            async def visibility(self) -> Visibility:
                self.asked.set()
                await asyncio.Event().wait()
                raise AssertionError("unreachable")

        async with Slow(world.parts) as ctx:
            opening = asyncio.create_task(source_stream.sources(ctx))
            await ctx.asked.wait()
            opening.cancel()
            await asyncio.wait((opening,))
        assert looking() == 0

    async def test_goes_on_when_the_store_could_not_be_read_once(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = await subscribe(world)
        await read(source, 3)
        whole, failed = source_stream._changes, asyncio.Event()

        def fail_once(_conn: object) -> dict[int, int]:
            monkeypatch.setattr(source_stream, "_changes", whole)
            loop.call_soon_threadsafe(failed.set)
            raise OSError("the disk is away")

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(source_stream, "_changes", fail_once)
        await failed.wait()
        await report_health(world, "qlue", SourceState.DOWN)
        assert [row.state for row in await read(source, 1)] == ["DOWN"]
        await source.aclose()


def looking() -> int:
    return sum(task.get_name() == "source watch" for task in asyncio.all_tasks())
