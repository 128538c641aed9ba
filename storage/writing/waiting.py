"""Writes that wait for their group: how many may, which come next, and how those who asked for them are told.

Sources have a queue of their own. Their batches are long, so a group has one of them at most; and where people's writes
keep waiting, every fifth group has one, so that a flood of reports does not make the states of floods stale.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from storage.errors import Overloaded
from storage.writing.group import Done
from storage.writing.transaction import Lane, Operation

MAX_WAITING = 10_000
"""How many of people's writes may wait."""

MAX_WAITING_OF_SOURCES = 1_000
"""Batches, of many records each. Whoever reads a source waits for its last batch before it brings the next, so that many are
never there but by a fault."""

SMALLEST_GROUP, LARGEST_GROUP = 64, 256
GROUP_SECONDS = 0.25
"""How long a group may take at the pace of those before it, since whoever comes last waits for the one before his as well.
It is never small: where it is the disk that takes its time, groups must grow for the pace to."""

GROUPS_WITHOUT_SOURCES = 4
_FIRST_PACE = 1_000.0
"""Operations a second, until the first groups have shown the true one."""
_LONGEST_RETRY = 60.0
"""Seconds. Whoever is told to come later than that does not come again."""

Job = tuple[Operation[Any], "asyncio.Future[Any]"]
"""An operation, and who waits for it."""


class Waiting:
    """The queues of one writer. `put` is called on the event loop, the rest by whoever writes, in a thread or not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._people: deque[Job] = deque()
        self._sources: deque[Job] = deque()
        self._again: list[Job] = []
        self._groups_without_sources = 0
        self._begun = 0.0
        self._taken = 0
        self._pace = _FIRST_PACE

    def __len__(self) -> int:
        return len(self._people) + len(self._sources) + len(self._again)

    def put(self, job: Job) -> None:
        """Has an operation wait for its group. Raises Overloaded, which tells when there will be room."""
        if job[0].lane is Lane.SOURCES:
            queue, most = self._sources, MAX_WAITING_OF_SOURCES
        else:
            queue, most = self._people, MAX_WAITING
        if len(queue) >= most:
            raise Overloaded(self._retry_after(len(queue)))
        queue.append(job)

    def take(self) -> list[Job]:
        """The next group; empty if nothing waits."""
        self._begun = self._clock()
        jobs, self._again = self._again, []
        size = max(SMALLEST_GROUP, min(LARGEST_GROUP, int(self._pace * GROUP_SECONDS)))
        if self._sources and (not self._people or self._groups_without_sources >= GROUPS_WITHOUT_SOURCES):
            jobs.append(self._sources.popleft())
            self._groups_without_sources = 0
        elif self._people:
            self._groups_without_sources += 1
        while self._people and len(jobs) < size:
            jobs.append(self._people.popleft())
        self._taken = len(jobs)
        return jobs

    def done(self, again: list[Job]) -> None:
        """The group was committed, but for those that have to come again."""
        self._again = again
        took = max(self._clock() - self._begun, 1e-6)
        self._pace += ((self._taken - len(again)) / took - self._pace) / 8

    def _retry_after(self, waiting: int) -> float:
        """Seconds until what waits now will be written, at the pace of the last groups."""
        return min(_LONGEST_RETRY, max(1.0, float(round(waiting / max(self._pace, 1.0)))))


def to_come_again(jobs: Sequence[Job], done: Sequence[Done]) -> list[Job]:
    """Of a group that was committed those that have to come again, with the locks that they turned out to need."""
    return [
        (replace(operation, locks=operation.locks | outcome.more_locks), future)
        for (operation, future), outcome in zip(jobs, done, strict=True)
        if outcome.more_locks
    ]


def settle(future: "asyncio.Future[Any]", outcome: Done) -> None:
    """Gives who waits the outcome of an operation that is done."""
    if future.done() or outcome.more_locks:
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.value)
