"""The subscription `floodAreas`: how everything stands as one joins, the end of that, and each change from then on."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.vocabulary import FloodState
from resolvers import flood_stream
from resolvers.errors import BadUserInput
from resolvers.flood_change import ChangeKind, FloodChange
from resolvers.flood_stream import FloodSource
from resolvers.lists import Paging
from resolvers.log_positions import log_cursor
from resolvers.viewer import ANONYMOUS, Viewer
from storage.places.flood import flood_areas_in_state
from storage.store import Store
from tests.stream_world import World, create, flood, make_flood_area, take, world_over

CENTRE, WEST = "31.71.01.1001", "31.73.06.1001"


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path) as made:
        yield made


async def make_areas(world: World, *states: int, area: str = CENTRE) -> list[int]:
    return await world.write(
        lambda tx: [make_flood_area(tx, world, f"{area}/{n}", area, state) for n, state in enumerate(states)]
    )


async def subscribe(
    world: World,
    *,
    minimum: FloodState = FloodState.CAUTION,
    area: str | None = None,
    after: str | None = None,
    viewer: Viewer = ANONYMOUS,
) -> FloodSource:
    async with world.reading(viewer) as ctx:
        return await flood_stream.flood_areas(ctx, minimum_state=minimum, area=area, after=after)


async def read(source: FloodSource, count: int) -> list[FloodChange]:
    return [told.value for told in await take(source, count)]


async def joined(source: FloodSource) -> list[FloodChange]:
    """The snapshot, without its end."""
    found: list[FloodChange] = []
    while True:
        (change,) = await read(source, 1)
        if change.kind is ChangeKind.SNAPSHOT_END:
            return found
        assert change.kind is ChangeKind.SNAPSHOT
        found.append(change)


class TestJoining:
    async def test_tells_all_that_match_now_and_then_the_end(self, world: World) -> None:
        ids = await make_areas(world, 0, 1, 2, 4)
        source = await subscribe(world)
        assert [(each.flood_area_id, each.state) for each in await joined(source)] == [
            (ids[1], 1),
            (ids[2], 2),
            (ids[3], 4),
        ]

    async def test_tells_the_end_even_where_nothing_matches(self, world: World) -> None:
        await make_areas(world, 0, 0)
        (end,) = await read(await subscribe(world), 1)
        assert (end.kind, end.flood_area_id, end.state) == (ChangeKind.SNAPSHOT_END, None, None)

    async def test_goes_by_the_least_state_that_is_asked_for(self, world: World) -> None:
        ids = await make_areas(world, 0, 1, 2, 3, 4)
        severe = await joined(await subscribe(world, minimum=FloodState.SEVERE))
        assert [each.flood_area_id for each in severe] == ids[4:]
        everything = await joined(await subscribe(world, minimum=FloodState.NONE))
        assert [each.flood_area_id for each in everything] == ids

    async def test_goes_by_the_area_and_all_within_it(self, world: World) -> None:
        (centre,), (west,) = await make_areas(world, 2), await make_areas(world, 2, area=WEST)
        for code, expected in ((CENTRE, [centre]), (CENTRE[:5], [centre]), (WEST[:8], [west]), ("31", [centre, west])):
            assert [each.flood_area_id for each in await joined(await subscribe(world, area=code))] == expected
        with pytest.raises(BadUserInput):
            await subscribe(world, area="99.99")


class TestChanges:
    async def test_come_with_what_was_before(self, world: World) -> None:
        (area,) = await make_areas(world, 0)
        source = await subscribe(world)
        await joined(source)
        for state in (2, 4, 0):
            await world.write(partial(flood, flood_area_id=area, state=state))
        changes = await read(source, 3)
        assert [(each.previous_state, each.state) for each in changes] == [(0, 2), (2, 4), (4, 0)]
        assert {each.kind for each in changes} == {ChangeKind.CHANGED}

    async def test_below_the_minimum_are_told_of_what_was_above(self, world: World) -> None:
        low, high = await make_areas(world, 1, 3)
        source = await subscribe(world, minimum=FloodState.MODERATE)
        await joined(source)

        await world.write(lambda tx: (flood(tx, low, 2), flood(tx, high, 1), flood(tx, high, 2), flood(tx, low, 3)))
        found = [(each.flood_area_id, each.state) for each in await read(source, 2)]
        assert found == [(high, 1), (low, 3)]

    async def test_elsewhere_are_not_told(self, world: World) -> None:
        (centre,), (west,) = await make_areas(world, 0), await make_areas(world, 0, area=WEST)
        source = await subscribe(world, area=CENTRE[:5])
        await joined(source)
        await world.write(lambda tx: (flood(tx, west, 3), flood(tx, centre, 3)))
        assert (await read(source, 1))[0].flood_area_id == centre

    async def test_added_to_what_stood_make_what_stands_now(self, world: World) -> None:
        """Seeded: joined at any moment, read on, and compared with the areas as they are."""
        seed = 4_711
        draw = random.Random(seed)
        ids = await make_areas(world, *(draw.randrange(5) for _ in range(12)))
        (last,) = await make_areas(world, 0, area=WEST)
        for minimum in FloodState:
            changing = asyncio.create_task(self._change(world, ids, draw.randrange(2**32)))
            source = await subscribe(world, minimum=minimum)
            standing = {each.flood_area_id: each.state or 0 for each in await joined(source)}
            await changing
            await world.write(lambda tx: flood(tx, last, 4))
            while standing.get(last) != 4:
                (change,) = await read(source, 1)
                standing[change.flood_area_id] = change.state or 0
            rows = await world.store.read(flood_areas_in_state, minimum.rank)
            kept = {area: state for area, state in standing.items() if state >= minimum.rank}
            assert kept == {row.id: row.state for row in rows}, f"seed {seed}, {minimum}"
            await source.aclose()
            await world.write(lambda tx: flood(tx, last, 0))

    async def _change(self, world: World, ids: list[int], seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(30):
            area, state = draw.choice(ids), draw.randrange(5)
            await world.write(partial(flood, flood_area_id=area, state=state))


class TestComingBack:
    async def test_behind_a_change_brings_each_later_one_without_a_snapshot(self, world: World) -> None:
        (area,) = await make_areas(world, 0)
        source = await subscribe(world)
        await joined(source)
        await world.write(lambda tx: [flood(tx, area, state) for state in (1, 2, 3)])
        (first,) = await read(source, 1)
        again = await subscribe(world, after=first.cursor)
        assert [(each.kind, each.state) for each in await read(again, 2)] == [
            (ChangeKind.CHANGED, 2),
            (ChangeKind.CHANGED, 3),
        ]

    async def test_behind_the_end_of_the_snapshot_brings_what_changed_since(self, world: World) -> None:
        (area,) = await make_areas(world, 1)
        told = await take(await subscribe(world), 2)
        assert told[-1].value.kind is ChangeKind.SNAPSHOT_END
        await world.write(lambda tx: flood(tx, area, 4))
        again = await subscribe(world, after=told[-1].cursor)
        assert [(each.kind, each.state) for each in await read(again, 1)] == [(ChangeKind.CHANGED, 4)]

    async def test_within_the_snapshot_begins_it_again(self, world: World) -> None:
        """Who has a part of it does not know what he lacks, nor what to drop."""
        ids = await make_areas(world, 1, 2, 3)
        told = await take(await subscribe(world), 2)
        again = await subscribe(world, after=told[-1].cursor)
        assert [each.flood_area_id for each in await joined(again)] == ids

    async def test_with_the_log_cursor_of_a_list_brings_what_changed_since(self, world: World) -> None:
        (area,) = await make_areas(world, 1)
        async with world.reading() as ctx:
            cursor = await log_cursor(ctx)
        await world.write(lambda tx: flood(tx, area, 2))
        await world.write(lambda tx: create(tx, world))
        assert [each.state for each in await read(await subscribe(world, after=cursor), 1)] == [2]

    async def test_is_as_good_by_the_header_of_an_event_stream(self, world: World) -> None:
        (area,) = await make_areas(world, 1)
        async with world.reading() as ctx:
            ctx.last_event_id = await log_cursor(ctx)
            await world.write(lambda tx: flood(tx, area, 2))
            source = await flood_stream.flood_areas(ctx, minimum_state=FloodState.CAUTION, area=None, after=None)
        assert [each.kind for each in await read(source, 1)] == [ChangeKind.CHANGED]


class TestProgress:
    async def test_is_unknown_until_the_snapshot_is_read(self, world: World) -> None:
        await make_areas(world, 1)
        source = await subscribe(world)
        await take(source, 2)
        assert source.progress() is None

    async def test_stands_on_flood_events_alone(self, world: World) -> None:
        """Else the number of positions would count what happens to reports, hidden ones included."""
        (area,) = await make_areas(world, 1)
        source = await subscribe(world)
        await joined(source)
        asked = asyncio.ensure_future(source.__anext__())
        await asyncio.sleep(0)
        start = source.progress()
        await world.write(lambda tx: [create(tx, world, confidential=True) for _ in range(3)])
        await world.write(lambda tx: flood(tx, area, 2))
        told = await asked
        asked = asyncio.ensure_future(source.__anext__())
        await asyncio.sleep(0)
        assert source.progress() == told.cursor != start
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


class TestHistory:
    async def test_of_an_area_is_told_oldest_first_in_pages(self, world: World) -> None:
        one, other = await make_areas(world, 0, 0)
        await world.write(lambda tx: [flood(tx, one, state) for state in (1, 2, 3)])
        await world.write(lambda tx: flood(tx, other, 4))
        rows = {row.id: row for row in await world.store.read(flood_areas_in_state, 0)}
        async with world.reading() as ctx:
            first, second = await flood_stream.changes_of(
                [rows[one], rows[other]], ctx, since=None, paging=Paging(first=2)
            )
            assert [each.state for each in first.rows] == [1, 2]
            assert [each.state for each in second.rows] == [4]
            assert (first.has_next, second.has_next) == (True, False)
            (rest,) = await flood_stream.changes_of([rows[one]], ctx, since=None, paging=Paging(after=first.end_cursor))
        assert [each.state for each in rest.rows] == [3]
        again = await subscribe(world, after=first.rows[-1].cursor)
        assert [each.state for each in await read(again, 2)] == [3, 4]

    async def test_begins_where_it_is_asked_to(self, world: World) -> None:
        (area,) = await make_areas(world, 0)
        await world.write(lambda tx: [flood(tx, area, state) for state in (1, 2, 3)])
        (row,) = await world.store.read(flood_areas_in_state, 0)
        async with world.reading() as ctx:
            (whole,) = await flood_stream.changes_of([row], ctx, since=None, paging=Paging())
            (part,) = await flood_stream.changes_of([row], ctx, since=whole.rows[1].at, paging=Paging())
        assert [each.state for each in part.rows] == [2, 3]
