"""Flood areas with their outlines and states, and gauges: what changes is told once, by an event."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.areas import AreaMap
from domain.places import Point
from domain.records import FloodAreaRecord, FloodStateReading, FloodStatesRecord, GaugeReading, GaugeRecord
from domain.time import micros
from domain.vocabulary import FloodState
from storage import tables
from storage.store import Store
from tests.ingesting import EARLIER, KAMPUNG_MELAYU, NOW, Hub, hub_on, report


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> Hub:
    return await hub_on(store, area_map, tmp_path / "photos")


def square(centre: Point = KAMPUNG_MELAYU, half: float = 0.002) -> dict[str, Any]:
    west, south = centre.longitude - half, centre.latitude - half
    east, north = centre.longitude + half, centre.latitude + half
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def outline(ref: str = "10", **told: Any) -> FloodAreaRecord:
    given: dict[str, Any] = {"name": "RW 05", "geometry": square(), "subdistrict_name": "Kampung Melayu"}
    return FloodAreaRecord(source_ref=ref, **(given | {"city_name": "Jakarta Timur"} | told))


def states(*told: tuple[str, FloodState], complete: bool = True) -> FloodStatesRecord:
    return FloodStatesRecord(NOW, tuple(FloodStateReading(ref, state, EARLIER) for ref, state in told), complete)


async def flood_area(hub: Hub, ref: str = "10") -> Any:
    (row,) = await hub.rows(tables.flood_areas, tables.flood_areas.c.source_ref == ref)
    return row


async def told_states(hub: Hub) -> list[tuple[int, int]]:
    return [(row.previous_flood_state, row.flood_state) for row in await hub.rows(tables.events) if row.flood_area_id]


class TestOutlines:
    async def test_it_lies_in_the_kelurahan_that_the_source_names(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline())
        row = await flood_area(hub)
        (area,) = await hub.rows(tables.areas, tables.areas.c.id == row.area_id)
        assert area.name.casefold() == "kampung melayu"
        assert (row.state, json.loads(row.geometry)["type"]) == (0, "Polygon")

    async def test_else_where_its_middle_lies(self, hub: Hub, area_map: AreaMap) -> None:
        await hub.take("peta_jakarta", outline(subdistrict_name="Tidak Dikenal"))
        (area,) = await hub.rows(tables.areas, tables.areas.c.id == (await flood_area(hub)).area_id)
        assert area.code == area_map.locate(KAMPUNG_MELAYU.latitude, KAMPUNG_MELAYU.longitude)

    async def test_the_same_outline_again_is_unchanged(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline())
        assert (await hub.take("peta_jakarta", outline())).unchanged == 1

    async def test_one_that_crosses_itself_is_mended(self, hub: Hub) -> None:
        x, y = KAMPUNG_MELAYU.longitude, KAMPUNG_MELAYU.latitude
        bow = [[x, y], [x + 0.002, y + 0.002], [x + 0.002, y], [x, y + 0.002], [x, y]]
        await hub.take("peta_jakarta", outline(geometry={"type": "Polygon", "coordinates": [bow]}))
        assert json.loads((await flood_area(hub)).geometry)["type"] == "MultiPolygon"

    @pytest.mark.parametrize(
        "geometry",
        [
            {"type": "Point", "coordinates": [106.8, -6.2]},
            {"type": "Polygon", "coordinates": []},
            {"type": "Polygon", "coordinates": [[[106.8, -6.2], [106.8, -6.2], [106.8, -6.2], [106.8, -6.2]]]},
            {"type": "Polygon", "coordinates": [[[500, 0], [501, 0], [501, 1], [500, 0]]]},
            {"type": "Polygon", "coordinates": [[["a", "b"]]]},
            {"type": "Cube"},
            {},
        ],
        ids=["point", "empty", "no inside", "off the Earth", "words", "unknown", "nothing"],
    )
    async def test_one_that_is_none_is_kept_aside_and_the_others_go_on(
        self, hub: Hub, geometry: dict[str, Any]
    ) -> None:
        accepted = await hub.take("peta_jakarta", outline("1", geometry=geometry), outline("2"))
        assert (accepted.created, accepted.set_aside) == (1, 1)
        await hub.take("peta_jakarta", outline("1"))
        assert await hub.rows(tables.set_aside) == []

    async def test_reports_within_belong_to_it_from_then_on(self, hub: Hub) -> None:
        await hub.take("qlue", report("in"), report("out", point=Point(-6.3, 106.8)))
        await hub.take("peta_jakarta", outline())
        area = await flood_area(hub)
        rows = {row.source_ref: (row.flood_area_id, row.public_flood_area_id) for row in await hub.reports()}
        assert rows == {"in": (area.id, area.id), "out": (None, None)}

    async def test_and_do_not_where_the_outline_moves_away(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline())
        await hub.take("qlue", report())
        assert (await hub.only_report()).flood_area_id == (await flood_area(hub)).id
        await hub.take("peta_jakarta", outline(geometry=square(Point(-6.2, 106.85))))
        assert (await hub.only_report()).flood_area_id is None

    async def test_a_report_made_while_the_outline_was_on_its_way_is_found_with_the_water(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline())
        await hub.take("qlue", report())
        lost = update(tables.reports).values(flood_area_id=None, public_flood_area_id=None)
        await hub.execute(lost)
        await hub.take("peta_jakarta", states(("10", FloodState.MINOR)))
        assert (await hub.only_report()).flood_area_id == (await flood_area(hub)).id


class TestStates:
    async def test_each_change_is_an_event_and_a_repeat_is_none(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline())
        for state in (FloodState.MINOR, FloodState.MINOR, FloodState.SEVERE):
            await hub.take("peta_jakarta", states(("10", state)))
        assert await told_states(hub) == [(0, 2), (2, 4)]
        row = await flood_area(hub)
        assert (row.state, row.last_updated_at, row.observed_at) == (4, micros(EARLIER), micros(NOW))

    async def test_who_is_not_named_in_a_complete_reading_is_dry(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline("10"), outline("11"))
        await hub.take("peta_jakarta", states(("10", FloodState.MINOR), ("11", FloodState.MINOR)))
        await hub.take("peta_jakarta", states(("11", FloodState.MINOR)))
        assert ((await flood_area(hub, "10")).state, (await flood_area(hub, "11")).state) == (0, 2)
        assert (await told_states(hub))[-1] == (2, 0)

    async def test_in_one_that_is_not_complete_he_stays_as_he_was(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", outline("10"), outline("11"))
        await hub.take("peta_jakarta", states(("10", FloodState.MINOR), ("11", FloodState.MINOR)))
        before = await flood_area(hub, "10")
        await hub.take("peta_jakarta", states(("11", FloodState.MODERATE), complete=False))
        after = await flood_area(hub, "10")
        assert (after.state, after.observed_at) == (2, before.observed_at)

    async def test_a_state_without_an_outline_waits_for_it(self, hub: Hub) -> None:
        accepted = await hub.take("peta_jakarta", states(("99", FloodState.SEVERE)))
        assert accepted.unchanged == 1 and await told_states(hub) == []
        await hub.take("peta_jakarta", outline("99"), states(("99", FloodState.SEVERE)))
        assert await told_states(hub) == [(0, 4)]


def gauge(*depths: float, **told: Any) -> GaugeRecord:
    readings = tuple(
        GaugeReading(EARLIER + timedelta(minutes=10 * n), depth, 4, "Siaga IV") for n, depth in enumerate(depths)
    )
    given: dict[str, Any] = {"source_ref": "TMA0001", "name": "Manggarai", "point": KAMPUNG_MELAYU}
    return GaugeRecord(readings=readings, **(given | told))


class TestGauges:
    async def test_readings_come_once_however_often_they_are_told(self, hub: Hub) -> None:
        first = await hub.take("peta_jakarta", gauge(600, 610))
        again = await hub.take("peta_jakarta", gauge(600, 610))
        more = await hub.take("peta_jakarta", gauge(600, 610, 640))
        assert (first.created, again.unchanged, more.updated) == (1, 1, 1)
        assert [row.depth_cm for row in await hub.rows(tables.flood_readings)] == [600, 610, 640]

    async def test_one_without_a_place_is_kept_and_may_get_one(self, hub: Hub) -> None:
        await hub.take("peta_jakarta", gauge(600, point=None))
        await hub.take("peta_jakarta", gauge(600))
        (row,) = await hub.rows(tables.flood_gauges)
        assert row.latitude == KAMPUNG_MELAYU.latitude

    async def test_what_no_store_takes_is_kept_aside_alone(self, hub: Hub) -> None:
        odd = gauge(float("nan"), source_ref="a"), gauge(1, source_ref="b" * 100)
        accepted = await hub.take("peta_jakarta", *odd, gauge(600))
        assert (accepted.created, accepted.set_aside) == (1, 2)
