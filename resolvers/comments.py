"""Comments on reports, and who wrote them as far as a viewer may know."""

from collections.abc import Sequence
from functools import partial

from resolvers.actors import ActorRow
from resolvers.context import Context
from resolvers.lists import AskedOnce, ListResult, Paging, list_result, span_of
from storage.reports import commenting
from storage.rows import CommentRow, SeenReport

ORDER = "comments"


async def comments_of(reports: Sequence[SeenReport], ctx: Context, *, paging: Paging) -> list[ListResult[CommentRow]]:
    """The same part of each report's comments, oldest first."""
    visibility = await ctx.visibility()
    span = await span_of(ctx, paging, ORDER)
    ids = [report.id for report in reports]
    pages = await ctx.read(commenting.comments_of_reports, visibility, ids, span)
    totals = AskedOnce(lambda: ctx.read(commenting.count_comments, visibility, ids))
    return [await list_result(ctx, pages[report_id], ORDER, partial(totals.of, report_id, 0)) for report_id in ids]


async def comments_by_id(ids: Sequence[int], ctx: Context) -> list[CommentRow | None]:
    """Comments by row id; None for those that the viewer may not see."""
    found = await ctx.read(commenting.comments_by_id, await ctx.visibility(), ids)
    return [found.get(each) for each in ids]


async def authors_of(comments: Sequence[CommentRow], ctx: Context) -> list[ActorRow | None]:
    """Who wrote each; None where that is the reporter of an anonymous report. Names only of reporters, or for staff."""
    visibility = await ctx.visibility()
    by_reporters = {comment.report_id for comment in comments if comment.by_reporter}
    hiding = await ctx.read(commenting.anonymous_among, by_reporters) if by_reporters else frozenset()
    return [
        None
        if comment.by_reporter and comment.report_id in hiding
        else ActorRow(
            comment.author_role,
            comment.author_agency_id,
            comment.author_person_id if visibility.staff or comment.by_reporter else None,
        )
        for comment in comments
    ]
