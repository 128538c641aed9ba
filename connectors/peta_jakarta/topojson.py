"""TopoJSON to GeoJSON features: v3 answers TopoJSON unless asked otherwise, and caches have been seen to mix the two up.

v3 writes absolute coordinates (object `output`); v2 a grid of 10⁴ steps with `transform`, on which an arc's positions are
differences from the one before (object `collection`). Third numbers (heights) are dropped: only the first position of a
quantised arc keeps its own, and nobody needs them. Format: https://github.com/topojson/topojson-specification.
"""

from typing import Any

from domain.records import JSON

Position = tuple[float, float]

MOST_POSITIONS = 2_000_000
"""Of all features together. An arc is written once and may be used a million times: a small file could fill any memory."""
_MALFORMED = (KeyError, TypeError, IndexError, OverflowError)


def is_topology(value: JSON) -> bool:
    """Whether a JSON value says that it is TopoJSON."""
    return isinstance(value, dict) and value.get("type") == "Topology"


def features_of_topology(topology: dict[str, Any]) -> list[JSON]:
    """The features of a topology's only object (or of all, where it has several). Raises ValueError if it is malformed."""
    try:
        reader = _Reader(topology)
        return [feature for item in topology["objects"].values() for feature in reader.features(item)]
    except (*_MALFORMED, AttributeError, RecursionError) as fault:
        raise ValueError(f"malformed TopoJSON: {type(fault).__name__} {fault}") from fault


class _Reader:
    def __init__(self, topology: dict[str, Any]) -> None:
        transform = topology.get("transform")
        self._grid = (_pair(transform["scale"]), _pair(transform["translate"])) if transform else None
        self._positions = 0
        self._arcs = [self._arc_or_none(arc) for arc in topology.get("arcs") or []]

    def features(self, item: dict[str, Any]) -> list[JSON]:
        """One feature for each geometry that a collection holds; a null collection holds none."""
        if item["type"] == "GeometryCollection":
            return [feature for member in item.get("geometries") or [] for feature in self.features(member)]
        feature: dict[str, JSON] = {"type": "Feature", "geometry": self._geometry_or_empty(item)}
        feature["properties"] = item.get("properties") or {}
        return [feature | ({"id": item["id"]} if "id" in item else {})]

    def _geometry_or_empty(self, item: dict[str, Any]) -> JSON:
        """One without coordinates where they cannot be read: that feature is set aside, the others go on."""
        try:
            return self._geometry(item)
        except _MALFORMED:
            return {"type": item["type"], "coordinates": None}

    def _geometry(self, item: dict[str, Any]) -> JSON:
        kind = item["type"]
        match kind:
            case "Point":
                coordinates: Any = list(self._place(item["coordinates"]))
            case "MultiPoint":
                coordinates = [list(self._place(position)) for position in item["coordinates"]]
            case "LineString":
                coordinates = self._line(item["arcs"])
            case "MultiLineString" | "Polygon":
                coordinates = [self._line(arcs) for arcs in item["arcs"]]
            case "MultiPolygon":
                coordinates = [[self._line(ring) for ring in polygon] for polygon in item["arcs"]]
            case _:
                return None
        return {"type": kind, "coordinates": coordinates}

    def _place(self, position: list[float]) -> Position:
        x, y = _pair(position)
        if self._grid is None:
            return x, y
        scale, shift = self._grid
        return x * scale[0] + shift[0], y * scale[1] + shift[1]

    def _arc_or_none(self, arc: list[list[float]]) -> list[Position] | None:
        try:
            return self._arc(arc)
        except _MALFORMED:
            return None  # whoever uses it cannot be read

    def _arc(self, arc: list[list[float]]) -> list[Position]:
        if self._grid is None:
            return [self._place(position) for position in arc]
        x = y = 0.0
        places: list[Position] = []
        for step in arc:
            right, up = _pair(step)
            x, y = x + right, y + up
            places.append(self._place([x, y]))
        return places

    def _line(self, indexes: list[int]) -> list[list[float]]:
        """Arcs joined end to start; a negative index i means arc ~i backwards. The shared position stands once."""
        line: list[list[float]] = []
        for index in indexes:
            arc = self._arc_at(index)
            line.extend(list(place) for place in (arc[1:] if line else arc))
        return line

    def _arc_at(self, index: int) -> list[Position]:
        arc = self._arcs[index if index >= 0 else ~index]
        if arc is None:
            raise TypeError("an arc that cannot be read")
        self._positions += len(arc)
        if self._positions > MOST_POSITIONS:
            raise ValueError(f"TopoJSON with more than {MOST_POSITIONS:,} positions")
        return arc if index >= 0 else arc[::-1]


def _pair(value: list[float]) -> Position:
    """The first two of a list, which must be numbers: a text times a number would be a long text."""
    x, y = value[0], value[1]
    if type(x) not in (int, float) or type(y) not in (int, float):
        raise TypeError("a position is not two numbers")
    return x, y
