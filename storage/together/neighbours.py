"""A process among others that share a store on one machine: host of them all, or guest of whoever is.

There is always one host, or about to be one: whoever finds nobody in the seat takes it. On SQLite the host writes for
all, so that their writes share its commits; everywhere it passes on how far the log is, so that what one process wrote
the others hear of at once.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from storage.errors import Overloaded
from storage.events.bell import Bell
from storage.together.crossing import Crossing
from storage.together.guest import Guest
from storage.together.host import Host
from storage.together.seat import Seat
from storage.writing.waiting import MAX_WAITING, Job

log = logging.getLogger("simpul.together")

_LOOK_AGAIN = 0.01
"""Seconds between two looks while one host is gone and the next is not there yet."""
_PATIENCE = 50
"""Looks after which one that is not ready takes the seat all the same."""
_AFTER_FAILURE = 1.0


class Writes(Protocol):
    """What a host does with writes."""

    async def begin(self) -> None:
        """Makes ready to write: this process alone does so from now on. Raises StoreUnavailable."""

    def submit(self, job: Job) -> None:
        """Has it written. Raises Overloaded."""

    async def end(self) -> None:
        """Writes what waits; nothing more comes."""


@dataclass(frozen=True, slots=True)
class Beside:
    """That a store is used by so many processes side by side: where they meet, and what may go between them.

    `first`: this one is started before the others.
    """

    folder: Path
    crossing: Crossing
    of: int = 1
    first: bool = True


class _NoWrites:
    """For a store of which each process writes by itself."""

    async def begin(self) -> None:
        """See Writes."""

    def submit(self, _job: Job) -> None:
        """See Writes."""
        raise NotImplementedError("each process writes by itself")

    async def end(self) -> None:
        """See Writes."""


class Neighbours:
    """This process's place among the others. `open` returns when it has one; `submit` has something written."""

    def __init__(self, beside: Beside, bell: Bell) -> None:
        self._seat = Seat(beside.folder)
        self._crossing = beside.crossing
        self._first = beside.first
        self._looks = 0
        self._bell = bell
        self._host: Host | None = None
        self._guest: Guest | None = None
        self._waiting: deque[Job] = deque()
        self._closing = asyncio.Event()
        self._placed: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def hosting(self) -> bool:
        """Whether this process is the host now."""
        return self._host is not None

    async def open(self, writes: Writes | None = None) -> None:
        """Finds this process its place; without `writes` a host only tells how far the log is. Raises StoreUnavailable."""
        writes = writes or _NoWrites()
        self._placed = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._keep_a_place(writes), name="neighbours")
        await self._placed

    async def close(self) -> None:
        """Waits for what was submitted; another takes the seat, if this process had it."""
        self._closing.set()
        if self._task is not None:
            await self._task

    def submit(self, job: Job) -> None:
        """Has a write done, here or by the host; while there is none, by whoever comes to be it. Raises Overloaded."""
        if self._host is not None:
            self._host.submit(job)
        elif len(self._waiting) + len(self._guest or ()) >= MAX_WAITING:
            raise Overloaded(retry_after=1.0)
        elif self._guest is not None and self._guest.takes:
            self._guest.submit(job)
        elif self._task is None or self._task.done():
            raise Overloaded(retry_after=1.0)  # it has no place any more
        else:
            self._waiting.append(job)

    def ring(self, seq: int) -> None:
        """This process has committed: the log has reached `seq`."""
        self._bell.ring(seq)
        if self._host is not None:
            self._host.ring(seq)
        elif self._guest is not None:
            self._guest.ring(seq)

    async def _keep_a_place(self, writes: Writes) -> None:
        while not self._closing.is_set() or self._waiting:
            try:
                if self._may_host() and self._seat.take():
                    await self._be_host(writes)
                else:
                    await self._be_guest()
            except Exception as error:
                if not self._settled(error):
                    log.exception("this process has no place among the others")
                    await asyncio.sleep(_AFTER_FAILURE)

    def _may_host(self) -> bool:
        """One that has only just been started leaves the seat to those that are ready, if there are any."""
        self._looks += 1
        return self._first or self._crossing.complete.is_set() or self._looks > _PATIENCE

    def _settled(self, error: Exception | None = None) -> bool:
        """Tells who opened this, the first time."""
        assert self._placed is not None
        if self._placed.done():
            return False
        if error is None:
            self._placed.set_result(None)
        else:
            self._placed.set_exception(error)
            self._closing.set()
        return True

    async def _be_host(self, writes: Writes) -> None:
        host = Host(self._crossing, writes.submit, self._bell.ring)
        try:
            await writes.begin()
            try:
                self._host = host
                self._hand_over(host.submit)
                self._settled()
                if not isinstance(writes, _NoWrites):
                    log.info("pid %d writes for all", os.getpid())
                if await self._completed():
                    await host.open(self._seat)
                    await self._closing.wait()
            finally:
                await host.close()
                self._host = None  # what comes now waits for the next host
                await writes.end()
        finally:
            self._seat.give_up()

    async def _completed(self) -> bool:
        """Waits until this process can do what others hand over; False if it is closed before."""
        waits = [asyncio.ensure_future(each.wait()) for each in (self._crossing.complete, self._closing)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return not self._closing.is_set()

    async def _be_guest(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, guest = await loop.create_unix_connection(
                lambda: Guest(self._crossing, self._bell.ring), self._seat.path
            )
        except OSError:
            await asyncio.sleep(_LOOK_AGAIN)
            return
        await guest.welcome
        if not guest.takes:
            await asyncio.sleep(_LOOK_AGAIN)
            return
        self._guest = guest
        self._hand_over(guest.submit)
        self._settled()
        closing = asyncio.ensure_future(self._closing.wait())
        either: set[asyncio.Future[Any]] = {closing, guest.leaving}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        self._guest = None
        while len(guest) and not guest.gone.done():
            await asyncio.wait({guest.gone}, timeout=_LOOK_AGAIN)
        guest.close()
        await guest.gone

    def _hand_over(self, submit: Callable[[Job], None]) -> None:
        while self._waiting:
            operation, future = self._waiting.popleft()
            try:
                submit((operation, future))
            except Overloaded as error:
                future.set_exception(error)
