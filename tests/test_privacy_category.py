"""A category that is made sensitive: from that moment on nobody outside learns where its reports are, or were."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from domain.areas import AreaMap
from domain.places import Point, cell_of, fuzz
from domain.vocabulary import EventKind, Role
from resolvers import events, streams
from resolvers.errors import CursorExpired
from resolvers.filters import BoundingBoxFilter, NearFilter, ReportFilter
from resolvers.hexbins import hex_bins
from resolvers.lists import Paging
from resolvers.log_positions import log_cursor
from resolvers.reports import reports as list_reports
from resolvers.viewer import ANONYMOUS, Viewer
from storage import tables
from storage.events.appending import broken_links, read_head
from storage.events.facets import Facets
from storage.events.tail import KEPT
from storage.reports.filter.naming import UnknownCode
from storage.reports.placing import Place
from storage.rollups.rebuilding import rebuild_rollups
from storage.sensitive_categories import make_sensitive
from storage.store import Store, open_store, opened
from storage.writing.transaction import Operation
from tests.running import RunningHub
from tests.stream_world import HERE, PATIENCE, THERE, World, alter, create, world_over
from tests.test_commands import command

CODE = "traffic_jam"


def box(point: Point, size: float = 0.0003) -> BoundingBoxFilter:
    west, east = point.longitude - size, point.longitude + size
    return BoundingBoxFilter(west, point.latitude - size, east, point.latitude + size)


@pytest.fixture
def kept() -> int:
    """How many entries of the log are held in memory."""
    return KEPT


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path, kept: int) -> AsyncIterator[World]:
    async with world_over(store, area_map, tmp_path, kept=kept) as made:
        yield made


async def stand(world: World, viewer: Viewer = ANONYMOUS) -> str:
    async with world.reading(viewer) as ctx:
        return await log_cursor(ctx)


async def found(world: World, wanted: ReportFilter, viewer: Viewer = ANONYMOUS) -> list[int]:
    async with world.reading(viewer) as ctx:
        return sorted(row.id for row in (await list_reports(ctx, wanted)).rows)


async def happened(world: World, wanted: ReportFilter | None, viewer: Viewer = ANONYMOUS, **page: Any) -> Any:
    async with world.reading(viewer) as ctx:
        return await events.events(ctx, filter=wanted, kinds=None, first=page.get("first"), after=page.get("after"))


async def told(world: World) -> list[int]:
    """Three reports with a past: one that stays, one that is moved, one of which the point is taken back."""
    made = [await world.write(lambda tx: create(tx, world, category=CODE, address="Jalan Kenanga")) for _ in range(3)]
    await world.write(lambda tx: alter(tx, world, made[0], EventKind.STATUS_CHANGED, status="VERIFIED"), made[0])
    await world.write(lambda tx: alter(tx, world, made[1], EventKind.UPDATED, place=Place(THERE)), made[1])
    await world.write(
        lambda tx: alter(tx, world, made[2], EventKind.UPDATED, place=Place(None, "31.71.01.1001")), made[2]
    )
    return made


async def test_lists_maps_and_counts_go_by_the_moved_places_at_once(world: World) -> None:
    stays, moves, pointless = await told(world)
    await world.write(lambda tx: create(tx, world, category="flood"))
    assert await make_sensitive(world.store, world.parts.areas, CODE) == 3
    of_it = {"categories": (CODE,)}
    assert await found(world, ReportFilter(within=box(HERE), **of_it)) == []
    assert await found(world, ReportFilter(within=box(fuzz(HERE)), **of_it)) == [stays]
    assert await found(world, ReportFilter(near=NearFilter(THERE.latitude, THERE.longitude, 20), **of_it)) == []
    assert await found(world, ReportFilter(**of_it)) == [stays, moves, pointless]
    async with world.reading() as ctx:
        for row in (await list_reports(ctx, ReportFilter(**of_it))).rows:
            assert row.fuzzed and row.address is None
        wide = BoundingBoxFilter(106.5, -6.5, 107.1, -5.9)
        cells = {row.cell for row in await hex_bins(ctx, wide, 11, ReportFilter(**of_it))}
    assert cells == {cell_of(fuzz(HERE), 11), cell_of(fuzz(THERE), 11)}
    assert cell_of(HERE, 11) not in cells


async def test_what_is_counted_is_what_would_be_counted_anew(world: World) -> None:
    await told(world)
    await make_sensitive(world.store, world.parts.areas, CODE)

    def counts(conn: Any) -> list[list[tuple[Any, ...]]]:
        kept = (tables.rollup_area, tables.rollup_day, tables.rollup_cell)
        return [sorted(map(tuple, conn.execute(select(each).where(each.c.total != 0)).all())) for each in kept]

    before = await world.store.read(counts)
    await world.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    assert await world.store.read(counts) == before


@pytest.mark.parametrize("kept", [KEPT, 1])
async def test_the_past_tells_the_public_nothing_and_staff_all(world: World) -> None:
    made = await told(world)
    of_staff = Viewer(role=Role.RESPONDER, agency_id=world.agencies["dishub"])
    await make_sensitive(world.store, world.parts.areas, CODE)
    at_here = ReportFilter(within=box(HERE))
    assert (await happened(world, at_here)).rows == []
    assert {row.report_id for row in (await happened(world, at_here, of_staff)).rows} == set(made)
    moved = (await happened(world, ReportFilter(within=box(fuzz(HERE))))).rows
    assert {row.report_id for row in moved} == set(made)
    first = await happened(world, None, first=1)
    async with world.reading() as ctx:  # a cursor of today, of a place in the log before all that
        source = await streams.report_events(ctx, filter=at_here, after=first.end_cursor)
    asked = asyncio.ensure_future(source.__anext__())
    fresh = await world.write(lambda tx: create(tx, world, category="flood"))
    assert (await asyncio.wait_for(asked, PATIENCE)).value.report_id == fresh


async def test_who_listens_is_told_to_list_again_and_old_cursors_are_worth_nothing(world: World) -> None:
    start = await stand(world)
    await told(world)
    async with world.reading() as ctx:
        source = await streams.report_events(ctx, filter=ReportFilter(within=box(HERE)))
    asked = asyncio.ensure_future(source.__anext__())
    await make_sensitive(world.store, world.parts.areas, CODE)
    with pytest.raises(CursorExpired):
        await asyncio.wait_for(asked, PATIENCE)
    with pytest.raises(CursorExpired):
        await happened(world, None, after=start)


async def test_reports_of_afterwards_are_moved_from_the_start(world: World) -> None:
    await make_sensitive(world.store, world.parts.areas, CODE)
    report = await world.write(lambda tx: create(tx, world, category=CODE))
    assert await found(world, ReportFilter(within=box(HERE))) == []
    assert await found(world, ReportFilter(within=box(fuzz(HERE)))) == [report]


async def test_a_second_time_does_nothing_and_an_unknown_code_is_refused(world: World) -> None:
    await told(world)
    await make_sensitive(world.store, world.parts.areas, CODE)
    epoch = (await world.store.read(read_head)).epoch
    assert await make_sensitive(world.store, world.parts.areas, CODE) == 0
    assert (await world.store.read(read_head)).epoch == epoch
    with pytest.raises(UnknownCode):
        await make_sensitive(world.store, world.parts.areas, "nothing")
    assert await world.store.read(lambda conn: list(broken_links(conn))) == []


async def test_what_another_process_writes_at_the_same_time_tells_no_true_place(world: World, store_url: str) -> None:
    """None of its writes may have read a place before the switch and write it afterwards."""
    made = [await world.write(lambda tx: create(tx, world, category=CODE)) for _ in range(6)]

    async def busy(report: int) -> None:
        for status in ("VERIFIED", "IN_PROGRESS", "RESOLVED"):
            values = {"kind": EventKind.STATUS_CHANGED, "status": status}
            await world.write(lambda tx, values=values: alter(tx, world, report, **values), report)
            await world.write(lambda tx: create(tx, world, category=CODE))

    async with opened(open_store(store_url)) as beside:
        await asyncio.gather(*map(busy, made), make_sensitive(beside, world.parts.areas, CODE))

    def places(conn: Any) -> set[tuple[float | None, float | None]]:
        kept = tables.event_facets.c
        sides = [side for row in conn.execute(select(kept.before, kept.after)) for side in row if side]
        of_reports = conn.execute(select(tables.reports.c.public_latitude, tables.reports.c.public_longitude))
        facts = map(Facets.load, sides)
        return {(each.public_latitude, each.public_longitude) for each in facts} | set(map(tuple, of_reports))

    moved = fuzz(HERE)
    assert await world.store.read(places) == {(moved.latitude, moved.longitude)}


async def test_a_page_is_listed_as_before(world: World) -> None:
    made = await told(world)
    await make_sensitive(world.store, world.parts.areas, CODE)
    async with world.reading() as ctx:
        page = await list_reports(ctx, ReportFilter(categories=(CODE,)), paging=Paging(first=2))
        assert len(page.rows) == 2 and await page.count() == len(made)


PLACES = '{ reports(filter: {categories: ["noise"]}) { nodes { location { latitude longitude } locationPrecision } } }'
SUBMIT = "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { userErrors { code } } }"


def test_the_command_works_beside_a_serving_hub(shared_hub: RunningHub) -> None:
    where = {"latitude": HERE.latitude, "longitude": HERE.longitude}
    shared_hub.data(SUBMIT, {"input": {"text": "Ribut sekali", "category": "noise", "location": where}})
    assert shared_hub.data(PLACES)["reports"]["nodes"] == [{"location": where, "locationPrecision": "EXACT"}]
    done = command(shared_hub.folder, "categories", "sensitive", "noise")
    assert (done.returncode, done.stdout) == (0, "The category noise is sensitive: 1 report moved for the public.\n")
    moved = {"latitude": fuzz(HERE).latitude, "longitude": fuzz(HERE).longitude}
    assert shared_hub.data(PLACES)["reports"]["nodes"] == [{"location": moved, "locationPrecision": "FUZZED"}]
    refused = command(shared_hub.folder, "categories", "sensitive", "nothing")
    assert refused.returncode == 1 and refused.stderr == "There is no category nothing.\n"
