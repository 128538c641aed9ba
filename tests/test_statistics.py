"""Statistics: the same from roll-ups as counted plainly, by every dimension, in Jakarta's time."""

import statistics as plain
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.areas import AreaMap
from domain.periods import Period, number_of, on_the_calendar, start_of, written
from domain.time import DAY, HOUR, jakarta_day, jakarta_day_start, micros, moment
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, RESOLVED_STATUSES, ReportStatus, Role
from resolvers import errors
from resolvers.filters import ReportFilter
from resolvers.statistics import NamedBucket, StatisticsBucket, statistics, statistics_in_areas
from storage.rows import CountsRow
from storage.store import Store
from tests.report_questions import Kept, expected, fixed_clock, kept, questions, some
from tests.report_rows import NOW, City
from tests.test_reports_nested import area_rows
from tests.test_reports_visibility import statements

__all__ = ["fixed_clock", "kept"]

pytestmark = pytest.mark.usefixtures("fixed_clock")

B = StatisticsBucket
PLAIN = HealthCheck.function_scoped_fixture, HealthCheck.too_slow

days = st.integers(0, 21).map(lambda n: moment(jakarta_day_start(jakarta_day(NOW) - n)))
KEPT_BY_DAY: dict[str, st.SearchStrategy[Any]] = {
    "statuses": some(tuple(ReportStatus), min_size=1, max_size=6),
    "open": st.booleans(),
    "categories": some(("flood", "street_light", "public_facility", "beggars"), max_size=3),
    "agencies": some(("dishub", "tata_air"), max_size=2),
    "areas": some(("31", "31.71", "31.74", "31.01"), max_size=3),
    "breached": st.booleans(),
    "reported_after": days,
    "reported_before": days,
}
PAIRS = [(one, two) for one in B for two in B if one is not two and not (one.period and two.period)]
dimensions = st.sampled_from([(), *((one,) for one in B), *PAIRS])


@st.composite
def rolled_up_questions(draw: st.DrawFn) -> tuple[Role, str | None, ReportFilter, Any]:
    role, agency, _, order = draw(questions())
    names = draw(st.lists(st.sampled_from(sorted(KEPT_BY_DAY)), max_size=3, unique=True))
    return role, agency, ReportFilter(**{name: draw(KEPT_BY_DAY[name]) for name in names}), order


def key_of(kept: Kept, dimension: B, row: Any, exact: bool) -> str | None:
    if dimension.period is not None:
        return written(start_of(dimension.period, number_of(dimension.period, row.reported_at)))
    if dimension is B.STATUS:
        return str(row.status)
    if dimension is B.AREA:
        around = kept.codes_around(row.area_id if exact else row.public_area_id)
        return next((code for code in around if code.count(".") == 3), None)
    table, id_ = {
        B.CATEGORY: ("categories", row.category_id),
        B.SOURCE: ("sources", row.source_id),
        B.AGENCY: ("agencies", row.agency_id),
    }[dimension]
    return next((code for code, known in kept.city.ids[table].items() if known == id_), None)


def counted(rows: list[Any]) -> CountsRow:
    def middle(end: str) -> float | None:
        took = [(getattr(row, end) - row.received_at) / 60e6 for row in rows if getattr(row, end) is not None]
        return plain.median(took) if took else None

    return CountsRow(
        len(rows),
        sum(row.status in OPEN_STATUSES for row in rows),
        sum(row.status in RESOLVED_STATUSES for row in rows),
        sum(row.respond_breached or row.resolve_breached for row in rows),
        middle("responded_at"),
        middle("resolved_at"),
    )


def agree(told: CountsRow, wanted: CountsRow) -> None:
    def numbers(row: CountsRow) -> tuple[int, ...]:
        return row.total, row.open, row.resolved, row.breached

    assert numbers(told) == numbers(wanted)
    for median, exact in ((told.median_respond, wanted.median_respond), (told.median_resolve, wanted.median_resolve)):
        assert median == (None if exact is None else pytest.approx(exact, rel=0.0201))


async def ask(
    kept: Kept, question: tuple[Any, ...], by: tuple[B, ...]
) -> tuple[Visibility, CountsRow, list[NamedBucket]]:
    role, agency, f, _ = question
    async with kept.city.asking(role, person=1, agency=agency) as ctx:
        handle = await statistics(ctx, f)
        buckets = await handle.buckets(*by, first=10_000) if by else []
        return await ctx.visibility(), await handle.counts(), buckets


