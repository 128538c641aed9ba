"""What connectors bring, in the hub's own terms. A record is complete: it replaces what the same source told before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from domain.places import Point
from domain.vocabulary import FloodState, LaporStatus, ReportStatus

JSON: TypeAlias = Any
"""What `json.loads` returns."""

EARLIEST_TOLD = datetime(2000, 1, 1, tzinfo=UTC)
"""No source has a report of before this: a time that is earlier is what a program tells that knows none (the year 1, 1970).

The archives of Peta Jakarta begin in 2013.
"""


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """One report as its source tells it now. Times carry a zone.

    `reporter_key` is an HMAC of the name the source told, never the name. `same_as` names the same report in other
    systems, as (source code, source ref): it is linked to that one and not made again. `withdrawn` is a retraction
    that the source itself tells. `area` is one of the hub's area codes; `area_name` a place's name as the source
    writes it, where it tells no code and no point. `channel` is the channel through which the source had the report
    ("qlue", "grasp", "twitter", ...): what one of our own sources brings too carries that source's word here, and is
    recognised by place, time and words, because such sources do not pass on the first system's number.
    """

    source_ref: str
    text: str
    category: str
    reported_at: datetime
    title: str | None = None
    point: Point | None = None
    area: str | None = None
    address: str | None = None
    source_status: str | None = None
    source_status_means: ReportStatus | None = None
    source_url: str | None = None
    reporter_key: str | None = None
    photo_urls: tuple[str, ...] = ()
    flood_depth_cm: int | None = None
    anonymous: bool = False
    confidential: bool = False
    withdrawn: bool = False
    same_as: tuple[tuple[str, str], ...] = ()
    area_name: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class FloodAreaRecord:
    """A flood area with its outline: a GeoJSON Polygon or MultiPolygon, longitude first. Its state comes in FloodStatesRecord."""

    source_ref: str
    name: str
    geometry: Mapping[str, JSON]
    subdistrict_name: str | None = None
    city_name: str | None = None


@dataclass(frozen=True, slots=True)
class FloodStateReading:
    """The state of one flood area; `last_updated` is the source's own time."""

    source_ref: str
    state: FloodState
    last_updated: datetime | None


@dataclass(frozen=True, slots=True)
class FloodStatesRecord:
    """All areas that are flooded at one reading. With `complete`, a known area that is not named is not flooded now."""

    observed_at: datetime
    states: tuple[FloodStateReading, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class GaugeReading:
    """One observation of a gauge; depth in centimetres."""

    measured_at: datetime
    depth_cm: float
    warning_level: int | None = None
    warning_name: str | None = None


@dataclass(frozen=True, slots=True)
class GaugeRecord:
    """A flood gauge and some of its observations, in order of time; those the hub has already are skipped."""

    source_ref: str
    name: str
    point: Point | None
    readings: tuple[GaugeReading, ...]


@dataclass(frozen=True, slots=True)
class TicketResponse:
    """What an agency answered to a LAPOR ticket."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A LAPOR ticket. `references` are the hub's own forwarding references found in its text (they join it to its report)."""

    tracking_id: str
    title: str | None = None
    text: str | None = None
    status: LaporStatus | None = None
    source_status: str | None = None
    category: str | None = None
    agency: str | None = None
    area_name: str | None = None
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    url: str | None = None
    confidential: bool = False
    anonymous: bool = False
    responses: tuple[TicketResponse, ...] = ()
    references: tuple[str, ...] = ()
    report: ReportRecord | None = None
    """The ticket as a citizen's report of its own, for a ticket that the hub did not forward."""


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A topic of LAPOR's own list, kept as reference data."""

    ref: str
    parent: str | None
    name: str


Record: TypeAlias = ReportRecord | FloodAreaRecord | FloodStatesRecord | GaugeRecord | TicketRecord | TopicRecord


@dataclass(frozen=True, slots=True)
class SetAside:
    """A raw record that could not be mapped, kept with its reason so that it can be tried again."""

    source_ref: str | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Batch:
    """At most 200 records of one source and the checkpoint to keep with them, in one transaction."""

    source: str
    records: Sequence[Record]
    set_aside: Sequence[SetAside] = ()
    checkpoint: Mapping[str, JSON] | None = None
    backfill: bool = False
    remapped: Sequence[str] = field(default=())
    """Keys of records that were set aside before and are in `records` now."""


MAX_BATCH = 200
