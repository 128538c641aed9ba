"""A flood evening of the made-up city, brought by the real connectors into a store: everything is there, nothing twice."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.base import Connector
from connectors.intake import Intake
from connectors.registry import build
from demo import lapor, peta_jakarta_v3, qlue
from demo.city import City
from demo.clock import Clock
from demo.serving import serve
from domain.areas import AreaMap
from domain.places import Point, distance_m
from storage import tables
from storage.events.appending import broken_links
from storage.rollups.rebuilding import rebuild_rollups
from storage.store import Store
from storage.writing.transaction import Operation
from tests.connector_samples import SECRET
from tests.ingesting import Hub, hub_on

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)


@asynccontextmanager
async def sources_of(city: City) -> AsyncIterator[list[Connector[Any]]]:
    """The three systems of the city, and the real connectors to them."""
    async with AsyncExitStack() as stack:
        peta = await stack.enter_async_context(serve(peta_jakarta_v3.app(city)))
        posts = await stack.enter_async_context(serve(qlue.app(city)))
        complaints = await stack.enter_async_context(serve(lapor.app(city)))
        settings: dict[str, dict[str, Any]] = {
            "qlue": {"base_url": posts, "categories": {"ic_2flod": "flood", "ic_2traf": "traffic_jam"}},
            "peta_jakarta": {"base_url": peta, "backfill_days": 0},
            "lapor": {"profile": "csv", "export": f"{complaints}/export/tickets.csv"},
        }
        made = [build(kind, told, SECRET, clock=city.now) for kind, told in settings.items()]
        yield made
        for connector in made:
            await connector.aclose()


async def read_all(hub: Hub, connectors: list[Connector[Any]]) -> None:
    for connector in connectors:
        await Intake(connector, hub.sink).run(await hub.lease(connector.code))


async def test_an_evening_is_there_once_however_often_it_is_read(
    store: Store, area_map: AreaMap, tmp_path: Path
) -> None:
    hub = await hub_on(store, area_map, tmp_path / "photos")
    clock = Clock(START + timedelta(minutes=60), speed=0)
    city = City(7, START, clock=clock)
    async with sources_of(city) as connectors:
        for _ in range(3):
            await read_all(hub, connectors)
            clock.advance(600)
        await read_all(hub, connectors)
        before = await hub.reports(), len(await hub.events())
        await read_all(hub, connectors)
    rows = await hub.reports()
    assert ([row.id for row in rows], len(await hub.events())) == ([row.id for row in before[0]], before[1])
    codes = {row.id: row.code for row in await hub.rows(tables.sources)}
    assert set(Counter(codes[row.source_id] for row in rows)) == {"qlue", "peta_jakarta", "lapor"}
    assert [row.reason for row in await hub.rows(tables.set_aside) if "store" in row.reason] == []
    await nothing_twice(hub, {row.source_id: codes[row.source_id] for row in rows})
    await everything_else_is_there(hub)


async def nothing_twice(hub: Hub, codes: dict[int, str]) -> None:
    """No two reports of one number; none of Peta Jakarta's that came from Qlue beside the one it came from."""
    rows = await hub.reports()
    assert len({(row.source_id, row.source_ref) for row in rows}) == len(rows)
    through = [row for row in rows if codes[row.source_id] == "peta_jakarta" and row.channel == "qlue"]
    own = [row for row in rows if codes[row.source_id] == "qlue" and row.latitude is not None]
    for copy in through:
        place = Point(copy.latitude, copy.longitude)
        near = [row for row in own if distance_m(place, Point(row.latitude, row.longitude)) < 5]
        assert [row.text for row in near if row.text == copy.text] == []
    assert len(await hub.rows(tables.report_links)) > 0


async def everything_else_is_there(hub: Hub) -> None:
    """Flood areas with states and their changes, gauges with readings, tickets with reports; counts and log are sound."""
    areas = await hub.rows(tables.flood_areas)
    assert len(areas) > 100 and all(row.area_id is not None for row in areas)
    assert sum(row.state > 0 for row in areas) > 5
    assert Counter(await hub.events())["FLOOD_STATE"] > 5
    assert any(row.flood_area_id is not None for row in await hub.reports())
    assert len(await hub.rows(tables.flood_gauges)) > 3 and len(await hub.rows(tables.flood_readings)) > 10
    tickets = await hub.rows(tables.lapor_tickets)
    assert tickets and all(row.report_id is not None for row in tickets)
    assert await hub.store.read(lambda conn: list(broken_links(conn))) == []
    counted = [[row for row in await hub.rows(table) if row.total] for table in (tables.rollup_area, tables.rollup_day)]
    await hub.store.write(Operation(lambda tx: rebuild_rollups(tx.conn)))
    again = [[row for row in await hub.rows(table) if row.total] for table in (tables.rollup_area, tables.rollup_day)]
    assert again == counted
