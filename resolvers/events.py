"""The event log as a list: what a partner reads to keep a copy in step."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from domain.visibility import Visibility
from domain.vocabulary import EventKind
from resolvers.actors import ActorRow
from resolvers.context import Context
from resolvers.filters import ReportFilter, resolve_filter
from resolvers.judging import Reader, told
from resolvers.lists import ListResult, Paging, page_size
from resolvers.log_positions import Sealer, horizon, resume
from storage.events.appending import read_head
from storage.events.reading import (
    LogEntry,
    entries_by_seq,
    last_seen,
    read_entries,
    seen_at_all,
    told_in_timelines,
)
from storage.reports.filter.filtering import ResolvedFilter
from storage.rows import EventRow

SEARCHED = 5_000
"""How many entries one call looks at; the page then ends early and its endCursor goes on from there."""
_STEP = 500


@dataclass(frozen=True, slots=True)
class _Found:
    events: list[EventRow]
    last: tuple[int, bytes]
    more: bool
    epoch: int


async def events(
    ctx: Context,
    *,
    filter: ReportFilter | None,
    kinds: Sequence[EventKind] | None,
    first: int | None,
    after: str | None,
) -> ListResult[EventRow]:
    """The log behind `after`, oldest first. `end_cursor` is where the log was searched up to, also of an empty page."""
    size = page_size(Paging(first=first))
    resolved = await resolve_filter(ctx, filter, for_stream=True, with_search=False)
    visibility = await ctx.visibility()
    reader = Reader(visibility, resolved, kinds=None if kinds is None else frozenset(kinds))
    start = await _start(ctx, after, own=reader.own)
    found = await ctx.read(_search, visibility, reader, start, size)
    sealer = Sealer(ctx.parts.cursors, visibility, found.epoch)
    return EventList(
        rows=found.events,
        keys=[(event.seq,) for event in found.events],
        has_next=found.more,
        has_previous=after is not None and start[0] > 0,
        count=_uncounted,
        seal=lambda key: sealer.seal(key[0] or 0, _chain_of(found, key[0])),
        searched_up_to=sealer.seal(*found.last),
    )


async def _start(ctx: Context, after: str | None, *, own: bool) -> tuple[int, bytes]:
    """Behind the cursor, else where what is still told of the log begins."""
    if after is not None:
        cursor = await resume(ctx, after, own=own)
        return cursor.seq, cursor.chain
    return await ctx.read(last_seen, await ctx.visibility(), own=own, before=horizon())


@dataclass(frozen=True)
class EventList(ListResult[EventRow]):
    """A page of the log; its end is a position, not a row."""

    searched_up_to: str = ""

    @property
    def end_cursor(self) -> str:
        """Never null."""
        return self.searched_up_to


def _chain_of(found: _Found, seq: int | None) -> bytes:
    return next(event.chain for event in found.events if event.seq == seq)


async def _uncounted() -> int:
    raise LookupError("the log is not counted")


def _search(conn: Connection, visibility: Visibility, reader: Reader, start: tuple[int, bytes], size: int) -> _Found:
    """Looks for `size` events; entries that this class may not know of are not even read, so none of them is a position."""
    known = seen_at_all(visibility, own=reader.own)
    found: list[EventRow] = []
    last, looked_at = start, 0
    while True:
        page = read_entries(conn, last[0], _STEP, [known])
        for entry in page:
            event = reader.judge(entry, (entry.now_visibility, entry.now_agency_id))
            if event is not None and len(found) == size:
                return _Found(found, last, True, read_head(conn).epoch)
            last = (entry.seq, entry.chain)
            if event is not None:
                found.append(event)
        looked_at += len(page)
        if len(page) < _STEP or looked_at >= SEARCHED:
            return _Found(found, last, len(page) == _STEP, read_head(conn).epoch)


async def cursors_of(rows: Sequence[EventRow], ctx: Context) -> list[str]:
    """Each event's own resume cursor."""
    head = await ctx.read(read_head)
    sealer = Sealer(ctx.parts.cursors, await ctx.visibility(), head.epoch)
    return [sealer.seal(row.seq, row.chain) for row in rows]


async def events_by_id(ids: Sequence[int], ctx: Context) -> list[EventRow | None]:
    """Single events by number; None for those that this viewer may not know of.

    What stands in the timeline of a report that it sees is told as there, also past the horizon of the log and of its
    own hidden reports; for the rest there are the tombstones.
    """
    visibility = await ctx.visibility()
    reader = Reader(visibility, ResolvedFilter())
    found = await ctx.read(entries_by_seq, frozenset(ids))
    in_timelines = await ctx.read(told_in_timelines, visibility, frozenset(ids))

    def row_of(entry: LogEntry | None) -> EventRow | None:
        if entry is not None and entry.seq in in_timelines:
            return told(entry, visibility, matches=True)
        return None if entry is None else reader.judge(entry, (entry.now_visibility, entry.now_agency_id))

    return [row_of(found.get(seq)) for seq in ids]


def actor_of(event: EventRow) -> ActorRow | None:
    """Who did it, where the viewer may know."""
    if not event.has_actor or event.actor_role is None:
        return None
    return ActorRow(event.actor_role, event.actor_agency_id, event.actor_person_id)
