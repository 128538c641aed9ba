"""Statistics: how many reports there are of a filter or an area, how many open, how soon they are answered, by what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.filters import ReportFilter, question_of, resolve_filter
from resolvers.lists import AskedOnce, in_time
from storage.reports.counts.buckets import NONE_COUNTED, NamedBucket, TooManyBuckets, in_order, named
from storage.reports.counts.statistics import ALL, Keys, StatisticsBucket, count_by
from storage.reports.question import Question
from storage.rows import AreaRow, CountsRow

__all__ = ["NamedBucket", "StatisticsBucket", "StatisticsHandle", "statistics", "statistics_in_areas"]

MAX_BUCKETS = 1_000
"""More than so many buckets are told only to who says how many are wanted."""

MOST_EVER = 10_000
"""How many may be wanted."""

_Dimensions = tuple[StatisticsBucket, ...]


@dataclass(slots=True)
class _Counting:
    """What the handles of one field share: each set of dimensions is counted once for all areas."""

    ctx: Context
    question: Question
    area_ids: Sequence[int] | None
    asked: dict[tuple[_Dimensions, bool], AskedOnce[int, Mapping[Keys, CountsRow]]] = field(default_factory=dict)

    async def by(self, dimensions: _Dimensions, area: int, *, medians: bool) -> Mapping[Keys, CountsRow]:
        """The counts of one area, with medians or without. Raises CountTimeout."""

        async def count() -> Mapping[int, Mapping[Keys, CountsRow]]:
            ctx, seconds = self.ctx, self.ctx.parts.settings.count_timeout
            counted = partial(count_by, durations=medians)
            return await in_time(ctx, ctx.read(counted, self.question, seconds, dimensions, self.area_ids))

        return await self.asked.setdefault((dimensions, medians), AskedOnce(count)).of(area, {})


@dataclass(frozen=True, slots=True)
class StatisticsHandle:
    """The statistics of one filter, counted when asked for. Both raise CountTimeout."""

    _counting: _Counting
    _area: int = ALL

    async def counts(self, *, medians: bool = True) -> CountsRow:
        """The whole, with medians in minutes if they are wanted: within 2 % where they come from the roll-up, else exact."""
        return (await self._counting.by((), self._area, medians=medians)).get((), NONE_COUNTED)

    async def buckets(
        self,
        by: StatisticsBucket,
        split_by: StatisticsBucket | None = None,
        first: int | None = None,
        *,
        medians: bool = True,
    ) -> list[NamedBucket]:
        """The counts by one dimension or two (storage.reports.counts.buckets tells their order). Raises BadUserInput."""
        dimensions = _dimensions(by, split_by)
        if first is not None and not 1 <= first <= MOST_EVER:
            raise BadUserInput(f"first must be 1 to {MOST_EVER:,}.", argument="first")
        shared = self._counting
        counts = await shared.by(dimensions, self._area, medians=medians)
        try:
            buckets = in_order(counts, dimensions, shared.question, first=first, most=MAX_BUCKETS)
        except TooManyBuckets as error:
            raise BadUserInput(
                f"These are more than {MAX_BUCKETS:,} buckets: narrow the filter, or say with first how many you want.",
                argument="first",
            ) from error
        return await shared.ctx.read(named, buckets, dimensions)


def _dimensions(by: StatisticsBucket, split_by: StatisticsBucket | None) -> _Dimensions:
    if split_by is None:
        return (by,)
    if split_by is by or (split_by.period is not None and by.period is not None):
        raise BadUserInput("splitBy must be another dimension than by, and only one of them time.", argument="splitBy")
    return (by, split_by)


async def statistics(ctx: Context, given: ReportFilter | None = None) -> StatisticsHandle:
    """The statistics of all that matches."""
    return StatisticsHandle(_Counting(ctx, await question_of(ctx, await resolve_filter(ctx, given)), None))


async def statistics_in_areas(
    areas: Sequence[AreaRow], ctx: Context, *, given: ReportFilter | None = None
) -> list[StatisticsHandle]:
    """The statistics of what matches within each area."""
    counting = _Counting(ctx, await question_of(ctx, await resolve_filter(ctx, given)), [area.id for area in areas])
    return [StatisticsHandle(counting, area.id) for area in areas]
