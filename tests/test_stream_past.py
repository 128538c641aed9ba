"""A subscription tells what it replays from what happens now: the first is paid for, the second never refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.vocabulary import FloodState
from resolvers import flood_stream, streams
from resolvers.log_positions import log_cursor
from storage.store import Store
from tests.stream_world import World, create, flood, make_flood_area, take, world_over

CENTRE = "31.71.01.1001"


@pytest.fixture
async def world(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(sqlite_store, area_map, tmp_path) as made:
        yield made


async def test_of_reports(world: World) -> None:
    async with world.reading() as ctx:
        cursor = await log_cursor(ctx)
    for _ in range(2):
        await world.write(lambda tx: create(tx, world))
    past = []
    for _ in range(2):  # when the first has read it all, the second can only replay it
        async with world.reading() as ctx:
            source = await streams.report_events(ctx, filter=None, after=cursor)
        past = [(await take(source, 1), source.past)[1] for _ in range(2)]
    assert past == [True, True]
    await world.write(lambda tx: create(tx, world))
    await take(source, 1)
    assert source.past is False


async def test_of_floods(world: World) -> None:
    area_id = await world.write(lambda tx: make_flood_area(tx, world, "1", CENTRE, 2))
    async with world.reading() as ctx:
        source = await flood_stream.flood_areas(ctx, minimum_state=FloodState.CAUTION, area=None, after=None)
    told = [((await take(source, 1))[0].value.kind, source.past) for _ in range(2)]
    assert told == [("SNAPSHOT", True), ("SNAPSHOT_END", True)]
    await world.write(lambda tx: flood(tx, area_id, 3))
    ((change,), past) = (await take(source, 1), source.past)
    assert (change.value.kind, past) == ("CHANGED", False)
