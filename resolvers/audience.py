"""Reads the log once for all who have caught up with it: each entry is asked of the feeds that it may concern, and of no other.

A feed stands for all subscriptions that tell the same. What concerns it waits in it until it was handed out; of a feed that
is too slow no more than so much, and then it reads the log for itself until it has caught up again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from domain.visibility import Visibility
from domain.vocabulary import EventKind
from resolvers.errors import CursorExpired
from resolvers.filter_index import FilterIndex
from resolvers.interests import FloodInterest, Interest, ReportInterest, class_of
from storage.event_reading import LogEntry
from storage.event_tail import LogTail
from storage.facets import Facets
from storage.reports.seen import uses_true_places

log = logging.getLogger("simpul.log")

Place = tuple[int, bytes]
"""A number of the log, and the chain there."""

MOST_WAITING = 1_000
"""Entries that wait in a feed; what comes beyond is read from the log."""
_SPELL = 0.002
"""Seconds of work after which others have a turn."""
_NOWHERE: Place = (0, b"")


class Reading(Protocol):
    """A reader of the log with a position of its own (`resolvers.streams.LogSource`)."""

    async def next_now(self) -> Any | None:
        """The next thing told, None at the log's end."""

    def go_on(self, place: Place) -> None:
        """Read on from there."""

    def told_of(self, entry: LogEntry) -> Any | None:
        """What is told of an entry now."""

    @property
    def known(self) -> Place:
        """The last place that may be told."""


class Track:
    """The last place that a class of readers may know of, or one person of it."""

    __slots__ = ("_of_class", "_own")

    def __init__(self, of_class: "Track | None" = None) -> None:
        self._of_class = of_class
        self._own = _NOWHERE

    @property
    def place(self) -> Place:
        """Where it stands; number 0 until something was read."""
        if self._of_class is not None and self._of_class.place[0] > self._own[0]:
            return self._of_class.place
        return self._own

    def move(self, entry: LogEntry) -> None:
        """Stand on an entry."""
        if entry.seq > self._own[0]:
            self._own = (entry.seq, entry.chain)


class LogFeed:
    """Implements execution.Feed on the log."""

    def __init__(
        self,
        audience: "Audience",
        interest: Interest,
        source: Reading,
        track: Track,
        wake: Callable[[], None],
        end: Callable[[Exception], None],
    ) -> None:
        self.interest, self.track = interest, track
        self.wake, self.end = wake, end
        self._audience = audience
        self._source = source
        self._waiting: deque[tuple[LogEntry, Place, int]] = deque()
        self._before: Place | None = None  # where one may stand while something is handed out
        self._lost = False  # more came than may wait: the rest is read from the log

    def add(self, entry: LogEntry, revision: int) -> None:
        """Have an entry wait that tells something."""
        if self._lost:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((entry, self.track.place, revision))
        else:
            self._lose(self.track.place)
        self.wake()

    def _lose(self, place: Place) -> None:
        """Go on by reading the log, behind what waits (or, where it may tell too much, from where it began)."""
        self._lost = True
        self._source.go_on(place)

    async def next(self) -> Any | None:
        """See execution.Feed. Raises CursorExpired when the log begins a new epoch."""
        self.done()
        while self._waiting:
            entry, before, revision = self._waiting.popleft()
            if revision != self._audience.revision:  # what was read then may tell what is hidden now
                self._waiting.clear()
                self._lose(before)
                break
            told = self._source.told_of(entry)
            if told is not None:
                self._before = before
                return told
        if not self._lost:
            return None
        before = self._source.known
        told = await self._source.next_now()
        if told is None:
            self._lost = False
        else:
            self._before = before
        return told

    def done(self) -> None:
        """See execution.Feed."""
        self._before = None

    @property
    def settled(self) -> Place:
        """See execution.Feed."""
        if self._before is not None:
            return self._before
        if self._waiting:
            return self._waiting[0][1]
        return self._source.known if self._lost else self.track.place

    def close(self) -> None:
        """See execution.Feed."""
        self._waiting.clear()
        self._audience.leave(self)


class Audience:
    """All feeds on one log. It reads while there are any.

    `tested` counts the filters that entries were judged by, `told` those that had something to tell.
    """

    def __init__(self, tail: LogTail) -> None:
        self._tail = tail
        self._feeds: set[LogFeed] = set()
        self._reports = {True: _ReportFeeds(true_places=True), False: _ReportFeeds(true_places=False)}
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

    def _where(self, interest: ReportInterest) -> "_ReportFeeds":
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


