"""Peta Jakarta's flood areas and gauges."""

from sqlalchemy import Column, Float, Index, Integer, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from storage.tables.base import Degrees, Micros, metadata, ref, row_id

flood_areas = Table(
    "flood_areas",
    metadata,
    row_id(),
    ref("source_id", "sources.id", nullable=False),
    Column("source_ref", String(64), nullable=False),
    Column("name", Text, nullable=False),
    ref("area_id", "areas.id", index=True),
    Column("geometry", Text, nullable=False),  # GeoJSON, longitude first
    Column("west", Degrees, nullable=False),
    Column("south", Degrees, nullable=False),
    Column("east", Degrees, nullable=False),
    Column("north", Degrees, nullable=False),
    Column("state", Integer, nullable=False),  # rank, 0 to 4
    Column("last_updated_at", Micros),
    Column("observed_at", Micros, nullable=False),
    UniqueConstraint("source_id", "source_ref"),
)
Index("ix_flood_areas_state", flood_areas.c.state)

flood_gauges = Table(
    "flood_gauges",
    metadata,
    row_id(),
    ref("source_id", "sources.id", nullable=False),
    Column("source_ref", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("latitude", Degrees),
    Column("longitude", Degrees),
    UniqueConstraint("source_id", "source_ref"),
)

flood_readings = Table(
    "flood_readings",
    metadata,
    ref("gauge_id", "flood_gauges.id", nullable=False),
    Column("measured_at", Micros, nullable=False),
    Column("depth_cm", Float(53), nullable=False),
    Column("warning_level", Integer),
    Column("warning_name", Text),
    PrimaryKeyConstraint("gauge_id", "measured_at"),
)
