"""What was answered to a mutation that had a key."""

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, String, Table, Text

from storage.tables.base import Micros, metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", String(80), nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("mutation", String(32), nullable=False),
    Column("content_digest", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("created_at", Micros, nullable=False, index=True),
    PrimaryKeyConstraint("scope", "key_hash"),
)
