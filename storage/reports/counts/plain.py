"""Statistics counted from the reports themselves: any filter, any dimension, exact medians. The caller sets the limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Select,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)

from domain.areas import AreaLevel
from domain.periods import LENGTH, SHIFT, Period, on_the_calendar
from domain.time import MINUTE
from domain.vocabulary import OPEN_STATUSES, RESOLVED_STATUSES
from storage.reference import area_tree
from storage.reports.counts.dimensions import ALL, Counted, Keys, StatisticsBucket
from storage.reports.lists.walking import Walk, way_to_all
from storage.reports.question import Question
from storage.reports.seen import place
from storage.rows import CountsRow
from storage.statements.prepared import prepared
from storage.tables import areas, reports

_COLUMNS: dict[StatisticsBucket, ColumnElement[Any]] = {
    StatisticsBucket.CATEGORY: reports.c.category_id,
    StatisticsBucket.STATUS: reports.c.status,
    StatisticsBucket.SOURCE: reports.c.source_id,
    StatisticsBucket.AGENCY: reports.c.agency_id,
}
_DURATIONS = ("responded_in", "resolved_in")
_lies_in = areas.alias("lies_in")


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is counted, by which dimensions, and for each of which areas, if some are given."""

    question: Question
    dimensions: Sequence[StatisticsBucket]
    area_ids: Sequence[int] | None


def counted_plainly(conn: Connection, grouping: Grouping, *, durations: bool = True) -> Counted:
    """The counts of what matches. Without `durations` there are no medians."""
    walk = way_to_all(grouping.question)
    counts = _counts(_run(conn, grouping, walk, "totals", _totals), _key_length(grouping))
    medians = [
        _medians(_run(conn, grouping, walk, name, partial(_middles, name=name))) for name in _DURATIONS if durations
    ]
    found: Counted = {}
    for key, row in counts.items():
        area, rest = (ALL, key) if grouping.area_ids is None else (key[0], key[1:])
        assert isinstance(area, int)
        total, still_open, resolved, breached = row
        responded_in, resolved_in = [each.get(key) for each in medians] or (None, None)
        found.setdefault(area, {})[rest] = CountsRow(total, still_open, resolved, breached, responded_in, resolved_in)
    return found


def _key_length(grouping: Grouping) -> int:
    return len(grouping.dimensions) + (grouping.area_ids is not None)


def _run(
    conn: Connection,
    grouping: Grouping,
    walk: Walk,
    what: str,
    finish: Callable[[Any, list[ColumnElement[Any]]], Select[Any]],
) -> Sequence[Any]:
    """Rows of what matches, put together by `finish`. Kept, unless it is of areas, whose tree is part of the text."""

    def build() -> Select[Any]:
        matching = _matching(conn.dialect.name, grouping, walk)
        return finish(matching, [column for column in matching.c if column.key.startswith("key_")])

    if grouping.area_ids is not None:
        return conn.execute(build(), dict(walk.stretches[0])).all()
    shape = (grouping.question.shape, tuple(grouping.dimensions), walk.shape)
    values = {**grouping.question.values(conn.dialect.name), **walk.stretches[0]}
    return prepared(conn, ("counted plainly", what, shape), build).rows(conn, values)


def _matching(dialect: str, grouping: Grouping, walk: Walk) -> Any:
    """What matches, with only what is counted: its keys, whether it is open, its durations."""
    question = grouping.question
    area_id = place(question.visibility, mine=question.wanted.own).area_id
    keys = [_column(dimension) for dimension in grouping.dimensions]
    source: FromClause = reports
    if StatisticsBucket.AREA in grouping.dimensions:
        source = source.outerjoin(_lies_in, _lies_in.c.id == area_id)
    if grouping.area_ids is not None:
        tree = area_tree(grouping.area_ids)
        source = source.join(tree, tree.c.area_id == area_id)
        keys.insert(0, tree.c.root_id)
    columns = [key.label(f"key_{n}") for n, key in enumerate(keys)] + _facts()
    return walk.hinted(select(*columns).select_from(source).where(question.where(dialect))).subquery()


def _column(dimension: StatisticsBucket) -> ColumnElement[Any]:
    if dimension.period is not None:
        return _number_of(dimension.period)
    if dimension is StatisticsBucket.AREA:
        level = _lies_in.c.level
        return case((level == AreaLevel.SUBDISTRICT, _lies_in.c.id), (level == AreaLevel.RW, _lies_in.c.parent_id))
    return _COLUMNS[dimension]


def _number_of(period: Period) -> ColumnElement[Any]:
    """domain.periods.number_of in SQL, which divides towards zero: so it is asked of what is not below zero, and set back."""
    back = 1 - on_the_calendar(period).start
    return (reports.c.reported_at + (SHIFT[period] + back * LENGTH[period])) // LENGTH[period] - back


def _facts() -> list[ColumnElement[Any]]:
    return [
        _flag(reports.c.status.in_([literal(each) for each in sorted(OPEN_STATUSES)])).label("open"),
        _flag(reports.c.status.in_([literal(each) for each in sorted(RESOLVED_STATUSES)])).label("resolved"),
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


def _totals(matching: Any, keys: list[ColumnElement[Any]]) -> Select[Any]:
    m = matching.c
    sums = [func.count(), *(cast(func.sum(each), BigInteger) for each in (m.open, m.resolved, m.breached))]
    return select(*keys, *sums).select_from(matching).group_by(*keys)


def _counts(rows: Sequence[Any], length: int) -> dict[Keys, tuple[int, ...]]:
    return {tuple(row[:length]): tuple(row[length:]) for row in rows if row[length]}


def _middles(matching: Any, keys: list[ColumnElement[Any]], *, name: str) -> Select[Any]:
    """The middle value of each group, of an even number the mean of the middle two."""
    minutes = matching.c[name]
    rank = func.row_number().over(partition_by=keys or None, order_by=minutes).label("rank")
    size = func.count().over(partition_by=keys or None).label("size")
    ranked = select(*keys, minutes.label("minutes"), rank, size).where(minutes.is_not(None)).subquery()
    groups = [ranked.c[n] for n in range(len(keys))]
    middle = (ranked.c.rank * 2).between(ranked.c.size, ranked.c.size + 2)
    return select(*groups, func.avg(ranked.c.minutes)).where(middle).group_by(*groups)


def _medians(rows: Sequence[Any]) -> dict[Keys, float]:
    return {tuple(row[:-1]): float(row[-1]) for row in rows if row[-1] is not None}
