"""Jakarta's areas and, once imported, their real boundaries."""

from sqlalchemy import Column, Float, Integer, LargeBinary, PrimaryKeyConstraint, String, Table, Text

from storage.tables.base import Degrees, Micros, metadata, ref, row_id

areas = Table(
    "areas",
    metadata,
    row_id(),
    Column("code", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("level", String(16), nullable=False, index=True),
    ref("parent_id", "areas.id", index=True),
    Column("city_id", Integer),  # the city it lies in, itself for a city: what the day roll-up counts by
    Column("latitude", Degrees, nullable=False),
    Column("longitude", Degrees, nullable=False),
    Column("area_km2", Float(53), nullable=False),
)

area_boundaries = Table(
    "area_boundaries",
    metadata,
    ref("area_id", "areas.id", nullable=False),
    Column("wkb", LargeBinary, nullable=False),
    Column("imported_at", Micros, nullable=False),
    PrimaryKeyConstraint("area_id"),
)
