"""Two plain grids of degrees over the Earth, one fine and one coarse, by whose squares reports are found within a box.

What a filter wants of such a grid H3 does not give: the squares over a box are a matter of two subtractions, they hold
no point that the box's own rows and columns do not, and the arithmetic is the same in Python and in both stores to the
last bit (each step is a rising function, so no edge is ever lost).
"""

import math
from dataclasses import dataclass

from domain.places import Box, Point

_COLUMN_BITS = 17  # a fine grid has 92,161 columns


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of so many squares to a degree."""

    per_degree: int

    def square(self, row: int, column: int) -> int:
        """The number of a square."""
        return (row << _COLUMN_BITS) + column

    def square_of(self, point: Point) -> int:
        """The square that a point lies in."""
        return self.square(self._row(point.latitude), self._column(point.longitude))

    def number_over(self, box: Box) -> int:
        """How many squares reach into a box."""
        rows = self._row(box.north) - self._row(box.south) + 1
        return rows * (self._column(box.east) - self._column(box.west) + 1)

    def over(self, box: Box) -> list[int]:
        """All squares that reach into a box."""
        first, last = self._column(box.west), self._column(box.east)
        rows = range(self._row(box.south), self._row(box.north) + 1)
        return [square for row in rows for square in range(self.square(row, first), self.square(row, last) + 1)]

    def parts_over(self, box: Box) -> list[tuple[int, float]]:
        """All squares that reach into a box, and how much of each lies in it, from 0 to 1."""
        size = 1 / self.per_degree
        wide = [
            (column, min(box.east, west + size) - max(box.west, west))
            for column in range(self._column(box.west), self._column(box.east) + 1)
            for west in (column * size - 180.0,)
        ]
        found = []
        for row in range(self._row(box.south), self._row(box.north) + 1):
            south = row * size - 90.0
            high = (min(box.north, south + size) - max(box.south, south)) / size**2
            found += [((row << _COLUMN_BITS) + column, high * width) for column, width in wide]
        return found

    def around(self, box: Box) -> Box:
        """All of the squares that reach into a box, as one."""
        size = 1 / self.per_degree
        return Box(
            max(-180.0, self._column(box.west) * size - 180.0),
            max(-90.0, self._row(box.south) * size - 90.0),
            min(180.0, (self._column(box.east) + 1) * size - 180.0),
            min(90.0, (self._row(box.north) + 1) * size - 90.0),
        )

    def sql(self, latitude: str, longitude: str) -> str:
        """A square's number in SQL, of two columns; both stores know these words."""
        row = f"CAST(trunc(({latitude} + 90.0) * {self.per_degree}.0) AS BIGINT)"
        column = f"CAST(trunc(({longitude} + 180.0) * {self.per_degree}.0) AS BIGINT)"
        return f"({row} * {1 << _COLUMN_BITS} + {column})"

    def _row(self, latitude: float) -> int:
        return math.floor((latitude + 90.0) * self.per_degree)

    def _column(self, longitude: float) -> int:
        return math.floor((longitude + 180.0) * self.per_degree)


FINE = Grid(256)
"""Squares of some 430 m."""

COARSE = Grid(32)
"""Squares of some 3.5 km."""