@settings(max_examples=100, deadline=None, suppress_health_check=PLAIN)
@given(question=st.one_of(rolled_up_questions(), questions()), by=dimensions)
def test_counts_agree_with_plain_python(kept: Kept, question: tuple[Any, ...], by: tuple[B, ...]) -> None:
    f = question[2]
    if f.ids is not None:
        return
    visibility, whole, buckets = kept.run(ask(kept, question, by))
    rows = expected(kept, visibility, f)
    agree(whole, counted(rows))
    groups: dict[tuple[str | None, ...], list[Any]] = defaultdict(list)
    for row in rows if by else ():
        exact = visibility.true_places or f.mine is True
        groups[tuple(key_of(kept, dimension, row, exact) for dimension in by)].append(row)
    told = {(bucket.row.key, bucket.row.split_key)[: len(by)]: bucket.row.counts for bucket in buckets}
    assert len(told) == len(buckets)
    assert {key for key, row in told.items() if row.total} == set(groups)
    for key, of_group in groups.items():
        agree(told[key], counted(of_group))
    if by and by[0].period is not None:
        starts = [bucket.row.start for bucket in buckets]
        assert starts == sorted(starts, key=lambda start: start or 0)
    elif len(by) == 1 or (by and by[1].period is None):
        totals = [bucket.row.counts.total for bucket in buckets]
        assert totals == sorted(totals, reverse=True)


@settings(max_examples=20, deadline=None, suppress_health_check=PLAIN)
@given(question=st.one_of(rolled_up_questions(), questions()), by=dimensions)
def test_many_areas_have_what_each_has_alone(kept: Kept, question: tuple[Any, ...], by: tuple[B, ...]) -> None:
    role, agency, f, _ = question
    if f.ids is not None:
        return

    async def asked() -> None:
        async with kept.city.asking(role, person=1, agency=agency) as ctx:
            rows = await area_rows(ctx, "31.71", "31.74", "31.71.01", "31.71.01.1001", "31")
            for row, handle in zip(rows, await statistics_in_areas(rows, ctx, given=f), strict=True):
                (alone,) = await statistics_in_areas([row], ctx, given=f)
                agree(await handle.counts(), await alone.counts())
                if by:
                    one, other = await handle.buckets(*by, first=10_000), await alone.buckets(*by, first=10_000)
                    assert [each.row.key for each in one] == [each.row.key for each in other]

    kept.run(asked())


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text))


async def told(city: City, by: B, split: B | None = None, **wanted: Any) -> list[tuple[str | None, str | None, int]]:
    first = wanted.pop("first", None)
    async with city.asking() as ctx:
        buckets = await (await statistics(ctx, ReportFilter(**wanted))).buckets(by, split, first)
        return [(each.row.key, each.row.split_key, each.row.counts.total) for each in buckets]


class TestTime:
    async def test_days_begin_at_midnight_in_jakarta_and_gaps_are_zeros(self, city: City) -> None:
        for text in ("2026-01-01T23:59:59.999999+07:00", "2026-01-02T00:00:00+07:00", "2026-01-04T12:00:00+07:00"):
            await city.add({"reported_at": at(text)})
        day = "2026-01-0{}T00:00:00+07:00"
        expected_days = [(day.format(n), None, total) for n, total in ((1, 1), (2, 1), (3, 0), (4, 1))]
        assert await told(city, B.DAY) == expected_days
        assert await told(city, B.DAY, has_photos=False) == expected_days

    async def test_weeks_begin_on_monday(self, city: City) -> None:
        for text in ("2026-01-04T23:59:59+07:00", "2026-01-05T00:00:00+07:00", "2026-01-19T08:00:00+07:00"):
            await city.add({"reported_at": at(text)})
        weeks = [("2025-12-29", 1), ("2026-01-05", 1), ("2026-01-12", 0), ("2026-01-19", 1)]
        for f in ({}, {"has_photos": False}):
            assert await told(city, B.WEEK, **f) == [(f"{day}T00:00:00+07:00", None, n) for day, n in weeks]

    async def test_hours_reach_from_bound_to_bound_of_the_filter(self, city: City) -> None:
        await city.add({"reported_at": at("2026-01-04T10:30:00+07:00")})
        since, until = (datetime.fromisoformat(f"2026-01-04T{h}:00:00+07:00") for h in ("08", "12"))
        hours = await told(city, B.HOUR, reported_after=since, reported_before=until)
        assert hours == [
            (f"2026-01-04T{h}:00:00+07:00", None, n) for h, n in (("08", 0), ("09", 0), ("10", 1), ("11", 0))
        ]

    async def test_the_last_hours_reach_to_now(self, city: City) -> None:
        await city.add({"reported_at": NOW - 2 * HOUR})
        assert [total for *_, total in await told(city, B.HOUR, reported_within_hours=3)] == [0, 1, 0, 0]
        assert [total for *_, total in await told(city, B.HOUR, reported_within_hours=3, has_photos=True)] == [0] * 4

    async def test_has_every_value_of_the_split_in_each_period(self, city: City) -> None:
        await city.add({"reported_at": NOW - DAY}, {"reported_at": NOW, "category": "flood"}, {"reported_at": NOW})
        totals = [(split, n) for _, split, n in await told(city, B.DAY, B.CATEGORY)]
        assert totals == [("damaged_road", 1), ("flood", 0), ("flood", 1), ("damaged_road", 1)]
        assert [n for *_, n in await told(city, B.CATEGORY, B.DAY)] == [1, 1, 0, 1]


