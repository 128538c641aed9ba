"""Statistics from the day roll-up: quick whatever the number of reports, with medians from log-sized buckets.

It is asked for as few rows as tell the answer: those of all time where days do not matter, those of all categories where
these do not, and durations only by their own rows. What is added up is added up by the store.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
)

from domain.areas import AreaLevel
from domain.medians import median
from domain.periods import week_of_day
from domain.time import jakarta_day, jakarta_day_start
from domain.vocabulary import OPEN_STATUSES, RESOLVED_STATUSES
from storage.reports.counts.dimensions import ALL as WHOLE
from storage.reports.counts.dimensions import Counted, Keys, StatisticsBucket
from storage.reports.counts.rolled_up import rolled_up
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.question import Question
from storage.rollups.keeping import REPORTS, RESOLVE, RESPOND
from storage.rows import CountsRow
from storage.statements.prepared import many, prepared
from storage.tables import areas, rollup_day
from storage.tables.rollups import ALL, EVER

_CONDITIONS = (
    "statuses",
    "categories",
    "agencies",
    "areas",
    "confidential",
    "breached",
    "reported_after",
    "reported_before",
)
_COLUMNS: Mapping[StatisticsBucket, ColumnElement[Any]] = {
    StatisticsBucket.DAY: rollup_day.c.day,
    StatisticsBucket.WEEK: rollup_day.c.day,
    StatisticsBucket.CATEGORY: rollup_day.c.category_id,
    StatisticsBucket.STATUS: rollup_day.c.status,
    StatisticsBucket.AGENCY: func.nullif(rollup_day.c.agency_id, 0),
}
_BY_KIND = {StatisticsBucket.CATEGORY, StatisticsBucket.AGENCY}
_LATEST_DAY = 10_000_000

Cities = Mapping[int, frozenset[int]]
"""The cities that each area is made of."""


def is_kept_by_day(wanted: ResolvedFilter, dimensions: Sequence[StatisticsBucket]) -> bool:
    """Whether the roll-up has all that the filter and the dimensions ask for."""
    bounds = [bound for bound in (wanted.reported_after, wanted.reported_before) if bound is not None]
    return (
        wanted.has_only(*_CONDITIONS)
        and all(dimension in _COLUMNS for dimension in dimensions)
        and (wanted.areas is None or wanted.whole_cities is not None)
        and all(jakarta_day_start(jakarta_day(bound)) == bound for bound in bounds)
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question to the roll-up. `cities`: the only ones that count, if not all do."""

    question: Question
    dimensions: Sequence[StatisticsBucket]
    by_city: bool
    cities: Set[int] | None

    @property
    def wanted(self) -> ResolvedFilter:
        """Which reports count."""
        return self.question.wanted

    @property
    def timed(self) -> bool:
        """Whether days matter."""
        bounded = self.wanted.reported_after is not None or self.wanted.reported_before is not None
        return bounded or any(dimension.period is not None for dimension in self.dimensions)

    @property
    def by_kind(self) -> bool:
        """Whether categories or agencies matter."""
        filtered = self.wanted.categories is not None or self.wanted.agencies is not None
        return filtered or not _BY_KIND.isdisjoint(self.dimensions)

    @property
    def each_city(self) -> bool:
        """Whether the rows of each city are read: there are none by category of all cities for a day."""
        return self.by_city or self.cities is not None or (self.timed and self.by_kind)

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the texts of its statements depend on."""
        return (self.question.shape, tuple(self.dimensions), self.by_city, self.cities is None)

    def values(self, dialect: str) -> dict[str, Any]:
        """What its statements are given."""
        after, before = self.wanted.reported_after, self.wanted.reported_before
        return {
            **self.question.values(dialect),
            "cities": sorted(self.cities or ()),
            "first_day": EVER + 1 if after is None else jakarta_day(after),
            "last_day": _LATEST_DAY if before is None else jakarta_day(before) - 1,
        }

    def keys(self) -> list[ColumnElement[Any]]:
        """What is told apart."""
        told = [_COLUMNS[dimension] for dimension in self.dimensions]
        return [each.label(f"key_{n}") for n, each in enumerate([*([rollup_day.c.city_id] * self.by_city), *told])]

    def rows(self, *measures: int) -> list[ColumnElement[bool]]:
        """Which rows count."""
        day = rollup_day.c
        found = [
            rolled_up(rollup_day, self.question.visibility, self.wanted),
            day.measure.in_([literal(m) for m in measures]),
        ]
        found.append(day.day.between(bindparam("first_day"), bindparam("last_day")) if self.timed else day.day == EVER)
        if self.cities is not None:
            found.append(day.city_id.in_(many("cities")))
        else:
            found.append(day.city_id.in_(_every_city()) if self.each_city else day.city_id == ALL)
        if not self.each_city:
            found.append(day.category_id != ALL if self.by_kind else day.category_id == ALL)
        if self.wanted.breached is not None:
            found.append(day.breached.is_(self.wanted.breached))
        return found


def _every_city() -> CompoundSelect[Any]:
    """Each city, and 0 for what lies in none."""
    known = select(areas.c.id).where(areas.c.level == AreaLevel.CITY)
    return known.union_all(select(literal(0)))


@dataclass(slots=True)
class _Sum:
    """Counts being added up; durations by their log-sized buckets."""

    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    minutes: dict[int, Counter[int]] = field(default_factory=lambda: {RESPOND: Counter(), RESOLVE: Counter()})

    def row(self) -> CountsRow:
        """The sum."""
        total, still_open, resolved, breached = self.counts
        medians = (median(self.minutes[measure]) for measure in (RESPOND, RESOLVE))
        return CountsRow(total, still_open, resolved, breached, *medians)


def counted_by_day(
    conn: Connection,
    question: Question,
    dimensions: Sequence[StatisticsBucket],
    cities: Cities | None,
    *,
    durations: bool = True,
) -> Counted:
    """The counts of what `is_kept_by_day`; for each area that is made of `cities`, if they are given. Without `durations`
    there are no medians."""
    asked = _Asked(question, dimensions, cities is not None, _counting(question.wanted, cities))
    values = asked.values(conn.dialect.name)
    sums: dict[int, dict[Keys, _Sum]] = {}
    length = len(dimensions) + asked.by_city
    for key, *counts in _keyed(
        prepared(conn, ("by day", *asked.shape), lambda: _totals(asked)).rows(conn, values), length
    ):
        for each in _sums_of(sums, key, asked, cities):
            each.counts = [have + int(more) for have, more in zip(each.counts, counts, strict=True)]
    if durations:
        asked_for = prepared(conn, ("durations by day", *asked.shape), lambda: _durations(asked))
        for key, measure, bucket, total in _keyed(asked_for.rows(conn, values), length):
            for each in _sums_of(sums, key, asked, cities):
                each.minutes[measure][bucket] += int(total)
    return {
        area: {found: each.row() for found, each in of_area.items() if each.counts[0]} for area, of_area in sums.items()
    }


def _counting(wanted: ResolvedFilter, cities: Cities | None) -> Set[int] | None:
    of_filter = wanted.whole_cities if wanted.areas is not None else None
    of_areas = None if cities is None else frozenset[int]().union(*cities.values())
    if of_filter is None or of_areas is None:
        return of_areas if of_filter is None else of_filter
    return of_filter & of_areas


def _totals(asked: _Asked) -> Select[Any]:
    keys, day = asked.keys(), rollup_day.c

    def where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
        return _whole(func.sum(case((condition, day.total), else_=0)))

    sums = [
        _whole(func.sum(day.total)),
        where(day.status.in_([literal(each) for each in sorted(OPEN_STATUSES)])),
        where(day.status.in_([literal(each) for each in sorted(RESOLVED_STATUSES)])),
        where(day.breached),
    ]
    grouped = select(*keys, *sums).where(*asked.rows(REPORTS)).group_by(*keys)
    return grouped.having(func.count() > 0)


def _durations(asked: _Asked) -> Select[Any]:
    keys, day = asked.keys(), rollup_day.c
    grouped = select(*keys, day.measure, day.bucket, _whole(func.sum(day.total)))
    return grouped.where(*asked.rows(RESPOND, RESOLVE)).group_by(*keys, day.measure, day.bucket)


def _whole(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """PostgreSQL adds whole numbers up to decimals."""
    return cast(column, BigInteger)


def _keyed(rows: Sequence[Any], length: int) -> Any:
    return ((tuple(row[:length]), *row[length:]) for row in rows)


def _sums_of(sums: dict[int, dict[Keys, _Sum]], key: Sequence[Any], asked: _Asked, cities: Cities | None) -> list[_Sum]:
    """The sums that a row goes into: one, or those of all areas that its city is part of."""
    within = [WHOLE] if cities is None else [area for area, of_area in cities.items() if key[0] in of_area]
    values = key[1:] if asked.by_city else key
    found = tuple(
        week_of_day(value) if dimension is StatisticsBucket.WEEK else value
        for dimension, value in zip(asked.dimensions, values, strict=True)
    )
    return [sums.setdefault(area, {}).setdefault(found, _Sum()) for area in within]
