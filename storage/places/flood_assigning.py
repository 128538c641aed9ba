"""Which reports lie in a flood area: found anew when an outline comes or changes. No event tells of it, and none is owed:
it is a fact about the outline, and filters do not ask for it."""

from collections.abc import Mapping
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, RowMapping, or_, select, update

from domain.places import Point
from storage.reports.placing import flood_area_at
from storage.tables import flood_areas, reports
from storage.writing.transaction import Tx

_SIDES = ("", "public_")


def assign_reports(tx: Tx, outlines: Mapping[int, BaseGeometry | None]) -> None:
    """Gives the reports in and around some outlines their flood area; the value is where an outline was until now.

    Raises NeedsLocks for the reports that it moves, all at once.
    """
    if not outlines:
        return
    rows = tx.conn.execute(select(flood_areas).where(flood_areas.c.id.in_(sorted(outlines)))).mappings().all()
    moved: dict[int, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: -row["id"]):  # where outlines overlap the oldest, which comes last, has it
        for side in _SIDES:
            for report_id, value in _moved(tx.conn, side, row, outlines[row["id"]]).items():
                moved.setdefault(report_id, {})[f"{side}flood_area_id"] = value
    tx.require(*(f"report:{report_id}" for report_id in moved))
    for report_id, values in sorted(moved.items()):
        tx.conn.execute(update(reports).where(reports.c.id == report_id).values(values))


def _moved(conn: Connection, side: str, row: RowMapping, before: BaseGeometry | None) -> dict[int, int | None]:
    """The reports whose flood area, by their true or public place, is another than is kept."""
    around = shapely.box(row["west"], row["south"], row["east"], row["north"])
    west, south, east, north = (around if before is None else around.union(before)).bounds
    latitude, longitude = reports.c[f"{side}latitude"], reports.c[f"{side}longitude"]
    held = reports.c[f"{side}flood_area_id"]
    found = conn.execute(
        select(reports.c.id, latitude, longitude, held)
        .where(latitude.between(south, north), longitude.between(west, east))
        .where(or_(held.is_(None), held >= row["id"]))
    ).all()
    outline = shapely.from_geojson(row["geometry"]) if found else None
    moved: dict[int, int | None] = {}
    for report_id, at_latitude, at_longitude, held_id in found:
        now_in = held_id
        if before is not None:
            now_in = flood_area_at(conn, Point(at_latitude, at_longitude))
        elif shapely.intersects_xy(outline, at_longitude, at_latitude):
            now_in = row["id"]
        if now_in != held_id:
            moved[report_id] = now_in
    return moved
