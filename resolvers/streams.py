"""Subscriptions on reports. Each holds a position in the log; nothing is kept for a reader that does not read."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from resolvers.context import Context
from resolvers.errors import CursorExpired
from resolvers.filters import ReportFilter, resolve_filter
from resolvers.judging import Reader
from resolvers.log_positions import Sealer, resume
from storage.event_log import read_head
from storage.event_reading import LogEntry, last_seen
from storage.event_tail import LogTail


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a subscription tells: a row, and the cursor that covers it (the shape of execution.Delivery)."""

    value: Any
    cursor: str | None = None


class LogSource:
    """Hands out what `tell` makes of the log's entries, from a position on. `knows` says which a position may stand on."""

    def __init__(
        self,
        tail: LogTail,
        sealer: Sealer,
        seq: int,
        chain: bytes,
        *,
        knows: Callable[[LogEntry], bool],
        tell: Callable[[LogEntry], Any | None],
    ) -> None:
        self._tail = tail
        self._sealer = sealer
        self._knows = knows
        self._tell = tell
        self._read = seq  # the last entry looked at
        self._known = (seq, chain)  # the last of them that the reader may know of
        self._progress: tuple[int, bytes] = (seq, chain)  # … all before which was handed out, and more asked for
        self._page: list[LogEntry] = []
        self._revision = -1  # of the tail when the page was read
        self._opened = tail.seq

    def __aiter__(self) -> AsyncIterator[Told]:
        return self

    async def __anext__(self) -> Told:
        """The next entry that tells the reader something. Raises CursorExpired when the log begins a new epoch."""
        self._progress = self._known
        while True:
            if not self._page or self._revision != self._tail.revision:
                await self._turn_page()
            entry = self._page.pop()
            self._read = entry.seq
            if not self._knows(entry):
                continue
            value = self._tell(entry)
            self._known = (entry.seq, entry.chain)
            if value is not None:
                return Told(value, self._sealer.seal(entry.seq, entry.chain))
            self._progress = self._known

    async def _turn_page(self) -> None:
        self._page, self._revision = [], self._tail.revision
        self._page = (await self._tail.after(self._read, self._sealer.epoch))[::-1]
        if not self._page:
            raise CursorExpired

    @property
    def past(self) -> bool:
        """See execution.Source."""
        return self._read <= self._opened

    def progress(self) -> str | None:
        """See execution.Source."""
        return self._sealer.seal(*self._progress)

    async def aclose(self) -> None:
        """See execution.Source."""
        self._page = []


async def begin(ctx: Context, after: str | None, *, own: bool = False) -> tuple[Sealer, int, bytes]:
    """Where a subscription starts: behind `after`, else where the log stands.

    Where an event stream broke off goes before `after`: a browser's EventSource comes back with its address of the
    beginning, and with the id of the last event beside it.
    """
    visibility = await ctx.visibility()
    resumed = ctx.last_event_id or after
    if resumed is not None:
        cursor = await resume(ctx, resumed, own=own)
        head = await ctx.read(read_head)
        return Sealer(ctx.parts.cursors, visibility, head.epoch), cursor.seq, cursor.chain
    head = await ctx.read(read_head)
    seq, chain = await ctx.read(last_seen, visibility, own=own)
    return Sealer(ctx.parts.cursors, visibility, head.epoch), seq, chain


async def _report_source(ctx: Context, reader: Reader, after: str | None) -> LogSource:
    tail: LogTail = ctx.parts.log
    sealer, seq, chain = await begin(ctx, after, own=reader.own)

    def tell(entry: LogEntry) -> Any | None:
        now = tail.now(entry) if entry.report_id is not None else None
        return None if now is None else reader.judge(entry, (now.visibility, now.agency_id))

    return LogSource(tail, sealer, seq, chain, knows=reader.knows, tell=tell)


async def new_reports(
    ctx: Context, *, filter: ReportFilter | None, include_backfill: bool = False, after: str | None = None
) -> LogSource:
    """New reports as they arrive; values are EventRow. The filter is judged on the report as it was created."""
    resolved = await resolve_filter(ctx, filter, for_stream=True)
    reader = Reader(await ctx.visibility(), resolved, created_only=True, backfill=include_backfill)
    return await _report_source(ctx, reader, after)


async def report_events(
    ctx: Context, *, filter: ReportFilter | None, kinds: Iterable[str] | None = None, after: str | None = None
) -> LogSource:
    """Every event of the reports that match before or after it; values are EventRow."""
    resolved = await resolve_filter(ctx, filter, for_stream=True, with_search=False)
    reader = Reader(await ctx.visibility(), resolved, kinds=None if kinds is None else frozenset(kinds))
    return await _report_source(ctx, reader, after)
