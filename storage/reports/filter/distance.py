"""Distances in SQL, by the formula of `domain.places.distance_m`, so that both stores and Python give the same order.

A distance is a whole number of millimetres: a key that pages can be cut by.
"""

import math
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Double

from domain.places import EARTH_RADIUS_M, Point, bounding_box_around, distance_m

_DEGREE = math.pi / 180


class lesser(GenericFunction[float]):
    """The smaller of two numbers: `min` to SQLite, `least` to PostgreSQL."""

    type = Double()
    inherit_cache = True


@compiles(lesser)
def _least(element: lesser, compiler: Any, **options: Any) -> str:
    return f"least({compiler.process(element.clauses, **options)})"


@compiles(lesser, "sqlite")
def _min(element: lesser, compiler: Any, **options: Any) -> str:
    return f"min({compiler.process(element.clauses, **options)})"


def _number(value: float) -> ColumnElement[float]:
    return literal(value, Double())


def _named(name: str, value: float) -> ColumnElement[float]:
    return bindparam(name, value, type_=Double())


def origin_values(origin: Point) -> dict[str, float]:
    """What `millimetres` names of its origin, for a statement that is kept."""
    return {
        "origin_latitude": origin.latitude,
        "origin_longitude": origin.longitude,
        "origin_shrink": math.cos(origin.latitude * _DEGREE),
    }


def circle_values(origin: Point, metres: float) -> dict[str, float]:
    """What `within` names, for a statement that is kept."""
    box = bounding_box_around(origin, metres)
    return {
        **origin_values(origin),
        "circle_south": box.south,
        "circle_north": box.north,
        "circle_west": box.west,
        "circle_east": box.east,
        "circle_mm": whole_millimetres(metres),
    }


def millimetres(latitude: ColumnElement[Any], longitude: ColumnElement[Any], origin: Point) -> ColumnElement[int]:
    """The great-circle distance of the columns' point from `origin`; null where there is no point.

    A statement has one origin: what is of it has names (`origin_values`).
    """
    half, at = _number(_DEGREE / 2), origin_values(origin)
    south_north = func.sin((latitude - _named("origin_latitude", at["origin_latitude"])) * half)
    west_east = func.sin((longitude - _named("origin_longitude", at["origin_longitude"])) * half)
    shrink = func.cos(latitude * _number(_DEGREE)) * _named("origin_shrink", at["origin_shrink"])
    half_chord_squared = south_north * south_north + shrink * west_east * west_east
    angle = func.asin(lesser(_number(1.0), func.sqrt(half_chord_squared)))
    return cast(func.round(angle * _number(2000 * EARTH_RADIUS_M)), BigInteger)


def whole_millimetres(metres: float) -> int:
    """A distance as the store compares it."""
    return round(metres * 1000)


def millimetres_between(a: Point, b: Point) -> int:
    """The same distance in memory."""
    return whole_millimetres(distance_m(a, b))


def within(
    latitude: ColumnElement[Any], longitude: ColumnElement[Any], origin: Point, metres: float
) -> ColumnElement[bool]:
    """Whether the columns' point lies at most so far away; first by a box, then by the distance. A statement has one circle."""
    at = circle_values(origin, metres)
    return and_(
        latitude.between(_named("circle_south", at["circle_south"]), _named("circle_north", at["circle_north"])),
        longitude.between(_named("circle_west", at["circle_west"]), _named("circle_east", at["circle_east"])),
        millimetres(latitude, longitude, origin) <= bindparam("circle_mm", whole_millimetres(metres), BigInteger()),
    )
