"""Distances in SQL, by the formula of `domain.places.distance_m`, so that both stores and Python give the same order.

A distance is a whole number of millimetres: a key that pages can be cut by.
"""

import math
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, literal
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


def millimetres(latitude: ColumnElement[Any], longitude: ColumnElement[Any], origin: Point) -> ColumnElement[int]:
    """The great-circle distance of the columns' point from `origin`; null where there is no point."""
    half = _number(_DEGREE / 2)
    south_north = func.sin((latitude - _number(origin.latitude)) * half)
    west_east = func.sin((longitude - _number(origin.longitude)) * half)
    shrink = func.cos(latitude * _number(_DEGREE)) * _number(math.cos(origin.latitude * _DEGREE))
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
    """Whether the columns' point lies at most so far away; first by a box, which an index knows, then by the distance."""
    box = bounding_box_around(origin, metres)
    return and_(
        latitude.between(box.south, box.north),
        longitude.between(box.west, box.east),
        millimetres(latitude, longitude, origin) <= whole_millimetres(metres),
    )
