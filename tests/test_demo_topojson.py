"""The demo's TopoJSON, read back by an independent reader: it must mean the same shapes as the GeoJSON."""

from typing import Any

import pytest
from shapely.geometry import shape

from demo import infrastructure, topojson
from demo import peta_jakarta_records as records
from demo.city import AreaState
from demo.places import local_areas

AREAS = [records.area_feature(AreaState(area, None, None)) for area in local_areas(7)]


def read(topology: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The geometries of a topology as GeoJSON, by the format's specification."""
    arcs = [decoded(arc, topology.get("transform")) for arc in topology["arcs"]]

    def line(indices: list[int]) -> list[list[float]]:
        points: list[list[float]] = []
        for index in indices:
            piece = arcs[index] if index >= 0 else arcs[~index][::-1]
            points.extend(piece[1:] if points else piece)
        return points

    def geometry(one: dict[str, Any]) -> dict[str, Any]:
        kind = one["type"]
        if kind == "LineString":
            return {"type": kind, "coordinates": line(one["arcs"])}
        if kind == "Polygon":
            return {"type": kind, "coordinates": [line(ring) for ring in one["arcs"]]}
        return {"type": kind, "coordinates": [[line(ring) for ring in part] for part in one["arcs"]]}

    return [geometry(one) for one in topology["objects"][name]["geometries"]]


def decoded(arc: list[list[float]], transform: dict[str, list[float]] | None) -> list[list[float]]:
    if transform is None:
        return [list(point[:2]) for point in arc]
    (sx, sy), (tx, ty) = transform["scale"], transform["translate"]
    x = y = 0.0
    points: list[list[float]] = []
    for step in arc:
        x, y = x + step[0], y + step[1]
        points.append([x * sx + tx, y * sy + ty])
    return points


def test_absolute_means_exactly_the_same_areas() -> None:
    read_back = read(topojson.absolute(AREAS), "output")
    for feature, geometry in zip(AREAS, read_back, strict=True):
        assert shape(geometry).equals(shape(feature["geometry"]))


def test_quantised_means_the_same_areas_but_for_the_grid() -> None:
    topology = topojson.quantised(AREAS)
    step = max(topology["transform"]["scale"])
    for feature, geometry in zip(AREAS, read(topology, "collection"), strict=True):
        assert shape(geometry).hausdorff_distance(shape(feature["geometry"])) < step


def test_neighbours_share_their_border() -> None:
    geometries = topojson.absolute(AREAS)["objects"]["output"]["geometries"]
    whole = [one for one in geometries if one["type"] == "Polygon"]
    backwards = [arc for one in whole for ring in one["arcs"] for arc in ring if arc < 0]
    assert len(backwards) > 0.8 * len(whole), "three RWs of a ward share three borders"


@pytest.mark.parametrize("kind", ["waterways", "basins"])
def test_lines_and_rings_of_three_numbers(kind: str) -> None:
    features = infrastructure.features(kind)
    for feature, geometry in zip(features, read(topojson.absolute(features), "output"), strict=True):
        assert shape(geometry).equals(shape(feature["geometry"]))


def test_nothing_has_a_box_of_nulls() -> None:
    assert topojson.absolute([])["bbox"] == [None] * 4
