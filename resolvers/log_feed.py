"""What waits for one kind of subscription that has caught up with the log and is read to by an audience.

A feed stands for all subscriptions that tell the same. What concerns it waits in it until it was handed out; of a feed that
is too slow no more than so much, and then it reads the log for itself until it has caught up again.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from resolvers.interests import Interest
from storage.events.reading import LogEntry

Place = tuple[int, bytes]
"""A number of the log, and the chain there."""

MOST_WAITING = 1_000
"""Entries that wait in a feed; what comes beyond is read from the log."""
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


class Hearing(Protocol):
    """What reads the log once for all feeds (`resolvers.audience.Audience`)."""

    @property
    def revision(self) -> int:
        """Rises whenever what was read before may tell what is hidden now."""

    def leave(self, feed: "LogFeed") -> None:
        """One feed less."""


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
        audience: Hearing,
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
