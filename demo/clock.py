"""The clock of the made-up city: the real one, a faster one, or one that a test sets by hand."""

import time
from datetime import UTC, datetime, timedelta, timezone

JAKARTA = timezone(timedelta(hours=7), "WIB")
"""Western Indonesian time. It has no summer time, so a fixed offset is the whole truth."""


class Clock:
    """Tells the city's time: `start` at the moment of making, and from there `speed` times as fast as real time.

    A speed of 0 stands still until `set` or `advance` moves it, which is what tests want.
    """

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError("the start of a clock needs a time zone")
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """The city's time now, in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    def set(self, moment: datetime) -> None:
        """Move to `moment` and go on from there at the same speed."""
        self._start = moment.astimezone(UTC)
        self._origin = time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move on (or back, when negative) by so many seconds of the city's time."""
        self.set(self.now() + timedelta(seconds=seconds))
