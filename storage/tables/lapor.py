"""LAPOR's tickets as the hub has read them, their responses, and LAPOR's list of topics."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table, Text

from storage.tables.base import BigId, Micros, metadata, ref, row_id

lapor_tickets = Table(
    "lapor_tickets",
    metadata,
    row_id(),
    ref("source_id", "sources.id", nullable=False),
    Column("tracking_id", String(64), nullable=False, unique=True),
    Column("title", Text),
    Column("text", Text),
    Column("status", String(16)),
    Column("source_status", Text),
    Column("category", Text),
    Column("agency", Text),
    ref("area_id", "areas.id"),
    Column("submitted_at", Micros),
    Column("ticket_updated_at", Micros),
    Column("url", Text),
    Column("observed_at", Micros, nullable=False),
    Column("confidential", Boolean, nullable=False),
    # read while a confidential forwarding was unknown: staff only until that is settled
    Column("held", Boolean, nullable=False),
    ref("report_id", "reports.id", index=True),
    # the report whose words it repeats, where it is joined to none: one that was given up here and arrived all the same
    Column("echoed_id", BigId),
    Column("content_digest", LargeBinary),
)
Index("ix_lapor_tickets_updated", lapor_tickets.c.ticket_updated_at, lapor_tickets.c.id)

lapor_responses = Table(
    "lapor_responses",
    metadata,
    ref("ticket_id", "lapor_tickets.id", nullable=False),
    Column("position", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Micros, nullable=False),
    PrimaryKeyConstraint("ticket_id", "position"),
)

lapor_topics = Table(
    "lapor_topics",
    metadata,
    ref("source_id", "sources.id", nullable=False),
    Column("topic_ref", String(64), nullable=False),
    Column("parent_ref", String(64)),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("source_id", "topic_ref"),
)
