"""The systems whose data the hub unifies: how they are doing, how old what they told may be, what could not be mapped."""

from collections.abc import Mapping, Sequence

from domain.time import SECOND
from domain.vocabulary import SourceKind, SourceState
from resolvers.context import Context
from resolvers.lists import AskedOnce, ListResult, Paging, in_time, list_result, span_of
from resolvers.permissions import may
from storage.clock import now_in_micros
from storage.ingest import set_aside as aside
from storage.rows import SetAsideRow, SourceRow
from storage.sources import reading as kept
from storage.storable import storable

SET_ASIDE_ORDER = "set-aside"
MISSED_POLLS = 3
"""How often a source may go unread before what it told last counts as stale."""

_WORKING = frozenset({SourceState.UP, SourceState.DEGRADED})


async def source(ctx: Context, *, code: str) -> SourceRow | None:
    """The source of a code."""
    return await ctx.read(kept.source_by_code, code, await ctx.visibility()) if storable(code) else None


async def sources(ctx: Context) -> Sequence[SourceRow]:
    """Every source that this class may know of, the hub's own first."""
    return await ctx.read(kept.all_sources, await ctx.visibility())


async def sources_by_id(ids: Sequence[int], ctx: Context) -> list[SourceRow | None]:
    """Sources by row id."""
    found = await ctx.read(kept.sources_by_id, ids)
    return [found.get(each) for each in ids]


async def record_counts_of(rows: Sequence[SourceRow], ctx: Context) -> list[int]:
    """How many reports, flood areas, gauges and tickets of each source this class of viewers may see."""
    counts = await ctx.read(kept.record_counts, await ctx.visibility(), [row.id for row in rows])
    return [counts[row.id] for row in rows]


def lag_seconds(row: SourceRow, _ctx: Context) -> float | None:
    """How long ago it was last read without a failure, in seconds; None for the hub itself and what was never read."""
    if row.kind == SourceKind.HUB or row.last_success_at is None:
        return None
    return max(0, now_in_micros() - row.last_success_at) / SECOND


def is_stale(row: SourceRow, read_at: int) -> bool:
    """Whether what was read of a source at this moment may be different now: too long ago, or nobody can read it."""
    if row.state not in _WORKING:
        return True
    return row.poll_seconds is not None and now_in_micros() - read_at > MISSED_POLLS * row.poll_seconds * SECOND


async def set_aside_of(rows: Sequence[SourceRow], ctx: Context, *, paging: Paging) -> list[ListResult[SetAsideRow]]:
    """The records that could not be mapped, in the order they came. The field is guarded: admins only."""
    span = await span_of(ctx, paging, SET_ASIDE_ORDER)
    ids = [row.id for row in rows]
    pages = await ctx.read(aside.set_aside_pages, ids, span)

    async def count() -> Mapping[int, int]:
        return await in_time(ctx, ctx.read(aside.count_set_aside, ids))

    counts = AskedOnce(count)

    async def result(source_id: int) -> ListResult[SetAsideRow]:
        return await list_result(ctx, pages[source_id], SET_ASIDE_ORDER, lambda: counts.of(source_id, 0))

    return [await result(each) for each in ids]


async def set_aside_by_id(ids: Sequence[int], ctx: Context) -> list[SetAsideRow | None]:
    """Records set aside by row id; for others than admins there are none, after as many statements."""
    wanted = ids if may(ctx.viewer, "SetAsideRecord") else ()
    found = await ctx.read(aside.set_aside_by_id, wanted)
    return [found.get(each) for each in ids]
