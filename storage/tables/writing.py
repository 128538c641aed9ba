"""What mutations leave behind beside the report: answers by key, forwardings, the outbox, suspicions; and how often facts
have changed that writers keep in memory."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table, Text

from storage.tables.base import BigId, Micros, metadata, ref, row_id

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

suspicions = Table(
    "suspicions",
    metadata,
    row_id(),
    Column("at", Micros, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("who", String(64), nullable=False),  # an HMAC of the address, or the person
    Column("detail", Text),
    Column("report_id", BigId),
    Column("times", Integer, nullable=False),
)

fact_versions = Table(
    "fact_versions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("version", BigInteger, nullable=False),  # rises with each change of what is named so
)
