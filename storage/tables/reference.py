"""Categories, agencies, persons, the hub's own secrets, and how often facts have changed that writers keep in memory."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from storage.tables.base import Micros, metadata, ref, row_id

agencies = Table(
    "agencies",
    metadata,
    row_id(),
    Column("code", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
)

categories = Table(
    "categories",
    metadata,
    row_id(),
    Column("code", String(64), nullable=False, unique=True),
    Column("name_id", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("description_id", Text),
    Column("description_en", Text),
    ref("parent_id", "categories.id"),
    ref("agency_id", "agencies.id"),
    Column("respond_minutes", Integer),
    Column("resolve_minutes", Integer),
    Column("sensitive", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
)

persons = Table(
    "persons",
    metadata,
    row_id(),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("display_name", Text),
    Column("created_at", Micros, nullable=False),
    UniqueConstraint("issuer", "subject"),
)

secrets = Table(
    "secrets",
    metadata,
    row_id(),
    Column("purpose", String(32), nullable=False, index=True),
    Column("key", LargeBinary, nullable=False),
    Column("created_at", Micros, nullable=False),
    Column("retired_at", Micros),
)

fact_versions = Table(
    "fact_versions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("version", BigInteger, nullable=False),  # rises with each change of what is named so
)
