"""The indexes of squares hold the area as well: who asks for a box within an area need not look at each report of either."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for side in ("", "public_"):
        for name, per_degree in (("fine", 256), ("coarse", 32)):
            row = f"CAST(trunc(({side}latitude + 90.0) * {per_degree}.0) AS BIGINT)"
            square = f"({row} * 131072 + CAST(trunc(({side}longitude + 180.0) * {per_degree}.0) AS BIGINT))"
            op.drop_index(f"ix_reports_{side}{name}", "reports")
            op.execute(
                f"CREATE INDEX ix_reports_{side}{name} ON reports "
                f"({square}, reported_at, id, category_id, status, source_id, {side}area_id)"
            )
