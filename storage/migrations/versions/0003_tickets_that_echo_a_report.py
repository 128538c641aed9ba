"""Tickets that echo a report of the hub's without being joined to it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lapor_tickets", sa.Column("echoed_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("lapor_tickets", "echoed_id")
