"""Reports and what hangs on one: photos, comments, supports, follow tokens, contact, links to the same report elsewhere."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    text,
)

from domain.squares import COARSE, FINE
from storage.tables.base import BigId, Degrees, Micros, metadata, ref, row_id

reports = Table(
    "reports",
    metadata,
    row_id(),
    Column("code", String(16), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("title", Text),
    Column("address", Text),
    ref("category_id", "categories.id", nullable=False),
    Column("status", String(16), nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("anonymous", Boolean, nullable=False),
    ref("agency_id", "agencies.id"),
    Column("agency_ref", Text),
    # where it is: `precision` is EXACT (a point was told), AREA or UNKNOWN; `fuzzed`: the public place is not the true one
    Column("precision", String(8), nullable=False),
    Column("fuzzed", Boolean, nullable=False),
    Column("latitude", Degrees),
    Column("longitude", Degrees),
    Column("cell", BigInteger),  # H3, resolution 11
    ref("area_id", "areas.id"),
    ref("flood_area_id", "flood_areas.id"),
    Column("public_latitude", Degrees),
    Column("public_longitude", Degrees),
    Column("public_cell", BigInteger),
    ref("public_area_id", "areas.id"),
    ref("public_flood_area_id", "flood_areas.id"),
    # where it came from
    ref("source_id", "sources.id", nullable=False),
    Column("source_ref", Text),
    Column("source_url", Text),
    Column("source_status", Text),
    Column("source_status_means", String(16)),
    Column("channel", Text),  # the system behind the source, where the source names one
    Column("synced_at", Micros),
    Column("content_digest", LargeBinary),  # of the mapped content, to tell an edit from a repeat
    Column("set_by_hand", Integer, nullable=False),  # bits of domain.report.ByHand: what a later fetch never overwrites
    # who told it
    ref("reporter_id", "persons.id"),
    Column("reporter_key", String(64)),
    # times and clocks
    Column("reported_at", Micros, nullable=False),
    Column("received_at", Micros, nullable=False),
    Column("updated_at", Micros, nullable=False),
    Column("respond_by", Micros),
    Column("resolve_by", Micros),
    Column("responded_at", Micros),
    Column("resolved_at", Micros),
    Column("due_at", Micros),
    Column("respond_breached", Boolean, nullable=False),
    Column("resolve_breached", Boolean, nullable=False),
    # counts kept with the row
    Column("support_count", Integer, nullable=False),
    Column("photo_count", Integer, nullable=False),
    Column("flood_depth_cm", Integer),
    ref("duplicate_of_id", "reports.id"),
    UniqueConstraint("source_id", "source_ref"),
)
# Each order has an index; what filters are walked by has the order of time behind it (docs/decisions/indexes.md).
# Categories without a status, statuses without a category, areas and coarse squares without a category go by those too:
# such a filter is asked for all of what it leaves open. What stands last is there to be judged without looking at the report.
Index("ix_reports_newest", reports.c.reported_at, reports.c.id)
Index("ix_reports_updated", reports.c.updated_at, reports.c.id)
Index("ix_reports_supported", reports.c.support_count, reports.c.id)
Index("ix_reports_due", reports.c.due_at, reports.c.id)
_KIND = ("category_id", "status", "reported_at", "id", "source_id")
Index("ix_reports_kind", *(reports.c[name] for name in _KIND))
Index("ix_reports_source", reports.c.source_id, reports.c.reported_at, reports.c.id)
_BEHIND = ("category_id", "reported_at", "id", "status", "source_id")
Index("ix_reports_area", reports.c.area_id, *(reports.c[name] for name in _BEHIND))
Index("ix_reports_public_area", reports.c.public_area_id, *(reports.c[name] for name in _BEHIND))
_BEHIND_FINE = ("reported_at", "id", "category_id", "status", "source_id")
for _side in ("", "public_"):
    for _size, _grid, _behind in (("fine", FINE, _BEHIND_FINE), ("coarse", COARSE, _BEHIND)):
        _square = text(_grid.sql(f"{_side}latitude", f"{_side}longitude"))
        Index(f"ix_reports_{_side}{_size}", _square, *(reports.c[name] for name in (*_behind, f"{_side}area_id")))
for _by, _met, _breached in (
    ("respond_by", "responded_at", "respond_breached"),
    ("resolve_by", "resolved_at", "resolve_breached"),
):
    _unmet = and_(reports.c.due_at.is_not(None), reports.c[_met].is_(None), reports.c[_breached].is_(False))
    Index(f"ix_reports_unmet_{_by}", reports.c[_by], reports.c.id, sqlite_where=_unmet)
for _name in ("flood_area_id", "public_flood_area_id", "reporter_id", "duplicate_of_id"):
    # Most reports have none, and are not written into it. That PostgreSQL is told the same stands in the migration, which makes
    # the tables: to say it here would load its dialect, and those of all its drivers, at each start on SQLite.
    Index(f"ix_reports_{_name}", reports.c[_name], sqlite_where=reports.c[_name].is_not(None))

photos = Table(
    "photos",
    metadata,
    row_id(),
    ref("report_id", "reports.id", nullable=False, index=True),
    Column("phase", String(8), nullable=False),
    Column("caption", Text),
    Column("created_at", Micros, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("address", String(32), unique=True),  # random, what clients see; replaced when the visibility changes
    Column("file_key", String(64)),
    Column("thumbnail_key", String(64)),
    Column("content_type", String(32)),
    Column("thumbnail_type", String(32)),
    Column("width", Integer),
    Column("height", Integer),
    Column("byte_size", Integer),
    Column("digest", LargeBinary),
    # a photo that a source told of: its bytes are fetched afterwards
    Column("source_url", Text),
    Column("state", String(8), nullable=False),  # domain.vocabulary.PhotoState
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Micros),
    UniqueConstraint("report_id", "source_url"),
)
Index("ix_photos_wanted", photos.c.state, photos.c.next_attempt_at)
Index("ix_photos_file", photos.c.file_key)
Index("ix_photos_thumbnail", photos.c.thumbnail_key)

comments = Table(
    "comments",
    metadata,
    row_id(),
    ref("report_id", "reports.id", nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("official", Boolean, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("by_reporter", Boolean, nullable=False),
    Column("author_role", String(16), nullable=False),
    ref("author_agency_id", "agencies.id"),
    ref("author_person_id", "persons.id"),
    Column("created_at", Micros, nullable=False),
)

report_supports = Table(
    "report_supports",
    metadata,
    ref("report_id", "reports.id", nullable=False),
    Column("supporter", String(80), nullable=False),  # "person:<id>" or "key:<digest of the idempotency key>"
    Column("created_at", Micros, nullable=False),
    PrimaryKeyConstraint("report_id", "supporter"),
)

report_follow_tokens = Table(
    "report_follow_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    ref("report_id", "reports.id", nullable=False, index=True),
    Column("sealed", LargeBinary),  # under a key derived from the idempotency key; null without one
    Column("created_at", Micros, nullable=False),
)

report_contacts = Table(
    "report_contacts",
    metadata,
    ref("report_id", "reports.id", nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("forward", Boolean, nullable=False),
    PrimaryKeyConstraint("report_id"),
)

report_links = Table(
    "report_links",
    metadata,
    ref("source_id", "sources.id", nullable=False),
    Column("source_ref", Text, nullable=False),
    Column("report_id", BigId, nullable=False, index=True),
    Column("content_digest", LargeBinary),
    Column("created_at", Micros, nullable=False),
    PrimaryKeyConstraint("source_id", "source_ref"),
)
