"""Indexes that filters are walked by, and roll-ups with rows for all of what a question leaves open."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_GONE = (
    "category",
    "status",
    "area",
    "public_area",
    "place",
    "public_place",
    "cell",
    "public_cell",
    "flood_area",
    "public_flood_area",
    "reporter",
    "duplicate_of_id",
)
_NEW = {
    "kind": "category_id, status, reported_at, id, source_id",
    "area": "area_id, category_id, reported_at, id, status, source_id",
    "public_area": "public_area_id, category_id, reported_at, id, status, source_id",
}
_BEHIND = "reported_at, id, category_id, status, source_id"
_PARTIAL = ("flood_area_id", "public_flood_area_id", "reporter_id", "duplicate_of_id")
ALL, EVER = -1, -1_000_000

_AREA = ("area_id", "category_id", "status", "source_id", "agency_id", "visibility")
_DAY = ("city_id", "category_id", "status", "agency_id", "visibility", "day", "breached", "measure", "bucket")
_CELL = ("resolution", "cell", "category_id", "open", "agency_id", "visibility")
_OF_PUBLIC = f"CASE visibility WHEN 'PUBLIC' THEN {ALL} ELSE agency_id END"


def upgrade() -> None:
    for name in _GONE:
        op.drop_index(f"ix_reports_{name}", "reports")
    for name, columns in _NEW.items():
        op.execute(f"CREATE INDEX ix_reports_{name} ON reports ({columns})")
    for side in ("", "public_"):
        for name, per_degree in (("fine", 256), ("coarse", 32)):
            square = _square(f"{side}latitude", f"{side}longitude", per_degree)
            op.execute(f"CREATE INDEX ix_reports_{side}{name} ON reports ({square}, {_BEHIND})")
    for column in _PARTIAL:
        op.execute(f"CREATE INDEX ix_reports_{column} ON reports ({column}) WHERE {column} IS NOT NULL")
    _counts_anew()


def _square(latitude: str, longitude: str, per_degree: int) -> str:
    row = f"CAST(trunc(({latitude} + 90.0) * {per_degree}.0) AS BIGINT)"
    return f"({row} * 131072 + CAST(trunc(({longitude} + 180.0) * {per_degree}.0) AS BIGINT))"


def _counts_anew() -> None:
    """Side 0 becomes the difference to side 1; then come the rows for all."""
    for table in ("rollup_area", "rollup_day", "rollup_cell"):
        op.execute(f"CREATE TABLE moved_{table} AS SELECT * FROM {table}")
        op.drop_table(table)
    _tables()
    for table, columns in (("rollup_area", _AREA), ("rollup_day", _DAY), ("rollup_cell", _CELL)):
        keys, moved = ", ".join(columns), f"moved_{table}"
        op.execute(f"INSERT INTO {table} (side, {keys}, total) SELECT side, {keys}, total FROM {moved} WHERE side = 1")
        difference = "SUM(CASE side WHEN 0 THEN total ELSE -total END)"
        op.execute(
            f"INSERT INTO {table} (side, {keys}, total) SELECT 0, {keys}, {difference} FROM {moved} "
            f"GROUP BY {keys} HAVING {difference} <> 0"
        )
        op.execute(f"DROP TABLE {moved}")
    _add("rollup_area", _AREA, {"area_id": ALL})
    _add("rollup_cell", _CELL, {"category_id": ALL, "agency_id": _OF_PUBLIC})
    _add("rollup_day", _DAY, {"day": EVER})
    _add("rollup_day", _DAY, {"city_id": ALL}, f"day = {EVER}")
    _add("rollup_day", _DAY, {"city_id": ALL, "category_id": ALL, "agency_id": _OF_PUBLIC}, f"city_id <> {ALL}")


def _add(table: str, columns: tuple[str, ...], instead: dict[str, int | str], where: str = "1 = 1") -> None:
    """Rows that sum up what is there, with something else in some columns."""
    chosen = ", ".join(f"{instead.get(name, name)} AS {name}" for name in columns)
    keys = ", ".join(columns)
    op.execute(
        f"INSERT INTO {table} (side, {keys}, total) SELECT side, {keys}, SUM(total) FROM "
        f"(SELECT side, {chosen}, total FROM {table} WHERE {where}) AS counted GROUP BY side, {keys} HAVING SUM(total) <> 0"
    )


def _tables() -> None:
    whole, word = sa.Integer(), sa.String(length=16)
    small, big = sa.SmallInteger(), sa.BigInteger()
    op.create_table(
        "rollup_area",
        sa.Column("side", small, nullable=False),
        sa.Column("area_id", whole, nullable=False),
        sa.Column("category_id", whole, nullable=False),
        sa.Column("status", word, nullable=False),
        sa.Column("source_id", whole, nullable=False),
        sa.Column("agency_id", whole, nullable=False),
        sa.Column("visibility", word, nullable=False),
        sa.Column("total", big, nullable=False),
        sa.PrimaryKeyConstraint("side", *_AREA, name=op.f("pk_rollup_area")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup_day",
        sa.Column("side", small, nullable=False),
        sa.Column("city_id", whole, nullable=False),
        sa.Column("category_id", whole, nullable=False),
        sa.Column("status", word, nullable=False),
        sa.Column("agency_id", whole, nullable=False),
        sa.Column("visibility", word, nullable=False),
        sa.Column("day", whole, nullable=False),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.Column("measure", small, nullable=False),
        sa.Column("bucket", small, nullable=False),
        sa.Column("total", big, nullable=False),
        sa.PrimaryKeyConstraint(
            *("side", "measure", "city_id", "day", "category_id", "status", "agency_id", "visibility", "breached"),
            "bucket",
            name=op.f("pk_rollup_day"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup_cell",
        sa.Column("side", small, nullable=False),
        sa.Column("resolution", small, nullable=False),
        sa.Column("cell", big, nullable=False),
        sa.Column("category_id", whole, nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("agency_id", whole, nullable=False),
        sa.Column("visibility", word, nullable=False),
        sa.Column("total", big, nullable=False),
        sa.PrimaryKeyConstraint(
            *("side", "resolution", "category_id", "cell", "open", "agency_id", "visibility"),
            name=op.f("pk_rollup_cell"),
        ),
        sqlite_with_rowid=False,
    )
