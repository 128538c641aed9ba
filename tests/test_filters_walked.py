"""The way to the rows is chosen by estimates: whatever these are, the same rows are found, and few are looked at for them."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from domain.places import Box, Point, cell_of
from domain.squares import COARSE, FINE, Grid
from domain.time import DAY
from domain.visibility import Visibility
from domain.vocabulary import ReportStatus, Role
from resolvers.filters import ReportFilter
from resolvers.lists import Paging
from resolvers.report_lists import reports as list_of_reports
from resolvers.reports import ReportOrder
from storage.reports.filter.filtering import Near, ResolvedFilter
from storage.reports.lists.drivers import square_of
from storage.reports.lists.listing import list_reports
from storage.reports.placing import CELL_RESOLUTION
from storage.reports.question import Question
from storage.rollups.estimates import Estimates, read_estimates
from storage.rollups.estimates_kept import EstimatesKept
from storage.rollups.rebuilding import rebuild_rollups
from storage.statements.keyset import Key, Span
from storage.statements.prepared import Prepared
from storage.tables import reports
from tests.report_questions import Kept, expected, fixed_clock, kept, ordered, questions
from tests.report_rows import NOW

__all__ = ["fixed_clock", "kept"]

LONG_AGO = NOW - 700 * DAY
SIZE = 10


def distorted(known: Estimates, how: str) -> Estimates | None:
    """Estimates as they are, as they were for a store a thousand times as large, of a time before, or plainly wrong."""
    if how == "none":
        return None
    if how == "many":
        return replace(known, total=known.total * 1000, until=[each * 1000 for each in known.until])
    if how == "old":
        return replace(known, days=[day - 500 for day in known.days])
    if how == "wrong":
        turned = {
            name: dict(zip(shares, reversed([*shares.values()]), strict=True))
            for name, shares in (
                (each, getattr(known, each)) for each in ("areas", "categories", "statuses", "sources")
            )
        }
        return replace(known, total=known.total * 1000, until=[each * 1000 for each in known.until], **turned)
    return known


@pytest.mark.usefixtures("fixed_clock")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(question=questions(), how=st.sampled_from(("true", "many", "old", "wrong", "none")))
def test_whatever_is_estimated_the_same_reports_are_found_and_counted(
    kept: Kept, question: tuple[Role, str | None, ReportFilter, ReportOrder], how: str
) -> None:
    role, agency, f, order = question
    f = replace(f, ids=None)
    counted = EstimatesKept(kept.store)
    counted.known = distorted(kept.run(kept.store.read(read_estimates)), how)
    kept.city.parts.counted = counted
    ctx = kept.city.context(role, person=1, agency=agency)

    async def asked() -> tuple[Visibility, list[list[int]], int]:
        try:
            found = [await pages(ctx, f, order, backward=backward) for backward in (False, True)]
            count = await (await list_of_reports(ctx, f, order, Paging(first=1))).count()
            return await ctx.visibility(), found, count
        finally:
            await ctx.close()

    visibility, (forward, backward), count = kept.run(asked())
    assert forward == ordered(expected(kept, visibility, f), order, visibility, f)
    assert backward == forward
    assert count == len(forward)


async def pages(ctx: Any, f: ReportFilter, order: ReportOrder, *, backward: bool) -> list[int]:
    """All rows by pages of five; that there are more before and after is told of each as it is."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        paging = Paging(last=5, before=cursor) if backward else Paging(first=5, after=cursor)
        page = await list_of_reports(ctx, f, order, paging)
        assert (page.has_next if backward else page.has_previous) == bool(found)
        rows = [row.id for row in page.rows]
        found = rows + found if backward else found + rows
        if not (page.has_previous if backward else page.has_next):
            return found
        cursor = page.start_cursor if backward else page.end_cursor


@pytest.mark.parametrize("grid", [FINE, COARSE])
def test_the_squares_over_a_box_hold_every_point_in_it(grid: Grid) -> None:
    dice = random.Random(5)
    for _ in range(300):
        south, west = dice.uniform(-6.5, -6), dice.uniform(106.5, 107)
        size = 10 ** dice.uniform(-5, -0.7)
        box = Box(west, south, west + size, south + size)
        squares = grid.over(box)
        assert grid.number_over(box) == len(squares) == len(set(squares))
        edges = [Point(y, x) for y in (box.south, box.north) for x in (box.west, box.east)]
        inside = [Point(dice.uniform(box.south, box.north), dice.uniform(box.west, box.east)) for _ in range(5)]
        assert {grid.square_of(point) for point in (*edges, *inside)} <= set(squares)
        assert sum(part for _, part in grid.parts_over(box)) == pytest.approx(size**2 * grid.per_degree**2, rel=1e-6)


