"""Pings all sockets in turn, each once a while: one timer for all of them instead of a task for each."""

import asyncio
from collections import deque
from collections.abc import Callable

MOST_SLOTS = 64
_SHORTEST = 0.02
"""Seconds that a slot lasts at least."""
_AT_ONCE = 64
"""How many are pinged before the event loop turns."""


class Pings:
    """A wheel of slots, which turns once in `seconds`; who enters is pinged when it comes round, and so on."""

    def __init__(self, seconds: float) -> None:
        slots = max(1, min(MOST_SLOTS, int(seconds / _SHORTEST)))
        self._step = seconds / slots
        self._slots: list[dict[Callable[[], None], None]] = [{} for _ in range(slots)]
        self._now = 0
        self._due: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._slot_of: dict[Callable[[], None], int] = {}

    def __len__(self) -> int:
        return len(self._slot_of)

    def enter(self, ping: Callable[[], None]) -> None:
        """Have `ping` called from now on, for the first time after a whole turn of the wheel (or a slot less)."""
        slot = self._slot_of[ping] = (self._now - 1) % len(self._slots)
        self._slots[slot][ping] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._step, self._turn)

    def leave(self, ping: Callable[[], None]) -> None:
        """Have it called no more; one that never entered is passed over."""
        slot = self._slot_of.pop(ping, None)
        if slot is not None:
            del self._slots[slot][ping]
        if not self._slot_of and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._step, self._turn)
        if not self._due:
            loop.call_soon(self._ping_some)
        self._due.extend(self._slots[self._now])
        self._now = (self._now + 1) % len(self._slots)

    def _ping_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._due))):
            ping = self._due.popleft()
            if ping in self._slot_of:
                ping()
        if self._due:
            asyncio.get_running_loop().call_soon(self._ping_some)
