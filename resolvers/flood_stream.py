"""The subscription `floodAreas`, and how a flood area's state was before: both from the event log."""

from collections.abc import AsyncIterator, Callable, Hashable, Sequence

from sqlalchemy import Connection

from domain.visibility import Visibility
from domain.vocabulary import FloodState
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.flood_change import ChangeKind, FloodChange
from resolvers.interests import FloodInterest, change_of
from resolvers.lists import ListResult, Paging, list_result, span_of
from resolvers.log_feed import LogFeed, Place
from resolvers.log_positions import Sealer, resume
from resolvers.streams import LogSource, Told
from storage.events.appending import Head, read_head
from storage.events.reading import flood_pages, last_seen
from storage.places.flood import flood_areas_in_state
from storage.reports.filter.naming import UnknownCode, rows_named
from storage.rows import FloodAreaRow, Page

ORDER = "flood-changes"


async def flood_areas(ctx: Context, *, minimum_state: FloodState, area: str | None, after: str | None) -> "FloodSource":
    """Without `after`: all that match now, an end mark, then each change; with it: each change since. Values: FloodChange.

    A cursor of a snapshot's part begins the snapshot again: its reader does not have the rest.
    """
    within = await _within(ctx, area)
    visibility = await ctx.visibility()
    resumed = ctx.last_event_id or after
    cursor = await resume(ctx, resumed) if resumed is not None else None
    if cursor is not None and not cursor.in_snapshot:
        head = await ctx.read(read_head)
        snapshot: Sequence[FloodAreaRow] | None = None
        place = (cursor.seq, cursor.chain)
    else:
        head, place, snapshot = await ctx.read(_snapshot, visibility, minimum_state.rank, within)
    sealer = Sealer(ctx.parts.cursors, visibility, head.epoch)
    interest = FloodInterest(minimum_state.rank, within, sealer, visibility)
    tail = ctx.parts.log
    assert tail is not None, "where something is subscribed to there is a reader of the log"
    return FloodSource(LogSource(tail, sealer, *place, interest), sealer, snapshot, head.at)


def _snapshot(
    conn: Connection, visibility: Visibility, minimum: int, within: frozenset[int] | None
) -> tuple[Head, tuple[int, bytes], list[FloodAreaRow]]:
    rows = flood_areas_in_state(conn, minimum)
    kept = [row for row in rows if within is None or row.area_id in within]
    return read_head(conn), last_seen(conn, visibility), kept


async def _within(ctx: Context, area: str | None) -> frozenset[int] | None:
    if area is None:
        return None
    try:
        named = await ctx.read(rows_named, area_codes=(area,))
    except UnknownCode as error:
        raise BadUserInput(f"No area has the code {area}.", argument="area") from error
    return named.areas.ids if named.areas is not None else None


class FloodSource:
    """A snapshot, if one is owed, and then the log from the place where that was taken."""

    def __init__(self, log: LogSource, sealer: Sealer, snapshot: Sequence[FloodAreaRow] | None, at: int) -> None:
        self._log = log
        self._sealer = sealer
        self._place = log.known
        self._snapshot = None if snapshot is None else list(snapshot)[::-1]
        self._at = at
        self._following = False

    def __aiter__(self) -> AsyncIterator[Told]:
        return self

    async def __anext__(self) -> Told:
        """The next part of the snapshot, its end, or the next change."""
        return self._of_snapshot() or await self._log.__anext__()

    async def next_now(self) -> Told | None:
        """See execution.SharedSource."""
        return self._of_snapshot() or await self._log.next_now()

    def _of_snapshot(self) -> Told | None:
        if self._snapshot:
            row = self._snapshot.pop()
            cursor = self._sealer.seal(*self._place, in_snapshot=True)
            at = row.last_updated_at or row.observed_at
            return Told(FloodChange(ChangeKind.SNAPSHOT, row.id, row.state, None, at, cursor), cursor)
        if self._snapshot is not None:
            self._snapshot = None
            cursor = self._sealer.seal(*self._place)
            return Told(FloodChange(ChangeKind.SNAPSHOT_END, None, None, None, self._at, cursor), cursor)
        self._following = True
        return None

    def sharing(self, *, personal: bool) -> Hashable:
        """See execution.SharedSource."""
        return self._log.sharing(personal=personal)

    @property
    def personal(self) -> bool:
        """See execution.SharedSource."""
        return self._log.personal

    @property
    def read(self) -> int:
        """See execution.SharedSource."""
        return self._log.read

    @property
    def known(self) -> Place:
        """See execution.SharedSource."""
        return self._log.known

    def cursor_of(self, place: Place) -> str:
        """See execution.SharedSource."""
        return self._log.cursor_of(place)

    def go_on(self, place: Place) -> None:
        """See execution.SharedSource."""
        self._log.go_on(place)

    def feed(self, wake: Callable[[], None], end: Callable[[Exception], None]) -> LogFeed:
        """See execution.SharedSource."""
        return self._log.feed(wake, end)

    @property
    def past(self) -> bool:
        """See execution.Source."""
        return not self._following or self._log.past

    def progress(self) -> str | None:
        """See execution.Source."""
        return self._log.progress() if self._following else None

    async def aclose(self) -> None:
        """See execution.Source."""
        await self._log.aclose()


async def changes_of(
    areas: Sequence[FloodAreaRow], ctx: Context, *, since: int | None, paging: Paging
) -> list[ListResult[FloodChange]]:
    """How each area's state changed, oldest first."""
    span = await span_of(ctx, paging, ORDER)
    head = await ctx.read(read_head)
    sealer = Sealer(ctx.parts.cursors, await ctx.visibility(), head.epoch)
    pages = await ctx.read(flood_pages, [area.id for area in areas], span, since=since)
    found: list[ListResult[FloodChange]] = []
    for area in areas:
        page = pages[area.id]
        changes = Page([change_of(entry, sealer) for entry in page.rows], page.keys, page.has_next, page.has_previous)
        found.append(await list_result(ctx, changes, ORDER, _uncounted))
    return found


async def _uncounted() -> int:
    raise LookupError("changes are not counted")
