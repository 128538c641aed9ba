"""LAPOR's tickets as the hub has read them. What is hidden from a viewer looks like what is not there."""

from collections.abc import Sequence, Set
from datetime import datetime

from domain.time import micros
from domain.vocabulary import LaporStatus
from resolvers.context import Context
from resolvers.lists import ListResult, Paging, in_time, list_result, span_of
from resolvers.sources import is_stale
from storage import lapor
from storage.rows import LaporResponseRow, LaporTicketRow, SeenReport, SourceRow
from storage.sources.reading import sources_by_id
from storage.storable import storable

ORDER = "lapor-tickets"


async def ticket(ctx: Context, *, tracking_id: str) -> LaporTicketRow | None:
    """The ticket that LAPOR gave this number, from what the hub has."""
    if not storable(tracking_id):
        return None
    return await ctx.read(lapor.ticket_by_tracking_id, await ctx.visibility(), tracking_id)


async def tickets(
    ctx: Context, *, statuses: Sequence[LaporStatus] | None, updated_after: datetime | None, paging: Paging
) -> ListResult[LaporTicketRow]:
    """The tickets that this viewer's class may see, those that changed last at LAPOR first."""
    wanted = lapor.TicketFilter(
        None if statuses is None else frozenset(map(str, statuses)),
        None if updated_after is None else micros(updated_after),
    )
    span, visibility = await span_of(ctx, paging, ORDER), await ctx.visibility()
    page = await ctx.read(lapor.list_tickets, visibility, wanted, span)

    async def count() -> int:
        seconds = ctx.parts.settings.count_timeout
        return await in_time(ctx, ctx.read(lapor.count_tickets, visibility, wanted, seconds))

    return await list_result(ctx, page, ORDER, count)


async def tickets_by_id(ids: Sequence[int], ctx: Context) -> list[LaporTicketRow | None]:
    """Tickets by row id."""
    found = await ctx.read(lapor.tickets_by_id, await ctx.visibility(), ids)
    return [found.get(each) for each in ids]


async def tickets_of(
    reports: Sequence[SeenReport], ctx: Context, *, columns: Set[str] | None = None
) -> list[LaporTicketRow | None]:
    """The ticket of each report; None where the viewer sees the report's place moved."""
    wanted = [report.id for report in reports if not report.fuzzed]
    found = await ctx.read(lapor.tickets_of_reports, await ctx.visibility(), wanted, columns)
    return [None if report.fuzzed else found.get(report.id) for report in reports]


async def responses_of(rows: Sequence[LaporTicketRow], ctx: Context) -> list[Sequence[LaporResponseRow]]:
    """What agencies answered to each ticket, oldest first."""
    found = await ctx.read(lapor.responses_of, [row.id for row in rows])
    return [found[row.id] for row in rows]


async def tickets_stale(rows: Sequence[LaporTicketRow], ctx: Context) -> list[bool]:
    """Whether each may be different at LAPOR now."""
    known = await ctx.read(sources_by_id, [row.source_id for row in rows])
    return [is_stale(known[row.source_id], _known_since(row, known[row.source_id])) for row in rows]


def _known_since(row: LaporTicketRow, source: SourceRow) -> int:
    """As of when the ticket is known to be so.

    LAPOR is only read where it changed, so its last good reading speaks for every ticket that was ever read there; one
    that the hub has from its own forwarding alone was not.
    """
    was_read = row.source_status is not None or row.text is not None
    return max(row.observed_at, source.last_success_at or 0) if was_read else row.observed_at
