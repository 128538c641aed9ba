"""Indexes of the deadlines that are neither met nor known to have passed: few, however many reports have broken theirs."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNMET = (("respond_by", "responded_at", "respond_breached"), ("resolve_by", "resolved_at", "resolve_breached"))


def upgrade() -> None:
    false = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    for by, met, breached in _UNMET:
        op.execute(
            f"CREATE INDEX ix_reports_unmet_{by} ON reports ({by}, id) "
            f"WHERE due_at IS NOT NULL AND {met} IS NULL AND {breached} IS {false}"
        )
