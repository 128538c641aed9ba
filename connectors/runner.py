"""Runs all sources of this process side by side, each in a loop of its own, and stops them gracefully."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.base import Connector, utc_now
from connectors.config import SourceConfig
from connectors.intake import Counts
from connectors.schedule import Policy
from connectors.source_loop import SourceLoop
from domain.sink import Sink, new_holder

logger = logging.getLogger(__name__)


class Runner:
    """The connectors' side of the hub: `start`, then `wake` as people ask, then `stop`."""

    def __init__(
        self,
        connectors: Sequence[Connector[SourceConfig]],
        sink: Sink,
        *,
        policy: Policy | None = None,
        holder: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._connectors = list(connectors)
        self._sink = sink
        self._policy = policy or Policy()
        self._tasks: list[asyncio.Task[None]] = []
        at_once = asyncio.Semaphore(self._policy.photos_at_once)
        name, chance = holder or new_holder(), rng or random.Random()
        self._loops = {
            connector.code: SourceLoop(connector, sink, self._policy, name, at_once, chance, clock)
            for connector in connectors
            if connector.config.enabled
        }

    async def start(self) -> None:
        """Makes the sources known and starts a task for each that is enabled."""
        await self._sink.declare([connector.declaration() for connector in self._connectors])
        self._tasks = [asyncio.create_task(loop.run(), name=f"source:{code}") for code, loop in self._loops.items()]

    def wake(self, source: str) -> bool:
        """Runs a source now. False if this process does not have it."""
        loop = self._loops.get(source)
        if loop is not None:
            loop.wake()
        return loop is not None

    @property
    def counts(self) -> dict[str, Counts]:
        """What each source has brought since the start."""
        return {code: loop.intake.counts for code, loop in self._loops.items()}

    async def stop(self) -> None:
        """Lets each source finish the batch it is storing, gives the leases back, closes the connections."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._policy.stop_seconds)
            for task in late:
                logger.warning("a source did not stop in time", extra={"task": task.get_name()})
        self._tasks = []
        for connector in self._connectors:
            await connector.aclose()
