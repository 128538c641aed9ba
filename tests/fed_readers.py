"""A reader of the log that has caught up and left the reading to a feed, as subscriptions that share one do."""

import asyncio
from typing import Any

from execution.stream import Place
from resolvers.audience import audience_of
from resolvers.streams import LogSource, Told
from storage.events.tail import LogTail


class FedReader:
    """What it is told, in order, each thing once; `ended` is what its feed broke off with."""

    def __init__(self, tail: LogTail, source: LogSource) -> None:
        self._audience = audience_of(tail)
        self._tail = tail
        self._source = source
        self.waked = 0
        self.ended: Exception | None = None
        self._feed: Any = None
        self._seen = 0
        self._last: Place = source.known

    async def join(self) -> list[Told]:
        """Catches up, and leaves off reading: what was read on the way."""
        read = []
        while (told := await self._source.next_now()) is not None:
            read.append(told)
        self._feed = self._source.feed(self._wake, self._end)
        self._seen, self._last = self._source.read, self._source.known
        return read

    async def take(self) -> list[Told]:
        """What has come since: all that the log has, as the hub's own reader of it knows."""
        while self.ended is None and self._audience._seq < self._tail.seq:  # noqa: ASYNC110  nobody is told when that is so
            await asyncio.sleep(0)
        taken = []
        while (told := await self._feed.next()) is not None:
            if told.place[0] > self._seen:
                self._seen, self._last = told.place[0], told.place
                taken.append(told)
        return taken

    @property
    def stands(self) -> Place:
        """The place that it may tell."""
        settled: Place = self._feed.settled
        return max(settled, self._last, key=lambda place: place[0])

    def _wake(self) -> None:
        self.waked += 1

    def _end(self, error: Exception) -> None:
        self.ended = error

    def leave(self) -> None:
        """Reads no more."""
        self._feed.close()
