"""TopoJSON as Peta Jakarta's two servers write it: lines shared between neighbours are kept once, as arcs.

Follows the TopoJSON format specification 1.0; written for this demo.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Json = dict[str, Any]
Point = tuple[float, ...]
Line = list[Point]


def absolute(features: Sequence[Json], name: str = "output") -> Json:
    """A topology in absolute coordinates without a `transform` (today's server). Times and names stay as they are."""
    arcs = _Arcs(features)
    objects = {name: _collection(features, arcs, list)}
    return {
        "type": "Topology",
        "arcs": [[list(point) for point in line] for line in arcs.lines],
        "objects": objects,
        "bbox": _bbox(features) or [None, None, None, None],
    }


def quantised(features: Sequence[Json], name: str = "collection", grid: int = 10_000) -> Json:
    """A topology on a grid of 10,000 × 10,000 with its `transform` and arcs of steps (the server of 2014–17).

    Only the first position of an arc keeps a third number; the steps after it have two.
    """
    box = _bbox(features) or [0.0, 0.0, 0.0, 0.0]
    scale = [(box[2] - box[0]) / (grid - 1) or 1.0, (box[3] - box[1]) / (grid - 1) or 1.0]

    def snap(point: Sequence[float]) -> list[float]:
        return [round((point[0] - box[0]) / scale[0]), round((point[1] - box[1]) / scale[1]), *point[2:]]

    arcs = _Arcs(features)
    objects = {name: _collection(features, arcs, snap)}
    return {
        "type": "Topology",
        "objects": objects,
        "arcs": [_steps([snap(point) for point in line]) for line in arcs.lines],
        "transform": {"scale": scale, "translate": [box[0], box[1]]},
        "bbox": box,
    }


def _steps(line: list[list[float]]) -> list[list[float]]:
    steps = [line[0]]
    for before, point in itertools.pairwise(line):
        step = [point[0] - before[0], point[1] - before[1]]
        # Points that fall on the same spot of the grid are left out, but a line keeps two.
        if step != [0, 0] or len(line) == 2:
            steps.append(step)
    return steps if len(steps) > 1 else [*steps, [0, 0]]


def _collection(features: Sequence[Json], arcs: "_Arcs", place: Callable[[Sequence[float]], list[float]]) -> Json:
    geometries = [
        {**_geometry(feature["geometry"], arcs, place), "properties": feature["properties"]} for feature in features
    ]
    return {"type": "GeometryCollection", "geometries": geometries}


def _geometry(geometry: Json, arcs: "_Arcs", place: Callable[[Sequence[float]], list[float]]) -> Json:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return {"type": kind, "coordinates": place(coordinates)}
    if kind == "LineString":
        return {"type": kind, "arcs": arcs.of(coordinates)}
    polygons = [coordinates] if kind == "Polygon" else coordinates
    shapes = [[arcs.of(ring) for ring in polygon] for polygon in polygons]
    # A MultiPolygon of one part comes out as a Polygon.
    return {"type": "Polygon", "arcs": shapes[0]} if len(shapes) == 1 else {"type": "MultiPolygon", "arcs": shapes}


def _lines(features: Iterable[Json]) -> Iterable[Sequence[Sequence[float]]]:
    for feature in features:
        kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
        if kind == "LineString":
            yield coordinates
        elif kind == "Polygon":
            yield from coordinates
        elif kind == "MultiPolygon":
            for polygon in coordinates:
                yield from polygon


def _bbox(features: Sequence[Json]) -> list[float] | None:
    points = [point for line in _lines(features) for point in line]
    points += [feature["geometry"]["coordinates"] for feature in features if feature["geometry"]["type"] == "Point"]
    if not points:
        return None
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return [min(xs), min(ys), max(xs), max(ys)]


class _Arcs:
    """Cuts lines where they begin or stop to run together, and keeps each piece once, whichever way it is walked."""

    def __init__(self, features: Sequence[Json]) -> None:
        self.lines: list[Line] = []
        self._index: dict[tuple[Point, ...], int] = {}
        self._junctions = _junctions(features)

    def of(self, coordinates: Sequence[Sequence[float]]) -> list[int]:
        """The arcs of a line or ring; one walked backwards is written as the complement of its index."""
        line: Line = [tuple(point) for point in coordinates]
        if line[0] == line[-1]:
            line = self._turned(line)
        cuts = [0, *(at for at in range(1, len(line) - 1) if line[at] in self._junctions), len(line) - 1]
        return [self._arc(line[start : end + 1]) for start, end in itertools.pairwise(cuts)]

    def _turned(self, ring: Line) -> Line:
        """The ring begun at a junction, so that no shared piece runs over its end."""
        start = next((at for at, point in enumerate(ring[:-1]) if point in self._junctions), 0)
        return [*ring[start:-1], *ring[: start + 1]]

    def _arc(self, piece: Line) -> int:
        backwards = self._index.get(tuple(reversed(piece)))
        if backwards is not None:
            return ~backwards
        key = tuple(piece)
        if key not in self._index:
            self._index[key] = len(self.lines)
            self.lines.append(piece)
        return self._index[key]


def _junctions(features: Sequence[Json]) -> set[Point]:
    """The points where lines meet or part: those that do not have the same two neighbours in every line."""
    neighbours: dict[Point, frozenset[Point]] = {}
    junctions: set[Point] = set()
    for coordinates in _lines(features):
        line = [tuple(point) for point in coordinates]
        closed = line[0] == line[-1]
        ends = () if closed else (line[0], line[-1])
        junctions.update(ends)
        body = line[:-1] if closed else line
        for at, point in enumerate(body):
            if point in ends:
                continue
            pair = frozenset((body[at - 1], body[(at + 1) % len(body)]))
            if neighbours.setdefault(point, pair) != pair:
                junctions.add(point)
    return junctions