def test_a_square_has_the_same_number_in_the_store(kept: Kept) -> None:
    def numbers(conn: Connection, grid: Grid) -> dict[int, int | None]:
        return {row[0]: row[1] for row in conn.execute(select(reports.c.id, square_of("public_", grid)))}

    for grid in (FINE, COARSE):
        for row_id, square in kept.run(kept.store.read(numbers, grid)).items():
            row = next(each for each in kept.rows if each.id == row_id)
            told = row.public_latitude is not None
            assert square == (grid.square_of(Point(row.public_latitude, row.public_longitude)) if told else None)


class Grown:
    """A store on SQLite with so many reports of two years, spread over areas, categories, statuses, sources and squares."""

    def __init__(self, seeded: Path, number: int) -> None:
        path = seeded.with_name(f"grown_{number}.db")
        path.write_bytes(seeded.read_bytes())
        self.number = number
        self.connection = create_engine(f"sqlite:///{path}").connect()
        driver: Any = self.connection.connection.driver_connection
        self.driver: sqlite3.Connection = driver
        self.areas = self._ids("SELECT id FROM areas WHERE level = 'SUBDISTRICT' ORDER BY id")
        self.categories = self._ids("SELECT id FROM categories ORDER BY id")
        self._fill()
        rebuild_rollups(self.connection)
        self.known = read_estimates(self.connection)

    def _ids(self, statement: str) -> list[int]:
        return [row[0] for row in self.driver.execute(statement)]

    def _fill(self) -> None:
        """Numbers without a common divisor stand for chance, so that every mixture comes up as often as it should."""
        self.driver.executemany(
            """INSERT INTO reports (id, code, text, category_id, status, visibility, anonymous, precision, fuzzed, latitude,
                 longitude, cell, area_id, public_latitude, public_longitude, public_cell, public_area_id, source_id, set_by_hand, reported_at,
                 received_at, updated_at, respond_breached, resolve_breached, support_count, photo_count)
               VALUES (?1, ?1, '', ?2, ?3, 'PUBLIC', 0, 'EXACT', 0, ?4, ?5, ?8, ?6, ?4, ?5, ?8, ?6, 1, 0, ?7, ?7, ?1, 0, 0, 0, 0)""",
            map(self._row, range(1, self.number + 1)),
        )

    def _row(self, n: int) -> tuple[Any, ...]:
        dice = random.Random(n * 7_919)
        at = LONG_AGO + int(700 * DAY * n / self.number)
        place = (dice.uniform(-6.35, -6.1), dice.uniform(106.7, 106.95))
        statuses = tuple(map(str, ReportStatus))[:7]
        cell = cell_of(Point(*place), CELL_RESOLUTION)
        return (n, dice.choice(self.categories), dice.choice(statuses), *place, dice.choice(self.areas), at, cell)

    def steps(self, f: ResolvedFilter, span: Span, *, known: bool = True) -> tuple[int, int]:
        """How many steps SQLite took for a page, and how many rows it has."""
        taken: Counter[str] = Counter()

        def step() -> int:
            taken["steps"] += 1
            return 0

        estimates = self.known if known else None
        self.driver.set_progress_handler(step, 1)
        asked = Question(Visibility(), f, NOW, estimates)
        page = list_reports(self.connection, asked, ReportOrder.NEWEST, span, frozenset({"id"}))
        self.driver.set_progress_handler(None, 0)
        return taken["steps"], len(page.rows)

    def cursor(self, f: ResolvedFilter) -> Key:
        """The key of the last row of the first page."""
        asked = Question(Visibility(), f, NOW, self.known)
        page = list_reports(self.connection, asked, ReportOrder.NEWEST, Span(SIZE), frozenset({"id"}))
        return page.keys[-1]

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()


@pytest.fixture(scope="module")
def small_and_large(seeded_sqlite: Path) -> Iterator[tuple[Grown, Grown]]:
    both = Grown(seeded_sqlite, 3_000), Grown(seeded_sqlite, 24_000)
    yield both
    for each in both:
        each.close()


