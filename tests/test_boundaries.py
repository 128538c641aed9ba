"""Importing real boundaries: reports, counts and the map change together, or nothing does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from domain.area_facts import parse_facts
from domain.area_import import BoundaryImport, parse_boundaries
from domain.areas import AreaMap
from domain.places import Point, fuzz
from storage import tables
from storage.events.appending import broken_links, read_head
from storage.places import boundaries
from storage.places.boundaries import boundaries_imported_at, import_boundaries
from storage.rollups.rebuilding import rebuild_rollups
from storage.seeding import load_area_map, read_fact
from storage.sensitive_categories import make_sensitive
from storage.store import Store
from storage.writing.transaction import Operation
from tests.ingesting import Hub, hub_on, report

ROLLUPS = (tables.rollup_area, tables.rollup_day, tables.rollup_cell)
FACTS = parse_facts(read_fact("jakarta_areas.csv"))
MENTENG = next(fact for fact in FACTS if fact.name == "Menteng" and fact.code.count(".") == 3)


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


def boundary_file(half_degrees: float = 0.03) -> BoundaryImport:
    """A boundary file of one kelurahan only, far larger than it is: everything around belongs to it."""
    west, south = MENTENG.longitude - half_degrees, MENTENG.latitude - half_degrees
    east, north = MENTENG.longitude + half_degrees, MENTENG.latitude + half_degrees
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"kode": MENTENG.code}, "geometry": geometry}
    collection = {"type": "FeatureCollection", "features": [feature]}
    return parse_boundaries(json.dumps(collection).encode(), FACTS, code_property="kode")


def counts(conn: Connection, table: Table) -> dict[tuple[Any, ...], int]:
    """A roll-up without what is zero."""
    return {tuple(row)[:-1]: row.total for row in conn.execute(select(table)) if row.total}


async def kept(hub: Hub) -> Mapping[str, dict[tuple[Any, ...], int]]:
    return {table.name: await hub.store.read(counts, table) for table in ROLLUPS}


async def some_reports(hub: Hub) -> None:
    """Around Menteng, of a kind that is shown where it is and of one that is not, and one known by its area alone."""
    around = [Point(MENTENG.latitude + n * 0.004, MENTENG.longitude - n * 0.003) for n in range(-5, 6)]
    flood = [report(f"f{n}", point=point) for n, point in enumerate(around)]
    beggars = [report(f"b{n}", point=point, category="crime_disorder") for n, point in enumerate(around)]
    await hub.take("qlue", *flood, *beggars, report("area", point=None, area="31.71.01"))


async def test_every_report_is_where_the_new_map_has_it_and_the_epoch_rises(hub: Hub) -> None:
    await some_reports(hub)
    before = await hub.store.read(read_head)
    moved = await import_boundaries(hub.store, boundary_file())
    area_map = await hub.store.read(load_area_map)
    codes = {row.id: row.code for row in await hub.rows(tables.areas)}
    rows = await hub.reports()
    for row in rows:
        if row.latitude is not None:
            assert codes.get(row.area_id) == area_map.locate(row.latitude, row.longitude)
            assert codes.get(row.public_area_id) == area_map.locate(row.public_latitude, row.public_longitude)
    assert 0 < moved < len(rows)
    assert codes[next(row for row in rows if row.source_ref == "area").area_id] == "31.71.01"
    head = await hub.store.read(read_head)
    assert (head.epoch, head.seq) == (before.epoch + 1, before.seq)
    assert not area_map.is_approximate(MENTENG.code)


async def test_what_is_counted_moves_with_them(hub: Hub) -> None:
    await some_reports(hub)
    await import_boundaries(hub.store, boundary_file())
    told = await kept(hub)
    await hub.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    assert await kept(hub) == told


async def test_counts_that_were_kept_are_those_made_anew(hub: Hub) -> None:
    await some_reports(hub)
    await hub.take("qlue", report("f1", text="Sudah surut", category="waste", point=None), report("f2", withdrawn=True))
    told = await kept(hub)
    number = await hub.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    assert number == len(await hub.reports()) and await kept(hub) == told


async def test_the_log_goes_on_and_verifies_after_an_import(hub: Hub) -> None:
    await some_reports(hub)
    await import_boundaries(hub.store, boundary_file())
    await hub.take("qlue", report("later"), report("f1", text="Naik lagi"))
    assert await hub.store.read(lambda conn: list(broken_links(conn))) == []
    told = await kept(hub)
    await hub.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    assert await kept(hub) == told


async def test_a_second_import_takes_the_place_of_the_first(hub: Hub) -> None:
    assert await boundaries_imported_at(hub.store) is None
    await some_reports(hub)
    await import_boundaries(hub.store, boundary_file())
    first = await hub.reports()
    assert await import_boundaries(hub.store, boundary_file()) == 0
    assert await hub.reports() == first
    assert len(await hub.rows(tables.area_boundaries)) == 1
    assert await boundaries_imported_at(hub.store) is not None


async def test_where_it_fails_midway_nothing_has_changed(hub: Hub) -> None:
    await some_reports(hub)
    before = await hub.reports(), await kept(hub), await hub.store.read(read_head)
    found = boundary_file()
    unknown = {**found.boundaries, "99.99.99.9999": found.boundaries[MENTENG.code]}
    with pytest.raises(LookupError):
        await import_boundaries(hub.store, BoundaryImport(unknown, (), (), (), (), {}, {}, "kode"))
    assert (await hub.reports(), await kept(hub), await hub.store.read(read_head)) == before
    assert await hub.rows(tables.area_boundaries) == []


async def test_a_category_that_is_made_sensitive_meanwhile_keeps_true_areas_to_itself(
    hub: Hub, area_map: AreaMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report in Menteng by the new map, whose public place lies beyond its border once its category is sensitive."""
    border = MENTENG.latitude + 0.03
    inside = (Point(border - 0.0002, MENTENG.longitude + n * 0.0005) for n in range(20))
    point = next(each for each in inside if fuzz(each).latitude > border)
    await hub.take("qlue", report("lamp", point=point, category="street_light"))
    await hub.take("qlue", report("the newest, which the import looks at again whatever happens"))
    find = boundaries._find_moves

    async def made_sensitive_meanwhile(store: Store, new: AreaMap) -> boundaries.Moves:
        moves = await find(store, new)
        await make_sensitive(store, area_map, "street_light")
        return moves

    monkeypatch.setattr(boundaries, "_find_moves", made_sensitive_meanwhile)
    await import_boundaries(hub.store, boundary_file())
    row, _ = await hub.reports()
    areas = {area.id: area.code for area in await hub.rows(tables.areas)}
    assert areas[row.area_id] == MENTENG.code
    assert areas.get(row.public_area_id) != MENTENG.code
    before = await kept(hub)
    await hub.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    assert await kept(hub) == before
