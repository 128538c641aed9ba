"""Where a report lies, for both sides: the true place, and the public one that is the same unless the category is sensitive."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from shapely.geometry import Point as Shape
from shapely.geometry import shape
from sqlalchemy import Connection, select

from domain.areas import AreaMap
from domain.places import Point, cell_of, fuzz
from domain.vocabulary import LocationPrecision
from storage.tables import areas, flood_areas

CELL_RESOLUTION = 11
_PUBLIC = {name: f"public_{name}" for name in ("latitude", "longitude", "cell", "area_id", "flood_area_id")}


@dataclass(frozen=True, slots=True)
class Place:
    """What a source or a person told of the place: a point, or an area's code, or neither.

    With a point, the code is that of the area which it was found to lie in already, and None where it was not asked yet.
    """

    point: Point | None = None
    area_code: str | None = None


class Ground(Protocol):
    """What is known of the ground, by which a report gets its areas."""

    def area_id(self, code: str) -> int | None:
        """The row of an area's code."""

    def flood_area(self, point: Point) -> int | None:
        """The flood area whose outline holds a point; the one that was known first where outlines overlap."""


def place_columns(ground: Ground, area_map: AreaMap, place: Place, *, sensitive: bool) -> dict[str, Any]:
    """The place columns of `reports`, true and public.

    A fuzzed report's public area and flood area are those of its public point: else the crossing of a cell and a
    boundary would tell more than the cell.
    """
    if place.point is None:
        return _area_only(ground, place.area_code, sensitive)
    public = fuzz(place.point) if sensitive else place.point
    true_columns = _side(ground, place.point, place.area_code or _located(area_map, place.point))
    public_columns = true_columns if public == place.point else _side(ground, public, _located(area_map, public))
    return {
        "precision": LocationPrecision.EXACT.value,
        "fuzzed": sensitive,
        **true_columns,
        **{_PUBLIC[name]: value for name, value in public_columns.items()},
    }


def _located(area_map: AreaMap, point: Point) -> str | None:
    return area_map.locate_point(point)


def _area_only(ground: Ground, code: str | None, sensitive: bool) -> dict[str, Any]:
    """No point to move; but an address would tell as much as one, so the report counts as fuzzed all the same."""
    side: dict[str, Any] = dict.fromkeys(_PUBLIC)
    side["area_id"] = None if code is None else ground.area_id(code)
    precision = LocationPrecision.UNKNOWN if side["area_id"] is None else LocationPrecision.AREA
    return {
        "precision": precision.value,
        "fuzzed": sensitive,
        **side,
        **{_PUBLIC[name]: value for name, value in side.items()},
    }


def _side(ground: Ground, point: Point, code: str | None) -> dict[str, Any]:
    return {
        "latitude": point.latitude,
        "longitude": point.longitude,
        "cell": cell_of(point, CELL_RESOLUTION),
        "area_id": None if code is None else ground.area_id(code),
        "flood_area_id": ground.flood_area(point),
    }


class GroundInStore:
    """The ground as a connection finds it."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def area_id(self, code: str) -> int | None:
        """See Ground."""
        return self._conn.execute(select(areas.c.id).where(areas.c.code == code)).scalar_one_or_none()

    def flood_area(self, point: Point) -> int | None:
        """See Ground."""
        return flood_area_at(self._conn, point)


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
