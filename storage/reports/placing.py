"""Where a report lies, for both sides: the true place, and the public one that is the same unless the category is sensitive."""

import json
from dataclasses import dataclass
from typing import Any

from shapely.geometry import Point as Shape
from shapely.geometry import shape
from sqlalchemy import Connection, select

from domain.areas import AreaMap
from domain.places import Point, cell_of, fuzz
from domain.vocabulary import LocationPrecision
from storage.tables import areas, flood_areas

CELL_RESOLUTION = 11


@dataclass(frozen=True, slots=True)
class Place:
    """What a source or a person told of the place: a point, or an area's code, or neither."""

    point: Point | None = None
    area_code: str | None = None


def place_columns(conn: Connection, area_map: AreaMap, place: Place, *, sensitive: bool) -> dict[str, Any]:
    """The place columns of `reports`, true and public.

    A fuzzed report's public area and flood area are those of its public point: else the crossing of a cell and a
    boundary would tell more than the cell.
    """
    if place.point is None:
        return _area_only(conn, place.area_code, sensitive)
    public = fuzz(place.point) if sensitive else place.point
    true_columns = _side(conn, area_map, place.point)
    public_columns = true_columns if public == place.point else _side(conn, area_map, public)
    return {
        "precision": LocationPrecision.EXACT,
        "fuzzed": sensitive,
        **true_columns,
        **{f"public_{name}": value for name, value in public_columns.items()},
    }


def _area_only(conn: Connection, code: str | None, sensitive: bool) -> dict[str, Any]:
    """No point to move; but an address would tell as much as one, so the report counts as fuzzed all the same."""
    area_id = (
        None if code is None else conn.execute(select(areas.c.id).where(areas.c.code == code)).scalar_one_or_none()
    )
    side: dict[str, Any] = dict.fromkeys(("latitude", "longitude", "cell", "flood_area_id"))
    side["area_id"] = area_id
    return {
        "precision": LocationPrecision.UNKNOWN if area_id is None else LocationPrecision.AREA,
        "fuzzed": sensitive,
        **side,
        **{f"public_{name}": value for name, value in side.items()},
    }


def _side(conn: Connection, area_map: AreaMap, point: Point) -> dict[str, Any]:
    code = area_map.locate(point.latitude, point.longitude)
    area_id = None if code is None else conn.execute(select(areas.c.id).where(areas.c.code == code)).scalar_one()
    return {
        "latitude": point.latitude,
        "longitude": point.longitude,
        "cell": cell_of(point, CELL_RESOLUTION),
        "area_id": area_id,
        "flood_area_id": flood_area_at(conn, point),
    }


def flood_area_at(conn: Connection, point: Point) -> int | None:
    """The flood area whose outline holds a point; the one that was known first where outlines overlap."""
    near = conn.execute(
        select(flood_areas.c.id, flood_areas.c.geometry)
        .where(
            flood_areas.c.west <= point.longitude,
            flood_areas.c.east >= point.longitude,
            flood_areas.c.south <= point.latitude,
            flood_areas.c.north >= point.latitude,
        )
        .order_by(flood_areas.c.id)
    )
    spot = Shape(point.longitude, point.latitude)
    return next((row.id for row in near if shape(json.loads(row.geometry)).intersects(spot)), None)
