"""Hexagons: cells whose centre lies in the box, the same from the roll-up as counted, by the place that is seen."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.areas import AreaMap
from domain.places import Box, Point, cell_center, cell_of, cell_parent, fuzz
from domain.vocabulary import OPEN_STATUSES, Role
from resolvers import errors
from resolvers.filters import BoundingBoxFilter, ReportFilter
from resolvers.hexbins import hex_bins
from storage.rows import HexBinRow
from storage.store import Store
from tests.report_questions import Kept, expected, fixed_clock, kept, questions
from tests.report_rows import MONAS, POINTS, City

__all__ = ["fixed_clock", "kept"]

pytestmark = pytest.mark.usefixtures("fixed_clock")
JAKARTA = BoundingBoxFilter(106.3, -6.5, 107.1, -5.1)


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


boxes = st.one_of(
    st.just(JAKARTA),
    st.builds(
        lambda at, w, s: BoundingBoxFilter(at.longitude - w, at.latitude - s, at.longitude + s, at.latitude + w),
        st.sampled_from(POINTS),
        st.floats(0.0001, 0.05),
        st.floats(0.0001, 0.05),
    ),
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(question=questions(), few=st.booleans(), box=boxes, resolution=st.integers(5, 11))
def test_agree_with_plain_python(
    kept: Kept, question: tuple[Any, ...], few: bool, box: BoundingBoxFilter, resolution: int
) -> None:
    role, agency, f, _ = question
    if few:  # what the roll-up knows
        f = ReportFilter(open=f.open, categories=f.categories, agencies=f.agencies)
    if f.ids is not None:
        return

    async def asked() -> tuple[Any, list[HexBinRow]]:
        async with kept.city.asking(role, person=1, agency=agency) as ctx:
            return await ctx.visibility(), await hex_bins(ctx, box, resolution, f)

    visibility, bins = kept.run(asked())
    exact = visibility.true_places or f.mine is True
    totals: Counter[int] = Counter()
    still_open: Counter[int] = Counter()
    for row in expected(kept, visibility, f):
        finest = row.cell if exact else row.public_cell
        if finest is not None:
            cell = cell_parent(finest, resolution)
            if Box(box.west, box.south, box.east, box.north).contains(cell_center(cell)):
                totals[cell] += 1
                still_open[cell] += row.status in OPEN_STATUSES
    assert {each.cell: (each.total, each.open) for each in bins} == {
        cell: (total, still_open[cell]) for cell, total in totals.items()
    }
    assert [each.total for each in bins] == sorted(totals.values(), reverse=True)


async def test_go_by_the_place_that_is_seen(city: City) -> None:
    await city.add({"category": "beggars", "at": MONAS})
    for role, place in ((Role.ANONYMOUS, fuzz(MONAS)), (Role.DISPATCHER, MONAS)):
        async with city.asking(role) as ctx:
            (found,) = await hex_bins(ctx, JAKARTA, 11)
            assert found.cell == cell_of(place, 11)


async def test_refuse_what_makes_no_sense_and_more_than_may_be_told(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.add({"at": Point(-6.2, 106.8)}, {"at": Point(-6.21, 106.8)}, {"at": Point(-6.22, 106.8)})
    async with city.asking() as ctx:
        for resolution in (4, 12, -1):
            with pytest.raises(errors.BadUserInput):
                await hex_bins(ctx, JAKARTA, resolution)
        for box in (BoundingBoxFilter(107, -6, 106, -5), BoundingBoxFilter(106, -91, 107, -5)):
            with pytest.raises(errors.BadUserInput):
                await hex_bins(ctx, box, 8)
        monkeypatch.setattr("resolvers.hexbins.MAX_CELLS", 2)
        for f in (None, ReportFilter(has_photos=False)):
            with pytest.raises(errors.BadUserInput):
                await hex_bins(ctx, JAKARTA, 8, f)
            assert len(await hex_bins(ctx, JAKARTA, 5, f)) <= 2
