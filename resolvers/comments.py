"""Comments on reports, and who wrote them as far as the viewer may know."""

from collections.abc import Mapping, Sequence

from resolvers.actors import ActorRow
from resolvers.context import Context
from resolvers.lists import AskedOnce, ListResult, Paging, list_result, span_of
from storage.reports import commenting
from storage.rows import CommentRow, SeenReport

ORDER = "comments"


async def comments_of(reports: Sequence[SeenReport], ctx: Context, *, paging: Paging) -> list[ListResult[CommentRow]]:
    """The same part of each report's comments, the oldest first."""
    visibility, span = await ctx.visibility(), await span_of(ctx, paging, ORDER)
    ids = [report.id for report in reports]
    pages = await ctx.read(commenting.comments_of_reports, visibility, ids, span)

    async def count_all() -> Mapping[int, int]:
        return await ctx.read(commenting.count_comments, visibility, ids)

    counts = AskedOnce(count_all)

    async def result(report_id: int) -> ListResult[CommentRow]:
        return await list_result(ctx, pages[report_id], ORDER, lambda: counts.of(report_id, 0))

    return [await result(report_id) for report_id in ids]


async def comments_by_id(ids: Sequence[int], ctx: Context) -> list[CommentRow | None]:
    """Comments by row id; None for what the viewer may not see."""
    found = await ctx.read(commenting.comments_by_id, await ctx.visibility(), ids)
    return [found.get(each) for each in ids]


async def authors_of(comments: Sequence[CommentRow], ctx: Context) -> list[ActorRow | None]:
    """Who wrote each: nobody where that is the reporter of an anonymous report; others than reporters by name for staff alone."""
    staff = (await ctx.visibility()).staff
    of_reporters = [comment.report_id for comment in comments if comment.by_reporter]
    hidden = await ctx.read(commenting.anonymous_among, of_reporters) if of_reporters else frozenset()
    return [_author(comment, staff, hidden) for comment in comments]


def _author(comment: CommentRow, staff: bool, anonymous: frozenset[int]) -> ActorRow | None:
    if comment.by_reporter and comment.report_id in anonymous:
        return None
    named = staff or comment.by_reporter
    return ActorRow(comment.author_role, comment.author_agency_id, comment.author_person_id if named else None)
