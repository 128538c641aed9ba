"""Boundary files that no geographer would bring: taken whole, or refused with words; never half, never for minutes."""

import json
import math
import random
import tracemalloc
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from domain import area_crossings
from domain.area_crossings import MOST_CROSSINGS, require_few_crossings
from domain.area_geometry import area_km2
from domain.area_import import BoundaryImportError, parse_boundaries
from domain.records import FloodAreaRecord
from storage.ingest.batch import Unfit
from storage.ingest.flood import outline_of
from tests.fuzzing import damaged, fuzz, kept, once_disturbed
from tests.test_areas_import import AT_CIDENG, AT_GAMBIR, CIDENG, FACTS, GAMBIR, faults, feature, polygon, read

COLLECTION = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
    "features": [
        feature(polygon(AT_GAMBIR), code=GAMBIR, name="Gambir"),
        feature({"type": "MultiPolygon", "coordinates": [[AT_CIDENG]]}, code=CIDENG, name="Cideng"),
    ],
}


def taken(data: bytes) -> int:
    """How many kelurahan a file gives boundaries for, each sound; none for a file that is refused with words."""
    try:
        boundaries = parse_boundaries(data, FACTS).boundaries
    except BoundaryImportError as refused:
        assert refused.faults and all(refused.faults)
        assert len(str(refused)) < 10_000
        return 0
    for shape in boundaries.values():
        assert shape.is_valid and area_km2(shape) > 0
    return len(boundaries)


def test_the_sound_file_is_taken() -> None:
    assert taken(json.dumps(COLLECTION).encode()) == 2


@pytest.mark.parametrize("data", kept("boundaries"))
def test_kept_files(data: bytes) -> None:
    taken(data)


@fuzz(200)
@given(once_disturbed([COLLECTION]))
def test_files_of_another_form(value: Any) -> None:
    taken(json.dumps(value).encode())


@fuzz(200)
@given(damaged(st.just(json.dumps(COLLECTION).encode())))
def test_damaged_files(data: bytes) -> None:
    taken(data)


@fuzz(150)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda at: [106.82 + at[0] / 1e3, -6.18 + at[1] / 1e3]),
        min_size=3,
        max_size=14,
    )
)
def test_outlines_that_cross_themselves_are_mended_or_refused(corners: list[list[float]]) -> None:
    ring = [*corners, corners[0]]
    told = {"type": "FeatureCollection", "features": [feature(polygon(ring), code=GAMBIR)]}
    taken(json.dumps(told).encode())
    try:
        assert outline_of(FloodAreaRecord("1", "RW 1", polygon(ring))).is_valid
    except Unfit as refused:
        assert str(refused)


def entangled(corners: int) -> list[list[float]]:
    """An outline that runs to and fro at random: it crosses itself about a sixth of its corners squared times."""
    draw = random.Random(corners)
    ring = [[106.82 + draw.random() / 100, -6.18 + draw.random() / 100] for _ in range(corners)]
    return [*ring, ring[0]]


class TestEntangledOutlines:
    """GEOS takes 8 s for 250 corners at random and 70 s for 500; so crossings are counted first, and no further than needed."""

    def test_a_boundary_is_refused(self) -> None:
        assert "crosses itself in more than 400 places" in faults(feature(polygon(entangled(5_000)), code=GAMBIR))[0]

    def test_a_flood_outline_is_unfit(self) -> None:
        with pytest.raises(Unfit, match="crosses itself"):
            outline_of(FloodAreaRecord("1", "RW 1", polygon(entangled(5_000))))

    def test_parts_that_cross_each_other_all_over_are_no_parts(self) -> None:
        def bar(west: float, south: float, width: float, height: float) -> list[list[float]]:
            return [
                [west, south],
                [west + width, south],
                [west + width, south + height],
                [west, south + height],
                [west, south],
            ]

        lying = [bar(106.82, -6.18 + step * 2e-4, 0.01, 1e-4) for step in range(50)]
        standing = [bar(106.82 + step * 2e-4, -6.18, 1e-4, 0.01) for step in range(50)]
        (fault,) = faults(*(feature(polygon(ring), code=GAMBIR) for ring in (*lying, *standing)))
        assert "in 100 features: its outline crosses itself" in fault

    def test_no_more_edges_are_compared_for_a_larger_tangle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []

        class Counting(shapely.STRtree):
            def query(self, edges: Any, predicate: Any = None) -> Any:
                asked.append(len(edges))
                return super().query(edges, predicate)

        monkeypatch.setattr(area_crossings.shapely, "STRtree", Counting)
        compared = []
        for corners in (2_000, 8_000):
            asked.clear()
            with pytest.raises(ValueError):
                require_few_crossings([shapely.Polygon(entangled(corners))])
            compared.append(sum(asked))
        assert compared[1] <= compared[0] <= MOST_CROSSINGS

    def test_a_large_outline_with_one_slip_is_mended(self) -> None:
        steps = [step / 20_000 * math.tau for step in range(20_000)]
        ring = [[106.825 + math.cos(at) / 200, -6.175 + math.sin(at) / 200] for at in steps]
        ring[100], ring[101] = ring[101], ring[100]
        assert read(feature(polygon([*ring, ring[0]]), code=GAMBIR)).mended == (GAMBIR,)


def test_more_corners_than_any_map_has_are_refused_before_they_are_read() -> None:
    data = b'{"type":"FeatureCollection","features":[' + b"[" * 2_100_000
    tracemalloc.start()
    try:
        assert taken(data) == 0
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
