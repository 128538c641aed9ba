"""Which of many shapes hold a point, by squares that are looked at once.

To most points the answer is one shape that covers the whole square around them; then nothing is computed at all. A search
tree is asked for the first points of a square; who comes again has the square looked at, which takes ten times as long.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_MOST_SQUARES = 100_000
_WORTH_A_LOOK = 3
"""So many points in one square."""


class ShapeSquares:
    """Shapes in a plane; `edge` is a square's, in the plane's units. Safe in several threads."""

    def __init__(self, shapes: Sequence[BaseGeometry], edge: float) -> None:
        self._shapes = list(shapes)
        shapely.prepare(self._shapes)
        self.tree = shapely.STRtree(self._shapes)
        self._edge = edge
        self._asked: dict[tuple[float, float], int] = {}
        self._squares: dict[tuple[float, float], tuple[list[int], Any]] = {}
        """Of each square the shapes around it: their places, and, unless all cover it, themselves as an array."""

    def holding(self, x: float, y: float) -> list[int]:
        """The places in the sequence of the shapes that a point is in or on."""
        key = (x // self._edge, y // self._edge)
        known = self._squares.get(key) or self._counted(key)
        if known is None:
            return sorted(self.tree.query(shapely.points([(x, y)]), predicate="intersects")[1].tolist())
        near, shapes = known
        if shapes is None:
            return near
        return [n for n, holds in zip(near, shapely.intersects_xy(shapes, x, y).tolist(), strict=True) if holds]

    def _counted(self, key: tuple[float, float]) -> tuple[list[int], Any] | None:
        """One more point in a square: what is found in it, once that is worth a look."""
        times = self._asked.get(key, 0) + 1
        if len(self._squares) >= _MOST_SQUARES or (times == 1 and len(self._asked) >= _MOST_SQUARES):
            return None
        self._asked[key] = times
        return self._look(key) if times >= _WORTH_A_LOOK else None

    def _look(self, key: tuple[float, float]) -> tuple[list[int], Any]:
        """The shapes around a square."""
        west, south = key[0] * self._edge, key[1] * self._edge
        square = shapely.box(west, south, west + self._edge, south + self._edge)
        near = sorted(self.tree.query(square, predicate="intersects").tolist())
        shapes = np.array([self._shapes[n] for n in near], dtype=object)
        found = near, None if shapely.covers(shapes, square).all() else shapes
        self._squares[key] = found
        self._asked.pop(key, None)
        return found
