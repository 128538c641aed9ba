"""How often outlines cross themselves and each other: mending costs the square of that, so it is counted first.

A few hundred corners drawn at random cross each other tens of thousands of times, and GEOS works on them for minutes. Real
boundaries that are invalid cross themselves in a handful of places, however many corners they have.
"""

from collections.abc import Iterable
from itertools import chain, pairwise

import shapely
from shapely.geometry.base import BaseGeometry

MOST_CROSSINGS = 400
MOST_CORNERS = 50_000
_AT_ONCE = 16
"""Edges compared with all others before it is looked whether there are too many crossings already."""


def require_few_crossings(shapes: Iterable[BaseGeometry]) -> None:
    """Raises ValueError for polygons that are too entangled, or too large, to be mended or united."""
    rings = [ring for shape in shapes for ring in shapely.get_rings(shapely.get_parts(shape))]
    corners = sum(shapely.get_num_coordinates(ring) for ring in rings)
    if corners > MOST_CORNERS:
        raise ValueError(f"its outline has to be mended and has more than {MOST_CORNERS:,} corners; simplify it first")
    edges = list(chain.from_iterable(pairwise(ring.coords) for ring in rings))
    if _crossings(shapely.linestrings(edges)) > MOST_CROSSINGS:
        raise ValueError(f"its outline crosses itself in more than {MOST_CROSSINGS} places")


def _crossings(edges: "list[BaseGeometry]") -> int:
    """How many pairs of edges cross, counted no further than is needed to know that they are too many."""
    tree, met = shapely.STRtree(edges), 0
    for start in range(0, len(edges), _AT_ONCE):
        met += len(tree.query(edges[start : start + _AT_ONCE], predicate="crosses")[0])
        if met > 2 * MOST_CROSSINGS:  # each pair is met from both of its edges
            break
    return met // 2
