"""The event log as clients see it."""

import strawberry

from domain.sealing import Kind
from execution import load
from resolvers import agencies, comments, events, persons, photos, reports
from resolvers.actors import ActorRow
from resolvers.context import Context
from schema.enums import EventKind, ReportStatus, Role
from schema.fields import batch, column, output, value
from schema.node import Node, identity
from schema.references import AgencyRef, CommentRef, PhotoRef, ReportRef
from schema.scalars import Cursor, DateTime
from storage.rows import EventRow, PersonRow, SeenReport


async def _name(actor: ActorRow, ctx: Context) -> str | None:
    if actor.person_id is None:
        return None
    person: PersonRow | None = await load(ctx, persons.persons_by_id, actor.person_id)
    return None if person is None else person.display_name


@output
class Actor:
    """Who did something, as far as this viewer may know."""

    role: Role = column("role", "In which role.")
    agency: AgencyRef | None = batch(agencies.agencies_by_id, "For which agency.", key="agency_id")
    display_name: str | None = value(_name, "The name; only where a reporter's would be shown, or for staff.")


async def _report(event: EventRow, ctx: Context) -> SeenReport | None:
    if not event.report_visible or event.report_id is None:
        return None
    report: SeenReport | None = await load(ctx, reports.reports_of, event.report_id)
    return report


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
    report_id: strawberry.ID = value(
        lambda event, ctx: ctx.id_of(Kind.REPORT, event.report_id),
        "The report's id, also where the viewer is not told of the report any more.",
    )
    report: ReportRef | None = value(
        _report, "The report as it is now; null when this viewer may not, or may no longer, see it: delete your copy."
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
        reports.reports_of, "The other report of a merge or split, where this viewer may see it.", key="other_report_id"
    )
    by_viewer: bool = column("by_viewer", "Whether this viewer did it.")
