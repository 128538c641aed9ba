"""Outlines and places as Peta Jakarta draws them, checked and without heights."""

from typing import Any

from connectors.errors import CannotMap
from connectors.values import members, number, point
from domain.places import Point
from domain.records import JSON


def point_of(geometry: JSON) -> Point:
    """The place of a GeoJSON Point: longitude first, a third number ignored."""
    value = members(geometry, "geometry")
    coordinates = value.get("coordinates")
    if value.get("type") != "Point" or not isinstance(coordinates, list) or len(coordinates) < 2:
        raise CannotMap("geometry is not a Point")
    return point(coordinates[1], coordinates[0], "geometry")


def outline_of(geometry: JSON) -> dict[str, Any]:
    """A GeoJSON Polygon or MultiPolygon with closed rings of positions of two numbers within the world's bounds."""
    value = members(geometry, "geometry")
    kind, coordinates = value.get("type"), value.get("coordinates")
    if kind == "Polygon":
        return {"type": kind, "coordinates": _polygon(coordinates)}
    if kind == "MultiPolygon":
        return {"type": kind, "coordinates": [_polygon(part) for part in _several(coordinates)]}
    raise CannotMap("geometry is neither Polygon nor MultiPolygon")


def _several(value: JSON) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise CannotMap("geometry has an empty part")
    return value


def _polygon(value: JSON) -> list[list[list[float]]]:
    return [_ring(ring) for ring in _several(value)]


def _ring(value: JSON) -> list[list[float]]:
    ring = [_position(position) for position in _several(value)]
    if ring[0] != ring[-1]:
        ring.append(list(ring[0]))
    if len(ring) < 4:
        raise CannotMap("geometry has a ring of fewer than four positions")
    return ring


def _position(value: JSON) -> list[float]:
    if not isinstance(value, list) or len(value) < 2:
        raise CannotMap("geometry has a position without two numbers")
    longitude, latitude = number(value[0], "geometry: longitude"), number(value[1], "geometry: latitude")
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise CannotMap("geometry has a position outside the world")
    return [longitude, latitude]