class TestFarAway:
    """Stores may have reports from when a source could tell any time; filters may have any bound."""

    async def test_one_report_of_the_year_1_does_not_begin_everybodys_days(self, city: City) -> None:
        await city.add(
            {"reported_at": at("0001-01-01T00:00:00+00:00")}, {"reported_at": NOW - DAY}, {"reported_at": NOW}
        )
        for f in ({}, {"has_photos": False}):
            assert [total for *_, total in await told(city, B.DAY, **f)] == [1, 1]
            assert [total for *_, total in await told(city, B.WEEK, **f)] == [1, 1]
            assert [total for *_, total in await told(city, B.CATEGORY, B.DAY, **f)] == [1, 1]
            assert len(await told(city, B.HOUR, first=3, **f)) == 3

    @pytest.mark.parametrize(
        ("by", "keys"),
        [
            (B.HOUR, ["0001-01-01T07:00:00+07:00", "0001-01-01T08:00:00+07:00"]),
            (B.DAY, ["0001-01-02T00:00:00+07:00", "0001-01-03T00:00:00+07:00"]),
            (B.WEEK, ["0001-01-08T00:00:00+07:00", "0001-01-15T00:00:00+07:00"]),
        ],
    )
    async def test_from_the_year_1_on(self, city: City, by: B, keys: list[str]) -> None:
        await city.add({"reported_at": NOW})
        since = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
        assert [key for key, *_ in await told(city, by, reported_after=since, first=2)] == keys
        with pytest.raises(errors.BadUserInput, match=r"1,000 buckets.*first"):
            await told(city, by, reported_after=since)

    @pytest.mark.parametrize(
        ("by", "keys"),
        [
            (B.HOUR, ["9999-12-31T22:00:00+07:00", "9999-12-31T23:00:00+07:00"]),
            (B.DAY, ["9999-12-31T00:00:00+07:00"]),
            (B.WEEK, ["9999-12-27T00:00:00+07:00"]),
        ],
    )
    async def test_to_the_end_of_the_year_9999(self, city: City, by: B, keys: list[str]) -> None:
        since, until = (datetime.fromisoformat(f"9999-12-31T{clock}+00:00") for clock in ("15:00:00", "23:59:59"))
        assert await told(city, by, reported_after=since, reported_before=until) == [(key, None, 0) for key in keys]

    @pytest.mark.parametrize("moment", ["1969-06-01T10:30:00+00:00", "0001-01-09T10:30:00+00:00"])
    @pytest.mark.parametrize("by", [B.HOUR, B.DAY, B.WEEK])
    async def test_before_1970_what_is_counted_agrees_with_the_roll_ups(self, city: City, moment: str, by: B) -> None:
        await city.add({"reported_at": at(moment)})
        period = by.period
        assert period is not None
        expected = [(written(start_of(period, number_of(period, at(moment)))), None, 1)]
        assert await told(city, by) == await told(city, by, has_photos=False) == expected


