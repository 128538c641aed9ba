"""Jakarta's areas: their tree, where a point lies, and their boundaries, real where imported and approximate elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from shapely.geometry.base import BaseGeometry

from domain import area_dump
from domain.area_cells import approximate_cells
from domain.area_dump import AreaDumpError
from domain.area_facts import (
    AreaFact,
    AreaFactsError,
    AreaLevel,
    bps_to_kemendagri,
    level_of,
    parent_of,
    parse_facts,
)
from domain.area_geometry import joined, simplified, to_geojson
from domain.area_lookup import AreaLookup
from domain.places import Box, Point

__all__ = [
    "AreaDumpError",
    "AreaFact",
    "AreaFactsError",
    "AreaLevel",
    "AreaMap",
    "UnknownAreaError",
    "bps_to_kemendagri",
    "level_of",
    "parent_of",
    "parse_facts",
    "to_geojson",
]


class UnknownAreaError(LookupError):
    """No area has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no area has the code {code!r}")
        self.code = code


class AreaMap:
    """The areas of the facts on the ground. It never changes: a new boundary file makes a new map.

    `boundaries` are real ones by kelurahan code (Polygon or MultiPolygon, degrees, longitude first); every kelurahan
    without one gets an approximate cell. Kecamatan, cities and the province are the unions of their kelurahan. Raises
    UnknownAreaError for a boundary of an area that is unknown or no kelurahan. All methods that take a code raise
    UnknownAreaError for one that is not there.
    """

    def __init__(self, facts: Iterable[AreaFact], boundaries: Mapping[str, BaseGeometry] | None = None) -> None:
        real = dict(boundaries or {})
        ordered = sorted(facts, key=lambda fact: fact.code)
        kelurahan = [fact for fact in ordered if fact.level is AreaLevel.SUBDISTRICT]
        for code in sorted(real.keys() - {fact.code for fact in kelurahan}):
            raise UnknownAreaError(code)
        cells = approximate_cells(kelurahan) if len(real) < len(kelurahan) else {}
        self._assemble(ordered, {**cells, **real}, frozenset(cells.keys() - real.keys()))

    def _assemble(
        self, ordered: Sequence[AreaFact], shapes: dict[str, BaseGeometry], approximate: frozenset[str]
    ) -> None:
        self._facts = {fact.code: fact for fact in ordered}
        self._children: dict[str, tuple[str, ...]] = dict.fromkeys(self._facts, ())
        for code in self._facts:
            parent = parent_of(code)
            if parent in self._children:
                self._children[parent] += (code,)
        self._shapes = shapes  # unions join the kelurahan as they are asked for
        self._approximate = approximate
        kelurahan = [fact for fact in ordered if fact.level is AreaLevel.SUBDISTRICT]
        self._lookup = AreaLookup(kelurahan, shapes, approximate)

    @property
    def facts(self) -> Mapping[str, AreaFact]:
        """All areas by code, in the order of codes."""
        return self._facts

    def locate(self, latitude: float, longitude: float) -> str | None:
        """The code of the kelurahan that a place lies in, or None where it is out of area.

        On a common border the lowest code has it. A place in no boundary belongs to the nearest kelurahan: within 300 m
        of a real boundary; while boundaries are approximate within 2 km, and at sea within 30 km of the point of an
        island kelurahan. Raises ValueError for coordinates that are none.
        """
        return self._lookup.locate(Point(latitude, longitude))

    def locate_point(self, point: Point) -> str | None:
        """As `locate`, for a place whose coordinates were looked at already."""
        return self._lookup.locate(point)

    def locate_many(self, points: Sequence[Point]) -> list[str | None]:
        """As `locate`, for many points at once and much faster."""
        return self._lookup.locate_many(points)

    def boundary(self, code: str) -> BaseGeometry:
        """The Polygon or MultiPolygon of an area in degrees, longitude first."""
        self._require(code)
        shape = self._shapes.get(code)
        if shape is None:
            shape = joined(self._shapes[kelurahan] for kelurahan in self.descendant_subdistricts(code))
            self._shapes[code] = shape
        return shape

    def simplified(self, code: str, tolerance_meters: float) -> BaseGeometry:
        """The boundary with fewer corners, none farther off than the tolerance. Raises ValueError for a negative one."""
        return simplified(self.boundary(code), tolerance_meters)

    def bounds(self, code: str) -> Box:
        """The box around an area's boundary."""
        return Box(*self.boundary(code).bounds)

    def is_approximate(self, code: str) -> bool:
        """Whether the boundary, or any part of it, is computed from facts rather than imported."""
        return not self._approximate.isdisjoint(self.descendant_subdistricts(code))

    def path(self, code: str) -> tuple[str, ...]:
        """The codes from the province down to the area itself."""
        self._require(code)
        parent = parent_of(code)
        return (*self.path(parent), code) if parent in self._facts else (code,)

    def children(self, code: str) -> tuple[str, ...]:
        """The codes of the areas one level below, in order."""
        self._require(code)
        return self._children[code]

    def descendant_subdistricts(self, code: str) -> tuple[str, ...]:
        """The codes of all kelurahan within an area, in order; of a kelurahan, itself."""
        self._require(code)
        if self._facts[code].level is AreaLevel.SUBDISTRICT:
            return (code,)
        return tuple(found for child in self._children[code] for found in self.descendant_subdistricts(child))

    def dump(self) -> bytes:
        """The map with all unions computed, for `load`."""
        shapes = {code: self.boundary(code) for code in self._facts}
        return area_dump.pack(self._facts.values(), shapes, self._approximate)

    @classmethod
    def load(cls, facts: Iterable[AreaFact], dumped: bytes) -> Self:
        """The map that was dumped, without computing anything. Raises AreaDumpError if it is not one of these very facts."""
        ordered = sorted(facts, key=lambda fact: fact.code)
        shapes, approximate = area_dump.unpack(ordered, dumped)
        loaded = cls.__new__(cls)
        loaded._assemble(ordered, shapes, approximate)
        return loaded

    def _require(self, code: str) -> None:
        if code not in self._facts:
            raise UnknownAreaError(code)
