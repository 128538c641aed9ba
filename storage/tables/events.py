"""The event log: what happened, what of it is personal, and what its filters are judged on."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from storage.tables.base import BigId, Micros, metadata

events = Table(
    "events",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("kind", String(24), nullable=False),
    Column("at", Micros, nullable=False, unique=True),
    Column("report_id", BigId),
    Column("flood_area_id", BigId),
    Column("actor_role", String(16)),  # null: the hub itself or a source
    Column("actor_agency_id", BigId),
    Column("status", String(16)),
    Column("previous_status", String(16)),
    Column("comment_id", BigId),
    Column("photo_id", BigId),
    Column("other_report_id", BigId),
    Column("forwarding_id", BigId),
    Column("flood_state", Integer),
    Column("previous_flood_state", Integer),
    Column("backfill", Boolean, nullable=False),
    Column("by_reporter", Boolean, nullable=False),
    Column("personal_digest", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)
Index("ix_events_report", events.c.report_id, events.c.seq)
Index("ix_events_flood_area", events.c.flood_area_id, events.c.seq)

event_personal = Table(
    "event_personal",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("actor_person_id", BigId),
    Column("actor_key", String(80)),  # whoever acted without an account, as an HMAC
    Column("note", Text),
    Column("words", Text),  # JSON: title, text and address as they were told, of CREATED and UPDATED
)

event_facets = Table(
    "event_facets",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("at", Micros, nullable=False),
    Column("report_id", BigId),
    Column("kind", String(24), nullable=False),
    # JSON objects of storage.events.facets: the report just before and just after; null: there was none
    Column("before", Text),
    Column("after", Text),
    # what a class of viewers may see is judged by these two pairs alone
    Column("before_visibility", String(16)),
    Column("before_agency_id", BigId),
    Column("after_visibility", String(16)),
    Column("after_agency_id", BigId),
)
Index("ix_event_facets_report", event_facets.c.report_id, event_facets.c.seq)
Index("ix_event_facets_at", event_facets.c.at)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Micros, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("epoch", Integer, nullable=False),
)
