"""How many reports match: from the roll-up where it has all that is asked, else counted under a time limit.

The roll-up is exact: it is written in the transaction of the reports themselves (storage/rollups.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, false, func, select

from domain.visibility import Visibility
from domain.vocabulary import ReportVisibility
from storage.reference import area_tree
from storage.reports.filtering import ResolvedFilter
from storage.reports.seen import place
from storage.rollups import counted_for
from storage.tables import reports, rollup_area
from storage.time_limit import limited

_KEPT = ("statuses", "categories", "sources", "agencies", "areas", "confidential")


def count_reports(conn: Connection, visibility: Visibility, wanted: ResolvedFilter, now: int, seconds: float) -> int:
    """The number of reports that match. Raises CountTimedOut."""
    if wanted.has_only(*_KEPT):
        summed = func.coalesce(func.sum(rollup_area.c.total), 0)
        return int(conn.execute(select(summed).where(rolled_up(rollup_area, visibility, wanted))).scalar_one())
    counted = _counted(wanted.where(visibility, conn.dialect.name, now))
    with limited(conn, seconds):
        return int(conn.execute(counted).scalar_one())


def _counted(condition: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(reports).where(condition)


def count_reports_of_areas(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    now: int,
    seconds: float,
    area_ids: Sequence[int],
) -> dict[int, int]:
    """The number of reports that match within each of these areas; none: not in the answer. Raises CountTimedOut."""
    tree = area_tree(area_ids)
    if wanted.has_only(*_KEPT):
        joined = rollup_area.join(tree, tree.c.area_id == rollup_area.c.area_id)
        condition = rolled_up(rollup_area, visibility, wanted)
        summed: ColumnElement[Any] = func.sum(rollup_area.c.total)
    else:
        joined = reports.join(tree, tree.c.area_id == place(visibility, mine=wanted.own).area_id)
        condition = wanted.where(visibility, conn.dialect.name, now)
        summed = func.count()
    counted = select(tree.c.root_id, summed).select_from(joined).where(condition).group_by(tree.c.root_id)
    with limited(conn, seconds):
        return {root: int(total) for root, total in conn.execute(counted)}


def count_reports_of_parents(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    now: int,
    seconds: float,
    parent: ColumnElement[Any],
    parents: Sequence[int],
) -> dict[int, int]:
    """The number of reports that match and name each of these rows in the column `parent`. Raises CountTimedOut."""
    condition = and_(wanted.where(visibility, conn.dialect.name, now), parent.in_(sorted(set(parents))))
    counted = select(parent, func.count()).select_from(reports).where(condition).group_by(parent)
    with limited(conn, seconds):
        return {row[0]: row[1] for row in conn.execute(counted)}


def rolled_up(table: Table, visibility: Visibility, wanted: ResolvedFilter) -> ColumnElement[bool]:
    """The rows of a roll-up that this viewer's class may see and that match what the table keeps of the filter."""
    found = [counted_for(visibility, table)]
    columns: Mapping[str, frozenset[Any] | None] = {
        "status": wanted.statuses,
        "category_id": wanted.categories,
        "source_id": wanted.sources,
        "agency_id": wanted.agencies,
        "area_id": wanted.areas,
    }
    for name, allowed in columns.items():
        if allowed is not None and name in table.c:
            found.append(table.c[name].in_(sorted(allowed)) if allowed else false())
    if wanted.confidential is not None:
        of_kind = ReportVisibility.CONFIDENTIAL if wanted.confidential else ReportVisibility.PUBLIC
        found.append(table.c.visibility == of_kind)
    return and_(*found)
