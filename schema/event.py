"""The event log as clients see it."""

from collections.abc import Sequence, Set

import strawberry

from domain.sealing import Kind
from resolvers import agencies, comments, events, persons, photos, reports
from resolvers.actors import ActorRow
from resolvers.context import Context
from schema.enums import EventKind, ReportStatus, Role
from schema.fields import batch, column, output, prepared, value
from schema.node import Node, identity
from schema.references import AgencyRef, CommentRef, PhotoRef, ReportRef
from schema.scalars import Cursor, DateTime
from storage.rows import EventRow, SeenReport


async def _names(actors: Sequence[ActorRow], ctx: Context) -> list[str | None]:
    """Their names; nobody is asked for where none is known."""
    known = sorted({actor.person_id for actor in actors if actor.person_id is not None})
    people = dict(zip(known, await persons.persons_by_id(known, ctx), strict=True)) if known else {}
    found = [None if actor.person_id is None else people[actor.person_id] for actor in actors]
    return [None if person is None else person.display_name for person in found]


@output
class Actor:
    """Who did something, as far as this viewer may know."""

    role: Role = column("role", "In which role.")
    agency: AgencyRef | None = batch(agencies.agencies_by_id, "For which agency.", key="agency_id")
    display_name: str | None = batch(_names, "The name; only where a reporter's would be shown, or for staff.")


async def _reports(
    events: Sequence[EventRow], ctx: Context, *, columns: Set[str] | None = None
) -> list[SeenReport | None]:
    ids = [event.report_id if event.report_visible else None for event in events]
    return await reports.reports_of(ids, ctx, columns=columns)


@output
class ReportEvent(Node):
    """
    One entry of the hub's event log. `status`, `previousStatus`, `note` and `matches` are what happened; `report`
    is how it is now.

    A filter is judged on the report as it was just before and just after the event, never on how it is now; the
    event is told if either side matches.
    When a report leaves a viewer's sight, every reader of that kind is told once, whatever its filter and kinds,
    with nothing but `reportId` and `matches: false`.
    """

    id: strawberry.ID = identity(Kind.REPORT_EVENT, "seq")
    cursor: Cursor = batch(events.cursors_of, "The place in the log that covers this entry: resume from here.")
    kind: EventKind = column("kind", "What happened.")
    at: DateTime = column("at", "When; no two entries of the log have the same moment.")
    report_id: strawberry.ID = prepared(
        "report_id",
        "The report's id, also where the viewer is not told of the report any more.",
        lambda ctx: ctx.encoder(Kind.REPORT),
    )
    report: ReportRef | None = batch(
        _reports,
        "The report as it is now; null when this viewer may not, or may no longer, see it: delete your copy.",
        rows_of="Report",
    )
    matches: bool = column("matches", "False: with this event the report left the filter; take it off the list.")
    backfill: bool = column("backfill", "True: from a source's past, read when the hub first synced with it.")
    actor: "Actor | None" = value(
        lambda event, _ctx: events.actor_of(event),
        "Who did it; null for the hub, a source, or where this viewer may not know.",
    )
    status: ReportStatus | None = column("status", "The report's state after the event.")
    previous_status: ReportStatus | None = column("previous_status", "The report's state before it.")
    note: str | None = column(
        "note",
        "What was said about it. Of rejecting, resolving, closing, reopening and withdrawing for all who see the report; else staff only.",
    )
    comment: CommentRef | None = batch(
        comments.comments_by_id, "The comment that was made or hidden, where this viewer may see it.", key="comment_id"
    )
    photo: PhotoRef | None = batch(
        photos.photos_by_id, "The photo that was added or hidden, where this viewer may see it.", key="photo_id"
    )
    other_report: ReportRef | None = batch(
        reports.reports_of,
        "The other report of a merge or split, where this viewer may see it.",
        key="other_report_id",
        rows_of="Report",
    )
    by_viewer: bool = column("by_viewer", "Whether this viewer did it.")
