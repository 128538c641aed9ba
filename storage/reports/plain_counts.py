"""Statistics counted from the reports themselves: any filter, any dimension, exact medians. The caller sets the limit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Double, FromClause, Select, case, cast, func, or_, select

from domain.areas import AreaLevel
from domain.periods import LENGTH, SHIFT
from domain.time import MINUTE
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, RESOLVED_STATUSES
from storage.reference import area_tree
from storage.reports.dimensions import ALL, Counted, Keys, StatisticsBucket
from storage.reports.filtering import ResolvedFilter
from storage.reports.seen import place
from storage.rows import CountsRow
from storage.tables import areas, reports

_COLUMNS: dict[StatisticsBucket, ColumnElement[Any]] = {
    StatisticsBucket.CATEGORY: reports.c.category_id,
    StatisticsBucket.STATUS: reports.c.status,
    StatisticsBucket.SOURCE: reports.c.source_id,
    StatisticsBucket.AGENCY: reports.c.agency_id,
}
_lies_in = areas.alias("lies_in")


def counted_plainly(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    now: int,
    dimensions: Sequence[StatisticsBucket],
    area_ids: Sequence[int] | None,
) -> Counted:
    """The counts of what matches, for each of the areas if they are given."""
    matching = _matching(conn, visibility, wanted, now, dimensions, area_ids)
    keys: list[ColumnElement[Any]] = [column for column in matching.c if column.key.startswith("key_")]
    counts = _totals(conn, matching, keys)
    medians = [_medians(conn, matching, keys, name) for name in ("responded_in", "resolved_in")]
    found: Counted = {}
    for key, row in counts.items():
        area, rest = (ALL, key) if area_ids is None else (key[0], key[1:])
        assert isinstance(area, int)
        found.setdefault(area, {})[rest] = CountsRow(*row, *(each.get(key) for each in medians))
    return found


def _matching(
    conn: Connection,
    visibility: Visibility,
    wanted: ResolvedFilter,
    now: int,
    dimensions: Sequence[StatisticsBucket],
    area_ids: Sequence[int] | None,
) -> Any:
    """What matches, with only what is counted: its keys, whether it is open, its durations."""
    area_id = place(visibility, mine=wanted.own).area_id
    keys = [_column(dimension) for dimension in dimensions]
    source: FromClause = reports
    if StatisticsBucket.AREA in dimensions:
        source = source.outerjoin(_lies_in, _lies_in.c.id == area_id)
    if area_ids is not None:
        tree = area_tree(area_ids)
        source = source.join(tree, tree.c.area_id == area_id)
        keys.insert(0, tree.c.root_id)
    columns = [key.label(f"key_{n}") for n, key in enumerate(keys)] + _facts()
    return select(*columns).select_from(source).where(wanted.where(visibility, conn.dialect.name, now)).subquery()


def _column(dimension: StatisticsBucket) -> ColumnElement[Any]:
    if dimension.period is not None:
        return (reports.c.reported_at + SHIFT[dimension.period]) // LENGTH[dimension.period]
    if dimension is StatisticsBucket.AREA:
        level = _lies_in.c.level
        return case((level == AreaLevel.SUBDISTRICT, _lies_in.c.id), (level == AreaLevel.RW, _lies_in.c.parent_id))
    return _COLUMNS[dimension]


def _facts() -> list[ColumnElement[Any]]:
    return [
        _flag(reports.c.status.in_(sorted(OPEN_STATUSES))).label("open"),
        _flag(reports.c.status.in_(sorted(RESOLVED_STATUSES))).label("resolved"),
        _flag(or_(reports.c.respond_breached, reports.c.resolve_breached)).label("breached"),
        _minutes(reports.c.responded_at).label("responded_in"),
        _minutes(reports.c.resolved_at).label("resolved_in"),
    ]


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _minutes(end: ColumnElement[Any]) -> ColumnElement[Any]:
    """Minutes from receipt to `end`, at least none; null without an end."""
    took = end - reports.c.received_at
    return case((took < 0, 0.0), else_=cast(took, Double()) / float(MINUTE))


def _totals(conn: Connection, matching: Any, keys: Sequence[ColumnElement[Any]]) -> dict[Keys, tuple[int, ...]]:
    m = matching.c
    sums = [func.count(), *(cast(func.sum(each), BigInteger) for each in (m.open, m.resolved, m.breached))]
    statement: Select[Any] = select(*keys, *sums).select_from(matching).group_by(*keys)
    rows = (tuple(row) for row in conn.execute(statement))
    length = len(keys)
    return {row[:length]: row[length:] for row in rows if row[length]}


def _medians(conn: Connection, matching: Any, keys: Sequence[ColumnElement[Any]], name: str) -> dict[Keys, float]:
    """The middle value of each group, of an even number the mean of the middle two."""
    minutes = matching.c[name]
    rank = func.row_number().over(partition_by=keys or None, order_by=minutes).label("rank")
    size = func.count().over(partition_by=keys or None).label("size")
    ranked = select(*keys, minutes.label("minutes"), rank, size).where(minutes.is_not(None)).subquery()
    groups = [ranked.c[n] for n in range(len(keys))]
    middle = (ranked.c.rank * 2).between(ranked.c.size, ranked.c.size + 2)
    statement: Select[Any] = select(*groups, func.avg(ranked.c.minutes)).where(middle).group_by(*groups)
    rows = (tuple(row) for row in conn.execute(statement))
    return {row[:-1]: float(row[-1]) for row in rows if row[-1] is not None}
