"""Reads the log once for all who have caught up with it: each entry is asked of the feeds that it may concern, and of no other."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from domain.visibility import Visibility
from domain.vocabulary import EventKind
from resolvers.errors import CursorExpired
from resolvers.interests import FloodInterest, Interest, ReportInterest, class_of
from resolvers.log_feed import LogFeed, Reading, Track
from resolvers.report_feeds import ReportFeeds
from storage.events.reading import LogEntry
from storage.events.tail import LogTail
from storage.reports.seen import uses_true_places

log = logging.getLogger("simpul.log")

_SPELL = 0.002
"""Seconds of work after which others have a turn."""


class Audience:
    """All feeds on one log. It reads while there are any.

    `tested` counts the filters that entries were judged by, `told` those that had something to tell.
    """

    def __init__(self, tail: LogTail) -> None:
        self._tail = tail
        self._feeds: set[LogFeed] = set()
        self._reports = {True: ReportFeeds(true_places=True), False: ReportFeeds(true_places=False)}
        self._floods: dict[int | None, set[LogFeed]] = {}
        self._flood_tracks: dict[Visibility, Track] = {}
        self._task: asyncio.Task[None] | None = None
        self._seq = self._epoch = 0
        self.tested = self.told = 0

    @property
    def revision(self) -> int:
        """The tail's: it rises whenever what was read before may tell what is hidden now."""
        return self._tail.revision

    def join(
        self, interest: Interest, source: Reading, wake: Callable[[], None], end: Callable[[Exception], None]
    ) -> LogFeed:
        """One more feed. What `source` has not read comes through it, or was heard before and is to be passed over."""
        if self._task is not None and self._epoch != self._tail.epoch:
            self._end_all(CursorExpired())
        feed = LogFeed(self, interest, source, self._track_of(interest), wake, end)
        self._feeds.add(feed)
        if isinstance(interest, ReportInterest):
            self._where(interest).add(feed, interest)
        elif isinstance(interest, FloodInterest):
            for area in interest.within if interest.within is not None else (None,):
                self._floods.setdefault(area, set()).add(feed)
        if self._task is None:
            self._seq, self._epoch = self._tail.seq, self._tail.epoch
            self._task = asyncio.create_task(self._follow(), name="log audience")
        return feed

    def leave(self, feed: LogFeed) -> None:
        """One feed less."""
        if feed not in self._feeds:
            return
        self._feeds.discard(feed)
        if isinstance(feed.interest, ReportInterest):
            self._where(feed.interest).remove(feed, feed.interest)
        elif isinstance(feed.interest, FloodInterest):
            for area in feed.interest.within if feed.interest.within is not None else (None,):
                self._floods[area].discard(feed)
                if not self._floods[area]:
                    del self._floods[area]
        if not self._feeds and self._task is not None:
            self._flood_tracks.clear()
            self._task.cancel()
            self._task = None

    def _where(self, interest: ReportInterest) -> "ReportFeeds":
        reader = interest.reader
        return self._reports[uses_true_places(reader.visibility, mine=reader.own)]

    def _track_of(self, interest: Interest) -> Track:
        if isinstance(interest, ReportInterest):
            return self._where(interest).track_of(interest)
        assert isinstance(interest, FloodInterest)
        return self._flood_tracks.setdefault(class_of(interest.viewer), Track())

    async def _follow(self) -> None:
        while True:
            revision = self._tail.revision
            try:
                page = await self._tail.after(self._seq, self._epoch)
            except Exception:
                log.warning("the log could not be read for its subscribers", exc_info=True)
                await asyncio.sleep(1)
                continue
            if not page:
                self._task = None
                self._end_all(CursorExpired())
                return
            try:
                await self._hear_page(page, revision)
            except Exception as error:
                log.exception("an entry could not be judged for its subscribers")
                self._task = None
                self._end_all(error)
                return

    async def _hear_page(self, page: list[LogEntry], revision: int) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + _SPELL
        for entry in page:
            if revision != self._tail.revision:
                return  # and read again
            self._hear(entry, revision)
            self._seq = entry.seq
            if clock() > until:
                await asyncio.sleep(0)
                until = clock() + _SPELL

    def _hear(self, entry: LogEntry, revision: int) -> None:
        for feed in self._concerned(entry):
            self.tested += 1
            if feed.interest.tell(entry) is not None:
                self.told += 1
                feed.add(entry, revision)
        for each in self._reports.values():
            each.move(entry)
        if entry.kind == EventKind.FLOOD_STATE:
            for track in self._flood_tracks.values():
                track.move(entry)

    def _concerned(self, entry: LogEntry) -> Iterator[LogFeed]:
        if entry.kind == EventKind.FLOOD_STATE:
            yield from self._floods.get(None, ())
            if entry.flood_area_area_id is not None:
                yield from self._floods.get(entry.flood_area_area_id, ())
        elif entry.report_id is not None:
            for each in self._reports.values():
                yield from each.concerned(entry)

    def _end_all(self, error: Exception) -> None:
        """Everybody begins again: the log is past its epoch, or could not be judged."""
        for feed in list(self._feeds):
            self.leave(feed)
            feed.end(error)


def audience_of(tail: LogTail) -> Audience:
    """The audience of a log, made when it is first asked for."""
    if not isinstance(tail.audience, Audience):
        tail.audience = Audience(tail)
    return tail.audience
