"""Points, distances, boxes and H3 cells."""

import itertools
import math
from dataclasses import FrozenInstanceError
from typing import Any, cast

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import (
    Box,
    Point,
    bounding_box_around,
    cell_boundary_geojson,
    cell_center,
    cell_name,
    cell_of,
    cell_parent,
    cell_resolution,
    distance_m,
    fuzz,
)

MONAS = Point(-6.1754, 106.8272)
BUNDARAN_HI = Point(-6.1950, 106.8231)

anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
around_jakarta = st.builds(Point, st.floats(-6.5, -5), st.floats(106, 107.2))


class TestPoint:
    @pytest.mark.parametrize(
        ("latitude", "longitude"),
        [(math.nan, 0), (0, math.nan), (math.inf, 0), (0, -math.inf), (90.1, 0), (-91, 0), (0, 180.1), (0, -181)],
    )
    def test_what_is_no_place_is_refused(self, latitude: float, longitude: float) -> None:
        with pytest.raises(ValueError, match="must be a number from"):
            Point(latitude, longitude)

    def test_the_error_names_the_coordinate(self) -> None:
        with pytest.raises(ValueError, match="longitude must be a number from -180 to 180, not 200"):
            Point(-6, 200)

    def test_is_rounded_to_a_centimetre_so_that_equal_places_are_equal(self) -> None:
        assert Point(-6.17540000001, 106.82719999999) == MONAS
        assert hash(Point(-6.17540000001, 106.82719999999)) == hash(MONAS)
        assert repr(Point(-1e-9, 0.0)) == repr(Point(0.0, 0.0))

    def test_cannot_be_changed(self) -> None:
        with pytest.raises(FrozenInstanceError):
            cast(Any, MONAS).latitude = 0

    def test_the_edges_of_the_world_are_places(self) -> None:
        assert Point(90, 180).latitude == 90
        assert Point(-90, -180).longitude == -180


class TestDistance:
    def test_from_monas_to_bundaran_hi_is_two_kilometres(self) -> None:
        assert distance_m(MONAS, BUNDARAN_HI) == pytest.approx(2226, abs=10)

    def test_a_quarter_of_the_world(self) -> None:
        assert distance_m(Point(0, 0), Point(90, 0)) == pytest.approx(10_007_557, abs=1)

    def test_across_the_antimeridian_is_near(self) -> None:
        assert distance_m(Point(0, 179.999), Point(0, -179.999)) < 250

    def test_to_the_other_side_of_the_world(self) -> None:
        assert distance_m(Point(0, 0), Point(0, 180)) == pytest.approx(20_015_115, abs=1)

    @given(anywhere, anywhere)
    def test_is_what_h3_measures_and_the_same_both_ways(self, a: Point, b: Point) -> None:
        by_h3 = h3.great_circle_distance((a.latitude, a.longitude), (b.latitude, b.longitude), unit="m")
        assert distance_m(a, b) == pytest.approx(by_h3, rel=1e-6, abs=0.01)
        assert distance_m(a, b) == pytest.approx(distance_m(b, a))


class TestBox:
    @pytest.mark.parametrize(
        "edges", [(107, -6, 106, -5), (106, -5, 107, -6), (106, -6, 107, math.nan), (-181, -6, 107, -5)]
    )
    def test_what_is_no_rectangle_is_refused(self, edges: tuple[float, float, float, float]) -> None:
        with pytest.raises(ValueError, match="must"):
            Box(*edges)

    @given(around_jakarta, around_jakarta, st.floats(0, 100_000))
    def test_around_a_point_holds_all_that_is_near(self, centre: Point, other: Point, metres: float) -> None:
        if distance_m(centre, other) <= metres:
            assert bounding_box_around(centre, metres).contains(other)

    @given(anywhere, anywhere)
    def test_around_a_point_holds_all_that_is_near_everywhere(self, centre: Point, other: Point) -> None:
        assert bounding_box_around(centre, distance_m(centre, other)).contains(other)

    def test_is_not_much_larger_than_it_must_be(self) -> None:
        box = bounding_box_around(MONAS, 1000)
        assert distance_m(Point(box.south, MONAS.longitude), Point(box.north, MONAS.longitude)) < 2001
        assert distance_m(Point(MONAS.latitude, box.west), Point(MONAS.latitude, box.east)) < 2001

    def test_at_the_antimeridian_spans_the_world(self) -> None:
        box = bounding_box_around(Point(0, 179.999), 1000)
        assert (box.west, box.east) == (-180, 180)

    @pytest.mark.parametrize("metres", [-1, math.nan, math.inf])
    def test_a_distance_that_is_none_is_refused(self, metres: float) -> None:
        with pytest.raises(ValueError, match="a distance must be"):
            bounding_box_around(MONAS, metres)


class TestCells:
    @given(anywhere, st.integers(0, 15))
    def test_are_h3s_and_fit_a_signed_column(self, point: Point, resolution: int) -> None:
        cell = cell_of(point, resolution)
        assert cell_name(cell) == h3.latlng_to_cell(point.latitude, point.longitude, resolution)
        assert 0 < cell < 2**63
        assert cell_resolution(cell) == resolution

    @given(anywhere, st.integers(0, 15), st.integers(0, 15))
    def test_parents_by_bits_are_h3s_parents(self, point: Point, fine: int, coarse: int) -> None:
        fine, coarse = max(fine, coarse), min(fine, coarse)
        cell = cell_of(point, fine)
        assert cell_name(cell_parent(cell, coarse)) == h3.cell_to_parent(cell_name(cell), coarse)

    @pytest.mark.parametrize("resolution", [-1, 10])
    def test_a_parent_is_never_finer(self, resolution: int) -> None:
        with pytest.raises(ValueError, match="has no parent of resolution"):
            cell_parent(cell_of(MONAS, 9), resolution)

    def test_an_outline_is_closed_longitude_first_and_counter_clockwise(self) -> None:
        outline = cell_boundary_geojson(cell_of(MONAS, 8))
        (ring,) = outline["coordinates"]
        assert outline["type"] == "Polygon"
        assert len(ring) == 7
        assert ring[0] == ring[-1]
        assert all(106 < longitude < 107 and -7 < latitude < -6 for longitude, latitude in ring)
        doubled_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
        assert doubled_area > 0

    @pytest.mark.parametrize("number", [0, 12, 2**64 - 1, -1])
    def test_numbers_that_are_no_cells_are_refused(self, number: int) -> None:
        with pytest.raises(ValueError, match="is not an H3 cell"):
            cell_center(number)
        with pytest.raises(ValueError, match="is not an H3 cell"):
            cell_boundary_geojson(number)


class TestFuzz:
    @given(around_jakarta)
    def test_stays_in_the_neighbourhood(self, point: Point) -> None:
        assert distance_m(point, fuzz(point)) < 260

    @given(around_jakarta)
    def test_fuzzing_again_changes_nothing(self, point: Point) -> None:
        assert fuzz(fuzz(point)) == fuzz(point)

    @given(around_jakarta, st.integers(0, 5))
    def test_all_places_of_a_cell_look_the_same(self, point: Point, corner: int) -> None:
        centre = fuzz(point)
        longitude, latitude = cell_boundary_geojson(cell_of(point, 9))["coordinates"][0][corner]
        near_corner = Point(
            centre.latitude + 0.95 * (latitude - centre.latitude),
            centre.longitude + 0.95 * (longitude - centre.longitude),
        )
        assert fuzz(near_corner) == centre
