"""Subscriptions on reports. Each holds a position in the log; nothing is kept for a reader that does not read."""

from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from resolvers.audience import audience_of
from resolvers.context import Context
from resolvers.errors import CursorExpired
from resolvers.filters import ReportFilter, resolve_filter
from resolvers.interests import Interest, ReportInterest
from resolvers.judging import Reader
from resolvers.log_feed import LogFeed, Place
from resolvers.log_positions import Sealer, resume
from storage.events.appending import read_head
from storage.events.reading import LogEntry, last_seen
from storage.events.tail import LogTail


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a subscription tells: a row, and the cursor that covers it (the shape of execution.Delivery)."""

    value: Any
    cursor: str | None = None
    place: Place | None = None


class LogSource:
    """Hands out what an interest tells of the log's entries, from a position on (the shape of execution.SharedSource)."""

    __slots__ = ("_known", "_opened", "_page", "_progress", "_read", "_revision", "_sealer", "_tail", "interest")

    def __init__(self, tail: LogTail, sealer: Sealer, seq: int, chain: bytes, interest: Interest) -> None:
        self.interest = interest
        self._tail = tail
        self._sealer = sealer
        self._read = seq  # the last entry looked at
        self._known: Place = (seq, chain)  # the last of them that the reader may know of
        self._progress: Place = (seq, chain)  # … all before which was handed out, and more asked for
        self._page: list[LogEntry] = []
        self._revision = -1  # of the tail when the page was read
        self._opened = tail.seq

    def __aiter__(self) -> AsyncIterator[Told]:
        return self

    async def __anext__(self) -> Told:
        """The next entry that tells the reader something. Raises CursorExpired when the log begins a new epoch."""
        while (told := await self._next(waiting=True)) is None:
            pass
        return told

    async def next_now(self) -> Told | None:
        """See execution.SharedSource."""
        return await self._next(waiting=False)

    async def _next(self, *, waiting: bool) -> Told | None:
        """The next thing told; None at the log's end, unless it is to be waited for."""
        self._progress = self._known
        while True:
            if not self._page or self._revision != self._tail.revision:
                if not waiting and self._tail.ends_at(self._read, self._sealer.epoch):
                    self._page = []
                    return None
                await self._turn_page()
            entry = self._page.pop()
            self._read = entry.seq
            if not self.interest.knows(entry):
                continue
            told = self.told_of(entry)
            self._known = (entry.seq, entry.chain)
            if told is not None:
                return told
            self._progress = self._known

    async def _turn_page(self) -> None:
        self._page, self._revision = [], self._tail.revision
        self._page = (await self._tail.after(self._read, self._sealer.epoch))[::-1]
        if not self._page:
            raise CursorExpired

    def told_of(self, entry: LogEntry) -> Told | None:
        """What the reader is told of an entry as things stand now; None: nothing."""
        value = self.interest.tell(entry)
        return (
            None if value is None else Told(value, self._sealer.seal(entry.seq, entry.chain), (entry.seq, entry.chain))
        )

    def sharing(self, *, personal: bool) -> Hashable:
        """See execution.SharedSource."""
        return (self._sealer.reader, self._sealer.epoch, self.interest.sharing(personal=personal))

    @property
    def personal(self) -> bool:
        """See execution.SharedSource."""
        return self.interest.personal

    @property
    def read(self) -> int:
        """See execution.SharedSource."""
        return self._read

    @property
    def known(self) -> Place:
        """See execution.SharedSource."""
        return self._known

    def cursor_of(self, place: Place) -> str:
        """See execution.SharedSource."""
        return self._sealer.seal(*place)

    def go_on(self, place: Place) -> None:
        """See execution.SharedSource."""
        self._page, self._read, self._known, self._progress = [], place[0], place, place

    def feed(self, wake: Callable[[], None], end: Callable[[Exception], None]) -> LogFeed:
        """See execution.SharedSource."""
        reading = LogSource(self._tail, self._sealer, *self._known, self.interest)
        return audience_of(self._tail).join(self.interest, reading, wake, end)

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
    tail = ctx.parts.log
    assert tail is not None, "where something is subscribed to there is a reader of the log"
    sealer, seq, chain = await begin(ctx, after, own=reader.own)
    return LogSource(tail, sealer, seq, chain, ReportInterest(reader, tail))


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
