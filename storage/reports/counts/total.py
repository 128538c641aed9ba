"""How many reports match: from the roll-ups where they have all that is asked, else counted under a time limit.

The roll-ups are exact: they are written in the transaction of the reports themselves (storage/rollups/keeping.py).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, cast, func, select

from storage.reference import area_tree
from storage.reports.counts.rolled_up import rolled_up
from storage.reports.lists.walking import Walk, way_to_all
from storage.reports.question import Question
from storage.reports.seen import place
from storage.rollups.keeping import REPORTS
from storage.statements.prepared import many, prepared
from storage.statements.time_limit import limited
from storage.tables import reports, rollup_area, rollup_day
from storage.tables.rollups import ALL, EVER

_KEPT = ("statuses", "categories", "sources", "agencies", "areas", "confidential")
_KEPT_BY_CITY = ("statuses", "categories", "agencies", "areas", "confidential")


def count_reports(conn: Connection, question: Question, seconds: float) -> int:
    """The number of reports that match. Raises CountTimedOut."""
    if question.wanted.has_only(*_KEPT):
        return _sum_up(conn, question)
    walk = way_to_all(question)

    def counted() -> Select[Any]:
        return _counted(walk, question.where(conn.dialect.name))

    key = ("count_reports", question.shape, walk.shape)
    with limited(conn, seconds):
        values = {**question.values(conn.dialect.name), **walk.stretches[0]}
        return int(prepared(conn, key, counted).rows(conn, values)[0][0])


def _counted(walk: Walk, condition: ColumnElement[bool]) -> Select[Any]:
    return walk.hinted(select(func.count()).select_from(reports).where(condition))


def _sum_up(conn: Connection, question: Question) -> int:
    """Whole cities have fewer rows than all areas within them."""
    wanted = question.wanted
    by_city = bool(wanted.whole_cities) and wanted.has_only(*_KEPT_BY_CITY)

    def summed() -> Select[Any]:
        table = rollup_day if by_city else rollup_area
        condition = rolled_up(table, question.visibility, wanted)
        if by_city:
            day = rollup_day.c
            condition = and_(condition, day.measure == REPORTS, day.day == EVER, day.city_id.in_(many("cities")))
        elif wanted.areas is None:
            condition = and_(condition, rollup_area.c.area_id == ALL)
        return select(cast(func.coalesce(func.sum(table.c.total), 0), BigInteger)).where(condition)

    key = ("sum_up", question.shape, by_city)
    cities = {"cities": sorted(wanted.whole_cities)} if by_city and wanted.whole_cities else {}
    return int(prepared(conn, key, summed).rows(conn, question.values(conn.dialect.name) | cities)[0][0])


def count_reports_of_areas(
    conn: Connection, question: Question, seconds: float, area_ids: Sequence[int]
) -> dict[int, int]:
    """The number of reports that match within each of these areas; none: not in the answer. Raises CountTimedOut."""
    tree = area_tree(area_ids)
    if question.wanted.has_only(*_KEPT):
        joined = rollup_area.join(tree, tree.c.area_id == rollup_area.c.area_id)
        condition = rolled_up(rollup_area, question.visibility, question.wanted)
        summed: ColumnElement[Any] = func.sum(rollup_area.c.total)
    else:
        joined = reports.join(tree, tree.c.area_id == place(question.visibility, mine=question.wanted.own).area_id)
        condition = question.where(conn.dialect.name)
        summed = func.count()
    counted = select(tree.c.root_id, summed).select_from(joined).where(condition).group_by(tree.c.root_id)
    with limited(conn, seconds):
        found = {root: int(total) for root, total in conn.execute(counted)}
    return {root: total for root, total in found.items() if total}


def count_reports_of_parents(
    conn: Connection,
    question: Question,
    seconds: float,
    parent: ColumnElement[Any],
    parents: Sequence[int],
) -> dict[int, int]:
    """The number of reports that match and name each of these rows in the column `parent`. Raises CountTimedOut."""
    condition = and_(question.where(conn.dialect.name), parent.in_(sorted(set(parents))))
    counted = select(parent, func.count()).select_from(reports).where(condition).group_by(parent)
    with limited(conn, seconds):
        return {row[0]: row[1] for row in conn.execute(counted)}
