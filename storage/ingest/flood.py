"""Takes in flood areas, their states, and gauges with their readings."""

import json
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select, update

from domain.area_crossings import require_few_crossings
from domain.area_geometry import polygons_of, to_geojson
from domain.records import FloodAreaRecord, FloodStatesRecord, GaugeReading, GaugeRecord
from domain.time import micros
from domain.vocabulary import EventKind, FloodState
from storage.ingest.batch import Ingest, Outcome, Unfit, unfit
from storage.ingest.set_aside import Aside
from storage.places.flood_assigning import assign_reports
from storage.tables import flood_areas, flood_gauges, flood_readings
from storage.writing.facts_kept import note_changed_outlines
from storage.writing.transaction import PendingEvent

_LONGEST_REF = 64


def flood_lock(source_id: int) -> str:
    """The lock that writing to a source's flood areas and gauges needs."""
    return f"flood:{source_id}"


def take_flood_areas(ingest: Ingest, records: Sequence[FloodAreaRecord]) -> None:
    """Takes in outlines. Reports that lie in a new one belong to it from then on."""
    moved: dict[int, BaseGeometry | None] = {}
    for record in records:
        ingest.take(partial(_take_area, ingest, record, moved), _aside_of(ingest, "flood_area", record))
    if moved:
        note_changed_outlines(ingest.tx.conn)
    assign_reports(ingest.tx, moved)


def _aside_of(ingest: Ingest, kind: str, record: FloodAreaRecord | GaugeRecord) -> Callable[[str], Aside]:
    """How such a record is kept aside: by number, with what it tells; the next reading of its source tries it again."""

    def aside(reason: str) -> Aside:
        value = {"source_ref": record.source_ref, "name": record.name}
        return ingest.aside(kind, record.source_ref, reason, value)

    return aside


def _take_area(ingest: Ingest, record: FloodAreaRecord, moved: dict[int, BaseGeometry | None]) -> Outcome:
    """Writes one outline; notes in `moved` that it is new (None), or where it was until now."""
    outline = outline_of(record)
    west, south, east, north = outline.bounds
    values: dict[str, Any] = {
        "name": record.name,
        "area_id": ingest.area_id(_area_of(ingest, record, outline)),
        "geometry": json.dumps(to_geojson(outline), separators=(",", ":")),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }
    mine = (flood_areas.c.source_id == ingest.source.id) & (flood_areas.c.source_ref == _short(record.source_ref))
    row = ingest.tx.conn.execute(select(flood_areas).where(mine)).mappings().first()
    ingest.mapped.add(ingest.aside_key("flood_area", record.source_ref))
    if row is not None and all(row[name] == value for name, value in values.items()):
        return Outcome.UNCHANGED
    if row is not None:
        ingest.tx.conn.execute(update(flood_areas).where(mine).values(values))
        if row["geometry"] != values["geometry"]:
            moved[row["id"]] = shapely.box(row["west"], row["south"], row["east"], row["north"])
        return Outcome.UPDATED
    identity = {"source_id": ingest.source.id, "source_ref": record.source_ref}
    fresh = {"state": FloodState.NONE.rank, "observed_at": ingest.tx.now}
    area_id = ingest.tx.conn.execute(
        insert(flood_areas).returning(flood_areas.c.id), values | identity | fresh
    ).scalar_one()
    moved[area_id] = None
    return Outcome.CREATED


def _short(ref: str) -> str:
    if len(ref) > _LONGEST_REF:
        raise Unfit(f"its number is longer than {_LONGEST_REF} characters")
    return ref


