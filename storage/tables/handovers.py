"""Reports on their way to other systems: what is handed on, and the work that is due for it."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from storage.tables.base import BigId, Micros, metadata, ref, row_id

forwardings = Table(
    "forwardings",
    metadata,
    row_id(),
    ref("report_id", "reports.id", nullable=False, index=True),
    ref("source_id", "sources.id", nullable=False),
    Column("state", String(16), nullable=False),
    Column("reference", String(32), nullable=False, unique=True),  # in the text sent; shown nowhere in the hub
    Column("note", Text),
    Column("created_at", Micros, nullable=False),
    Column("last_attempt_at", Micros),
    Column("next_attempt_at", Micros),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("external_ref", Text),
    ref("ticket_id", "lapor_tickets.id"),
)
Index("ix_forwardings_state", forwardings.c.state, forwardings.c.report_id)

outbox = Table(
    "outbox",
    metadata,
    row_id(),
    Column("kind", String(32), nullable=False),
    Column("subject_id", BigId, nullable=False),
    Column("available_at", Micros, nullable=False),
    Column("attempts", Integer, nullable=False),
    # set, and committed, before the request goes out: found again after a crash it is unknown
    Column("started_at", Micros),
)
Index("ix_outbox_due", outbox.c.available_at, outbox.c.id)
