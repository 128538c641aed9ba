"""The newest entries of the log, read once for all the subscriptions of a process.

A subscription holds a position. While it keeps up it reads from here; when it falls behind it reads from the store, so
a slow reader costs no more than the page it is working on.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from storage.events.appending import Head, read_head
from storage.events.hiding import hides
from storage.events.reading import LogEntry, entries_by_seq, read_entries
from storage.store import Store

log = logging.getLogger("simpul.log")

KEPT = 5_000
"""Entries in memory: at ten a second, which is a busy evening, those of eight minutes. Who is further behind reads from the
store."""
PAGE = 200
"""Entries that a reader is given at once: so many are worked on before others have a turn."""
_BATCH = 1_000
"""Entries that are read from the store at once: few statements after a gap, and none of them long."""
_PAUSE = 0.01
_PAGES_HEARD = 10
"""Pages that readers from the store may have told of, beyond what is kept, before what is known of their reports is dropped.
That makes all readers look again, so it must be rare."""


@dataclass(frozen=True, slots=True)
class Now:
    """Whether a report may be seen, as of the newest entry read."""

    visibility: str | None
    agency_id: int | None


class LogTail:
    """Follows the log. `after` waits for entries behind a position; `epoch` is the log's own, as last read.

    `revision` rises whenever entries read before may tell what is hidden now: their readers read them again.
    """

    def __init__(self, store: Store, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._entries: deque[LogEntry] = deque(maxlen=kept)
        self._now: dict[int, Now] = {}
        self._grown = asyncio.Condition()
        self._seq = 0
        self._task: asyncio.Task[None] | None = None
        self.epoch = 0
        self.revision = 0
        self.hidden = 0
        """Rises whenever something that everybody saw before may be hidden now."""
        self.before_epoch: Callable[[], Awaitable[None]] | None = None
        """Awaited when the epoch has risen, before any reader is told: whoever lists again then finds what is new."""
        self.audience: object | None = None
        """Who reads here once for many (`resolvers.audience`); nothing of it is known here."""

    async def start(self) -> None:
        """Begins at the log's present head."""
        head = await self._store.read(read_head)
        self._seq, self.epoch = head.seq, head.epoch
        self._task = asyncio.create_task(self._follow(), name="log tail")

    @property
    def seq(self) -> int:
        """The newest entry read."""
        return self._seq

    async def stop(self) -> None:
        """Stops following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def ends_at(self, seq: int, epoch: int) -> bool:
        """Whether `after` would wait: there is nothing yet behind that position."""
        return self.epoch < epoch or (self.epoch == epoch and self._seq <= seq)

    async def after(self, seq: int, epoch: int, limit: int = PAGE) -> list[LogEntry]:
        """The next entries behind `seq`; waits until there is one. None at all: the log is past that epoch."""
        async with self._grown:
            await self._grown.wait_for(lambda: not self.ends_at(seq, epoch))
        if self.epoch > epoch:
            return []
        first = self._entries[0].seq if self._entries else self._seq + 1
        if seq + 1 < first:
            return await self._from_store(seq, limit)
        start = seq + 1 - first
        return [self._entries[i] for i in range(start, min(start + limit, len(self._entries)))]

    async def _from_store(self, seq: int, limit: int) -> list[LogEntry]:
        head, entries = await self._store.read(_read_on, seq, limit)
        if head.seq > self._seq:  # the store was read later than the tail: it knows better how reports stand now
            self._hear(entries)
        return entries

    def now(self, entry: LogEntry) -> Now:
        """How the entry's report stands now, as far as this process has heard."""
        assert entry.report_id is not None
        return self._now.get(entry.report_id) or Now(entry.now_visibility, entry.now_agency_id)

    async def _follow(self) -> None:
        while True:
            before = self._seq
            try:
                await self._catch_up()
            except Exception:
                log.warning("the log could not be read", exc_info=True)
                await asyncio.sleep(1)
            # Reads may be done at once: others have a turn, and a log that stays behind its bell is not read without pause.
            stays = before == self._seq < self._store.bell.seq
            await asyncio.sleep(_PAUSE if stays else 0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):  # wait_for would lose a cancellation that comes with the bell
                    await self._store.bell.wait_beyond(self._seq)

    async def _catch_up(self) -> None:
        while True:
            head, entries = await self._store.read(_read_on, self._seq, _BATCH)
            if head.epoch != self.epoch and self.before_epoch is not None:
                await self.before_epoch()
            if entries or head.epoch != self.epoch:
                await self._take(head, entries)
            if self._seq >= head.seq:
                return

    async def _take(self, head: Head, entries: list[LogEntry]) -> None:
        if head.epoch != self.epoch or any(map(hides, entries)):
            self.hidden += 1
        fuzzed = {each.report_id for each in entries if each.before and each.before.public_place_withheld}
        rewritten = [each.seq for each in self._entries if each.report_id in fuzzed] if fuzzed else []
        again = await self._store.read(entries_by_seq, rewritten) if rewritten else {}
        async with self._grown:
            if head.epoch != self.epoch:
                self._entries.clear()  # they may tell places that are hidden now; the store's own do not
            for position, each in enumerate(self._entries if again else ()):
                self._entries[position] = again.get(each.seq, each)
            self._entries.extend(entries)
            self._hear(entries)
            if fuzzed or head.epoch != self.epoch:
                self.revision += 1
            self._seq = entries[-1].seq if entries else self._seq
            self.epoch = head.epoch
            self._grown.notify_all()

    def _hear(self, entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            if entry.report_id is not None:
                self._now[entry.report_id] = Now(entry.now_visibility, entry.now_agency_id)
        if len(self._now) > 4 * self._kept + _PAGES_HEARD * PAGE:
            kept = {entry.report_id for entry in self._entries}
            self._now = {report: now for report, now in self._now.items() if report in kept}
            self.revision += 1  # who still holds older entries has nobody to ask any more


def _read_on(conn: Connection, seq: int, limit: int) -> tuple[Head, list[LogEntry]]:
    """Head and entries in one snapshot: nothing between them is missed."""
    return read_head(conn), read_entries(conn, seq, limit)
