"""Peta Jakarta: flood areas and how they change, gauges and what they read."""

import strawberry

from domain.sealing import Kind
from domain.time import micros
from domain.vocabulary import FloodState as State
from resolvers import areas, flood, flood_stream, reports
from schema.arguments import After, Before, First, Last, Since, or_none, outline, paging
from schema.connection import Connection, UncountedConnection
from schema.enums import ChangeKind, FloodState
from schema.fields import Keywords, asked, batch, column, output, same
from schema.node import Node, identity
from schema.place import Coordinates
from schema.references import AreaRef, FloodAreaChangeRef, ReportRef
from schema.scalars import Cursor, DateTime, GeoJSON


def _newest(
    since: Since = strawberry.UNSET, first: First = strawberry.UNSET, after: After = strawberry.UNSET
) -> Keywords:
    return {"since": or_none(since), "paging": paging(first, after)}


def _changed(
    since: Since = strawberry.UNSET,
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> Keywords:
    begin = or_none(since)
    return {"since": None if begin is None else micros(begin), "paging": paging(first, after, last, before)}


def _read(
    since: Since = strawberry.UNSET,
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> Keywords:
    return {"since": or_none(since), "paging": paging(first, after, last, before)}


@output
class FloodArea(Node):
    """The state of flooding in one area, as Peta Jakarta tells it."""

    id: strawberry.ID = identity(Kind.FLOOD_AREA)
    source_ref: str = column("source_ref", "The id that Peta Jakarta gave it.")
    name: str = column("name", "Its name: as a rule kelurahan and RW.")
    area: AreaRef | None = batch(areas.areas_by_id, "The smallest area of the hub's that it lies in.", key="area_id")
    state: FloodState = column("state", "How much water stands there.", State.of_rank)
    boundary: GeoJSON | None = asked(flood.flood_area_boundaries_of, outline, "Its outline: a Polygon or MultiPolygon.")
    last_updated_at: DateTime | None = column(
        "last_updated_at", "When its state was last set, by Peta Jakarta's clock."
    )
    observed_at: DateTime = column("observed_at", "When the hub last read it.")
    stale: bool = batch(
        flood.flood_areas_stale, "True when the hub has not read it for so long that it may be different now."
    )
    reports: Connection[ReportRef] = asked(
        reports.reports_in_flood_areas,
        _newest,
        "The open flood reports within it, newest first: of the last 24 hours, unless `since` says from when.",
        rows_of="Report",
    )
    changes: UncountedConnection[FloodAreaChangeRef] = asked(
        flood_stream.changes_of, _changed, "How its state changed, oldest first."
    )


@output
class FloodAreaChange:
    """How the state of a flood area changed, or, as a reader joins, how it is."""

    kind: ChangeKind = column("kind", "Whether this is how it is, the end of those, or a change.")
    area: FloodArea | None = batch(
        flood.flood_areas_by_id, "The flood area as it is now; null at SNAPSHOT_END.", key="flood_area_id"
    )
    state: FloodState | None = column("state", "Its state from this moment on; null at SNAPSHOT_END.", State.of_rank)
    previous_state: FloodState | None = column("previous_state", "Its state before; null in a snapshot.", State.of_rank)
    at: DateTime = column("at", "When it changed; in a snapshot, since when it has been so.")
    cursor: Cursor = column("cursor", "The place in the event log that covers it: resume from here.")


@output
class FloodGaugeReading:
    """One measurement of a flood gauge."""

    measured_at: DateTime = column("measured_at", "When it was measured.")
    depth_cm: float = column("depth_cm", "How high the water stood, in centimetres.")
    warning_level: int | None = column("warning_level", "The gauge's level of warning: 4 is normal, 1 the highest.")
    warning_name: str | None = column("warning_name", "That level in the source's own words (*siaga*).")


@output
class FloodGauge(Node):
    """A gauge that measures the height of water in a river or at a gate."""

    id: strawberry.ID = identity(Kind.FLOOD_GAUGE)
    source_ref: str = column("source_ref", "The id that Peta Jakarta gave it.")
    name: str = column("name", "Its name.")
    location: Coordinates = same("Where it stands.")
    latest: FloodGaugeReading | None = batch(flood.latest_readings_of, "Its newest measurement.")
    readings: UncountedConnection[FloodGaugeReading] = asked(
        flood.readings_of, _read, "What it measured, oldest first."
    )