class _ReportFeeds:
    """Feeds on reports that are judged on places of one kind: by filter; those of a person's own reports by the person."""

    def __init__(self, *, true_places: bool) -> None:
        self._true_places = true_places
        self._index: FilterIndex[LogFeed] = FilterIndex(true_places=true_places)
        self._classes: dict[Visibility, _Class] = {}
        self._created_only = 0
        self._of_kinds = 0  # the bits of those that want certain kinds alone
        self._kinds: dict[str, int] = {}
        self._own: dict[tuple[str, int], set[LogFeed]] = {}

    def track_of(self, interest: ReportInterest) -> Track:
        """The track of the reader's class; of one who reads his own reports one that knows of his hidden ones too."""
        found = self._classes.setdefault(class_of(interest.reader.visibility), _Class(interest)).track
        return Track(found) if interest.reader.own else found

    def add(self, feed: LogFeed, interest: ReportInterest) -> None:
        """File a feed. `track_of` was asked before."""
        self._classes[class_of(interest.reader.visibility)].feeds += 1
        if interest.reader.own:
            self._classes[class_of(interest.reader.visibility)].own.add(feed)
            for key in _owned_by(interest):
                self._own.setdefault(key, set()).add(feed)
            return
        bit = self._index.add(feed, interest.reader.filter)
        self._classes[class_of(interest.reader.visibility)].bits |= bit
        if interest.reader.created_only:
            self._created_only |= bit
        if interest.reader.kinds is not None:
            self._of_kinds |= bit
            for kind in interest.reader.kinds:
                self._kinds[kind] = self._kinds.get(kind, 0) | bit

    def remove(self, feed: LogFeed, interest: ReportInterest) -> None:
        """Take a feed out."""
        of_class = self._classes[class_of(interest.reader.visibility)]
        of_class.feeds -= 1
        if not of_class.feeds:
            del self._classes[class_of(interest.reader.visibility)]
        if interest.reader.own:
            of_class.own.discard(feed)
            for key in _owned_by(interest):
                self._own[key].discard(feed)
                if not self._own[key]:
                    del self._own[key]
            return
        bit = self._index.remove(feed)
        of_class.bits &= ~bit
        self._created_only &= ~bit
        self._of_kinds &= ~bit
        for kind in interest.reader.kinds or ():
            self._kinds[kind] &= ~bit

    def concerned(self, entry: LogEntry) -> Iterable[LogFeed]:
        """Those that may have something to tell of an entry about a report: few more than have."""
        bits = self._bits(entry)
        found = set(self._index.keys(bits)) if bits else set()
        for each in self._classes.values():
            if each.own and each.loses(entry):
                found |= each.own
        for key in _owners(entry):
            found |= self._own.get(key, set())
        return found

    def _bits(self, entry: LogEntry) -> int:
        """Where a class loses sight of the report all are told who keep a list; else those whose filter it matches now,
        or did before."""
        now = then = None
        found = 0
        for each in self._classes.values():
            if not each.bits or not each.reader.knows(entry):
                continue
            if each.loses(entry):
                found |= each.bits & ~self._created_only
                continue
            now = self._matching_now(entry) if now is None else now
            found |= each.bits & now
            if each.reader.saw(entry.before):
                then = self._matching_then(entry) if then is None else then
                found |= each.bits & then
        return found

    def _matching_now(self, entry: LogEntry) -> int:
        assert entry.report_id is not None and entry.after is not None
        bits = self._index.allowing(entry.report_id, entry.after)
        if self._of_kinds:
            bits &= ~self._of_kinds | self._kinds.get(entry.kind, 0)
        return bits if entry.kind == EventKind.CREATED else bits & ~self._created_only

    def _matching_then(self, entry: LogEntry) -> int:
        """Where nothing that filters ask for has changed, none is left that did not match as well."""
        assert entry.report_id is not None and entry.before is not None
        if entry.before == entry.after:
            return 0
        anywhere = entry.before.public_place_withheld and not self._true_places
        return self._index.allowing(entry.report_id, entry.before, anywhere=anywhere) & ~self._created_only

    def move(self, entry: LogEntry) -> None:
        """Have the tracks of all who may know of the entry stand on it."""
        for each in self._classes.values():
            if each.reader.knows(entry):
                each.track.move(entry)
        for key in _owners(entry) if self._own else ():
            for feed in self._own.get(key, ()):
                if feed.interest.knows(entry):
                    feed.track.move(entry)


class _Class:
    """The readers of one class of viewers: their bits, and how far they may know that the log goes."""

    def __init__(self, interest: ReportInterest) -> None:
        self.reader = interest.reader.of_class()
        self.track = Track()
        self.bits = self.feeds = 0
        self.own: set[LogFeed] = set()
        """Those of persons' own reports."""

    def loses(self, entry: LogEntry) -> bool:
        """Whether a report leaves the sight of the class with an entry."""
        return self.reader.knows(entry) and not self.reader.saw(entry.after)


def _owned_by(interest: ReportInterest) -> Iterator[tuple[str, int]]:
    visibility = interest.reader.visibility
    if visibility.person_id is not None:
        yield "person", visibility.person_id
    for report_id in visibility.followed:
        yield "report", report_id


def _owners(entry: LogEntry) -> set[tuple[str, int]]:
    """Whose report an entry is about."""
    sides: list[Facets] = [side for side in (entry.before, entry.after) if side is not None]
    found = {("person", side.reporter_id) for side in sides if side.reporter_id is not None}
    return found | ({("report", entry.report_id)} if entry.report_id is not None else set())


def audience_of(tail: LogTail) -> Audience:
    """The audience of a log, made when it is first asked for."""
    if not isinstance(tail.audience, Audience):
        tail.audience = Audience(tail)
    return tail.audience
