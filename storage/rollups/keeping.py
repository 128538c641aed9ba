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
from storage.events.facets import Facets
from storage.reports.seen import seen_by_class, uses_true_places
from storage.tables import rollup_area, rollup_cell, rollup_day
from storage.tables.rollups import ALL, EVER
from storage.writing.bulk import insert_rows

CORRECTION, PUBLIC_SIDE = 0, 1
"""Sides: staff's counts are the sum of both (storage/tables/rollups.py)."""
CELL_RESOLUTIONS = range(5, 9)
REPORTS, RESPOND, RESOLVE = 0, 1, 2
"""What `rollup_day.measure` counts."""

_Key = tuple[Any, ...]


def counted_for(visibility: Visibility, rollup: Table) -> ColumnElement[bool]:
    """The rows that this class's counts are made of: by the place that it goes by, of the reports that it sees.

    Staff's are both sides, which may add up to nothing: a report that seems to lie in Menteng and lies in Gambir counts 1 in
    Menteng on the public side and -1 there as a correction, so for staff it is in Gambir alone.
    """
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
    keys = [(table, key, 1) for table, key in _keys_at(PUBLIC_SIDE, public_place, facets)]
    if true_place != public_place:
        keys += [(table, key, 1) for table, key in _keys_at(CORRECTION, true_place, facets)]
        keys += [(table, key, -1) for table, key in _keys_at(CORRECTION, public_place, facets)]
    return keys


_Keys = tuple[tuple[Table, _Key], ...]


def _keys_at(side: int, place: tuple[int, int, int | None], facets: Facets) -> _Keys:
    """The keys of a report if it lies there. Reports of a kind share most of theirs, so each part is remembered."""
    area, city, cell = place
    agency, visibility = facets.agency_id or 0, str(facets.visibility)
    category, status = facets.category_id, str(facets.status)
    keys = _area_keys(side, area, (category, status, facets.source_id, agency, visibility))
    measures = _measures(facets.breached, facets.minutes_to_respond, facets.minutes_to_resolve)
    keys += _day_keys(side, city, jakarta_day(facets.reported_at), (category, status, agency, visibility), measures)
    if cell is not None:
        coarse = cell_parent(cell, CELL_RESOLUTIONS[-1])
        keys += _cell_keys(side, coarse, (category, facets.open, agency, visibility))
    return keys


@lru_cache(1_024)
def _area_keys(side: int, area: int, kind: _Key) -> _Keys:
    return tuple((rollup_area, (side, each, *kind)) for each in (area, ALL))


@lru_cache(1_024)
def _day_keys(side: int, city: int, day: int, kind: _Key, measures: tuple[_Key, ...]) -> _Keys:
    days = (day, EVER)
    asked = (((city, *kind), days), ((ALL, *kind), (EVER,)), ((ALL, *_of_all(kind)), days))
    return tuple(
        (rollup_day, (side, *where, each, *measure)) for where, of in asked for each in of for measure in measures
    )


@lru_cache(4_096)
def _cell_keys(side: int, cell: int, kind: _Key) -> _Keys:
    kinds = (kind, _of_all(kind))
    parents = [(resolution, cell_parent(cell, resolution)) for resolution in CELL_RESOLUTIONS]
    return tuple((rollup_cell, (side, *parent, *each)) for parent in parents for each in kinds)


def _of_all(kind: _Key) -> _Key:
    """The same for all categories together, and for all agencies where everybody sees it."""
    _category, state, agency, visibility = kind
    return ALL, state, ALL if visibility == ReportVisibility.PUBLIC else agency, visibility


def _measures(breached: bool, respond: float | None, resolve: float | None) -> tuple[_Key, ...]:
    """A row for the report and one for each of its durations, in minutes."""
    told = ((RESPOND, respond), (RESOLVE, resolve))
    return (
        (breached, REPORTS, 0),
        *((breached, what, bucket_of(minutes)) for what, minutes in told if minutes is not None),
    )


def _add_up(conn: Connection, table: Table, totals: dict[_Key, int]) -> None:
    columns = (*(column.name for column in table.columns if column.name != "total"), "total")
    rows = [(*key, total) for key, total in sorted(totals.items()) if total]
    insert_rows(conn, table, columns, rows, adding_up="total")
