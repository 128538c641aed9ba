"""Rows as the resolvers get them: read for one viewer, with what that viewer may not see left out already.

Ids are row ids, times microseconds, coordinates degrees. Rows that are read by the hundred are tuples: they cost nothing
to make. Of reports, photos and tickets there may be lean ones, which have but the columns that were asked for (storage/statements/lean.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: its rows, the key of each (what its cursor holds), and whether there is more either side."""

    rows: Sequence[T]
    keys: Sequence[tuple[int | None, ...]]
    has_next: bool
    has_previous: bool


class SeenReport(NamedTuple):
    """A report as one viewer may see it. `fuzzed`: this viewer sees its public place, and it is not the true one.

    `mine`: this viewer told it. Where `fuzzed`, address, source fields and ticket are None already.
    """

    id: int
    code: str
    text: str
    title: str | None
    address: str | None
    category_id: int
    status: str
    visibility: str
    anonymous: bool
    agency_id: int | None
    agency_ref: str | None
    precision: str
    fuzzed: bool
    latitude: float | None
    longitude: float | None
    area_id: int | None
    flood_area_id: int | None
    source_id: int
    source_ref: str | None
    source_url: str | None
    source_status: str | None
    source_status_means: str | None
    synced_at: int | None
    reporter_id: int | None
    reported_at: int
    received_at: int
    updated_at: int
    respond_by: int | None
    resolve_by: int | None
    responded_at: int | None
    resolved_at: int | None
    due_at: int | None
    respond_breached: bool
    resolve_breached: bool
    support_count: int
    photo_count: int
    flood_depth_cm: int | None
    duplicate_of_id: int | None
    mine: bool


class CategoryRow(NamedTuple):
    """A category with its names in both languages and its deadlines in minutes."""

    id: int
    code: str
    name_id: str
    name_en: str
    description_id: str | None
    description_en: str | None
    parent_id: int | None
    agency_id: int | None
    respond_minutes: int | None
    resolve_minutes: int | None
    sensitive: bool
    active: bool


class AgencyRow(NamedTuple):
    """An agency of the city."""

    id: int
    code: str
    name: str


class AreaRow(NamedTuple):
    """An area; latitude and longitude are a point inside it."""

    id: int
    code: str
    name: str
    level: str
    parent_id: int | None
    latitude: float
    longitude: float


class PhotoRow(NamedTuple):
    """A photo whose bytes are here. `report_visibility` decides whether its address is public or signed."""

    id: int
    report_id: int
    phase: str
    caption: str | None
    created_at: int
    hidden: bool
    address: str
    content_type: str
    width: int
    height: int
    byte_size: int
    report_visibility: str


class PersonRow(NamedTuple):
    """Somebody with an account."""

    id: int
    display_name: str | None


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment; the author's person is None where the viewer may not see who it was."""

    id: int
    report_id: int
    text: str
    official: bool
    hidden: bool
    by_reporter: bool
    author_role: str
    author_agency_id: int | None
    author_person_id: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class ForwardingRow:
    """A hand-over to another system."""

    id: int
    report_id: int
    source_id: int
    state: str
    created_at: int
    last_attempt_at: int | None
    next_attempt_at: int | None
    attempts: int
    last_error: str | None
    external_ref: str | None
    ticket_id: int | None


class FloodAreaRow(NamedTuple):
    """A flood area without its outline, which is asked for apart. `state` is the rank, 0 to 4."""

    id: int
    source_id: int
    source_ref: str
    name: str
    area_id: int | None
    state: int
    last_updated_at: int | None
    observed_at: int


@dataclass(frozen=True, slots=True)
class FloodGaugeRow:
    """A flood gauge."""

    id: int
    source_ref: str
    name: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class FloodReadingRow:
    """One observation of a gauge; depth in centimetres."""

    gauge_id: int
    measured_at: int
    depth_cm: float
    warning_level: int | None
    warning_name: str | None


class LaporTicketRow(NamedTuple):
    """A LAPOR ticket."""

    id: int
    source_id: int
    tracking_id: str
    title: str | None
    text: str | None
    status: str | None
    source_status: str | None
    category: str | None
    agency: str | None
    area_id: int | None
    submitted_at: int | None
    ticket_updated_at: int | None
    url: str | None
    observed_at: int
    report_id: int | None


class LaporResponseRow(NamedTuple):
    """What an agency answered to a ticket."""

    ticket_id: int
    author: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source and how its connector is doing."""

    id: int
    code: str
    name: str
    kind: str
    state: str
    profile: str | None
    reconstructed: bool
    licence: str | None
    poll_seconds: float | None
    last_success_at: int | None
    last_error_at: int | None
    next_attempt_at: int | None
    last_error: str | None
    set_aside_count: int
    change: int


@dataclass(frozen=True, slots=True)
class SetAsideRow:
    """A record that could not be mapped."""

    id: int
    source_ref: str | None
    reason: str
    raw: str
    first_seen_at: int
    attempts: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """An entry of the log as a viewer is told it. A tombstone has `tombstone` set and everything else None.

    `report_id` is the row id also where the viewer may not see the report; `report_visible` says whether it may.
    `note`, `actor_person_id`, comment, photo and other report are None already where the viewer may not see them.
    """

    seq: int
    chain: bytes
    kind: str
    at: int
    report_id: int | None
    matches: bool
    tombstone: bool
    report_visible: bool
    backfill: bool
    actor_role: str | None
    actor_agency_id: int | None
    actor_person_id: int | None
    has_actor: bool
    by_viewer: bool
    status: str | None
    previous_status: str | None
    note: str | None
    comment_id: int | None
    photo_id: int | None
    other_report_id: int | None
    flood_area_id: int | None
    flood_state: int | None
    previous_flood_state: int | None


@dataclass(frozen=True, slots=True)
class DuplicateRow:
    """A report that may tell the same, how alike (0 to 1) and how far away in metres, by the place this viewer may see."""

    report: SeenReport
    score: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class CountsRow:
    """What statistics count."""

    total: int
    open: int
    resolved: int
    breached: int
    median_respond: float | None
    median_resolve: float | None


@dataclass(frozen=True, slots=True)
class BucketRow:
    """One bucket: keys are codes or enum values, `start` for time; None: those that have none."""

    key: str | None
    split_key: str | None
    start: int | None
    counts: CountsRow


class HexBinRow(NamedTuple):
    """Reports in one H3 cell."""

    cell: int
    total: int
    open: int
