"""Reads flood areas, gauges and what these measured. All of it is public."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from domain.places import Box
from storage.reference import area_tree
from storage.rows import FloodAreaRow, FloodGaugeRow, FloodReadingRow, Page
from storage.statements.keyset import Order, Span, read_pages
from storage.statements.prepared import many, prepared
from storage.tables import flood_areas, flood_gauges, flood_readings

_AREA = [flood_areas.c[name] for name in FloodAreaRow._fields]
_GAUGE = [flood_gauges.c[name] for name in FloodGaugeRow.__dataclass_fields__]
_READING = [flood_readings.c[name] for name in FloodReadingRow.__dataclass_fields__]
_WORST_FIRST = (flood_areas.c.state.desc(), flood_areas.c.id)


def _areas(conn: Connection, statement: Select[Any]) -> list[FloodAreaRow]:
    return list(map(FloodAreaRow._make, conn.execute(statement)))


def flood_areas_in_state(conn: Connection, minimum_rank: int) -> list[FloodAreaRow]:
    """All flood areas in this state or a worse one, by id."""
    return _areas(conn, select(*_AREA).where(flood_areas.c.state >= minimum_rank).order_by(flood_areas.c.id))


def find_flood_areas(
    conn: Connection, minimum_rank: int, *, box: Box | None, area_ids: Collection[int] | None, limit: int
) -> list[FloodAreaRow]:
    """At most `limit` flood areas in this state or a worse one, the worst first.

    `box`: those whose own rectangle touches it; `area_ids`: those that lie in one of these areas.
    """
    conditions: list[ColumnElement[bool]] = [flood_areas.c.state >= minimum_rank]
    if box is not None:
        conditions.append(_touches(box))
    if area_ids is not None:
        conditions.append(flood_areas.c.area_id.in_(sorted(area_ids)))
    return _areas(conn, select(*_AREA).where(*conditions).order_by(*_WORST_FIRST).limit(limit))


def _touches(box: Box) -> ColumnElement[bool]:
    return and_(
        flood_areas.c.west <= box.east,
        flood_areas.c.east >= box.west,
        flood_areas.c.south <= box.north,
        flood_areas.c.north >= box.south,
    )


def flood_areas_by_id(conn: Connection, ids: Collection[int]) -> dict[int, FloodAreaRow]:
    """Flood areas by row id."""
    rows = prepared(conn, "flood areas by id", _by_id).rows(conn, {"ids": set(ids)})
    return {row[0]: row for row in map(FloodAreaRow._make, rows)}


def _by_id() -> Select[Any]:
    return select(*_AREA).where(flood_areas.c.id.in_(many("ids")))


def flood_areas_within(conn: Connection, area_ids: Sequence[int]) -> dict[int, list[FloodAreaRow]]:
    """The flood areas that lie in each of these areas or below, in whatever state, the worst first."""
    tree = area_tree(area_ids)
    statement = select(tree.c.root_id, *_AREA).join(tree, tree.c.area_id == flood_areas.c.area_id)
    found: dict[int, list[FloodAreaRow]] = {each: [] for each in area_ids}
    for root, *row in conn.execute(statement.order_by(*_WORST_FIRST)):
        found[root].append(FloodAreaRow(*row))
    return found


def outlines_of(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """The outlines of flood areas: texts of GeoJSON geometry."""
    asked = select(flood_areas.c.id, flood_areas.c.geometry).where(flood_areas.c.id.in_(sorted(set(ids))))
    return {row.id: row.geometry for row in conn.execute(asked)}


def _gauges(conn: Connection, *conditions: ColumnElement[bool]) -> list[FloodGaugeRow]:
    """Gauges whose place is known, by name; a source may tell none, and nothing can be shown without one."""
    placed = (flood_gauges.c.latitude.is_not(None), flood_gauges.c.longitude.is_not(None))
    statement = select(*_GAUGE).where(*placed, *conditions).order_by(flood_gauges.c.name, flood_gauges.c.id)
    return [FloodGaugeRow(*row) for row in conn.execute(statement)]


def find_flood_gauges(conn: Connection, box: Box | None) -> list[FloodGaugeRow]:
    """The gauges whose place is known; with `box` those in it, edges included."""
    if box is None:
        return _gauges(conn)
    return _gauges(
        conn,
        flood_gauges.c.latitude.between(box.south, box.north),
        flood_gauges.c.longitude.between(box.west, box.east),
    )


def flood_gauges_by_id(conn: Connection, ids: Collection[int]) -> dict[int, FloodGaugeRow]:
    """Gauges by row id, those whose place is known."""
    return {row.id: row for row in _gauges(conn, flood_gauges.c.id.in_(sorted(set(ids))))}


def latest_readings(conn: Connection, gauge_ids: Collection[int]) -> Mapping[int, FloodReadingRow]:
    """The newest measurement of each gauge that has any."""
    newest = (
        select(flood_readings.c.gauge_id, func.max(flood_readings.c.measured_at).label("measured_at"))
        .where(flood_readings.c.gauge_id.in_(sorted(set(gauge_ids))))
        .group_by(flood_readings.c.gauge_id)
        .subquery()
    )
    is_newest = and_(
        flood_readings.c.gauge_id == newest.c.gauge_id, flood_readings.c.measured_at == newest.c.measured_at
    )
    rows = conn.execute(select(*_READING).join(newest, is_newest))
    return {row.gauge_id: FloodReadingRow(*row) for row in rows}


def reading_pages(
    conn: Connection, gauge_ids: Sequence[int], span: Span, *, since: int | None
) -> dict[int, Page[FloodReadingRow]]:
    """The same part of what each gauge measured, oldest first; `since`: from this moment on."""
    readings = select(*_READING)
    if since is not None:
        readings = readings.where(flood_readings.c.measured_at >= since)
    order = Order(flood_readings.c.measured_at)
    gauge = flood_readings.c.gauge_id
    return read_pages(conn, readings, order, span, lambda row: FloodReadingRow(*row), gauge, gauge_ids)
