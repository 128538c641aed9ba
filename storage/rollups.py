"""Keeps the three roll-ups in step with the events: each event takes a report out of its old counts and puts it into the new."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_

from domain.medians import bucket_of
from domain.places import cell_parent
from domain.time import jakarta_day
from domain.visibility import Visibility
from storage.bulk import insert_rows
from storage.facets import Facets
from storage.reports.seen import seen_by_class, uses_true_places
from storage.tables import rollup_area, rollup_cell, rollup_day

TRUE_SIDE, PUBLIC_SIDE = 0, 1
CELL_RESOLUTIONS = range(5, 9)
REPORTS, RESPOND, RESOLVE = 0, 1, 2
"""What `rollup_day.measure` counts."""

_Key = tuple[Any, ...]


def counted_for(visibility: Visibility, rollup: Table) -> ColumnElement[bool]:
    """The rows that this class's counts are made of: by the place that it goes by, of the reports that it sees."""
    side = TRUE_SIDE if uses_true_places(visibility) else PUBLIC_SIDE
    return and_(rollup.c.side == side, seen_by_class(visibility, rollup.c.visibility, rollup.c.agency_id))


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
            for table, key in keys_of(facets):
                counts[table][key] += sign
        for table, totals in counts.items():
            _add_up(conn, table, totals)


def keys_of(facets: Facets) -> list[tuple[Table, _Key]]:
    """Every count that a report of such facts is in."""
    agency, visibility = facets.agency_id or 0, str(facets.visibility)
    category, status, still_open = facets.category_id, str(facets.status), facets.open
    day, breached = jakarta_day(facets.reported_at), facets.breached
    measures = [(REPORTS, 0)]
    if facets.minutes_to_respond is not None:
        measures.append((RESPOND, bucket_of(facets.minutes_to_respond)))
    if facets.minutes_to_resolve is not None:
        measures.append((RESOLVE, bucket_of(facets.minutes_to_resolve)))
    true_place = (TRUE_SIDE, facets.area_id or 0, facets.city_id or 0, facets.cell)
    public_place = (PUBLIC_SIDE, facets.public_area_id or 0, facets.public_city_id or 0, facets.public_cell)
    keys: list[tuple[Table, _Key]] = []
    for side, area, city, cell in (true_place, public_place):
        keys.append((rollup_area, (side, area, category, status, facets.source_id, agency, visibility)))
        for measure, bucket in measures:
            of_day = (side, city, category, status, agency, visibility, day, breached, measure, bucket)
            keys.append((rollup_day, of_day))
        if cell is not None:
            keys.extend(
                (
                    rollup_cell,
                    (side, resolution, cell_parent(cell, resolution), category, still_open, agency, visibility),
                )
                for resolution in CELL_RESOLUTIONS
            )
    return keys


def _add_up(conn: Connection, table: Table, totals: dict[_Key, int]) -> None:
    columns = (*(column.name for column in table.columns if column.name != "total"), "total")
    rows = [(*key, total) for key, total in sorted(totals.items()) if total]
    insert_rows(conn, table, columns, rows, adding_up="total")
