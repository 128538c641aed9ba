"""Flood areas and gauges as clients read them: which, in what order, with what outline, and how old."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.places import Box
from domain.sealing import Kind
from domain.time import HOUR, MINUTE, moment
from domain.vocabulary import FloodState
from resolvers import areas, errors, flood
from resolvers.lists import ListResult, Paging
from resolvers.reports import reports_in_flood_areas
from storage.rows import AreaRow, FloodAreaRow, FloodReadingRow
from storage.store import Store
from storage.tables import areas as area_table
from storage.tables import flood_areas, flood_gauges, flood_readings, sources
from storage.writing.transaction import Operation, Tx
from tests.report_rows import NOW, City
from tests.test_reports_visibility import statements

POLL = 60
HOLDER = 3 * POLL * 1_000_000
"""After so many microseconds without a reading an area is stale."""

SQUARE = (106.80, -6.20, 106.81, -6.19)
GAMBIR, CIDENG, ELSEWHERE = "31.71.01.1001", "31.71.01.1002", "31.74.05.1001"


def square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A rectangle as GeoJSON, with one corner too many in the middle of an edge."""
    ring = [[west, south], [(west + east) / 2, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


class Floods:
    """Flood areas and gauges of a source `peta`, put straight into the tables."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.source = 0

    async def begin(self) -> "Floods":
        self.source = await self.city.store.write(Operation(_add_source))
        return self

    async def area(
        self, ref: str, state: FloodState, code: str | None = None, box: tuple[float, ...] = SQUARE, **values: Any
    ) -> int:
        """A flood area whose outline is a rectangle: west, south, east, north."""

        def apply(tx: Tx) -> int:
            found = tx.conn.execute(select(area_table.c.id).where(area_table.c.code == code)).scalar()
            row = {
                "source_id": self.source,
                "source_ref": ref,
                "name": f"RW {ref}",
                "area_id": found,
                "geometry": json.dumps(square(*box)),
                **dict(zip(("west", "south", "east", "north"), box, strict=True)),
                "state": state.rank,
                "observed_at": NOW,
                **values,
            }
            return int(tx.conn.execute(insert(flood_areas).returning(flood_areas.c.id), row).scalar_one())

        return await self.city.store.write(Operation(apply))

    async def gauge(self, name: str, place: tuple[float, float] | None, readings: Mapping[int, float]) -> int:
        """A gauge at latitude and longitude; its readings by moment, in centimetres."""

        def apply(tx: Tx) -> int:
            latitude, longitude = place or (None, None)
            row = {"source_id": self.source, "source_ref": name, "name": name}
            added = insert(flood_gauges).returning(flood_gauges.c.id)
            gauge = tx.conn.execute(added, {**row, "latitude": latitude, "longitude": longitude}).scalar_one()
            told = [
                {"gauge_id": gauge, "measured_at": at, "depth_cm": depth, "warning_level": 4, "warning_name": "Normal"}
                for at, depth in readings.items()
            ]
            if told:
                tx.conn.execute(insert(flood_readings), told)
            return int(gauge)

        return await self.city.store.write(Operation(apply))

    async def set_source(self, **values: Any) -> None:
        await self.city.store.write(
            Operation(lambda tx: tx.conn.execute(update(sources).where(sources.c.id == self.source).values(**values)))
        )


def _add_source(tx: Tx) -> int:
    source = {
        "code": "peta",
        "name": "Peta Jakarta",
        "kind": "FLOOD_MAP",
        "state": "UP",
        "reconstructed": False,
        "poll_seconds": POLL,
        "set_aside_count": 0,
        "sync_requested": False,
        "change": 0,
    }
    return int(tx.conn.execute(insert(sources).returning(sources.c.id), source).scalar_one())


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("report_lists", "sources"):
        monkeypatch.setattr(f"resolvers.{module}.now_in_micros", lambda: NOW)


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


@pytest.fixture
async def floods(city: City) -> Floods:
    return await Floods(city).begin()


async def ask(floods: Floods, minimum: FloodState = FloodState.CAUTION, **more: Any) -> list[str]:
    """The references of what `floodAreas` answers."""
    async with floods.city.asking() as ctx:
        found = await flood.flood_areas(ctx, **{"within": None, "area": None, **more}, minimum_state=minimum)
        return [row.source_ref for row in found]


class TestWhichFloodAreas:
    async def test_those_in_a_state_or_a_worse_one_come_the_worst_first(self, floods: Floods) -> None:
        for n, state in enumerate((FloodState.MINOR, FloodState.NONE, FloodState.SEVERE, FloodState.CAUTION)):
            await floods.area(str(n), state)
        assert await ask(floods) == ["2", "0", "3"]
        assert await ask(floods, FloodState.MINOR) == ["2", "0"]
        assert await ask(floods, FloodState.SEVERE) == ["2"]
        assert await ask(floods, FloodState.NONE) == ["2", "0", "3", "1"]

    async def test_within_a_rectangle_are_those_that_touch_it(self, floods: Floods) -> None:
        await floods.area("in", FloodState.MINOR, box=(106.80, -6.20, 106.81, -6.19))
        await floods.area("across", FloodState.MINOR, box=(106.70, -6.30, 106.90, -6.10))
        await floods.area("beside", FloodState.MINOR, box=(106.83, -6.20, 106.84, -6.19))
        await floods.area("above", FloodState.MINOR, box=(106.80, -6.15, 106.81, -6.14))
        assert await ask(floods, within=Box(106.79, -6.21, 106.82, -6.18)) == ["in", "across"]
        assert await ask(floods, within=Box(106.81, -6.21, 106.83, -6.19)) == ["in", "across", "beside"]

    async def test_within_an_area_are_those_of_all_below_it(self, floods: Floods) -> None:
        for ref, code in (("gambir", GAMBIR), ("cideng", CIDENG), ("south", ELSEWHERE), ("nowhere", None)):
            await floods.area(ref, FloodState.MINOR, code)
        assert await ask(floods, area=GAMBIR) == ["gambir"]
        assert await ask(floods, area="31.71") == ["gambir", "cideng"]
        assert await ask(floods, area="31") == ["gambir", "cideng", "south"]
        assert await ask(floods, area="31.75") == []

    @pytest.mark.parametrize("code", ["99", "", "31.71\0"])
    async def test_an_unknown_area_is_refused(self, floods: Floods, code: str) -> None:
        with pytest.raises(errors.BadUserInput) as refused:
            await ask(floods, area=code)
        assert refused.value.extensions == {"argument": "area"}

    async def test_too_many_are_refused_and_never_cut(self, floods: Floods, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(flood, "MOST", 3)
        for n in range(4):
            await floods.area(str(n), FloodState.MINOR if n else FloodState.NONE, GAMBIR)
        assert len(await ask(floods)) == 3
        with pytest.raises(errors.BadUserInput, match="more than 3"):
            await ask(floods, FloodState.NONE)
        async with floods.city.asking() as ctx:
            gambir, cideng = await area_rows(ctx, GAMBIR, CIDENG)
            refused, none = await flood.flood_areas_of([gambir, cideng], ctx)
            assert isinstance(refused, errors.BadUserInput)
            assert none == []

    async def test_areas_have_all_of_theirs_in_one_statement(self, floods: Floods) -> None:
        await floods.area("a", FloodState.NONE, GAMBIR)
        await floods.area("b", FloodState.SEVERE, CIDENG)
        async with floods.city.asking() as ctx:
            rows = await area_rows(ctx, "31.71", GAMBIR, ELSEWHERE, GAMBIR)
            found, asked = await statements(ctx, flood.flood_areas_of(rows, ctx))
            assert [[row.source_ref for row in each] for each in found] == [["b", "a"], ["a"], [], ["a"]]
            assert asked == 1

    async def test_by_id(self, floods: Floods) -> None:
        first, second = [await floods.area(ref, FloodState.MINOR) for ref in ("a", "b")]
        async with floods.city.asking() as ctx:
            found = await flood.flood_areas_by_id([second, 999_999, first, second], ctx)
            assert [row and row.source_ref for row in found] == ["b", None, "a", "b"]
            assert ctx.row_of(Kind.FLOOD_AREA, ctx.id_of(Kind.FLOOD_AREA, first)) == first


async def area_rows(ctx: Any, *codes: str) -> list[AreaRow]:
    return [found for code in codes if (found := await areas.area(ctx, code=code)) is not None]


class TestOutlines:
    async def rows(self, ctx: Any, minimum: FloodState) -> list[FloodAreaRow]:
        return list(await flood.flood_areas(ctx, minimum_state=minimum, within=None, area=None))

    async def test_are_told_as_they_came_or_thinned_out(self, floods: Floods) -> None:
        await floods.area("a", FloodState.MINOR)
        async with floods.city.asking() as ctx:
            rows = await self.rows(ctx, FloodState.CAUTION)
            assert await flood.flood_area_boundaries_of(rows, ctx, tolerance_m=None) == [square(*SQUARE)]
            (thin,) = await flood.flood_area_boundaries_of(rows, ctx, tolerance_m=5.0)
            assert isinstance(thin, Mapping)
            assert thin["type"] == "Polygon"
            assert len(thin["coordinates"][0]) == 5
            assert min(thin["coordinates"][0]) == [106.80, -6.20]

    async def test_cannot_be_had_for_all_states_at_once(self, floods: Floods) -> None:
        await floods.area("a", FloodState.MINOR)
        await floods.area("b", FloodState.NONE)
        async with floods.city.asking() as ctx:
            rows = await self.rows(ctx, FloodState.NONE)
            refused, none = await flood.flood_area_boundaries_of(rows, ctx, tolerance_m=None)
            assert isinstance(refused, errors.BadUserInput)
            assert none is None
            by_id = await flood.flood_areas_by_id([rows[0].id], ctx)
            together = [*rows, *[row for row in by_id if row is not None]]
            *_, told = await flood.flood_area_boundaries_of(together, ctx, tolerance_m=None)
            assert told == square(*SQUARE)

    @pytest.mark.parametrize("tolerance", [-1.0, 10_000.5, float("nan")])
    async def test_a_tolerance_that_is_none_is_refused(self, floods: Floods, tolerance: float) -> None:
        async with floods.city.asking() as ctx:
            with pytest.raises(errors.BadUserInput):
                await flood.flood_area_boundaries_of([], ctx, tolerance_m=tolerance)


class TestStale:
    async def stale(self, floods: Floods) -> list[bool]:
        async with floods.city.asking() as ctx:
            rows = await flood.flood_areas(ctx, minimum_state=FloodState.NONE, within=None, area=None)
            return await flood.flood_areas_stale(rows, ctx)

    async def test_after_three_polls_without_a_reading(self, floods: Floods) -> None:
        await floods.area("fresh", FloodState.MINOR, observed_at=NOW - HOLDER)
        await floods.area("old", FloodState.MINOR, observed_at=NOW - HOLDER - 1)
        assert await self.stale(floods) == [False, True]

    @pytest.mark.parametrize(
        ("state", "stale"), [("UP", False), ("DEGRADED", False), ("DOWN", True), ("DISABLED", True)]
    )
    async def test_or_when_nobody_can_read_the_source(self, floods: Floods, state: str, stale: bool) -> None:
        await floods.area("a", FloodState.MINOR)
        await floods.set_source(state=state)
        assert await self.stale(floods) == [stale]


async def test_an_area_tells_the_reports_within_it(floods: Floods) -> None:
    area = await floods.area("a", FloodState.MINOR)
    (inside, _) = await floods.city.add(
        {"category": "flood", "flood_area_id": area, "public_flood_area_id": area}, {"category": "flood"}
    )
    async with floods.city.asking() as ctx:
        rows = await flood.flood_areas(ctx, minimum_state=FloodState.CAUTION, within=None, area=None)
        (told,) = await reports_in_flood_areas(rows, ctx)
        assert [row.id for row in told.rows] == [inside]


class TestGauges:
    async def test_those_with_a_place_are_told_by_name(self, floods: Floods) -> None:
        manggarai = await floods.gauge("Manggarai", (-6.2078, 106.8482), {})
        depok = await floods.gauge("Depok", (-6.40, 106.83), {})
        lost = await floods.gauge("Antah Berantah", None, {})
        async with floods.city.asking() as ctx:
            assert [gauge.name for gauge in await flood.flood_gauges(ctx, within=None)] == ["Depok", "Manggarai"]
            near = Box(106.80, -6.25, 106.8482, -6.20)
            assert [gauge.name for gauge in await flood.flood_gauges(ctx, within=near)] == ["Manggarai"]
            found = await flood.flood_gauges_by_id([depok, lost, manggarai, 999_999], ctx)
            assert [gauge and gauge.name for gauge in found] == ["Depok", None, "Manggarai", None]

    async def test_the_latest_reading_of_each_takes_one_statement(self, floods: Floods) -> None:
        await floods.gauge("A", (-6.2, 106.8), {NOW: 72.5, NOW - HOUR: 65, NOW - 2 * HOUR: 90})
        await floods.gauge("B", (-6.2, 106.8), {})
        await floods.gauge("C", (-6.2, 106.8), {NOW - MINUTE: 5})
        async with floods.city.asking() as ctx:
            gauges = await flood.flood_gauges(ctx, within=None)
            found, asked = await statements(ctx, flood.latest_readings_of(gauges, ctx))
            assert [reading and (reading.measured_at, reading.depth_cm) for reading in found] == [
                (NOW, 72.5),
                None,
                (NOW - MINUTE, 5),
            ]
            assert found[0].warning_name == "Normal"
            assert asked == 1

    async def test_readings_are_paged_oldest_first_for_all_at_once(self, floods: Floods) -> None:
        await floods.gauge("A", (-6.2, 106.8), {NOW - n * HOUR: 10.0 * n for n in range(5)})
        await floods.gauge("B", (-6.2, 106.8), {NOW - HOUR: 1})
        async with floods.city.asking() as ctx:
            gauges = await flood.flood_gauges(ctx, within=None)
            reading = flood.readings_of(gauges, ctx, since=None, paging=Paging(first=2))
            (a, b), asked = await statements(ctx, reading)
            assert (told(a), a.has_next, told(b), b.has_next) == ([40, 30], True, [1], False)
            assert asked == 1
            (more,) = await flood.readings_of(gauges[:1], ctx, since=None, paging=Paging(first=9, after=a.end_cursor))
            assert (told(more), more.has_previous) == ([20, 10, 0], True)
            (end,) = await flood.readings_of(gauges[:1], ctx, since=None, paging=Paging(last=2))
            assert (told(end), end.has_previous, end.has_next) == ([10, 0], True, False)
            since = moment(NOW - HOUR)
            (new, _) = await flood.readings_of(gauges, ctx, since=since, paging=Paging())
            assert told(new) == [10, 0]


def told(page: ListResult[FloodReadingRow]) -> list[float]:
    return [reading.depth_cm for reading in page.rows]
