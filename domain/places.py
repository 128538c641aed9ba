"""Points, distances, boxes and H3 cells: the small arithmetic that every rule about places shares.

Coordinates are WGS 84 degrees. Our own types take latitude first and name both; GeoJSON, as RFC 7946 wants, has
longitude first.
"""

import math
from dataclasses import dataclass
from typing import Any

import h3.api.basic_int as h3

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth in metres (IUGG), as used by H3 too."""

FUZZ_RESOLUTION = 9
"""H3 resolution whose cell centres stand for true places of sensitive categories: about 200 m from centre to corner."""

_DECIMALS = 7  # about a centimetre; more digits would only make equal places unequal
_RESOLUTION_SHIFT = 52
_RESOLUTION_MASK = 0b1111 << _RESOLUTION_SHIFT
_FINEST_RESOLUTION = 15
_BITS_PER_DIGIT = 3


def _rounded(value: float) -> float:
    return round(value, _DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _require_range(name: str, value: float, limit: float) -> None:
    if not -limit <= value <= limit:  # false for NaN and the infinities as well
        raise ValueError(f"{name} must be a number from {-limit:g} to {limit:g}, not {value!r}")


@dataclass(frozen=True, slots=True)
class Point:
    """A place on Earth in degrees, rounded to 1e-7. Raises ValueError for what is not finite or out of range."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        _require_range("latitude", self.latitude, 90)
        _require_range("longitude", self.longitude, 180)
        object.__setattr__(self, "latitude", _rounded(self.latitude))
        object.__setattr__(self, "longitude", _rounded(self.longitude))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in degrees, edges included, never across the antimeridian. Raises ValueError if it would be none."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("west", self.west, 180),
            ("south", self.south, 90),
            ("east", self.east, 180),
            ("north", self.north, 90),
        ):
            _require_range(name, value, limit)
        if self.west > self.east:
            raise ValueError("west must not lie east of east")
        if self.south > self.north:
            raise ValueError("south must not lie north of north")

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside or on an edge."""
        return self.west <= point.longitude <= self.east and self.south <= point.latitude <= self.north


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres on the mean sphere, by the haversine formula (exact for small distances too)."""
    south, north = math.radians(a.latitude), math.radians(b.latitude)
    half_chord_squared = (
        math.sin((north - south) / 2) ** 2
        + math.cos(south) * math.cos(north) * math.sin(math.radians(b.longitude - a.longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half_chord_squared)))


def bounding_box_around(point: Point, metres: float) -> Box:
    """A box that holds every point within so many metres: the coarse filter before `distance_m`.

    Where the circle reaches a pole or the antimeridian the box spans all longitudes: too wide, never too narrow.
    Raises ValueError for a distance that is negative or not finite.
    """
    if not (math.isfinite(metres) and metres >= 0):
        raise ValueError(f"a distance must be finite and not negative, not {metres!r}")
    angle = min(math.pi, (metres + 0.05) / EARTH_RADIUS_M)  # 5 cm more, for the rounding of coordinates
    latitude = math.radians(point.latitude)
    south, north = latitude - angle, latitude + angle
    half_width = math.pi
    if south > -math.pi / 2 and north < math.pi / 2:
        half_width = math.asin(min(1.0, math.sin(angle) / math.cos(latitude)))
    west, east = (point.longitude + sign * math.degrees(half_width) for sign in (-1, 1))
    if west < -180 or east > 180:
        west, east = -180.0, 180.0
    return Box(west, max(-90.0, math.degrees(south)), east, min(90.0, math.degrees(north)))


def cell_of(point: Point, resolution: int) -> int:
    """The H3 cell of a resolution (0 to 15) around the point; its top bit is never set, so a signed bigint holds it."""
    cell: int = h3.latlng_to_cell(point.latitude, point.longitude, resolution)
    return cell


def cell_resolution(cell: int) -> int:
    """The resolution that a cell's number carries: bits 52 to 55."""
    return (cell & _RESOLUTION_MASK) >> _RESOLUTION_SHIFT


def cell_parent(cell: int, resolution: int) -> int:
    """The cell of a coarser resolution that a cell belongs to, by bit arithmetic alone, so that SQL can say the same:

    `(cell & ~(15 << 52)) | (resolution << 52) | ((1 << (3 * (15 - resolution))) - 1)`

    An H3 number keeps its resolution in bits 52 to 55 and below bit 45 one digit of three bits for each resolution from
    1 to 15, the coarsest highest; digits finer than the cell's own are 7. So a parent has its own resolution written in
    and all finer digits filled with ones. Raises ValueError if the resolution is finer than the cell's, or negative.
    """
    if not 0 <= resolution <= cell_resolution(cell):
        raise ValueError(f"a cell of resolution {cell_resolution(cell)} has no parent of resolution {resolution}")
    unused_digits = (1 << (_BITS_PER_DIGIT * (_FINEST_RESOLUTION - resolution))) - 1
    return (cell & ~_RESOLUTION_MASK) | (resolution << _RESOLUTION_SHIFT) | unused_digits


def cell_name(cell: int) -> str:
    """A cell as H3 writes it everywhere outside a database: hexadecimal, without a prefix."""
    return f"{cell:x}"


def cell_center(cell: int) -> Point:
    """The centre of a cell. Raises ValueError for a number that is no H3 cell."""
    _require_cell(cell)
    latitude, longitude = h3.cell_to_latlng(cell)
    return Point(latitude, longitude)


def cell_boundary_geojson(cell: int) -> dict[str, Any]:
    """A cell's outline as a GeoJSON Polygon: longitude first, counter-clockwise. Raises ValueError for no H3 cell."""
    _require_cell(cell)
    ring = [[_rounded(longitude), _rounded(latitude)] for latitude, longitude in h3.cell_to_boundary(cell)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def fuzz(point: Point) -> Point:
    """The public place of a report that is sensitive: the centre of its H3 cell of resolution 9.

    It depends on the point alone, so it is the same after every edit, and asking often averages nothing out.
    """
    return cell_center(cell_of(point, FUZZ_RESOLUTION))


def _require_cell(cell: int) -> None:
    if cell < 0 or not h3.is_valid_cell(cell):  # h3 takes unsigned numbers only
        raise ValueError(f"{cell!r} is not an H3 cell")
