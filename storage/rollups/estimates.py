"""How many reports there are about, by what filters ask for: what the way to the rows is chosen by, never an answer.

They are read from the roll-ups now and then and kept in memory. Stale ones cost time and nothing else: whatever is chosen
by them finds the same rows.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Select, func, select

from domain.places import Box, cell_center
from domain.squares import COARSE
from domain.time import DAY, jakarta_day, jakarta_day_start
from storage.rollups.keeping import CELL_RESOLUTIONS, PUBLIC_SIDE, REPORTS
from storage.tables import rollup_area, rollup_cell, rollup_day
from storage.tables.rollups import ALL, EVER

_FINEST_COUNTED = CELL_RESOLUTIONS[-1]
"""Of H3, the smallest cells that are counted: 0.7 km², so that a coarse square, of 12 km², has many of them."""
MOST_SQUARES = 400
"""So many squares over a box are looked at one by one. Twenty coarse ones a side are 70 km, about all of Jakarta: what is larger
finds about everything, and is not found by squares."""

Shares = Mapping[Any, float]


@dataclass(frozen=True)
class Estimates:
    """Shares of all reports by their facts, and how many were told until each day.

    `squares`: by square of the coarse grid. `until[n]`: how many were told before the day after `days[n]`.
    """

    total: int
    areas: Shares
    categories: Shares
    statuses: Shares
    sources: Shares
    agencies: Shares
    squares: Shares
    days: Sequence[int]
    until: Sequence[int]

    def told_before(self, at: int) -> float:
        """How many reports were told before a moment, as if those of a day came evenly."""
        day = jakarta_day(at)
        place = bisect_right(self.days, day)
        if not place:
            return 0.0
        known = self.until[place - 1]
        if self.days[place - 1] != day:
            return known
        of_day = known - (self.until[place - 2] if place > 1 else 0)
        return known - of_day * (1 - (at - jakarta_day_start(day)) / DAY)

    def moment_of(self, count: float) -> int:
        """The moment before which so many reports were told."""
        place = bisect_right(self.until, count)
        if place >= len(self.days):
            return jakarta_day_start(self.days[-1]) + DAY if self.days else 0
        before = self.until[place - 1] if place else 0
        of_day = self.until[place] - before
        return jakarta_day_start(self.days[place]) + int(DAY * max(0.0, count - before) / of_day)

    def told_between(self, low: int | None, high: int | None) -> float:
        """How many reports were told from one moment to before another; None: without end. At least one."""
        before = 0.0 if low is None else self.told_before(low)
        return max((self.total if high is None else self.told_before(high)) - before, 1.0)

    def share_of(self, shares: Shares, values: Collection[Any]) -> float:
        """The share of reports that have one of these values; at least that of one report."""
        return max(sum(shares.get(each, 0.0) for each in values), 1 / max(self.total, 1))

    def share_in(self, box: Box) -> float:
        """The share of reports that lie in a box, as if those of a coarse square lay evenly."""
        if COARSE.number_over(box) > MOST_SQUARES:
            return 1.0
        told = self.squares
        found = sum([told[square] * part for square, part in COARSE.parts_over(box) if square in told])
        return max(found, 1 / max(self.total, 1))


def read_estimates(conn: Connection) -> Estimates:
    """Reads them: some tens of milliseconds, whatever the number of reports."""
    area = rollup_area.c
    counted = select(area.area_id, func.sum(area.total)).where(area.side == PUBLIC_SIDE, area.area_id != ALL)
    areas = _counts(conn, counted.group_by(area.area_id))
    total = sum(areas.values())
    days = _days(conn)
    return Estimates(
        total=total,
        areas=_shares(areas, total),
        categories=_everywhere(conn, area.category_id, total),
        statuses=_everywhere(conn, area.status, total),
        sources=_everywhere(conn, area.source_id, total),
        agencies=_everywhere(conn, area.agency_id, total),
        squares=_shares(_squares(conn), total),
        days=[day for day, _ in days],
        until=list(accumulate(count for _, count in days)),
    )


def _shares(counts: Mapping[Any, int], total: int) -> Shares:
    return {key: count / total for key, count in counts.items()} if total else {}


def _counts(conn: Connection, counted: Select[Any]) -> dict[Any, int]:
    """PostgreSQL adds whole numbers up to decimals."""
    return {key: int(count) for key, count in conn.execute(counted)}


def _everywhere(conn: Connection, column: Any, total: int) -> Shares:
    area = rollup_area.c
    counted = select(column, func.sum(area.total)).where(area.side == PUBLIC_SIDE, area.area_id == ALL)
    return _shares(_counts(conn, counted.group_by(column)), total)


def _squares(conn: Connection) -> Counter[int]:
    cell = rollup_cell.c
    counted = select(cell.cell, func.sum(cell.total)).where(
        cell.side == PUBLIC_SIDE, cell.resolution == _FINEST_COUNTED, cell.category_id == ALL
    )
    found: Counter[int] = Counter()
    for number, count in _counts(conn, counted.group_by(cell.cell)).items():
        found[COARSE.square_of(cell_center(number))] += count
    return found


def _days(conn: Connection) -> list[tuple[int, int]]:
    day = rollup_day.c
    counted = select(day.day, func.sum(day.total)).where(
        day.side == PUBLIC_SIDE, day.measure == REPORTS, day.city_id == ALL, day.category_id == ALL, day.day > EVER
    )
    rows = conn.execute(counted.group_by(day.day).order_by(day.day))
    return [(number, int(count)) for number, count in rows if count > 0]