class TestBounds:
    async def test_more_than_a_thousand_buckets_are_refused_unless_asked_for(self, city: City) -> None:
        await city.add({"reported_at": NOW - 60 * DAY}, {"reported_at": NOW})
        async with city.asking() as ctx:
            handle = await statistics(ctx)
            with pytest.raises(errors.BadUserInput):
                await handle.buckets(B.HOUR)
            assert len(await handle.buckets(B.HOUR, first=1_200)) == 1_200
            assert len(await handle.buckets(B.DAY)) == 61

    async def test_what_makes_no_sense_is_refused(self, city: City) -> None:
        async with city.asking() as ctx:
            handle = await statistics(ctx)
            for by, split, first in (
                (B.DAY, B.DAY, None),
                (B.DAY, B.HOUR, None),
                (B.STATUS, B.STATUS, None),
                (B.DAY, None, 0),
            ):
                with pytest.raises(errors.BadUserInput):
                    await handle.buckets(by, split, first)

    async def test_nothing_has_no_buckets_and_no_medians(self, city: City) -> None:
        async with city.asking() as ctx:
            for f in (None, ReportFilter(has_photos=True), ReportFilter(categories=())):
                handle = await statistics(ctx, f)
                assert await handle.counts() == CountsRow(0, 0, 0, 0, None, None)
                assert await handle.buckets(B.DAY) == [] and await handle.buckets(B.AREA, B.STATUS) == []


class TestKeys:
    async def test_come_with_names_in_both_languages_and_none_for_those_without(self, city: City) -> None:
        await city.add({"at": None, "category": "flood"}, {"at": None}, {"area": "31.71.01.1001", "category": "flood"})
        async with city.asking() as ctx:
            handle = await statistics(ctx)
            (flood, road) = await handle.buckets(B.CATEGORY)
            assert flood.name is not None and (flood.name.name_id, flood.name.name_en) == ("Banjir", "Flood")
            assert (flood.row.key, road.row.key) == ("flood", "damaged_road")
            nowhere, gambir = await handle.buckets(B.AREA)
            assert (nowhere.row.key, nowhere.name, nowhere.row.counts.total) == (None, None, 2)
            assert gambir.row.key == "31.71.01.1001" and gambir.name is not None and gambir.name.name_id == "Gambir"

    async def test_are_of_kelurahan_alone(self, city: City) -> None:
        await city.add({"area": "31.71"}, {"area": "31.71.01.1001"})
        assert sorted(await told(city, B.AREA), key=str) == [("31.71.01.1001", None, 1), (None, None, 1)]


class TestRollups:
    async def test_a_province_counts_what_lies_in_no_city_of_it(self, city: City) -> None:
        await city.add({"area": "31.71"}, {"at": None})
        async with city.asking() as ctx:
            assert (await (await statistics(ctx, ReportFilter(areas=("31",)))).counts()).total == 1
        await city.add({"area": "31"})
        async with city.asking() as ctx:
            assert (await (await statistics(ctx, ReportFilter(areas=("31",)))).counts()).total == 2

    async def test_many_areas_take_as_many_statements_as_few(self, city: City) -> None:
        async with city.asking() as ctx:
            numbers = []
            for codes in (("31.71", "31.72"), tuple(code for code in city.area_map.facts if code.count(".") == 1)):
                handles = await statistics_in_areas(await area_rows(ctx, *codes), ctx)

                async def count_all(handles: Any = handles) -> list[int]:
                    return [(await handle.counts()).total for handle in handles]

                numbers.append((await statements(ctx, count_all()))[1])
        assert numbers[0] == numbers[1]


@pytest.mark.parametrize("period", list(Period))
def test_the_first_and_the_last_period_can_be_written_and_those_beyond_cannot(period: Period) -> None:
    calendar = on_the_calendar(period)
    for number in (calendar.start, calendar.stop - 1):
        assert written(start_of(period, number)).endswith(":00+07:00")
    for number in (calendar.start - 1, calendar.stop):
        with pytest.raises(OverflowError):
            written(start_of(period, number))


@pytest.mark.parametrize("period", list(Period))
def test_periods_hold_their_start_and_not_their_end(period: Period) -> None:
    number = number_of(period, NOW)
    start, end = start_of(period, number), start_of(period, number + 1)
    assert start <= NOW < end
    assert number_of(period, start) == number and number_of(period, end - 1) == number
