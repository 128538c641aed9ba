"""The index of filters: it never misses one that matches, whatever is filed and taken out, and finds few that do not."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.places import Box, Point
from domain.time import DAY
from domain.visibility import Visibility
from domain.vocabulary import ReportStatus, Role
from resolvers.filter_index import FilterIndex
from storage.clock import now_in_micros
from storage.events.facets import Facets
from storage.reports.filter.filtering import Near, ResolvedFilter

PUBLIC, STAFF = Visibility(), Visibility(role=Role.DISPATCHER)


def somewhere(pick: random.Random) -> tuple[float, float]:
    """A place in Jakarta, or now and then anywhere."""
    if pick.random() < 0.05:
        return pick.uniform(-90, 90), pick.uniform(-180, 180)
    return pick.uniform(-6.4, -5.9), pick.uniform(106.6, 107.0)


def facts(pick: random.Random) -> Facets:
    true, public = (somewhere(pick) if pick.random() < 0.9 else (None, None) for _ in range(2))
    return Facets(
        category_id=pick.randrange(8),
        status=pick.choice(list(ReportStatus)),
        source_id=pick.randrange(4),
        agency_id=pick.choice((None, 1, 2)),
        visibility="PUBLIC",
        reporter_id=pick.choice((None, 1, 2)),
        reported_at=now_in_micros() - pick.choice((0, 1, 3, 40, 400)) * DAY,
        has_photos=pick.random() < 0.5,
        breached=pick.random() < 0.2,
        duplicate=pick.random() < 0.2,
        source_disagrees=pick.random() < 0.2,
        latitude=true[0],
        longitude=true[1],
        cell=None,
        area_id=pick.choice((None, *range(6))),
        city_id=None,
        public_latitude=public[0],
        public_longitude=public[1],
        public_cell=None,
        public_area_id=pick.choice((None, *range(6))),
        public_city_id=None,
        minutes_to_respond=None,
        minutes_to_resolve=None,
    )


def box(pick: random.Random) -> Box:
    (south, west), size = somewhere(pick), pick.choice((0.0, 0.002, 0.03, 0.3, 60.0))
    return Box(west, south, min(west + size, 180.0), min(south + size, 90.0))


def near(pick: random.Random) -> Near:
    return Near(Point(*somewhere(pick)), pick.choice((0.0, 50.0, 900.0, 20_000.0, 9_000_000.0)))


def some(values: range) -> Callable[[random.Random], frozenset[int]]:
    return lambda pick: frozenset(pick.sample(values, pick.randrange(4)))


def flag(pick: random.Random) -> bool:
    return pick.random() < 0.5


CONDITIONS: dict[str, Callable[[random.Random], Any]] = {
    "ids": some(range(5)),
    "statuses": lambda pick: frozenset(pick.sample(list(ReportStatus), pick.randrange(4))),
    "categories": some(range(8)),
    "sources": some(range(4)),
    "agencies": some(range(1, 4)),
    "areas": some(range(6)),
    "box": box,
    "near": near,
    "reported_within_hours": lambda pick: pick.choice((1, 50, 5_000)),
    "reported_after": lambda pick: now_in_micros() + pick.choice((-500, -35, -2, 0, 2, 900)) * DAY,
    "reported_before": lambda pick: now_in_micros() + pick.choice((-500, -35, -2, 0, 2, 900)) * DAY,
    "has_photos": flag,
    "breached": flag,
    "duplicates": flag,
    "source_disagrees": flag,
    "mine": flag,
}


def wanted(pick: random.Random) -> ResolvedFilter:
    names = pick.sample(sorted(CONDITIONS), pick.choice((0, 1, 1, 2, 3)))
    return ResolvedFilter(**{name: CONDITIONS[name](pick) for name in names})


@pytest.mark.parametrize("true_places", [False, True])
def test_it_finds_all_that_match_whoever_came_and_went(true_places: bool) -> None:
    pick = random.Random(7 + true_places)
    index: FilterIndex[int] = FilterIndex(true_places=true_places)
    viewer = STAFF if true_places else PUBLIC
    filed: dict[int, ResolvedFilter] = {}
    found_of_matching = 0
    for number in range(2_000):
        filed[number] = wanted(pick)
        index.add(number, filed[number])
        if len(filed) > 150:
            gone = pick.choice(sorted(filed))
            del filed[gone]
            index.remove(gone)
        if number % 10:
            continue
        report, report_id, at = facts(pick), pick.randrange(5), now_in_micros()
        matching = {key for key, each in filed.items() if each.matches(report_id, report, at, viewer)}
        found = set(index.keys(index.allowing(report_id, report)))
        assert matching <= found <= set(filed)
        found_of_matching += len(matching)
    assert found_of_matching > 1_000
    assert len(index) == len(filed)


@pytest.mark.parametrize("days_ahead", [-4_000, 0, 100, 20_000])
def test_days_are_told_apart_however_long_the_index_is_there(days_ahead: int) -> None:
    """A hub may run for months, and filters ask for days of years ago. Each filter here is for one day, or from one on."""
    index: FilterIndex[int] = FilterIndex(true_places=False)
    first = (now_in_micros() // DAY + days_ahead) * DAY
    for day in range(50):
        index.add(day, ResolvedFilter(reported_after=first + day * DAY, reported_before=first + (day + 1) * DAY - 1))
        index.add(50 + day, ResolvedFilter(reported_after=first + day * DAY))
    told = replace(facts(random.Random(3)), reported_at=first + 20 * DAY + 5)
    assert sorted(index.keys(index.allowing(1, told))) == [20, *range(50, 71)]


def test_one_that_allows_no_value_is_never_found() -> None:
    index: FilterIndex[str] = FilterIndex(true_places=False)
    index.add("nothing", ResolvedFilter(categories=frozenset()))
    index.add("all", ResolvedFilter())
    pick = random.Random(1)
    assert list(index.keys(index.allowing(1, facts(pick)))) == ["all"]


def test_where_it_lies_does_not_count_where_that_is_withheld() -> None:
    index: FilterIndex[str] = FilterIndex(true_places=False)
    index.add("elsewhere", ResolvedFilter(box=Box(106.9, -6.1, 106.91, -6.09), categories=frozenset({3})))
    index.add("another category", ResolvedFilter(areas=frozenset({1}), categories=frozenset({4})))
    of_three = replace(facts(random.Random(2)), category_id=3).without_public_place()
    assert list(index.keys(index.allowing(1, of_three))) == []
    assert list(index.keys(index.allowing(1, of_three, anywhere=True))) == ["elsewhere"]
