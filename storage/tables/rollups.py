"""Counts kept in the same transaction as the reports they count. `side` says by which place: 0 true, 1 public.

Zero stands for "none" in the id columns, since a key has no nulls.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, PrimaryKeyConstraint, SmallInteger, String, Table

from storage.tables.base import metadata

rollup_area = Table(
    "rollup_area",
    metadata,
    Column("side", SmallInteger, nullable=False),
    Column("area_id", Integer, nullable=False),
    Column("category_id", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("agency_id", Integer, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("side", "area_id", "category_id", "status", "source_id", "agency_id", "visibility"),
)

rollup_day = Table(
    "rollup_day",
    metadata,
    Column("side", SmallInteger, nullable=False),
    Column("city_id", Integer, nullable=False),
    Column("category_id", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("agency_id", Integer, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("day", Integer, nullable=False),  # days since 1970-01-01 in Jakarta
    Column("breached", Boolean, nullable=False),
    # what is counted: 0 reports; 1 minutes to respond; 2 minutes to resolve, by log-sized bucket (domain.medians)
    Column("measure", SmallInteger, nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint(
        "side", "day", "city_id", "category_id", "status", "agency_id", "visibility", "breached", "measure", "bucket"
    ),
)

rollup_cell = Table(
    "rollup_cell",
    metadata,
    Column("side", SmallInteger, nullable=False),
    Column("resolution", SmallInteger, nullable=False),  # 5 to 8
    Column("cell", BigInteger, nullable=False),
    Column("category_id", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("agency_id", Integer, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("side", "resolution", "cell", "category_id", "open", "agency_id", "visibility"),
)
