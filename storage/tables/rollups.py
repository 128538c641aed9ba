"""Counts kept in the same transaction as the reports they count.

`side` 1 counts every report by its public place. Side 0 corrects that to the true place: what lies elsewhere in truth is
taken from where it seems to lie and added to where it does; for most reports that is nothing. So the public reads side 1,
and staff the sum of both.

Zero stands for "none" in the id columns, since a key has no nulls. ALL stands for all of them together: such rows are what
a question without a condition on them is answered from.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, PrimaryKeyConstraint, SmallInteger, String, Table

from storage.tables.base import metadata

ALL = -1
"""In an id column: whatever it is. An agency is given all the same with what not everybody sees, since who does goes by it."""

EVER = -1_000_000
"""As a day: whenever it was."""

rollup_area = Table(
    "rollup_area",
    metadata,
    Column("side", SmallInteger, nullable=False),
    Column("area_id", Integer, nullable=False),  # or ALL
    Column("category_id", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("agency_id", Integer, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("side", "area_id", "category_id", "status", "source_id", "agency_id", "visibility"),
    sqlite_with_rowid=False,
)

rollup_day = Table(
    "rollup_day",
    metadata,
    Column("side", SmallInteger, nullable=False),
    Column("city_id", Integer, nullable=False),  # or ALL, and then the category may be ALL, too
    Column("category_id", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("agency_id", Integer, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("day", Integer, nullable=False),  # days since 1970-01-01 in Jakarta, or EVER
    Column("breached", Boolean, nullable=False),
    # what is counted: 0 reports; 1 minutes to respond; 2 minutes to resolve, by log-sized bucket (domain.medians)
    Column("measure", SmallInteger, nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint(
        "side", "measure", "city_id", "day", "category_id", "status", "agency_id", "visibility", "breached", "bucket"
    ),
    sqlite_with_rowid=False,
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
    PrimaryKeyConstraint("side", "resolution", "category_id", "cell", "open", "agency_id", "visibility"),
    sqlite_with_rowid=False,
)
