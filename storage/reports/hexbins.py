"""Reports counted by H3 cell. A cell is told if its *centre* lies in the box asked for, and then with all its reports.

So the roll-up and the reports themselves give the same bins, and a map that is moved never shows a cell counted in part.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from domain.places import Box, Point, bounding_box_around, cell_center, cell_parent
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, ReportStatus
from storage.reports.counting import rolled_up
from storage.reports.filtering import ResolvedFilter
from storage.reports.placing import CELL_RESOLUTION
from storage.reports.seen import place
from storage.rollups import CELL_RESOLUTIONS
from storage.rows import HexBinRow
from storage.tables import reports, rollup_cell
from storage.time_limit import limited

RESOLUTIONS = range(5, CELL_RESOLUTION + 1)

_EDGE_M = {5: 9_854.0, 6: 3_725.0, 7: 1_406.0, 8: 531.4, 9: 200.8, 10: 75.9, 11: 28.7}
"""Average length of a cell's edge in metres, from H3's table of cell statistics; the longest is at most half as long again."""

_OPEN = frozenset(map(str, OPEN_STATUSES))
_NOT_OPEN = frozenset(map(str, ReportStatus)) - _OPEN


class TooManyCells(Exception):
    """More cells with reports than may be told at once."""


def count_cells(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    box: Box,
    resolution: int,
    now: int,
    seconds: float,
    most: int,
) -> list[HexBinRow]:
    """The cells with reports, the fullest first. `resolution` is one of RESOLUTIONS. Raises TooManyCells, CountTimedOut."""
    if resolution in CELL_RESOLUTIONS and _is_kept(wanted):
        statement = _from_rollup(visibility, wanted, resolution)
    else:
        statement = _from_reports(visibility, wanted, box, resolution, conn.dialect.name, now)
    with limited(conn, seconds):
        found = [HexBinRow(cell, int(total), int(still_open)) for cell, total, still_open in conn.execute(statement)]
    bins = sorted(_in_box(found, box), key=lambda each: (-each.total, each.cell))
    if len(bins) > most:
        raise TooManyCells
    return bins


def _in_box(bins: Iterable[HexBinRow], box: Box) -> list[HexBinRow]:
    return [each for each in bins if box.contains(cell_center(each.cell))]


def _is_kept(wanted: ResolvedFilter) -> bool:
    """Whether the roll-up has all that the filter asks for: of states it knows open ones and all others."""
    return wanted.has_only("statuses", "categories", "agencies", "confidential") and wanted.statuses in (
        None,
        _OPEN,
        _NOT_OPEN,
    )


def _from_rollup(visibility: Visibility, wanted: ResolvedFilter, resolution: int) -> Select[Any]:
    cell = rollup_cell.c
    conditions = [rolled_up(rollup_cell, visibility, wanted), cell.resolution == resolution]
    if wanted.statuses is not None:
        conditions.append(cell.open.is_(wanted.statuses == _OPEN))
    total = func.sum(cell.total)
    still_open = func.sum(case((cell.open, cell.total), else_=0))
    return select(cell.cell, total, still_open).where(*conditions).group_by(cell.cell).having(total > 0)


def _from_reports(
    visibility: Visibility, wanted: ResolvedFilter, box: Box, resolution: int, dialect: str, now: int
) -> Select[Any]:
    lies = place(visibility, mine=wanted.own)
    wide = _widened(box, resolution)
    cell = parent_cell(lies.cell, resolution).label("cell_of_bin")
    still_open = func.sum(case((reports.c.status.in_(sorted(_OPEN)), 1), else_=0))
    columns: list[ColumnElement[Any]] = [cell, func.count(), still_open]
    return (
        select(*columns)
        .select_from(reports)
        .where(
            wanted.where(visibility, dialect, now),
            lies.cell.is_not(None),
            lies.latitude.between(wide.south, wide.north),
            lies.longitude.between(wide.west, wide.east),
        )
        .group_by(cell)
    )


def _widened(box: Box, resolution: int) -> Box:
    """A box that holds every report of every cell whose centre lies in `box`.

    A report lies less than an edge from the centre of its own cell; but what counts is the parent of that, and cells stand
    out of their parents. Three edges hold them all.
    """
    margin = 3 * _EDGE_M[resolution]
    around = [
        bounding_box_around(Point(latitude, longitude), margin)
        for latitude in (box.south, box.north)
        for longitude in (box.west, box.east)
    ]
    return Box(
        min(each.west for each in around),
        min(each.south for each in around),
        max(each.east for each in around),
        max(each.north for each in around),
    )


def parent_cell(cell: ColumnElement[int], resolution: int) -> ColumnElement[int]:
    """The cell of a coarser resolution that a cell belongs to, as `domain.places.cell_parent` computes it."""
    if resolution == CELL_RESOLUTION:
        return cell
    kept, set_bits = _PARENT_BITS[resolution]
    return cell.bitwise_and(kept).bitwise_or(set_bits)


_RESOLUTION_BITS = 0b1111 << 52
_PARENT_BITS = {
    resolution: (~_RESOLUTION_BITS, cell_parent(CELL_RESOLUTION << 52, resolution)) for resolution in RESOLUTIONS
}
"""For each resolution the bits of a cell that stay and those that are set."""
