"""Statistics from the day roll-up: quick whatever the number of reports, with medians from log-sized buckets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, select

from domain.medians import median
from domain.periods import week_of_day
from domain.time import jakarta_day, jakarta_day_start
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, RESOLVED_STATUSES
from storage.reports.counting import rolled_up
from storage.reports.dimensions import ALL, Counted, Keys, StatisticsBucket
from storage.reports.filtering import ResolvedFilter
from storage.rollups import REPORTS, RESOLVE, RESPOND
from storage.rows import CountsRow
from storage.tables import rollup_day

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


@dataclass(slots=True)
class _Sum:
    """Counts being added up; durations by their log-sized buckets."""

    total: int = 0
    open: int = 0
    resolved: int = 0
    breached: int = 0
    minutes: dict[int, Counter[int]] = field(default_factory=lambda: {RESPOND: Counter(), RESOLVE: Counter()})

    def add(self, status: str, breached: bool, measure: int, bucket: int, total: int) -> None:
        if measure != REPORTS:
            self.minutes[measure][bucket] += total
            return
        self.total += total
        self.open += total if status in OPEN_STATUSES else 0
        self.resolved += total if status in RESOLVED_STATUSES else 0
        self.breached += total if breached else 0

    def counts(self) -> CountsRow:
        medians = (median(self.minutes[measure]) for measure in (RESPOND, RESOLVE))
        return CountsRow(self.total, self.open, self.resolved, self.breached, *medians)


def counted_by_day(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    dimensions: Sequence[StatisticsBucket],
    cities: Cities | None,
) -> Counted:
    """The counts of what `is_kept_by_day`; for each area that is made of `cities`, if they are given."""
    day = rollup_day.c
    keys = [_COLUMNS[dimension] for dimension in dimensions]
    facts = [*([] if cities is None else [day.city_id]), *keys, day.status, day.breached, day.measure, day.bucket]
    numbered = [fact.label(f"fact_{n}") for n, fact in enumerate(facts)]
    statement = select(*numbered, func.sum(day.total)).where(_condition(visibility, wanted, cities)).group_by(*numbered)
    sums: dict[int, dict[Keys, _Sum]] = {}
    for row in conn.execute(statement):
        *place, status, breached, measure, bucket, total = row
        areas = [ALL] if cities is None else _made_of(place.pop(0), cities)
        found = _keys(dimensions, place)
        for area in areas:
            sums.setdefault(area, {}).setdefault(found, _Sum()).add(status, breached, measure, bucket, int(total))
    return {
        area: {found: each.counts() for found, each in of_area.items() if each.total} for area, of_area in sums.items()
    }


def _made_of(city: int, cities: Cities) -> list[int]:
    return [area for area, of_area in cities.items() if city in of_area]


def _keys(dimensions: Sequence[StatisticsBucket], values: Sequence[Any]) -> Keys:
    return tuple(
        week_of_day(value) if dimension is StatisticsBucket.WEEK else value
        for dimension, value in zip(dimensions, values, strict=True)
    )


def _condition(visibility: Visibility, wanted: ResolvedFilter, cities: Cities | None) -> ColumnElement[bool]:
    day = rollup_day.c
    found = [rolled_up(rollup_day, visibility, wanted)]
    of_filter = wanted.whole_cities if wanted.areas is not None else None
    of_areas = None if cities is None else frozenset[int]().union(*cities.values())
    for allowed in (of_filter, of_areas):
        if allowed is not None:
            found.append(day.city_id.in_(sorted(allowed)) if allowed else false())
    if wanted.breached is not None:
        found.append(day.breached.is_(wanted.breached))
    if wanted.reported_after is not None:
        found.append(day.day >= jakarta_day(wanted.reported_after))
    if wanted.reported_before is not None:
        found.append(day.day < jakarta_day(wanted.reported_before))
    return and_(*found)
