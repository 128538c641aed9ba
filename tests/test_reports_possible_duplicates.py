"""Which reports are suggested as one: near in place and time and kind, by the places that this viewer may see."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.areas import AreaMap
from domain.places import Point, distance_m, fuzz
from domain.time import DAY, HOUR
from domain.vocabulary import ReportStatus, Role
from resolvers import errors
from resolvers.context import Context
from resolvers.duplicates import possible_duplicates, possible_duplicates_of
from resolvers.reports import reports_of
from storage.rows import DuplicateRow
from storage.store import Store
from tests.report_questions import fixed_clock
from tests.report_rows import MONAS, NOW, City
from tests.test_reports_visibility import statements

__all__ = ["fixed_clock"]
pytestmark = pytest.mark.usefixtures("fixed_clock")

FLOOD = {"category": "flood", "text": "Banjir sepinggang di depan pasar, motor mogok", "reported_at": NOW - HOUR}


def north(metres: float) -> Point:
    return Point(MONAS.latitude + metres / 111_195, MONAS.longitude)


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


async def alike(ctx: Context, *ids: int, first: int = 5) -> list[list[DuplicateRow]]:
    rows = [row for row in await reports_of(ids, ctx) if row]
    return await possible_duplicates_of(rows, ctx, first=first)


def told(found: list[DuplicateRow]) -> list[int]:
    return [each.report.id for each in found]


class TestOfAReport:
    async def test_are_the_most_alike_first_with_score_and_distance(self, city: City) -> None:
        one, near, nearer, _lamp, _far, _old = await city.add(
            FLOOD,
            {**FLOOD, "at": north(120), "text": "Air banjir sepinggang dekat pasar"},
            {**FLOOD, "at": north(30)},
            {**FLOOD, "category": "street_light", "at": north(10)},
            {**FLOOD, "at": north(500)},
            {**FLOOD, "reported_at": NOW - 5 * DAY},
        )
        async with city.asking() as ctx:
            (found,) = await alike(ctx, one)
        assert told(found) == [nearer, near]
        assert found[0].score > found[1].score >= 0.5 and found[0].score <= 1
        assert found[0].distance_m == pytest.approx(30, abs=0.5) and found[1].distance_m == pytest.approx(120, abs=0.5)

    async def test_are_told_of_each_of_many_with_the_same_statements(self, city: City) -> None:
        ids = await city.add(*({**FLOOD, "at": north(2_000 * (n // 2))} for n in range(10)), {**FLOOD, "at": None})
        async with city.asking() as ctx:
            rows = [row for row in await reports_of(ids, ctx) if row]
            found, many = await statements(ctx, possible_duplicates_of(rows, ctx))
            _, few = await statements(ctx, possible_duplicates_of(rows[:1], ctx))
        assert [told(each) for each in found] == [[ids[n ^ 1]] for n in range(10)] + [[]]
        assert many == few

    async def test_leave_out_what_is_done_refused_or_merged(self, city: City) -> None:
        one, *_ = await city.add(FLOOD, *({**FLOOD, "status": status} for status in ReportStatus))
        merged, _ = await city.add({**FLOOD, "duplicate_of_id": one}, {**FLOOD, "visibility": "ERASED"})
        async with city.asking() as ctx:
            found, of_merged = await alike(ctx, one, merged, first=50)
        states = sorted(each.report.status for each in found)
        assert states == ["ASSIGNED", "IN_PROGRESS", "RESOLVED", "SUBMITTED", "VERIFIED"]
        assert one not in told(of_merged) and merged not in told(of_merged)

    async def test_of_a_kindred_category_count_less(self, city: City) -> None:
        lamp = {"category": "street_light", "text": "Lampu taman mati"}
        one, other, parent = await city.add(lamp, lamp, {**lamp, "category": "public_facility"})
        async with city.asking() as ctx:
            (found,) = await alike(ctx, one)
        assert told(found) == [other, parent] and found[0].score > found[1].score

    async def test_hidden_ones_are_suggested_to_nobody_who_may_not_see_them(self, city: City) -> None:
        one, hidden = await city.add(FLOOD, {**FLOOD, "confidential": True, "reporter_id": 1})
        for viewer, expected in (
            ({}, []),
            ({"role": Role.CITIZEN, "person": 1}, []),
            ({"role": Role.DISPATCHER}, [hidden]),
        ):
            async with city.asking(**viewer) as ctx:
                (found,) = await alike(ctx, one)
                assert told(found) == expected

    async def test_go_by_the_place_that_is_seen(self, city: City) -> None:
        beggar = {"category": "beggars", "text": "Pengemis membawa bayi di lampu merah"}
        one, other = await city.add({**beggar, "at": MONAS}, {**beggar, "at": north(8)})
        async with city.asking() as ctx:
            (found,) = await alike(ctx, one)
            assert told(found) == [other]
            assert found[0].distance_m == pytest.approx(distance_m(fuzz(MONAS), fuzz(north(8))))
        async with city.asking(Role.DISPATCHER) as ctx:
            (found,) = await alike(ctx, one)
            assert found[0].distance_m == pytest.approx(8, abs=0.1)


class TestBeforeSubmitting:
    async def ask(self, city: City, **asked: Any) -> list[int]:
        at = asked.pop("at", MONAS)
        async with city.asking() as ctx:
            return told(await possible_duplicates(ctx, at.latitude, at.longitude, **asked))

    async def test_are_found_by_place_alone_by_category_and_by_words(self, city: City) -> None:
        flood, jam = await city.add(FLOOD, {**FLOOD, "category": "traffic_jam", "text": "Macet total"})
        assert await self.ask(city) == [flood, jam]
        assert await self.ask(city, category="flood") == [flood]
        assert await self.ask(city, text="jalanan macet total") == [jam, flood]
        assert await self.ask(city, category="waste") == []

    async def test_lie_within_the_distance_asked_for(self, city: City) -> None:
        here, there = await city.add({**FLOOD, "at": north(20)}, {**FLOOD, "at": north(160)})
        assert await self.ask(city, category="flood", text=FLOOD["text"]) == [here, there]
        assert await self.ask(city, category="flood", text=FLOOD["text"], within_meters=100.0) == [here]
        assert await self.ask(city, category="flood", text=FLOOD["text"], within_meters=0.0) == []
        assert await self.ask(city, category="flood", text=FLOOD["text"], first=1) == [here]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"latitude": 91.0},
            {"longitude": float("nan")},
            {"within_meters": -1.0},
            {"within_meters": float("inf")},
            {"category": "no_such"},
            {"first": 0},
            {"first": 51},
        ],
        ids=str,
    )
    async def test_refuse_what_makes_no_sense(self, city: City, wrong: dict[str, Any]) -> None:
        async with city.asking() as ctx:
            with pytest.raises(errors.BadUserInput):
                await possible_duplicates(ctx, **{"latitude": -6.2, "longitude": 106.8, **wrong})
