"""Waiting for something of which none is free: first come, first served, and nothing is lost where somebody leaves."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class InTurn(Generic[T]):
    """Those who wait."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[T]] = deque()

    async def wait(self, give_back: Callable[[T], None]) -> T:
        """What is handed over in one's turn. Who is cancelled just then has it given back. Raises what `refuse` is told."""
        mine: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            return await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                give_back(mine.result())
            raise

    def hand(self, thing: T) -> bool:
        """Hand it to who has waited longest; tell whether there was anybody."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(thing)
                return True
        return False

    def refuse(self, error: Callable[[], Exception]) -> None:
        """Nobody waits any longer."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_exception(error())
