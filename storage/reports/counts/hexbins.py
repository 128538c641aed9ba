"""Reports counted by H3 cell. A cell is told if its *centre* lies in the box asked for, and then with all its reports.

So the roll-up and the reports themselves give the same bins, and a map that is moved never shows a cell counted in part.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, case, cast, func, literal, select

from domain.places import Box, Point, bounding_box_around, cell_center, cell_parent
from domain.vocabulary import OPEN_STATUSES, ReportStatus
from storage.reports.counts.rolled_up import rolled_up
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.lists.walking import way_to_all
from storage.reports.placing import CELL_RESOLUTION
from storage.reports.question import Question
from storage.reports.seen import place
from storage.rollups.keeping import CELL_RESOLUTIONS
from storage.rows import HexBinRow
from storage.statements.prepared import prepared
from storage.statements.time_limit import limited
from storage.tables import reports, rollup_cell
from storage.tables.rollups import ALL

RESOLUTIONS = range(5, CELL_RESOLUTION + 1)

_EDGE_M = {5: 9_854.0, 6: 3_725.0, 7: 1_406.0, 8: 531.4, 9: 200.8, 10: 75.9, 11: 28.7}
"""Average length of a cell's edge in metres, from H3's table of cell statistics; the longest is at most half as long again."""

_OPEN = frozenset(map(str, OPEN_STATUSES))
_NOT_OPEN = frozenset(map(str, ReportStatus)) - _OPEN


class TooManyCells(Exception):
    """More cells with reports than may be told at once."""


def count_cells(
    conn: Connection, question: Question, box: Box, resolution: int, seconds: float, most: int
) -> list[HexBinRow]:
    """The cells with reports, the fullest first. `resolution` is one of RESOLUTIONS. Raises TooManyCells, CountTimedOut."""
    with limited(conn, seconds):
        if resolution in CELL_RESOLUTIONS and _is_kept(question.wanted):
            rows = _rolled_up(conn, question, resolution)
        else:
            rows = _counted(conn, question, box, resolution)
    bins = list(map(HexBinRow._make, _in_box(rows, box)))
    bins.sort(key=itemgetter(1), reverse=True)  # equal ones stay in the order of their cells
    if len(bins) > most:
        raise TooManyCells
    return bins


def _in_box(rows: Iterable[Any], box: Box) -> Iterator[Any]:
    west, east, south, north = box.west, box.east, box.south, box.north
    for row in rows:
        latitude, longitude = _center(row[0])
        if south <= latitude <= north and west <= longitude <= east:
            yield row


@lru_cache(20_000)
def _center(cell: int) -> tuple[float, float]:
    """What a map asks for again and again."""
    center = cell_center(cell)
    return center.latitude, center.longitude


def _is_kept(wanted: ResolvedFilter) -> bool:
    """Whether the roll-up has all that the filter asks for: of states it knows open ones and all others."""
    return wanted.has_only("statuses", "categories", "agencies", "confidential") and wanted.statuses in (
        None,
        _OPEN,
        _NOT_OPEN,
    )


def _rolled_up(conn: Connection, question: Question, resolution: int) -> Sequence[Any]:
    """One row a cell for what is open and one for the rest where categories and agencies do not matter."""
    wanted = question.wanted
    cell, still_open = rollup_cell.c, None if wanted.statuses is None else wanted.statuses == _OPEN

    def summed() -> Select[Any]:
        conditions = [rolled_up(rollup_cell, question.visibility, wanted), cell.resolution == bindparam("resolution")]
        if still_open is not None:
            conditions.append(cell.open.is_(still_open))
        by_kind = wanted.categories is not None or wanted.agencies is not None
        if wanted.categories is None:
            conditions.append(cell.category_id > ALL if by_kind else cell.category_id == ALL)
        total = cast(func.sum(cell.total), BigInteger)
        of_open = cast(func.sum(case((cell.open, cell.total), else_=0)), BigInteger)
        counted = select(cell.cell, total, of_open).where(*conditions)
        return counted.group_by(cell.cell).having(total > 0).order_by(cell.cell)

    key = ("cells rolled up", question.shape, still_open)
    return prepared(conn, key, summed).rows(conn, {**question.values(conn.dialect.name), "resolution": resolution})


def _counted(conn: Connection, question: Question, box: Box, resolution: int) -> Sequence[Any]:
    """Of the reports in a box that holds all of every cell that is told, unless the filter has a smaller one."""
    lies = place(question.visibility, mine=question.wanted.own)
    if question.wanted.box is None:
        question = question.of(replace(question.wanted, box=_widened(box, resolution)))
    walk = way_to_all(question)

    def grouped() -> Select[Any]:
        cell = parent_cell(lies.cell, resolution).label("cell_of_bin")
        still_open = func.sum(case((reports.c.status.in_([literal(each) for each in sorted(_OPEN)]), 1), else_=0))
        columns: list[ColumnElement[Any]] = [cell, func.count(), still_open]
        rows = select(*columns).select_from(reports).where(question.where(conn.dialect.name), lies.cell.is_not(None))
        return walk.hinted(rows).group_by(cell).order_by(cell)

    key = ("cells counted", question.shape, walk.shape, resolution)
    given = {**question.values(conn.dialect.name), "resolution": resolution, **walk.stretches[0]}
    return prepared(conn, key, grouped).rows(conn, given)


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
