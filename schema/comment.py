"""Comments on reports."""

import strawberry

from domain.sealing import Kind
from resolvers import comments, reports
from schema.fields import batch, column, output
from schema.node import Node, identity
from schema.references import ActorRef, ReportRef
from schema.scalars import DateTime


@output
class Comment(Node):
    """What somebody said about a report."""

    id: strawberry.ID = identity(Kind.COMMENT)
    text: str = column("text", "Its words, as they were written.")
    author: ActorRef | None = batch(
        comments.authors_of, "Who wrote it; null where that is the reporter of an anonymous report."
    )
    official: bool = column("official", "Whether the city speaks: staff or a partner agency.")
    hidden: bool = column("hidden", "Whether staff hid it; then only staff are told of it.")
    report: ReportRef | None = batch(reports.reports_of, "The report it is about.", key="report_id", rows_of="Report")
    created_at: DateTime = column("created_at", "When it was written.")
