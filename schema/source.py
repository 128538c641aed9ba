"""The systems whose data the hub unifies."""

import strawberry

from domain.sealing import Kind
from resolvers import sources
from schema.arguments import page
from schema.connection import Connection
from schema.enums import SourceKind, SourceState
from schema.fields import asked, batch, column, output, value
from schema.node import Node, identity
from schema.scalars import DateTime


@output
class SetAsideRecord(Node):
    """A record that a source told and that could not be understood. It is kept and can be tried again."""

    id: strawberry.ID = identity(Kind.SET_ASIDE)
    source_ref: str | None = column("source_ref", "The id that the source gave it, where that could be read.")
    reason: str = column("reason", "Why it could not be mapped.")
    first_seen_at: DateTime = column("first_seen_at", "When it first came.")
    attempts: int = column("attempts", "How often it was tried.")
    raw: str = column("raw", "The record as it came.")


@output
class Source(Node):
    """A system whose data the hub unifies, and how its connector is doing."""

    id: strawberry.ID = identity(Kind.SOURCE)
    code: str = column("code", "Its short name for programs; it never changes.")
    name: str = column("name", "Its name.")
    kind: SourceKind = column("kind", "What sort of system it is.")
    state: SourceState = column("state", "How its connector is doing.")
    last_success_at: DateTime | None = column("last_success_at", "When it was last read to the end without a failure.")
    last_error_at: DateTime | None = column("last_error_at", "When it last failed.")
    next_attempt_at: DateTime | None = column("next_attempt_at", "When it is read next.")
    lag_seconds: float | None = value(
        sources.lag_seconds,
        "How old what the hub has of it may be, in seconds; null for what is not read from elsewhere.",
    )
    last_error: str | None = column(
        "last_error", "What went wrong the last time: a sentence from a closed set, such as that it timed out."
    )
    record_count: int = batch(sources.record_counts_of, "How many of its records this viewer may see.")
    set_aside_count: int = column("set_aside_count", "How many of its records could not be mapped.")
    set_aside: Connection[SetAsideRecord] | None = asked(
        sources.set_aside_of, page, "The records that could not be mapped, each with its reason. Admins only."
    )
    profile: str | None = column("profile", "Which dialect of the system is spoken with it.")
    reconstructed: bool = column(
        "reconstructed", "True where that dialect is known from public traces only and not from its makers."
    )
    licence: str | None = column("licence", "Under which licence its data may be used.")
