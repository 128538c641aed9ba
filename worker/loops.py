"""The worker's loops: each does its round, sleeps until its next one or until it is woken, and outlives its failures."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from worker.deadlines import Deadlines
from worker.outbox import Outbox
from worker.sweeping import Sweeping
from worker.work import Work

log = logging.getLogger("simpul.worker")

AFTER_FAILURE = 5.0


@dataclass(slots=True)
class Loop:
    """One thing that is done again and again. `round` returns the seconds until it has to be done next."""

    name: str
    round: Callable[[], Awaitable[float]]
    failures: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            self.woken.clear()
            try:
                pause = await self.round()
            except Exception:
                self.failures += 1
                log.exception("%s failed (%d times so far)", self.name, self.failures)
                pause = AFTER_FAILURE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):  # wait_for would lose a cancellation that comes with the waking
                    await self.woken.wait()


class Worker:
    """All loops of one process: `start`, `wake` when the outbox has something new, `stop`."""

    def __init__(self, work: Work, holder: str) -> None:
        outbox = Outbox(work, holder)
        self._sweeping = Sweeping(work, holder)
        self._outbox = Loop("the outbox", outbox.round)
        self._loops: Sequence[Loop] = (
            self._outbox,
            Loop("the deadlines", Deadlines(work, holder).round),
            Loop("sweeping", self._sweeping.round),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts a task for each loop."""
        self._tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in self._loops]

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._outbox.woken.set()

    async def stop(self) -> None:
        """Ends the loops; what was begun is either committed or done again by whoever comes next."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._sweeping.leave()
