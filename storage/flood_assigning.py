"""Which reports lie in a flood area: found anew when an outline comes or changes. No event tells of it, and none is owed:
it is a fact about the outline, and filters do not ask for it."""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import or_, select, update

from domain.places import Point
from storage.reports.placing import flood_area_at
from storage.tables import flood_areas, reports
from storage.transaction import Tx

_SIDES = ("", "public_")


def assign_reports(tx: Tx, flood_area_id: int, before: BaseGeometry | None = None) -> None:
    """Gives the reports in and around an outline their flood area; `before` is where the outline was until now.

    Raises NeedsLocks for the reports that it moves.
    """
    row = tx.conn.execute(select(flood_areas).where(flood_areas.c.id == flood_area_id)).mappings().one()
    around = shapely.box(row["west"], row["south"], row["east"], row["north"])
    bounds = around.bounds if before is None else around.union(before).bounds
    outline = shapely.from_geojson(row["geometry"])
    moved: dict[int, dict[str, Any]] = {}
    for side in _SIDES:
        for report_id, value in _moved(tx, side, bounds, outline, flood_area_id, anew=before is not None).items():
            moved.setdefault(report_id, {})[f"{side}flood_area_id"] = value
    tx.require(*(f"report:{report_id}" for report_id in moved))
    for report_id, values in sorted(moved.items()):
        tx.conn.execute(update(reports).where(reports.c.id == report_id).values(values))


def _moved(
    tx: Tx, side: str, bounds: tuple[float, ...], outline: BaseGeometry, flood_area_id: int, *, anew: bool
) -> dict[int, int | None]:
    """The reports whose flood area, by their true or public place, is another than is kept."""
    west, south, east, north = bounds
    latitude, longitude = reports.c[f"{side}latitude"], reports.c[f"{side}longitude"]
    held = reports.c[f"{side}flood_area_id"]
    rows = tx.conn.execute(
        select(reports.c.id, latitude, longitude, held)
        .where(latitude.between(south, north), longitude.between(west, east))
        .where(or_(held.is_(None), held >= flood_area_id))
    ).all()
    moved: dict[int, int | None] = {}
    for report_id, at_latitude, at_longitude, held_id in rows:
        found = held_id
        if anew:
            found = flood_area_at(tx.conn, Point(at_latitude, at_longitude))
        elif outline.intersects(shapely.Point(at_longitude, at_latitude)):
            found = flood_area_id
        if found != held_id:
            moved[report_id] = found
    return moved
