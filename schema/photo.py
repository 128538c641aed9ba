"""Photos of reports."""

import strawberry

from domain.sealing import Kind
from resolvers import photos, reports
from schema.enums import PhotoPhase
from schema.fields import batch, column, output, value
from schema.node import Node, identity
from schema.references import ReportRef
from schema.scalars import URL, DateTime


@output
class Photo(Node):
    """A photo, turned upright and without what the camera wrote into it. One that a source told of appears once its
    bytes are here."""

    id: strawberry.ID = identity(Kind.PHOTO)
    url: URL = value(
        photos.photo_url,
        "Where its bytes are. Of a public report anybody may read and keep them for five minutes; other addresses are "
        "signed and for this viewer alone. It changes when the report's visibility does.",
        needs=photos.ADDRESS,
        at_once=True,
    )
    thumbnail_url: URL = value(
        photos.thumbnail_url,
        "The same for a small copy of it.",
        needs=photos.ADDRESS,
        at_once=True,
    )
    content_type: str = column("content_type", "The media type of the bytes at `url`.")
    width: int = column("width", "Its width in pixels.")
    height: int = column("height", "Its height in pixels.")
    byte_size: int = column("byte_size", "How many bytes are at `url`.")
    phase: PhotoPhase = column("phase", "Whether it shows what was reported or what became of it.")
    caption: str | None = column("caption", "What is written under it.")
    created_at: DateTime = column("created_at", "When the hub had it.")
    hidden: bool = column("hidden", "Whether staff hid it; then only staff are told of it.")
    report: ReportRef | None = batch(reports.reports_of, "The report it belongs to.", key="report_id", rows_of="Report")
