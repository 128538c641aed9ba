"""Who may come in by a key of the hub's own, and who may not any more; what looked like an attempt."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from storage.tables.base import BigId, Micros, metadata, ref, row_id

api_keys = Table(
    "api_keys",
    metadata,
    row_id(),
    Column("public_id", String(8), nullable=False, unique=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("partner", String(64), nullable=False),  # what its reports come under: the agency's code, where it has one
    ref("agency_id", "agencies.id"),
    ref("person_id", "persons.id", nullable=False),  # all keys of a partner act as one person
    Column("scopes", Text, nullable=False),  # with blanks between
    Column("created_at", Micros, nullable=False),
    Column("expires_at", Micros, nullable=False),
    Column("revoked_at", Micros),
    Column("used_at", Micros),  # the start of the last day that it was used on
)

revocations = Table(
    "revocations",
    metadata,
    row_id(),
    Column("subject", Text),
    Column("token_id", Text),
    Column("issued_before", Micros),
    Column("created_at", Micros, nullable=False),
    Column("agency_id", BigId),  # without a reference: SQLite adds none to a table that is there
)

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
