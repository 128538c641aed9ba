"""What reports add up to."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import strawberry

from domain.places import cell_boundary_geojson, cell_center, cell_name
from domain.vocabulary import Locale
from resolvers.context import Context
from resolvers.errors import ClientError
from resolvers.statistics import NamedBucket, StatisticsHandle
from schema.arguments import in_locale, or_none
from schema.enums import StatisticsBucket
from schema.fields import Keywords, argument, asked, batch, column, output, said
from schema.labels import label_of
from schema.place import Coordinates
from schema.scalars import DateTime, GeoJSON
from storage.rows import BucketRow

T = TypeVar("T")

_TOTAL = "How many reports there are."
_OPEN = "How many of them somebody still has to do something about."
_RESOLVED = "How many of them are solved (RESOLVED or CLOSED)."
_BREACHED = "How many of them missed a deadline."
_MEDIAN_RESPOND = (
    "The median of the minutes from when a report came in until somebody first did something about it, to within 2 %; null "
    "when nobody has yet."
)
_MEDIAN_RESOLVE = (
    "The median of the minutes from when a report came in until it was solved, to within 2 %; null when none is."
)


_MEDIANS = frozenset({"row.counts.median_respond", "row.counts.median_resolve"})
"""What costs most to count, and is counted only where it is selected."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and what its keys are keys of."""

    named: NamedBucket
    by: StatisticsBucket
    split_by: StatisticsBucket | None

    @property
    def row(self) -> BucketRow:
        """Its keys and counts."""
        return self.named.row


def _splitting(
    by: Annotated[StatisticsBucket, argument("What to split them by.")],
    split_by: Annotated[
        StatisticsBucket | None, argument("What to split each of those by once more.")
    ] = strawberry.UNSET,
    first: Annotated[
        int | None,
        argument("At most so many: the largest, or by time the earliest. Without it more than 1,000 are refused."),
    ] = strawberry.UNSET,
) -> Keywords:
    return {"by": by, "split_by": or_none(split_by), "first": or_none(first)}


async def _buckets(
    handles: Sequence[StatisticsHandle],
    _ctx: Context,
    *,
    by: StatisticsBucket,
    split_by: StatisticsBucket | None,
    first: int | None,
    columns: frozenset[str] | None = None,
) -> list[list[Bucket] | Exception]:
    medians = columns is None or not _MEDIANS.isdisjoint(columns)

    async def of(handle: StatisticsHandle) -> list[Bucket]:
        return [Bucket(named, by, split_by) for named in await handle.buckets(by, split_by, first, medians=medians)]

    return [await _or_mistake(of(handle)) for handle in handles]


async def _or_mistake(asking: Awaitable[T]) -> T | Exception:
    """What is asked for, or why this handle alone has none."""
    try:
        return await asking
    except ClientError as error:
        return error


def _label(bucket: Bucket, ctx: Context, *, locale: Locale | None) -> str:
    row = bucket.row
    return label_of(bucket.by, row.key, row.start, bucket.named.name, locale or ctx.locale)


def _split_label(bucket: Bucket, ctx: Context, *, locale: Locale | None) -> str | None:
    if bucket.split_by is None:
        return None
    named = bucket.named
    return label_of(bucket.split_by, bucket.row.split_key, named.split_start, named.split_name, locale or ctx.locale)


@output
class StatisticsBucketCount:
    """One bucket of reports."""

    key: str | None = column(
        "row.key", "The code, the word of the enum, or the start of the time; null: the reports that have none."
    )
    split_key: str | None = column(
        "row.split_key", "The same of `splitBy`; null where nothing was split, or they have none."
    )
    label: str = said(
        _label,
        in_locale,
        "The key in words: a name, or an hour, a day or the first day of a week in Asia/Jakarta.",
        needs=("row.key",),
    )
    split_label: str | None = said(
        _split_label, in_locale, "The split key in words; null where nothing was split.", needs=("row.split_key",)
    )
    start: DateTime | None = column(
        "row.start", "When the hour, day or week begins; null where the split is not by time."
    )
    total: int = column("row.counts.total", _TOTAL)
    open: int = column("row.counts.open", _OPEN)
    resolved: int = column("row.counts.resolved", _RESOLVED)
    breached: int = column("row.counts.breached", _BREACHED)
    median_minutes_to_respond: float | None = column("row.counts.median_respond", _MEDIAN_RESPOND)
    median_minutes_to_resolve: float | None = column("row.counts.median_resolve", _MEDIAN_RESOLVE)


def _count(name: str, description: str) -> Any:
    """A field that is one of the counts."""

    async def counted(handles: Sequence[StatisticsHandle], _ctx: Context) -> list[Any]:
        found = [await _or_mistake(handle.counts(medians=name.startswith("median"))) for handle in handles]
        return [each if isinstance(each, Exception) else getattr(each, name) for each in found]

    return batch(counted, description)


@output
class Statistics:
    """What the reports that match add up to. Counted when asked for; null, with COUNT_TIMEOUT, where that takes too
    long."""

    total: int = _count("total", _TOTAL)
    open: int = _count("open", _OPEN)
    resolved: int = _count("resolved", _RESOLVED)
    breached: int = _count("breached", _BREACHED)
    median_minutes_to_respond: float | None = _count("median_respond", _MEDIAN_RESPOND)
    median_minutes_to_resolve: float | None = _count("median_resolve", _MEDIAN_RESOLVE)
    buckets: list[StatisticsBucketCount] = asked(
        _buckets,
        _splitting,
        "The reports split by something. By time in order, hours and days without reports filled with zeros; else the "
        "largest first.",
        rows_of="StatisticsBucketCount",
    )


@output
class HexBin:
    """Reports counted by hexagon (H3), for a map that is zoomed out."""

    cell: str = column("cell", "The hexagon's H3 index, in hexadecimal as H3 writes it.", cell_name)
    center: Coordinates = column("cell", "The hexagon's centre.", cell_center)
    boundary: GeoJSON = column("cell", "The hexagon's outline, a Polygon.", cell_boundary_geojson)
    total: int = column("total", _TOTAL)
    open: int = column("open", _OPEN)
