"""Counts as a list of buckets: time without reports filled in, in a useful order, keys turned into codes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection, Table

from domain.periods import Period, number_of, on_the_calendar, start_of, written
from domain.records import EARLIEST_TOLD
from domain.time import micros
from storage.reports.counts.dimensions import Keys, StatisticsBucket
from storage.reports.filter.naming import NamedRow, names_of
from storage.reports.question import Question
from storage.rows import BucketRow, CountsRow
from storage.tables import agencies, areas, categories, sources

NONE_COUNTED = CountsRow(0, 0, 0, 0, None, None)

_TABLES: Mapping[StatisticsBucket, Table] = {
    StatisticsBucket.CATEGORY: categories,
    StatisticsBucket.SOURCE: sources,
    StatisticsBucket.AREA: areas,
    StatisticsBucket.AGENCY: agencies,
}


class TooManyBuckets(Exception):
    """More buckets than may be told without saying how many are wanted."""


@dataclass(frozen=True, slots=True)
class NamedBucket:
    """A bucket with what its labels are made of: the start of a period, or the names of what its keys are codes of.

    A status has neither; its name, as that of having none, is the schema's to say.
    """

    row: BucketRow
    split_start: int | None
    name: NamedRow | None
    split_name: NamedRow | None


def in_order(
    counts: Mapping[Keys, CountsRow],
    dimensions: Sequence[StatisticsBucket],
    question: Question,
    *,
    first: int | None,
    most: int,
) -> list[tuple[Keys, CountsRow]]:
    """The buckets, at most `first` of them. Raises TooManyBuckets if `first` is None and there are more than `most`.

    By time they come in its order, with every period between the first and the last, or those that the filter bounds;
    split by something else each period has every value that occurs. Otherwise the largest come first. Of two dimensions
    one at most is time.
    """
    timed = next((n for n, dimension in enumerate(dimensions) if dimension.period is not None), None)
    if timed is None:
        number, ordered = len(counts), iter(_largest_first(counts))
    else:
        periods = _periods(timed, dimensions[timed], counts, question)
        others = _largest_first(_summed(counts, 1 - timed)) if len(dimensions) == 2 else [((), NONE_COUNTED)]
        number, ordered = len(periods) * len(others), _filled(counts, timed, periods, [key for key, _ in others])
    if first is None and number > most:
        raise TooManyBuckets
    return list(islice(ordered, first))


def _largest_first(counts: Mapping[Keys, CountsRow]) -> list[tuple[Keys, CountsRow]]:
    def place(bucket: tuple[Keys, CountsRow]) -> tuple[object, ...]:
        keys, row = bucket
        return (-row.total, *((key is None, key or 0) for key in keys))

    return sorted(counts.items(), key=place)


def _summed(counts: Mapping[Keys, CountsRow], n: int) -> dict[Keys, CountsRow]:
    """How many reports there are of each value of one dimension."""
    totals: Counter[Keys] = Counter()
    for keys, row in counts.items():
        totals[(keys[n],)] += row.total
    return {key: replace(NONE_COUNTED, total=total) for key, total in totals.items()}


def _periods(n: int, dimension: StatisticsBucket, counts: Mapping[Keys, CountsRow], question: Question) -> range:
    """The numbers of all periods that are told of, as far as they can be written."""
    wanted, now, period = question.wanted, question.now, dimension.period
    assert period is not None
    told = [number for number in (keys[n] for keys in counts) if isinstance(number, int)]
    since = [bound for bound in (wanted.reported_after, wanted.earliest(now)) if bound is not None]
    start = number_of(period, max(since)) if since else _oldest(period, told)
    end = max(told, default=None)
    if wanted.reported_before is not None:
        end = number_of(period, wanted.reported_before - 1)
    elif wanted.reported_within_hours is not None:
        end = max([number_of(period, now), *told])
    if start is None or end is None:
        return range(0)
    calendar = on_the_calendar(period)
    return range(max(start, calendar.start), min(end + 1, calendar.stop))


def _oldest(period: Period, told: Sequence[int]) -> int | None:
    """Where time begins that nothing bounds: at the oldest report that has a time. A store may have reports from when
    sources could tell a time that is none; who bounds the filter sees these."""
    first = number_of(period, micros(EARLIEST_TOLD))
    return min((number for number in told if number >= first), default=min(told, default=None))


def _filled(
    counts: Mapping[Keys, CountsRow], timed: int, periods: range, others: Sequence[Keys]
) -> Iterator[tuple[Keys, CountsRow]]:
    if timed == 1:
        return ((keys, counts.get(keys, NONE_COUNTED)) for other in others for keys in ((*other, n) for n in periods))
    return (
        bucket
        for n in periods
        for bucket in _largest_first({keys: counts.get(keys, NONE_COUNTED) for keys in ((n, *o) for o in others)})
    )


def named(
    conn: Connection, buckets: Sequence[tuple[Keys, CountsRow]], dimensions: Sequence[StatisticsBucket]
) -> list[NamedBucket]:
    """The buckets with codes for ids: one statement for each dimension that has any."""
    names = [_names(conn, n, dimension, buckets) for n, dimension in enumerate(dimensions)]
    told = [[_told(dimension, keys[n], names[n]) for n, dimension in enumerate(dimensions)] for keys, _ in buckets]
    return [
        NamedBucket(BucketRow(key.code, split.code, key.start, row), split.start, key.name, split.name)
        for (_, row), (key, split) in zip(buckets, (_pair(each) for each in told), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Told:
    code: str | None = None
    start: int | None = None
    name: NamedRow | None = None


def _pair(told: Sequence[_Told]) -> tuple[_Told, _Told]:
    return told[0], told[1] if len(told) == 2 else _Told()


def _names(
    conn: Connection, n: int, dimension: StatisticsBucket, buckets: Sequence[tuple[Keys, CountsRow]]
) -> Mapping[int, NamedRow]:
    table = _TABLES.get(dimension)
    ids = {keys[n] for keys, _ in buckets}
    return {} if table is None else names_of(conn, table, [key for key in ids if isinstance(key, int)])


def _told(dimension: StatisticsBucket, key: int | str | None, names: Mapping[int, NamedRow]) -> _Told:
    if isinstance(key, str) or key is None:
        return _Told(key)
    if dimension.period is not None:
        start = start_of(dimension.period, key)
        return _Told(written(start), start)
    return _Told(names[key].code, None, names[key])