def outline_of(record: FloodAreaRecord) -> BaseGeometry:
    """The record's polygons, mended where they cross themselves. Raises Unfit where nothing that deserves the name is left."""
    if record.geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise Unfit("its outline is no polygon")
    with unfit("its outline is no GeoJSON geometry"):
        told = shape(dict(record.geometry))
    if told.is_empty:
        raise Unfit("its outline is empty")
    west, south, east, north = told.bounds
    if not (math.isfinite(sum(told.bounds)) and -180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Unfit("its outline lies nowhere on Earth")
    flat = shapely.force_2d(told)
    polygons = polygons_of(flat if flat.is_valid else _mended(flat))
    if not polygons or not sum(polygon.area for polygon in polygons):
        raise Unfit("its outline has no inside")
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _mended(outline: BaseGeometry) -> BaseGeometry:
    try:
        require_few_crossings([outline])  # GEOS would hold the transaction for minutes
    except ValueError as error:
        raise Unfit(str(error)) from error
    return shapely.make_valid(outline)


def _area_of(ingest: Ingest, record: FloodAreaRecord, outline: BaseGeometry) -> str | None:
    """The kelurahan by the name that the source tells, else by a point inside the outline."""
    named = None
    if record.subdistrict_name:
        named = ingest.subdistrict(record.subdistrict_name, record.city_name)
    inside = outline.representative_point()
    return named or ingest.area_map.locate(inside.y, inside.x)


def take_flood_states(ingest: Ingest, record: FloodStatesRecord) -> None:
    """Takes in one reading: each change of state becomes an event; of all areas it is noted that they were read."""
    known = {
        row.source_ref: row
        for row in ingest.tx.conn.execute(
            select(flood_areas.c.id, flood_areas.c.source_ref, flood_areas.c.state, flood_areas.c.last_updated_at)
            .where(flood_areas.c.source_id == ingest.source.id)
            .order_by(flood_areas.c.id)
        )
    }
    observed_at = min(micros(record.observed_at), ingest.tx.now)
    told = {reading.source_ref: reading for reading in record.states if reading.source_ref in known}
    changed: list[Any] = []
    for ref, row in known.items():
        reading = told.get(ref)
        if reading is None and not (record.complete and row.state != FloodState.NONE.rank):
            continue
        state = FloodState.NONE.rank if reading is None else reading.state.rank
        updated = observed_at if reading is None else _micros_or_none(reading.last_updated)
        if _set_state(ingest, row, state, updated):
            changed.append(row)
    read = update(flood_areas).where(flood_areas.c.source_id == ingest.source.id)
    if not record.complete:
        read = read.where(flood_areas.c.source_ref.in_(sorted(told)))
    ingest.tx.conn.execute(read.values(observed_at=observed_at))
    # also reports that were made while the outline was on its way
    assign_reports(ingest.tx, {row.id: None for row in changed if row.state == FloodState.NONE.rank})
    ingest.count(Outcome.UPDATED if changed else Outcome.UNCHANGED)


def _micros_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def _set_state(ingest: Ingest, row: Any, state: int, last_updated: int | None) -> bool:
    """Keeps a state; gives whether it is another than before."""
    if state == row.state and last_updated in (None, row.last_updated_at):
        return False
    values = {"state": state, "last_updated_at": last_updated or row.last_updated_at}
    ingest.tx.conn.execute(update(flood_areas).where(flood_areas.c.id == row.id).values(values))
    if state == row.state:
        return False
    ingest.tx.emit(
        PendingEvent(
            EventKind.FLOOD_STATE,
            flood_area_id=row.id,
            flood_state=state,
            previous_flood_state=row.state,
            backfill=ingest.backfill,
        )
    )
    return True


def take_gauges(ingest: Ingest, records: Sequence[GaugeRecord]) -> None:
    """Takes in gauges; of their readings those that are new."""
    for record in records:
        ingest.take(partial(_take_gauge, ingest, record), _aside_of(ingest, "flood_gauge", record))


def _take_gauge(ingest: Ingest, record: GaugeRecord) -> Outcome:
    values: dict[str, Any] = {
        "name": record.name,
        "latitude": record.point.latitude if record.point else None,
        "longitude": record.point.longitude if record.point else None,
    }
    mine = (flood_gauges.c.source_id == ingest.source.id) & (flood_gauges.c.source_ref == _short(record.source_ref))
    row = ingest.tx.conn.execute(select(flood_gauges).where(mine)).mappings().first()
    if row is None:
        identity = {"source_id": ingest.source.id, "source_ref": record.source_ref}
        made = insert(flood_gauges).returning(flood_gauges.c.id)
        gauge_id = ingest.tx.conn.execute(made, values | identity).scalar_one()
    else:
        gauge_id = row["id"]
    moved = row is not None and any(row[name] != value for name, value in values.items())
    if moved:
        ingest.tx.conn.execute(update(flood_gauges).where(mine).values(values))
    more = _add_readings(ingest, gauge_id, record.readings)
    ingest.mapped.add(ingest.aside_key("flood_gauge", record.source_ref))
    if row is None:
        return Outcome.CREATED
    return Outcome.UPDATED if moved or more else Outcome.UNCHANGED


def _add_readings(ingest: Ingest, gauge_id: int, readings: Sequence[GaugeReading]) -> bool:
    if any(not math.isfinite(reading.depth_cm) for reading in readings):
        raise Unfit("one of its depths is not a number")
    rows = {
        micros(reading.measured_at): {
            "gauge_id": gauge_id,
            "measured_at": micros(reading.measured_at),
            "depth_cm": reading.depth_cm,
            "warning_level": reading.warning_level,
            "warning_name": reading.warning_name,
        }
        for reading in readings
    }
    if not rows:
        return False
    known = select(flood_readings.c.measured_at).where(
        flood_readings.c.gauge_id == gauge_id, flood_readings.c.measured_at >= min(rows)
    )
    for at in ingest.tx.conn.execute(known).scalars():
        rows.pop(at, None)
    if rows:
        ingest.tx.conn.execute(insert(flood_readings), list(rows.values()))
    return bool(rows)
