"""Messages that came in on a socket and wait: a queue for one reader that costs next to nothing while it is empty.

uvicorn would take an asyncio.Queue and an asyncio.Event for each socket: four deques of 600 bytes each.
"""

import asyncio
from collections.abc import Callable
from typing import Any


class Arrivals:
    """Has of asyncio.Queue what uvicorn asks of it. `told` is called whenever something has come."""

    __slots__ = ("_items", "_reader", "told")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._reader: asyncio.Future[None] | None = None
        self.told: Callable[[], None] | None = None

    def put_nowait(self, item: Any) -> None:
        """Have one more wait."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        if self.told is not None:
            self.told()

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._items

    async def get(self) -> Any:
        """Take the first; wait for one where there is none."""
        while not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._items.pop(0)


class Gate:
    """Has of asyncio.Event what uvicorn asks of it."""

    __slots__ = ("_open", "_waiting")

    def __init__(self) -> None:
        self._open = True
        self._waiting: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._open

    def set(self) -> None:
        """Open it, and let through who waits."""
        self._open = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def clear(self) -> None:
        """Close it."""
        self._open = False

    async def wait(self) -> bool:
        """Wait until it is open."""
        while not self._open:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(mine)
            try:
                await mine
            finally:
                if mine in self._waiting:
                    self._waiting.remove(mine)
        return True
