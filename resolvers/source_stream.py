"""The subscription `sources`: each source as it is, then each change of state and the end of each sync that was asked for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

from sqlalchemy import Connection, select

from domain.visibility import Visibility
from resolvers.context import Context
from resolvers.streams import Told
from storage.rows import SourceRow
from storage.sources.reading import all_sources
from storage.store import Store
from storage.tables import sources as table

log = logging.getLogger("simpul.sources")

POLL_SECONDS = 0.5


def _changes(conn: Connection) -> dict[int, int]:
    return {row.id: row.change for row in conn.execute(select(table.c.id, table.c.change))}


def _look(conn: Connection, visibility: Visibility) -> tuple[dict[int, int], list[SourceRow]]:
    """All changes, for what a watcher may not know of is not to wake it again, and the sources that it may know of."""
    return _changes(conn), all_sources(conn, visibility)


class SourceWatch:
    """Looks for changes of sources once for all who watch; runs only while somebody does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changes: dict[int, int] = {}
        self._moved = asyncio.Condition()
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """One more watcher."""
        self._watchers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look(), name="source watch")

    async def leave(self) -> None:
        """One watcher less."""
        self._watchers -= 1
        if self._watchers == 0 and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def wait(self, seen: Mapping[int, int]) -> None:
        """Returns once a source has changed since the watcher saw it, or is new."""
        async with self._moved:
            await self._moved.wait_for(lambda: any(change > seen.get(row, -1) for row, change in self._changes.items()))

    async def _look(self) -> None:
        while True:
            try:
                await self._tell(await self._store.read(_changes))
            except Exception:
                log.warning("the sources could not be read", exc_info=True)
            await asyncio.sleep(POLL_SECONDS)

    async def _tell(self, fresh: dict[int, int]) -> None:
        if fresh != self._changes:
            async with self._moved:
                self._changes = fresh
                self._moved.notify_all()


class SourceSource:
    """What the subscription hands out: rows of sources, without cursors, since each tells the whole state."""

    def __init__(self, store: Store, watch: SourceWatch, visibility: Visibility) -> None:
        self._store = store
        self._watch = watch
        self._visibility = visibility
        self._seen: dict[int, int] = {}
        self._closed = False
        self._waiting: list[SourceRow] = []

    def __aiter__(self) -> AsyncIterator[Told]:
        return self

    async def __anext__(self) -> Told:
        """The next source that is new to this watcher."""
        while not self._waiting:
            if self._seen:
                await self._watch.wait(self._seen)
            changes, rows = await self._store.read(_look, self._visibility)
            self._waiting = [row for row in rows if self._seen.get(row.id) != row.change]
            self._seen = changes
        return Told(self._waiting.pop(0))

    def progress(self) -> str | None:
        """See execution.Source."""
        return None

    async def aclose(self) -> None:
        """See execution.Source."""
        if not self._closed:
            self._closed = True
            await self._watch.leave()


async def sources(ctx: Context) -> SourceSource:
    """Opens the subscription; values are SourceRow."""
    watch = ctx.parts.source_watch
    assert watch is not None, "where something is subscribed to the sources are watched"
    visibility = await ctx.visibility()
    await watch.join()  # last: whoever leaves before has nothing to give back
    return SourceSource(ctx.parts.store, watch, visibility)