def asked_of(city: Grown) -> dict[str, ResolvedFilter]:
    """Filters that find more than a page in both stores."""
    day = NOW - 351 * DAY
    return {
        "all": ResolvedFilter(),
        "a city": ResolvedFilter(areas=frozenset(city.areas[:60])),
        "a district": ResolvedFilter(areas=frozenset(city.areas[:8])),
        "a category": ResolvedFilter(categories=frozenset(city.categories[:1])),
        "two statuses": ResolvedFilter(statuses=frozenset({"SUBMITTED", "CLOSED"})),
        "a category in a city": ResolvedFilter(
            areas=frozenset(city.areas[:60]), categories=frozenset(city.categories[2:4])
        ),
        "a category of a status": ResolvedFilter(
            categories=frozenset(city.categories[:2]), statuses=frozenset({"VERIFIED"})
        ),
        "a box": ResolvedFilter(box=Box(106.8, -6.25, 106.84, -6.2)),
        "a circle": ResolvedFilter(near=Near(Point(-6.2, 106.8), 2_500)),
        "before a day": ResolvedFilter(areas=frozenset(city.areas[:60]), reported_before=day),
    }


def test_what_is_looked_at_for_a_page_does_not_grow_with_the_store(small_and_large: tuple[Grown, Grown]) -> None:
    """Eight times as many reports: the median filter takes hardly more steps of SQLite's machine, and none more than half
    as many again (one may need a second stretch, the other not). Without knowing how many reports there are of what, some
    take several times as many."""
    small, large = small_and_large
    ratios = {}
    for name, f in asked_of(small).items():
        (few, found), (many, found_too) = (store.steps(f, Span(SIZE)) for store in (small, large))
        assert found == found_too == SIZE, name
        ratios[name] = many / few
    assert max(ratios.values()) < 1.5, ratios
    assert sorted(ratios.values())[len(ratios) // 2] < 1.2, ratios
    blind = {
        name: large.steps(f, Span(SIZE), known=False)[0] / large.steps(f, Span(SIZE))[0]
        for name, f in asked_of(large).items()
    }
    assert max(blind.values()) > 10, blind


def test_nor_does_a_later_page(small_and_large: tuple[Grown, Grown]) -> None:
    """What lies before its cursor is looked for nearby, not from the beginning of the list."""
    ratios = {}
    for name, f in asked_of(small_and_large[0]).items():
        few, many = (store.steps(f, Span(SIZE, after=store.cursor(f)))[0] for store in small_and_large)
        ratios[name] = many / few
    assert max(ratios.values()) < 2, ratios
    assert sorted(ratios.values())[len(ratios) // 2] < 1.2, ratios


def test_what_a_filter_gives_by_name_is_what_its_statement_asks_for(kept: Kept) -> None:
    """Else a statement that is kept would be run with what another filter gave."""
    names = {
        "ids": frozenset({1, 2}),
        "statuses": frozenset({"CLOSED"}),
        "categories": frozenset({1, 2}),
        "sources": frozenset({1}),
        "agencies": frozenset({1, 2}),
        "areas": frozenset({3, 4}),
        "box": Box(1, 2, 3, 4),
        "near": Near(Point(1, 2), 3.0),
        "reported_within_hours": 3,
        "reported_after": 5,
        "reported_before": 6,
        "updated_after": 7,
        "forwardings": frozenset({"SENT"}),
    }

    def named(conn: Connection, f: ResolvedFilter) -> set[str]:
        made = Prepared(select(reports.c.id).where(f.where(Visibility(), conn.dialect.name, NOW)), conn.dialect)
        nameless = ("%", "visibility_", "param_")  # part of the text, and the same whatever the filter holds
        return {name for name in made._gaps if not name.startswith(nameless) and not name.endswith("_1")}

    for name, value in names.items():
        f = ResolvedFilter(**{name: value})
        given = set(f.values("sqlite", NOW))
        assert kept.run(kept.store.read(named, f)) == given, name


def test_a_filter_of_another_shape_is_another_statement() -> None:
    one, two, other = (ResolvedFilter(areas=frozenset(areas)) for areas in ({1}, {1, 2}, {7}))
    assert one.shape() == other.shape() != two.shape()
    assert ResolvedFilter().shape() != ResolvedFilter(areas=frozenset()).shape() != one.shape()
