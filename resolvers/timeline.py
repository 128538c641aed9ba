"""A report's timeline: its entries of the log, for who may see it now and could see it then."""

from collections.abc import Sequence

from resolvers.context import Context
from resolvers.judging import told
from resolvers.lists import ListResult, Paging, list_result, span_of
from storage.events.reading import report_pages
from storage.rows import EventRow, Page, SeenReport

ORDER = "timeline"


async def timeline_of(reports: Sequence[SeenReport], ctx: Context, *, paging: Paging) -> list[ListResult[EventRow]]:
    """The same part of each report's timeline, oldest first."""
    visibility = await ctx.visibility()
    span = await span_of(ctx, paging, ORDER)
    own = frozenset(report.id for report in reports if report.mine)
    pages = await ctx.read(report_pages, visibility, [report.id for report in reports], span, own=own)
    return [
        await list_result(
            ctx,
            Page(
                [told(entry, visibility, matches=True) for entry in pages[report.id].rows],
                pages[report.id].keys,
                pages[report.id].has_next,
                pages[report.id].has_previous,
            ),
            ORDER,
            _uncounted,
        )
        for report in reports
    ]


async def _uncounted() -> int:
    raise LookupError("the log is not counted")
