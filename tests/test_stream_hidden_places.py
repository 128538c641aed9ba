"""A report whose category becomes sensitive: from then on nobody learns from the log where it was, however he asks."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.places import Point, fuzz
from domain.vocabulary import EventKind, Role
from resolvers import events, streams
from resolvers.filters import BoundingBoxFilter, NearFilter, ReportFilter
from resolvers.log_positions import log_cursor
from resolvers.viewer import ANONYMOUS, Viewer
from storage.events.appending import read_head
from storage.events.tail import KEPT
from storage.reports.placing import Place
from storage.rows import EventRow
from storage.store import Store
from tests.stream_world import HERE, PATIENCE, THERE, World, alter, create, read_up_to, take, world_over

NARROW = 0.0003
ROUND_HERE = ReportFilter(
    within=BoundingBoxFilter(
        *(HERE.longitude - NARROW, HERE.latitude - NARROW), *(HERE.longitude + NARROW, HERE.latitude + NARROW)
    )
)


@pytest.fixture(params=[KEPT, 1], ids=["from memory", "from the store"])
async def world(
    store: Store, area_map: AreaMap, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path, kept=request.param) as made:
        yield made


def round_point(point: Point) -> ReportFilter:
    return ReportFilter(near=NearFilter(point.latitude, point.longitude, 20.0))


async def cursor_of(world: World, viewer: Viewer = ANONYMOUS) -> str:
    async with world.reading(viewer) as ctx:
        return await log_cursor(ctx)


async def replay(world: World, asked: ReportFilter, after: str, viewer: Viewer = ANONYMOUS) -> list[tuple[int, bool]]:
    """What the subscription and `events` both tell behind a cursor: reports and `matches`."""
    async with world.reading(viewer) as ctx:
        head = await ctx.read(read_head)
        await asyncio.wait_for(world.tail.after(head.seq - 1, head.epoch), PATIENCE)
        source = await streams.report_events(ctx, filter=asked, after=after)
        page = await events.events(ctx, filter=asked, kinds=None, first=100, after=after)
    rows: list[EventRow] = [each.value for each in await read_up_to(source, await cursor_of(world, viewer))]
    assert [row.seq for row in rows] == [row.seq for row in page.rows]
    return [(row.report_id or 0, row.matches) for row in rows]


async def make_secret(world: World, report: int) -> None:
    code = world.categories["beggars"]
    await world.write(lambda tx: alter(tx, world, report, EventKind.UPDATED, category_id=code), report)


async def test_the_past_tells_a_reader_of_the_true_place_nothing(world: World) -> None:
    start = await cursor_of(world)
    report = await world.write(lambda tx: create(tx, world))
    await world.write(lambda tx: alter(tx, world, report, EventKind.STATUS_CHANGED, status="VERIFIED"), report)
    assert await replay(world, ROUND_HERE, start) == [(report, True), (report, True)]
    await make_secret(world, report)
    everybody = [(report, False)]
    assert await replay(world, ROUND_HERE, start) == everybody
    assert await replay(world, round_point(THERE), start) == everybody, (
        "also who never had it is told, so it tells nothing"
    )


async def test_the_past_tells_a_reader_of_the_public_place_all(world: World) -> None:
    start = await cursor_of(world)
    report = await world.write(lambda tx: create(tx, world))
    await make_secret(world, report)
    assert await replay(world, round_point(fuzz(HERE)), start) == [(report, True), (report, True)]


async def test_live_readers_take_it_off_their_lists(world: World) -> None:
    report = await world.write(lambda tx: create(tx, world))
    async with world.reading() as ctx:
        source = await streams.report_events(ctx, filter=ROUND_HERE)
    await make_secret(world, report)
    (told,) = await take(source, 1)
    assert (told.value.report_id, told.value.matches, told.value.tombstone) == (report, False, False)


async def test_responders_go_on_seeing_the_true_place(world: World) -> None:
    viewer = Viewer(role=Role.RESPONDER, agency_id=world.agencies["dishub"])
    start = await cursor_of(world, viewer)
    report = await world.write(lambda tx: create(tx, world))
    await make_secret(world, report)
    assert await replay(world, ROUND_HERE, start, viewer) == [(report, True), (report, True)]


async def test_a_point_that_was_taken_back_before_is_not_told_either(world: World) -> None:
    """The report has no point any more when it becomes sensitive; its past has."""
    start = await cursor_of(world)
    report = await world.write(lambda tx: create(tx, world))
    area = Place(None, "31.71.01.1001")
    await world.write(lambda tx: alter(tx, world, report, EventKind.UPDATED, place=area), report)
    assert (report, True) in await replay(world, ROUND_HERE, start)
    await make_secret(world, report)
    assert await replay(world, ROUND_HERE, start) == [(report, False)], "once, so that it is on nobody's list"


async def test_a_reader_in_the_middle_of_a_page_learns_no_more(world: World) -> None:
    report = await world.write(lambda tx: create(tx, world))
    start = await cursor_of(world)
    for status in ("VERIFIED", "IN_PROGRESS", "RESOLVED"):
        await world.write(
            partial(alter, world=world, report_id=report, kind=EventKind.STATUS_CHANGED, status=status), report
        )
    async with world.reading() as ctx:
        source = await streams.report_events(ctx, filter=ROUND_HERE, after=start)
    assert (await take(source, 1))[0].value.matches
    await make_secret(world, report)
    async with world.reading() as ctx:
        head = await ctx.read(read_head)
    await asyncio.wait_for(world.tail.after(head.seq - 1, head.epoch), PATIENCE)
    told = await read_up_to(source, await cursor_of(world))
    assert [(each.value.seq, each.value.matches) for each in told] == [(head.seq, False)]
