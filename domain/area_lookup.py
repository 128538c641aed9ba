"""Which kelurahan a place lies in, by one search tree over real and approximate boundaries alike."""

import math
from collections.abc import Collection, Mapping, Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from domain.area_facts import AreaFact
from domain.area_geometry import geometry_to_km, to_km
from domain.places import Point
from domain.shape_squares import ShapeSquares

NEAREST_REAL_KM = 0.3
"""How far outside of all real boundaries a place may lie: 1.4 % of the mainland is in the slivers between them."""

NEAREST_APPROXIMATE_KM = 2.0
"""How far outside of all approximate boundaries."""

SQUARE_KM = 0.25

ISLANDS = "31.01"
"""The Thousand Islands."""

ISLANDS_REACH_KM = 30.0
"""How far from the point of an island kelurahan a place may lie while boundaries are approximate: islands lie far apart."""


class AreaLookup:
    """Finds kelurahan by place. A place in several boundaries belongs to a real one before an approximate one, and then to the
    lowest code; a place in none belongs to the nearest within reach.

    The islands' reach counts only north of every mainland kelurahan's point. What lies south of there and beyond the
    mainland's reach is Java's land, Tangerang for one, which is nearer than 30 km to the southernmost island.
    """

    def __init__(
        self, facts: Sequence[AreaFact], boundaries: Mapping[str, BaseGeometry], approximate: Collection[str]
    ) -> None:
        ordered = sorted(facts, key=lambda fact: fact.code)  # so that a lower index is a lower code
        self._codes = [fact.code for fact in ordered]
        self._approximate = [code in approximate for code in self._codes]
        self._shapes = [geometry_to_km(boundaries[code]) for code in self._codes]
        self._squares = ShapeSquares(self._shapes, SQUARE_KM)
        self._tree = self._squares.tree
        self._islands = {
            index: to_km(fact.latitude, fact.longitude)
            for index, fact in enumerate(ordered)
            if fact.parent is not None and fact.parent.startswith(ISLANDS) and self._approximate[index]
        }
        self._mainland_north = max(
            (fact.latitude for fact in ordered if not fact.code.startswith(ISLANDS)), default=-math.inf
        )

    def locate(self, point: Point) -> str | None:
        """The kelurahan's code for a point, None where it is out of area."""
        here = to_km(point.latitude, point.longitude)
        held = self._squares.holding(*here)
        index = min(held, key=self._precedence) if held else self._nearest(point, shapely.Point(here))
        return None if index is None else self._codes[index]

    def locate_many(self, points: Sequence[Point]) -> list[str | None]:
        """As `locate`, for many points at once and much faster."""
        places = shapely.points([to_km(point.latitude, point.longitude) for point in points]) if points else []
        found: list[int | None] = [None] * len(points)
        hits = self._tree.query(places, predicate="intersects").tolist() if points else [[], []]
        for place, index in zip(*hits, strict=True):
            held = found[place]
            found[place] = index if held is None else min(held, index, key=self._precedence)
        for place, point in enumerate(points):
            if found[place] is None:
                found[place] = self._nearest(point, places[place])
        return [None if index is None else self._codes[index] for index in found]

    def _precedence(self, index: int) -> tuple[bool, int]:
        return self._approximate[index], index

    def _nearest(self, point: Point, place: shapely.Point) -> int | None:
        within = self._tree.query(place, predicate="dwithin", distance=NEAREST_APPROXIMATE_KM).tolist()
        candidates = {*within, *self._islands_around(point)}
        # to the millimetre, so that equally near ones are equal and the lowest code has the place
        apart = shapely.distance([self._shapes[index] for index in candidates], place).tolist()
        distances = {index: round(distance, 6) for index, distance in zip(candidates, apart, strict=True)}
        reachable = [
            (distance, index)
            for index, distance in distances.items()
            if self._approximate[index] or distance <= NEAREST_REAL_KM
        ]
        return min(reachable)[1] if reachable else None

    def _islands_around(self, point: Point) -> list[int]:
        if point.latitude <= self._mainland_north:
            return []
        here = to_km(point.latitude, point.longitude)
        return [index for index, there in self._islands.items() if math.dist(here, there) <= ISLANDS_REACH_KM]
