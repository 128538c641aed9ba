"""Turns that the operations of one client take, so that whatever it asks for at once others are served in between."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class CostTurns:
    """Lets operations run side by side whose costs come to `most` together; the others wait, first come, first served.

    One that is dearer than `most` runs alone. Nothing is refused, and while nobody else asks no time is lost: the hub
    works on so many at once at any rate.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running = 0
        self._cost = 0  # of those that run
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, cost: int) -> AsyncIterator[None]:
        """Run a block that costs so much, in its turn."""
        await self._begin(cost)
        try:
            yield
        finally:
            self._end(cost)

    async def _begin(self, cost: int) -> None:
        if not self._waiting and self._fits(cost):
            self._start(cost)
            return
        mine = (cost, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            await mine[1]
        except asyncio.CancelledError:
            if mine[1].cancelled():
                self._call()  # what was waiting behind it may fit
            else:
                self._end(cost)  # its turn had come just then
            raise

    def _fits(self, cost: int) -> bool:
        return not self._running or self._cost + cost <= self._most

    def _start(self, cost: int) -> None:
        self._running += 1
        self._cost += cost

    def _end(self, cost: int) -> None:
        self._running -= 1
        self._cost -= cost
        self._call()

    def _call(self) -> None:
        while self._waiting:
            cost, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._fits(cost):
                    return
                self._start(cost)
                turn.set_result(None)
            self._waiting.popleft()
