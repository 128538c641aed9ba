"""Geometry that areas need: degrees to kilometres and back, unions without splinters, GeoJSON.

Geometries are shapely's, longitude first, in degrees of WGS 84 unless a name says kilometres.
"""

import math
from collections.abc import Iterable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from domain.places import EARTH_RADIUS_M

KM_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M / 1000
"""Length of a degree of latitude, and of longitude at the equator."""

# The plane touches the Earth in the middle of Jakarta's mainland; over the 100 km to the farthest island it is wrong by 0.2 %.
_ORIGIN_LATITUDE = -6.2
_ORIGIN_LONGITUDE = 106.8
_KM_EAST = KM_PER_DEGREE * math.cos(math.radians(_ORIGIN_LATITUDE))

GRID_DEGREES = 1e-6
"""To what unions are snapped: some 10 cm, so that borders which differ by rounding alone close up."""

_CLOSED_DEGREES = 1e-5  # about a metre: borders no farther apart than twice this close up, outer ones stay as they are

LARGEST_GAP_KM2 = 0.25
"""Holes smaller than this in a union are gaps between neighbours, not land of others: no kelurahan is as small."""


def to_km(latitude: float, longitude: float) -> tuple[float, float]:
    """Kilometres east and north of the plane's origin."""
    return (longitude - _ORIGIN_LONGITUDE) * _KM_EAST, (latitude - _ORIGIN_LATITUDE) * KM_PER_DEGREE


def geometry_to_km(geometry: BaseGeometry) -> BaseGeometry:
    """The same shape in kilometres east and north."""

    def project(degrees: Any) -> Any:
        return (degrees - (_ORIGIN_LONGITUDE, _ORIGIN_LATITUDE)) * (_KM_EAST, KM_PER_DEGREE)

    return shapely.transform(geometry, project)


def geometry_to_degrees(geometry: BaseGeometry) -> BaseGeometry:
    """The same shape back in degrees, rounded to a centimetre so that all machines agree on it."""

    def unproject(km: Any) -> Any:
        return (km / (_KM_EAST, KM_PER_DEGREE) + (_ORIGIN_LONGITUDE, _ORIGIN_LATITUDE)).round(7)

    return shapely.transform(geometry, unproject)


def area_km2(geometry: BaseGeometry) -> float:
    """The size of a shape that is given in degrees, near Jakarta."""
    return float(geometry.area) * _KM_EAST * KM_PER_DEGREE


def polygons_of(geometry: BaseGeometry) -> list[shapely.Polygon]:
    """The polygons of a geometry, of nested collections too, without the points and lines that repairs leave behind."""
    if isinstance(geometry, shapely.Polygon):
        return [] if geometry.is_empty else [geometry]
    return [polygon for part in getattr(geometry, "geoms", ()) for polygon in polygons_of(part)]


def joined(geometries: Iterable[BaseGeometry]) -> BaseGeometry:
    """The union of neighbours as one Polygon or MultiPolygon, the gaps between them closed."""
    union = shapely.union_all(list(geometries), grid_size=GRID_DEGREES)
    polygons = [_without_gaps(polygon) for polygon in polygons_of(_closed(union))]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def simplified(geometry: BaseGeometry, tolerance_meters: float) -> BaseGeometry:
    """The shape with fewer corners, none moved by more than the tolerance. Raises ValueError for a tolerance that is none."""
    if not (math.isfinite(tolerance_meters) and tolerance_meters >= 0):
        raise ValueError(f"a tolerance must be finite and not negative, not {tolerance_meters!r}")
    if tolerance_meters == 0:
        return geometry
    return geometry_to_degrees(shapely.simplify(geometry_to_km(geometry), tolerance_meters / 1000))


def to_geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """An RFC 7946 Polygon or MultiPolygon: longitude first, outer rings counter-clockwise, rounded to 1e-6 (10 cm).

    Raises ValueError for any other kind of geometry.
    """
    turned = shapely.orient_polygons(geometry, exterior_cw=False)
    if isinstance(turned, shapely.Polygon):
        return {"type": "Polygon", "coordinates": _rings(turned)}
    if isinstance(turned, shapely.MultiPolygon):
        return {"type": "MultiPolygon", "coordinates": [_rings(polygon) for polygon in turned.geoms]}
    raise ValueError(f"an area is a polygon, not a {geometry.geom_type}")


def _closed(shape: BaseGeometry) -> BaseGeometry:
    """Without the slits that rounding leaves where a corner of one neighbour lies on an edge of the other."""
    wider = shape.buffer(_CLOSED_DEGREES, join_style="mitre")
    return shapely.set_precision(wider.buffer(-_CLOSED_DEGREES, join_style="mitre"), GRID_DEGREES)


def _without_gaps(polygon: shapely.Polygon) -> shapely.Polygon:
    holes = [ring for ring in polygon.interiors if area_km2(shapely.Polygon(ring)) >= LARGEST_GAP_KM2]
    return shapely.Polygon(polygon.exterior, holes)


def _rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
    rings = () if polygon.is_empty else (polygon.exterior, *polygon.interiors)
    return [shapely.get_coordinates(ring).round(6).tolist() for ring in rings]
