"""A process that runs while another imports boundaries: it takes up the new map, and mends what it placed by the old one."""

from pathlib import Path

import pytest

from domain.areas import AreaMap
from domain.places import Point
from storage import tables
from storage.events.appending import read_head
from storage.events.tail import LogTail
from storage.places.boundaries import boundaries_imported_at, import_boundaries
from storage.places.boundary_following import BoundaryFollower, read_area_map
from storage.rollups.rebuilding import rebuild_rollups
from storage.store import Store
from storage.writing.transaction import Operation
from tests.ingesting import Hub, hub_on, report
from tests.test_boundaries import MENTENG, boundary_file, kept

BESIDE = Point(MENTENG.latitude + 0.02, MENTENG.longitude)


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    """It places by the map of before the import for as long as it is not told otherwise."""
    return await hub_on(store, area_map, tmp_path / "photos")


async def test_what_was_placed_by_the_old_map_meanwhile_is_placed_again(hub: Hub) -> None:
    maps: list[AreaMap] = []
    follower = BoundaryFollower(hub.store, await boundaries_imported_at(hub.store), maps.append)
    await import_boundaries(hub.store, boundary_file())
    await hub.take("qlue", report("late", point=BESIDE))
    codes = {row.id: row.code for row in await hub.rows(tables.areas)}
    assert codes[(await hub.reports())[0].area_id] != MENTENG.code
    epoch = (await hub.store.read(read_head)).epoch
    await follower.look()
    assert [area_map.locate(BESIDE.latitude, BESIDE.longitude) for area_map in maps] == [MENTENG.code]
    assert codes[(await hub.reports())[0].area_id] == MENTENG.code
    assert (await hub.store.read(read_head)).epoch == epoch + 1
    told = await kept(hub)
    await hub.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    assert await kept(hub) == told


async def test_an_epoch_that_rose_for_another_reason_changes_nothing(hub: Hub) -> None:
    await import_boundaries(hub.store, boundary_file())
    maps: list[AreaMap] = []
    follower = BoundaryFollower(hub.store, await boundaries_imported_at(hub.store), maps.append)
    await hub.take("qlue", report("one", point=BESIDE))
    epoch = (await hub.store.read(read_head)).epoch
    await follower.look()
    assert maps == [] and (await hub.store.read(read_head)).epoch == epoch


async def test_readers_of_the_log_are_told_when_the_new_map_is_there(hub: Hub) -> None:
    """Whoever lists again finds what is new."""
    maps: list[AreaMap] = []
    tail = LogTail(hub.store)
    await tail.start()
    try:
        tail.before_epoch = BoundaryFollower(hub.store, None, maps.append).look
        epoch = tail.epoch
        await import_boundaries(hub.store, boundary_file())
        assert await tail.after(10**9, epoch) == []  # the log is past that epoch
        assert len(maps) == 1
    finally:
        await tail.stop()
    assert not (await read_area_map(hub.store)).is_approximate(MENTENG.code)
