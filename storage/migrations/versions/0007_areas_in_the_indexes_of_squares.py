"""Coarse squares are walked by category as areas are; both kinds of squares tell the area, so that who asks for a box within
an area need not look at each report of either."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BEHIND = {
    "fine": (256, "reported_at, id, category_id, status, source_id"),
    "coarse": (32, "category_id, reported_at, id, status, source_id"),
}


def upgrade() -> None:
    for side in ("", "public_"):
        for name, (per_degree, behind) in _BEHIND.items():
            row = f"CAST(trunc(({side}latitude + 90.0) * {per_degree}.0) AS BIGINT)"
            square = f"({row} * 131072 + CAST(trunc(({side}longitude + 180.0) * {per_degree}.0) AS BIGINT))"
            op.drop_index(f"ix_reports_{side}{name}", "reports")
            op.execute(f"CREATE INDEX ix_reports_{side}{name} ON reports ({square}, {behind}, {side}area_id)")
