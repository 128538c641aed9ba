"""The first tables, the head of the empty event log, and the two word indexes."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("code", name=op.f("uq_agencies_code")),
    )
    op.create_table(
        "areas",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("city_id", sa.Integer(), nullable=True),
        sa.Column("latitude", sa.Float(precision=53), nullable=False),
        sa.Column("longitude", sa.Float(precision=53), nullable=False),
        sa.Column("area_km2", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("code", name=op.f("uq_areas_code")),
    )
    op.create_index(op.f("ix_areas_level"), "areas", ["level"], unique=False)
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_table(
        "event_facets",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("before_visibility", sa.String(length=16), nullable=True),
        sa.Column("before_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("after_visibility", sa.String(length=16), nullable=True),
        sa.Column("after_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_facets")),
    )
    op.create_index("ix_event_facets_at", "event_facets", ["at"], unique=False)
    op.create_index("ix_event_facets_report", "event_facets", ["report_id", "seq"], unique=False)
    op.create_table(
        "event_personal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("actor_person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_key", sa.String(length=80), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_personal")),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("flood_area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_role", sa.String(length=16), nullable=True),
        sa.Column("actor_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("previous_status", sa.String(length=16), nullable=True),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("photo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("other_report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("forwarding_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("flood_state", sa.Integer(), nullable=True),
        sa.Column("previous_flood_state", sa.Integer(), nullable=True),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("by_reporter", sa.Boolean(), nullable=False),
        sa.Column("personal_digest", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("at", name=op.f("uq_events_at")),
    )
    op.create_index("ix_events_flood_area", "events", ["flood_area_id", "seq"], unique=False)
    op.create_index("ix_events_report", "events", ["report_id", "seq"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("mutation", sa.String(length=32), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key_hash", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("available_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_due", "outbox", ["available_at", "id"], unique=False)
    op.create_table(
        "persons",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_persons_issuer_subject")),
    )
    op.create_table(
        "revocations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("issued_before", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocations")),
    )
    op.create_table(
        "rollup_area",
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "side",
            "area_id",
            "category_id",
            "status",
            "source_id",
            "agency_id",
            "visibility",
            name=op.f("pk_rollup_area"),
        ),
    )
    op.create_table(
        "rollup_cell",
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("resolution", sa.SmallInteger(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "side", "resolution", "cell", "category_id", "open", "agency_id", "visibility", name=op.f("pk_rollup_cell")
        ),
    )
    op.create_table(
        "rollup_day",
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("city_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.Column("measure", sa.SmallInteger(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "side",
            "day",
            "city_id",
            "category_id",
            "status",
            "agency_id",
            "visibility",
            "breached",
            "measure",
            "bucket",
            name=op.f("pk_rollup_day"),
        ),
    )
    op.create_table(
        "secrets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
    )
    op.create_index(op.f("ix_secrets_purpose"), "secrets", ["purpose"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=True),
        sa.Column("reconstructed", sa.Boolean(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("poll_seconds", sa.Float(precision=53), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        sa.Column("set_aside_count", sa.Integer(), nullable=False),
        sa.Column("sync_requested", sa.Boolean(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("code", name=op.f("uq_sources_code")),
    )
    op.create_table(
        "suspicions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicions")),
    )
    op.create_index(op.f("ix_suspicions_at"), "suspicions", ["at"], unique=False)
    op.create_table(
        "area_boundaries",
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wkb", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_area_boundaries_area_id")),
        sa.PrimaryKeyConstraint("area_id", name=op.f("pk_area_boundaries")),
    )
    op.create_table(
        "categories",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("description_id", sa.Text(), nullable=True),
        sa.Column("description_en", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("respond_minutes", sa.Integer(), nullable=True),
        sa.Column("resolve_minutes", sa.Integer(), nullable=True),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_categories_agency_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("code", name=op.f("uq_categories_code")),
    )
    op.create_table(
        "flood_areas",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_ref", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("geometry", sa.Text(), nullable=False),
        sa.Column("west", sa.Float(precision=53), nullable=False),
        sa.Column("south", sa.Float(precision=53), nullable=False),
        sa.Column("east", sa.Float(precision=53), nullable=False),
        sa.Column("north", sa.Float(precision=53), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("last_updated_at", sa.BigInteger(), nullable=True),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_flood_areas_area_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_flood_areas_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flood_areas")),
        sa.UniqueConstraint("source_id", "source_ref", name=op.f("uq_flood_areas_source_id_source_ref")),
    )
    op.create_index(op.f("ix_flood_areas_area_id"), "flood_areas", ["area_id"], unique=False)
    op.create_index("ix_flood_areas_state", "flood_areas", ["state"], unique=False)
    op.create_table(
        "flood_gauges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_ref", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(precision=53), nullable=True),
        sa.Column("longitude", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_flood_gauges_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flood_gauges")),
        sa.UniqueConstraint("source_id", "source_ref", name=op.f("uq_flood_gauges_source_id_source_ref")),
    )
    op.create_table(
        "lapor_topics",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_ref", sa.String(length=64), nullable=False),
        sa.Column("parent_ref", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_lapor_topics_source_id")),
        sa.PrimaryKeyConstraint("source_id", "topic_ref", name=op.f("pk_lapor_topics")),
    )
    op.create_table(
        "report_links",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_report_links_source_id")),
        sa.PrimaryKeyConstraint("source_id", "source_ref", name=op.f("pk_report_links")),
    )
    op.create_index(op.f("ix_report_links_report_id"), "report_links", ["report_id"], unique=False)
    op.create_table(
        "set_aside",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_requested", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_set_aside_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
        sa.UniqueConstraint("source_id", "key", name=op.f("uq_set_aside_source_id_key")),
    )
    op.create_index("ix_set_aside_source", "set_aside", ["source_id", "id"], unique=False)
    op.create_table(
        "flood_readings",
        sa.Column("gauge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("depth_cm", sa.Float(precision=53), nullable=False),
        sa.Column("warning_level", sa.Integer(), nullable=True),
        sa.Column("warning_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["gauge_id"], ["flood_gauges.id"], name=op.f("fk_flood_readings_gauge_id")),
        sa.PrimaryKeyConstraint("gauge_id", "measured_at", name=op.f("pk_flood_readings")),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agency_ref", sa.Text(), nullable=True),
        sa.Column("precision", sa.String(length=8), nullable=False),
        sa.Column("fuzzed", sa.Boolean(), nullable=False),
        sa.Column("latitude", sa.Float(precision=53), nullable=True),
        sa.Column("longitude", sa.Float(precision=53), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("flood_area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("public_latitude", sa.Float(precision=53), nullable=True),
        sa.Column("public_longitude", sa.Float(precision=53), nullable=True),
        sa.Column("public_cell", sa.BigInteger(), nullable=True),
        sa.Column("public_area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("public_flood_area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("source_status_means", sa.String(length=16), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("synced_at", sa.BigInteger(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.Column("set_by_hand", sa.Integer(), nullable=False),
        sa.Column("reporter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reporter_key", sa.String(length=64), nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("respond_by", sa.BigInteger(), nullable=True),
        sa.Column("resolve_by", sa.BigInteger(), nullable=True),
        sa.Column("responded_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("respond_breached", sa.Boolean(), nullable=False),
        sa.Column("resolve_breached", sa.Boolean(), nullable=False),
        sa.Column("support_count", sa.Integer(), nullable=False),
        sa.Column("photo_count", sa.Integer(), nullable=False),
        sa.Column("flood_depth_cm", sa.Integer(), nullable=True),
        sa.Column("duplicate_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_reports_agency_id")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_reports_area_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_reports_category_id")),
        sa.ForeignKeyConstraint(["duplicate_of_id"], ["reports.id"], name=op.f("fk_reports_duplicate_of_id")),
        sa.ForeignKeyConstraint(["flood_area_id"], ["flood_areas.id"], name=op.f("fk_reports_flood_area_id")),
        sa.ForeignKeyConstraint(["public_area_id"], ["areas.id"], name=op.f("fk_reports_public_area_id")),
        sa.ForeignKeyConstraint(
            ["public_flood_area_id"], ["flood_areas.id"], name=op.f("fk_reports_public_flood_area_id")
        ),
        sa.ForeignKeyConstraint(["reporter_id"], ["persons.id"], name=op.f("fk_reports_reporter_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_reports_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("code", name=op.f("uq_reports_code")),
        sa.UniqueConstraint("source_id", "source_ref", name=op.f("uq_reports_source_id_source_ref")),
    )
    op.create_index("ix_reports_area", "reports", ["area_id", "reported_at", "id"], unique=False)
    op.create_index("ix_reports_category", "reports", ["category_id", "reported_at", "id"], unique=False)
    op.create_index("ix_reports_cell", "reports", ["cell"], unique=False)
    op.create_index("ix_reports_due", "reports", ["due_at", "id"], unique=False)
    op.create_index(op.f("ix_reports_duplicate_of_id"), "reports", ["duplicate_of_id"], unique=False)
    op.create_index("ix_reports_flood_area", "reports", ["flood_area_id"], unique=False)
    op.create_index("ix_reports_newest", "reports", ["reported_at", "id"], unique=False)
    op.create_index("ix_reports_place", "reports", ["latitude", "longitude"], unique=False)
    op.create_index("ix_reports_public_area", "reports", ["public_area_id", "reported_at", "id"], unique=False)
    op.create_index("ix_reports_public_cell", "reports", ["public_cell"], unique=False)
    op.create_index("ix_reports_public_flood_area", "reports", ["public_flood_area_id"], unique=False)
    op.create_index("ix_reports_public_place", "reports", ["public_latitude", "public_longitude"], unique=False)
    op.create_index("ix_reports_reporter", "reports", ["reporter_id"], unique=False)
    op.create_index("ix_reports_source", "reports", ["source_id", "reported_at", "id"], unique=False)
    op.create_index("ix_reports_status", "reports", ["status", "reported_at", "id"], unique=False)
    op.create_index("ix_reports_supported", "reports", ["support_count", "id"], unique=False)
    op.create_index("ix_reports_updated", "reports", ["updated_at", "id"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("official", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("by_reporter", sa.Boolean(), nullable=False),
        sa.Column("author_role", sa.String(length=16), nullable=False),
        sa.Column("author_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("author_person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["author_agency_id"], ["agencies.id"], name=op.f("fk_comments_author_agency_id")),
        sa.ForeignKeyConstraint(["author_person_id"], ["persons.id"], name=op.f("fk_comments_author_person_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_comments_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_report_id"), "comments", ["report_id"], unique=False)
    op.create_table(
        "lapor_tickets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tracking_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("ticket_updated_at", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_lapor_tickets_area_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_lapor_tickets_report_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_lapor_tickets_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lapor_tickets")),
        sa.UniqueConstraint("tracking_id", name=op.f("uq_lapor_tickets_tracking_id")),
    )
    op.create_index(op.f("ix_lapor_tickets_report_id"), "lapor_tickets", ["report_id"], unique=False)
    op.create_index("ix_lapor_tickets_updated", "lapor_tickets", ["ticket_updated_at", "id"], unique=False)
    op.create_table(
        "photos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phase", sa.String(length=8), nullable=False),
        sa.Column("caption", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=32), nullable=True),
        sa.Column("file_key", sa.String(length=64), nullable=True),
        sa.Column("thumbnail_key", sa.String(length=64), nullable=True),
        sa.Column("content_type", sa.String(length=32), nullable=True),
        sa.Column("thumbnail_type", sa.String(length=32), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("byte_size", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_photos_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("address", name=op.f("uq_photos_address")),
        sa.UniqueConstraint("report_id", "source_url", name=op.f("uq_photos_report_id_source_url")),
    )
    op.create_index("ix_photos_file", "photos", ["file_key"], unique=False)
    op.create_index(op.f("ix_photos_report_id"), "photos", ["report_id"], unique=False)
    op.create_index("ix_photos_thumbnail", "photos", ["thumbnail_key"], unique=False)
    op.create_index("ix_photos_wanted", "photos", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "report_contacts",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("forward", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_contacts_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_contacts")),
    )
    op.create_table(
        "report_follow_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_follow_tokens_report_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_report_follow_tokens")),
    )
    op.create_index(op.f("ix_report_follow_tokens_report_id"), "report_follow_tokens", ["report_id"], unique=False)
    op.create_table(
        "report_supports",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("supporter", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_supports_report_id")),
        sa.PrimaryKeyConstraint("report_id", "supporter", name=op.f("pk_report_supports")),
    )
    op.create_table(
        "forwardings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_forwardings_report_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_forwardings_source_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["lapor_tickets.id"], name=op.f("fk_forwardings_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwardings")),
        sa.UniqueConstraint("reference", name=op.f("uq_forwardings_reference")),
    )
    op.create_index(op.f("ix_forwardings_report_id"), "forwardings", ["report_id"], unique=False)
    op.create_index("ix_forwardings_state", "forwardings", ["state", "report_id"], unique=False)
    op.create_table(
        "lapor_responses",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["lapor_tickets.id"], name=op.f("fk_lapor_responses_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "position", name=op.f("pk_lapor_responses")),
    )
    begin_log()
    make_word_indexes()


def begin_log() -> None:
    genesis = hashlib.sha256(b"simpul event log").digest()
    head = sa.table("log_head", *(sa.column(name) for name in ("id", "seq", "at", "chain", "epoch")))
    op.execute(sa.insert(head).values(id=1, seq=0, at=0, chain=genesis, epoch=1))


def make_word_indexes() -> None:
    """One for those who see true places, with addresses; one for everybody else, without."""
    for name in ("report_words_staff", "report_words_public"):
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"CREATE TABLE {name} (rowid BIGINT PRIMARY KEY, doc TSVECTOR NOT NULL)")
            op.execute(f"CREATE INDEX ix_{name} ON {name} USING GIN (doc)")
        else:
            op.execute(f"CREATE VIRTUAL TABLE {name} USING fts5(doc, tokenize='ascii')")
