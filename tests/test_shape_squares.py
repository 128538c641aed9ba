"""Which shapes hold a point is the same before and after a square was looked at, and on its edges."""

import random

import shapely

from domain.shape_squares import ShapeSquares


def test_squares_tell_what_the_shapes_themselves_tell() -> None:
    rng = random.Random(5)
    middles = [(rng.uniform(0, 10), rng.uniform(0, 10)) for _ in range(60)]
    shapes = [shapely.Point(x, y).buffer(rng.uniform(0.2, 2), quad_segs=4) for x, y in middles]
    squares = ShapeSquares(shapes, 0.25)
    corners = [(round(x * 4) / 4, round(y * 4) / 4) for x, y in middles]
    points = [*corners, *((rng.uniform(-1, 11), rng.uniform(-1, 11)) for _ in range(300))]
    for x, y in points * 4:
        held = [n for n, shape in enumerate(shapes) if shapely.intersects_xy(shape, x, y)]
        assert squares.holding(x, y) == held


def test_no_shapes_hold_nothing() -> None:
    assert ShapeSquares([], 0.25).holding(1.0, 2.0) == []


def test_points_far_from_all_shapes_are_in_none_and_cost_no_memory() -> None:
    squares = ShapeSquares([shapely.box(0, 0, 1, 1)], 0.25)
    assert [squares.holding(float(x), 0.5) for x in (-1_000, 1_000, 1, 2)] == [[], [], [0], []]
    assert len(squares) <= 64  # of the one block that was looked at
