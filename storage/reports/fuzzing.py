"""Moves the public places of reports that turn out to be sensitive: of the report as it is, and of all that is kept of its past."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from domain.areas import AreaMap
from domain.places import Point, cell_of, fuzz
from storage.events.facets import Facets
from storage.reports.placing import CELL_RESOLUTION, flood_area_at
from storage.tables import areas, event_facets
from storage.writing.transaction import Tx


@dataclass(frozen=True, slots=True)
class _Fuzzed:
    """The public place of all points in one cell."""

    point: Point
    cell: int
    area_id: int | None
    city_id: int | None


class Fuzzing:
    """Public places, each cell's looked up once. For the length of a transaction."""

    def __init__(self, conn: Connection, area_map: AreaMap) -> None:
        self._conn = conn
        self._areas = area_map
        self._known: dict[Point, _Fuzzed] = {}
        self._flooded: dict[Point, int | None] = {}

    def _place(self, latitude: float, longitude: float) -> _Fuzzed:
        point = fuzz(Point(latitude, longitude))
        if point not in self._known:
            code = self._areas.locate(point.latitude, point.longitude)
            area = self._conn.execute(select(areas.c.id, areas.c.city_id).where(areas.c.code == code)).first()
            ids = (None, None) if area is None else (area.id, area.city_id)
            self._known[point] = _Fuzzed(point, cell_of(point, CELL_RESOLUTION), *ids)
        return self._known[point]

    def facets(self, facets: Facets) -> Facets:
        """The same facts with a public place that is fuzzed; where there is none, as they are."""
        if facets.latitude is None or facets.longitude is None or facets.public_place_withheld:
            return facets
        place = self._place(facets.latitude, facets.longitude)
        return replace(
            facets,
            public_latitude=place.point.latitude,
            public_longitude=place.point.longitude,
            public_cell=place.cell,
            public_area_id=place.area_id,
            public_city_id=place.city_id,
        )

    def columns(self, facets: Facets) -> dict[str, Any]:
        """The public place's columns of `reports`, of facts that are fuzzed already."""
        names = ("latitude", "longitude", "cell", "area_id")
        told: dict[str, Any] = {f"public_{name}": getattr(facets, f"public_{name}") for name in names}
        if facets.public_latitude is None or facets.public_longitude is None:
            return told | {"public_flood_area_id": None}
        point = Point(facets.public_latitude, facets.public_longitude)
        if point not in self._flooded:
            self._flooded[point] = flood_area_at(self._conn, point)
        return told | {"public_flood_area_id": self._flooded[point]}

    def rewrite_the_past(self, tx: Tx, report_ids: Collection[int]) -> bool:
        """Fuzzes the public places in the facets of all past events of these reports, so that no replay tells a true one.

        Returns whether any of them told it.
        """
        return self._rewrite_waiting(tx, frozenset(report_ids)) | self._rewrite_written(report_ids)

    def _rewrite_waiting(self, tx: Tx, report_ids: frozenset[int]) -> bool:
        """Events of this very group, which are not written yet."""
        told = False
        for position, event in enumerate(tx.events):
            if event.report_id in report_ids:
                before, after = (side and self.facets(side) for side in (event.before, event.after))
                told |= (before, after) != (event.before, event.after)
                tx.events[position] = replace(event, before=before, after=after)
        return told

    def _rewrite_written(self, report_ids: Collection[int]) -> bool:
        changed: list[dict[str, Any]] = []
        kept = select(event_facets).where(event_facets.c.report_id.in_(sorted(report_ids)))
        for row in self._conn.execute(kept).mappings().all():
            sides = [Facets.load(row[side]) if row[side] else None for side in ("before", "after")]
            fuzzed = [side and self.facets(side) for side in sides]
            if fuzzed != sides:
                texts = [side and side.dump() for side in fuzzed]
                changed.append({"row": row["seq"], "new_before": texts[0], "new_after": texts[1]})
        if changed:
            self._conn.execute(
                update(event_facets)
                .where(event_facets.c.seq == bindparam("row"))
                .values(before=bindparam("new_before"), after=bindparam("new_after")),
                changed,
            )
        return bool(changed)
