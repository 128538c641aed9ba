"""What reports add up to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from domain.places import cell_boundary_geojson, cell_center, cell_name
from resolvers.statistics import NamedBucket, StatisticsHandle
from schema.arguments import Info, InLocale, locale_of, or_none
from schema.enums import StatisticsBucket
from schema.fields import argument, column, field, output, value
from schema.labels import label_of
from schema.place import Coordinates
from schema.scalars import DateTime, GeoJSON
from storage.rows import BucketRow

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


async def _buckets(
    handle: Parent[StatisticsHandle],
    by: Annotated[StatisticsBucket, argument("What to split them by.")],
    split_by: Annotated[
        StatisticsBucket | None, argument("What to split each of those by once more.")
    ] = strawberry.UNSET,
    first: Annotated[
        int | None,
        argument("At most so many: the largest, or by time the earliest. Without it more than 1,000 are refused."),
    ] = strawberry.UNSET,
) -> list[Bucket]:
    """The reports split by something. By time in order, hours and days without reports filled with zeros; else the
    largest first."""
    split = or_none(split_by)
    return [Bucket(named, by, split) for named in await handle.buckets(by, split, or_none(first))]


def _label(bucket: Parent[Bucket], info: Info, locale: InLocale = strawberry.UNSET) -> str:
    """The key in words: a name, or an hour, a day or the first day of a week in Asia/Jakarta."""
    row = bucket.row
    return label_of(bucket.by, row.key, row.start, bucket.named.name, locale_of(info, locale))


def _split_label(bucket: Parent[Bucket], info: Info, locale: InLocale = strawberry.UNSET) -> str | None:
    """The split key in words; null where nothing was split."""
    if bucket.split_by is None:
        return None
    named = bucket.named
    return label_of(bucket.split_by, bucket.row.split_key, named.split_start, named.split_name, locale_of(info, locale))


@output
class StatisticsBucketCount:
    """One bucket of reports."""

    key: str | None = column(
        "row.key", "The code, the word of the enum, or the start of the time; null: the reports that have none."
    )
    split_key: str | None = column(
        "row.split_key", "The same of `splitBy`; null where nothing was split, or they have none."
    )
    label: str = field(_label)
    split_label: str | None = field(_split_label)
    start: DateTime | None = column(
        "row.start", "When the hour, day or week begins; null where the split is not by time."
    )
    total: int = column("row.counts.total", _TOTAL)
    open: int = column("row.counts.open", _OPEN)
    resolved: int = column("row.counts.resolved", _RESOLVED)
    breached: int = column("row.counts.breached", _BREACHED)
    median_minutes_to_respond: float | None = column("row.counts.median_respond", _MEDIAN_RESPOND)
    median_minutes_to_resolve: float | None = column("row.counts.median_resolve", _MEDIAN_RESOLVE)


def _count(name: str) -> Callable[[StatisticsHandle, Any], Awaitable[Any]]:
    async def counted(handle: StatisticsHandle, _ctx: Any) -> Any:
        return getattr(await handle.counts(), name)

    return counted


@output
class Statistics:
    """What the reports that match add up to. Counted when asked for; null, with COUNT_TIMEOUT, where that takes too
    long."""

    total: int = value(_count("total"), _TOTAL)
    open: int = value(_count("open"), _OPEN)
    resolved: int = value(_count("resolved"), _RESOLVED)
    breached: int = value(_count("breached"), _BREACHED)
    median_minutes_to_respond: float | None = value(_count("median_respond"), _MEDIAN_RESPOND)
    median_minutes_to_resolve: float | None = value(_count("median_resolve"), _MEDIAN_RESOLVE)
    buckets: list[StatisticsBucketCount] = field(_buckets)


@output
class HexBin:
    """Reports counted by hexagon (H3), for a map that is zoomed out."""

    cell: str = column("cell", "The hexagon's H3 index, in hexadecimal as H3 writes it.", cell_name)
    center: Coordinates = column("cell", "The hexagon's centre.", cell_center)
    boundary: GeoJSON = column("cell", "The hexagon's outline, a Polygon.", cell_boundary_geojson)
    total: int = column("total", _TOTAL)
    open: int = column("open", _OPEN)
