"""Turns that the operations of one client take, so that whatever it asks for at once others are served in between."""

import asyncio
from collections import deque
from types import TracebackType


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

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def taken(self, cost: int) -> "Turn":
        """Run a block (`async with`) that costs so much, in its turn."""
        return Turn(self, cost)

    async def begin(self, cost: int) -> None:
        """Wait for the turn of what costs so much. When it is done it must `end`."""
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
                self.end(cost)  # its turn had come just then
            raise

    def end(self, cost: int) -> None:
        """Let the next have its turn."""
        self._running -= 1
        self._cost -= cost
        self._call()

    def _fits(self, cost: int) -> bool:
        return not self._running or self._cost + cost <= self._most

    def _start(self, cost: int) -> None:
        self._running += 1
        self._cost += cost

    def _call(self) -> None:
        while self._waiting:
            cost, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._fits(cost):
                    return
                self._start(cost)
                turn.set_result(None)
            self._waiting.popleft()


class Turn:
    """A block that runs in its turn."""

    __slots__ = ("_cost", "_turns")

    def __init__(self, turns: CostTurns, cost: int) -> None:
        self._turns = turns
        self._cost = cost

    async def __aenter__(self) -> None:
        await self._turns.begin(self._cost)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.end(self._cost)
