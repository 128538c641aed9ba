"""What the hub accepts."""

from schema.fields import column, output
from schema.scalars import DateTime


@output
class Limits:
    """What the hub accepts, so that a draft written offline is not refused hours later; and how far back the event log
    is kept."""

    text_length: int = column("text_length", "How many characters a report's text may have.")
    title_length: int = column("title_length", "How many characters a report's title may have.")
    photos_per_report: int = column("photos_per_report", "How many photos may come with a submission.")
    photo_bytes: int = column("photo_bytes", "How many bytes a photo may have.")
    photo_content_types: list[str] = column("photo_content_types", "Which media types photos may be of.")
    oldest_reported_at: DateTime = column(
        "oldest_reported_at", "The earliest `reportedAt` that a submission may have now."
    )
    events_kept_since: DateTime = column(
        "events_kept_since", "How far back the event log can be resumed: a cursor from before is CURSOR_EXPIRED."
    )
