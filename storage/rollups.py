"""Keeps the three roll-ups in step with the events: each event takes a report out of its old counts and puts it into the new."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, or_

from domain.medians import bucket_of
from domain.places import cell_parent
from domain.time import jakarta_day
from domain.visibility import Visibility
from domain.vocabulary import ReportVisibility
from storage.bulk import insert_rows
from storage.facets import Facets
from storage.reports.seen import seen_by_class, uses_true_places
from storage.tables import rollup_area, rollup_cell, rollup_day
from storage.tables.rollups import ALL, EVER

CORRECTION, PUBLIC_SIDE = 0, 1
"""Sides: staff's counts are the sum of both (storage/tables/rollups.py)."""
CELL_RESOLUTIONS = range(5, 9)
REPORTS, RESPOND, RESOLVE = 0, 1, 2
"""What `rollup_day.measure` counts."""

_Key = tuple[Any, ...]


def counted_for(visibility: Visibility, rollup: Table) -> ColumnElement[bool]:
    """The rows that this class's counts are made of: by the place that it goes by, of the reports that it sees. Those of
    everybody's and staff's together may add up to nothing."""
    side: ColumnElement[bool] = rollup.c.side == PUBLIC_SIDE
    if uses_true_places(visibility):
        side = or_(side, rollup.c.side == CORRECTION)
    return and_(side, seen_by_class(visibility, rollup.c.visibility, rollup.c.agency_id))


@dataclass(slots=True)
class RollupChanges:
    """What a group of writes adds to or takes from each count."""

    _log: list[tuple[Facets, int]] = field(default_factory=list)

    def move(self, before: Facets | None, after: Facets | None) -> None:
        """A report's facts changed from `before` to `after`."""
        if before == after:
            return
        if before is not None:
            self._log.append((before, -1))
        if after is not None:
            self._log.append((after, 1))

    def mark(self) -> int:
        """Where an operation begins."""
        return len(self._log)

    def reset(self, mark: int) -> None:
        """Takes back what came since."""
        del self._log[mark:]

    def write(self, conn: Connection) -> None:
        """Adds everything to the tables, each in the order of its keys."""
        counts: dict[Table, dict[_Key, int]] = {
            rollup_area: defaultdict(int),
            rollup_day: defaultdict(int),
            rollup_cell: defaultdict(int),
        }
        for facets, sign in self._log:
            for table, key, by in keys_of(facets):
                counts[table][key] += by * sign
        for table, totals in counts.items():
            _add_up(conn, table, totals)


def keys_of(facets: Facets) -> list[tuple[Table, _Key, int]]:
    """Every count that a report of such facts is in, and what it adds to it: 1, or -1 to correct another.

    A key is a row of its table but for the total. The public place gives, with the agency 0 for none and, in rows of ALL
    categories, ALL where the report is public:

        rollup_area  the area and ALL
        rollup_day   by day and EVER: (city, category) and (ALL, ALL); EVER alone: (ALL, category); of each one row for the
                     report and one for each of its durations
        rollup_cell  the cells of each resolution, by category and for ALL

    The true place gives the same on the other side, less what the public one does, if it is another.
    """
    true_place = (facets.area_id or 0, facets.city_id or 0, facets.cell)
    public_place = (facets.public_area_id or 0, facets.public_city_id or 0, facets.public_cell)
    counted = _Counted(facets)
    keys = [(table, key, 1) for table, key in counted.at(PUBLIC_SIDE, *public_place)]
    if true_place != public_place:
        keys += [(table, key, 1) for table, key in counted.at(CORRECTION, *true_place)]
        keys += [(table, key, -1) for table, key in counted.at(CORRECTION, *public_place)]
    return keys


class _Counted:
    """What the keys of a report have in common wherever it lies."""

    def __init__(self, facets: Facets) -> None:
        agency, visibility = facets.agency_id or 0, str(facets.visibility)
        category, status = facets.category_id, str(facets.status)
        self._of_all = ALL if visibility == ReportVisibility.PUBLIC else agency
        self._area = (category, status, facets.source_id, agency, visibility)
        self._kinds = ((category, status, agency, visibility), (ALL, status, self._of_all, visibility))
        self._cells = ((category, facets.open, agency, visibility), (ALL, facets.open, self._of_all, visibility))
        self._days = (jakarta_day(facets.reported_at), EVER)
        self._measures = [(facets.breached, REPORTS, 0)]
        if facets.minutes_to_respond is not None:
            self._measures.append((facets.breached, RESPOND, bucket_of(facets.minutes_to_respond)))
        if facets.minutes_to_resolve is not None:
            self._measures.append((facets.breached, RESOLVE, bucket_of(facets.minutes_to_resolve)))

    def at(self, side: int, area: int, city: int, cell: int | None) -> list[tuple[Table, _Key]]:
        """The keys at a place."""
        kind, of_all = self._kinds
        keys: list[tuple[Table, _Key]] = [(rollup_area, (side, each, *self._area)) for each in (area, ALL)]
        for where, days in (((city, *kind), self._days), ((ALL, *kind), (EVER,)), ((ALL, *of_all), self._days)):
            keys += [(rollup_day, (side, *where, day, *measure)) for day in days for measure in self._measures]
        if cell is not None:
            for resolution, parent in _parents(cell):
                for category, *rest in self._cells:
                    keys.append((rollup_cell, (side, resolution, parent, category, *rest)))
        return keys


@lru_cache(4_096)
def _parents(cell: int) -> tuple[tuple[int, int], ...]:
    return tuple((resolution, cell_parent(cell, resolution)) for resolution in CELL_RESOLUTIONS)


def _add_up(conn: Connection, table: Table, totals: dict[_Key, int]) -> None:
    columns = (*(column.name for column in table.columns if column.name != "total"), "total")
    rows = [(*key, total) for key, total in sorted(totals.items()) if total]
    insert_rows(conn, table, columns, rows, adding_up="total")
