"""Sources, what could not be mapped from them, and leases."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.tables.base import Micros, metadata, ref, row_id

sources = Table(
    "sources",
    metadata,
    row_id(),
    Column("code", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("profile", String(64)),
    Column("reconstructed", Boolean, nullable=False),
    Column("licence", Text),
    Column("poll_seconds", Float(53)),
    Column("last_success_at", Micros),
    Column("last_error_at", Micros),
    Column("next_attempt_at", Micros),
    Column("last_error", Text),
    Column("checkpoint", Text),
    Column("set_aside_count", Integer, nullable=False),
    Column("sync_requested", Boolean, nullable=False),
    Column("change", BigInteger, nullable=False),  # rises with each change that subscribers are told of
)

set_aside = Table(
    "set_aside",
    metadata,
    row_id(),
    ref("source_id", "sources.id", nullable=False),
    Column("key", String(64), nullable=False),  # digest of the raw record
    Column("source_ref", Text),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("first_seen_at", Micros, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_requested", Boolean, nullable=False),
    UniqueConstraint("source_id", "key"),
)
Index("ix_set_aside_source", set_aside.c.source_id, set_aside.c.id)

leases = Table(
    "leases",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", Micros, nullable=False),
)
