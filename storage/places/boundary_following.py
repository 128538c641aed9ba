"""A process's map while it runs: made anew when boundaries were imported, whichever process imported them."""

import asyncio
from collections.abc import Callable, Mapping

from shapely import from_wkb
from sqlalchemy import Connection, select

from domain.area_facts import parse_facts
from domain.areas import AreaMap
from storage.places.boundaries import boundaries_imported_at, place_again
from storage.seeding import read_fact
from storage.store import Store
from storage.tables import area_boundaries, areas

_LONGEST_WRITE = 60_000_000
"""Microseconds. A write that committed after the import may have taken its time so long before."""


class BoundaryFollower:
    """Hands a new map to `use` whenever boundaries were imported since `imported_at`, the moment of the map in use."""

    def __init__(self, store: Store, imported_at: int | None, use: Callable[[AreaMap], None]) -> None:
        self._store = store
        self._imported_at = imported_at
        self._use = use

    async def look(self) -> None:
        """To be called when the log's epoch has risen. What was placed by the old map meanwhile is placed again."""
        imported_at = await boundaries_imported_at(self._store)
        if imported_at is None or imported_at == self._imported_at:
            return
        area_map = await read_area_map(self._store)
        self._use(area_map)
        await place_again(self._store, area_map, since=imported_at - _LONGEST_WRITE)
        self._imported_at = imported_at


async def read_area_map(store: Store) -> AreaMap:
    """The areas on the ground, as `load_area_map` has them; made in a thread, for it takes its time."""
    told = await store.read(_boundaries)
    return await asyncio.to_thread(_made, told)


def _boundaries(conn: Connection) -> Mapping[str, bytes]:
    joined = area_boundaries.join(areas, area_boundaries.c.area_id == areas.c.id)
    return {row.code: row.wkb for row in conn.execute(select(areas.c.code, area_boundaries.c.wkb).select_from(joined))}


def _made(told: Mapping[str, bytes]) -> AreaMap:
    return AreaMap(parse_facts(read_fact("jakarta_areas.csv")), {code: from_wkb(wkb) for code, wkb in told.items()})
